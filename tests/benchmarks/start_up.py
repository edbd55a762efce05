"""Measures how long each command takes to start, in units of ``python -c pass`` measured in the same run.

Run it as ``python tests/benchmarks/start_up.py [ROUNDS] [--small]`` with the interpreter that apoa-client is installed
for. It prints a table of medians with the aims and, where they are installed beside it, the peers pipx and twine. The
runs are interleaved, so that other work of the machine slows all of them equally. No result fails for being slow, but
the exit status is 1, and no ratio is printed, where a command failed or a report was not saved. ``--small`` only checks
that, in one round.
"""

import argparse
import json
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

from apoa_client.passport.check_digits import check_digit

ROUNDS = 21
BESIDE = Path(sys.executable).parent
NOWHERE = "http://127.0.0.1:9/v1"
MODULES_OF_SYNC = (
    "cli.main",
    "cli.commands.sync",
    "app.container",
    "outbox.sqlite.store",
    "vault.sealing",
    "vault.sources",
    "authority.client",
)
IMPORTS_OF_SYNC = "\n".join(f"import apoa_client.{module}" for module in MODULES_OF_SYNC)
NAMES = "P<GBRHARTLEY<<OLIVER<JAMES<<<<<<<<<<<<<<<<<<"
STAY = ("--birth-place", "LEEDS", "--nights", "2", "--room", "3", "--no-send")
REPORT = "apoa report ... --no-send"


class Case(NamedTuple):
    """A command to measure, and the ratio that is its aim; None for a peer."""

    name: str
    command: Sequence[str]
    aim: float | None = None


def cases(*, peers: bool) -> list[Case]:
    """All cases that can be measured here, the unit first."""
    apoa = str(BESIDE / "apoa")
    python = sys.executable
    ours = [
        Case("python -c pass", [python, "-c", "pass"], 1.0),
        Case("apoa --version", [apoa, "--version"], 4.2),
        Case("apoa status", [apoa, "status"], 6.0),
        Case(REPORT, [apoa, "report", *STAY], 9.0),
        Case("imports of apoa sync", [python, "-c", IMPORTS_OF_SYNC], 13.0),
    ]
    if peers:
        for name in ("pipx", "twine"):
            if shutil.which(BESIDE / name) is not None:
                ours.append(Case(f"{name} --version", [str(BESIDE / name), "--version"]))
            else:
                sys.stdout.write(f"skipped, not installed here: {name}\n")
    return ours


def passport(number: int) -> list[str]:
    """Return the options with the MRZ of a passport. A guest is reported once: a second report shows the first one."""
    data = f"{number:09}{check_digit(f'{number:09}')}GBR8509129M3203282<<<<<<<<<<<<<<0"
    return ["--mrz", NAMES, "--mrz", data + check_digit(data[:10] + data[13:20] + data[21:])]


def measure(installed: Sequence[Case], environ: dict[str, str], rounds: int) -> dict[str, list[float]]:
    """Seconds of each case and round. The first round only warms the caches."""
    seconds: dict[str, list[float]] = {case.name: [] for case in installed}
    for number in range(rounds + 1):
        for case in installed:
            command = [*case.command, *(passport(number) if case.name == REPORT else ())]
            begun = time.perf_counter()
            subprocess.run(command, env=environ, check=True, capture_output=True)
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
    """Set up a property whose authority cannot be reached, measure, print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("rounds", nargs="?", type=int, default=ROUNDS)
    parser.add_argument("--small", action="store_true", help="check in seconds that everything is measured")
    asked = parser.parse_args()
    rounds = 1 if asked.small else asked.rounds
    measured = cases(peers=not asked.small)
    apoa = str(BESIDE / "apoa")
    with tempfile.TemporaryDirectory(prefix="apoa-benchmark-") as folder:
        environ = {**os.environ, "APOA_HOME": folder, "APOA_LANG": "en"}
        account = ["--api-url", NOWHERE, "--username", "u", "--password-stdin", "--vault", "file"]
        setup = [apoa, "setup", "--non-interactive", "--property", "benchmark", *account]
        subprocess.run(setup, env=environ, input=b"x\n", check=False, capture_output=True)
        seconds = measure(measured, environ, rounds)
        listed = subprocess.run([apoa, "list", "--all", "--json"], env=environ, check=True, stdout=subprocess.PIPE)
    saved = len(json.loads(listed.stdout)["reports"])
    if saved != rounds + 1:
        sys.exit(f"{saved} reports were saved in {rounds + 1} rounds")
    if asked.small:
        sys.stdout.write(f"start-up: {len(measured)} commands measured\n")
    else:
        sys.stdout.write("\n".join(table(measured, seconds)) + "\n")


if __name__ == "__main__":
    main()
