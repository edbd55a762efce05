"""Measures delivery: sending over a slow line, and saving and claiming beside another durable queue.

Run it as ``python tests/benchmarks/delivery.py [ROUNDS] [--slowline PATH] [--environments FOLDER]`` with the
interpreter that apoa-client is installed for; ``--only line|queues`` measures one part. The best round counts.
No result fails for being slow, but the exit status is 1, and no ratio is printed, where the work was not done: where
reports were not delivered or queued. ``--small`` only checks that, in seconds, without the slow line and the peer.

The line needs Linux and root: PATH is slowline, a program (or its source in C, compiled here) that joins two network
namespaces by a line with delay, loss and a bandwidth, called as ``slowline NS ADDRESS NS ADDRESS DELAY_MS LOSS_PERCENT
KBIT QUEUE SEED SECONDS``; it prints "ready", and at its end the bytes of each direction. `delivery_line.py` runs at
both ends. Sending one by one is measured with some of the reports and scaled to all of them.

The peer gets a virtual environment, in FOLDER, where the next run finds it again, or else in a temporary one. Both
queues sync each report to the disk; `tests/journeys/test_power_cut.py` shows it of ours.
"""

import argparse
import json
import os
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

from peer_environments import installed

HERE = Path(__file__).parent
REPORTS, QUEUED, TAKEN = 500, 10_000, 1_000
SMALL_REPORTS, SMALL_QUEUED = 120, 300
ONE_WAY_MS, KBIT, WAITING_PACKETS = 150, 512, 100
LOSSES = {0: 1.15, 2: 1.4}
"""Per cent of packets lost, and the aim as a multiple of the limit."""
TIMES_FASTER = 40
ROUND_TRIPS = ("TCP", "TLS 1.3", "token", "meta", "one call with reports")
HOTEL, AUTHORITY, PORT, LOOPBACK = "10.77.0.2", "10.77.0.1", 8443, "127.0.0.1"
LONGEST_S = 600
OURS, PEER = "apoa-client", "persist-queue"


def say(*lines: str) -> None:
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    sys.stdout.flush()


def worker(script: str, *arguments: object) -> list[str]:
    return [sys.executable, str(HERE / script), *map(str, arguments)]


def answer(command: Sequence[str], environ: dict[str, str] | None = None) -> Any:
    """The JSON that a worker prints. Its errors are shown on stderr, and end the benchmark."""
    done = subprocess.run(command, env=environ, check=True, stdout=subprocess.PIPE, timeout=LONGEST_S)
    return json.loads(done.stdout)


# The line.


class Run(NamedTuple):
    """One delivery: the client's result, the bytes that the hotel sent and received, and the authority's tally."""

    result: dict[str, Any]
    sent: int
    received: int
    served: dict[str, Any]

    @property
    def seconds(self) -> float:
        return float(self.result["seconds"])

    @property
    def limit(self) -> float:
        """The time for the bytes of both directions, one after the other, and for the round trips."""
        return (self.sent + self.received) * 8 / (KBIT * 1000) + len(ROUND_TRIPS) * ONE_WAY_MS * 2 / 1000


