"""The columns of a file that is imported: from its headings, a mapping, options, and a user's answers."""

from typing import NamedTuple

from apoa_client.cli.commands.import_options import ImportOptions
from apoa_client.cli.session import Session
from apoa_client.cli.terminal.language import _
from apoa_client.cli.terminal.output import print_error_line, sanitize, style_success, style_warning
from apoa_client.cli.views.import_columns import absent_fields
from apoa_client.settings.column_mappings import ColumnMapping
from apoa_client.settings.writer import save_mapping
from apoa_client.tables.columns import ColumnMap, guest_rows, match_columns
from apoa_client.tables.defaults import with_defaults
from apoa_client.tables.mapping_file import find_mapping, parse_default
from apoa_client.tables.rows import Records, Table


class FoundRecords(NamedTuple):
    """The rows of a file as fields, and the options that say the same of another file with these columns."""

    records: Records
    options: ImportOptions


def find_records(
    session: Session, source: Table | Records, options: ImportOptions, *, asks: bool
) -> FoundRecords | None:
    """Return the rows of a file as fields. None if the user does not want to go on. Raises as `find_columns`."""
    if isinstance(source, Table):
        found = _ask_columns(session, source, options) if asks else (find_columns(session, source, options), "")
        if found is None:
            return None
        columns, kept = found
        return FoundRecords(guest_rows(source, columns), options.with_answers(columns, kept))
    defaults = _stated(session, options).defaults
    if asks and source.facts.format == "mrz":
        from apoa_client.cli.prompts.import_lines import ask_page_and_stay

        defaults = ask_page_and_stay(source, defaults)
    return FoundRecords(with_defaults(source, defaults), options.with_answers(ColumnMap({}, defaults=defaults)))


def find_columns(session: Session, table: Table, options: ImportOptions) -> ColumnMap:
    """Return what the columns of a table are, without a question.

    Raises `DataRefused` if something is doubtful or missing, `UsageProblem` for a wrong option.
    """
    columns = _match(session, table, _stated(session, options))
    if columns.doubts or absent_fields(columns):
        from apoa_client.cli.prompts.import_columns import doubt_error, missing_error

        raise doubt_error(columns.doubts[0], table) if columns.doubts else missing_error(columns)
    return columns


def _ask_columns(session: Session, table: Table, options: ImportOptions) -> tuple[ColumnMap, str] | None:
    """Return what the columns are, and the name of the mapping that now keeps the user's answers, which may be empty.

    A mapping that says everything is not asked about. None if the user does not want to go on.
    """
    from apoa_client.cli.prompts.import_columns import ColumnQuestions

    mapping = _stated(session, options)
    columns = _match(session, table, mapping)
    if options.mapping and not columns.doubts and not absent_fields(columns):
        return columns, ""
    questions = ColumnQuestions(table, mapping)
    confirmed = questions.run()
    if confirmed is None:
        return None
    return confirmed, _offer_to_keep(session, questions.mapping) if questions.answered else ""


def _match(session: Session, table: Table, mapping: ColumnMapping) -> ColumnMap:
    """Match the columns, and warn of headings of the mapping that the table does not have."""
    columns = match_columns(table, mapping)
    if columns.absent and not session.json:
        names = ", ".join(map(sanitize, columns.absent))
        print_error_line(
            style_warning(_("The mapping has headings that this table does not have: {names}").format(names=names))
        )
    return columns


def _offer_to_keep(session: Session, mapping: ColumnMapping) -> str:
    """Ask for a name for the mapping, and keep it in the settings. Return the name; empty if the user has none."""
    from apoa_client.cli.prompts.import_columns import ask_mapping_name

    app = session.app
    name = ask_mapping_name(app.saved_config().maps)
    if name:
        save_mapping(app.folders.config, name, mapping, app.folders.site)
        line = _("Kept. The next time: apoa import FILE --map {name}")
        print_error_line(style_success(line.format(name=name)))
    return name


def _stated(session: Session, options: ImportOptions) -> ColumnMapping:
    """Return the mapping of --map, with what other options say."""
    mapping = find_mapping(options.mapping, session.app.config) if options.mapping else ColumnMapping()
    return mapping._replace(
        date_order=options.date_order or mapping.date_order,
        name_order=(options.name_order or "").replace("-", "_") or mapping.name_order,
        defaults={**mapping.defaults, **dict(map(parse_default, options.defaults))},
    )
