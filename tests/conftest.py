"""Fixtures for every test: folders in memory, a fixed clock, none of this machine's settings, loopback only."""

import gc
import importlib
import os
import pkgutil
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator
from functools import partial
from itertools import count
from pathlib import Path
from types import FrameType, ModuleType
from typing import TYPE_CHECKING, Any

import pytest
from basics import PERSONAL, FixedClock
from damage_helpers import Hold, Holder

import apoa_client
from apoa_client.cli.terminal import output
from apoa_client.errors import ApoaError, CallRefused
from apoa_client.messages import Message

if TYPE_CHECKING:
    from app_helpers import Importer
    from outbox_stores import NewStore, Store
    from page_helpers import NewContext
    from playwright.sync_api import Browser
    from postgres_helpers import Cluster, SharedOutbox

_TOOLS = {
    *("APOA_AXE", "APOA_CLIENT_GENERATORS", "APOA_NODE_TOOLS", "APOA_POSTGRES", "APOA_PRISM", "APOA_REQUIRE_TOOLS")
}
"""The variables that name tools of other projects, which a test may see."""
_HIDDEN = {
    *("NO_COLOR", "FORCE_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "DBUS_SESSION_BUS_ADDRESS", "CREDENTIALS_DIRECTORY")
}


def _is_hidden(name: str) -> bool:
    """Return whether a variable is one of this machine's settings, secrets, proxies, or of its terminal or keyring."""
    is_ours = name.startswith("APOA_") and name not in _TOOLS
    return is_ours or name in _HIDDEN or name.casefold().endswith("_proxy")


def _restore_signals() -> None:
    """Let started processes react to Ctrl-C and to a closed terminal even where this one ignores both.

    A shell starts background jobs with SIGINT ignored and `nohup` starts them with SIGHUP ignored. Children inherit an
    ignored signal, but not a handler.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if os.name == "posix" and signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
        signal.signal(signal.SIGHUP, _do_nothing)


def _do_nothing(_signal: int, _frame: FrameType | None) -> None:
    pass


def _use_memory() -> None:
    """Put pytest's temporary folders in memory, where the system has such a folder with enough space.

    The program syncs each change to the disk, and most of the time of a test would be spent there. Tests marked
    `durable` get a folder on the disk.
    """
    memory = Path("/dev/shm")  # noqa: S108  pytest makes private folders below it
    if sys.platform == "win32" or not os.access(memory, os.W_OK):  # under Wine, tests/windows/wine_python.py does it
        return
    if shutil.disk_usage(memory).free >= _MEMORY_NEEDED and not os.statvfs(memory).f_flag & os.ST_NOEXEC:
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(memory))


_MEMORY_NEEDED = 1 << 30
_restore_signals()
_use_memory()
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # numpy's threads wait busily, and each core has its tests already
gc.disable()  # until all tests are collected: a third of that time would go into the search for garbage


@pytest.hookimpl(optionalhook=True)  # pytest-xdist's
def pytest_xdist_auto_num_workers() -> int | None:
    """Start three processes for two cores: many tests wait for the processes and servers that they start."""
    if "PYTEST_XDIST_AUTO_NUM_WORKERS" in os.environ:
        return None  # it decides
    cores = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
    return cores + cores // 2


def pytest_collection_finish() -> None:
    """Hide this machine from the tests, whose modules have read what they need of its environment.

    What was collected stays until the end: it is left out of every later search for garbage.
    """
    for name in [name for name in os.environ if _is_hidden(name)]:
        del os.environ[name]
    os.environ |= {"LANGUAGE": "en", "TERM": "xterm"}
    gc.freeze()
    gc.set_threshold(20_000, 10, 10)  # at 700 some per cent of the time go into looking for cycles
    gc.enable()


@pytest.fixture
def clock() -> FixedClock:
    """The fixed clock."""
    return FixedClock()


@pytest.fixture
def tmp_path(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A temporary folder: in memory where possible, on the disk for a test marked `durable`.

    Pytest's own fixture looks through the folders of all tests before for a free name.
    """
    is_durable = request.node.get_closest_marker("durable") is not None
    above = None if is_durable else tmp_path_factory.getbasetemp()
    folder = Path(tempfile.mkdtemp(prefix="apoa-test-", dir=above)).resolve()
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Path of the folder for the program's files. It does not exist yet."""
    return tmp_path / "home"


@pytest.fixture
def importer(tmp_path: Path) -> "Iterator[Importer]":
    """An import into an empty outbox, at half past eight in the evening of the 24th, without the private key."""
    from app_helpers import Importer  # slow, and few tests need them
    from outbox_helpers import open_outbox
    from report_helpers import NOW as EVENING

    with open_outbox(tmp_path / "outbox.db") as opened:
        yield Importer(opened, FixedClock(EVENING))


@pytest.fixture(scope="session")
def postgres() -> "Iterator[Cluster]":
    """A server of PostgreSQL, one for each process that runs tests. Its databases are the tests' own."""
    pytest.importorskip("psycopg", exc_type=ImportError)  # Wine cannot load it
    from postgres_helpers import Cluster

    with Cluster() as cluster:
        yield cluster


@pytest.fixture
def postgres_database(postgres: "Cluster") -> Iterator[str]:
    """The name of an empty database of that server."""
    name = postgres.create_database()
    yield name
    postgres.drop_database(name)


@pytest.fixture(scope="session")
def postgres_template(postgres: "Cluster") -> str:
    """The name of a database that is prepared as an outbox, to be copied, with a login for one property."""
    from postgres_helpers import prepare_outbox

    return prepare_outbox(postgres)


@pytest.fixture
def postgres_outbox(postgres: "Cluster", postgres_template: str) -> "Iterator[SharedOutbox]":
    """An empty outbox on that server."""
    from postgres_helpers import new_shared_outbox

    with new_shared_outbox(postgres, postgres_template) as opened:
        yield opened


ON_A_SERVER = {
    "slow": {"test_sync", "test_machine"},
    "long": {
        *("test_each_fault_on_each_route", "test_a_second_process_during_each_call", "test_a_death_at_each_step"),
        *("test_contract_rows", "test_isolation"),
        *("test_authentic_rows", "test_each_column_of_a_row_with_a_code"),
    },
}
"""The modules and functions that a mark is for with PostgreSQL: each change is several exchanges with the server.

Of the others the first set of a test's parameters is for every run.
"""


@pytest.hookimpl(wrapper=True, tryfirst=True)  # pytest-randomly shuffles in a wrapper, too: before all other hooks
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> Iterator[None]:
    """Mark what `.ci/run` alone runs with PostgreSQL, and of what coverage is not measured."""
    _mark_on_server([item for item in items if isinstance(item, pytest.Function) and _engine_of(item) == "postgres"])
    if config.pluginmanager.hasplugin("_cov"):
        _import_the_program()
        _mark_uncovered([item for item in items if not _is_left_out(item)])
    yield


def _mark_on_server(items: list[pytest.Function]) -> None:
    seen: set[str] = set()
    for item in items:
        for mark, names in ON_A_SERVER.items():
            if not names.isdisjoint({item.path.stem, item.originalname}):
                item.add_marker(mark)
        if _name_of(item) in seen:
            item.add_marker("slow")
        elif not _is_left_out(item):
            seen.add(_name_of(item))


def _import_the_program() -> None:
    """Import every module: the first lines of one that an unmeasured test imports first would count as missed."""
    for module in pkgutil.walk_packages(apoa_client.__path__, "apoa_client."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)


def _mark_uncovered(items: list[pytest.Item]) -> None:
    """Mark tests that add nothing to the coverage, which nearly doubles the time of a test.

    These are more sets of a test's parameters, the second engine (`tests/outbox/postgres` is about it alone), the
    examples of Hypothesis, and the models.
    """
    seen: set[str] = set()
    for item in items:
        is_series = item.get_closest_marker("hypothesis") is not None or item.path.parent.name == "model"
        if is_series or _engine_of(item) == "postgres" or _name_of(item) in seen:
            item.add_marker("no_cover")
        else:
            seen.add(_name_of(item))


def _is_left_out(item: pytest.Item) -> bool:
    return any(item.get_closest_marker(mark) for mark in ON_A_SERVER)


def _name_of(item: pytest.Item) -> str:
    return item.nodeid.partition("[")[0]


def _engine_of(item: pytest.Item) -> object:
    return item.callspec.params.get("engine") if isinstance(item, pytest.Function) and hasattr(item, "callspec") else ""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test of an outbox with both engines. One that asks for the `path` of a file is about SQLite alone."""
    chosen = any("engine" in mark.args[0] for mark in metafunc.definition.iter_markers("parametrize"))
    if "engine" in metafunc.fixturenames and not chosen:
        metafunc.parametrize("engine", ["sqlite"] if "path" in metafunc.fixturenames else ["sqlite", "postgres"])


@pytest.fixture
def new_store(engine: str, request: pytest.FixtureRequest) -> "NewStore":
    """Makes one place after the other for an outbox that does not exist yet."""
    from outbox_stores import new_sqlite_store

    if engine == "sqlite":
        return new_sqlite_store
    cluster: Cluster = request.getfixturevalue("postgres")
    template: str = request.getfixturevalue("postgres_template")
    from postgres_helpers import new_shared_outbox

    return partial(new_shared_outbox, cluster, template)


@pytest.fixture
def store(engine: str, request: pytest.FixtureRequest, tmp_path: Path) -> "Store":
    """A place for an outbox, which does not exist yet."""
    from outbox_stores import SqliteStore

    if engine == "sqlite":
        return SqliteStore(tmp_path / "home" / "bali" / "outbox.db")
    shared: SharedOutbox = request.getfixturevalue("postgres_outbox")
    return shared


@pytest.fixture
def hold(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hold]:
    """Starts another program that has a file open for a number of pauses."""
    holders: list[Holder] = []

    def start(path: Path, pauses: int) -> Holder:
        holders.append(Holder(monkeypatch, path, pauses))
        return holders[-1]

    yield start
    for holder in holders:
        holder.close()


_NUMBERS = count()


@pytest.fixture(autouse=True)
def _user(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[None]:
    """Gives the test a user whose folder does not exist. It is in the test's folder, if the test has one.

    The environment is afterwards as it was before the test.
    """
    has_folder = "tmp_path" in request.fixturenames
    nowhere = tmp_path_factory.getbasetemp() / f"nowhere-{next(_NUMBERS)}"
    above: Path = request.getfixturevalue("tmp_path") if has_folder else nowhere
    for name in ("HOME", "USERPROFILE"):  # POSIX's and Windows' name for it
        monkeypatch.setenv(name, str(above / "user"))
    output.set_plain(plain=False)
    before = {**os.environ, "PYTEST_CURRENT_TEST": ""}  # which pytest changes itself
    yield
    if {**os.environ, "PYTEST_CURRENT_TEST": ""} != before:
        os.environ.clear()
        os.environ.update(before)


_KEYRINGS = {"win32": ("keyring.backends.Windows", "WinVaultKeyring"), "darwin": ("keyring.backends.macOS", "Keyring")}
"""The module and the class of the library's backend, by platform."""


class _HiddenKeyring(type):
    """The class of a backend of `keyring` that says that this computer has no such keyring."""

    @property
    def priority(cls) -> float:
        raise RuntimeError


@pytest.fixture(autouse=sys.platform in _KEYRINGS)
def _hidden_keyring(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hides the keyring of Windows and macOS from this process, unless the test is marked `keyring`.

    On Linux it cannot be found without the address of the session bus.
    """
    if request.node.get_closest_marker("keyring") is None:
        name, backend = _KEYRINGS[sys.platform]
        module = ModuleType(name)
        setattr(module, backend, _HiddenKeyring(backend, (), {}))
        monkeypatch.setitem(sys.modules, name, module)


@pytest.fixture(autouse=True)
def _errors_without_personal_data(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Fails the test when an error's text or `repr` contains personal data or a secret.

    The text of an authority's refusal is quoted on the screen, as the contract asks, and only there.
    """
    leaks: list[str] = []
    original = ApoaError.__init__

    def checked(self: ApoaError, message: Message, advice: Message | None = None, **options: Any) -> None:
        original(self, message, advice, **options)
        shown = () if isinstance(self, CallRefused) else (self.message, self.advice)
        texts = (str(self), repr(self), *(text.render() for text in shown if text is not None))
        leaks.extend(text for text in texts if any(word.casefold() in text.casefold() for word in PERSONAL))

    monkeypatch.setattr(ApoaError, "__init__", checked)
    yield
    assert leaks == []


# For one module: while it is open, Playwright's event loop runs in this thread, and other tests may need their own.
@pytest.fixture(scope="module")
def browser() -> "Iterator[Browser]":
    """A real browser."""
    from page_helpers import opened_browser

    with opened_browser() as opened:
        yield opened


@pytest.fixture
def complaints() -> list[str]:
    """What the browser complains about: errors of the script, and what the page's policy forbids."""
    return []


@pytest.fixture
def new_context(browser: "Browser", complaints: list[str]) -> "Iterator[NewContext]":
    """Makes windows with any options of `Browser.new_context`; the test fails if one has a complaint."""
    from page_helpers import opened_windows

    with opened_windows(browser, complaints) as make:
        yield make
    assert complaints == []
