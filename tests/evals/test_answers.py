from __future__ import annotations

import hashlib
import re
from functools import cache

import numpy as np
import pytest

from evals.metrics.answers import CONTRACTIONS, anls, exact, normalise, vqa_accuracy


@pytest.mark.parametrize(("matching", "score"), [(0, 0.0), (1, 0.3), (2, 0.6), (3, 0.9), (4, 1.0), (10, 1.0)])
def test_vqa_accuracy_of_ten_annotators(matching: int, score: float) -> None:
    references = ["cat"] * matching + ["dog"] * (10 - matching)
    assert vqa_accuracy("cat", references) == pytest.approx(score)


def test_identical_references_are_compared_as_they_stand_officially() -> None:
    assert vqa_accuracy("Yes", ["yes"] * 10) == 0
    assert vqa_accuracy("Yes", ["yes"] * 10, official=False) == 1
    assert vqa_accuracy(" yes\n", ["yes\t"] * 10) == 1
    assert vqa_accuracy("Yes", ["yes"] * 9 + ["no"]) == 1


def test_few_references() -> None:
    assert vqa_accuracy("The Cat.", ["cat"]) == 1
    assert vqa_accuracy("dog", ["cat"]) == 0
    assert vqa_accuracy("cat", ["cat", "cat"]) == pytest.approx(1 / 3)
    assert vqa_accuracy("cat", ["cat", "dog", "cat"]) == pytest.approx((1 / 3 + 2 / 3 + 1 / 3) / 3)


@pytest.mark.parametrize("score", [vqa_accuracy, anls, exact])
def test_no_reference_is_refused(score: object) -> None:
    assert callable(score)
    with pytest.raises(ValueError):
        score("cat", [])


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("  A\tCat\n", "cat"),
        ("the", ""),
        ("Two", "2"),
        ("none", "0"),
        ("twenty one", "twenty 1"),
        ("black/white", "black white"),
        ("black / white", "black white"),
        ("black-and- white", "blackand white"),  # touching a space once deletes it everywhere
        ("1,000", "1000"),
        ("1,000-2", "10002"),  # digit,comma,digit deletes every mark
        ("red,blue", "red blue"),
        ("red, blue", "red blue"),
        ("3.5", "3.5"),
        ("yes.", "yes"),
        ("u.s.", "us"),
        ("3.", "3"),
        (".5", ".5"),
        ("dont", "don't"),
        ("DONT", "don't"),
        ("don't", "don't"),
        ("couldn'tve", "couldn't've"),
        ("somebody'd", "somebodyd"),
        ("ows'at", "ows'at"),
        ("'ows'at", "'ow's'at"),
        ("Im", "im"),
        ("10:30", "10:30"),
        ("a one-way street!", "1 way street"),
        ("." * 40, "." * 8),  # the official code strips 32 periods
    ],
)
def test_normalisation_goldens(text: str, normal: str) -> None:
    assert normalise(text) == normal


def test_the_contractions_are_the_official_ones() -> None:
    """The digest is of vqaEval.py's table, less the entries that can meet no lower-cased word or change nothing."""
    lines = "\n".join(f"{key} {value}" for key, value in sorted(CONTRACTIONS.items()))
    assert len(CONTRACTIONS) == 114
    assert hashlib.sha256(lines.encode()).hexdigest() == (
        "f2c800b1132e79302dd72686ce8bba16120f1873f98a85561222e89317336e7a"
    )


@pytest.mark.parametrize(
    ("answer", "references", "score"),
    [
        ("Hello", ["hello"], 1.0),
        (" hello   world ", ["Hello World"], 1.0),
        ("hella", ["hello"], 0.8),
        ("ab", ["ac"], 0.5),
        ("abcd", ["axyz"], 0.0),  # 0.25
        ("kitten", ["zzz", "sitting"], 1 - 3 / 7),
        ("", ["a"], 0.0),
        ("", [""], 1.0),
        ("x" + " " * 100, ["y"], 0.0),
        ("答案", ["答对"], 0.5),
    ],
)
def test_anls_goldens(answer: str, references: list[str], score: float) -> None:
    assert anls(answer, references) == pytest.approx(score)


