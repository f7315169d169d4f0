"""Who is examined: the bare model, one prompt a sample, or the whole agent, one conversation a sample."""

from __future__ import annotations

import hashlib
import tempfile
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from langchain_core.messages import HumanMessage
from PIL import Image

from agent.assembly import open_assistant
from agent.assistant import Assistant, Upload
from agent.events import Done, Failed, Planned
from memory.decode import decode
from runtime.models import chat_model, model_pool, models_folder
from runtime.presets import preset_of
from runtime.settings import Settings
from runtime.vlm.base import VisionChatModel, token_counts


@dataclass(frozen=True)
class Answer:
    """What came back. `error` is a sentence where nothing did."""

    text: str
    confidence: float | None = None
    usage: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0
    error: str = ""
    action: str = ""


class Subject(ABC):
    """Answers samples one by one."""

    @abstractmethod
    def answer(self, pictures: Sequence[bytes], prompt: str) -> Answer:
        """Look at the pictures' files and answer the prompt. Errors of the subject are part of the answer."""


class BareModel(Subject):
    """The model alone, its pictures decoded as the product decodes them."""

    def __init__(self, settings: Settings) -> None:
        from runtime.vlm.chat import LocalVisionChatModel  # takes torch, which a list of runs does not need

        self._settings = settings
        self._pictures: dict[str, Image.Image] = {}
        self.pool = model_pool(settings)
        self.model: VisionChatModel = chat_model(settings, preset_of(settings), self.pool, self._pictures.__getitem__)
        if isinstance(self.model, LocalVisionChatModel):
            self.model.reuse = False  # an answer must not depend on which samples came before it

    def answer(self, pictures: Sequence[bytes], prompt: str) -> Answer:
        """See `Subject.answer`."""
        started = time.perf_counter()
        keys = [self._add(data) for data in pictures]
        blocks: list[str | dict[str, str]] = [{"type": "image", "file_id": key} for key in keys]
        reply = self.model.invoke([HumanMessage([*blocks, {"type": "text", "text": prompt}])])
        self._pictures.clear()
        return Answer(
            text=str(reply.text).strip(),
            confidence=reply.response_metadata["confidence"],
            usage=token_counts(reply),
            seconds=time.perf_counter() - started,
        )

    def _add(self, data: bytes) -> str:
        decoded = decode(data, max_bytes=self._settings.max_upload_bytes, max_pixels=self._settings.max_pixels)
        key = hashlib.sha256(data).hexdigest()
        self._pictures[key] = decoded.image
        return key


class WholeAgent(Subject):
    """A turn of the assistant in a conversation of its own, in a data directory that is thrown away."""

    def __init__(self, assistant: Assistant) -> None:
        self._assistant = assistant

    def answer(self, pictures: Sequence[bytes], prompt: str) -> Answer:
        """See `Subject.answer`."""
        thread = self._assistant.home.conversations.create().id
        action = ""
        for event in self._assistant.ask(thread, prompt, [Upload(data) for data in pictures], threading.Event()):
            if isinstance(event, Planned):
                action = action or event.action
            if isinstance(event, Done):
                return Answer(event.text, event.confidence, event.usage, event.seconds, action=action)
            if isinstance(event, Failed):
                return Answer(event.text, error=event.message, action=action)
        raise RuntimeError("a turn ended without its last event")


@contextmanager
def open_subject(name: str, settings: Settings) -> Iterator[Subject]:
    """The subject of that name, "model" or "agent", closed at the end.

    Raises:
        ModelNotPresent, BadSetting
    """
    if name == "model":
        bare = BareModel(settings)
        try:
            yield bare
        finally:
            bare.pool.close()
        return
    with tempfile.TemporaryDirectory() as folder:
        assistant = open_assistant(settings.model_copy(update={"home": linked_home(settings, Path(folder))}))
        try:
            yield WholeAgent(assistant)
        finally:
            assistant.close()


def linked_home(settings: Settings, folder: Path) -> Path:
    """An empty data directory with the models of the real one."""
    home = folder / "home"
    home.mkdir()
    (home / "models").symlink_to(models_folder(settings), target_is_directory=True)
    return home
