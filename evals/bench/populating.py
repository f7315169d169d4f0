"""A data directory filled with things that are all different: what erasures and kills are tried on."""

from __future__ import annotations

import hashlib
import io
import random
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from agent.assistant import Assistant, Upload
from agent.events import Done

DIMENSION = 48
LIKENESS = (8, 8)

ENGLISH = "river lantern saddle copper orchard violin harbour thimble meadow compass walnut glacier".split()  # noqa: SIM905
CHINESE = "昨天我在湖边的旧书店里买了一本关于航海的地图册和两枚铜币准备送给在南方教书的姑妈"


class Arithmetic:
    """An encoder of pictures and texts that needs no model: fixed random projections, the same everywhere."""

    id = "bench:arithmetic"
    dimension = DIMENSION

    def encode_images(self, images: Sequence[Image.Image]) -> NDArray[np.float32]:
        """Of the colours of small copies: (n, dimension)."""
        matrix = np.random.default_rng(0).normal(size=(LIKENESS[0] * LIKENESS[1] * 3, DIMENSION))
        colours = [np.asarray(image.convert("RGB").resize(LIKENESS), np.float64).ravel() for image in images]
        return _unit((np.array(colours) - 127.3) @ matrix)

    def encode_texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Of the texts' digests: (n, dimension)."""
        digests = [int.from_bytes(hashlib.sha256(text.encode()).digest()[:8]) for text in texts]
        return _unit(np.array([np.random.default_rng(digest).normal(size=DIMENSION) for digest in digests]))

    encode_passages = encode_texts
    encode_queries = encode_texts


class Filler:
    """Puts things into the data directory of an assistant.

    Args:
        assistant: answers at once.
        album: a folder for the files of its library.
        seed: of all that is made.
    """

    def __init__(self, assistant: Assistant, album: Path, seed: int) -> None:
        self.home = assistant.home
        self.chance = random.Random(seed)  # noqa: S311 - no secret
        self._assistant = assistant
        self.album = album

    def words(self) -> str:
        """A sentence that no other is like, in English or Chinese."""
        code = f"k{self.chance.getrandbits(40):010x}"
        if self.chance.random() < 0.5:
            return f"The {' '.join(self.chance.sample(ENGLISH, 5))} has the number {code}."
        start = self.chance.randrange(len(CHINESE) - 12)
        return f"{CHINESE[start : start + 12]}，编号{code}。"

    def picture(self) -> Image.Image:
        """A smooth picture that no other is like."""
        coarse = np.frombuffer(self.chance.randbytes(6 * 6 * 3), np.uint8).reshape(6, 6, 3)
        return Image.fromarray(coarse).resize((96, 72), Image.Resampling.BICUBIC)

    def conversation(self, turns: int = 3) -> str:
        """A conversation, some of whose turns bring pictures."""
        thread = self.home.conversations.create().id
        for number in range(turns):
            self.turn(thread, pictured=number == 0)
        return thread

    def turn(self, thread: str, *, pictured: bool) -> None:
        """A turn of a conversation."""
        uploads = [Upload(png(self.picture()), f"{self.words()}.png")] if pictured else []
        *_, last = self._assistant.ask(thread, self.words(), uploads)
        if not isinstance(last, Done):
            raise RuntimeError(f"the turn did not end well: {last}")  # noqa: TRY004 - what a bench raises

    def memory(self, *, pictured: bool) -> str:
        """A memory with its vector."""
        ref = None
        if pictured:
            references = self.home.conversations.references
            ref = references.keep("turn", "memory", lambda: self.home.images.add(png(self.picture()), handle="img1"))
        memory = self.home.memories.add(self.words(), origin="written", sha256=ref.sha256 if ref else "")
        self.home.conversations.references.release("turn", "memory")
        self.home.memories.keep_vectors(Arithmetic.id, [memory], Arithmetic().encode_texts([memory.text]))
        return memory.id

    def drawing(self) -> str:
        """A drawing outside any conversation."""
        return self.home.drawings.add(self.picture(), {"prompt": self.words(), "seed": 1}, handle="img1").sha256

    def files(self, pictures: int, documents: int) -> None:
        """Files in the album, and all of it indexed."""
        self.album.mkdir(exist_ok=True)
        for _ in range(pictures):
            (self.album / f"{self.chance.getrandbits(48):012x}.png").write_bytes(png(self.picture()))
        for _ in range(documents):
            text = "\n\n".join(f"# {self.words()}\n\n{self.words()}" for _ in range(2))
            (self.album / f"{self.chance.getrandbits(48):012x}.md").write_text(text, encoding="utf-8")
        self.index()

    def index(self) -> None:
        """Bring the library in line with the album."""
        encoder: Any = Arithmetic()
        self.home.library.index(
            [self.album],
            encoder,
            encoder,
            cancel=threading.Event(),
            report=lambda _: None,
            describe=lambda _: self.words(),
            read=lambda _: self.words(),
        )


def png(image: Image.Image) -> bytes:
    """A picture's file."""
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def _unit(rows: NDArray[np.float64]) -> NDArray[np.float32]:
    scaled: NDArray[np.float32] = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    return scaled