def test_exact_takes_any_reference_after_normalisation() -> None:
    assert exact("A dog!", ["cat", "dog"]) == 1
    assert exact("dogs", ["cat", "dog"]) == 0


PIECES = [
    *"ab .,;/-_'?!3\n\t%:@\\\"",
    *("one", "The ", " a ", "none", " Two", "wont", "isnt", "youd've", "yall'll", "cat", "1,2", "3.5", "{x}", "<b>"),
]


def official_normal(text: str) -> str:
    """Read off the official source, one rule at a time."""
    text = re.sub(r"[\n\t]", " ", text).strip()
    marks = [";", "/", "[", "]", '"', "{", "}", "(", ")", "=", "+", "\\", "_", "-", ">", "<", "@", "`", ",", "?", "!"]
    joined = any(text[at].isdigit() and text[at + 1] == "," and text[at + 2].isdigit() for at in range(len(text) - 2))
    deleted = {mark for mark in marks if joined or mark + " " in text or " " + mark in text}
    text = "".join("" if each in deleted else " " if each in marks else each for each in text)
    kept, dropped = "", 0
    for at, each in enumerate(text):
        if each == "." and dropped < 32 and not text[at + 1 : at + 2].isdigit():
            dropped += 1
        else:
            kept += each
    words = []
    for word in kept.lower().split():
        numbers = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]
        number = "0" if word == "none" else str(numbers.index(word)) if word in numbers else word
        if number not in ("a", "an", "the"):
            words.append(
                {"wont": "won't", "isnt": "isn't", "youd've": "you'd've", "yall'll": "y'all'll"}.get(word, number)
            )
    return " ".join(words)


def random_text(random: np.random.Generator) -> str:
    return "".join(PIECES[at] for at in random.integers(len(PIECES), size=int(random.integers(0, 7))))


def test_normalisation_agrees_with_the_official_rules() -> None:
    random = np.random.default_rng(10)
    for _ in range(3000):
        text = random_text(random)
        assert normalise(text) == official_normal(text), text


def test_vqa_accuracy_agrees_with_leaving_one_out() -> None:
    random = np.random.default_rng(11)
    answers = ["yes", "Yes", "the yes", "no", "2", "two ", "No."]
    for _ in range(1000):
        count = int(random.integers(2, 12))
        few = int(random.integers(1, len(answers) + 1))
        references = [answers[at] for at in random.integers(few, size=count)]
        answer = answers[int(random.integers(len(answers)))]
        for official in (True, False):
            same = official and len({reference.strip() for reference in references}) == 1
            tidy = str.strip if same else official_normal
            scores = []
            for left_out in range(count):
                others = references[:left_out] + references[left_out + 1 :]
                scores.append(min(1, sum(tidy(other) == tidy(answer) for other in others) / 3))
            found = vqa_accuracy(answer, references, official=official)
            assert found == pytest.approx(sum(scores) / count, abs=1e-6)


def test_anls_agrees_with_the_recursive_distance() -> None:
    random = np.random.default_rng(12)

    @cache
    def distance(one: str, other: str) -> int:
        if not one or not other:
            return len(one) + len(other)
        if one[0] == other[0]:
            return distance(one[1:], other[1:])
        return 1 + min(distance(one[1:], other), distance(one, other[1:]), distance(one[1:], other[1:]))

    for _ in range(1000):
        answer, *references = ["".join(random.choice(list("abC"), int(random.integers(1, 8)))) for _ in range(3)]
        lowered = answer.lower()
        similar = [1 - distance(lowered, each.lower()) / max(len(answer), len(each)) for each in references]
        wanted = max(each if each >= 0.5 else 0 for each in similar)
        assert anls(answer, references) == pytest.approx(wanted, abs=1e-6)


def test_exact_agrees_with_its_definition() -> None:
    random = np.random.default_rng(13)
    for _ in range(1000):
        one, other = random_text(random), random_text(random)
        assert exact(one, [other]) == (official_normal(one) == official_normal(other))
