"""Charts: SVG that needs nothing else, whose bars differ by their patterns and read out by screen readers."""

import importlib
from xml.etree import ElementTree as ET

import pytest

from apoa_client.tables.charts import Chart, columns_of_bars, rows_of_bars

CHART = Chart("nights", "Nights & <days>", "The table has the figures.", ["A<b>", "C", "others"], [[120, 8, 33]], [2])


def parsed(drawn: str) -> ET.Element:
    return ET.fromstring(drawn)  # noqa: S314  our own


def fills(drawn: str) -> list[str]:
    return [bar.attrib["fill"] for bar in parsed(drawn).iter("rect") if bar.get("class") == "bar"]


@pytest.mark.parametrize("draw", [rows_of_bars, columns_of_bars])
def test_a_chart_needs_nothing_else(draw: object) -> None:
    """No script, no style, no address, no comment with a date; text is escaped, and the same chart is the same text."""
    assert callable(draw)
    drawn = draw(CHART)
    assert drawn == draw(CHART)
    for part in ("<script", "<style", "http", "<!--", "<?xml", "ns0", "tooltip"):
        assert part not in drawn
    root = parsed(drawn)
    assert root.attrib["role"] == "img"
    named = {node.get("id"): node.text for node in root.iter() if node.get("id")}
    assert named[root.attrib["aria-labelledby"]] == CHART.title
    assert named[root.attrib["aria-describedby"]] == CHART.description
    assert {"A<b>", "others", "120", "8", "33"} <= {node.text for node in root.iter("text")}


def test_the_bar_of_the_others_has_a_pattern() -> None:
    """Rows are drawn from below: the last label is the lowest bar."""
    assert fills(rows_of_bars(CHART)) == ["url(#nights-second)", "url(#nights-first)", "url(#nights-first)"]
    assert fills(columns_of_bars(CHART)) == ["url(#nights-first)", "url(#nights-first)", "url(#nights-second)"]


def test_imports_are_as_before() -> None:
    """The outdated finder of plug-ins that pygal adds is removed: a later import that fails does not warn."""
    rows_of_bars(CHART)
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("no_such_module")


def test_each_series_has_its_pattern() -> None:
    """On time, late and waiting differ without colour, and every pattern that is named is there."""
    drawn = rows_of_bars(CHART._replace(series=[[3, 2, 0], [1, 0, 0], [0, 0, 1]], patterned=[]))
    assert set(fills(drawn)) == {"url(#nights-first)", "url(#nights-second)", "url(#nights-third)"}
    patterns = {pattern.attrib["id"] for pattern in parsed(drawn).iter("pattern")}
    assert patterns == {"nights-first", "nights-second", "nights-third"}


@pytest.mark.parametrize("highest", [0, 1, 3, 7, 40, 1239, 303_131])
def test_the_axis_has_few_whole_numbers(highest: int) -> None:
    """A month with one guest and one with thousands have an axis that can be read."""
    drawn = columns_of_bars(CHART._replace(labels=["1"], series=[[highest]], patterned=[]))
    axis = next(node for node in parsed(drawn).iter("g") if "axis y" in node.get("class", ""))
    numbers = [int(text.text or "") for text in axis.iter("text")]
    assert 1 <= len(numbers) <= 6
    assert max(numbers) <= max(highest, 1)