@contextmanager
def running(command: Sequence[str]) -> Iterator["subprocess.Popen[str]"]:
    """A program that has printed "ready". It ends with its standard input, or else is terminated."""
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
    """A property whose outbox is full, and the line to its authority: between two namespaces, or else loopback."""

    def __init__(self, folder: Path, slowline: Path | None, spaces: Sequence[str]) -> None:
        self._folder, self._slowline, self._spaces = folder, slowline, spaces
        self._hotel, self._authority = (["ip", "netns", "exec", each] for each in spaces) if spaces else ([], [])
        self._address, self._port = (AUTHORITY, PORT) if spaces else (LOOPBACK, free_port())
        self._url = f"https://{self._address}:{self._port}/v1"
        self._pair = (str(folder / "certificate.pem"), str(folder / "key.pem"))
        kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
        name = ["-subj", "/CN=authority", "-addext", f"subjectAltName=IP:{self._address}"]
        files = ["-out", self._pair[0], "-keyout", self._pair[1]]
        subprocess.run(["openssl", "req", "-x509", *kind, *name, *files], check=True, capture_output=True)

    def fill(self, bodies: Path) -> None:
        """Set up the property and queue the reports."""
        place = (self._folder / "full", bodies, self._url, self._pair[0])
        answer([*self._hotel, *worker("delivery_line.py", "prepare", *place)])

    def run(self, client: str, count: int, loss: int, seed: int, *options: object) -> Run:
        """One client with a full outbox, an authority with empty storage. Exits where a report was not accepted."""
        with ExitStack() as stack:
            temporary = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=self._folder)))
            home = shutil.copytree(self._folder / "full", temporary / "home")
            line = None
            if self._slowline is not None:
                ends = [self._spaces[0], HOTEL, self._spaces[1], AUTHORITY]
                numbers = (ONE_WAY_MS, loss, KBIT, WAITING_PACKETS, seed, LONGEST_S)
                line = stack.enter_context(running([str(self._slowline), *ends, *map(str, numbers)]))
            place = (self._address, self._port, *self._pair, temporary / "storage.db")
            server = worker("delivery_line.py", "serve", *place)
            with running([*self._authority, *server]) as served:
                result = answer([*self._hotel, *worker("delivery_line.py", client, home, *options)])
                tally = json.loads(served.communicate(timeout=20)[0])
            transferred = [0, 0]
            if line is not None:
                line.send_signal(signal.SIGTERM)
                transferred = list(map(int, re.findall(r"bytes (\d+)", line.communicate(timeout=20)[0])))
        if result["accepted"] != count:
            sys.exit(f"{client}: {result['accepted']} of {count} reports were accepted: {result}")
        return Run(result, transferred[0], transferred[1], tally)

    def deliver(self, client: str, count: int, loss: int, rounds: int) -> list[Run]:
        """Our runs, the fastest first."""
        return sorted((self.run(client, count, loss, seed + 1) for seed in range(rounds)), key=lambda run: run.seconds)

    def one_by_one(self, loss: int, count: int, rounds: int) -> float:
        """Seconds for all of the reports, of the best round."""
        options = (self._url, self._pair[0], count)
        results = [self.run("one-by-one", count, loss, seed + 1, *options).result for seed in range(rounds)]
        return min(float(each["first"] + (each["seconds"] - each["first"]) * REPORTS / count) for each in results)


def free_port() -> int:
    with socket.create_server((LOOPBACK, 0)) as free:
        return int(free.getsockname()[1])


