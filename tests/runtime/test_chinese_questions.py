"""Chinese questions about pictures in English: what everybody asks, what is asked in odd ways, what cannot be read."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import evals
from runtime.pocket.chinese import CHINESE
from runtime.pocket.chinese import questions as module
from runtime.pocket.chinese.lexicon import lexicon
from runtime.pocket.chinese.questions import english_question


@pytest.mark.parametrize(
    ("question", "english"),
    [
        ("图片中有什么动物？", "What animal is in the picture?"),
        ("这是什么？", "What is this?"),
        ("这是什么动物？", "What animal is this?"),
        ("这些是什么花？", "What kind of flowers are these?"),
        ("图里有几个人？", "How many people are there?"),
        ("草地上有多少只羊？", "How many sheep are on the grass?"),
        ("它有几个轮子？", "How many wheels does it have?"),
        ("几个孩子在踢足球？", "How many children are playing soccer?"),
        ("这只熊是什么颜色的？", "What color is the bear?"),
        ("女孩的上衣是什么颜色？", "What color is the girl's shirt?"),
        ("狗在哪里？", "Where is the dog?"),
        ("猫坐在哪里？", "Where is the cat sitting?"),
        ("女孩在做什么？", "What is the girl doing?"),
        ("这是谁？", "Who is this?"),
        ("谁在骑马？", "Who is riding a horse?"),
        ("有没有狗？", "Is there a dog?"),
        ("杯子里有吸管吗？", "Is there a straw in the cup?"),
        ("这只狗是黑色的吗？", "Is the dog black?"),
        ("男人戴帽子了吗？", "Is the man wearing a hat?"),
        ("这个女人是不是在骑自行车？", "Is the woman riding a bike?"),
        ("这是猫还是狗？", "Is this a cat or a dog?"),
        ("现在是白天还是晚上？", "Is it day or night?"),
        ("这个人穿着什么？", "What is the person wearing?"),
        ("这个男孩手里拿的是什么？", "What is the boy holding?"),
        ("天气怎么样？", "What is the weather like?"),
        ("牌子上写着什么？", "What does the sign say?"),
        ("桌子上有什么？", "What is on the table?"),
        ("架子上挂着什么？", "What is hanging on the shelf?"),
        ("坐在树上的是什么动物？", "What animal is sitting in the tree?"),
        ("这个人后面有湖吗？", "Is there a lake behind the person?"),
    ],
)
def test_everyday_questions(question: str, english: str) -> None:
    assert english_question(question) == english


@pytest.mark.parametrize(
    "question",
    [
        "这是什么动物",
        "请问这是什么动物呀？",
        "这张图片里是什么动物呢？",
        "這是什麼動物？",
        "你知道这是哪种动物吗",
        " 这是 什么动物 ？",
    ],
)
def test_the_same_question_in_other_words(question: str) -> None:
    assert english_question(question) == "What animal is this?"


def test_two_questions_at_once() -> None:
    assert english_question("这是什么？是什么颜色的？").startswith("What is this? ")


@pytest.mark.parametrize("question", ["", "What is this?", "OK?", "2 + 2"])
def test_text_without_chinese_is_unchanged(question: str) -> None:
    assert english_question(question) == question


def test_what_no_pattern_covers_is_put_into_english_order() -> None:
    assert english_question("给孩子买一本书") == "Buying a book for a child?"
    assert english_question("囧囧囧？") == "囧囧囧？", "nothing known: better the question than nothing"


def test_the_search_dictionary_is_not_touched() -> None:
    before = {word: dict(senses) for word, senses in lexicon().words.items()}
    english_question("这个碗里有几个水果？")
    assert lexicon().words == before


def test_every_held_out_question_comes_out_in_english() -> None:
    data = Path(evals.__file__).parent / "data" / "outside_zh.jsonl"
    rows = [json.loads(line) for line in data.read_text(encoding="utf-8").splitlines()]
    said = [english_question(row["question"]) for row in rows]
    assert [english for english in said if CHINESE.search(english) or not english.endswith("?")] == []
    opened = [english for english in said if re.match(r"(What|How|Where|Who|Is|Are|Does|Do|In which)\b", english)]
    assert len(opened) / len(said) >= 0.97


def test_every_pattern_uses_the_parts_that_it_names() -> None:
    data = tomllib.loads((Path(module.__file__).parent / "questions.toml").read_text(encoding="utf-8"))
    for pattern in data["patterns"]:
        slots = module.SLOT.findall(pattern["en"])
        assert {name for name, _ in slots} <= set(re.compile(pattern["zh"]).groupindex), pattern["zh"]
        assert {how for _, how in slots if how} <= set(module.SLOTS), pattern["en"]


WORDS = [
    *"是在的这它猫上人跑吗谁，？x1",
    "什么",
    "几个",
    "多少",
    "哪里",
    "还是",
    "有没有",
    "红色",
    "桌子",
    "穿着",
    "为什么",
]


@given(st.lists(st.sampled_from(WORDS + sorted(lexicon().words)[::40]), max_size=8).map("".join))
def test_any_words_are_survived(question: str) -> None:
    english = english_question(question)
    assert english == question or not CHINESE.search(english)
    assert "{" not in english
