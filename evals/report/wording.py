"""Numbers, names and long texts as a reader wants them, in every form of a report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime

from evals.records import Header, Record
from evals.summary import Value

NO_SHARES = ("cider", "steps", "median")
"""Metrics that are no share of one; all others are shown in percent."""

LOWER_IS_BETTER = ("ece", "aurc", "attack_success", "median")
MOST_CHARACTERS = 2_000
"""Longer texts are cut: the run's own record holds the rest."""


def of_one(name: str) -> bool:
    """Whether a metric is a share of one."""
    return not name.startswith(NO_SHARES)


def number(name: str, value: float) -> str:
    """A metric's value."""
    return f"{100 * value:.1f} %" if of_one(name) else f"{value:.3f}"


def with_interval(name: str, value: Value) -> str:
    """A metric's value with its 95 % interval."""
    low, high = number(name, value.low), number(name, value.high)
    return f"{number(name, value.value)} [{low.removesuffix(' %')}, {high.removesuffix(' %')}]"


def percent(share: float) -> str:
    """A share in whole percents."""
    return f"{100 * share:.0f} %"


def metric(name: str) -> str:
    """A metric's name."""
    return f"{name} (lower is better)" if name.startswith(LOWER_IS_BETTER) else name


def begun(header: Header) -> datetime:
    """When a run began, as its name says."""
    return datetime.strptime(header.run[-19:], "%Y%m%d-%H%M%S-%f").replace(tzinfo=UTC)


def references(record: Record) -> str:
    """What was expected, the commonest first, each said once."""
    counts = Counter(record.references).most_common()
    return " | ".join(f"{text} × {count}" if count > 1 else text for text, count in counts)


def clipped(text: str) -> str:
    """At most `MOST_CHARACTERS` of a text."""
    return text if len(text) <= MOST_CHARACTERS else f"{text[:MOST_CHARACTERS]} … ({len(text):,} characters)"


def joined(parts: Sequence[str]) -> str:
    """Parts of one line; empty ones are left out."""
    return " · ".join(part for part in parts if part)
