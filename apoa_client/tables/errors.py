"""The errors of tables: a file that is no table, or the extra that is not installed. Neither repeats a cell."""

from apoa_client.errors import DataRefused, SettingsProblem
from apoa_client.messages import Message, msg


class TableRefused(DataRefused):
    """The file cannot be read as a table. Nothing of it was saved."""

    advice: Message | None = msg(
        "Nothing was saved. Open the file in a spreadsheet program and save it as .xlsx or .csv."
    )


class TablesMissing(SettingsProblem):
    """The libraries of the extra `tables` are not installed."""

    advice: Message | None = msg(
        'Install them with: pip install "apoa-client[tables]". CSV and JSON files work without them.'
    )

    def __init__(self) -> None:
        super().__init__(msg("The libraries for spreadsheets are not installed."))


def damaged() -> TableRefused:
    """Return the error for a file that is not whole. It does not say of which kind, which a part may not show."""
    return TableRefused(
        msg("The file is damaged or incomplete."),
        msg("Nothing was saved. Copy or export the file again. If it opens in a spreadsheet program, save it there."),
        name="table_damaged",
    )


def encrypted() -> TableRefused:
    """Return the error for a workbook that needs a password."""
    return TableRefused(
        msg("The workbook is protected by a password."),
        msg("Nothing was saved. Open it in a spreadsheet program and save it without the password."),
        name="password_protected",
    )
