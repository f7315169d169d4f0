"""The branches of a conversation: turns that began from the same point, told from the tree of its checkpoints."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from memory.saver import Saver

MARK = "begins_turn"
"""In the metadata of the checkpoint with which a turn begins: it holds the question, and its parent is what was
before."""

BEGINNING = "00000000-0000-0000-0000-000000000000"
"""Stands for what was before a conversation's first checkpoint; no checkpoint has this id."""


@dataclass(frozen=True, slots=True)
class Branch:
    """Which of the turns that began from the same point is gone on with: `position`, from 1, of `count`.

    A turn that an older vistalk kept has 0 of 0: nobody knows where it began.
    """

    position: int
    count: int


class Tree:
    """The checkpoints of one conversation as they are now.

    Args:
        saver: the database.
        name: what the saver calls the conversation.
    """

    def __init__(self, saver: Saver, name: str) -> None:
        with saver.cursor(transaction=False) as cursor:
            rows = cursor.execute(
                """SELECT checkpoint_id, coalesce(parent_checkpoint_id, ?), metadata FROM checkpoints
                WHERE thread_id = ? AND checkpoint_ns = '' ORDER BY checkpoint_id""",
                (BEGINNING, name),
            ).fetchall()
        self._before: dict[str, str] = {}
        self._turn: dict[str, str] = {BEGINNING: BEGINNING}
        self._earlier: dict[str, str] = {}
        self._next: dict[str, list[str]] = {}
        for checkpoint, parent, metadata in rows:  # a parent comes before its children
            self._before[checkpoint] = parent
            earlier = self._turn[parent]
            begins = bool(json.loads(metadata).get(MARK))
            self._turn[checkpoint] = checkpoint if begins else earlier
            if begins:
                self._earlier[checkpoint] = earlier
                self._next.setdefault(earlier, []).append(checkpoint)
        self._newest = rows[-1][0] if rows else BEGINNING

    def branches(self, turns: int) -> list[Branch]:
        """For each of the last line's turns, so many of them, which branch it is."""
        line = self._line()
        known = [self._branch(turn) for turn in line]
        return [Branch(0, 0)] * (turns - len(known)) + known

    def before(self, turn: int, turns: int) -> str | None:
        """The checkpoint that a turn of the line began from; None where nobody knows it."""
        began = self._begin(turn, turns)
        return None if began is None else self._before[began]

    def end(self, turn: int, turns: int, position: int) -> str | None:
        """The newest checkpoint of the branch at that position, with its later turns; None where there is none."""
        began = self._begin(turn, turns)
        if began is None:
            return None
        beside = self._next[self._earlier[began]]
        if not 1 <= position <= len(beside):
            return None
        wanted = beside[position - 1]
        within = {wanted}
        for checkpoint, parent in self._before.items():
            if parent in within:
                within.add(checkpoint)
        return max(within)

    def versions(self, turn: int, turns: int) -> dict[str, list[str]]:
        """For each branch of a turn, by the checkpoint with which it begins, those that belong to the turn itself.

        Empty where nobody knows where the turn began.
        """
        began = self._begin(turn, turns)
        beside = [] if began is None else self._next[self._earlier[began]]
        return {start: [name for name, of in self._turn.items() if of == start] for start in beside}

    def parent(self, checkpoint: str) -> str:
        """The checkpoint before another; `BEGINNING` stands before the first."""
        return self._before[checkpoint]

    def _begin(self, turn: int, turns: int) -> str | None:
        line = self._line()
        at = turn - (turns - len(line))
        return line[at] if 0 <= at < len(line) else None

    def _line(self) -> Sequence[str]:
        """The checkpoints with which the turns began that lead to the newest checkpoint."""
        line, turn = [], self._turn[self._newest]
        while turn != BEGINNING:
            line.append(turn)
            turn = self._earlier[turn]
        return line[::-1]

    def _branch(self, turn: str) -> Branch:
        beside = self._next[self._earlier[turn]]
        return Branch(beside.index(turn) + 1, len(beside))
