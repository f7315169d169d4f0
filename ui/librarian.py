"""What can be asked of the data directory from outside the chat. A request is plain values, so that it can be carried
out here or sent to the process that has the library open: the same code answers in both."""

from __future__ import annotations

import hashlib
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from memory.erasure.erasing import erase
from memory.erasure.targets import Kind, Target
from memory.erasure.verifying import Verdict, erase_and_verify
from memory.library.records import Filters, Outcome, PassageHit, Picture, PictureHit, Progress, Stats
from runtime.errors import EmptyQuestion, QuestionTooLong, UserError
from runtime.models import chat_model, encoder, passage_encoder, text_reader
from runtime.presets import preset_of

if TYPE_CHECKING:
    from PIL import Image

    from memory.home import Home
    from memory.library.library import Library
    from runtime.encoder.base import Encoder, PassageEncoder
    from runtime.pool import ModelPool
    from runtime.settings import Settings

MOST_HITS = 1000

Report = Callable[[Progress], None]
R = TypeVar("R")


class Librarian:
    """The library of an open data directory, and the models that its requests need, leased from a pool.

    Attributes:
        settings: those of the data directory.
        home: the data directory.
        alone: within, no turn and no indexing begins; it yields False, and holds nothing up, where one is under way.
    """

    def __init__(
        self,
        settings: Settings,
        home: Home,
        pool: ModelPool,
        alone: Callable[[], AbstractContextManager[bool]] = lambda: nullcontext(True),
    ) -> None:
        self.settings = settings
        self.home = home
        self.alone = alone
        self._preset = preset_of(settings)
        self._pool = pool

    @property
    def library(self) -> Library:
        """The user's library; opened at first use."""
        return self.home.library

    @cached_property
    def encoder(self) -> Encoder:
        """Of pictures and words. Raises BadSetting where the preset has none."""
        return encoder(self.settings, self._preset, self._pool)

    @cached_property
    def passages(self) -> PassageEncoder:
        """Of passages and questions. Raises BadSetting where the preset has none."""
        return passage_encoder(self.settings, self._preset, self._pool)

    def describe(self) -> Callable[[Image.Image], str]:
        """How to have a picture described."""
        from langchain_core.messages import HumanMessage

        from tools.looking import prompt

        shown: dict[str, Image.Image] = {}
        model = chat_model(self.settings, self._preset, self._pool, shown.__getitem__)
        words = prompt("zh" if self.settings.language == "zh" else "en", "caption")

        def described(image: Image.Image) -> str:
            key = hashlib.sha256(image.tobytes()).hexdigest()
            shown[key] = image
            try:
                asked = HumanMessage(content=[{"type": "image", "file_id": key}, {"type": "text", "text": words}])
                return str(model.invoke([asked]).text).strip()
            finally:
                del shown[key]

        return described

    def read(self) -> Callable[[Image.Image], str]:
        """How to have the text in a picture read."""
        reader = text_reader(self.settings)

        def text_in(image: Image.Image) -> str:
            with self._pool.lease(reader) as leased:
                return "\n".join(line.text for line in leased.read(image))

        return text_in


