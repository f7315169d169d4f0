"""What bears on some words: by meaning, by words, by what pictures show; and nothing where nothing does."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st
from PIL import Image

from memory.home import Home
from memory.memories.recall import ENOUGH, Recall, holding
from memory.memories.records import Memory
from runtime.encoder.base import Vectors
from runtime.settings import load_settings
from tests.memory.pictures import file_of
from tests.tools.stand_ins import ColourEncoder, WordsEncoder


class Counting(WordsEncoder):
    """Remembers what it was asked to encode."""

    id = "counting"

    def __init__(self) -> None:
        self.passages: list[str] = []

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        self.passages += texts
        return super().encode_passages(texts)

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        return super().encode_passages(texts)


@pytest.fixture
def opened(home: Path) -> Iterator[Home]:
    with Home.open(load_settings(preset="scripted")) as opened:
        yield opened


def tell(home: Home, *texts: str) -> list[Memory]:
    return [home.memories.add(text, origin="asked") for text in texts]


def show(home: Home, colour: str, text: str = "") -> Memory:
    ref = home.images.add(file_of(Image.new("RGB", (32, 32), colour), "PNG"), handle="img1")
    return home.memories.add(text, origin="asked", sha256=ref.sha256)


def found(recall: Recall, words: str, **how: bool) -> list[str]:
    return [hit.memory.text for hit in recall.find(words, **how)]


def test_what_shares_rare_words_is_found_and_the_rest_is_not(opened: Home) -> None:
    tell(opened, "my zebra finch is called Pip", "the bins go out on Fridays", "我的乌龟叫慢慢")
    for recall in (
        Recall(opened.memories, opened.images, WordsEncoder(), None),
        Recall(opened.memories, opened.images, None, None),
    ):
        assert found(recall, "What is my zebra finch called?") == ["my zebra finch is called Pip"]
        assert found(recall, "我的乌龟叫什么") == ["我的乌龟叫慢慢"]
        assert found(recall, "How do volcanoes form?") == []
        assert found(recall, "  ") == []


def test_why_a_memory_was_found_is_told(opened: Home) -> None:
    tell(opened, "my zebra finches eat millet")
    [hit] = Recall(opened.memories, opened.images, WordsEncoder(), None).find("the zebra's millet")
    assert (hit.words, hit.seen, hit.score >= ENOUGH) == (("zebra", "millet"), False, True)


def test_pictures_are_found_by_what_they_show_where_pictures_are_asked_for(opened: Home) -> None:
    red, blue = show(opened, "red"), show(opened, "blue")
    recall = Recall(opened.memories, opened.images, None, ColourEncoder())
    hits = recall.ranked("my red one", pictured=True)
    assert [hit.memory.id for hit in hits] == [red.id, blue.id]
    assert (hits[0].seen, hits[0].score > hits[1].score) == (True, True)
    assert not any(hit.seen for hit in recall.ranked("my red one"))


def test_pictures_come_first_where_pictures_are_asked_for(opened: Home) -> None:
    tell(opened, "the red kettle is loud")
    show(opened, "red", "the red kettle")
    recall = Recall(opened.memories, opened.images, WordsEncoder(), ColourEncoder())
    assert found(recall, "the red kettle", pictured=True)[0] == "the red kettle"


def test_a_picture_whose_file_is_gone_is_still_found_by_its_words(opened: Home) -> None:
    gone = show(opened, "red", "our zebra kettle")
    opened.images.delete(gone.sha256)
    recall = Recall(opened.memories, opened.images, WordsEncoder(), ColourEncoder())
    assert found(recall, "the zebra kettle", pictured=True) == ["our zebra kettle"]


def test_memories_are_encoded_once_and_again_when_their_words_change(opened: Home) -> None:
    encoder = Counting()
    recall = Recall(opened.memories, opened.images, encoder, None)
    first, _ = tell(opened, "one zebra", "two lions")
    recall.find("zebra")
    assert [text for text in encoder.passages if text in ("one zebra", "two lions")] == ["two lions", "one zebra"]
    del encoder.passages[:]
    recall.find("lions")
    assert encoder.passages == []
    opened.memories.edit(first.id, "three pandas")
    assert found(recall, "my three pandas") == ["three pandas"]
    assert encoder.passages == ["three pandas"]


def test_an_encoder_of_english_reads_chinese_in_english_and_keeps_those_vectors_apart(opened: Home) -> None:
    encoder = Counting()
    tell(opened, "斑马")
    recall = Recall(opened.memories, opened.images, encoder, None, lambda text: text.replace("斑马", "zebra"))
    recall.find("斑马")
    assert "zebra" in encoder.passages
    Recall(opened.memories, opened.images, encoder, None).find("斑马")
    assert encoder.passages[-1] != "zebra"
    assert len(opened.memories.vectors("counting")) == len(opened.memories.vectors("counting in English")) == 1


def test_no_encoder_is_asked_while_nothing_is_remembered(opened: Home) -> None:
    encoder = Counting()
    assert Recall(opened.memories, opened.images, encoder, None).find("zebra") == []
    assert encoder.passages == []


def test_what_holds_any_of_the_words_is_listed_best_first(opened: Home) -> None:
    tell(opened, "my zebra", "my zebra eats hay", "I like tea")
    assert [memory.text for memory in holding(opened.memories, "zebras eating")] == ["my zebra eats hay", "my zebra"]
    assert holding(opened.memories, "of the and") == []


@examples(max_examples=25, deadline=None)
@given(words=st.text(max_size=60), told=st.lists(st.text(max_size=40), max_size=4))
def test_any_words_can_be_asked(words: str, told: list[str], tmp_path_factory: pytest.TempPathFactory) -> None:
    with Home.open(load_settings(home=tmp_path_factory.mktemp("home"), preset="scripted")) as home:
        tell(home, *told)
        recall = Recall(home.memories, home.images, WordsEncoder(), ColourEncoder())
        scores = [hit.score for hit in recall.ranked(words)]
        assert scores == sorted(scores, reverse=True)
        assert len(scores) in (0, home.memories.count())
