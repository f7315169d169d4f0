"""Those who do not look: what a score must beat."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

from evals.formats import Sample
from evals.metrics.answers import normalise


def majority(samples: Sequence[Sample]) -> dict[str, str]:
    """The commonest reference of all samples, for each of them."""
    counts = Counter(reference for sample in samples for reference in sample.references)
    commonest = min(counts, key=lambda answer: (-counts[answer], answer))
    return dict.fromkeys((sample.id for sample in samples), commonest)


def question_only(samples: Sequence[Sample]) -> dict[str, str]:
    """For each sample the commonest reference to the same question about other pictures, else to its first words.

    The sample's own group is left out throughout, so that nobody is told the answer.
    """
    whole = _commonest(samples, lambda sample: normalise(sample.text))
    start = _commonest(samples, lambda sample: " ".join(normalise(sample.text).split()[:2]))
    anything = _commonest(samples, lambda _: "")
    return {s.id: whole[s.id] or start[s.id] or anything[s.id] for s in samples}


def _commonest(samples: Sequence[Sample], key: Callable[[Sample], str]) -> dict[str, str]:
    totals: dict[str, Counter[str]] = {}
    own: dict[tuple[str, str], Counter[str]] = {}
    for sample in samples:
        counted = Counter(sample.references)
        totals.setdefault(key(sample), Counter()).update(counted)
        own.setdefault((key(sample), sample.group), Counter()).update(counted)
    guesses = {}
    for sample in samples:
        left = totals[key(sample)] - own[key(sample), sample.group]
        guesses[sample.id] = min(left, key=lambda answer: (-left[answer], answer)) if left else ""
    return guesses
