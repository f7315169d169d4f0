"""Finding what bears on some words: by meaning, by the words themselves, and by what pictures show.

How near two texts are depends on the encoder more than on the texts, so a cosine counts in standard deviations above
those of texts that have nothing to do with the user (cohort.toml), as speakers' scores do (Auckenthaler, Carey and
Lloyd-Thomas, Digital Signal Processing 2000). A shared word counts as much as it is rare among those texts, one that is
rare being a better reason than one that everybody uses; that too does not depend on how little is remembered yet.
"""

from __future__ import annotations

import math
import re
import tomllib
from collections import Counter
from functools import cache, cached_property
from importlib.resources import files
from typing import TYPE_CHECKING

import numpy as np

from memory.library.lexical import keywords
from memory.memories.records import Hit
from runtime.errors import ImageMissing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from numpy.typing import NDArray

    from memory.images import ImageStore
    from memory.memories.records import Memory
    from memory.memories.store import Memories
    from runtime.encoder.base import Encoder, PassageEncoder, Vectors

ENOUGH = 3.5
"""A score from which a memory bears on the words. It and the weights below were chosen on the development half of
evals/data/recall.jsonl."""

OWN_AFFAIRS = 1.0
"""What is added where the words speak of the person who says them."""

WORD_WEIGHT = 0.35
"""What a nat of a shared word's rarity counts, in standard deviations of the cosines."""

WORD_ALONE = 0.9
"""The same where there is no encoder: one rare word is enough."""

CHARACTER_WEIGHT = 0.3
"""What a single Chinese character counts, in words: it is part of many."""

PICTURE_WEIGHT = 1.0
"""What a standard deviation of a picture's cosine counts, where a picture is asked for."""

LEAST_SPREAD = 0.02
"""Of cosines: a smaller one tells that the encoder cannot tell the others apart, not that this one stands out."""

_FIRST_PERSON = re.compile(r"\b(?:i|my|me|mine|our|we|us)\b|[我咱]", re.IGNORECASE)
_ENDINGS = ("ings", "ing", "ed", "es", "s")


class Recall:
    """One user's memories, to be found. Safe to use from several threads where the encoders are.

    Args:
        memories: the rows.
        images: the same user's pictures.
        passages: puts words into a space; None where the preset has no such encoder, and words alone must do.
        pictures: puts pictures and words into another space; None likewise.
        in_english: puts Chinese into English for an encoder of passages that knows no other language.
    """

    def __init__(
        self,
        memories: Memories,
        images: ImageStore,
        passages: PassageEncoder | None,
        pictures: Encoder | None,
        in_english: Callable[[str], str] | None = None,
    ) -> None:
        self.memories = memories
        self._images = images
        self._passages = passages
        self._pictures = pictures
        self._in_english = in_english

    def find(self, words: str, *, pictured: bool = False, most: int = 3) -> list[Hit]:
        """The memories that bear on the words, best first, at most so many.

        Args:
            words: what is to be known, without "do you remember" and the like.
            pictured: whether the words ask for a picture: then what pictures show counts too, and they come first.
            most: how many at most.
        """
        return [hit for hit in self.ranked(words, pictured=pictured) if hit.score >= ENOUGH][:most]

    def ranked(self, words: str, *, pictured: bool = False) -> list[Hit]:
        """All memories with their scores, best first."""
        memories = self.memories.list()
        if not memories or not words.strip():
            return []
        near = self._near(words, memories)
        shared = _shared(words, memories)
        seen = self._seen(words, memories) if pictured else np.zeros(len(memories))
        own = OWN_AFFAIRS if _FIRST_PERSON.search(words) else 0.0
        each = WORD_WEIGHT if self._passages else WORD_ALONE
        hits = []
        for place, memory in enumerate(memories):
            common, weight = shared[place]
            said = float(near[place]) + each * weight
            shows = PICTURE_WEIGHT * float(seen[place])
            hits.append(Hit(memory, said + shows + own, common, shows > said))
        return sorted(hits, key=lambda hit: (pictured and hit.memory.kind == "picture", hit.score), reverse=True)

    def _near(self, words: str, memories: Sequence[Memory]) -> NDArray[np.float64]:
        """By meaning, in standard deviations above what is no memory."""
        if self._passages is None:
            return np.zeros(len(memories))
        space = self._passages.id + (" in English" if self._in_english else "")
        known = self.memories.vectors(space)
        if missing := [memory for memory in memories if memory.id not in known]:
            made = self._passages.encode_passages([self._readable(_text(memory)) for memory in missing])
            self.memories.keep_vectors(space, missing, made)
            known |= dict(zip([memory.id for memory in missing], made, strict=True))
        [query] = self._passages.encode_queries([self._readable(words)])
        others = {language: vectors @ query for language, vectors in self._others.items()}
        return np.array([_above(known[memory.id] @ query, others[_language(_text(memory))]) for memory in memories])

    def _seen(self, words: str, memories: Sequence[Memory]) -> NDArray[np.float64]:
        """By what pictures show, in standard deviations above what has nothing to do with them; never below 0."""
        seen = np.zeros(len(memories))
        shown = {place: memory for place, memory in enumerate(memories) if memory.sha256}
        if self._pictures is None or not shown:
            return seen
        known = self.memories.vectors(self._pictures.id)
        if missing := [memory for memory in shown.values() if memory.id not in known]:
            known |= self._encoded(missing)
        [query] = self._pictures.encode_texts([words])
        for place, memory in shown.items():
            if memory.id in known:
                others = self._captions @ known[memory.id]
                seen[place] = max(0.0, _above(query @ known[memory.id], others))
        return seen

    def _encoded(self, memories: Sequence[Memory]) -> dict[str, NDArray[np.float32]]:
        """The vectors of these pictures, without those whose files are gone; kept."""
        assert self._pictures is not None  # noqa: S101 - the caller has asked
        present, images = [], []
        for memory in memories:
            try:
                images.append(self._images.open(memory.sha256))
            except ImageMissing:
                continue
            present.append(memory)
        if not present:
            return {}
        vectors = self._pictures.encode_images(images)
        self.memories.keep_vectors(self._pictures.id, present, vectors)
        return dict(zip([memory.id for memory in present], vectors, strict=True))

    @cached_property
    def _others(self) -> dict[str, Vectors]:
        """Vectors of texts that are no memories, by language."""
        assert self._passages is not None  # noqa: S101 - only asked where there is one
        return {
            language: self._passages.encode_passages([self._readable(text) for text in _cohort()[language]])
            for language in ("en", "zh")
        }

    def _readable(self, text: str) -> str:
        """As the encoder of passages reads it."""
        return (self._in_english(text) or text) if self._in_english and _language(text) == "zh" else text

    @cached_property
    def _captions(self) -> Vectors:
        """Vectors of words that ask for no picture of the user's."""
        assert self._pictures is not None  # noqa: S101 - likewise
        return self._pictures.encode_texts([*_cohort()["en"], *_cohort()["zh"]])


