"""What an erasure takes and what it leaves, gathered before it: words, files and vectors of both.

What is taken and also stands in what is left, such as words that were said in two conversations, cannot be looked for
afterwards.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from memory.erasure.quoting import without_memories, without_picture, without_turn
from memory.erasure.turns import parts_of
from memory.images import ImageStore

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from memory.erasure.quoting import Change
    from memory.erasure.targets import Target
    from memory.erasure.turns import Parts
    from memory.home import Home

EVALUATIONS = "evals"
"""Where evaluation runs are, which only erasing everything takes."""


@dataclass(slots=True)
class Traces:
    """Texts, files and the bytes of vectors."""

    texts: set[str] = field(default_factory=set)
    files: set[Path] = field(default_factory=set)
    vectors: set[bytes] = field(default_factory=set)


@dataclass(slots=True)
class Gathered:
    """What is taken, and what is left."""

    taken: Traces = field(default_factory=Traces)
    left: Traces = field(default_factory=Traces)

    def of(self, taken: bool) -> Traces:
        """Where something belongs."""
        return self.taken if taken else self.left


def gather(home: Home, target: Target, users: set[str]) -> Gathered:
    """Go through all that is kept of these users, who are everybody."""
    gathered = Gathered()
    parts = parts_of(home.conversations, target.id, target.turn) if target.kind == "turn" else None
    for user in users:
        whole = target.kind == "everything" or (target.kind == "user" and target.id == user)
        here = None if whole or user != home.user else target
        _conversations(home, user, whole, here, parts, gathered)
        _memories(home, user, whole, here, gathered)
        _pictures(home, user, whole, here, parts, gathered)
        if home.has_library:
            for thing in home.library.kept(user):
                traces = gathered.of(whole or (here is not None and here.kind == "image" and thing.sha256 == here.id))
                traces.texts |= {*thing.texts}
                traces.vectors |= {*thing.vectors}
                traces.files |= {thing.thumbnail} if thing.thumbnail else set()
    runs = {path for path in (home.root / EVALUATIONS).rglob("*") if path.is_file()}
    gathered.of(target.kind == "everything").files |= runs
    return gathered


def _conversations(
    home: Home, user: str, whole: bool, target: Target | None, parts: Parts | None, gathered: Gathered
) -> None:
    saver = home.conversations.saver
    opinions = "SELECT reason, correction FROM feedback WHERE user = ? AND thread = ?"
    for thread, title in _rows(home, "SELECT id, title FROM threads WHERE user = ?", user):
        taken = whole or (target is not None and target.kind == "thread" and target.id == thread)
        change = _change(target, thread, parts) if target and not taken else None
        said: Traces = gathered.of(taken)
        said.texts |= {thread, title, *(text for row in _rows(home, opinions, user, thread) for text in row)}
        for item in saver.items(f"{user}/{thread}"):
            before = {*_strings(_plain(item))}
            after = before if change is None else {*_strings(_plain(change(item)))}
            said.texts |= after
            gathered.taken.texts |= before - after


def _change(target: Target, thread: str, parts: Parts | None) -> Change | None:
    match target.kind:
        case "image":
            return without_picture(target.id)
        case "memory":
            return without_memories([target.id])
        case "turn" if parts and target.id == thread:
            return without_turn(parts.messages, parts.pictures)
    return None


def _memories(home: Home, user: str, whole: bool, target: Target | None, gathered: Gathered) -> None:
    for name, text, caption, sha256 in _rows(
        home, "SELECT id, text, caption, sha256 FROM memories WHERE user = ?", user
    ):
        named = target is not None and (target.kind, target.id) in {("memory", name), ("image", sha256)}
        traces = gathered.of(whole or named)
        traces.texts |= {name, text, caption}
        vectors = _rows(home, "SELECT vector FROM memory_vectors WHERE user = ? AND id = ?", user, name)
        traces.vectors |= {vector for (vector,) in vectors}


def _pictures(
    home: Home, user: str, whole: bool, target: Target | None, parts: Parts | None, gathered: Gathered
) -> None:
    """Files go with their last use; what is kept of a drawing goes with the picture."""
    for sha256, made in _rows(home, "SELECT sha256, made FROM drawings WHERE user = ?", user):
        gathered.of(whole or (target is not None and (target.kind, target.id) == ("image", sha256))).texts.add(made)
    uses: dict[str, set[tuple[str, str]]] = {}
    for sha256, kind, owner in _rows(home, "SELECT sha256, kind, owner FROM picture_uses WHERE user = ?", user):
        uses.setdefault(sha256, set()).add((kind, owner))
    own = user == home.user
    images = home.images if own else ImageStore(home.root / "images", user, max_bytes=0, max_pixels=0)
    for sha256 in images.stored():
        used = uses.get(sha256, set())
        taken = whole or (target is not None and _goes(target, sha256, used, parts))
        traces = gathered.of(taken)
        traces.texts.add(sha256)
        traces.files |= images.files(sha256)


def _goes(target: Target, sha256: str, used: set[tuple[str, str]], parts: Parts | None) -> bool:
    """Whether a picture's file goes with a target."""
    match target.kind:
        case "image":
            return target.id == sha256
        case "thread" | "memory":
            return used == {(target.kind, target.id)}
        case "turn" if parts:
            return sha256 in parts.gone and used == {("thread", target.id)}
    return False


def _rows(home: Home, sql: str, *values: str) -> list[Any]:
    with home.conversations.saver.cursor(transaction=False) as cursor:
        return cursor.execute(sql, values).fetchall()


def _plain(item: Any) -> Any:
    """A message, or a picture's dict, as plain values."""
    return item if item is None or isinstance(item, dict) else [item.id, item.content, item.additional_kwargs]


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _strings(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _strings(inner)
