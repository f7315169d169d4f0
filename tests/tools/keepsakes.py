"""A home, a conversation in it and the memory tools over encoders that tests can foresee."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from PIL import Image

from memory.home import Home
from memory.memories.recall import Recall
from memory.refs import ImageRef
from runtime.settings import load_settings
from tests.agent.stage import png
from tests.tools.stand_ins import ColourEncoder, WordsEncoder
from tools.base import ToolContext, ToolResult
from tools.forget import Forget
from tools.recall import RecallMemories
from tools.remember import Remember
from tools.vqa import Vqa


class Keepsakes:
    """What a person says, told to the tools as the agent would tell them."""

    def __init__(self, home: Home, vqa: Vqa | None = None) -> None:
        self.home = home
        self.memories = home.memories
        self.recall = Recall(home.memories, home.images, WordsEncoder(), ColourEncoder())
        self.described: list[str] = []
        self.said: list[str] = []
        self.refs: dict[str, ImageRef] = {}
        self.thread = home.conversations.create().id
        self.turn = 0
        self._remember = Remember(home.memories, self._describe)
        self._recalling = RecallMemories(self.recall, vqa)
        self._forget = Forget(self.recall)

    def show(self, *colours: str) -> list[str]:
        """Put pictures into the conversation; their handles."""
        return [self._put(png(colour).data).handle for colour in colours]

    def remember(self, what: str, *shown: str) -> ToolResult:
        return self._remember.run(self._remember.arguments(what=what), self._context(what, shown))

    def ask(self, query: str) -> ToolResult:
        return self._recalling.run(self._recalling.arguments(query=query), self._context(query))

    def forget(self, what: str) -> ToolResult:
        return self._forget.run(self._forget.arguments(what=what), self._context(what))

    def elsewhere(self) -> None:
        """Go on in another conversation, in which nothing was shown."""
        self.refs, self.thread, self.turn = {}, self.home.conversations.create().id, 0

    def texts(self) -> list[str]:
        return [memory.text for memory in reversed(self.memories.list())]

    def tell(self, text: str, told: datetime) -> None:
        self.memories.add(text, origin="asked", told=told)

    def _put(self, data: bytes) -> ImageRef:
        handle = f"img{len(self.refs) + 1}"
        keep = self.home.conversations.references.keep
        self.refs[handle] = keep("turn", self.thread, lambda: self.home.images.add(data, handle=handle))
        return self.refs[handle]

    def _bring(self, sha256: str, name: str) -> ImageRef:
        handle = f"img{len(self.refs) + 1}"
        self.refs[handle] = self.home.images.ref(sha256, handle=handle, name=name)
        return self.refs[handle]

    def _describe(self, handle: str, context: ToolContext) -> str:
        self.described.append(context.image(handle).sha256)
        return "It shows a colour."

    def _context(self, words: str, shown: tuple[str, ...] = ()) -> ToolContext:
        self.turn += 1
        return ToolContext(
            self.refs,
            self.said.append,
            threading.Event(),
            "zh" if any(character > "\u3400" for character in words) else "en",
            bring=self._bring,
            shown=shown,
            about=next(reversed(self.refs), ""),
            thread=self.thread,
            turn=self.turn - 1,
        )


@contextmanager
def keepsakes(folder: Path) -> Iterator[Keepsakes]:
    with Home.open(load_settings(home=folder, preset="scripted")) as home:
        yield Keepsakes(home)


def pixels(image: Image.Image) -> tuple[int, ...]:
    """The colour of a picture's middle."""
    pixel = image.getpixel((image.width // 2, image.height // 2))
    assert isinstance(pixel, tuple)
    return pixel
