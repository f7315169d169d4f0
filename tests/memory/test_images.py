from __future__ import annotations

import hashlib
import io
import os
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin

from memory.decode import MAX_ASPECT, MAX_SIDE
from memory.images import THUMBNAIL_SIDE, ImageStore
from runtime.errors import BadSetting, ImageMissing, ImageRejected
from tests.memory.pictures import KINDS, LIMITS, exif_of, file_of, files, photo


def test_a_picture_and_its_likeness_lie_under_their_digest(store: ImageStore, tmp_path: Path) -> None:
    ref = store.add(file_of(photo(), "PNG"), handle="img1", name="dir/cat.png")
    assert (ref.handle, ref.name, ref.mime, ref.width, ref.height) == ("img1", "cat.png", "image/png", 48, 32)
    place = f"ann/{ref.sha256[:2]}/{ref.sha256}.png"
    likeness = f"ann/thumbnails/{ref.sha256[:2]}/{ref.sha256}.jpg"
    assert files(tmp_path / "images") == {place, likeness}
    assert store.path(ref.sha256) == tmp_path / "images" / place
    assert store.thumbnail(ref.sha256) == tmp_path / "images" / likeness
    assert hashlib.sha256(store.path(ref.sha256).read_bytes()).hexdigest() == ref.sha256
    assert (np.asarray(store.open(ref.sha256)) == np.asarray(photo())).all()


@pytest.mark.parametrize(("kind", "mime"), [("JPEG", "image/jpeg"), ("HEIF", "image/jpeg"), ("BMP", "image/png")])
def test_lossy_sources_are_stored_as_full_colour_jpeg(store: ImageStore, kind: str, mime: str) -> None:
    ref = store.add(file_of(photo(), kind), handle="img1")
    assert ref.mime == mime
    stored = Image.open(store.path(ref.sha256))
    assert stored.get_format_mimetype() == mime
    if mime == "image/jpeg":
        assert {component[1:3] for component in getattr(stored, "layer", [])} == {(1, 1)}  # 4:4:4
    stored.close()


def test_the_same_upload_twice_is_one_file(store: ImageStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = file_of(photo(), "JPEG")
    first = store.add(data, handle="img1")
    monkeypatch.setattr(os, "fsync", lambda _: pytest.fail("the file was written again"))
    second = store.add(data, handle="img2", name="again")
    assert first.sha256 == second.sha256
    assert len(files(tmp_path)) == 2


def test_equal_pixels_are_one_file_whatever_they_came_in(store: ImageStore) -> None:
    kinds: list[tuple[str, dict[str, bool]]] = [("PNG", {}), ("BMP", {}), ("TIFF", {}), ("WEBP", {"lossless": True})]
    assert len({store.add(file_of(photo(), kind, **options), handle="i").sha256 for kind, options in kinds}) == 1


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "TIFF", "HEIF"])
def test_nothing_of_the_metadata_is_stored(store: ImageStore, tmp_path: Path, kind: str) -> None:
    data = file_of(
        photo(), kind, exif=exif_of(3, "MARKER-of-a-place"), xmp=b"<x>MARKER</x>", icc_profile=b"MARKER" * 50
    )
    assert b"MARKER" in data
    ref = store.add(data, handle="img1")
    for place in files(tmp_path):
        stored = (tmp_path / place).read_bytes()
        for trace in (b"MARKER", b"Exif", b"eXIf", b"iCCP", b"xmp"):
            assert trace not in stored
    with Image.open(store.path(ref.sha256)) as image:
        assert dict(image.getexif()) == {}
        assert image.getexif().get_ifd(0x8825) == {}


def test_comments_and_text_chunks_are_not_stored(store: ImageStore, tmp_path: Path) -> None:
    text = PngImagePlugin.PngInfo()
    text.add_text("Comment", "MARKER")
    store.add(file_of(photo(), "PNG", pnginfo=text), handle="img1")
    store.add(file_of(photo(), "JPEG", comment=b"MARKER"), handle="img2")
    store.add(file_of(photo(), "GIF", comment=b"MARKER"), handle="img3")
    assert not any(b"MARKER" in (tmp_path / place).read_bytes() for place in files(tmp_path))


@pytest.mark.parametrize("kind", KINDS)
def test_polyglots_leave_their_other_half_outside(store: ImageStore, kind: str, tmp_path: Path) -> None:
    store.add(file_of(photo(), kind) + b"<html><script>alert(1)</script></html>", handle="img1", name="a.html")
    assert len(files(tmp_path)) == 2
    for place in files(tmp_path):
        assert b"script" not in (tmp_path / place).read_bytes()
        assert place.endswith((".png", ".jpg"))


def test_hidden_colours_are_not_stored(store: ImageStore) -> None:
    image = Image.new("RGBA", (64, 64), (10, 200, 30, 0))
    ref = store.add(file_of(image, "PNG"), handle="img1")
    assert store.open(ref.sha256).getcolors() == [(64 * 64, (255, 255, 255))]


