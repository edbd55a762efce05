"""How fast reports leave over a slow line, how fast they are queued and claimed, and what a long history costs.

Run it as ``python tests/benchmarks/delivery.py [ROUNDS] [--slowline PATH] [--environments FOLDER]`` with the
interpreter that apoa-client is installed for; ``--only line|queues|history`` measures one part. The best round counts,
and nothing here ever fails on time.

The line needs Linux and root: PATH is slowline, a program (or its source in C, compiled here) that joins two network
namespaces by a line with delay, loss and a bandwidth, called as ``slowline NS ADDRESS NS ADDRESS DELAY_MS LOSS_PERCENT
KBIT QUEUE SEED SECONDS``; it says "ready", and at its end the bytes of each direction. `delivery_line.py` is what runs
at both ends. One by one is measured with some of the reports and scaled to all of them.

The peers get virtual environments of their own, in FOLDER, where the next run finds them again, or else in a temporary
one. fsyncs are counted in runs apart, by strace or else by a library that is compiled here.
"""

import argparse
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

HERE = Path(__file__).parent
REPORTS, QUEUED, TAKEN, COUNTED = 500, 10_000, 1_000, 200
SIZES = (1_000, 100_000, 1_000_000)
ONE_WAY_MS, KBIT, WAITING_PACKETS = 150, 512, 100
LOSSES = {0: 1.5, 2: 2.5}
"""Per cent lost, and the aim as a multiple of the limit."""
TIMES_FASTER = 40
ROUND_TRIPS = ("TCP", "TLS 1.3", "token", "meta", "one call with reports")
HOTEL, AUTHORITY, PORT = "10.77.0.2", "10.77.0.1", "8443"
URL = f"https://{AUTHORITY}:{PORT}/v1"
LONGEST_S = 600
QUEUES = ("apoa-client", "apoa-client, singly", "persist-queue", "litequeue, full sync", "litequeue")

