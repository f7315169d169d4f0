"""The data directory, opened: the lock that makes it ours, the pictures and the conversations in it."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Self

from memory.conversations import Conversations
from memory.files import disk_errors_named
from memory.images import ImageStore
from memory.lock import DataLock

if TYPE_CHECKING:
    from pathlib import Path

    from runtime.settings import Settings


class Home:
    """Everything that lasts, for one user, while this process owns the data directory. Use `Home.open`.

    Attributes:
        root: the data directory.
        images: the user's pictures.
        conversations: the user's conversations.
    """

    def __init__(self, root: Path, images: ImageStore, conversations: Conversations, closing: ExitStack) -> None:
        self.root = root
        self.images = images
        self.conversations = conversations
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
            images = ImageStore(
                root / "images",
                settings.user,
                max_bytes=settings.max_upload_bytes,
                max_pixels=settings.max_pixels,
            )
            conversations = Conversations(root / "threads.sqlite", settings.user)
            opened.callback(conversations.close)
            return cls(root, images, conversations, opened.pop_all())

    def close(self) -> None:
        """Close all and let another process in; a second call does nothing."""
        self._closing.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()
