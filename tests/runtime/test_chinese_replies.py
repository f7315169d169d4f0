"""English replies in Chinese: short answers, simple captions, and the honest way out where a word is not known."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.pocket.chinese import CHINESE
from runtime.pocket.chinese.english import english_words, replies
from runtime.pocket.chinese.replies import chinese_reply


@pytest.mark.parametrize(
    ("english", "chinese"),
    [
        ("Yes.", "是的。"),
        ("No.", "不是。"),
        ("2.", "2。"),
        ("Two.", "2。"),
        ("Elephant.", "大象。"),
        ("Polar bear.", "北极熊。"),
        ("Red.", "红色。"),
        ("Black and white.", "黑白色。"),
        ("A bike.", "一辆自行车。"),
        ("Dogs.", "狗。"),
        ("On the beach.", "在海滩上。"),
        ("In a vase.", "在花瓶里。"),
        ("Playing frisbee.", "玩飞盘。"),
        ("Table, chair.", "桌子和椅子。"),
        ("I can't tell.", "看不出来。"),
    ],
)
def test_short_answers(english: str, chinese: str) -> None:
    assert chinese_reply(english) == chinese


@pytest.mark.parametrize(
    ("english", "chinese"),
    [
        (
            "A man with a white shirt is standing in front of a large stone statue.",
            "一个穿着白衬衫的男人站在大石像前面。",
        ),
        ("Two children are playing in the snow.", "两个孩子正在玩雪。"),
        ("A dog runs on the beach.", "一只狗在海滩上奔跑。"),
        ("A man wearing a hat and sunglasses sits on a bench.", "一个戴着帽子和墨镜的男人坐在长椅上。"),
        ("A little girl in a pink shirt is smiling.", "一个穿着粉衬衫的小女孩正在笑。"),
        ("A group of people are standing in front of a building.", "一群人站在建筑前面。"),
        ("A white dog with a red ball in its mouth.", "一只叼着一个红球的白狗。"),
        ("A man is holding a camera.", "一个男人拿着一台相机。"),
        ("There are two people on the beach.", "海滩上有两个人。"),
        ("A photo of an elephant.", "一张大象的照片。"),
        ("A boy jumps into the pool.", "一个男孩正在跳进泳池里。"),
    ],
)
def test_captions(english: str, chinese: str) -> None:
    assert chinese_reply(english) == chinese


def test_the_question_tells_two_meanings_apart() -> None:
    assert chinese_reply("Orange.", "这是什么颜色？") == "橙色。"
    assert chinese_reply("Orange.", "这是什么水果？") == "橙子。"
    assert chinese_reply("A bike.", "这是什么车？") == "自行车。"
    assert chinese_reply("Yes.", "图中有狗吗？") == "有。"
    assert chinese_reply("No.", "有没有人？") == "没有。"
    assert chinese_reply("No.", "这头牛在牛棚里吗？") == "不在。"
    assert chinese_reply("No.", "这是香蕉吗？") == "不是。"


@pytest.mark.parametrize(
    "english",
    ["Gobbledygook.", "A gobbledygook is sitting on the beach.", "A man is dancing a bench.", "Of the the dog."],
)
def test_what_is_not_understood_stays_english_and_says_so(english: str) -> None:
    assert chinese_reply(english) == f"（英文）{english}"


@pytest.mark.parametrize("text", ["", "是的。", "img1"])
def test_nothing_is_made_of_nothing(text: str) -> None:
    assert chinese_reply(text) in (text, f"（英文）{text}")


@given(st.lists(st.sampled_from([*sorted(english_words())[::25], "a", "is", "the", "in", "and", "of"]), max_size=7))
def test_a_reply_is_all_chinese_or_the_english_itself(words: list[str]) -> None:
    text = " ".join(words).capitalize()
    said = chinese_reply(text)
    if not said.startswith("（英文）"):
        assert CHINESE.search(said) or not text.strip()
        assert "{" not in said
    else:
        assert said == f"（英文）{text.strip()}"


def test_the_data() -> None:
    for name in ("answers", "nouns", "adjectives", "verbs", "groups", "determiners", "places", "somewhere", "ways"):
        for english, chinese in replies()[name].items():
            assert english == english.lower()
            assert not chinese or CHINESE.search(chinese) or chinese.isdigit(), english
