"""Confusion matrices: how often each answer was given where each was expected."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

NEITHER = "(another answer)"
NOTHING = "(no answer that counts)"


@dataclass(frozen=True)
class Confusion:
    """How often each answer was given where each was expected: `counts[expected][given]`.

    What was given and never expected has a column and no row; `NEITHER` and `NOTHING` are the last columns.
    """

    expected: list[str]
    given: list[str]
    counts: list[list[int]]

    @property
    def n(self) -> int:
        """How many answers there are."""
        return sum(map(sum, self.counts))

    def recall(self, label: str) -> float:
        """Of what was expected so, the share that was given so."""
        row = self.counts[self.expected.index(label)]
        return row[self.given.index(label)] / sum(row)

    def precision(self, label: str) -> float | None:
        """Of what was given so, the share that was expected so; None where it was never given."""
        column = [row[self.given.index(label)] for row in self.counts]
        return column[self.expected.index(label)] / sum(column) if sum(column) else None


def expected_and_given(said: str | None, references: Sequence[str], *, right: bool) -> tuple[str, str]:
    """Of several references, the one that was given counts as the expected one, else the first."""
    given = NOTHING if said is None else said
    wanted = given if given in references else references[0]
    return wanted, wanted if right else given


def tabulated(pairs: Sequence[tuple[str, str]]) -> Confusion:
    """The matrix of what was expected and given, by name."""
    counts = Counter(pairs)
    expected = sorted({wanted for wanted, _ in pairs})
    said = {given for _, given in pairs}
    also = sorted(said - {*expected, NEITHER, NOTHING})
    given = [*expected, *also, *(label for label in (NEITHER, NOTHING) if label in said)]
    return Confusion(expected, given, [[counts[row, column] for column in given] for row in expected])