SYNC_COUNTER = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>
static int counted(const char *name, int fd) {
  int log = open(getenv("SYNC_LOG"), O_WRONLY | O_APPEND | O_CREAT, 0600);
  if (write(log, "s", 1) != 1) abort();
  close(log);
  return ((int (*)(int))dlsym(RTLD_NEXT, name))(fd);
}
int fsync(int fd) { return counted("fsync", fd); }
int fdatasync(int fd) { return counted("fdatasync", fd); }
"""


def say(*lines: str) -> None:
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    sys.stdout.flush()


def worker(script: str, *arguments: object) -> list[str]:
    return [sys.executable, str(HERE / script), *map(str, arguments)]


def answer(command: Sequence[str], environ: dict[str, str] | None = None) -> Any:
    """The JSON that a worker prints. What goes wrong there is seen on stderr."""
    done = subprocess.run(command, env=environ, check=True, stdout=subprocess.PIPE, timeout=LONGEST_S)
    return json.loads(done.stdout)


# The line.


class Run(NamedTuple):
    """One delivery. `sent` is bytes on the wire from the hotel, `received` to it; `served` what the authority saw."""

    said: dict[str, Any]
    sent: int
    received: int
    served: dict[str, Any]

    @property
    def seconds(self) -> float:
        return float(self.said["seconds"])

    @property
    def limit(self) -> float:
        """The bytes of both directions, one after the other as a question and its answer are, and the round trips."""
        return (self.sent + self.received) * 8 / (KBIT * 1000) + len(ROUND_TRIPS) * ONE_WAY_MS * 2 / 1000


@contextmanager
def running(command: Sequence[str]) -> Iterator["subprocess.Popen[str]"]:
    """A program that has said "ready". It ends with its standard input, or else is ended."""
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        try:
            if process.stdout is None or process.stdout.readline() != "ready\n":
                raise subprocess.CalledProcessError(process.wait(5), command)
            yield process
        finally:
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(5)
            process.kill()


@contextmanager
def namespaces() -> Iterator[tuple[str, str]]:
    """Two network namespaces, the hotel's and the authority's."""
    hotel, authority = (f"apoa-{os.getpid()}-{side}" for side in ("hotel", "authority"))
    try:
        for name in (hotel, authority):
            subprocess.run(["ip", "netns", "add", name], check=True)
        yield hotel, authority
    finally:
        for name in (hotel, authority):
            subprocess.run(["ip", "netns", "delete", name], check=False, stderr=subprocess.DEVNULL)


class Line:
    """The line between two namespaces, and a property in one of them whose outbox is full."""

    def __init__(self, slowline: Path, spaces: tuple[str, str], folder: Path, options: Sequence[str]) -> None:
        self._slowline, self._options = slowline, options
        self._hotel, self._authority = spaces
        self._folder = folder
        self._pair = (str(folder / "certificate.pem"), str(folder / "key.pem"))
        kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
        name = ["-subj", "/CN=authority", "-addext", f"subjectAltName=IP:{AUTHORITY}"]
        files = ["-out", self._pair[0], "-keyout", self._pair[1]]
        subprocess.run(["openssl", "req", "-x509", *kind, *name, *files], check=True, capture_output=True)

    def fill(self, bodies: Path) -> None:
        """Set up the property, queue the reports."""
        home = self._folder / "full"
        answer(self._inside(worker("delivery_line.py", "prepare", home, bodies, URL, self._pair[0])))

    def _inside(self, command: Sequence[str]) -> list[str]:
        return ["ip", "netns", "exec", self._hotel, *command]

    def command(self, loss: int, seed: int) -> list[str]:
        """The line's own command."""
        ends = [self._hotel, HOTEL, self._authority, AUTHORITY]
        numbers = (ONE_WAY_MS, loss, KBIT, WAITING_PACKETS, seed, LONGEST_S)
        return [str(self._slowline), *ends, *map(str, numbers)]

    def run(self, client: str, loss: int, seed: int, *options: object) -> Run:
        """One client with a full outbox, against an authority that knows nothing yet."""
        with tempfile.TemporaryDirectory(dir=self._folder) as temporary:
            home, memory = Path(temporary) / "home", Path(temporary) / "memory.db"
            shutil.copytree(self._folder / "full", home)
            server = worker("delivery_line.py", "serve", AUTHORITY, PORT, *self._pair, memory, *self._options)
            with running(self.command(loss, seed)) as line:
                with running(["ip", "netns", "exec", self._authority, *server]) as served:
                    asked = worker("delivery_line.py", client, home, *options)
                    said = answer(self._inside(asked))
                    seen = json.loads(served.communicate(timeout=20)[0])
                line.send_signal(signal.SIGTERM)
                statistic = re.findall(r"bytes (\d+)", line.communicate(timeout=20)[0])
            return Run(said, int(statistic[0]), int(statistic[1]), seen)

    def deliver(self, client: str, loss: int, rounds: int) -> list[Run]:
        """Ours, the quickest first."""
        return sorted((self.run(client, loss, seed + 1) for seed in range(rounds)), key=lambda run: run.seconds)

    def one_by_one(self, loss: int, count: int, rounds: int) -> float:
        """Seconds for all of the reports, as the best round has it."""
        runs = [self.run("one-by-one", loss, seed + 1, URL, self._pair[0], count).said for seed in range(rounds)]
        return min(float(run["first"] + (run["seconds"] - run["first"]) * REPORTS / count) for run in runs)