def line_table(line: Line, asked: argparse.Namespace) -> Iterator[str]:
    """Ours, one by one, and the limit. With loss each round loses other packets, and the median round counts."""
    yield f"{REPORTS} reports over {2 * ONE_WAY_MS} ms and {KBIT} kbit/s, TLS, seconds"
    yield f"{'':<36}{'seconds':>9}{'ratio':>8}{'aim':>9}"
    for loss, aim in LOSSES.items():
        rounds = asked.rounds * (3 if loss else 1)
        runs, whole = (line.deliver(client, REPORTS, loss, rounds) for client in ("deliver", "sync"))
        run = runs[len(runs) // 2 if loss else 0]
        slow = line.one_by_one(loss, asked.one_by_one, asked.rounds)
        yield f"{f'{loss} % lost: the limit':<36}{run.limit:>9.2f}{1:>8.2f}"
        yield f"{'  ours':<36}{run.seconds:>9.2f}{run.seconds / run.limit:>8.2f}{f'<= {aim}':>9}"
        start = whole[runs.index(run)].seconds
        yield f"{'  ours with its start: apoa sync':<36}{start:>9.2f}{start / run.limit:>8.2f}"
        yield f"{f'  one by one ({asked.one_by_one} measured)':<36}{slow:>9.1f}"
        yield f"{'  ours is faster, times':<36}{'':>9}{slow / run.seconds:>8.1f}{f'>= {TIMES_FASTER}':>9}"
        yield from explained(run, runs)
    yield "The limit: all bytes of both directions over the bandwidth, and a round trip each for"
    yield f"{', '.join(ROUND_TRIPS)}. With loss, our median run counts."


def explained(run: Run, runs: Sequence[Run]) -> Iterator[str]:
    """Details of a run."""
    tally = run.served
    calls = ", ".join(f"{name} {count}" for name, count in tally["calls"].items())
    yield f"    {run.sent / 1000:.0f} kB sent, {run.received / 1000:.0f} kB received, {run.result['accepted']} accepted"
    yield f"    calls: {calls}; connections: {tally['connections']}; batches: {', '.join(map(str, tally['batches']))}"
    every = ", ".join(f"{each.seconds:.2f}" for each in runs)
    yield f"    the authority's own time: {tally['busy']:.2f} s; all runs: {every}"


def measure_line(asked: argparse.Namespace, folder: Path, bodies: Path) -> None:
    """Compile the line's program, build the line, print."""
    if asked.small:
        line = Line(folder, None, ())
        line.fill(bodies)
        for client in ("deliver", "sync"):
            line.run(client, SMALL_REPORTS, 0, 1)
        line.one_by_one(0, asked.one_by_one, 1)
        say(f"line: {SMALL_REPORTS} reports delivered over loopback, {asked.one_by_one} one by one")
        return
    able = sys.platform == "linux" and os.geteuid() == 0
    if asked.slowline is None or not able:
        say("skipped: the slow line, which needs --slowline, Linux and root")
        return
    slowline = asked.slowline.resolve()
    if slowline.suffix == ".c":
        source, slowline = slowline, folder / "slowline"
        subprocess.run(["cc", "-O2", "-o", slowline, source], check=True, capture_output=True)
    with namespaces() as spaces:
        line = Line(folder, slowline, spaces)
        line.fill(bodies)
        for each in line_table(line, asked):
            say(each)


# The queues.


def timed_queue(python: str, name: str, bodies: Path, puts: int, takes: int) -> Any:
    """One round of a queue. Ends the benchmark if the queue does not hold what it should at the end."""
    result = answer([python, *worker("durable_queues.py", "file", name, bodies, puts, takes)[1:]])
    if result["left"] != puts - takes:
        sys.exit(f"{name}: {result['left']} are left of {puts}, where {takes} were taken")
    return result


def measure_queues(asked: argparse.Namespace, folder: Path, bodies: Path) -> None:
    """Time each queue and round in its own process; the rounds are interleaved."""
    if asked.small:
        timed_queue(sys.executable, OURS, bodies, SMALL_QUEUED, SMALL_QUEUED // 2)
        say(f"queues: {SMALL_QUEUED} reports queued, half of them taken")
        return
    pythons = {OURS: sys.executable, PEER: installed((asked.environments or folder) / PEER, ["--no-deps", PEER])}
    runs: dict[str, list[Any]] = {name: [] for name in pythons}
    for _ in range(asked.rounds):
        for name, python in pythons.items():
            runs[name].append(timed_queue(python, name, bodies, QUEUED, TAKEN))
    say("", f"{QUEUED:,} reports queued, one call each, and {TAKEN:,} claimed and settled while the rest waits")
    say(f"{'':<24}{'version':>9}{'put/s':>9}{'take/s':>9}")
    for name, found in runs.items():
        put, take = (min(run[key] for run in found) for key in ("put", "take"))
        say(f"{name:<24}{found[0]['version']:>9}{QUEUED / put:>9,.0f}{TAKEN / take:>9,.0f}")
    ratio = statistics.median(peer["put"] / ours["put"] for ours, peer in zip(*runs.values(), strict=True))
    say(f"Ours saves {ratio:.2f} times as many a second as {PEER}. It seals each report, and takes up to 500 at a")
    say("time; the peer takes one by one.")


PARTS = {"line": measure_line, "queues": measure_queues}


def interrupted(number: int, _frame: object) -> None:
    """Exit, so that child processes, namespaces and files are removed."""
    raise SystemExit(128 + number)


def main() -> None:
    """Measure the requested parts, print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("rounds", nargs="?", type=int, default=3)
    parser.add_argument("--slowline", type=Path)
    parser.add_argument("--one-by-one", type=int, default=60, metavar="N")
    parser.add_argument("--environments", type=Path)
    parser.add_argument("--only", choices=PARTS)
    parser.add_argument("--small", action="store_true", help="check in seconds that everything is measured")
    asked = parser.parse_args()
    if asked.small:
        asked.one_by_one = SMALL_REPORTS // 6
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), interrupted)
    with tempfile.TemporaryDirectory(prefix="apoa-benchmark-", ignore_cleanup_errors=True) as temporary:
        folder = Path(temporary)
        for name, measure in PARTS.items():
            if asked.only in {None, name}:
                bodies = folder / f"{name}.json"
                full = REPORTS if name == "line" else QUEUED
                small = SMALL_REPORTS if name == "line" else 2 * SMALL_QUEUED
                count = small if asked.small else full
                answer(worker("delivery_line.py", "bodies", bodies, count))
                measure(asked, folder, bodies)


if __name__ == "__main__":
    main()
