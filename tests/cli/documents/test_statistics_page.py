"""The page of a month's figures: SVG charts whose bars differ by patterns and that screen readers read out."""

import re
from datetime import UTC, datetime
from itertools import pairwise
from xml.etree import ElementTree as ET

import pytest

from apoa_client.cli.documents.statistics_page import statistics_page
from apoa_client.settings.config import PropertySettings
from apoa_client.tables.statistics import OTHERS, Figures, Group, Month, Punctuality

SETTINGS = PropertySettings("bali", "https://authority.example/v1", public_key="")


def page_of(figures: Figures) -> str:
    return statistics_page(SETTINGS, figures, datetime(2026, 11, 24, 12, tzinfo=UTC), anonymous=False)


def figures_of(*nights: int, arrivals: int = 1, weeks: tuple[Punctuality, ...] = ()) -> Figures:
    """Figures with a nationality for each number of nights, the last of which are the others."""
    states = ("POL", "AUS", "GBR")
    groups = [Group(state, 1, 1, count) for state, count in zip(states, nights, strict=False)]
    groups[-1] = groups[-1]._replace(state=OTHERS)
    figures = Figures(Month(2026, 11), total=Group(None, len(groups), 1, sum(nights)), groups=groups)
    figures.arrivals[figures.month.days[0]] = arrivals
    for week, punctuality in zip(figures.weeks, weeks, strict=False):
        week.punctuality = punctuality
    return figures


def charts(figures: Figures) -> dict[str, ET.Element]:
    """Return the charts of the page by the part of their id that names them."""
    drawn = [ET.fromstring(svg) for svg in re.findall(r'<svg class="chart".*?</svg>', page_of(figures), re.DOTALL)]  # noqa: S314  our own
    return {svg.attrib["aria-labelledby"].removesuffix("-title"): svg for svg in drawn}


def bars(chart: ET.Element) -> list[ET.Element]:
    return [bar for bar in chart.iter("rect") if bar.get("class") == "bar"]


def texts(chart: ET.Element, kind: str) -> list[str | None]:
    return [node.text for node in chart.iter("text") if kind in node.get("class", "").split()]


def test_the_charts_need_nothing_else() -> None:
    """No script, no address, no comment; a chart is named, and the same figures are the same page."""
    figures = figures_of(120, 8, 33)
    page = page_of(figures)
    assert page == page_of(figures)
    for part in ("<script", "http:", "<!--", "<?xml"):
        assert part not in page
    for svg in charts(figures).values():
        assert svg.attrib["role"] == "img"
        named = {node.get("id"): node.text for node in svg.iter() if node.get("id")}
        assert named[svg.attrib["aria-labelledby"]]
        assert named[svg.attrib["aria-describedby"]]


def test_bars_have_the_lengths_of_their_values() -> None:
    """Each has its value beside it, the bar of the others has a pattern of its own, and a day without guests no bar."""
    drawn = charts(figures_of(120, 30, 60, arrivals=7))
    rows = bars(drawn["nationalities"])
    widths = [float(bar.attrib["width"]) for bar in rows]
    assert widths[1] / widths[0] == pytest.approx(1 / 4, abs=0.01)
    assert widths[2] / widths[0] == pytest.approx(1 / 2, abs=0.01)
    assert texts(drawn["nationalities"], "value") == ["120", "30", "60"]
    assert [bar.attrib["fill"] for bar in rows] == [
        "url(#nationalities-first)",
        "url(#nationalities-first)",
        "url(#nationalities-second)",
    ]
    assert texts(drawn["nationalities"], "label") == ["Poland / Polandia", "Australia", "others / lainnya"]
    assert len(bars(drawn["arrivals"])) == 1
    assert texts(drawn["arrivals"], "value") == ["7"]


def test_each_series_has_its_pattern() -> None:
    """On time, late and waiting differ without colour, follow each other, and every pattern that is named is there."""
    chart = charts(figures_of(1, weeks=(Punctuality(3, 3, 3),)))["punctuality"]
    drawn = bars(chart)
    patterns = [f"punctuality-{kind}" for kind in ("first", "second", "third")]
    assert [bar.attrib["fill"] for bar in drawn] == [f"url(#{pattern})" for pattern in patterns]
    assert [pattern.attrib["id"] for pattern in chart.iter("pattern")] == patterns
    for one, following in pairwise(drawn):
        end = float(one.attrib["x"]) + float(one.attrib["width"])
        assert float(following.attrib["x"]) == pytest.approx(end, abs=0.2)


@pytest.mark.parametrize("highest", [1, 3, 7, 40, 1239, 303_131])
def test_the_axis_has_few_whole_numbers(highest: int) -> None:
    """A month with one guest and one with thousands have an axis that can be read."""
    numbers = [int(text or "") for text in texts(charts(figures_of(1, arrivals=highest))["arrivals"], "level")]
    assert 1 <= len(numbers) <= 6
    assert max(numbers) <= highest
