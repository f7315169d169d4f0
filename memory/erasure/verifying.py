"""Erasing with a proof: every byte of the data directory is read before and after, for fragments of what goes."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from memory.erasure import fragments
from memory.erasure.erasing import erase, known_users
from memory.erasure.scanning import Scanner, files_below
from memory.erasure.traces import gather

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from memory.erasure.targets import Target
    from memory.erasure.traces import Traces
    from memory.home import Home

PASSED_OVER = ("models",)
"""Folders of the data directory that hold nothing of anybody's."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A file in which something of what was erased still stands, and how many fragments of it."""

    file: str
    fragments: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a scan of all bytes came to.

    Attributes:
        texts, pictures, vectors: fragments that were looked for.
        present: how many of all these stood in the data directory before.
        elsewhere: fragments not looked for, because they stand in what is left as well.
        bytes: how many were read afterwards.
        seconds: what it all took.
        hits: where anything still stands; none is as it should be.
        unseen: a server that had vectors of it, which deleted them; its bytes cannot be read from here. Else empty.
    """

    texts: int
    pictures: int
    vectors: int
    present: int
    elsewhere: int
    bytes: int
    seconds: float
    hits: tuple[Hit, ...]
    unseen: str = ""


def erase_and_verify(home: Home, target: Target) -> tuple[list[Path], Verdict]:
    """Erase as `erase` does, and look for what is left of it.

    Raises:
        VistalkError: what `erase` raises.
    """
    began = time.perf_counter()
    gathered = gather(home, target, known_users(home))
    kinds = _fragments(gathered.taken)
    everything = set().union(*kinds)
    staying = Scanner(everything)
    elsewhere = staying.found_in(b"\0".join([*fragments.forms(gathered.left.texts), *gathered.left.vectors]))
    for path in gathered.left.files:
        elsewhere |= staying.found_in_file(path)
    wanted = everything - elsewhere
    before, _, _ = _scan(home, wanted)
    own_files = erase(home, target)
    _, hits, read = _scan(home, wanted)
    texts, pictures, vectors = (len(kind & wanted) for kind in kinds)
    seconds = time.perf_counter() - began
    unseen = home.library.unseen if home.has_library else ""
    return own_files, Verdict(texts, pictures, vectors, len(before), len(elsewhere), read, seconds, hits, unseen)


def _fragments(taken: Traces) -> tuple[set[bytes], set[bytes], set[bytes]]:
    pictures = [fragments.of_file(path.read_bytes()) for path in taken.files if path.is_file()]
    vectors = [fragments.of_vector(vector) for vector in taken.vectors]
    return fragments.of_texts(taken.texts), set().union(*pictures), set().union(*vectors)


def _scan(home: Home, wanted: Collection[bytes]) -> tuple[set[bytes], tuple[Hit, ...], int]:
    scanner, read = Scanner(wanted), 0
    found: set[bytes] = set()
    hits = []
    for path in files_below(home.root, PASSED_OVER):
        here = scanner.found_in_file(path)
        found |= here
        read += path.stat().st_size
        if here:
            hits.append(Hit(path.relative_to(home.root).as_posix(), len(here)))
    return found, tuple(hits), read
