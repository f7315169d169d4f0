"""What stands for a picture wherever pixels must not go: in state, in messages, in events."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

ERASED = "0" * 64
"""Stands in a conversation for the digest of a picture that was erased; no file has it."""


@dataclass(frozen=True, slots=True)
class ImageRef:
    """A picture of a conversation.

    Attributes:
        handle: its stable name in the conversation: img1, img2, …
        sha256: of the stored file's bytes, 64 hex digits.
        mime: of the stored file, image/png or image/jpeg.
        width: in pixels, as stored: oriented and bounded.
        height: in pixels, likewise.
        name: what the person called the file; shown, never used as a path.
    """

    handle: str
    sha256: str
    mime: str
    width: int
    height: int
    name: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Plain values only, for state and JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, value: dict[str, Any]) -> ImageRef:
        """Undo `to_dict`."""
        return cls(**value)
