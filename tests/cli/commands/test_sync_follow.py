"""`apoa sync --follow` sends what is saved, until it is ended: with a clock that only the test moves."""

import gc
import signal
import socket
import tracemalloc
from collections.abc import Callable, Iterable
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from cli_helpers import OBADIAH, QUENTIN, XIMENA, Apoa, CallResult, Guest, Serve, raising, spoken

from apoa_client.app.container import Container
from apoa_client.app.sending import recall
from apoa_client.authority.http_errors import HttpResponse
from apoa_client.authority.transport import Call, Transport
from apoa_client.cli.terminal.signals import Terminated
from apoa_client.outbox.sql.metadata import SESSION
from apoa_client.outbox.sqlite import database, store
from apoa_client.ports.authority import KeptAnswers
from apoa_client.sandbox.server import SandboxServer

Step = Callable[[], object]


class Follow:
    """Runs `sync --follow`: each step is done while it waits, and after the last one it is ended."""

    def __init__(self, apoa: Apoa, monkeypatch: pytest.MonkeyPatch) -> None:
        self.apoa = apoa
        self.looks = 0
        self._monkeypatch = monkeypatch
        monkeypatch.setattr("random.random", lambda: 0.5)
        monkeypatch.setattr("apoa_client.cli.commands.scheduled_run.show_notice", lambda *_arguments: False)

    def __call__(
        self, steps: Iterable[Step], *options: str, end: type[BaseException] = KeyboardInterrupt, **environ: str
    ) -> CallResult:
        waiting, failed = iter(steps), list[AssertionError]()

        def sleep(_seconds: float) -> None:
            self.looks += 1
            step = next(waiting, None)
            if step is None:
                raise end
            try:
                step()
            except AssertionError as exc:  # which the program would show as a mistake of its own
                failed.append(exc)
                raise

        with self._monkeypatch.context() as patch:
            patch.setattr("apoa_client.cli.commands.scheduled_run.time", SimpleNamespace(sleep=sleep))
            said = self.apoa("sync", "--follow", *options, **environ)
        if failed:
            raise failed[0]
        return said

    def forward(self, seconds: float) -> Step:
        """A step: time goes by."""
        return lambda: self.apoa.clock.forward(timedelta(seconds=seconds))

    def states(self, expected: str, kind: str = "check_in") -> Step:
        """A step: compare the states of the reports, separated by blanks."""

        def check() -> None:
            assert self.apoa.states() == [(kind, state) for state in expected.split()]

        return check

    def runs(self) -> list[str]:
        """Return the runs in the log."""
        log = (self.apoa.home / "logs" / "sync.log").read_text()
        return [line for line in log.splitlines() if ": run property=" in line]


@pytest.fixture
def follows(apoa: Apoa, monkeypatch: pytest.MonkeyPatch) -> Follow:
    """Runs `sync --follow`."""
    return Follow(apoa, monkeypatch)


class TestSending:
    """It sends what is saved by other processes."""

    def test_what_is_saved_is_sent(self, configured: Apoa, follows: Follow) -> None:
        """A second or two later; what had waited before at once."""
        configured.save()
        after = [follows.forward(0.5), follows.forward(1), lambda: None]
        said = follows(
            [
                follows.states("accepted"),
                lambda: configured.save(XIMENA),
                follows.states("accepted queued"),
                *after,
                follows.states("accepted accepted"),
            ]
        )
        assert (said.code, said.err) == (0, "")
        assert len(follows.runs()) == 2

    def test_its_lines(self, configured: Apoa, follows: Follow) -> None:
        """One at the start and one for what was sent, with the time; with --quiet none. 0 at its end by Ctrl-C."""
        configured.save()
        first, second = follows([], lang="id").out.splitlines()
        assert first == spoken("id", "Sending what is saved here, until Ctrl-C ends it.")
        assert (second[:3], second.partition(": ")[2]) == ("24 ", spoken("id", "Sent: {count}.", count=1))
        configured.save(XIMENA)
        for end in (KeyboardInterrupt, Terminated):
            assert follows([], "--quiet", end=end)[:] == (0, "", "")

    @pytest.mark.usefixtures("configured")
    def test_at_rest_it_only_looks(self, follows: Follow, monkeypatch: pytest.MonkeyPatch) -> None:
        """Without a change nothing is opened, for as long as nothing is due."""
        opened: list[Path] = []
        original = database.open_database

        def count(path: Path, *, create: bool) -> database.SqliteDatabase:
            opened.append(path)
            return original(path, create=create)

        monkeypatch.setattr(store, "open_database", count)
        follows([lambda: None] * 3)
        few = len(opened)
        opened.clear()
        follows([lambda: None] * 1000)
        assert len(opened) == few

    @pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="looks at Linux' list of open files")
    def test_no_file_is_open_while_it_waits(self, configured: Apoa, follows: Follow) -> None:
        """Neither the outbox nor a lock, so that every other command can do its work."""

        def look() -> None:
            open_files = [str(each.readlink()) for each in Path("/proc/self/fd").iterdir() if each.exists()]
            assert [each for each in open_files if each.startswith(str(configured.home))] == []

        configured.save()
        follows([look, lambda: configured.save(XIMENA), *[follows.forward(1), look] * 3])

    def test_backups_and_erasure(self, configured: Apoa, follows: Follow, tmp_path: Path) -> None:
        """The daily work of the schedule is done, too."""
        report = configured.send()
        configured.clock.forward(timedelta(days=2))
        assert configured("checkout", report["id"]).code == 0
        configured.change_setting("retention_days", 1)
        follows([follows.forward(86_400)] * 2)
        folder = tmp_path / "stick"
        folder.mkdir(0o700)
        configured.change_setting("backup_folder", str(folder))
        follows([])
        assert len(list(folder.iterdir())) == 1
        assert configured("show", report["id"], "--json").json["erased"] is True


