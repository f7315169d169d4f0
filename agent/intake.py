"""What a person sends, on its way into a turn: checked, its pictures kept, the language known."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from langchain_core.messages import HumanMessage
from langchain_core.runnables import RunnableConfig

from agent.language import Language, language_of
from agent.planner import Facts
from agent.state import State, Turn, found_pictures
from memory.home import Home
from memory.provenance import Made
from memory.refs import ImageRef
from runtime.errors import EmptyQuestion, ImageMissing, QuestionTooLong, TooManyImages
from runtime.presets import Preset
from runtime.settings import Settings

if TYPE_CHECKING:
    from PIL.Image import Image


@dataclass(frozen=True)
class Upload:
    """A file as it came: its bytes and what it was called."""

    data: bytes
    name: str = ""


@dataclass(frozen=True)
class Asked:
    """What a person said: where in the conversation, with which pictures, and instead of which of its turns.

    `sampling` is for an answer that is to be another one.
    """

    config: RunnableConfig
    words: str
    uploads: Sequence[Upload | ImageRef]
    turn: int | None = None
    sampling: Mapping[str, Any] = field(default_factory=dict)


class Intake:
    """Takes in what a person sends: checks it, puts its pictures away, and makes a turn of it."""

    def __init__(self, settings: Settings, preset: Preset, home: Home) -> None:
        self._settings = settings
        self._preset = preset
        self._home = home

    def checked(self, words: str, uploads: Sequence[Upload | ImageRef]) -> str:
        """The words as they count.

        Raises:
            EmptyQuestion, QuestionTooLong, TooManyImages
        """
        words = words.strip()
        if not words and not uploads:
            raise EmptyQuestion
        if len(words) > (most := self._settings.max_question_chars):
            raise QuestionTooLong(f"The question has {len(words):,} characters; {most:,} are the most.")
        if len(uploads) > (most := self._settings.max_images_per_turn):
            raise TooManyImages(f"{len(uploads)} pictures came at once; {most} are the most.")
        return words

    def language(self, words: str) -> Language:
        """Of the reply to these words."""
        return language_of(words, self._settings.language)

    def live(self, images: list[dict[str, Any]]) -> dict[str, ImageRef]:
        """The pictures whose files are still there, by handle."""
        live = {}
        for image in images:
            ref = ImageRef.from_dict(image)
            try:
                self._home.images.path(ref.sha256)
            except ImageMissing:
                continue
            live[ref.handle] = ref
        return live

    def facts(self, words: str, uploads: Sequence[Upload], values: State | None) -> Facts:
        """What the planner would know of a turn with these words and files in a conversation; nothing is kept.

        Raises:
            VistalkError: nothing of it can be taken.
        """
        words = self.checked(words, uploads)
        for upload in uploads:
            self._home.images.check(upload.data, name=upload.name)
        known = values["images"] if values else []
        new = [f"img{number}" for number in range(len(known) + 1, len(known) + len(uploads) + 1)]
        found, focus = found_pictures(values["messages"], []) if values and not uploads else ([], [])
        return Facts(
            words=words,
            language=self.language(words),
            handles=[*self.live(known), *new],
            new=new,
            earlier=said(values) if values else [],
            calls_left=self._preset.tool_calls,
            found=found,
            focus=focus,
        )

    def opened(self, thread: str, asked: Asked, before: State, cancel: threading.Event) -> tuple[Turn, list[ImageRef]]:
        """The turn that begins, and the pictures that came with it, which are kept.

        Raises:
            VistalkError: nothing of it can be taken.
        """
        words = self.checked(asked.words, asked.uploads)
        fresh = self._store(thread, asked.uploads, before["images"])
        images = self.live(before["images"]) | {ref.handle: ref for ref in fresh}
        new = [ref.handle for ref in fresh]
        language = self.language(words or "".join(said(before)[-1:]))
        calls = self._preset.tool_calls
        keep, draw, again = (partial(how, thread) for how in (self._keep, self._keep_drawing, self._keep_again))
        turn = Turn(words, language, images, new, cancel, calls, keep, draw, again, thread, asked.sampling)
        return turn, fresh

    def _store(self, thread: str, uploads: Sequence[Upload | ImageRef], known: list[dict[str, Any]]) -> list[ImageRef]:
        return [
            upload if isinstance(upload, ImageRef) else self._keep(thread, upload.data, f"img{number}", upload.name)
            for number, upload in enumerate(uploads, len(known) + 1)
        ]

    def _keep(self, thread: str, data: bytes, handle: str, name: str) -> ImageRef:
        store = partial(self._home.images.add, data, handle=handle, name=name)
        return self._home.conversations.references.keep("turn", thread, store)

    def _keep_drawing(self, thread: str, image: Image, made: Made, handle: str) -> ImageRef:
        store = partial(self._home.drawings.add, image, made, handle=handle, thread=thread)
        return self._home.conversations.references.keep("turn", thread, store)

    def _keep_again(self, thread: str, sha256: str, handle: str, name: str) -> ImageRef:
        store = partial(self._home.images.ref, sha256, handle=handle, name=name)
        return self._home.conversations.references.keep("turn", thread, store)


def said(values: State) -> list[str]:
    """The person's own words in a conversation, oldest first."""
    return [str(m.text) for m in values["messages"] if isinstance(m, HumanMessage) and m.text]
