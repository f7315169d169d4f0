"""Erasing: rows, files, vectors and what quotes them, and then the bytes that databases keep of what they deleted.

Whatever begins is noted, or is one transaction: what a killed process leaves undone, the next start finishes.
"""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from memory.erasure import pending
from memory.erasure.quoting import without_picture
from memory.erasure.rows import erase_rows, users
from memory.erasure.targets import Target
from memory.erasure.turns import erase_turn
from memory.files import disk_errors_named
from memory.names import checked_user
from runtime.errors import UnknownPicture, UnknownUser

if TYPE_CHECKING:
    from pathlib import Path

    from memory.home import Home

STAYING = ("models", "lock", "lock.pid", "door.json", "threads.sqlite", "library.sqlite")
"""What is left in the data directory of everything: models, what says that the directory is in use, empty databases."""

PER_USER = ("images", "thumbnails")
"""Folders with a folder for each user."""


def erase(home: Home, target: Target) -> list[Path]:
    """Erase for good; the user's own files that the library knew, which stay where they are, come back.

    No turn may be under way in what is erased. It takes the time that the databases take to be written anew.

    Raises:
        UnknownThread, UnknownTurn, UnknownMemory, UnknownPicture, UnknownUser: there is no such thing.
        DiskFull, SetupError: a file cannot be removed or written; the next start goes on with it.
    """
    match target.kind:
        case "thread":
            home.conversations.delete(target.id)
        case "turn":
            erase_turn(home.conversations, target.id, target.turn)
        case "memory":
            home.memories.delete([home.memories.get(target.id).id])
        case "image":
            return _erase_image(home, target.id)
        case "user":
            _erase_user(home, target.id)
        case "everything":
            _erase_everything(home)
    return []


def finish(home: Home) -> None:
    """Finish what a killed process began; another user's picture waits until that user's data is opened.

    Raises:
        DiskFull, SetupError: as for `erase`.
    """
    with home.conversations.saver.cursor(transaction=False) as cursor:
        unfinished = pending.noted(cursor)
    for user, kind, name in unfinished:
        if kind == "image" and user == home.user:
            _erase_noted_image(home, name)
        elif kind == "user":
            _erase_noted_user(home, user)
        elif kind == "everything":
            _erase_everything(home)


def known_users(home: Home) -> set[str]:
    """Everybody who has a row or a folder."""
    with home.conversations.saver.cursor(transaction=False) as cursor:
        found = users(cursor)
    if home.has_library:
        found |= home.library.users()
    folders = [folder for name in PER_USER for folder in (home.root / name).glob("*") if folder.is_dir()]
    return found | {folder.name for folder in folders}


def _erase_image(home: Home, sha256: str) -> list[Path]:
    with home.conversations.saver.cursor() as cursor:
        used = cursor.execute(
            "SELECT 1 FROM picture_uses WHERE user = ? AND sha256 = ? LIMIT 1", (home.user, sha256)
        ).fetchone()
        indexed = home.has_library and home.library.holding(sha256)
        if used is None and not indexed and sha256 not in home.images.stored():
            raise UnknownPicture("There is no picture of this digest.", hint="It is the SHA-256 of a picture's file.")
        pending.note(cursor, (home.user, "image", sha256))
    return _erase_noted_image(home, sha256)


def _erase_noted_image(home: Home, sha256: str) -> list[Path]:
    saver, one = home.conversations.saver, (home.user, sha256)
    with saver.erasing() as cursor:
        showing = cursor.execute(
            "SELECT owner FROM picture_uses WHERE user = ? AND sha256 = ? AND kind = 'thread'", one
        ).fetchall()
        for (thread,) in showing:
            saver.rewrite(f"{home.user}/{thread}", without_picture(sha256))
        for table in ("memories", "drawings", "picture_uses"):
            cursor.execute(f"DELETE FROM {table} WHERE user = ? AND sha256 = ?", one)  # noqa: S608 - a constant
        cursor.execute("UPDATE threads SET thumbnail = '' WHERE user = ? AND thumbnail = ?", one)
    home.images.delete(sha256)
    own = home.library.erase_content(sha256) if home.has_library else []
    _settle(home, (home.user, "image", sha256))
    return own


def _erase_user(home: Home, user: str) -> None:
    if user not in known_users(home):
        raise UnknownUser(f"Nothing is kept of a user {user!r}.")
    with home.conversations.saver.cursor() as cursor:
        pending.note(cursor, (user, "user", ""))
    _erase_noted_user(home, user)


def _erase_noted_user(home: Home, user: str) -> None:
    with home.conversations.saver.erasing() as cursor:
        erase_rows(cursor, user)
    if home.has_library:
        home.library.erase_user(user)
    for name in PER_USER:
        _remove(home.root / name / checked_user(user))
    _settle(home, (user, "user", ""))


def _erase_everything(home: Home) -> None:
    note = ("", "everything", "")
    with home.conversations.saver.erasing() as cursor:
        pending.note(cursor, note)
        for user in users(cursor):
            erase_rows(cursor, user)
    if home.has_library:
        home.library.erase_everybody()
    for path in home.root.iterdir():
        if not path.name.startswith(STAYING):
            _remove(path)
    _settle(home, note)


def _settle(home: Home, note: pending.Note) -> None:
    saver = home.conversations.saver
    saver.scrub()
    with saver.cursor() as cursor:
        pending.settle(cursor, note)
    saver.fold_log()


def _remove(path: Path) -> None:
    with disk_errors_named(path.parent):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
