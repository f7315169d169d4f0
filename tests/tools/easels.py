"""The drawing tools over a real store and a stand-in generator, in a conversation of their own."""

from __future__ import annotations

import threading

from PIL import Image

from memory.home import Home
from memory.provenance import Made
from memory.refs import ImageRef
from tests.tools.stand_ins import Brush
from tools.base import ToolContext, ToolResult
from tools.easel import Easel
from tools.generate_image import GenerateImage
from tools.judging import Judge
from tools.vary_image import VaryImage

PRESETS = ("laptop", "workstation")


class Studio:
    """Draws and varies in one conversation, and remembers what was shown."""

    def __init__(self, home: Home, brush: Brush, judge: Judge | None = None, language: str = "en") -> None:
        easel = Easel(brush, judge, home.drawings.made, elsewhere=PRESETS)
        self.home, self.brush, self.said = home, brush, ""
        self.refs: dict[str, ImageRef] = {}
        self.cancel = threading.Event()
        self.fractions: list[float] = []
        self.previews: list[Image.Image] = []
        self._generate, self._vary = GenerateImage(easel), VaryImage(easel, home.images.open)
        self._context = ToolContext(
            self.refs, self._emit, self.cancel, language, draw=self._draw, preview=self._preview
        )

    def draw(self, prompt: str) -> ToolResult:
        """What generate_image makes of these words."""
        return self._generate.run(self._generate.arguments(prompt=prompt), self._context)

    def vary(self, image: str, instruction: str) -> ToolResult:
        """What vary_image makes of this picture and these words."""
        return self._vary.run(self._vary.arguments(image=image, instruction=instruction), self._context)

    def upload(self, data: bytes) -> ImageRef:
        """A picture that the person attached."""
        ref = self.home.images.add(data, handle=f"img{len(self.refs) + 1}")
        return self.refs.setdefault(ref.handle, ref)

    def made(self, handle: str) -> Made:
        """What the picture's file says of how it was made."""
        made = self.home.images.made(self.refs[handle].sha256)
        assert made is not None
        assert made == self.home.drawings.made(self.refs[handle].sha256)
        return made

    def _emit(self, text: str) -> None:
        self.said += text

    def _draw(self, image: Image.Image, made: Made) -> ImageRef:
        ref = self.home.drawings.add(image, made, handle=f"img{len(self.refs) + 1}")
        known = next((other for other in self.refs.values() if other.sha256 == ref.sha256), None)
        return known or self.refs.setdefault(ref.handle, ref)

    def _preview(self, fraction: float, preview: Image.Image | None) -> None:
        self.fractions.append(fraction)
        if preview is not None:
            self.previews.append(preview)
