"""As much of PromQL as our rules and dashboards use, so that they are run where no Prometheus is at hand.

Where promtool is, the same rule tests run through both (`test_alert_rules.py`). Left out are subqueries, offsets, native
histograms, and staleness markers: a series ends `LOOKBACK` seconds after its last sample. `increase` extrapolates to the whole
range.
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise

LOOKBACK = 300.0
UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}

Labels = Mapping[str, str]
Sample = tuple[Labels, float]
Vector = list[Sample]


@dataclass
class Series:
    """A name and labels, with samples in order of time."""

    labels: Labels
    points: list[tuple[float, float]] = field(default_factory=list)


_TOKEN = re.compile(
    r"""\s*(?:(?P<duration>\d+[smhd]\b)|(?P<number>\d+\.?\d*(?:[eE][+-]?\d+)?)|(?P<word>[A-Za-z_:][\w:]*)
    |(?P<string>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|(?P<sign>=~|!~|!=|==|>=|<=|[-+*/=<>(){}\[\],]))""",
    re.VERBOSE,
)
_COMPARE = {
    ">": operator.gt, "<": operator.lt, ">=": operator.ge, "<=": operator.le, "==": operator.eq, "!=": operator.ne,
}  # fmt: skip
_ARITHMETIC = {"+": operator.add, "-": operator.sub, "*": operator.mul, "/": lambda a, b: a / b if b else _over_zero(a)}
_LEVELS = (("or",), ("and", "unless"), tuple(_COMPARE), ("+", "-"), ("*", "/"))
_AGGREGATE = {"sum": sum, "count": len, "min": min, "max": max}


def _over_zero(a: float) -> float:
    return math.nan if a == 0 or math.isnan(a) else math.copysign(math.inf, a)


Node = Callable[["World"], "float | Vector | Ranged"]


@dataclass
class Ranged:
    """What a selector with a range selects: samples by labels, and how long the range is."""

    seconds: float
    rows: list[tuple[Labels, list[tuple[float, float]]]]


@dataclass
class World:
    """The series that there are, and the time of the question."""

    series: Sequence[Series]
    now: float

    def instant(self, matches: Callable[[Labels], bool]) -> Vector:
        found = []
        for series in self.series:
            if matches(series.labels):
                recent = [v for t, v in series.points if self.now - LOOKBACK < t <= self.now]
                found += [(series.labels, recent[-1])] if recent else []
        return found

    def ranged(self, matches: Callable[[Labels], bool], seconds: float) -> Ranged:
        found = []
        for series in self.series:
            points = [(t, v) for t, v in series.points if self.now - seconds <= t <= self.now]
            if points and matches(series.labels):
                found.append((series.labels, points))
        return Ranged(seconds, found)


def evaluate(expression: str, world: World) -> float | Vector:
    """What Prometheus would answer to an instant query. Raises `ValueError` for what is no PromQL, or not of our part of it."""
    return _node(expression)(world)


@cache
def _node(expression: str) -> Node:
    return _Parser(expression).whole()


def selectors(expression: str) -> list[dict[str, tuple[str, str]]]:
    """Every selector of an expression: its matchers by label, the name of the metric as ``__name__``."""
    parser = _Parser(expression)
    parser.whole()
    return parser.selectors


class _Parser:
    def __init__(self, expression: str) -> None:
        self.tokens: list[tuple[str, str]] = []
        self.selectors: list[dict[str, tuple[str, str]]] = []
        self.at = 0
        place = 0
        expression = expression.rstrip()
        while place < len(expression):
            match = _TOKEN.match(expression, place)
            if match is None:
                raise ValueError(f"not understood: {expression[place:]!r}")
            self.tokens.append((str(match.lastgroup), match.group(str(match.lastgroup))))
            place = match.end()

    def whole(self) -> Node:
        self.at, self.selectors = 0, []
        node = self._binary(0)
        if self.at < len(self.tokens):
            raise ValueError(f"not understood: {self.tokens[self.at :]}")
        return node

    def _peek(self) -> str:
        return self.tokens[self.at][1] if self.at < len(self.tokens) else ""

    def _take(self, *wanted: str) -> str:
        if self.at >= len(self.tokens) or (wanted and self._peek() not in wanted):
            raise ValueError(f"{wanted} expected, not {self._peek()!r}")
        self.at += 1
        return self.tokens[self.at - 1][1]

    def _binary(self, level: int) -> Node:
        if level == len(_LEVELS):
            return self._unary()
        left = self._binary(level + 1)
        while self._peek() in _LEVELS[level]:
            sign = self._take()
            on = self._names() if self._peek() == "on" and self._take() else None
            if self._peek() == "group_left":
                self._take()
            left = _combined(sign, left, self._binary(level + 1), on)
        return left

    def _unary(self) -> Node:
        kind = self.tokens[self.at][0] if self.at < len(self.tokens) else ""
        if self._peek() == "(":
            self._take("(")
            node = self._binary(0)
            self._take(")")
            return node
        if kind == "number":
            value = float(self._take())
            return lambda world: value
        if kind == "word" and self._peek() in _AGGREGATE:
            return self._aggregation()
        if kind == "word" and self.tokens[self.at + 1 : self.at + 2] == [("sign", "(")]:
            return self._call()
        matches, seconds = self._selector()
        return (
            (lambda world: world.instant(matches))
            if seconds is None
            else (lambda world: world.ranged(matches, seconds))
        )

    def _names(self) -> list[str]:
        self._take("(")
        names = []
        while self._peek() != ")":
            names.append(self._take())
            if self._peek() == ",":
                self._take()
        self._take(")")
        return names

    def _aggregation(self) -> Node:
        function = _AGGREGATE[self._take()]
        by = self._names() if self._peek() == "by" and self._take() else []
        self._take("(")
        inner = self._binary(0)
        self._take(")")

        def aggregated(world: World) -> Vector:
            groups: dict[tuple[tuple[str, str], ...], list[float]] = {}
            for labels, value in inner(world):
                groups.setdefault(tuple((name, labels[name]) for name in by if name in labels), []).append(value)
            return [(dict(key), float(function(values))) for key, values in groups.items()]

        return aggregated

    def _call(self) -> Node:
        function = _FUNCTIONS[self._take()]
        self._take("(")
        arguments = []
        while self._peek() != ")":
            arguments.append(self._binary(0))
            if self._peek() == ",":
                self._take()
        self._take(")")
        return lambda world: function(world, *(argument(world) for argument in arguments))

    def _selector(self) -> tuple[Callable[[Labels], bool], float | None]:
        if self.tokens[self.at][0] != "word":
            raise ValueError(f"a metric expected, not {self._peek()!r}")
        matchers = {"__name__": ("=", self._take())}
        if self._peek() == "{":
            self._take("{")
            while self._peek() != "}":
                label, sign, value = self._take(), self._take("=", "!=", "=~", "!~"), self._take()
                matchers[label] = (sign, value[1:-1])
                if self._peek() == ",":
                    self._take()
            self._take("}")
        seconds = None
        if self._peek() == "[":
            self._take("[")
            duration = self._take()
            seconds = float(duration[:-1]) * UNITS[duration[-1]]
            self._take("]")
        self.selectors.append(matchers)
        return (lambda labels: all(_matches(labels.get(name, ""), *m) for name, m in matchers.items())), seconds


def _matches(value: str, sign: str, wanted: str) -> bool:
    equal = value == wanted if sign in ("=", "!=") else re.fullmatch(wanted, value) is not None
    return equal is (sign in ("=", "=~"))


def _bare(labels: Labels) -> dict[str, str]:
    return {name: value for name, value in labels.items() if name != "__name__"}


def _combined(sign: str, left: Node, right: Node, on: list[str] | None) -> Node:
    def key(labels: Labels) -> tuple[tuple[str, str], ...]:
        chosen = _bare(labels) if on is None else {name: labels.get(name, "") for name in on}
        return tuple(sorted(chosen.items()))

    def combined(world: World) -> float | Vector:
        a, b = left(world), right(world)
        if sign in ("and", "or", "unless"):
            keys = {key(labels) for labels, _ in b}
            if sign == "or":
                mine = {key(labels) for labels, _ in a}
                return [*a, *((labels, value) for labels, value in b if key(labels) not in mine)]
            return [(labels, value) for labels, value in a if (key(labels) in keys) is (sign == "and")]
        if isinstance(a, float) and isinstance(b, float):
            return _ARITHMETIC[sign](a, b)
        if isinstance(b, float):
            pairs = [(labels, value, b) for labels, value in a]
        elif isinstance(a, float):
            pairs = [(labels, a, value) for labels, value in b]
        else:
            others = {key(labels): value for labels, value in b}
            pairs = [(labels, value, others[key(labels)]) for labels, value in a if key(labels) in others]
        if sign in _COMPARE:
            return [(labels, x if not isinstance(a, float) else y) for labels, x, y in pairs if _COMPARE[sign](x, y)]
        return [(_bare(labels), _ARITHMETIC[sign](x, y)) for labels, x, y in pairs]

    return combined


def _rate(points: list[tuple[float, float]]) -> float | None:
    """A second, over what the samples cover; what was counted after a reset counts in full."""
    if len(points) < 2:
        return None
    grown = sum(b - a if b >= a else b for (_, a), (_, b) in pairwise(points))
    return grown / (points[-1][0] - points[0][0])


def _over_range(function: Callable[..., float | None]) -> Callable[..., Vector]:
    def applied(world: World, ranged: Ranged, *rest: float) -> Vector:
        results = ((labels, function(points, *rest)) for labels, points in ranged.rows)
        return [(_bare(labels), value) for labels, value in results if value is not None]

    return applied


def _increase(world: World, ranged: Ranged) -> Vector:
    return [(labels, rate * ranged.seconds) for labels, rate in _FUNCTIONS["rate"](world, ranged)]


def _predict(points: list[tuple[float, float]], ahead: float) -> float | None:
    """Least squares through the samples, ``ahead`` seconds after the last one."""
    if len(points) < 2:
        return None
    last = points[-1][0]
    mean_t = sum(t - last for t, _ in points) / len(points)
    mean_v = sum(v for _, v in points) / len(points)
    spread = sum((t - last - mean_t) ** 2 for t, _ in points)
    slope = sum((t - last - mean_t) * (v - mean_v) for t, v in points) / spread
    return mean_v + slope * (ahead - mean_t)


def _quantile(world: World, share: float, buckets: Vector) -> Vector:
    """As Prometheus does: linear within a bucket, the lowest one from 0, the last bound for what lies beyond it."""
    grouped: dict[tuple[tuple[str, str], ...], list[tuple[float, float]]] = {}
    for labels, count in buckets:
        rest = tuple(sorted((name, value) for name, value in _bare(labels).items() if name != "le"))
        grouped.setdefault(rest, []).append((float(labels["le"]), count))
    return [(dict(key), _quantile_of(share, sorted(bounds))) for key, bounds in grouped.items()]


def _quantile_of(share: float, bounds: list[tuple[float, float]]) -> float:
    rank = share * bounds[-1][1]
    if not bounds[-1][1] or len(bounds) < 2:
        return math.nan
    lower, below = 0.0, 0.0
    for bound, count in bounds:
        if count >= rank:
            return lower if math.isinf(bound) else lower + (bound - lower) * (rank - below) / ((count - below) or 1.0)
        lower, below = bound, count
    return lower


_FUNCTIONS: dict[str, Callable[..., float | Vector]] = {
    "time": lambda world: world.now,
    "vector": lambda world, value: [({}, value)],
    "absent": lambda world, vector: [] if vector else [({}, 1.0)],
    "topk": lambda world, k, vector: sorted(vector, key=lambda sample: -sample[1])[: int(k)],
    "histogram_quantile": _quantile,
    "min_over_time": _over_range(lambda points: min(value for _, value in points)),
    "increase": _increase,
    "rate": _over_range(_rate),
    "predict_linear": _over_range(_predict),
}
