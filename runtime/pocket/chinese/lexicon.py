"""The dictionary: everyday visual Chinese with the English that captions use, as data in `words/`.

A row is `English<TAB>Chinese Chinese …`, in places also how captions say that something is there ("in the park").
The folder says what kind of word it is, in `grammar/` the file. A `~` after the English: it takes no "a". A `…` in
a verb: its object stands there.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

WORDS = Path(__file__).parent / "words"


@dataclass(frozen=True, slots=True)
class Sense:
    """One reading of a Chinese word. `where`: how English says that something is at the place or the time."""

    kind: str
    english: str
    where: str = ""


@dataclass(frozen=True, slots=True)
class Lexicon:
    """All words with their senses by kind, the longest word's length, and the table for traditional characters."""

    words: dict[str, dict[str, Sense]]
    longest: int
    simplified: dict[int, str]


@cache
def lexicon() -> Lexicon:
    """The dictionary, read at first use."""
    words: dict[str, dict[str, Sense]] = {}
    for _, sense, chinese in entries():
        for word in chinese:
            words.setdefault(word, {}).setdefault(sense.kind, sense)
    simplified = {ord(old): new for new, forms in _rows(WORDS / "traditional.tsv") for old in forms}
    return Lexicon(words, max(map(len, words)), simplified)


def entries() -> Iterator[tuple[str, Sense, list[str]]]:
    """Every row: its file's name, the sense, and its Chinese words, the commonest first."""
    for file in sorted(WORDS.glob("*/*.tsv")):
        kind = file.stem if file.parent.name == "grammar" else file.parent.name
        for english, chinese, *where in _rows(file):
            yield file.stem, Sense(_kind(kind, file, english), english, *where), chinese.split()


def _kind(kind: str, file: Path, english: str) -> str:
    """Particles are each a kind of their own, and so are the two ends of a question's frame."""
    if file.stem in ("particle", "frame"):
        return english
    return "time" if file.stem == "times" else kind


def _rows(file: Path) -> Iterator[list[str]]:
    for line in file.read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            yield line.split("\t")
