"""Plots as SVG: colours come from the page's style sheet, texts are escaped by the XML writer, sizes suit a phone."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from xml.etree.ElementTree import Element, SubElement, tostring

from evals.metrics.calibration import RiskCoverage
from evals.report.findings import Bar, Bin
from evals.report.wording import number, of_one, percent
from evals.summary import Value

WIDTH = 360
"""In units of the drawing; the page decides how large one is."""

ROW = 34
LEGEND = 20
MOST_POINTS = 200
MARKS = ("M-5 0L0 -5L5 0L0 5Z", "M-4 -4H4V4H-4Z", "M-5 4L0 -5L5 4Z")
"""A shape for each baseline, around 0."""


TICKS = (0.0, 0.25, 0.5, 0.75, 1.0)
ANCHORS = {0.0: "start", 1.0: "end"}
"""How a number stands at the ends of an axis, so that none is cut off."""


@dataclass(frozen=True)
class Dot:
    """A value with its interval, and baselines by name."""

    label: str
    value: Value
    marks: Mapping[str, float] = field(default_factory=dict)


def dots(rows: Sequence[Dot], title: str, name: str, most: float = 1.0) -> str:
    """A line for each value of a metric from the low to the high end of its interval, and a shape for each baseline."""
    baselines = list(dict.fromkeys(baseline for row in rows for baseline in row.marks))
    bottom = len(rows) * ROW + 8
    svg = _svg(title, bottom + 18 + LEGEND * len(baselines))
    left, right = 8.0, WIDTH - 8.0

    def x(value: float) -> float:
        return left + (right - left) * min(max(value / most, 0.0), 1.0)

    for share in TICKS:
        at = x(share * most)
        _line(svg, (at, 4), (at, bottom), "grid")
        _text(svg, (at, bottom + 13), _tick(name, share * most), ANCHORS.get(share, "middle"))
    for place, row in enumerate(rows):
        top = place * ROW
        _text(svg, (left, top + 14), row.label, css="label")
        _text(svg, (right, top + 14), number(name, row.value.value), "end", "label")
        y = top + 25
        _line(svg, (x(row.value.low), y), (x(row.value.high), y), "interval")
        SubElement(svg, "circle", {"cx": _n(x(row.value.value)), "cy": _n(y), "r": "4.5", "class": "dot"})
        for baseline, value in row.marks.items():
            _mark(svg, baselines.index(baseline), x(value), y)
    for place, baseline in enumerate(baselines):
        y = bottom + 18 + LEGEND * place + 10
        _mark(svg, place, left + 6, y)
        _text(svg, (left + 18, y + 4), baseline, css="label")
    return tostring(svg, encoding="unicode")


def bars(found: Sequence[Bar], title: str, across: str, shown: Callable[[float], str]) -> str:
    """How many values lie in each part of a range."""
    tallest = 4 * math.ceil(max(bar.n for bar in found) / 4)  # whole numbers at every line
    most = found[-1].high
    plane = _Plane(title, across, "samples", lambda at: shown(at * most), lambda at: f"{at * tallest:.0f}")
    for bar in found:
        plane.box(bar.low / most, bar.high / most, bar.n / tallest, f"{shown(bar.low)} to {shown(bar.high)}: {bar.n}")
    return plane.drawn()


def reliability(bins: Sequence[Bin], title: str) -> str:
    """The share of right answers at each confidence; on the diagonal, confidence can be taken at its word."""
    plane = _Plane(title, "stated confidence", "right", percent, percent)
    plane.path([(0.0, 0.0), (1.0, 1.0)], "ideal")
    largest = max(found.n for found in bins)
    for found in bins:
        told = f"{found.n} answers of confidence {percent(found.confidence)}: {percent(found.right)} right"
        plane.dot(found.confidence, found.right, 3 + 6 * (found.n / largest) ** 0.5, told)
    return plane.drawn()


def risk_coverage(curve: RiskCoverage, title: str) -> str:
    """The share of wrong answers among the surest ones, from few of them to all."""
    plane = _Plane(title, "answered, the surest first", "wrong", percent, percent)
    points = list(zip(curve.coverage.tolist(), curve.risk.tolist(), strict=True))
    step = -(-len(points) // MOST_POINTS)
    plane.path([*points[:-1:step], points[-1]], "curve")
    return plane.drawn()


class _Plane:
    """Axes from 0 to 1 both ways, and what is drawn between them."""

    left, top, right, bottom = 52.0, 10.0, WIDTH - 12.0, 190.0

    def __init__(
        self, title: str, across: str, up: str, shown_across: Callable[[float], str], shown_up: Callable[[float], str]
    ) -> None:
        self._svg = _svg(title, 232)
        for share in TICKS:
            x, y = self._place(share, share)
            _line(self._svg, (x, self.top), (x, self.bottom), "grid")
            _line(self._svg, (self.left, y), (self.right, y), "grid")
            _text(self._svg, (x, self.bottom + 14), shown_across(share), ANCHORS.get(share, "middle"))
            _text(self._svg, (self.left - 5, y + 4), shown_up(share), "end")
        _text(self._svg, ((self.left + self.right) / 2, self.bottom + 32), across, "middle", "label")
        name = _text(self._svg, (0, 0), up, "middle", "label")
        name.set("transform", f"translate(9 {_n((self.top + self.bottom) / 2)}) rotate(-90)")

    def drawn(self) -> str:
        """The finished drawing."""
        return tostring(self._svg, encoding="unicode")

    def path(self, points: Sequence[tuple[float, float]], css: str) -> None:
        """Straight lines from point to point."""
        places = " ".join(f"{_n(x)},{_n(y)}" for x, y in (self._place(*point) for point in points))
        SubElement(self._svg, "polyline", {"points": places, "class": css})

    def dot(self, across: float, up: float, radius: float, told: str) -> None:
        """A dot that says what it is."""
        x, y = self._place(across, up)
        circle = SubElement(self._svg, "circle", {"cx": _n(x), "cy": _n(y), "r": _n(radius), "class": "dot"})
        SubElement(circle, "title").text = told

    def box(self, low: float, high: float, up: float, told: str) -> None:
        """A bar that says what it is."""
        (x, y), (end, _) = self._place(low, up), self._place(high, up)
        size = {"x": _n(x + 1), "y": _n(y), "width": _n(end - x - 2), "height": _n(self.bottom - y)}
        SubElement(SubElement(self._svg, "rect", size | {"class": "bar"}), "title").text = told

    def _place(self, across: float, up: float) -> tuple[float, float]:
        return self.left + across * (self.right - self.left), self.bottom - up * (self.bottom - self.top)


def _svg(title: str, height: float) -> Element:
    svg = Element("svg", {"viewBox": f"0 0 {WIDTH} {_n(height)}", "role": "img", "class": "plot"})
    SubElement(svg, "title").text = title
    return svg


def _line(svg: Element, start: tuple[float, float], end: tuple[float, float], css: str) -> None:
    (x1, y1), (x2, y2) = start, end
    SubElement(svg, "line", {"x1": _n(x1), "y1": _n(y1), "x2": _n(x2), "y2": _n(y2), "class": css})


def _text(svg: Element, at: tuple[float, float], words: str, anchor: str = "start", css: str = "tick") -> Element:
    text = SubElement(svg, "text", {"x": _n(at[0]), "y": _n(at[1]), "text-anchor": anchor, "class": css})
    text.text = words
    return text


def _mark(svg: Element, place: int, x: float, y: float) -> None:
    shape = MARKS[place % len(MARKS)]
    SubElement(svg, "path", {"d": shape, "transform": f"translate({_n(x)} {_n(y)})", "class": "mark"})


def _tick(name: str, value: float) -> str:
    return percent(value) if of_one(name) else f"{value:.3g}"


def _n(value: float) -> str:
    return f"{value:.1f}"
