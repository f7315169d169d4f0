"""One user's pictures and documents, indexed where they lie. The files themselves are read and never changed."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from memory.decode import decode
from memory.erasure import pending
from memory.erasure.rows import erase_rows, users
from memory.library.duplicates import duplicates
from memory.library.indexing import Indexing, Makers
from memory.library.keeping import Keeper
from memory.library.kept import Kept, kept
from memory.library.places import place_of
from memory.library.preparing import Preparer
from memory.library.records import Filters, Stats
from memory.library.rows import Rows
from memory.library.searching import Finder
from memory.library.shelf import Shelf
from memory.library.store import Store
from memory.library.thumbnails import Thumbnails, likeness
from memory.library.vectors import Vectors
from memory.library.walking import walk
from memory.names import checked_user
from runtime.errors import EncoderChanged, ImageMissing, LibraryEmpty, NothingToIndex

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray
    from PIL import Image

    from memory.library.records import Outcome, PassageHit, Picture, PictureHit, Progress
    from memory.library.vectors import Kind
    from runtime.encoder.base import Encoder, PassageEncoder


class Library:
    """One user's library in a data directory that several users may share and one process owns.

    Safe to use from several threads; searches and lists go on while another thread indexes. Every method may raise
    SetupError or LibraryDamaged when the data directory cannot be read, and DiskFull when it cannot be written.

    Args:
        root: the data directory: `library.sqlite`, `chroma/` and `thumbnails/` lie in it.
        user: whose library; no other user's can be reached.
        max_bytes: largest file that is indexed.
        max_pixels: largest picture, width times height.
        places: whether to remember where pictures were taken.
        chroma_url: the Chroma server that has the vectors, in the place of the folder.

    Raises:
        BadSetting: that is no such address.
    """

    def __init__(
        self,
        root: Path,
        user: str,
        *,
        max_bytes: int,
        max_pixels: int,
        places: bool = False,
        chroma_url: str | None = None,
    ) -> None:
        self._root = root
        user = checked_user(user)
        self._vectors = Vectors(place_of(root / "chroma", chroma_url), user)
        self._store = Store(root / "library.sqlite")
        self._thumbnails = Thumbnails(root / "thumbnails" / user)
        self._preparer = Preparer(self._thumbnails, max_bytes, max_pixels, places)
        self._rows = Rows(self._store, user)
        self._keeper = Keeper(self._rows, self._vectors, self._thumbnails)
        self._shelf = Shelf(self._store, user)
        self._finder = Finder(self._shelf, self._vectors)
        self._indexing = threading.Lock()
        if self._store.unscrubbed:
            self.scrub()

    def index(
        self,
        paths: Sequence[Path],
        encoder: Encoder,
        passages: PassageEncoder,
        *,
        cancel: threading.Event,
        report: Callable[[Progress], None],
        describe: Callable[[Image.Image], str] | None = None,
        read: Callable[[Image.Image], str] | None = None,
        again: bool = False,
    ) -> Outcome:
        """Bring the index in line with folders and files: add what is new, redo what changed, drop what is gone.

        It can be stopped, or killed, at any moment; the next call goes on from there. A second call waits for the
        first.

        Args:
            paths: folders, with all below them, and files; none means all that were ever named.
            encoder: for pictures.
            passages: for documents.
            cancel: stops it within a batch.
            report: told how far it has come, on this thread, after each batch.
            describe: makes captions of new pictures.
            read: reads the text in new pictures.
            again: encode everything anew, all that was ever named as well; needed when an encoder changed.

        Raises:
            NothingToIndex: no path was given, and none before.
            EncoderChanged: the index was made by another encoder.
            ModelError: an encoder failed; what was indexed before is kept.
        """
        with self._indexing:
            roots = self._rows.roots()
            if not paths and not roots:
                raise NothingToIndex
            if not again:
                self.check(encoder.id, passages.id)
            self._keeper.begin("picture", encoder.id, again=again)
            self._keeper.begin("passage", passages.id, again=again)
            found = walk([*paths, *(roots if again or not paths else ())], skip=[self._root])
            self._rows.add_roots(found.roots)
            return Indexing(
                self._keeper, self._preparer, Makers(encoder, passages, describe, read), cancel, report
            ).run(found)

    def search_pictures(
        self,
        vector: NDArray[np.float32],
        encoder_id: str,
        *,
        words: str = "",
        top: int = 12,
        filters: Filters = Filters(),  # noqa: B008 - frozen
    ) -> list[PictureHit]:
        """The pictures nearest to a vector, best first.

        Args:
            vector: (dimension,) of words or of a picture.
            encoder_id: id of the encoder that made it.
            words: also look for these in captions, read text and catalogue entries, and fuse both rankings.
            top: how many.
            filters: what to narrow it to.

        Raises:
            LibraryEmpty: no picture is indexed.
            EncoderChanged: the index was made by another encoder.
            BadDate: a day of the filters is none.
        """
        self._ready("picture", encoder_id, "No picture of yours is indexed yet.")
        return self._finder.pictures(vector, words.strip(), top, filters)

    def search_passages(
        self,
        words: str,
        vector: NDArray[np.float32],
        encoder_id: str,
        *,
        top: int = 5,
        filters: Filters = Filters(),  # noqa: B008 - frozen
    ) -> list[PassageHit]:
        """The passages of documents that answer best to a question, by its words and by its vector.

        Raises:
            LibraryEmpty: no document is indexed.
            EncoderChanged: the index was made by another encoder.
            BadDate: a day of the filters is none.
        """
        self._ready("passage", encoder_id, "No document of yours is indexed yet.")
        return self._finder.passages(words, vector, top, filters)

    def pictures(self, *, offset: int = 0, limit: int = 60, filters: Filters = Filters()) -> list[Picture]:  # noqa: B008
        """Indexed pictures, the newest first.

        Raises:
            BadDate: a day of the filters is none.
        """
        return self._shelf.pictures(filters, offset=offset, limit=limit)

    def count(self, filters: Filters = Filters()) -> int:  # noqa: B008 - frozen
        """How many pictures are indexed.

        Raises:
            BadDate: a day of the filters is none.
        """
        return self._shelf.count(filters)

    def duplicates(self, threshold: float = 0.97) -> list[list[Picture]]:
        """Groups of pictures that are equal, or whose cosine is at least `threshold`; the largest of each first."""
        return duplicates(self._shelf, self._vectors, threshold)

    def remove(self, path: Path) -> int:
        """Take a folder or a file out of the index and say how many files that were. The files stay where they are."""
        ids = self._rows.below(path)
        self._rows.remove_roots(path)
        self._remove(ids)
        return len(ids)

    def holding(self, sha256: str) -> list[Picture]:
        """The indexed pictures whose files have this content."""
        return self._shelf.of_content(sha256)

    def kept(self, user: str) -> Iterator[Kept]:
        """All that is kept of a user, thing by thing."""
        return kept(self._store, self._vectors, self._root / "thumbnails" / checked_user(user), user)

    def erase_content(self, sha256: str) -> list[Path]:
        """Take the pictures of a content out of the index, without a trace; their files, which stay where they are."""
        found = self.holding(sha256)
        self._remove([picture.id for picture in found])
        return [picture.path for picture in found]

    def erase_user(self, user: str) -> None:
        """Remove all that is indexed of a user, without a trace."""
        with self._store.transaction() as connection:
            pending.note(connection, pending.SCRUB)
            erase_rows(connection, user)
        self._vectors.drop_user(user)
        Thumbnails(self._root / "thumbnails" / checked_user(user)).sweep(set())
        self.scrub()

    def erase_everybody(self) -> None:
        """Remove all that is indexed of anybody, without a trace."""
        for user in self.users():
            self.erase_user(user)
        self._vectors.remove()

    @property
    def unseen(self) -> str:
        """Where vectors are whose bytes nobody here can look through; else empty."""
        return self._vectors.unseen

    def users(self) -> set[str]:
        """Everybody of whom something is indexed."""
        with self._store.reading() as connection:
            return users(connection)

    def scrub(self) -> None:
        """Take the last traces of what was removed out of rows and vectors, by writing both anew."""
        self._vectors.rebuild()
        self._store.scrub()

    def picture(self, id: str) -> Picture:  # noqa: A002 - an id is called id
        """One indexed picture.

        Raises:
            UnknownPicture: there is none of that id.
        """
        return self._shelf.picture(id)

    def thumbnail(self, picture: Picture) -> bytes:
        """A small likeness, as JPEG.

        Raises:
            ImageMissing: it is lost, and so is the picture's file.
            ImageRejected: it is lost, and the file is no picture any more.
        """
        kept = self._thumbnails.get(picture.sha256)
        if kept is not None:
            return kept
        try:
            data = picture.path.read_bytes()
        except OSError as error:
            raise ImageMissing("The file of this picture is gone.") from error
        limits = self._preparer
        return likeness(decode(data, max_bytes=limits.max_bytes, max_pixels=limits.max_pixels).image)

    def stats(self) -> Stats:
        """What is indexed, what of it is missing, and what it takes on disk."""
        files = self._shelf.files()
        pictures = sum(kind == "picture" for kind, _ in files)
        passages = self._shelf.total("passage")
        return Stats(
            pictures,
            passages,
            len(files) - pictures,
            sum(not path.is_file() for _, path in files),
            self._shelf.folders(self._rows.roots()),
            self._rows.encoder("picture") if pictures else "",
            self._rows.encoder("passage") if passages else "",
            self._bytes(),
        )

    def check(self, encoder_id: str, passage_id: str) -> None:
        """Make sure that what is indexed was made by these encoders.

        Raises:
            EncoderChanged: it was made by another.
        """
        self._check("picture", encoder_id)
        self._check("passage", passage_id)

    def close(self) -> None:
        """Close it; a second call does nothing."""
        self._vectors.close()
        self._store.close()

    def _remove(self, ids: Sequence[str]) -> None:
        if ids:
            with self._store.transaction() as connection:
                pending.note(connection, pending.SCRUB)
            self._keeper.remove(ids)
            self.scrub()

    def _check(self, kind: Kind, encoder: str) -> None:
        made_by = self._rows.encoder(kind)
        if made_by and made_by != encoder and self._shelf.total(kind):
            what = "pictures" if kind == "picture" else "documents"
            raise EncoderChanged(f"Your {what} were indexed by another encoder ({made_by}) than {encoder}.")

    def _ready(self, kind: Kind, encoder: str, empty: str) -> None:
        if not self._shelf.total(kind):
            raise LibraryEmpty(empty)
        self._check(kind, encoder)

    def _bytes(self) -> int:
        own = [*self._root.glob("library.sqlite*"), *(self._root / "chroma").rglob("*")]
        return sum(path.stat().st_size for path in [*own, *self._thumbnails.files()] if path.is_file())
