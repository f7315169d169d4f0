"""What is drawn is read back, where it was drawn, in reading order; nothing is read where nothing is."""

from __future__ import annotations

import random
import sys
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageFont

from runtime import reader
from runtime.errors import GenerationFailed, MissingDependency, ModelCorrupt, ModelNotPresent, OutOfMemory
from runtime.pool import ModelPool
from runtime.reader import TextLine, TextReader, reader_spec, reading_order

CHINESE = Path(__file__).parent / "data" / "chinese.png"  # drawn once in WenQuanYi Micro Hei, 36 points

Box = tuple[float, float, float, float]


@pytest.fixture(scope="module")
def lent() -> Iterator[TextReader]:
    pool = ModelPool(10**9)
    with pool.lease(reader_spec(threads=2)) as model:
        yield model
    pool.close()


def draw(size: tuple[int, int], *texts: tuple[str, int, int, int], ink: Any = "black", paper: Any = "white") -> Any:
    """A picture of (text, left, top, letter size) and the boxes of what was drawn."""
    image = Image.new("RGB", size, paper)
    pen, boxes = ImageDraw.Draw(image), list[Box]()
    for text, left, top, letters in texts:
        font = ImageFont.load_default(size=letters)
        pen.text((left, top), text, fill=ink, font=font)
        boxes.append(pen.textbbox((left, top), text, font=font))
    return image, boxes


def assert_near(found: Box, drawn: Box, slack: float) -> None:
    assert all(abs(one - other) <= slack for one, other in zip(found, drawn, strict=True)), (found, drawn)


def test_reads_english_where_it_was_drawn(lent: TextReader) -> None:
    texts = [("Total 12.50", 40, 30, 32), ("Thank you", 300, 120, 28), ("for your visit", 60, 220, 24)]
    image, boxes = draw((640, 300), *texts)
    lines = lent.read(image)
    assert [line.text for line in lines] == [text for text, *_ in texts]
    for line, box in zip(lines, boxes, strict=True):
        assert 0.8 < line.score <= 1
        assert_near(line.bounds, box, slack=12)


def test_reads_chinese_and_both_in_one_line(lent: TextReader) -> None:
    lines = lent.read(Image.open(CHINESE))
    assert [line.text.replace(" ", "") for line in lines] == ["今天天气很好", "红茶十二元tea12"]


LONG = """\
jumps garden street phone email brown invoice fox Tuesday email balance Tuesday 12.50 number phone lazy fox Tuesday
account quick Tuesday street receipt garden kitchen lazy March account Tuesday address receipt account receipt the
kitchen email fox price quick account brown number street phone jumps address jumps price fox window garden phone
""".splitlines()


def test_reads_long_lines_of_small_letters(lent: TextReader) -> None:
    """RapidOCR's classifier takes each of these for upside-down and makes garbage of it; so it is off."""
    image, _ = draw((1500, 200), *((text, 50, 20 + 60 * row, 24) for row, text in enumerate(LONG)))
    assert [line.text for line in lent.read(image)] == LONG


def test_reads_light_letters_on_dark(lent: TextReader) -> None:
    image, _ = draw((400, 200), ("Open until nine", 30, 80, 30), ink="white", paper=(20, 30, 60))
    assert [line.text for line in lent.read(image)] == ["Open until nine"]


@pytest.mark.parametrize("mode", ["L", "RGBA", "P", "1"])
def test_reads_pictures_of_any_mode(lent: TextReader, mode: str) -> None:
    image, _ = draw((300, 120), ("Hello world", 30, 40, 32))
    assert [line.text for line in lent.read(image.convert(mode))] == ["Hello world"]


def test_reads_a_strip_that_letters_fill(lent: TextReader) -> None:
    image, (box,) = draw((200, 20), ("Hello world 42", 3, 1, 14))
    (line,) = lent.read(image)
    assert line.text == "Hello world 42"
    assert_near(line.bounds, box, slack=6)


def test_reads_a_very_large_picture(lent: TextReader) -> None:
    image, (box,) = draw((6000, 3000), ("Warehouse 17", 3500, 2000, 200))
    (line,) = lent.read(image)
    assert line.text == "Warehouse 17"
    assert_near(line.bounds, box, slack=80)


@pytest.mark.parametrize("size", [(640, 480), (16, 16), (1, 1), (3000, 1), (1, 3000)])
@pytest.mark.parametrize("colour", ["white", "black"])
def test_a_blank_picture_says_nothing(lent: TextReader, size: tuple[int, int], colour: str) -> None:
    assert lent.read(Image.new("RGB", size, colour)) == []


def test_a_tiny_picture_stays_in_its_bounds(lent: TextReader) -> None:
    image, _ = draw((16, 16), ("A", 4, 1, 12))
    for line in lent.read(image):
        assert all(0 <= edge <= 16 for edge in line.bounds)


