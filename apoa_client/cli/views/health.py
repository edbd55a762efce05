"""The results of `apoa doctor`: whether reports can be saved and sent, and what to do; in detail also each check."""

from collections.abc import Callable, Sequence
from typing import Any

from apoa_client.cli.terminal.language import N_, _, text
from apoa_client.cli.terminal.output import (
    plain,
    print_definitions,
    print_line,
    style_bold,
    style_error,
    style_success,
    style_warning,
)
from apoa_client.doctor.results import CheckResult, Group, Result
from apoa_client.errors import Exit, worst_exit

RESULTS = {
    Result.OK: N_("good"),
    Result.WARNING: N_("NOTE"),
    Result.FAILED: N_("WRONG"),
    Result.SKIPPED: N_("skipped"),
}
_STYLES: dict[Result, Callable[[str], str]] = {
    Result.OK: style_success,
    Result.WARNING: style_warning,
    Result.FAILED: style_error,
    Result.SKIPPED: str,
}
GROUPS = {
    Group.SETTINGS: N_("Settings"),
    Group.REPORTS: N_("Saved reports"),
    Group.KEYS: N_("Key and password"),
    Group.AUTOMATIC: N_("Automatic sending"),
    Group.AUTHORITY: N_("Authority and internet"),
    Group.COMPUTER: N_("This computer"),
}
"""The headings, in the order in which the groups are shown."""
CHECKS = {
    "settings": N_("Settings file"),
    "permissions": N_("File permissions"),
    "database": N_("Database"),
    "saving": N_("Saving"),
    "authentic": N_("Outside changes"),
    "waiting": N_("Waiting reports"),
    "drafts": N_("Unfinished guests"),
    "backup": N_("Backup"),
    "backup_folder": N_("Folder for backups"),
    "keyring": N_("Secrets"),
    "private_key": N_("Private key"),
    "password": N_("Password"),
    "recovery_code": N_("Recovery code"),
    "schedule": N_("Schedule"),
    "last_run": N_("Last run"),
    "sending": N_("Sending"),
    "proxy": N_("Proxy"),
    "name": N_("Name lookup"),
    "connection": N_("Connection"),
    "certificate": N_("Certificate"),
    "variables": N_("Variables"),
    "account": N_("Account"),
    "contract": N_("Reporting contract"),
    "clock": N_("Clock"),
    "contact": N_("Last contact"),
    "disk": N_("Disk"),
    "installation": N_("Program"),
    "screen": N_("Screen"),
    "versions": N_("Versions"),
}
"""The names of the checks."""


def health_json(results: Sequence[CheckResult]) -> dict[str, Any]:
    """Return the document of ``doctor --json``."""
    return {
        "healthy": health_exit(results) == Exit.DONE,
        "checks": [
            {
                "name": each.name,
                "result": each.result.value,
                "message": text(each.finding.message),
                "advice": None if each.finding.advice is None else text(each.finding.advice),
            }
            for each in results
        ],
    }


def health_exit(results: Sequence[CheckResult]) -> Exit:
    """Return the exit code of the worst failure."""
    return worst_exit(each.finding.exit_code for each in results if each.result is Result.FAILED)


def show_failures(results: Sequence[CheckResult]) -> None:
    """Show only what is wrong, and what to do."""
    for each in _failures(results):
        _show_problem(each)


def _failures(results: Sequence[CheckResult]) -> list[CheckResult]:
    """Return what is wrong, the worst first."""
    failed = (each for each in results if each.result is Result.FAILED)
    return sorted(failed, key=lambda each: -each.finding.exit_code)


def show_health(results: Sequence[CheckResult], *, by_hand: bool, offline: bool) -> None:
    """Show the verdict and what to do.

    Notes are explained only where nothing is wrong: then they are what is to be done. `by_hand` says that staff type
    the reports into APOA, and `offline` that the line to the authority was not checked.
    """
    problems = _failures(results)
    notes = [each for each in results if each.result is Result.WARNING]
    print_line(_verdict(problems, notes, by_hand=by_hand, offline=offline))
    # Two checks of one file say the same: the first is shown.
    shown = {(each.finding.message, each.finding.advice): each for each in reversed(problems or notes)}
    for each in reversed(shown.values()):
        _show_problem(each)


def show_details(results: Sequence[CheckResult]) -> None:
    """Show each check, which fills a screen or two."""
    print_line()
    for group, title in GROUPS.items():
        of_group = [each for each in results if each.group is group]
        if of_group:
            print_line(style_bold(_(title)))
        details = [f"{_(RESULTS[each.result])}. {text(each.finding.message)}" for each in of_group]
        print_definitions(list(zip((_(CHECKS[each.name]) for each in of_group), details, strict=True)))


def _verdict(problems: Sequence[CheckResult], notes: Sequence[CheckResult], *, by_hand: bool, offline: bool) -> str:
    codes = {each.finding.exit_code for each in problems}
    if Exit.SETTINGS in codes:
        return style_error(_("NOT READY: something on this computer must be corrected first."))
    if codes:
        return style_error(_("NOT READY: guests can be saved, but reports cannot be sent now."))
    if by_hand:
        ready = _("READY: guests can be saved, and typed into APOA.")
    elif offline:
        ready = _("READY: guests can be saved. The internet and the authority were not checked.")
    else:
        ready = _("READY: guests can be saved and reports sent.")
    ready = style_success(ready)
    return ready + " " + _("Please note:") if notes else ready


def _show_problem(each: CheckResult) -> None:
    style = _STYLES[each.result]
    name, message = _(CHECKS[each.name]), text(each.finding.message)
    sign = "" if plain() else style("x ") if each.result is Result.FAILED else style("! ")
    print_line(f"{sign}{style(name)}: {message}")
    if each.finding.advice is not None:
        advice = _("What to do: {advice}").format(advice=text(each.finding.advice))
        print_line(advice if plain() else f"  {advice}")
