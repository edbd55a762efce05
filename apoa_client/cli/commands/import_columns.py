"""The columns of a file that is imported: from its headings, a mapping, options, and a user's answers."""

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


def find_records(session: Session, source: Table | Records, options: ImportOptions, *, asks: bool) -> Records | None:
    """Return the rows of a file as fields. None if the user does not want to go on. Raises as `find_columns`."""
    if isinstance(source, Table):
        columns = find_columns(session, source, options, asks=asks)
        return guest_rows(source, columns) if columns is not None else None
    defaults = _stated(session, options).defaults
    if asks and source.facts.format == "mrz":
        from apoa_client.cli.prompts.import_lines import ask_page_and_stay

        defaults = ask_page_and_stay(source, defaults)
    return with_defaults(source, defaults)


def find_columns(session: Session, table: Table, options: ImportOptions, *, asks: bool) -> ColumnMap | None:
    """Return what the columns are. None if the user does not want to go on.

    Raises `DataRefused` if something is doubtful or missing and no user `asks`, `UsageProblem` for a wrong option.
    """
    from apoa_client.cli.prompts.import_columns import ColumnQuestions, doubt_error, missing_error

    mapping = _stated(session, options)
    columns = match_columns(table, mapping)
    if columns.absent and not session.json:
        names = ", ".join(map(sanitize, columns.absent))
        print_error_line(
            style_warning(_("The mapping has headings that this table does not have: {names}").format(names=names))
        )
    clear = not columns.doubts and not absent_fields(columns)
    if clear and (options.mapping or not asks):
        return columns
    if asks:
        questions = ColumnQuestions(table, mapping)
        confirmed = questions.run()
        if confirmed is not None and questions.answered:
            _offer_to_keep(session, questions.mapping)
        return confirmed
    for doubt in columns.doubts:
        raise doubt_error(doubt, table)
    raise missing_error(columns)


def _offer_to_keep(session: Session, mapping: ColumnMapping) -> None:
    """Ask for a name for the mapping, and keep it in the settings, if the user wants that."""
    from apoa_client.cli.prompts.import_columns import ask_mapping_name

    app = session.app
    name = ask_mapping_name(app.saved_config().maps)
    if name:
        save_mapping(app.folders.config, name, mapping, app.folders.site)
        line = _("Kept. The next time: apoa import FILE --map {name}")
        print_error_line(style_success(line.format(name=name)))


def _stated(session: Session, options: ImportOptions) -> ColumnMapping:
    """Return the mapping of --map, with what other options say."""
    mapping = find_mapping(options.mapping, session.app.config) if options.mapping else ColumnMapping()
    return mapping._replace(
        date_order=options.date_order or mapping.date_order,
        name_order=(options.name_order or "").replace("-", "_") or mapping.name_order,
        defaults={**mapping.defaults, **dict(map(parse_default, options.defaults))},
    )