def _shared(words: str, memories: Sequence[Memory]) -> list[tuple[tuple[str, ...], float]]:
    """For each memory the words that both texts have, and what they count together."""
    asked = _stems(words)
    texts = [_stems(_text(memory)) for memory in memories]
    found = Counter(word for text in texts for word in text)
    cohort, size = _cohort_words(), len(texts) + len(_cohort_texts())
    shared = []
    for text in texts:
        common = [word for word in asked if word in text]
        weight = 0.0
        for word in common:
            holding = found[word] + cohort[word]
            rarity = math.log(1 + (size - holding + 0.5) / (holding + 0.5))
            weight += rarity * (1.0 if len(word) > 1 else CHARACTER_WEIGHT)
        shared.append((tuple(asked[word] for word in common), weight))
    return shared


def _text(memory: Memory) -> str:
    """A memory as it is looked for."""
    return " ".join(part for part in (memory.text, memory.caption) if part)


def _above(cosine: float, others: NDArray[np.float32]) -> float:
    """A cosine in standard deviations above the mean of others."""
    return float((cosine - others.mean()) / max(others.std(), LEAST_SPREAD))


def _language(words: str) -> str:
    return "zh" if any("\u3400" <= character <= "\u9fff" for character in words) else "en"


def _stems(text: str) -> dict[str, str]:
    """The words of a text that tell something, by their stems."""
    return {_stem(word): word for word in keywords(text)}


def _stem(word: str) -> str:
    """An English word without its ending (after Harman, JASIS 1991); enough to tell that two are one."""
    if not word.isascii():
        return word
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) > 2:
            word = word[: -len(ending)]
            break
    return word[:-1] if word.endswith("e") and len(word) > 3 else word


@cache
def _cohort() -> dict[str, list[str]]:
    text = files("memory.memories").joinpath("cohort.toml").read_text(encoding="utf-8")
    cohort: dict[str, list[str]] = tomllib.loads(text)
    return cohort


@cache
def _cohort_texts() -> list[str]:
    return [text for texts in _cohort().values() for text in texts]


@cache
def _cohort_words() -> Counter[str]:
    return Counter(_each(_cohort_texts()))


def _each(texts: Iterable[str]) -> list[str]:
    return [word for text in texts for word in _stems(text)]


def holding(memories: Memories, words: str) -> list[Memory]:
    """The memories that hold any of the words, best first; no encoder is asked."""
    known = memories.list()
    shared = _shared(words, known)
    ranked = sorted(range(len(known)), key=lambda place: -shared[place][1])
    return [known[place] for place in ranked if shared[place][0]]