def line_table(line: Line, asked: argparse.Namespace) -> Iterator[str]:
    """Ours, one by one, and the limit. Where packets are lost each round loses others, and the middle one counts."""
    yield f"{REPORTS} reports over {2 * ONE_WAY_MS} ms and {KBIT} kbit/s, TLS, seconds"
    yield f"{'':<36}{'seconds':>9}{'ratio':>8}{'aim':>9}"
    for loss, aim in LOSSES.items():
        rounds = asked.rounds * (3 if loss else 1)
        runs, whole = line.deliver("deliver", loss, rounds), line.deliver("sync", loss, rounds)
        run = runs[len(runs) // 2] if loss else runs[0]
        slow = line.one_by_one(loss, asked.one_by_one, asked.rounds)
        yield f"{f'{loss} % lost: the limit':<36}{run.limit:>9.2f}{1:>8.2f}"
        yield f"{'  ours':<36}{run.seconds:>9.2f}{run.seconds / run.limit:>8.2f}{f'<= {aim}':>9}"
        start = whole[runs.index(run)].seconds
        yield f"{'  ours with its start: apoa sync':<36}{start:>9.2f}{start / run.limit:>8.2f}"
        yield f"{f'  one by one ({asked.one_by_one} measured)':<36}{slow:>9.1f}"
        yield f"{'  ours is faster, times':<36}{'':>9}{slow / run.seconds:>8.1f}{f'>= {TIMES_FASTER}':>9}"
        yield from explained(run, runs)
    yield "The limit: all bytes of both directions over the bandwidth, and a round trip each for"
    yield f"{', '.join(ROUND_TRIPS)}. With loss, the middle run of ours counts."


def explained(run: Run, runs: Sequence[Run]) -> Iterator[str]:
    """Where the time of a run went."""
    seen = run.served
    calls = ", ".join(f"{name} {count}" for name, count in seen["calls"].items())
    yield f"    {run.sent / 1000:.0f} kB sent, {run.received / 1000:.0f} kB received, {run.said['accepted']} accepted"
    yield f"    calls: {calls}; connections: {seen['connections']}; batches: {', '.join(map(str, seen['batches']))}"
    every = ", ".join(f"{each.seconds:.2f}" for each in runs)
    yield f"    the authority's own time: {seen['busy']:.2f} s; all runs: {every}"
    yield from (f"    not all: {each.said}" for each in runs if each.said["accepted"] != REPORTS)


def measure_line(asked: argparse.Namespace, folder: Path, bodies: Path) -> None:
    """Compile what must be, build the line, print."""
    able = sys.platform == "linux" and os.geteuid() == 0
    if asked.slowline is None or not able:
        say("skipped: the slow line, which needs --slowline, Linux and root")
        return
    slowline = asked.slowline.resolve()
    if slowline.suffix == ".c":
        source, slowline = slowline, folder / "slowline"
        subprocess.run(["cc", "-O2", "-o", slowline, source], check=True, capture_output=True)
    with namespaces() as spaces:
        line = Line(slowline, spaces, folder, ["--plain"] if asked.plain else [])
        line.fill(bodies)
        for each in line_table(line, asked):
            say(each)


# The queues.


def interpreter(folder: Path, package: str) -> str:
    """That of a peer's environment, which is made unless it is there."""
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", folder], check=True, capture_output=True)
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--retries", "1"]
    subprocess.run([*pip, package], check=True, capture_output=True)
    return str(python)


class Counter:
    """Counts a command's fsyncs and fdatasyncs, as well as can be done here."""

    def __init__(self, folder: Path) -> None:
        self._log, self._library = folder / "syncs", folder / "syncs.so"
        self.how = "strace" if shutil.which("strace") else "a library" if self._compiled(folder) else ""

    def _compiled(self, folder: Path) -> bool:
        source = folder / "syncs.c"
        source.write_text(SYNC_COUNTER, encoding="ascii")
        try:
            subprocess.run(["cc", "-shared", "-fPIC", "-o", self._library, source, "-ldl"], check=True)
        except (OSError, subprocess.CalledProcessError):
            return False
        return True

    def count(self, command: Sequence[str]) -> int:
        self._log.write_bytes(b"")
        if self.how == "strace":
            answer(["strace", "-f", "-e", "trace=fsync,fdatasync", "-o", str(self._log), *command])
            return len(re.findall(r"\b(?:fsync|fdatasync)\(", self._log.read_text()))
        answer(command, {**os.environ, "LD_PRELOAD": str(self._library), "SYNC_LOG": str(self._log)})
        return len(self._log.read_bytes())

    def each(self, command: Sequence[str]) -> tuple[str, str]:
        """Syncs for each report that is queued, and for each that is taken."""
        if not self.how:
            return "unknown", "unknown"
        none, put, both = (self.count([*command, *map(str, c)]) for c in ((0, 0), (COUNTED, 0), (COUNTED, COUNTED)))
        return f"{(put - none) / COUNTED:.2f}", f"{(both - put) / COUNTED:.2f}"


def queue_command(name: str, environments: Path, bodies: Path) -> list[str]:
    """What times a queue, in the environment of its own."""
    package = name.partition(",")[0]
    python = sys.executable if name.startswith(QUEUES[0]) else interpreter(environments / package, package)
    return [python, *worker("delivery_queues.py", name, bodies)[1:]]


def taken(name: str) -> int:
    """Fewer where each looks through all that wait."""
    return TAKEN // 5 if name == QUEUES[1] else TAKEN


def queue_row(name: str, runs: Sequence[Any], syncs: tuple[str, str]) -> str:
    """The best of the runs."""
    put, take = (min(run[key] for run in runs) for key in ("put", "take"))
    about = f"{name:<24}{runs[0]['version']:>9}{put:>9.1f}{QUEUED / put:>9,.0f}{syncs[0]:>9}"
    return f"{about}{taken(name) / take:>9,.0f}{syncs[1]:>9}"


def measure_queues(asked: argparse.Namespace, folder: Path, bodies: Path) -> None:
    """Each queue and round in a process of its own; the rounds are interleaved."""
    commands, counter = {}, Counter(folder)
    for name in QUEUES:
        try:
            commands[name] = queue_command(name, asked.environments or folder, bodies)
        except subprocess.CalledProcessError as failure:
            say(f"skipped: {name}: {failure.stderr.decode(errors='replace').strip()}")
    runs: dict[str, list[Any]] = {name: [] for name in commands}
    for _ in range(asked.rounds):
        for name, command in commands.items():
            runs[name].append(answer([*command, str(QUEUED), str(taken(name))]))
    say("", f"{QUEUED:,} reports queued, one call each, and {TAKEN:,} claimed and settled while the rest waits")
    say(f"{'':<24}{'version':>9}{'seconds':>9}{'put/s':>9}{'syncs':>9}{'take/s':>9}{'syncs':>9}")
    for name, command in commands.items():
        say(queue_row(name, runs[name], counter.each(command)))
    say(f"Syncs are for each report, counted by {counter.how or 'nothing'}. Ours seals each report, and takes up to")
    say("500 at a time; singly, it looks through all that wait for each. A peer takes one by one.")


# The history.


def measure_history(_asked: argparse.Namespace, folder: Path, bodies: Path) -> None:
    """One outbox that grows."""
    command = worker("delivery_history.py", bodies, folder / "history", *SIZES)
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, timeout=LONGEST_S)
    found = [json.loads(line)["ms"] for line in done.stdout.splitlines()]
    say("", f"{'delivered reports, ms':<24}" + "".join(f"{size:>18,}" for size in SIZES))
    for name, first in found[0].items():
        say(f"{name:<24}" + "".join(f"{each[name]:>10.3f} ({each[name] / first:>4.2f})" for each in found))
    say("In brackets as a multiple of the first; the aim is 1.")


PARTS = {"line": measure_line, "queues": measure_queues, "history": measure_history}


def interrupted(number: int, _frame: object) -> None:
    """End in good order, so that what was started is ended and removed."""
    raise SystemExit(128 + number)


def main() -> None:
    """Measure what was asked for, print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("rounds", nargs="?", type=int, default=3)
    parser.add_argument("--slowline", type=Path)
    parser.add_argument("--one-by-one", type=int, default=60, metavar="N")
    parser.add_argument("--plain", action="store_true", help="the authority does not compress its answers")
    parser.add_argument("--environments", type=Path)
    parser.add_argument("--only", choices=PARTS)
    asked = parser.parse_args()
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), interrupted)
    with tempfile.TemporaryDirectory(prefix="apoa-benchmark-", ignore_cleanup_errors=True) as temporary:
        folder = Path(temporary)
        for name, measure in PARTS.items():
            if asked.only in {None, name}:
                bodies = folder / f"{name}.json"
                count = REPORTS if name == "line" else QUEUED
                subprocess.run(worker("delivery_bodies.py", bodies, count), check=True)
                measure(asked, folder, bodies)


if __name__ == "__main__":
    main()