def test_a_rejected_upload_leaves_nothing(store: ImageStore, tmp_path: Path) -> None:
    with pytest.raises(ImageRejected, match=r'"x\.png" is damaged'):
        store.add(file_of(photo(), "PNG")[:-40], handle="img1", name="x.png")
    assert files(tmp_path) == set()


def test_thumbnails_are_small_and_made_again(store: ImageStore) -> None:
    ref = store.add(file_of(photo(1000, 400), "PNG"), handle="img1")
    made = store.thumbnail(ref.sha256).read_bytes()
    assert Image.open(io.BytesIO(made)).size == (THUMBNAIL_SIDE, 102)
    store.thumbnail(ref.sha256).unlink()
    assert store.thumbnail(ref.sha256).read_bytes() == made


def test_delete_removes_the_picture_and_its_likeness_only(store: ImageStore, tmp_path: Path) -> None:
    kept = store.add(file_of(photo(seed=1), "PNG"), handle="img1")
    gone = store.add(file_of(photo(seed=2), "JPEG"), handle="img2")
    store.delete(gone.sha256)
    store.delete(gone.sha256)
    assert {Path(place).stem for place in files(tmp_path)} == {kept.sha256}
    for ask in (store.open, store.path, store.thumbnail):
        with pytest.raises(ImageMissing, match="The file of this picture is gone"):
            ask(gone.sha256)


@pytest.mark.parametrize(
    "sha256", ["", "../../secret", "a" * 63, "A" * 64, "a" * 64 + "\n", "/" * 64, "../" * 21 + "a"]
)
def test_only_digests_become_paths(store: ImageStore, tmp_path: Path, sha256: str) -> None:
    (tmp_path / "secret.png").write_bytes(b"not yours")
    for ask in (store.open, store.path, store.thumbnail, store.delete):
        with pytest.raises(ImageMissing, match="There is no such picture"):
            ask(sha256)
    assert files(tmp_path) == {"secret.png"}


@pytest.mark.parametrize("user", ["..", "a/b", ""])
def test_a_user_cannot_be_another_folder(tmp_path: Path, user: str) -> None:
    with pytest.raises(BadSetting):
        ImageStore(tmp_path, user, **LIMITS)


MODES = ("1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "I", "F", "I;16")


@given(
    width=st.integers(1, 400), height=st.integers(1, 400), mode=st.sampled_from(MODES), scale=st.sampled_from([1, 9])
)
@settings(max_examples=60, deadline=None)
def test_whatever_size_and_mode_the_stored_picture_is_rgb_and_bounded(
    width: int, height: int, mode: str, scale: int
) -> None:
    size = (width * scale, height) if max(width * scale, height) <= MAX_ASPECT * min(width * scale, height) else (5, 5)
    image = photo(*size)
    data = file_of(image.convert("L").convert(mode) if mode in {"I", "F", "I;16"} else image.convert(mode), "TIFF")
    with tempfile.TemporaryDirectory() as folder:
        store = ImageStore(Path(folder), "ann", **LIMITS)
        ref = store.add(data, handle="img1")
        stored = store.open(ref.sha256)
        assert stored.mode == "RGB"
        assert stored.size == (ref.width, ref.height)
        assert max(stored.size) == min(MAX_SIDE, max(size))
        assert hashlib.sha256(store.path(ref.sha256).read_bytes()).hexdigest() == ref.sha256
        with Image.open(store.thumbnail(ref.sha256)) as small:
            assert max(small.size) <= THUMBNAIL_SIDE


PICTURES = [file_of(photo(8, 8, seed), "PNG") for seed in range(3)]


@given(
    st.lists(
        st.tuples(st.sampled_from(["ann", "bob"]), st.sampled_from(["add", "delete"]), st.integers(0, 2)), max_size=12
    )
)
@settings(max_examples=20, deadline=None)
def test_users_never_see_each_others_pictures(steps: list[tuple[str, str, int]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        stores = {user: ImageStore(Path(folder), user, **LIMITS) for user in ("ann", "bob", "ref")}
        digests = [stores["ref"].add(data, handle="img1").sha256 for data in PICTURES]
        owned: dict[str, set[int]] = {"ann": set(), "bob": set()}
        for user, step, which in steps:
            if step == "add":
                stores[user].add(PICTURES[which], handle="img1")
                owned[user].add(which)
            else:
                stores[user].delete(digests[which])
                owned[user].discard(which)
        for user, held in owned.items():
            for which, digest in enumerate(digests):
                if which in held:
                    assert stores[user].path(digest).is_relative_to(Path(folder) / user)
                else:
                    for ask in (stores[user].open, stores[user].path, stores[user].thumbnail):
                        with pytest.raises(ImageMissing):
                            ask(digest)


def test_a_picture_that_is_kept_is_known_again_by_its_digest(store: ImageStore) -> None:
    for kind in ("PNG", "JPEG"):
        ref = store.add(file_of(photo(), kind), handle="img1", name="dog")
        assert store.ref(ref.sha256, handle="img1", name="dog") == ref
    with pytest.raises(ImageMissing):
        store.ref("0" * 64, handle="img1")
