"""Find pictures in the user's library, by words or by a picture."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Annotated, ClassVar

from runtime.errors import Cancelled, ImageRejected
from tools.base import Arguments, Tool, ToolContext, ToolResult
from tools.wording import line, say, subject

if TYPE_CHECKING:
    from PIL import Image

    from memory.library.library import Library
    from memory.library.records import Picture, PictureHit
    from memory.refs import ImageRef
    from runtime.encoder.base import Encoder


class SearchImagesArguments(Arguments):
    """The user's own words, or a picture to find the like of."""

    query: Annotated[str | None, "user_words"] = None
    image: Annotated[str | None, "handle"] = None


class SearchImages(Tool[SearchImagesArguments]):
    """The library's nearest pictures, best first, which join the conversation under handles of their own.

    Args:
        library: gives the user's, which need not be open before.
        encoder: puts words and pictures into the space of the library's vectors.
        load_image: from a picture's sha256 to its pixels.
        top: how many are shown.
    """

    name: ClassVar[str] = "search_images"
    arguments = SearchImagesArguments

    def __init__(
        self, library: Callable[[], Library], encoder: Encoder, load_image: Callable[[str], Image.Image], top: int = 6
    ) -> None:
        self._library = library
        self._encoder = encoder
        self._load_image = load_image
        self._top = top

    def run(self, arguments: SearchImagesArguments, context: ToolContext) -> ToolResult:
        """See `Tool.run`. Names of files and catalogue entries are other people's words, so it is untrusted."""
        if not self._library().count():
            text = say(context.language, "no_pictures")
            context.emit(text)
            return ToolResult(text)
        kept: list[tuple[PictureHit, ImageRef]] = []
        skipped: list[str] = []
        for hit in self._hits(arguments, context):
            if context.cancel.is_set():
                raise Cancelled
            ref = _kept(hit.picture, context)
            if ref is None:
                skipped.append(hit.picture.path.name)
            elif ref not in (other for _, other in kept):  # the same picture may lie in two places
                kept.append((hit, ref))
        text = _text(arguments, kept, skipped, context.language)
        context.emit(text)
        images = tuple(ref.handle for _, ref in kept)
        return ToolResult(text, images, scores=tuple(hit.score for hit, _ in kept))

    def _hits(self, arguments: SearchImagesArguments, context: ToolContext) -> Sequence[PictureHit]:
        words = subject(arguments.query or "")
        if arguments.image is None:
            [vector] = self._encoder.encode_texts([words])
        else:
            [vector] = self._encoder.encode_images([self._load_image(context.image(arguments.image).sha256)])
        if context.cancel.is_set():
            raise Cancelled
        return self._library().search_pictures(vector, self._encoder.id, words=words, top=self._top)


def _kept(picture: Picture, context: ToolContext) -> ImageRef | None:
    """The picture in the conversation; None where its file is gone or is not what was indexed."""
    try:
        if not picture.present or picture.path.stat().st_size != picture.bytes:
            return None
        data = picture.path.read_bytes()
        if hashlib.sha256(data).hexdigest() != picture.sha256:
            return None
        return context.keep(data, picture.path.name)
    except (OSError, ImageRejected):
        return None


def _text(
    arguments: SearchImagesArguments, kept: list[tuple[PictureHit, ImageRef]], skipped: list[str], language: str
) -> str:
    """A line a picture; where a picture was searched with and a catalogue knows its like, that comes first."""
    lines = []
    if arguments.image and (entries := [pair for pair in kept if pair[0].picture.entry]):
        hit, ref = entries[0]
        lines += [say(language, "entry", entry=line(hit.picture.entry), handle=ref.handle), ""]
    if kept:
        lines += [say(language, "like" if arguments.image else "found", image=arguments.image), ""]
    lines += [_described(hit, ref, language) for hit, ref in kept]
    if not kept:
        lines.append(say(language, "nothing"))
    if skipped:
        lines += ["", say(language, "skipped", names=", ".join(map(line, skipped)))]
    return "\n".join(lines)


def _described(hit: PictureHit, ref: ImageRef, language: str) -> str:
    picture = hit.picture
    day = picture.taken.partition("T")[0]
    facts = [line(picture.entry), line(picture.path.name), day, say(language, "near", score=f"{hit.score:.2f}")]
    return f"- {ref.handle}: {' · '.join(fact for fact in facts if fact)}"
