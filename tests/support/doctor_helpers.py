"""Reads the results of `apoa doctor`."""

from typing import Any, NamedTuple

from cli_helpers import Apoa, CallResult


class Checked(NamedTuple):
    """One check of `doctor --json`."""

    result: str
    message: str
    advice: str | None


def checks_of(said: CallResult) -> dict[str, Checked]:
    """Return the checks of a document by their names."""
    every: list[dict[str, Any]] = said.json["checks"]
    names = [each["name"] for each in every]
    assert len(set(names)) == len(names)
    return {each["name"]: Checked(each["result"], each["message"], each["advice"]) for each in every}


def doctor(apoa: Apoa, *arguments: str, code: int = 0, **environ: str) -> dict[str, Checked]:
    """Run `apoa doctor --json`, check its exit code, and return the checks."""
    said = apoa("doctor", "--json", *arguments, **environ)
    found = checks_of(said)
    failed = {name: check for name, check in found.items() if check.result == "failed"}
    assert said.code == code, failed
    assert said.json["healthy"] is (code == 0)
    assert bool(failed) is (code != 0)
    assert all(check.advice for check in found.values() if check.result in {"warning", "failed"})
    return found
