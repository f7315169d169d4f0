from __future__ import annotations

import numpy as np
import pytest

from agent.language import Language
from evals.metrics.yesno import parse_yes_no, presence_scores

ENGLISH = {
    True: [
        "yes",
        "Yes.",
        "**Yes**, there is a dog.",
        "Yes there is",
        "Yes, but no",
        "yeah",
        "True",
        "Correct.",
        "The answer is yes.",
        "Answer: Yes",
        "The final answer is: **yes**",
        "That's true.",
        "Is there a dog? Yes.",
        "Yes or no? Yes.",
        "1. Yes",
    ],
    False: [
        "no",
        "No.",
        '"No"',
        "No, there isn't.",
        "No dog is visible.",
        "No, 2 cats.",
        "Nope",
        "false",
        "It is false.",
        "There is a cat. No, no dog.",
        "No, but yes",
    ],
    None: [
        "",
        "...",
        "There is a cat.",
        "There is no cat.",
        "I cannot tell.",
        "Not sure",
        "No idea.",
        "No. 5 is red.",
        "Yes or no",
        "yes/no",
        "yes and no",
        "True or False: it is a dog",
        "True friends are rare.",
        "It is no longer there",
        "The answer is not yes",
        "I see a sign. No smoking is written on it.",
        "Norway",
        "yesterday",
        "know",
        "是的",
    ],
}
CHINESE = {
    True: [
        "是",
        "是的。",
        "是，但不全是",
        "对",
        "对的，图里有狗",
        "正确。",
        "有",
        "有的",
        "有一只狗。",
        "有，在左边",
        "存在",
        "答案是：是",
        "答案：有",
        "图中有狗吗？有。",
        "Yes",
    ],
    False: [
        "不是",
        "不是的",
        "不是，是猫",
        "否",
        "不",
        "不对。",
        "没有",
        "没有狗。",
        "没有，只有一只猫",
        "不存在",
        "错误",
        "答案是没有",
        "No.",
    ],
    None: [
        "",
        "不知道",
        "不确定",
        "不清楚",
        "对不起，我看不到图片",
        "对面有一只狗",
        "是否有狗",
        "是不是狗",
        "是一只猫",
        "不是很清楚",
        "有没有狗",
        "有可能",
        "没有足够的信息",
        "没看清",
        "正确的说法是有狗",
        "图中有一只猫",
        "图里是草地。没有狗的影子",
    ],
}


@pytest.mark.parametrize(
    ("text", "lang", "verdict"),
    [(text, "en", verdict) for verdict, texts in ENGLISH.items() for text in texts]
    + [(text, "zh", verdict) for verdict, texts in CHINESE.items() for text in texts],
)
def test_an_answer_is_read_and_never_guessed(text: str, lang: Language, verdict: bool | None) -> None:
    assert parse_yes_no(text, lang) is verdict


def test_presence_golden() -> None:
    predicted = [True, True, False, None, True, None]
    truth = [True, False, False, True, True, False]
    assert presence_scores(predicted, truth) == pytest.approx(
        {
            "accuracy": 3 / 6,
            "precision": 2 / 3,
            "recall": 2 / 3,
            "f1": 2 / 3,
            "yes_rate": 3 / 6,
            "unparsed_rate": 2 / 6,
        }
    )


def test_presence_of_nothing_said_is_zero_and_not_an_error() -> None:
    scores = presence_scores([None, None], [True, False])
    assert scores.pop("unparsed_rate") == 1
    assert set(scores.values()) == {0.0}


def test_presence_refuses_what_cannot_be_scored() -> None:
    with pytest.raises(ValueError, match="no answers"):
        presence_scores([], [])
    with pytest.raises(ValueError, match="argument"):
        presence_scores([True], [True, False])


def test_presence_agrees_with_counting_by_hand() -> None:
    random = np.random.default_rng(0)
    for _ in range(1000):
        count = int(random.integers(1, 12))
        said = [(True, False, None)[pick] for pick in random.integers(3, size=count)]
        truth = [bool(pick) for pick in random.integers(2, size=count)]
        cells = {(one, other): 0 for one in (True, False, None) for other in (True, False)}
        for pair in zip(said, truth, strict=True):
            cells[pair] += 1
        hit, false_alarm = cells[True, True], cells[True, False]
        missed = cells[False, True] + cells[None, True]
        precision = hit / (hit + false_alarm) if hit + false_alarm else 0
        recall = hit / (hit + missed) if hit + missed else 0
        wanted = {
            "accuracy": (hit + cells[False, False]) / count,
            "precision": precision,
            "recall": recall,
            "f1": 2 * hit / (2 * hit + false_alarm + missed) if hit else 0,
            "yes_rate": (hit + false_alarm) / count,
            "unparsed_rate": (cells[None, True] + cells[None, False]) / count,
        }
        assert presence_scores(said, truth) == pytest.approx(wanted, abs=1e-6)