def test_the_same_picture_reads_the_same(lent: TextReader) -> None:
    image, _ = draw((640, 300), ("Total 12.50", 40, 30, 32), ("Thank you", 300, 120, 28))
    other, _ = draw((800, 200), ("something else", 40, 30, 32))
    first = lent.read(image)
    lent.read(other)
    assert lent.read(image) == first
    assert TextReader.load(threads=2).read(image) == first


def test_reading_prints_nothing(lent: TextReader, capfd: pytest.CaptureFixture[str]) -> None:
    TextReader.load()
    lent.read(Image.new("RGB", (64, 64), "white"))
    assert capfd.readouterr() == ("", "")


def line(text: str, left: float, top: float, right: float, bottom: float) -> TextLine:
    return TextLine(text, 1.0, ((left, top), (right, top), (right, bottom), (left, bottom)))


@pytest.mark.parametrize(
    "lines",
    [
        pytest.param([line("top", 50, 0, 90, 10), line("bottom", 0, 20, 40, 30)], id="from top to bottom"),
        pytest.param([line("left", 0, 3, 40, 13), line("right", 50, 0, 90, 10)], id="then from left to right"),
        pytest.param([line("a", 50, 0, 90, 10), line("b", 0, 6, 40, 16)], id="a little overlap is another row"),
        pytest.param(
            [line("19", 0, 0, 40, 40), line("per", 50, 2, 90, 18), line("kilo", 49, 22, 90, 38)],
            id="a tall price beside two small lines",
        ),
        pytest.param(
            [line("1", 0, 0, 9, 10), line("2", 10, 2, 19, 12), line("3", 0, 13, 9, 23), line("4", 10, 15, 19, 25)],
            id="a table that leans",
        ),
    ],
)
def test_reading_order(lines: list[TextLine]) -> None:
    for seed in range(5):
        shuffled = random.Random(seed).sample(lines, len(lines))
        assert [found.text for found in reading_order(shuffled)] == [wanted.text for wanted in lines]


corner = st.integers(0, 60)
sides = st.integers(1, 30)
boxes = st.builds(
    lambda text, left, top, width, height: line(text, left, top, left + width, top + height),
    st.text("abc", max_size=2),
    corner,
    corner,
    sides,
    sides,
)


@settings(deadline=None)  # of a busy machine
@given(lines=st.lists(boxes, max_size=12), seed=st.integers(0, 9))
def test_reading_order_loses_nothing_and_ignores_the_order_given(lines: list[TextLine], seed: int) -> None:
    ordered = reading_order(lines)
    assert sorted(map(repr, ordered)) == sorted(map(repr, lines))
    assert reading_order(random.Random(seed).sample(lines, len(lines))) == ordered
    for above, below in pairwise(ordered):
        if below.bounds[3] <= above.bounds[1]:
            pytest.fail(f"{below} lies wholly above {above} and comes after it")


def test_bounds_of_a_leaning_line() -> None:
    leaning = TextLine("x", 0.9, ((10, 20), (90, 0), (95, 15), (12, 40)))
    assert leaning.bounds == (10, 0, 95, 40)


@pytest.mark.parametrize(
    ("fault", "expected"),
    [(ValueError("bad shape"), GenerationFailed), (RuntimeError("Failed to allocate memory"), OutOfMemory)],
)
def test_a_failing_network_is_told(fault: Exception, expected: type[Exception]) -> None:
    def engine(picture: Image.Image) -> None:
        raise fault

    with pytest.raises(expected) as caught:
        TextReader(engine).read(Image.new("RGB", (8, 8)))
    assert caught.value.__cause__ is fault


@pytest.fixture
def packaged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[bytes], None]:
    """Put other bytes in the place of the package's networks."""

    def put(content: bytes) -> None:
        (tmp_path / "net.onnx").write_bytes(content)
        monkeypatch.setattr(reader, "_packaged", lambda stage: str(tmp_path / "net.onnx"))

    return put


def test_a_damaged_network_is_told(packaged: Callable[[bytes], None], tmp_path: Path) -> None:
    packaged(b"no network")
    with pytest.raises(ModelCorrupt, match="damaged") as caught:
        TextReader.load()
    assert str(tmp_path) in caught.value.message
    assert "\n" not in caught.value.message


def test_a_missing_network_is_told_and_not_downloaded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.metadata.files", lambda package: [])
    with pytest.raises(ModelNotPresent, match="'det' network"):
        TextReader.load()


def test_networks_that_read_nothing_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rapidocr.RapidOCR", lambda params: lambda picture: None)
    with pytest.raises(ModelCorrupt, match="misreads"):
        TextReader.load()


def test_a_missing_package_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "rapidocr", None)
    with pytest.raises(MissingDependency, match="The text reader cannot start"):
        TextReader.load()
