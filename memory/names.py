"""Names that come from outside, checked before they reach a path, a query or a screen."""

from __future__ import annotations

import re
import unicodedata

from runtime.errors import BadSetting

_USER = re.compile(r"[A-Za-z0-9_.@-]{1,64}")
_JOINERS = "\u200c\u200d"  # format characters that some scripts and emoji need


def plain_line(text: str, most: int) -> str:
    """One line of at most `most` characters, without control, direction-changing or broken characters."""
    shown = "".join(c for c in text if c.isspace() or c in _JOINERS or unicodedata.category(c)[0] != "C")
    return " ".join(shown.split())[:most].strip()


def shown_name(name: str) -> str:
    """The last part of a file's name, fit to be shown: no folders, one line, at most 80 characters."""
    last = plain_line(name.replace("\\", "/").rsplit("/", 1)[-1], 80)
    return last if last.strip(".") else ""


def checked_user(user: str) -> str:
    """The user's name, once it is known to be safe as the name of a folder.

    Raises:
        BadSetting: it is empty, too long, or holds more than letters, digits and `_.@-`.
    """
    if not _USER.fullmatch(user) or not user.strip("."):
        raise BadSetting(
            f"{user!r} cannot be the name of a user.",
            hint="Use 1 to 64 letters, digits and `_.@-`, and more than dots.",
        )
    return user
