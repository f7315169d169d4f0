"""What to look for in bytes: fragments of texts in the encodings that stores use, of files and of vectors.

A fragment is long and varied enough that it does not stand anywhere by accident: of a text, a dozen bytes or more; of a
file, a stretch without repetitions; of a vector, a few of its numbers. A short text, such as "Yes.", is not looked for.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterable, Iterator

from memory.library import lexical

LEAST = 12
"""Bytes of a text's fragment."""
WINDOW = 32
"""Characters of a text's fragment, and bytes of a file's."""
MOST = 12
"""Fragments of one text, of one file, of one vector."""

_VARIED = 20
"""Different bytes that a file's fragment has at least."""
_NUMBERS = 16
"""Bytes of a vector's fragment."""
_CODE = re.compile(r"(?=[a-z0-9]*\d)(?=[a-z0-9]*[a-z])[a-z0-9]{8,}")
"""A word of letters and digits, such as an order's number: looked for by itself, as an index of words holds it."""


def of_texts(texts: Iterable[str]) -> set[bytes]:
    """Fragments of texts as UTF-8, UTF-16, escaped in JSON, and as the index of words writes them."""
    found: set[bytes] = set()
    for text in {text.strip() for text in texts}:
        indexed = lexical.terms(text)
        found |= {word.encode() for word in _CODE.findall(indexed)}
        if len(text.encode("utf-8", "ignore")) >= LEAST:
            for window in (*_windows(text), *_windows(indexed)):
                found |= {fragment for fragment in _encoded(window) if len(fragment) >= LEAST}
    return found


def forms(texts: Iterable[str]) -> Iterator[bytes]:
    """Texts in whole, in all the ways in which `of_texts` has them."""
    for text in texts:
        yield from _encoded(text)
        yield from _encoded(lexical.terms(text))


def _encoded(text: str) -> set[bytes]:
    """A text as our stores may write it; what is not Unicode is left out."""
    plain = text.encode("utf-8", "ignore").decode()
    return {plain.encode(), plain.encode("utf-16-le"), json.dumps(plain)[1:-1].encode()}


def of_file(data: bytes) -> set[bytes]:
    """Stretches of a file at places that its own content decides, so that nobody can foresee them and they stay."""
    chance = random.Random(data)  # noqa: S311 - no secret
    last = len(data) - WINDOW
    places = (chance.randint(0, last) for _ in range(8 * MOST)) if last >= 0 else ()
    varied = [part for at in places if len(set(part := data[at : at + WINDOW])) >= _VARIED]
    return set(varied[:MOST])


def of_vector(numbers: bytes) -> set[bytes]:
    """Stretches of a vector's bytes."""
    step = max(_NUMBERS, len(numbers) // MOST // _NUMBERS * _NUMBERS)
    parts = (numbers[at : at + _NUMBERS] for at in range(0, len(numbers) - _NUMBERS + 1, step))
    return {part for part in parts if len(set(part)) >= _NUMBERS // 2}


def _windows(text: str) -> Iterator[str]:
    step = max(WINDOW, len(text) // MOST)
    for at in range(0, max(len(text) - WINDOW, 0) + 1, step):
        yield text[at : at + WINDOW]
    yield text[-WINDOW:]
