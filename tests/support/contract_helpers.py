"""The authorities that the tests of the contract run against, and the reports that they send."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from authority_simulator import AuthoritySimulator

from apoa_client.authority.client import HttpAuthority
from apoa_client.passport.dates import PartialDate
from apoa_client.report.kinds import Kind
from apoa_client.report.model import Document, Guest, Report, Stay, to_json

WIB = datetime.fromisoformat("2026-11-24T18:00:00+07:00")

AnyAuthority = AuthoritySimulator | HttpAuthority


@dataclass(frozen=True)
class AuthorityUnderTest:
    """An authority and its script of faults. `visit` makes a client of it with a password."""

    name: str
    visit: Callable[..., AnyAuthority]


class Desk:
    """Makes reports with different ids."""

    def check_in(self, serial: int, *, stay: int | None = None, number: str | None = None) -> Report:
        guest = Guest(
            surname="SMITH",
            given_names="JANE ANN",
            sex="F",
            birth_date=PartialDate(1985, 9),
            birth_place="-",
            nationality="GBR",
            document=Document("P", number or f"9250{serial:05}", "GBR", date(2030, 3, 30)),
        )
        return Report(
            _uuid(serial), _stay(stay or serial), Kind.CHECK_IN, WIB, guest, Stay(WIB, WIB.date() + timedelta(days=2))
        )

    def check_out(self, serial: int, *, stay: int) -> Report:
        return Report(_uuid(serial), _stay(stay), Kind.CHECK_OUT, WIB, check_out=WIB + timedelta(minutes=30))

    def cancel(self, serial: int, *, stay: int, reason: str = "Never came") -> Report:
        return Report(_uuid(serial), _stay(stay), Kind.CANCEL, WIB, reason=reason)

    def bodies(self, *reports: Report) -> list[tuple[str, bytes]]:
        return [(report.id, to_json(report)) for report in reports]


def _uuid(serial: int) -> str:
    return f"0199c2a4-7d1e-7b3c-9d55-{serial:012x}"


def _stay(serial: int) -> str:
    return f"0199c2a4-7d1e-7001-8a11-{serial:012x}"
