"""Pictures that vistalk drew: kept with how they were made, in the file and beside it, and nobody else's."""

from __future__ import annotations

import errno
import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from memory.conversations import Conversations
from memory.drawings import Drawings
from memory.home import Home
from memory.images import ImageStore
from memory.provenance import read_made, signed_png
from memory.references import References
from memory.saver import Saver
from runtime.errors import DiskFull, ImageMissing
from runtime.settings import load_settings
from tests.memory.pictures import LIMITS, file_of, files, photo
from tests.memory.test_saver import limit_pages

ROOT = Path(__file__).parents[2]
RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
IPTC = "{http://iptc.org/std/Iptc4xmpExt/2008-02-29/}"
MADE: dict[str, str | int | float] = {
    "model": "pocket", "revision": "abc", "prompt": "a red apple, 红苹果", "negative": "", "seed": 7, "steps": 8,
    "guidance": 2.5, "width": 48, "height": 32, "scheduler": "DDIM",
}  # fmt: skip


@pytest.fixture
def opened(home: Path) -> Iterator[Home]:
    with Home.open(load_settings(preset="scripted")) as opened:
        yield opened


def test_the_file_says_how_it_was_made_and_that_a_model_made_it(store: ImageStore) -> None:
    ref = store.add_drawing(photo(), MADE, handle="img1")
    assert (ref.handle, ref.mime, ref.width, ref.height, ref.name) == ("img1", "image/png", 48, 32, MADE["prompt"])
    with Image.open(store.path(ref.sha256)) as image:
        assert (image.info["Software"], image.info["Prompt"]) == ("vistalk", MADE["prompt"])
        assert json.loads(image.info["vistalk"]) == MADE
        [description] = ET.fromstring(image.info["XML:com.adobe.xmp"]).iter(f"{RDF}Description")  # noqa: S314
        assert description.attrib[f"{IPTC}DigitalSourceType"].endswith("/digitalsourcetype/trainedAlgorithmicMedia")
    assert store.made(ref.sha256) == MADE
    assert store.open(ref.sha256).tobytes() == photo().tobytes()
    assert store.thumbnail(ref.sha256).is_file()
    assert store.add_drawing(photo(), MADE, handle="img2", name="mine").sha256 == ref.sha256
    assert store.add_drawing(photo(), {**MADE, "seed": 8}, handle="img3").sha256 != ref.sha256


@given(prompt=st.text(max_size=80), extra=st.integers() | st.floats(allow_nan=False) | st.text(max_size=20))
def test_any_prompt_comes_back_as_it_was(prompt: str, extra: str | float) -> None:
    made = {"prompt": prompt, "extra": extra}
    assert read_made(signed_png(photo(8, 8), made)) == made


def test_a_file_that_claims_to_be_drawn_is_an_upload_like_any_other(opened: Home) -> None:
    ours = opened.drawings.add(photo(), MADE, handle="img1")
    claims = opened.images.path(ours.sha256).read_bytes()
    uploaded = opened.images.add(claims, handle="img2", name="ours.png")
    assert uploaded.sha256 != ours.sha256
    assert opened.images.made(uploaded.sha256) is None
    assert opened.drawings.made(uploaded.sha256) is None
    jpeg = opened.images.add(file_of(photo(), "JPEG", comment=b"vistalk"), handle="img3")
    assert opened.images.made(jpeg.sha256) is None


def test_drawings_are_listed_newest_first_and_paged(opened: Home) -> None:
    refs = [opened.drawings.add(photo(), {**MADE, "seed": seed}, handle="img1", thread="a" * 32) for seed in range(5)]
    newest = [ref.sha256 for ref in reversed(refs)]
    assert opened.drawings.count() == 5
    assert [drawn.sha256 for drawn in opened.drawings.list()] == newest
    assert [drawn.sha256 for drawn in opened.drawings.list(1, 2)] == newest[1:3]
    assert opened.drawings.list(5, 2) == []
    drawn = opened.drawings.list()[0]
    assert (drawn.thread, drawn.made, drawn.width, drawn.height) == ("a" * 32, {**MADE, "seed": 4}, 48, 32)
    opened.drawings.add(photo(), {**MADE, "seed": 0}, handle="img9", thread="b" * 32)
    first = opened.drawings.list()[0]
    assert (first.sha256, first.thread, opened.drawings.count()) == (newest[-1], "b" * 32, 5)


def test_a_deleted_drawing_leaves_no_trace(opened: Home, home: Path) -> None:
    ref = opened.drawings.add(photo(), {**MADE, "prompt": "MARKER"}, handle="img1")
    upload = opened.images.add(file_of(photo(seed=2), "PNG"), handle="img2")
    opened.drawings.delete(ref.sha256)
    opened.drawings.delete(ref.sha256)
    opened.drawings.delete(upload.sha256)
    assert (opened.drawings.count(), opened.drawings.made(ref.sha256)) == (0, None)
    with pytest.raises(ImageMissing):
        opened.images.made(ref.sha256)
    assert opened.images.path(upload.sha256).exists()
    for file in (path for path in home.rglob("*") if path.is_file()):
        assert b"MARKER" not in file.read_bytes()
        assert ref.sha256.encode() not in file.read_bytes()
        assert ref.sha256 not in file.name


