"""The one place that makes workbooks with formats and notes, by XlsxWriter. Reports are written by `xlsx_writer`."""

from collections.abc import Callable
from io import BytesIO
from typing import Any

from apoa_client.tables.errors import TablesMissing


def workbook_bytes(fill: Callable[[Any], object]) -> bytes:
    """Return the workbook that `fill` fills, in memory. Raises `TablesMissing` if XlsxWriter is not installed."""
    try:
        import xlsxwriter  # type: ignore[import-untyped]  # it has no types
    except ImportError:
        raise TablesMissing from None
    content = BytesIO()
    with xlsxwriter.Workbook(content, {"in_memory": True, "strings_to_formulas": False}) as book:
        fill(book)
    return content.getvalue()