class TestKeptAnswers:
    """It asks for a token and about the authority once, while both are valid."""

    @pytest.fixture
    def calls(self, monkeypatch: pytest.MonkeyPatch) -> list[str]:
        """The paths of the calls to the authority, without those of the code tables."""
        made: list[str] = []
        exchange = Transport.exchange

        def count(transport: Transport, call: Call) -> HttpResponse:
            if not call.path.startswith("/codes"):
                made.append(call.path)
            return exchange(transport, call)

        monkeypatch.setattr(Transport, "exchange", count)
        monkeypatch.setattr("apoa_client.app.sending.refresh_code_tables", lambda *_arguments: None)
        return made

    def test_by_one_command_for_the_next(self, configured: Apoa, calls: list[str]) -> None:
        """A report costs one call after another one, whose token is stored encrypted for the same account alone."""
        configured.send(QUENTIN)
        assert calls[-3:] == ["/oauth/token", "/meta", "/reports"]
        calls.clear()
        configured.send(XIMENA)
        assert calls == ["/reports"]
        with closing(Container(configured.environ, configured.clock)) as app:
            stored, kept = app.outbox.value(SESSION), KeptAnswers()
            assert stored is not None
            for wrong in (f"{stored[:-1]}{(int(stored[-1], 16) + 1) % 16:x}", "x", ""):
                app.outbox.record(SESSION, wrong)
                recall(app, kept)
                assert (kept.token, kept.meta) == (None, None)
            app.outbox.record(SESSION, stored)
            app.settings = app.settings._replace(username="other")
            recall(app, kept)
            assert kept.token is None
        configured.clock.forward(timedelta(seconds=301))
        configured.send(OBADIAH)
        assert calls == ["/reports", "/meta", "/reports"]

    @staticmethod
    def saved(follows: Follow, guest: Guest) -> list[Step]:
        """Save a guest, and wait until the report is sent."""
        return [lambda: follows.apoa.save(guest, "--again"), *[follows.forward(1)] * 3]

    def test_each_is_asked_once(self, configured: Apoa, follows: Follow, calls: list[str]) -> None:
        """Three runs take one token and one `/meta`, and so does a new process; after five minutes `/meta` is asked."""
        configured.save()
        follows([*self.saved(follows, XIMENA), *self.saved(follows, OBADIAH)])
        assert calls == ["/oauth/token", "/meta", *["/reports"] * 3]
        calls.clear()
        configured.save(XIMENA, "--again")
        follows([follows.forward(301), *self.saved(follows, OBADIAH), follows.states(" ".join(["accepted"] * 5))])
        assert calls == ["/reports", "/meta", "/reports"]

    def test_a_token_that_the_authority_does_not_know(
        self, configured: Apoa, authority: SandboxServer, follows: Follow, calls: list[str]
    ) -> None:
        """It asks for a new one and who answers, and sends the report."""
        configured.save()

        def restart() -> None:
            authority.stop()
            authority.start()

        follows([restart, *self.saved(follows, XIMENA), follows.states("accepted accepted")])
        again = ["/reports", "/oauth/token", "/meta", "/reports"]
        assert calls == ["/oauth/token", "/meta", "/reports", *again]

    def test_another_authority(
        self, configured: Apoa, authority: SandboxServer, follows: Follow, calls: list[str]
    ) -> None:
        """Nothing is accepted by another authority at the same address, and the next run says what it is."""
        configured.save()

        def replace_it() -> None:
            authority.stop()
            authority.environment = "production"
            authority.start()

        waits = [follows.forward(60)] * 10
        follows([replace_it, *self.saved(follows, XIMENA), *waits, follows.states("accepted queued")])
        errors = [line.partition("error=")[2].split()[0] for line in follows.runs()]
        assert (errors[:3], calls.count("/reports")) == (["-", "not_now", "another_authority"], 2)

    def test_without_the_password(self, configured: Apoa, follows: Follow, calls: list[str]) -> None:
        """A token is not used any more after `apoa logout`."""
        configured.save()

        def log_out() -> None:
            assert configured("logout").code == 0

        follows([log_out, *self.saved(follows, XIMENA), follows.states("accepted queued")])
        assert calls.count("/reports") == 1


