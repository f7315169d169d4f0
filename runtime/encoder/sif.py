"""Passages as weighted averages of word embeddings: smooth inverse frequency (SIF), Arora, Liang and Ma, 2017.

The embeddings are those of the pocket language model's tokens, read from its assembled checkpoint without loading the
model. The frequency of a token is Zipf's, by its place in the vocabulary, which a tokenizer fills roughly from frequent
to rare; a token counts a / (a + frequency). What all embeddings share, the first principal component of the table, is
removed. Upper and lower case are one.

It knows that words are alike, and nothing of their order; Chinese falls into bytes, which say little. It is meant to
stand beside a lexical search.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from runtime.encoder.base import Vectors, failures, plain, unit
from runtime.errors import ModelCorrupt

if TYPE_CHECKING:
    import numpy as np
    import torch
    from numpy.typing import NDArray
    from tokenizers import Tokenizer

SCHEME = "sif1"
"""Part of the id: another number where the same checkpoint gives other vectors."""

SMOOTHING = 1e-4
"""The `a` of the weights; the authors found 1e-3 to 1e-4 to do equally well."""


def dimension(folder: Path) -> int:
    """Of the vectors: that of the checkpoint's token embeddings.

    Raises:
        ModelCorrupt
    """
    return _shape(folder)[1]


def estimate(folder: Path) -> int:
    """Bytes needed while the table is made: itself in float32, a product as large, and what is read."""
    rows, columns = _shape(folder)
    return 12 * rows * columns


def load(folder: Path) -> SifModel:
    """Make the table; a second or two.

    Raises:
        ModelCorrupt: the checkpoint has no embeddings or no tokenizer.
    """
    from tokenizers import Tokenizer

    file = folder / "tokenizer.json"
    try:
        tokenizer = Tokenizer.from_file(str(file))
    except Exception as error:  # tokenizers has no class of its own for it
        raise ModelCorrupt(f"{file} cannot be read: {error}.") from error
    return SifModel(weighted(_embeddings(folder)).numpy(), tokenizer)


def weighted(embeddings: torch.Tensor) -> torch.Tensor:
    """The float32 embeddings (tokens, dimension), in place: without their first component, frequent ones weaker."""
    import torch

    _, axes = torch.linalg.eigh(embeddings.T @ embeddings)  # in ascending order
    embeddings.addr_(embeddings @ axes[:, -1], axes[:, -1], alpha=-1)
    frequency = 1 / torch.arange(1, len(embeddings) + 1)
    frequency /= frequency.sum()
    return embeddings.mul_((SMOOTHING / (SMOOTHING + frequency)).unsqueeze(1))


class SifModel:
    """The table and its tokenizer."""

    def __init__(self, table: NDArray[np.float32], tokenizer: Tokenizer) -> None:
        self._table = table
        self._tokenizer = tokenizer

    def encode(self, texts: Sequence[str]) -> Vectors:
        """One vector a text."""
        import numpy as np

        with failures("a text"):
            return unit(np.stack([self._table[self._tokens(text)].mean(0) for text in texts]))

    def _tokens(self, text: str) -> list[int]:
        """With a space in front: the first word's token is the one it has elsewhere, and no text is without tokens."""
        words = " ".join(plain(text).lower().split())
        return self._tokenizer.encode(f" {words}", add_special_tokens=False).ids


def _embeddings(folder: Path) -> torch.Tensor:
    from safetensors import safe_open

    file, name = _table_of(folder)
    with safe_open(file, "pt") as tensors:
        return tensors.get_tensor(name).float()


def _shape(folder: Path) -> tuple[int, int]:
    from safetensors import safe_open

    file, name = _table_of(folder)
    with safe_open(file, "np") as tensors:
        rows, columns = tensors.get_slice(name).get_shape()
    return rows, columns


def _table_of(folder: Path) -> tuple[Path, str]:
    """The file and the name of the token embeddings.

    Raises:
        ModelCorrupt: none of the checkpoint's files can be read and holds them.
    """
    from safetensors import SafetensorError, safe_open

    for file in sorted(folder.glob("*.safetensors")):
        try:
            with safe_open(file, "np") as tensors:
                name = next((name for name in tensors.keys() if name.endswith("embed_tokens.weight")), "")  # noqa: SIM118
        except SafetensorError as error:
            raise ModelCorrupt(f"{file} is damaged: {error}.") from error
        if name:
            return file, name
    raise ModelCorrupt(f"{folder} holds no token embeddings.")
