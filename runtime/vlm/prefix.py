"""Prefilled prompts kept for reuse, so that a second question about a picture starts where the first one differed.

A prompt is compared as its tags: token ids, with every image placeholder tagged by the picture's content. Key-value
tensors are never written in place (transformers' dynamic layers concatenate), so entries share memory with the
caches forked from them and nothing is copied.
"""

from __future__ import annotations

import copy
from collections import OrderedDict
from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from transformers import Cache

Tag = int | tuple[int, str]
"""A token id, or an image placeholder's id with the picture's content key."""


def common_length(a: Sequence[Tag], b: Sequence[Tag]) -> int:
    """How many leading tags are equal."""
    for index, (left, right) in enumerate(zip(a, b, strict=False)):
        if left != right:
            return index
    return min(len(a), len(b))


def fork(cache: Cache, length: int) -> Cache:
    """A cache of the first `length` tokens that shares the tensors of `cache` and can grow on its own."""
    twin = copy.copy(cache)
    twin.layers = [copy.copy(layer) for layer in cache.layers]
    twin.crop(length - cache.get_seq_length())
    return twin


def stacked(caches: Sequence[Cache]) -> Cache:
    """A cache with these caches as its rows, all of one length; it can grow on its own."""
    twin = copy.copy(caches[0])
    twin.layers = [copy.copy(layer) for layer in twin.layers]
    for layer, *rows in zip(twin.layers, *(cache.layers for cache in caches), strict=True):
        layer.keys, layer.values = torch.cat([row.keys for row in rows]), torch.cat([row.values for row in rows])
    return twin


def nbytes(cache: Cache) -> int:
    """Bytes of keys and values that a cache refers to."""
    return sum(layer.keys.nbytes + layer.values.nbytes for layer in cache.layers if layer.is_initialized)


class PrefixCache:
    """The most recently used prefilled prompts, within a number of bytes."""

    def __init__(self, max_bytes: int) -> None:
        self.max_bytes = max_bytes
        self._entries: OrderedDict[tuple[Tag, ...], Cache] = OrderedDict()

    def longest(self, tags: Sequence[Tag]) -> tuple[Cache | None, int]:
        """The cache that shares most with the prompt, forked to the shared length; (None, 0) where nothing is shared.

        At least the prompt's last token is left to be computed. A prompt whose remaining part holds a picture
        shares nothing: its pictures are encoded together.
        """
        best, length = None, 0
        for entry in self._entries:
            shared = min(common_length(entry, tags), len(tags) - 1)
            if shared > length:
                best, length = entry, shared
        if best is None or any(isinstance(tag, tuple) for tag in tags[length:]):
            return None, 0
        self._entries.move_to_end(best)
        return fork(self._entries[best], length), length

    def exact(self, tags: Sequence[Tag]) -> Cache | None:
        """A fork of what was kept under exactly these tags."""
        key = tuple(tags)
        if key not in self._entries:
            return None
        self._entries.move_to_end(key)
        return fork(self._entries[key], len(key))

    def keep(self, tags: Sequence[Tag], cache: Cache) -> None:
        """Remember a cache that holds exactly the first `cache.get_seq_length()` of these tags."""
        length = cache.get_seq_length()
        if not cache.is_croppable or length == 0:
            return
        key = tuple(tags[:length])
        for entry in [entry for entry in self._entries if entry == key[: len(entry)]]:
            del self._entries[entry]
        self._entries[key] = cache
        while len(self._entries) > 1 and sum(nbytes(kept) for kept in self._entries.values()) > self.max_bytes:
            self._entries.popitem(last=False)

    def clear(self) -> None:
        """Forget everything."""
        self._entries.clear()
