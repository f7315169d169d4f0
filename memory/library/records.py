"""What the library knows and what comes back from it: frozen records, light to import."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Picture:
    """One indexed picture of the user's, which lies where they keep it.

    Attributes:
        id: 32 hex digits, the same for a path whatever the file holds.
        path: the file.
        folder: the folder that it lies in.
        sha256: of the file's bytes as they were indexed.
        bytes: their number.
        modified: when the file was last changed, in seconds since 1970.
        width: in pixels, upright.
        height: in pixels, upright.
        taken: the date and time in the camera's own clock, such as "2024-05-01T12:30:00"; empty if unknown.
        place: latitude and longitude in degrees; None if unknown, or if the settings do not allow it.
        caption: made while indexing if that was asked for, else empty.
        text: read in the picture while indexing if that was asked for, else empty.
        entry: what a catalogue beside it says of it, else empty.
        indexed: when, in seconds since 1970.
    """

    id: str
    path: Path
    folder: Path
    sha256: str
    bytes: int
    modified: float
    width: int
    height: int
    taken: str
    place: tuple[float, float] | None
    caption: str
    text: str
    entry: str
    indexed: float

    @property
    def present(self) -> bool:
        """Whether the file is still there."""
        return self.path.is_file()


@dataclass(frozen=True, slots=True)
class Passage:
    """A stretch of an indexed document.

    Attributes:
        another one once the document changes.
        path: the document.
        folder: the folder that it lies in.
        heading: the headings above it, such as "Returns › Electronics"; empty when there are none.
        page: counted from 1; None for documents without pages.
        text: as it stands in the document.
        number: its place in the document, from 0.
    """

    id: str
    path: Path
    folder: Path
    heading: str
    page: int | None
    text: str
    number: int

    @property
    def in_context(self) -> str:
        """The text after the two nearest of its headings, without which it seldom says what it is about."""
        headings = ", ".join(self.heading.split(" › ")[-2:])
        return f"{headings}: {self.text}" if headings else self.text


@dataclass(frozen=True, slots=True)
class PictureHit:
    """A picture that was found; `score` is the cosine with what was asked, at most 1."""

    picture: Picture
    score: float


@dataclass(frozen=True, slots=True)
class PassageHit:
    """A passage that was found.

    Attributes:
        passage: what was found.
        score: of its meaning and its words together; only comparable within one search.
        dense_rank: its place by meaning, from 1; None when it was not among the nearest.
        lexical_rank: its place by words, from 1; None when it holds none of them.
    """

    passage: Passage
    score: float
    dense_rank: int | None
    lexical_rank: int | None


@dataclass(frozen=True, slots=True)
class Filters:
    """What a search or a list is narrowed to.

    Attributes:
        folder: only what lies in this folder or below it.
        since: not before this day, such as "2024-05-01"; of `taken` where that is known, else of `modified`.
        until: not after this day, likewise.
    """

    folder: Path | None = None
    since: str = ""
    until: str = ""


CAUSES = frozenset(
    [
        "not_there",
        "unreadable",
        "unreadable_folder",
        "other_kind",
        "catalogue",
        "model",
        "empty",
        "too_many_bytes",
        "unknown_format",
        "damaged",
        "too_many_pixels",
        "too_thin",
        "too_many_frames",
        "binary",
        "encrypted",
        "pictures",
        "no_text",
        "too_many_pages",
        "too_long",
        "too_deep",
        "too_slow",
    ]
)
"""Why a file, a folder or a catalogue is not indexed as it should be: our own reasons, and those of `ImageRejected` and
`DocumentRejected`."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A file, or a folder, that could not be indexed.

    Attributes:
        path: fit to be shown.
        reason: a sentence that says why.
        cause: the same for programs; one of `memory.library.records.CAUSES`.
    """

    path: str
    reason: str
    cause: str


@dataclass(frozen=True, slots=True)
class Progress:
    """How far indexing has come; files count as done once they are kept.

    Attributes:
        done: files dealt with.
        total: files found.
        new: files indexed for the first time.
        changed: files indexed anew.
        unchanged: files that were indexed already.
        removed: files taken out of the index because they are gone.
        failed: files, folders and catalogues that could not be indexed as they should.
        path: of the last file, fit to be shown.
    """

    done: int
    total: int
    new: int
    changed: int
    unchanged: int
    removed: int
    failed: int
    path: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What indexing came to: the counts of `Progress`, and the rest.

    Attributes:
        failures: each with its reason, in the order in which they were met.
        seconds: how long it took.
        cancelled: it was stopped; what had been indexed is kept.
    """

    done: int
    total: int
    new: int
    changed: int
    unchanged: int
    removed: int
    failed: int
    failures: tuple[Failure, ...]
    seconds: float
    cancelled: bool


@dataclass(frozen=True, slots=True)
class FolderStats:
    """One folder that was given to be indexed.

    Attributes:
        path: the folder.
        pictures: indexed in it or below it.
        documents: likewise.
        missing: how many of these files are no longer there.
        present: whether the folder itself is there.
    """

    path: Path
    pictures: int
    documents: int
    missing: int
    present: bool


@dataclass(frozen=True, slots=True)
class Stats:
    """The whole library of one user.

    Attributes:
        pictures: how many are indexed.
        passages: likewise, in all documents.
        documents: likewise.
        missing: indexed files that are no longer there.
        folders: those that were given to be indexed.
        encoder: id of the pictures' encoder; empty when no picture is indexed.
        passage_encoder: id of the passages' encoder; empty when no document is indexed.
        bytes: on disk: the rows and vectors of all users, and the thumbnails of this one.
    """

    pictures: int
    passages: int
    documents: int
    missing: int
    folders: tuple[FolderStats, ...]
    encoder: str
    passage_encoder: str
    bytes: int
