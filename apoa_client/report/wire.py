"""Conversion of a report to the contract's JSON and back.

A report is sealed and sent as the bytes of `to_json`, also when it is sent again, because the authority compares the
content to tell a repeated report from a changed one.
"""

import json
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from apoa_client.passport.dates import PartialDate
from apoa_client.report.deadline import instant
from apoa_client.report.kinds import Kind, Purpose
from apoa_client.report.model import Document, Guest, Report, Stay, StayPermit


def to_json(report: Report) -> bytes:
    """Return the report as UTF-8 JSON, always the same bytes for the same report."""
    return json.dumps(report_value(report), ensure_ascii=False, separators=(",", ":")).encode()


def from_json(body: bytes) -> Report:
    """Return the report from bytes of `to_json`. Raises `ValueError` or `KeyError` for other bytes."""
    value = json.loads(body)
    return Report(
        id=value["id"],
        stay_id=value["stay_id"],
        kind=Kind(value["kind"]),
        created_at=datetime.fromisoformat(value["created_at"]),
        guest=_guest(value["guest"]) if "guest" in value else None,
        stay=_stay(value["stay"]) if "stay" in value else None,
        check_out=datetime.fromisoformat(value["check_out"]) if "check_out" in value else None,
        reason=value.get("reason"),
    )


def report_value(report: Report) -> dict[str, Any]:
    """Return the report as JSON values, with only the members that its kind has."""
    value: dict[str, Any] = {
        "id": report.id,
        "stay_id": report.stay_id,
        "kind": report.kind.value,
        "created_at": instant(report.created_at),
    }
    if report.guest is not None:
        value["guest"] = guest_value(report.guest)
    if report.stay is not None:
        value["stay"] = stay_value(report.stay)
    if report.check_out is not None:
        value["check_out"] = instant(report.check_out)
    if report.reason is not None:
        value["reason"] = report.reason
    return value


def guest_value(guest: Guest) -> dict[str, Any]:
    """Return a guest as JSON values."""
    return {
        "surname": guest.surname,
        "given_names": guest.given_names,
        "sex": guest.sex,
        "birth_date": str(guest.birth_date),
        "birth_place": guest.birth_place,
        "nationality": guest.nationality,
        "document": {
            "type": guest.document.type,
            "number": guest.document.number,
            "issuing_state": guest.document.issuing_state,
            "expiry_date": guest.document.expiry_date.isoformat(),
            "mrz": list(guest.document.mrz) if guest.document.mrz is not None else None,
        },
        "stay_permit": permit_value(guest.stay_permit),
        "phone": guest.phone,
        "email": guest.email,
    }


def stay_value(stay: Stay) -> dict[str, Any]:
    """Return a stay as JSON values."""
    return {
        "check_in": instant(stay.check_in),
        "planned_check_out": stay.planned_check_out.isoformat(),
        "room": stay.room,
        "purpose": stay.purpose.value,
        "note": stay.note,
    }


def permit_value(permit: StayPermit | None) -> dict[str, Any] | None:
    """Return a stay permit as JSON values."""
    if permit is None:
        return None
    return {
        "code": permit.code,
        "number": permit.number,
        "valid_until": permit.valid_until.isoformat() if permit.valid_until else None,
        "entry_date": permit.entry_date.isoformat() if permit.entry_date else None,
    }


def _guest(value: Mapping[str, Any]) -> Guest:
    document = value["document"]
    return Guest(
        surname=value["surname"],
        given_names=value["given_names"],
        sex=value["sex"],
        birth_date=PartialDate.from_iso(value["birth_date"]),
        birth_place=value["birth_place"],
        nationality=value["nationality"],
        document=Document(
            type=document["type"],
            number=document["number"],
            issuing_state=document["issuing_state"],
            expiry_date=date.fromisoformat(document["expiry_date"]),
            mrz=tuple(document["mrz"]) if document["mrz"] is not None else None,
        ),
        stay_permit=_permit(value["stay_permit"]),
        phone=value["phone"],
        email=value["email"],
    )


def _permit(value: Mapping[str, Any] | None) -> StayPermit | None:
    if value is None:
        return None
    valid_until, entry_date = (
        date.fromisoformat(value[name]) if value[name] is not None else None for name in ("valid_until", "entry_date")
    )
    return StayPermit(value["code"], value["number"], valid_until, entry_date)


def _stay(value: Mapping[str, Any]) -> Stay:
    return Stay(
        check_in=datetime.fromisoformat(value["check_in"]),
        planned_check_out=date.fromisoformat(value["planned_check_out"]),
        room=value["room"],
        purpose=Purpose(value["purpose"]),
        note=value["note"],
    )
