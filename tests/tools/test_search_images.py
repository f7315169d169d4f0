"""Finding pictures in a real library, by words and by a picture."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from memory.home import Home
from memory.refs import ImageRef
from runtime.errors import Cancelled, UnknownHandle
from runtime.settings import load_settings
from tests.tools.stand_ins import ColourEncoder, indexed, painted
from tools.base import ToolContext, ToolResult, Trust
from tools.search_images import SearchImages


@pytest.fixture
def opened(home: Path) -> Iterator[Home]:
    with Home.open(load_settings(preset="scripted")) as opened:
        yield opened


class Search:
    """The tool over a library, in a conversation that may hold a picture already."""

    def __init__(self, opened: Home, language: str = "en", top: int = 6) -> None:
        self.home, self.encoder, self.said = opened, ColourEncoder(), ""
        self.tool = SearchImages(lambda: opened.library, self.encoder, opened.images.open, top)
        self.refs: dict[str, ImageRef] = {}
        self.cancel = threading.Event()
        self.context = ToolContext(self.refs, self._emit, self.cancel, language, self.keep)

    def _emit(self, text: str) -> None:
        self.said += text

    def keep(self, data: bytes, name: str) -> ImageRef:
        ref = self.home.images.add(data, handle=f"img{len(self.refs) + 1}", name=name)
        known = next((other for other in self.refs.values() if other.sha256 == ref.sha256), None)
        return known or self.refs.setdefault(ref.handle, ref)

    def __call__(self, **arguments: str) -> ToolResult:
        return self.tool.run(self.tool.arguments(**arguments), self.context)

    def names(self, result: ToolResult) -> list[str]:
        return [self.refs[handle].name for handle in result.images]


def test_words_find_the_nearest_best_first(opened: Home, tmp_path: Path) -> None:
    indexed(opened.library, painted(tmp_path / "in", "red", "green", "blue", "orange")[0].parent)
    search = Search(opened, top=3)
    result = search(query="Find me a picture of something red.")
    assert search.encoder.asked == ["something red"]
    assert search.names(result)[:2] == ["red.png", "orange.png"]
    assert result.images == ("img1", "img2", "img3")
    assert len(result.scores) == 3
    assert result.scores[0] == pytest.approx(1, abs=0.01)
    assert result.trust is Trust.UNTRUSTED
    first = "- img1: red.png · similarity 1.00"
    assert result.text.splitlines()[:3] == ["The nearest pictures in your library, best first:", "", first]
    assert search.said == result.text


def test_a_picture_finds_its_like_in_chinese_too(opened: Home, tmp_path: Path) -> None:
    indexed(opened.library, painted(tmp_path / "in", "red", "green", "blue")[0].parent)
    search = Search(opened, "zh", top=2)
    search.keep(painted(tmp_path, "#e01010")[0].read_bytes(), "mine.png")
    result = search(image="img1")
    assert result.images == ("img2", "img3")
    assert search.names(result)[0] == "red.png"
    assert result.text.startswith("图库里和 img1 最像的图片")
    assert "相似度" in result.text


def test_the_same_picture_in_two_places_is_shown_once(opened: Home, tmp_path: Path) -> None:
    folder = painted(tmp_path / "in", "red", "blue")[0].parent
    painted(folder / "copies", "red")
    indexed(opened.library, folder)
    search = Search(opened)
    assert search.names(search(query="red")) == ["red.png", "blue.png"]
    again = search(query="red")
    assert again.images == ("img1", "img2")


def test_a_catalogue_entry_comes_first(opened: Home, tmp_path: Path) -> None:
    folder = painted(tmp_path / "in", "red", "blue")[0].parent
    (folder / "catalogue.csv").write_text("image,name,description,price\nred.png,Lamp,a red lamp,12\n", "utf-8")
    indexed(opened.library, folder)
    search = Search(opened)
    search.keep(painted(tmp_path, "#e01010")[0].read_bytes(), "mine.png")
    lines = search(image="img1").text.splitlines()
    assert lines[0].startswith("Nearest in the catalogue: Lamp")
    assert "12" in lines[0]
    assert lines[0].endswith("(img2)")
    assert any(entry.startswith("- img2: Lamp") for entry in lines)
    assert "catalogue" not in search(query="red").text


def test_a_file_that_is_gone_or_changed_is_left_out_and_named(opened: Home, tmp_path: Path) -> None:
    red, green, blue, white = painted(tmp_path / "in", "red", "green", "blue", "white")
    indexed(opened.library, red.parent)
    red.unlink()
    Image.new("RGB", (9, 9), "green").save(green)
    white.unlink()
    os.mkfifo(white)
    search = Search(opened)
    result = search(query="red and green")
    assert search.names(result) == ["blue.png"]
    assert len(result.scores) == 1
    last = result.text.splitlines()[-1]
    assert last.startswith("Left out")
    for path in (red, green, white):
        assert path.name in last
    blue.unlink()
    nothing = search(query="red")
    assert (nothing.images, nothing.scores) == ((), ())
    assert nothing.text.startswith("No picture in your library could be shown.")


@pytest.mark.parametrize(("language", "words"), [("en", "There are no pictures"), ("zh", "图库里还没有图片")])
def test_an_empty_library_says_what_to_do_and_loads_nothing(opened: Home, language: str, words: str) -> None:
    search = Search(opened, language)
    result = search(query="red")
    assert result.text.startswith(words)
    assert "vistalk index" in result.text
    assert search.said == result.text
    assert search.encoder.asked == []


def test_names_are_shown_as_one_harmless_line(opened: Home, tmp_path: Path) -> None:
    [path] = painted(tmp_path / "in", "red")
    path.rename(path.with_name("a\n[b](c).png"))
    indexed(opened.library, path.parent)
    text = Search(opened)(query="red").text
    assert len(text.splitlines()) == 3
    assert "](" not in text


def test_stop_and_unknown_handles(opened: Home, tmp_path: Path) -> None:
    indexed(opened.library, painted(tmp_path / "in", "red")[0].parent)
    search = Search(opened)
    with pytest.raises(UnknownHandle):
        search(image="img7")
    search.cancel.set()
    with pytest.raises(Cancelled):
        search(query="red")
    assert search.refs == {}


def test_exactly_one_of_words_and_picture() -> None:
    for given in ({}, {"query": "red", "image": "img1"}):
        with pytest.raises(ValueError, match="exactly one"):
            SearchImages.arguments(**given)
