"""What an encoder is: pictures and words as vectors in one space, or passages and questions about them in another."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from runtime.errors import GenerationFailed, OutOfMemory, VistalkError
from runtime.hardware import is_out_of_memory

if TYPE_CHECKING:
    from PIL import Image

Vectors = NDArray[np.float32]
"""(n, dimension); every row has length 1, so a product of two rows is their cosine."""


class Encoder(Protocol):
    """Pictures and words into one space.

    Attributes:
        id: the same for the same vectors, another one where weights or preparation differ; known without weights.
        dimension: of the vectors.
    """

    @property
    def id(self) -> str: ...  # noqa: D102
    @property
    def dimension(self) -> int: ...  # noqa: D102

    def encode_images(self, images: Sequence[Image.Image]) -> Vectors:
        """One vector a picture, of any size and mode."""
        ...

    def encode_texts(self, texts: Sequence[str]) -> Vectors:
        """One vector a text; what is longer than the model reads is cut."""
        ...


class PassageEncoder(Protocol):
    """Passages of documents, and questions about them, into one space. `id` and `dimension` as for `Encoder`."""

    @property
    def id(self) -> str: ...  # noqa: D102
    @property
    def dimension(self) -> int: ...  # noqa: D102

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        """One vector a passage; what is longer than the model reads is cut."""
        ...

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        """One vector a question."""
        ...


class TextModel(Protocol):
    """A loaded model of passages."""

    def encode(self, texts: Sequence[str]) -> Vectors:
        """One vector a text."""
        ...


def unit(rows: NDArray[Any]) -> Vectors:
    """The rows, each scaled to length 1.

    Raises:
        GenerationFailed: a row of zeros, or with a number that is none: it points nowhere.
    """
    wide = np.asarray(rows, np.float64)  # in which no square of a float32 is lost
    lengths = np.linalg.norm(wide, axis=1, keepdims=True)
    if not (np.isfinite(lengths).all() and lengths.all()):
        raise GenerationFailed("The encoder gave a vector that points nowhere.")
    vectors: Vectors = (wide / lengths).astype(np.float32)
    return vectors


def plain(text: str) -> str:
    """The text without half characters (lone surrogates, as in odd file names), which tokenizers refuse."""
    return text.encode("utf-8", "replace").decode("utf-8")


@contextmanager
def failures(what: str) -> Iterator[None]:
    """Within, an error of torch, torchvision, Pillow or a tokenizer becomes one of ours.

    Raises:
        OutOfMemory, GenerationFailed
    """
    try:
        yield
    except VistalkError:
        raise
    except Exception as error:
        if is_out_of_memory(error):
            raise OutOfMemory from error
        raise GenerationFailed(f"The encoder failed on {what}: {error}.") from error