class TestFailures:
    """It pauses while nothing can be sent."""

    def test_the_line_is_down_and_back(self, configured: Apoa, authority: SandboxServer, follows: Follow) -> None:
        """The tries become rarer; when the line is back, everything is sent."""
        configured.save()
        authority.stop()
        said = follows(
            [
                *[follows.forward(10)] * 360,
                authority.start,
                *[follows.forward(1)] * 700,
                follows.states("accepted"),
            ]
        )
        tries = len(follows.runs())
        assert 6 <= tries <= 20
        assert (said.code, said.err) == (0, "")

    def test_settings_are_read_again(self, configured: Apoa, serve: Serve, follows: Follow) -> None:
        """Another address holds from the next run on, and broken settings end nothing."""
        config = configured.home / "config.toml"
        text = config.read_text()
        server = serve()

        def move() -> None:
            config.write_text(text)
            assert configured.set_up(server.base_url).code == 0
            configured.save()

        follows(
            [
                lambda: config.write_text("["),
                *[follows.forward(60)] * 15,
                move,
                *[follows.forward(60)] * 10,
                follows.states("accepted"),
            ]
        )
        assert [line.partition("exit=")[2][:2] for line in follows.runs()] == ["0 ", "78", "0 "]

    def test_a_bug_ends_nothing(self, configured: Apoa, follows: Follow, monkeypatch: pytest.MonkeyPatch) -> None:
        """It is shown, and the next run comes later."""
        configured.save()
        with monkeypatch.context() as patch:
            patch.setattr("apoa_client.cli.commands.scheduled_run.deliver", raising(ValueError(QUENTIN.surname)))
            said = follows([*[follows.forward(60)] * 15])
        assert (said.code, said.err.count("ValueError"), QUENTIN.surname in said.err) == (0, 2, False)
        follows([follows.states("accepted")])

    @pytest.mark.usefixtures("configured")
    @pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
    def test_a_signal_while_something_is_deleted(self, follows: Follow) -> None:
        """It ends the sending at the next look, though Python ignores its exception."""

        class Deleted:
            def __del__(self) -> None:
                signal.raise_signal(signal.SIGTERM)

        assert follows([Deleted, lambda: pytest.fail("it was not ended")]).code == 0

    def test_a_signal_while_connections_are_closed(
        self, configured: Apoa, follows: Follow, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """They are closed whole, and then the sending ends."""
        closed: list[bool] = []
        close = Transport.close

        def interrupted(transport: Transport) -> None:
            signal.raise_signal(signal.SIGTERM)
            close(transport)
            closed.append(True)

        configured.save()
        with monkeypatch.context() as patch:
            patch.setattr(Transport, "close", interrupted)
            said = follows([lambda: pytest.fail("it was not ended")])
        assert (said.code, said.err, closed) == (0, "", [True])
        assert configured.states() == [("check_in", "accepted")]


def test_a_new_property(configured: Apoa, serve: Serve, follows: Follow) -> None:
    """With `--all` it is sent from then on, as the first one is."""

    def add() -> None:
        assert configured.set_up(serve().base_url, name="kenanga").code == 0

    def save(name: str) -> Step:
        return lambda: configured("--property", name, *QUENTIN.mrz("--no-send"))

    def accepted(*counts: int) -> Step:
        def check() -> None:
            documents = configured("status", "--all", "--json").json["properties"]
            assert [each["counts"]["accepted"] for each in documents] == list(counts)

        return check

    later = [follows.forward(1)] * 4
    steps = [*later, add, save("kenanga"), *later, *later, *later, accepted(0, 1)]
    follows([*steps, save("melati"), *later, accepted(1, 1)], "--all")


@pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="this system has no such sockets")
def test_what_systemd_is_told(configured: Apoa, follows: Follow, tmp_path: Path) -> None:
    """Ready, how each run ended, and the end."""
    configured.save()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(tmp_path / "notify"))
        listening.settimeout(0)
        configured.environ.update(NOTIFY_SOCKET=str(tmp_path / "notify"))
        follows([follows.forward(31), follows.forward(31), lambda: None])
        messages = [listening.recv(4096).decode() for _message in range(3)]
        with pytest.raises(BlockingIOError):
            listening.recv(4096)
    status = messages.pop(1)
    assert messages == ["READY=1", "STOPPING=1"]
    assert status.startswith("STATUS=24 Nov 2026 20:00 WIB: Sent: 1.")


@pytest.mark.slow
@pytest.mark.usefixtures("configured")
def test_it_does_not_grow(follows: Follow) -> None:
    """Neither memory nor open files, over many runs and looks."""
    sizes: list[int] = []

    def measure() -> None:
        gc.collect()
        sizes.append(tracemalloc.get_traced_memory()[0])

    some = [*[follows.forward(601)] * 20, *[follows.forward(0)] * 300, measure]
    tracemalloc.start()
    try:
        follows([*some, *some, *some, *some])
    finally:
        tracemalloc.stop()
    assert len(follows.runs()) == 81
    assert min(sizes[3] - sizes[2], sizes[2] - sizes[1]) < 10_000  # a cache that is filled grows once
