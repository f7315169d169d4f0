"""Who is examined: the bare model, one prompt a sample, or the whole agent, one conversation a sample."""

from __future__ import annotations

import hashlib
import tempfile
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage
from PIL import Image

from agent.assembly import open_assistant
from agent.assistant import Assistant, Upload
from agent.events import Done, Failed
from evals.scripts import begin
from memory.decode import decode
from runtime.errors import Cancelled, ImageMissing, SetupError, UserError, VistalkError
from runtime.models import chat_model, model_pool, models_folder
from runtime.presets import preset_of
from runtime.settings import Settings
from runtime.vlm.base import VisionChatModel, token_counts


@dataclass(frozen=True)
class Question:
    """What is asked: the files of the pictures to look at, and the prompt."""

    pictures: Sequence[bytes]
    prompt: str


@dataclass(frozen=True)
class Answer:
    """What came back. `error` is a sentence where nothing did; `seconds` a share where several came together."""

    text: str
    confidence: float | None = None
    usage: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0
    error: str = ""


class Subject(ABC):
    """Answers questions, each as if it were the only one."""

    @abstractmethod
    def answer(self, pictures: Sequence[bytes], prompt: str) -> Answer:
        """Look at the pictures' files and answer the prompt. Errors of the subject are part of the answer."""

    def answers(self, questions: Sequence[Question]) -> Iterator[tuple[int, Answer]]:
        """The answers with the places of their questions, as they come; here one by one.

        Raises:
            Cancelled, SetupError: what ends a run.
        """
        for place, question in enumerate(questions):
            try:
                answer = self.answer(question.pictures, question.prompt)
            except (Cancelled, SetupError):
                raise
            except VistalkError as error:
                answer = Answer("", error=error.message)
            yield place, answer


class BareModel(Subject):
    """The model alone, its pictures decoded as the product decodes them. Any number of threads may ask it."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._preset = preset_of(settings)
        self.pool = model_pool(settings)
        self.model: VisionChatModel = chat_model(settings, self._preset, self.pool, _no_picture, reuse=False)

    def answer(self, pictures: Sequence[bytes], prompt: str) -> Answer:
        """See `Subject.answer`."""
        ((_, answer),) = self._together([Question(pictures, prompt)])
        return answer

    def answers(self, questions: Sequence[Question]) -> Iterator[tuple[int, Answer]]:
        """See `Subject.answers`; a local model answers several at once."""
        return self._together(questions) if self._preset.local else super().answers(questions)

    def _together(self, questions: Sequence[Question]) -> Iterator[tuple[int, Answer]]:
        pictures: dict[str, Image.Image] = {}
        conversations: dict[int, list[BaseMessage]] = {}
        for place, question in enumerate(questions):
            try:
                conversations[place] = [self._message(question, pictures)]
            except UserError as error:
                yield place, Answer("", error=error.message)
        places = list(conversations)
        model = self.model.model_copy(update={"load_image": pictures.__getitem__})
        started = time.perf_counter()
        with closing(model.replies(list(conversations.values()))) as slates:
            for replies in slates:
                spent = (time.perf_counter() - started) / len(replies)
                for number, reply in replies.items():
                    yield places[number], _answer(reply, spent)
                started = time.perf_counter()

    def _message(self, question: Question, pictures: dict[str, Image.Image]) -> HumanMessage:
        """The question as a message; its pictures are put among the others, each once.

        Raises:
            ImageRejected
        """
        keys = [hashlib.sha256(data).hexdigest() for data in question.pictures]
        for key, data in zip(keys, question.pictures, strict=True):
            if key not in pictures:
                decoded = decode(data, max_bytes=self._settings.max_upload_bytes, max_pixels=self._settings.max_pixels)
                pictures[key] = decoded.image
        blocks: list[str | dict[str, str]] = [{"type": "image", "file_id": key} for key in keys]
        return HumanMessage([*blocks, {"type": "text", "text": question.prompt}])


def _no_picture(key: str) -> Image.Image:
    raise ImageMissing(f"There is no picture {key}.")


def _answer(reply: AIMessage | VistalkError, seconds: float) -> Answer:
    if isinstance(reply, SetupError):
        raise reply
    if isinstance(reply, VistalkError):
        return Answer("", seconds=seconds, error=reply.message)
    confidence: float | None = reply.response_metadata["confidence"]
    return Answer(str(reply.text).strip(), confidence, token_counts(reply), seconds)


class WholeAgent(Subject):
    """A turn of the assistant in a conversation of its own, in a data directory that is thrown away."""

    def __init__(self, assistant: Assistant) -> None:
        self.assistant = assistant

    def answer(self, pictures: Sequence[bytes], prompt: str) -> Answer:
        """See `Subject.answer`."""
        thread = begin(self.assistant)
        for event in self.assistant.ask(thread, prompt, [Upload(data) for data in pictures], threading.Event()):
            if isinstance(event, Done):
                return Answer(event.text, event.confidence, event.usage, event.seconds)
            if isinstance(event, Failed):
                return Answer(event.text, error=event.message)
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
        home = linked_home(settings, Path(folder))
        assistant = open_assistant(settings.model_copy(update={"home": home}), reuse=False)
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
