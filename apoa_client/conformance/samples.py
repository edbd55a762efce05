"""Reports to send: invented guests, whose names say that this is a test.

The document numbers are random, so that no run reports the guests of an earlier run.
"""

import copy
import json
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime, timedelta, timezone, tzinfo
from itertools import cycle
from typing import Any

from apoa_client.authority.contract import FieldRule
from apoa_client.desk.ids import RandomBytes, new_id
from apoa_client.passport.compose import Details, compose
from apoa_client.passport.dates import PartialDate
from apoa_client.report.kinds import instant
from apoa_client.report.purposes import PURPOSES

Json = dict[str, Any]
_Changes = Mapping[str, Any] | None

SURNAME, GIVEN_NAMES = "APOA", "TEST"
REASON = "Conformance test of apoa-client: no such guest"

_WIB = timezone(timedelta(hours=7))
_BORN, _EXPIRY = "1985-09-12", "2039-03-30"
_STATE = "AUS"
_NUMBER_BYTES = 4
_DOCUMENTS = ("PD", "I", "AC")
_FREE_PERMIT = {"code": "APOA TEST", "number": None, "valid_until": None, "entry_date": None}
_LONGEST_NAME, _LONGEST_NOTE = 500, 2000


class Samples:
    """Makes reports. `now` is timezone-aware; `random` returns the given number of unpredictable bytes.

    `zone` is the property's time zone, where the server says one.
    """

    zone: tzinfo = _WIB

    def __init__(self, now: Callable[[], datetime], random: RandomBytes) -> None:
        self._now = now
        self._random = random

    def id(self) -> str:
        """Return a new id of a report or a stay."""
        return new_id(self._now(), self._random)

    def check_in(self, guest: _Changes = None, stay: _Changes = None, *, hours_ago: int = 1, nights: int = 2) -> Json:
        """Return a check-in of a new guest, with these members of `guest` and `stay` changed."""
        arrived = self._now().astimezone(self.zone) - timedelta(hours=hours_ago)
        report = self._report(self.id(), "check_in")
        report["guest"] = {
            "surname": SURNAME,
            "given_names": GIVEN_NAMES,
            "sex": "X",
            "birth_date": _BORN,
            "birth_place": "-",
            "nationality": _STATE,
            "document": {
                "type": "P",
                "number": f"T{self._random(_NUMBER_BYTES).hex().upper()}",
                "issuing_state": _STATE,
                "expiry_date": _EXPIRY,
                "mrz": None,
            },
            "stay_permit": None,
            "phone": None,
            "email": None,
        }
        report["stay"] = {
            "check_in": instant(arrived),
            "planned_check_out": (arrived.date() + timedelta(days=nights)).isoformat(),
            "room": None,
            "purpose": "other",
            "note": None,
        }
        return _replaced(report, {"guest": guest or {}, "stay": stay or {}})

    def full_check_in(self, form: str = "TD3") -> Json:
        """Return a check-in in which every member has a value, with the lines of a passport, or of a card ("TD1")."""
        report = self.check_in(stay={"room": "7", "note": "Conformance test"})
        guest = report["guest"]
        entered = self._now().astimezone(self.zone).date()
        guest |= {
            "phone": "+61 2 5550 0000",
            "email": "test@example.com",
            "birth_place": "TEST TOWN",
            "stay_permit": {
                "code": "B1",
                "number": "TEST-1",
                "valid_until": (entered + timedelta(days=30)).isoformat(),
                "entry_date": entered.isoformat(),
            },
        }
        guest["document"]["mrz"] = list(
            compose(
                form,
                Details(
                    issuing_state=_STATE,
                    surname=SURNAME,
                    given_names=GIVEN_NAMES,
                    document_number=guest["document"]["number"],
                    nationality=_STATE,
                    birth_date=PartialDate.from_iso(_BORN),
                    sex="X",
                    expiry_date=date.fromisoformat(_EXPIRY),
                ),
            )
        )
        guest["document"]["type"] = guest["document"]["mrz"][0][0]
        return report

    def longest(self) -> Json:
        """Return a check-in whose names, birth place and note are as long as the contract allows."""
        names = dict.fromkeys(("given_names", "birth_place"), "X" * _LONGEST_NAME)
        return self.check_in({"surname": SURNAME.ljust(_LONGEST_NAME, "X"), **names}, {"note": "X" * _LONGEST_NOTE})

    def of_all_codes(self) -> Iterator[Json]:
        """Yield check-ins with each purpose and sex, and with documents, numbers and permits that are not usual."""
        for purpose, sex, kind in zip(PURPOSES, cycle("MFX"), cycle(_DOCUMENTS), strict=False):
            report = self.check_in({"sex": sex, "stay_permit": _FREE_PERMIT}, {"purpose": purpose.value})
            document = report["guest"]["document"]
            document |= {"type": kind, "number": f"{document['number'][:4]}-{document['number'][4:]} 1<2"}
            yield report

    def with_instants(self) -> Iterator[Json]:
        """Yield check-ins whose time is written in the other forms of RFC 3339."""
        for hours, end in ((0, "Z"), (9, "+09:00")):
            report = self.check_in()
            arrived = datetime.fromisoformat(report["stay"]["check_in"]).astimezone(timezone(timedelta(hours=hours)))
            report["stay"]["check_in"] = f"{arrived:%Y-%m-%dT%H:%M:%S}.25{end}"
            yield report

    def bad_check_in(self) -> Json:
        """Return a check-in with the violations at `VIOLATIONS`."""
        guest = {"sex": "?", "birth_date": "1985-13-40", "document": {"expiry_date": "soon"}}
        return self.check_in(guest, {"purpose": "holiday"})

    def amend(self, report: Mapping[str, Any], **stay: str) -> Json:
        """Return an amendment of a check-in, with these members of its `stay` changed."""
        changed = copy.deepcopy({name: report[name] for name in ("guest", "stay")})
        changed["stay"] |= stay
        return {**self._report(report["stay_id"], "amend"), **changed, "reason": REASON}

    def check_out(self, stay_id: str) -> Json:
        """Return a check-out of a stay, now."""
        return {**self._report(stay_id, "check_out"), "check_out": instant(self._now().astimezone(self.zone))}

    def cancel(self, stay_id: str) -> Json:
        """Return the cancellation of a stay."""
        return {**self._report(stay_id, "cancel"), "reason": REASON}

    def _report(self, stay_id: str, kind: str) -> Json:
        created = instant(self._now().astimezone(self.zone))
        return {"id": self.id(), "stay_id": stay_id, "kind": kind, "created_at": created}


def by_rule(rule: FieldRule, report: Mapping[str, Any]) -> Json:
    """Return the report with the example of a rule."""
    return _replaced(report, json.loads(rule.example))


def _replaced(value: Mapping[str, Any], changes: Mapping[str, Any]) -> Json:
    """Return `value` with the members of `changes`, level by level."""
    both = {name: change for name, change in changes.items() if isinstance(change, dict) and name in value}
    return {**value, **changes, **{name: _replaced(value[name] or {}, change) for name, change in both.items()}}


VIOLATIONS = ("guest.sex", "guest.birth_date", "guest.document.expiry_date", "stay.purpose")
"""The fields that are wrong in `Samples.bad_check_in`."""