class Request(BaseModel, ABC, Generic[R]):
    """Base of the requests.

    Attributes:
        command: what it is called when it is sent.
        reply: reads back what `run` returns.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    command: ClassVar[str]
    reply: ClassVar[TypeAdapter[Any]]

    @abstractmethod
    def run(self, librarian: Librarian, report: Report, cancel: threading.Event) -> R:
        """Carry it out. Raises a `VistalkError` where that is not possible."""


class Indexing(Request[Outcome]):
    """Index files and folders; those that were given before where there are none.

    Attributes:
        paths: absolute.
        again: read everything anew, also what another encoder made.
        captions: have each picture described.
        read_text: have the text in each picture read.
    """

    command = "index"
    reply = TypeAdapter(Outcome)

    paths: tuple[Path, ...] = ()
    again: bool = False
    captions: bool = False
    read_text: bool = False

    def run(self, librarian: Librarian, report: Report, cancel: threading.Event) -> Outcome:
        """See `Request.run`."""
        return librarian.library.index(
            self.paths,
            librarian.encoder,
            librarian.passages,
            cancel=cancel,
            report=report,
            describe=librarian.describe() if self.captions else None,
            read=librarian.read() if self.read_text else None,
            again=self.again,
        )


@dataclass(frozen=True, slots=True)
class Found:
    """What a search found, the best first: pictures, or passages where those were asked for."""

    pictures: tuple[PictureHit, ...] = ()
    passages: tuple[PassageHit, ...] = ()


class Searching(Request[Found]):
    """Search pictures by words or by a picture, or documents by words.

    Attributes:
        image: a picture file, absolute; instead of words.
        top: how many at most.
        documents: search documents, not pictures.
        folder: only what lies below it, absolute.
        since, until: the first and last day.
    """

    command = "search"
    reply = TypeAdapter(Found)

    words: str = ""
    image: Path | None = None
    top: int = Field(12, ge=1, le=MOST_HITS)
    documents: bool = False
    folder: Path | None = None
    since: date | None = None
    until: date | None = None

    def run(self, librarian: Librarian, report: Report, cancel: threading.Event) -> Found:  # noqa: ARG002
        """See `Request.run`."""
        words, library = self.words.strip(), librarian.library
        if not words and self.image is None:
            raise EmptyQuestion("There is nothing to search for.", hint="Give words, or a picture with --image.")
        if len(words) > (most := librarian.settings.max_question_chars):
            raise QuestionTooLong(f"The search has {len(words):,} characters; {most:,} are the most.")
        filters = Filters(
            self.folder,
            self.since.isoformat() if self.since else "",
            self.until.isoformat() if self.until else "",
        )
        if self.documents:
            vector = librarian.passages.encode_queries([words])[0]
            passages = library.search_passages(words, vector, librarian.passages.id, top=self.top, filters=filters)
            return Found(passages=tuple(passages))
        if self.image is None:
            vector = librarian.encoder.encode_texts([words])[0]
        else:
            from ui.commands.session import read_picture

            vector = librarian.encoder.encode_images([read_picture(self.image, librarian.settings)])[0]
        return Found(
            tuple(library.search_pictures(vector, librarian.encoder.id, words=words, top=self.top, filters=filters))
        )


class Counting(Request[Stats]):
    """What the library holds."""

    command = "stats"
    reply = TypeAdapter(Stats)

    def run(self, librarian: Librarian, report: Report, cancel: threading.Event) -> Stats:  # noqa: ARG002
        """See `Request.run`."""
        return librarian.library.stats()


class Removing(Request[int]):
    """Take a file or a folder, by its absolute path, out of the index; the answer is how many files that were."""

    command = "remove"
    reply = TypeAdapter(int)

    path: Path

    def run(self, librarian: Librarian, report: Report, cancel: threading.Event) -> int:  # noqa: ARG002
        """See `Request.run`."""
        return librarian.library.remove(self.path)


class Comparing(Request[list[list[Picture]]]):
    """Find pictures that look the same: groups whose cosine is at least the threshold."""

    command = "duplicates"
    reply = TypeAdapter(list[list[Picture]])

    threshold: float = Field(0.97, gt=0, le=1)

    def run(self, librarian: Librarian, report: Report, cancel: threading.Event) -> list[list[Picture]]:  # noqa: ARG002
        """See `Request.run`."""
        return librarian.library.duplicates(self.threshold)


@dataclass(frozen=True, slots=True)
class Erased:
    """What an erasure came to: the user's own files that were indexed and stay, and what a scan found, if any."""

    own_files: tuple[Path, ...] = ()
    verdict: Verdict | None = None


class Erasing(Request[Erased]):
    """Erase something for good; see `memory.erasure`.

    Attributes:
        kind, id, turn: what, as a `Target` has it.
        verify: look for what is left of it.
    """

    command = "erase"
    reply = TypeAdapter(Erased)

    kind: Kind
    id: str = ""
    turn: int = 0
    verify: bool = False

    def run(self, librarian: Librarian, report: Report, cancel: threading.Event) -> Erased:  # noqa: ARG002
        """See `Request.run`."""
        target = Target(self.kind, self.id, self.turn)
        with librarian.alone() as alone:
            if not alone:
                raise UserError("An answer or an indexing is under way.", hint="Wait until it is over, and try again.")
            if self.verify:
                own_files, verdict = erase_and_verify(librarian.home, target)
                return Erased(tuple(own_files), verdict)
            return Erased(tuple(erase(librarian.home, target)))


REQUESTS: dict[str, type[Request[Any]]] = {
    request.command: request for request in (Indexing, Searching, Counting, Removing, Comparing, Erasing)
}
