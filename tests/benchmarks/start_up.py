"""How long each command takes to start, in units of ``python -c pass`` measured in the same run.

Run it as ``python tests/benchmarks/start_up.py [ROUNDS]`` with the interpreter that apoa-client is installed for. It
prints a table of medians with the aims and, where they are installed beside it, the peers pipx and twine. The runs are
interleaved, so that whatever else the machine does falls on all of them; nothing here ever fails.
"""

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

ROUNDS = 21
BESIDE = Path(sys.executable).parent
NOWHERE = "http://127.0.0.1:9/v1"
ROOMS_OF_SYNC = ("cli.main", "cli.sync", "app", "outbox.store", "vault.sealing", "vault.sources", "authority.client")
IMPORTS_OF_SYNC = "\n".join(f"import apoa_client.{room}" for room in ROOMS_OF_SYNC)
LINES = ("P<GBRHARTLEY<<OLIVER<JAMES<<<<<<<<<<<<<<<<<<", "5364018223GBR8509129M3203282<<<<<<<<<<<<<<02")
REPORT = [
    "--mrz",
    LINES[0],
    "--mrz",
    LINES[1],
    "--birth-place",
    "LEEDS",
    "--nights",
    "2",
    "--room",
    "3",
    "--no-send",
    "--again",
]


class Case(NamedTuple):
    """A command to measure, and the ratio that is aimed at or known of it."""

    name: str
    command: Sequence[str]
    aim: float | None = None


def cases() -> list[Case]:
    """The unit first."""
    apoa = str(BESIDE / "apoa")
    python = sys.executable
    ours = [
        Case("python -c pass", [python, "-c", "pass"], 1.0),
        Case("apoa --version", [apoa, "--version"], 4.5),
        Case("apoa status", [apoa, "status"], 6.0),
        Case("apoa report ... --no-send", [apoa, "report", *REPORT], 9.0),
        Case("imports of apoa sync", [python, "-c", IMPORTS_OF_SYNC], 15.0),
    ]
    peers = [Case(f"{name} --version", [str(BESIDE / name), "--version"]) for name in ("pipx", "twine")]
    return ours + peers


def measure(installed: Sequence[Case], environ: dict[str, str], rounds: int) -> dict[str, list[float]]:
    """Seconds of each case, a round at a time. The first round only warms the caches."""
    seconds: dict[str, list[float]] = {case.name: [] for case in installed}
    for number in range(rounds + 1):
        for case in installed:
            begun = time.perf_counter()
            subprocess.run(case.command, env=environ, check=True, capture_output=True)
            if number:
                seconds[case.name].append(time.perf_counter() - begun)
    return seconds


def table(measured: Sequence[Case], seconds: dict[str, list[float]]) -> list[str]:
    """Medians in milliseconds and in units, with the aims beside them."""
    unit = statistics.median(seconds[measured[0].name])
    lines = [f"{'':<28}{'ms':>8}{'ratio':>8}{'aim':>8}"]
    for case in measured:
        median = statistics.median(seconds[case.name])
        aim = f"{case.aim:.1f}" if case.aim is not None else "peer"
        lines.append(f"{case.name:<28}{median * 1000:>8.1f}{median / unit:>8.1f}{aim:>8}")
    return lines


def main() -> None:
    """Set up a property whose authority is not there, measure, print."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS
    everything = cases()
    installed = [case for case in everything if shutil.which(case.command[0]) is not None]
    with tempfile.TemporaryDirectory(prefix="apoa-benchmark-") as folder:
        environ = {**os.environ, "APOA_HOME": folder, "APOA_LANG": "en"}
        account = ["--api-url", NOWHERE, "--username", "u", "--password-stdin", "--vault", "file"]
        setup = [str(BESIDE / "apoa"), "setup", "--non-interactive", "--property", "benchmark", *account]
        subprocess.run(setup, env=environ, input=b"x\n", check=False, capture_output=True)
        seconds = measure(installed, environ, rounds)
    sys.stdout.write("\n".join(table(installed, seconds)) + "\n")
    for case in everything:
        if case not in installed:
            sys.stdout.write(f"skipped, not installed here: {case.name}\n")


if __name__ == "__main__":
    main()
