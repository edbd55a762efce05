"""Reads photos in a process of its own, whose time and memory are limited: small files are made that take gigabytes.

A command starts it for its first photo, and it reads all others, too. The content of a file, which this process reads,
and what it says go through pipes, so that no argument and no other file has them. Both ends are here.
"""

import json
import subprocess
import sys
from collections.abc import Mapping
from contextlib import AbstractContextManager, suppress
from dataclasses import replace
from datetime import date
from pathlib import Path
from threading import Timer
from time import perf_counter
from typing import IO, Any

from apoa_client.errors import Exit
from apoa_client.installation import PHOTO_PROCESS, internal_command
from apoa_client.messages import from_json, msg
from apoa_client.processes import forbid_access, limit_process
from apoa_client.scan.photo_reading import PhotoReading, PictureRefused, ScanMissing

MOST_BYTES = 64 * 1024 * 1024
"""A larger file is not read: a photo or a scan of one page has a few megabytes."""
_MOST_S = 60.0
_MOST_CPU_S = 30
"""The processor's time for one photo, where the system can limit it. Most take one second."""
_MOST_MEMORY = 1200 << 20
"""A photo of 50 megapixels takes 950 MB at most."""
_THREADS = {"OPENBLAS_NUM_THREADS": "4", "OMP_NUM_THREADS": "4"}
"""Each thread of numpy takes memory, and a computer may have a hundred of them."""
_END_S = 2.0
_CHECK_THE_PATH = msg("Check the path, and that this user may read the file.")


class PhotoProcess(AbstractContextManager["PhotoProcess"]):
    """Reads photos, one after the other. Use it as a context manager, which ends the process."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        """Give the process the environment `environ` without this program's variables, of which some are secrets."""
        self._environ = {name: value for name, value in environ.items() if not name.startswith("APOA_")} | _THREADS
        self._process: Any = None  # a `Popen` with both pipes

    def __exit__(self, *_error: object) -> None:
        if self._process is not None:
            self._process.kill()
            self._end()

    def read(self, path: Path, today: date, *, with_evidence: bool = False) -> PhotoReading:
        """Return what the picture in a file says.

        Raises `PictureRefused` if the file is not a readable picture or takes too much time or memory, `ScanMissing`
        without the extra `scan`.
        """
        answer, evidence = self._ask({"today": today.isoformat(), "evidence": with_evidence}, _content(path))
        if "refused" in answer:
            raise PictureRefused(*map(from_json, answer["refused"]))
        return replace(_reading(answer), evidence=evidence or None)

    def _ask(self, question: dict[str, Any], content: bytes) -> Any:  # noqa: ANN401  a JSON value, and bytes
        try:
            process = self._process = self._process or self._started()
            timer = Timer(_MOST_S, process.kill)
            timer.start()
            try:
                _send(process.stdin, question, content)
                return _received(process.stdout.readline(), process.stdout)
            finally:
                timer.cancel()
        except (OSError, EOFError, ValueError, LookupError, TypeError):  # it cannot start, has ended, or writes rubbish
            if self._end() == Exit.SETTINGS:
                raise ScanMissing from None
            raise PictureRefused(
                msg("The photo was not read: it is damaged, or takes more time or memory than a photo of a passport."),
                name="photo_too_costly",
            ) from None

    def _started(self) -> Any:  # noqa: ANN401  as above
        return subprocess.Popen(  # noqa: S603  this program itself
            internal_command(PHOTO_PROCESS),
            env=self._environ,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),  # Windows: no black window for a moment
        )

    def _end(self) -> int | None:
        """End the process, and return its exit code. The next photo is read by another one."""
        process, self._process = self._process, None
        if process is None:
            return None
        for pipe in (process.stdin, process.stdout):
            with suppress(OSError):
                pipe.close()
        with suppress(subprocess.TimeoutExpired):
            process.wait(_END_S)
        process.kill()
        return int(process.wait())


def _content(path: Path) -> bytes:
    """Return the content of a file. Raises `PictureRefused` if it is missing, too large, a folder or a device."""
    try:
        if not path.exists():
            raise PictureRefused(msg("There is no such file."), _CHECK_THE_PATH)
        if not path.is_file():  # a folder or a device; a pipe would never end
            raise PictureRefused(msg("The file cannot be opened."), _CHECK_THE_PATH)
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except OSError:
        raise PictureRefused(msg("The file cannot be opened."), _CHECK_THE_PATH) from None
    if len(content) > MOST_BYTES:
        raise PictureRefused(msg("The file is too large: over {limit} MB.", limit=MOST_BYTES >> 20))
    return content


def _send(pipe: IO[bytes], value: dict[str, Any], content: bytes) -> None:
    """Write a value as JSON in one line, with the length of the content that follows."""
    pipe.write(json.dumps({**value, "length": len(content)}).encode() + b"\n" + content)
    pipe.flush()


def _received(line: bytes, pipe: IO[bytes]) -> tuple[Any, bytes]:
    """Return the value in a line, and the content behind it. Raises `EOFError` or `ValueError` if that ends before."""
    value = json.loads(line)
    content = pipe.read(value["length"])
    if len(content) != value["length"]:
        raise EOFError
    return value, content


def _value(reading: PhotoReading) -> dict[str, Any]:
    return {
        "lines": reading.lines,
        "doubtful": reading.doubtful,
        "sure": reading.sure,
        "elapsed_ms": reading.elapsed_ms,
        "hint": reading.hint.as_json() if reading.hint is not None else None,
        "others": [_value(each) for each in reading.others],
    }


def _reading(value: dict[str, Any]) -> PhotoReading:
    return PhotoReading(
        tuple(value["lines"]),
        tuple((line, column) for line, column in value["doubtful"]),
        value["sure"],
        value["elapsed_ms"],
        from_json(value["hint"]) if value["hint"] else None,
        others=tuple(map(_reading, value["others"])),
    )


def serve() -> int:
    """Read photos until the other end of the pipe is closed, and return the exit code: 78 without the extra `scan`."""
    forbid_access()
    try:
        from apoa_client.scan.photo_reader import PhotoReader
    except ImportError:
        return Exit.SETTINGS
    reader = PhotoReader(perf_counter)
    for line in sys.stdin.buffer:
        question, content = _received(line, sys.stdin.buffer)
        limit_process(_MOST_MEMORY, _MOST_CPU_S)
        try:
            read = reader.read(content, date.fromisoformat(question["today"]), with_evidence=question["evidence"])
        except PictureRefused as exc:
            refused = [each.as_json() for each in (exc.message, exc.advice) if each is not None]
            _send(sys.stdout.buffer, {"refused": refused}, b"")
            continue
        _send(sys.stdout.buffer, _value(read), read.evidence or b"")
    return Exit.DONE
