"""What a report finds in records, against small cases worked out by hand."""

from __future__ import annotations

from typing import Any

import pytest

from evals.metrics.captions import corpus_scores
from evals.metrics.confusion import NEITHER, NOTHING
from evals.records import Record
from evals.report import findings
from evals.report.findings import Bar, Scored


def record(number: int = 0, **changed: Any) -> Record:
    plain = Record(
        id=f"s{number}",
        images=[],
        prompt="What is it?",
        output="dog",
        parsed="dog",
        references=["dog"],
        score=1.0,
        group=f"g{number}",
        lang="en",
        kind="",
    )
    return Record(**{**vars(plain), **changed})


def scored(*scores: float, **changed: Any) -> list[Scored]:
    return [Scored(record(number, score=score, **changed), score) for number, score in enumerate(scores)]


def test_parts_are_means_of_their_members_the_largest_first() -> None:
    samples = [*scored(1, 0, kind="b"), *scored(1, 1, 0.5, kind="a"), Scored(record(kind="c", score=None), None)]
    found = findings.parts(samples, lambda one: one.kind)
    assert [(part.label, part.n, part.value.value) for part in found] == [
        ("a", 3, pytest.approx(2.5 / 3)),
        ("b", 2, 0.5),
    ]
    assert all(part.value.low <= part.value.value <= part.value.high for part in found)
    assert findings.parts(scored(1, 0), lambda one: one.kind) == []


def test_a_part_that_is_all_right_is_not_certain() -> None:
    found = findings.parts([*scored(1, 1, 1, kind="a"), *scored(0, kind="b")], lambda one: one.kind)
    assert [(part.value.low > 0.2, part.value.high) for part in found] == [(True, 1.0), (False, pytest.approx(0.975))]


def test_only_the_largest_parts_are_listed() -> None:
    samples = [Scored(record(n, kind=f"k{n:03}"), 1.0) for n in range(100)] + scored(1, 0, kind="common")
    found = findings.parts(samples, lambda one: one.kind)
    assert len(found) == findings.MOST_PARTS
    assert found[0].label == "common"


def test_confusion_counts_what_was_given_where_it_was_expected() -> None:
    answers = [("yes", "yes"), ("yes", "no"), ("no", "no"), ("no", None), ("no", "maybe"), ("yes", "yes")]
    records = [
        record(n, references=[wanted], parsed=said, score=float(wanted == said))
        for n, (wanted, said) in enumerate(answers)
    ]
    found = findings.confusion(records)
    assert found is not None
    assert (found.expected, found.given) == (["no", "yes"], ["no", "yes", NEITHER, NOTHING])
    assert found.counts == [[1, 0, 1, 1], [1, 2, 0, 0]]


def test_confusion_counts_an_accepted_alternative_as_what_was_expected() -> None:
    """Several first actions may be right; and what scores 1 is right however it is written."""
    records = [
        record(0, references=["vqa", "caption"], parsed="caption", score=1.0),
        record(1, references=["vqa", "caption"], parsed="answer", score=0.0),
        record(2, references=["answer"], parsed="Answer", score=1.0),
        record(3, references=["caption"], parsed="vqa", score=0.0),
        record(4, references=["vqa"], parsed="vqa", score=1.0),
        record(5, references=["vqa"], parsed="vqa", score=1.0),
    ]
    found = findings.confusion(records)
    assert found is not None
    assert (found.expected, found.given) == (["answer", "caption", "vqa"], ["answer", "caption", "vqa"])
    assert found.counts == [[1, 0, 0], [0, 1, 1], [1, 0, 2]]


@pytest.mark.parametrize(
    "records",
    [
        [],
        [record(n, score=0.5) for n in range(9)],
        [record(n, score=None) for n in range(9)],
        [record(n) for n in range(9)],
        [record(n, references=[str(n)], parsed=str(n)) for n in range(9)],
        [record(n, references=[], score=float(n % 2)) for n in range(9)],
        [record(n, references=["ab"[n % 2]], details={"turns": []}) for n in range(9)],
        [record(n, references=[str(n % 20)], parsed=str(n % 20)) for n in range(90)],
    ],
)
def test_no_confusion_without_a_small_set_of_answers(records: list[Record]) -> None:
    assert findings.confusion(records) is None


def test_reliability_is_the_share_of_right_answers_in_each_bin() -> None:
    sure = [(0.95, 1.0), (0.91, 0.0), (1.0, 1.0), (0.9, 0.3), (0.0, 0.0)]
    samples = [Scored(record(n, confidence=c, score=s), s) for n, (c, s) in enumerate(sure)]
    samples.append(Scored(record(9, score=1.0), 1.0))  # states no confidence
    low, middle, high = findings.reliability(samples)
    assert (low.low, low.n, low.confidence, low.right) == (0, 1, 0, 0)
    assert [middle.high, middle.confidence, middle.right] == pytest.approx([0.9, 0.9, 0])
    assert [high.confidence, high.right] == pytest.approx([2.86 / 3, 2 / 3])
    assert (middle.n, high.n) == (1, 3)


def test_no_curve_without_confidence() -> None:
    assert findings.curve(scored(1, 0)) is None
    curve = findings.curve([Scored(record(n, confidence=0.9 - n / 10, score=float(n == 0)), None) for n in range(4)])
    assert curve is not None
    assert curve.risk.tolist() == pytest.approx([0, 1 / 2, 2 / 3, 3 / 4])


def test_bars_hold_every_value_and_both_ends() -> None:
    found = findings.bars([0.0, 0.05, 0.5, 1.0], 1.0)
    assert sum(bar.n for bar in found) == 4
    assert (found[0], found[5].n, found[9].n) == (Bar(0.0, 0.1, 2), 1, 1)


def test_the_worst_mislead_most() -> None:
    samples = [
        Scored(record(0, confidence=0.2), 0.0),
        Scored(record(1, confidence=0.9), 0.0),
        Scored(record(2, confidence=1.0), 0.3),
        Scored(record(3), 1.0),
        Scored(record(4), None),
    ]
    assert [one.record.id for one in findings.worst(samples, 9)] == ["s1", "s0", "s2"]
    assert [one.record.id for one in findings.worst(samples, 1)] == ["s1"]


def test_the_random_choice_is_the_same_every_time_and_not_the_first() -> None:
    samples = scored(*[1.0] * 50)
    chosen = findings.at_random(samples, 5)
    assert chosen == findings.at_random(samples, 5)
    assert chosen != samples[:5]
    assert len(set(map(id, chosen))) == 5
    assert findings.at_random(samples[:3], 5) == samples[:3]


def test_captions_are_ordered_by_their_own_rouge() -> None:
    outputs, references = ["a dog runs", "nothing alike"], [["a dog runs"], ["two boys swim"]]
    records = [
        record(n, output=output, references=wanted, score=None)
        for n, (output, wanted) in enumerate(zip(outputs, references, strict=True))
    ]
    assert [one.score for one in findings.scored("caption", records)] == [1.0, 0.0]
    assert corpus_scores(outputs, references).per_image["rouge_l"] == [1.0, 0.0]
    assert [one.score for one in findings.scored("vqa", records)] == [None, None]