def test_a_deleted_conversation_leaves_its_drawings_and_no_way_back(opened: Home, home: Path) -> None:
    thread = opened.conversations.create("apples")
    opened.drawings.add(photo(), MADE, handle="img1", thread=thread.id)
    opened.conversations.delete(thread.id)
    assert [drawn.thread for drawn in opened.drawings.list()] == [""]
    assert thread.id.encode() not in (home / "threads.sqlite").read_bytes()


def test_users_are_apart(tmp_path: Path, path: Path) -> None:
    owners: dict[str, Drawings] = {}
    stores = {user: ImageStore(tmp_path / "images", user, **LIMITS) for user in ("ann", "bob")}
    databases = {user: Conversations(path, user, store) for user, store in stores.items()}
    for user, conversations in databases.items():
        owners[user] = Drawings(
            conversations.saver, user, stores[user], References(conversations.saver, user, stores[user])
        )
    ref = owners["ann"].add(photo(), MADE, handle="img1")
    assert (owners["bob"].count(), owners["bob"].list(), owners["bob"].made(ref.sha256)) == (0, [], None)
    owners["bob"].delete(ref.sha256)
    assert owners["ann"].made(ref.sha256) == MADE
    owners["bob"].add(photo(), MADE, handle="img1")
    owners["ann"].delete(ref.sha256)
    assert (owners["ann"].count(), owners["bob"].count()) == (0, 1)
    for conversations in databases.values():
        conversations.close()


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT])
@pytest.mark.parametrize("moment", [1, 2, 3, 4])
def test_a_full_disk_keeps_nothing_of_a_drawing(
    opened: Home, home: Path, monkeypatch: pytest.MonkeyPatch, moment: int, code: int
) -> None:
    before = files(home / "images")
    calls: list[int] = []
    fsync = os.fsync

    def full(descriptor: int) -> None:
        calls.append(descriptor)
        if len(calls) == moment:
            raise OSError(code, "No space left on device")
        fsync(descriptor)

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        with pytest.raises(DiskFull):
            opened.drawings.add(photo(), MADE, handle="img1")
    assert len(calls) == moment
    assert (files(home / "images"), opened.drawings.count()) == (before, 0)
    assert opened.images.made(opened.drawings.add(photo(), MADE, handle="img1").sha256) == MADE


def test_a_database_without_room_keeps_no_picture_either(opened: Home, home: Path) -> None:
    kept = opened.drawings.add(photo(), MADE, handle="img1")
    before = files(home / "images")
    limit_pages(opened.conversations, 0)
    large: dict[str, Any] = {**MADE, "prompt": "a cat " * 20_000}
    with pytest.raises(DiskFull):
        opened.drawings.add(photo(), large, handle="img2")
    assert files(home / "images") == before
    assert [drawn.sha256 for drawn in opened.drawings.list()] == [kept.sha256]


def test_an_older_database_gets_the_table_and_keeps_its_conversations(path: Path) -> None:
    from memory.threads.schema import MIGRATIONS

    saver = Saver(path)
    saver.conn.executescript(f"{MIGRATIONS[0]}; PRAGMA user_version = 1")
    saver.conn.execute(
        "INSERT INTO threads (id, user, title, created, updated) VALUES (?, 'ann', 'old', 1, 1)", ["a" * 32]
    )
    saver.conn.commit()
    saver.close()
    store = ImageStore(path.parent / "images", "ann", **LIMITS)
    conversations = Conversations(path, "ann", store)
    assert [thread.title for thread in conversations.list()] == ["old"]
    assert Drawings(conversations.saver, "ann", store, conversations.references).count() == 0
    conversations.close()


CHILD = """
import os, signal
from memory.home import Home
from runtime.settings import load_settings
from tests.memory.pictures import photo
from tests.memory.test_drawings import MADE
home = Home.open(load_settings(preset="scripted"))
print(home.drawings.add(photo(), MADE, handle="img1").sha256, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_drawing_outlives_a_killed_process(home: Path) -> None:
    died = subprocess.run([sys.executable, "-c", CHILD], cwd=ROOT, check=False, capture_output=True, text=True)
    assert died.returncode == -9, died.stderr
    with Home.open(load_settings(preset="scripted")) as again:
        [drawn] = again.drawings.list()
        assert drawn.sha256 == died.stdout.strip()
        assert again.images.made(drawn.sha256) == drawn.made == MADE
        assert again.images.path(drawn.sha256).read_bytes() == signed_png(photo(), MADE)


def test_a_picture_of_another_mode_is_kept_as_it_looks(store: ImageStore) -> None:
    ref = store.add_drawing(photo().convert("RGBA"), MADE, handle="img1")
    with Image.open(io.BytesIO(store.path(ref.sha256).read_bytes())) as image:
        assert image.mode == "RGB"
