"""The files under the folders that are to be indexed: found once each, whatever links there are."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from memory.documents.read import SUFFIXES
from memory.library.records import Failure
from memory.names import plain_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

FileKind = Literal["picture", "document"]

CATALOGUE = "catalogue.csv"
"""The name of the file that says what is on the pictures beside it."""

_PICTURES = frozenset({".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".heic", ".heif"})
_SHOWN_CHARS = 4096


@dataclass(frozen=True, slots=True)
class Found:
    """A file to index, as it stood when it was found."""

    path: Path
    kind: FileKind
    bytes: int
    modified_ns: int


@dataclass(slots=True)
class Walk:
    """What lies under the folders.

    Attributes:
        roots: the folders and files that were named and are there, absolute.
        files: pictures and documents.
        catalogues: files of the name `CATALOGUE`.
        failures: what was named or found and cannot be read.
        unread: folders that could not be looked into: nothing is known of what they hold.
    """

    roots: list[Path] = field(default_factory=list)
    files: list[Found] = field(default_factory=list)
    catalogues: list[Path] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    unread: list[Path] = field(default_factory=list)


def shown(path: Path) -> str:
    """A path as one line that can be printed anywhere, whatever bytes it is made of."""
    return plain_line(os.fsencode(path).decode(errors="replace"), _SHOWN_CHARS)


def kind_of(path: Path) -> FileKind | None:
    """What a file is, told by its name; None when it is not indexed."""
    suffix = path.suffix.lower()
    if suffix in _PICTURES:
        return "picture"
    return "document" if suffix in SUFFIXES else None


def walk(paths: Sequence[Path], *, skip: Sequence[Path] = ()) -> Walk:
    """Look through folders and what is below them; hidden files and folders are passed over unless named.

    Args:
        paths: folders and files.
        skip: folders that are never looked into.
    """
    walker = _Walker(skip)
    for path in paths:
        walker.name(Path(os.path.abspath(path)))  # noqa: PTH100 - `resolve` would follow links
    return walker.walk


class _Walker:
    """A folder is known by its device and inode, so that links in a circle end and nothing is met twice.

    Links are followed after all real folders of a root, so that a file is known by its own path where it has one.
    """

    def __init__(self, skip: Iterable[Path]) -> None:
        self.walk = Walk()
        self._met: set[tuple[int, int]] = set()
        self._named: set[Path] = set()
        for folder in skip:
            if folder.exists():
                about = folder.stat()
                self._met.add((about.st_dev, about.st_ino))

    def name(self, path: Path) -> None:
        """Take in a folder or a file that the person named."""
        try:
            about = path.stat()
        except (FileNotFoundError, NotADirectoryError):
            what = "file" if path.suffix else "folder"
            self._fail(path, f"The {what} {shown(path)} is not there.", "not_there", unread=True)
            return
        except (OSError, ValueError) as error:
            self._fail(path, f"It cannot be looked into: {_why(error)}.", "unreadable", unread=True)
            return
        if stat.S_ISDIR(about.st_mode):
            self.walk.roots.append(path)
            self._folders(path)
        elif not self._file(path, about):
            self._fail(path, "It is not a kind of file that is indexed.", "other_kind")
        else:
            self.walk.roots.append(path)

    def _folders(self, root: Path) -> None:
        links: list[Path] = []
        waiting = [root]
        while waiting or links:
            folder = waiting.pop() if waiting else links.pop()
            try:
                about = folder.stat()
                if (about.st_dev, about.st_ino) in self._met:
                    continue
                self._met.add((about.st_dev, about.st_ino))
                with os.scandir(folder) as entries:
                    listed = sorted(entries, key=lambda entry: os.fsencode(entry.name))
            except OSError as error:
                why = f"The folder cannot be looked into: {_why(error)}."
                self._fail(folder, why, "unreadable_folder", unread=True)
                continue
            inner: list[Path] = []
            for entry in listed:
                path = Path(entry.path)
                try:
                    if entry.name.startswith("."):
                        continue
                    if entry.is_dir():
                        (links if entry.is_symlink() else inner).append(path)
                    elif kind_of(path) or path.name == CATALOGUE:
                        self._file(path, path.stat())
                except OSError as error:
                    self._fail(path, f"It cannot be read: {_why(error)}.", "unreadable")
            waiting += reversed(inner)

    def _file(self, path: Path, about: os.stat_result) -> bool:
        """Whether it is a file that is indexed; a file that is named twice counts once."""
        if not stat.S_ISREG(about.st_mode):
            return False
        if path in self._named:
            return True
        if path.name == CATALOGUE:
            self.walk.catalogues.append(path)
        elif kind := kind_of(path):
            self.walk.files.append(Found(path, kind, about.st_size, about.st_mtime_ns))
        else:
            return False
        self._named.add(path)
        return True

    def _fail(self, path: Path, reason: str, cause: str, *, unread: bool = False) -> None:
        self.walk.failures.append(Failure(shown(path), reason, cause))
        if unread:
            self.walk.unread.append(path)


def _why(error: OSError | ValueError) -> str:
    return str(getattr(error, "strerror", "") or error)
