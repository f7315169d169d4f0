"""The data directory, opened: the lock that makes it ours, the pictures, conversations, drawings and memories in it."""

from __future__ import annotations

import threading
from contextlib import ExitStack
from typing import TYPE_CHECKING, Self

from memory.conversations import Conversations
from memory.drawings import Drawings
from memory.erasure.erasing import finish
from memory.feedback import Feedback
from memory.files import disk_errors_named
from memory.images import ImageStore
from memory.lock import DataLock
from memory.memories.store import Memories

if TYPE_CHECKING:
    from pathlib import Path

    from memory.library.library import Library
    from runtime.settings import Settings


class Home:
    """Everything that lasts, for one user, while this process owns the data directory. Use `Home.open`.

    Attributes:
        root: the data directory.
        user: whose it is for.
        images: the user's pictures.
        conversations: the user's conversations.
        drawings: which of the pictures vistalk drew, and how.
        memories: what the user told and showed, to be remembered.
        feedback: what the user thinks of replies.
    """

    def __init__(
        self, root: Path, settings: Settings, images: ImageStore, conversations: Conversations, closing: ExitStack
    ) -> None:
        self.root = root
        self.user = settings.user
        self._settings = settings
        self._opening = threading.Lock()
        self._library: Library | None = None
        self.images = images
        self.conversations = conversations
        self.drawings = Drawings(conversations.saver, settings.user, images, conversations.references)
        self.memories = Memories(conversations.saver, settings.user, conversations.references)
        self.feedback = Feedback(conversations.saver, settings.user)
        self._closing = closing

    @classmethod
    def open(cls, settings: Settings) -> Home:
        """Make the data directory if it is not there, readable to its owner only, and take it.

        Raises:
            DataDirectoryBusy: another vistalk has it open.
            DiskFull: nothing can be written.
            SetupError: the folder cannot be made or written, or what is in it cannot be used.
        """
        root = settings.home
        with disk_errors_named(root):
            root.mkdir(mode=0o700, parents=True, exist_ok=True)
        with ExitStack() as opened:
            opened.callback(DataLock(root).release)
            return cls._opened(settings, opened)

    def of(self, user: str) -> Home:
        """The same data directory for another user, none of whose rows and files this one reaches, nor the other way
        round. It is to be closed before this one.

        Raises:
            BadSetting: the user's name cannot be used.
            DiskFull, SetupError: as for `open`.
        """
        with ExitStack() as opened:
            return self._opened(self._settings.model_copy(update={"user": user}), opened, self.conversations)

    @classmethod
    def _opened(cls, settings: Settings, opened: ExitStack, beside: Conversations | None = None) -> Home:
        root = settings.home
        images = ImageStore(
            root / "images",
            settings.user,
            max_bytes=settings.max_upload_bytes,
            max_pixels=settings.max_pixels,
        )
        conversations = Conversations(root / "threads.sqlite", settings.user, images, beside)
        if not beside:
            opened.callback(conversations.close)
        conversations.references.sweep()
        home = cls(root, settings, images, conversations, opened.pop_all())
        try:
            finish(home)
        except BaseException:
            home.close()
            raise
        return home

    @property
    def has_library(self) -> bool:
        """Whether anything was ever looked for or indexed in a library here."""
        return (self.root / "library.sqlite").exists()

    @property
    def library(self) -> Library:
        """The user's own pictures and documents; opened when it is first asked for.

        Raises:
            DiskFull: it could not be made.
            SetupError: it cannot be used.
        """
        with self._opening:
            if self._library is None:
                from memory.library.library import Library  # what it stands on takes a while to import

                settings = self._settings
                self._library = Library(
                    self.root,
                    settings.user,
                    max_bytes=settings.max_upload_bytes,
                    max_pixels=settings.max_pixels,
                    places=settings.library_places,
                    chroma_url=settings.chroma_url,
                )
                self._closing.callback(self._library.close)
            return self._library

    def close(self) -> None:
        """Close all and let another process in; a second call does nothing."""
        self._closing.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()
