"""Charts as inline SVG for a page: bars with patterns, without scripts, colours or styles.

pygal computes the geometry. The page styles the parts by their classes: `bar`, `axis`, `guide`, `value`, and the parts
of patterns, such as `first-ground`. pygal is slow to load and is imported when a chart is drawn.
"""

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple
from xml.etree import ElementTree as ET

from apoa_client.tables.errors import TablesMissing

if TYPE_CHECKING:
    from types import ModuleType

WIDTH = 700
"""The width of each chart in its own units, of which a character of a label takes six to seven."""

KINDS = ("first", "second", "third")
"""The classes of the bars of each series, and the ends of the ids of their patterns."""

_SVG = "{http://www.w3.org/2000/svg}"
_UNUSED = frozenset(f"{_SVG}{tag}" for tag in ("defs", "desc", "title"))
_UNUSED_CLASSES = frozenset({"background", "tooltip-overlay"})
_LABEL = 11
_ROW = 22
_AROUND = 44
"""The height that a chart's axis and margins take."""
_COLUMNS_HEIGHT = 190
_TICKS = 5
"""About as many steps has an axis of numbers."""


class Chart(NamedTuple):
    """What a chart shows. `id` is unique on the page; title and description are read out by screen readers."""

    id: str
    title: str
    description: str
    labels: Sequence[str]
    series: Sequence[Sequence[int]]
    """The values of each kind of bar, one for each label."""
    patterned: Sequence[int] = ()
    """Which bars of the only series have the pattern of the second kind."""


def rows_of_bars(chart: Chart) -> str:
    """Return a chart with a row for each label, whose bars of several series follow each other.

    Raises `TablesMissing` if the extra is not installed.
    """
    pygal = _pygal()
    drawn = pygal.HorizontalStackedBar(**_options(chart, _AROUND + _ROW * len(chart.labels)))
    # From the bottom upwards, as pygal draws them.
    drawn.x_labels = list(reversed(chart.labels))
    for values in chart.series:
        drawn.add("", list(reversed(values)))
    count = len(chart.labels)
    upwards = chart._replace(patterned=[count - 1 - bar for bar in chart.patterned])
    return _finished(drawn, upwards, beside=len(chart.series) == 1)


def columns_of_bars(chart: Chart) -> str:
    """Return a chart with a column for each label, of one series. Raises as `rows_of_bars`."""
    drawn = _pygal().Bar(**_options(chart, _COLUMNS_HEIGHT))
    drawn.x_labels = list(chart.labels)
    for values in chart.series:
        drawn.add("", list(values))
    return _finished(drawn, chart)


def _pygal() -> "ModuleType":
    try:
        import pygal  # type: ignore[import-untyped]  # it has no types
    except ImportError:
        raise TablesMissing from None
    # Its finder of plug-ins has the form of Python 3.3, and Python warns of it at each later import that fails.
    sys.meta_path[:] = [finder for finder in sys.meta_path if type(finder).__module__ != pygal.__name__]
    module: ModuleType = pygal
    return module


def _options(chart: Chart, height: int) -> dict[str, Any]:
    from pygal.style import Style  # type: ignore[import-untyped]  # as above

    highest = max((sum(column) for column in zip(*chart.series, strict=True)), default=0)
    return {
        "width": WIDTH,
        "height": height,
        "margin": 6,
        "margin_right": 26,
        "spacing": 4,
        "show_legend": False,
        "print_values": True,
        "print_values_position": "top" if len(chart.series) == 1 else "center",
        "print_zeroes": False,
        "value_formatter": str,
        "truncate_label": -1,
        "show_y_guides": True,
        "range": (0, highest or 1),
        "y_labels": _ticks(highest),
        "no_prefix": True,
        "js": (),
        "css": (),
        "no_data_text": "",
        "style": Style(label_font_size=_LABEL, major_label_font_size=_LABEL, value_font_size=_LABEL),
    }


def _ticks(highest: int) -> list[int]:
    """Return round numbers for an axis from 0 up to the highest value: whole guests and nights."""
    step = next(
        factor * 10**power
        for power in range(len(str(highest)) + 1)
        for factor in (1, 2, 5)
        if factor * 10**power * _TICKS >= highest
    )
    return list(range(0, highest + 1, step))


def _finished(drawn: Any, chart: Chart, *, beside: bool = False) -> str:  # noqa: ANN401  pygal has no types
    """Return the SVG without pygal's scripts, styles and tooltips, with patterns, title and description.

    With `beside`, the numbers begin at the ends of the bars, and do not lie over them.
    """
    root = ET.fromstring(drawn.render())  # noqa: S314  pygal's own text
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag in _UNUSED or not _UNUSED_CLASSES.isdisjoint(child.get("class", "").split()):
                parent.remove(child)
    for number, kind in enumerate(KINDS[: len(chart.series)]):
        groups = [group for group in root.iter() if _has_class(group, f"serie-{number}")]
        for position, bar in enumerate(bar for group in groups for bar in group.iter(f"{_SVG}rect")):
            shown = KINDS[1] if position in chart.patterned else kind
            bar.set("class", "bar")
            bar.set("fill", f"url(#{chart.id}-{shown})")
    for node in root.iter():
        if _has_class(node, "value") and beside:
            node.set("text-anchor", "start")
        node.tag = node.tag.removeprefix(_SVG)
    names = {"aria-labelledby": f"{chart.id}-title", "aria-describedby": f"{chart.id}-description"}
    root.attrib = {"class": "chart", "viewBox": root.get("viewBox", ""), "role": "img", **names}
    root[:0] = [*_texts(chart), _patterns(chart.id)]
    return ET.tostring(root, encoding="unicode")


def _has_class(node: ET.Element, name: str) -> bool:
    return name in node.get("class", "").split()


def _texts(chart: Chart) -> list[ET.Element]:
    title = ET.Element("title", {"id": f"{chart.id}-title"})
    description = ET.Element("desc", {"id": f"{chart.id}-description"})
    title.text, description.text = chart.title, chart.description
    return [title, description]


def _patterns(chart_id: str) -> ET.Element:
    """Return the fillings of the bars: full, striped, dotted. Their parts have classes for the page's colours."""
    definitions = ET.Element("defs")
    for kind in KINDS:
        size = {"width": "6", "height": "6", "patternUnits": "userSpaceOnUse"}
        turned = {"patternTransform": "rotate(45)"} if kind == KINDS[1] else {}
        pattern = ET.SubElement(definitions, "pattern", {"id": f"{chart_id}-{kind}", **size, **turned})
        ET.SubElement(pattern, "rect", {"class": f"{kind}-ground", "width": "6", "height": "6"})
        if kind == KINDS[1]:
            ET.SubElement(pattern, "rect", {"class": f"{kind}-mark", "width": "3", "height": "6"})
        elif kind == KINDS[2]:
            ET.SubElement(pattern, "circle", {"class": f"{kind}-mark", "cx": "3", "cy": "3", "r": "1.2"})
    return definitions
