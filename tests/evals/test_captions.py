from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from fractions import Fraction

import numpy as np
import pytest
from pycocoevalcap.bleu.bleu import Bleu

from evals.metrics.captions import bleu, corpus_scores, tokens

WORDS = ["dog", "cat", "grass", "runs", "sits", "red", "on", "under", "near", "ball", "tree", "sky", "two", "man"]
NAMES = ["bleu1", "bleu2", "bleu3", "bleu4"]
Captions = tuple[list[str], list[list[str]]]


def sentence(random: np.random.Generator, least: int = 4) -> str:
    return " ".join(random.choice(WORDS, int(random.integers(least, 10))))


def corpus(random: np.random.Generator, images: int) -> Captions:
    """Random references; each caption is a reference with some words replaced."""
    references = [[sentence(random) for _ in range(int(random.integers(1, 4)))] for _ in range(images)]
    hypotheses = []
    for group in references:
        words = group[0].split()
        words[int(random.integers(len(words)))] = str(random.choice(WORDS))
        hypotheses.append(" ".join(words[: int(random.integers(3, len(words) + 1))]))
    return hypotheses, references


def ngrams(text: str, size: int) -> list[tuple[str, ...]]:
    words = text.split()
    return [tuple(words[at : at + size]) for at in range(len(words) - size + 1)]


def naive_bleu(hypotheses: Sequence[str], references: Sequence[Sequence[str]], order: int) -> float:
    """Papineni et al. 2002 as written, in exact fractions; the lengths are those nearest to the captions'."""
    precisions = []
    for size in range(1, order + 1):
        matched = written = 0
        for hypothesis, group in zip(hypotheses, references, strict=True):
            for gram in set(ngrams(hypothesis, size)):
                most = max(ngrams(reference, size).count(gram) for reference in group)
                matched += min(ngrams(hypothesis, size).count(gram), most)
            written += len(ngrams(hypothesis, size))
        precisions.append(Fraction(matched, written))
    length = sum(len(hypothesis.split()) for hypothesis in hypotheses)
    nearest = 0
    for hypothesis, group in zip(hypotheses, references, strict=True):
        own = len(hypothesis.split())
        nearest += sorted((len(reference.split()) for reference in group), key=lambda size: (abs(size - own), size))[0]
    brevity = 1.0 if length >= nearest else math.exp(1 - nearest / length)
    return brevity * math.pow(math.prod(precisions), 1 / order)


def longest_common(one: list[str], other: list[str]) -> int:
    """By trying: the longest subsequence of one that the other holds too, as a set of reachable positions."""
    best = {0: 0}  # words used of `other` -> words shared
    for word in one:
        grown = dict(best)
        for used, shared in best.items():
            for at in range(used, len(other)):
                if other[at] == word:
                    grown[at + 1] = max(grown.get(at + 1, 0), shared + 1)
        best = grown
    return max(best.values())


def naive_rouge(hypothesis: str, group: Sequence[str]) -> float:
    own = hypothesis.split()
    shared = [longest_common(own, reference.split()) for reference in group]
    precision = max(shared) / len(own)
    recall = max(each / len(reference.split()) for each, reference in zip(shared, group, strict=True))
    if precision == 0:
        return 0.0
    return (1 + 1.44) * precision * recall / (recall + 1.44 * precision)


def naive_cider(hypotheses: Sequence[str], references: Sequence[Sequence[str]]) -> list[float]:
    """CIDEr-D (Vedantam et al. 2015, eq. 4 and 5 with clipping and the length penalty)."""
    images = len(references)
    scores = []
    seen = [
        Counter(gram for group in references for gram in {gram for each in group for gram in ngrams(each, size)})
        for size in range(1, 5)
    ]

    def weights(text: str, size: int) -> dict[tuple[str, ...], float]:
        return {
            gram: count * math.log(images / max(1, seen[size - 1][gram]))
            for gram, count in Counter(ngrams(text, size)).items()
        }

    def norm(vector: dict[tuple[str, ...], float]) -> float:
        return math.sqrt(sum(value * value for value in vector.values()))

    for hypothesis, group in zip(hypotheses, references, strict=True):
        total = 0.0
        for reference in group:
            # the reference code counts a text's bigrams as its length, which leaves the difference as it is
            penalty = math.exp(-((len(ngrams(hypothesis, 2)) - len(ngrams(reference, 2))) ** 2) / (2 * 36))
            for size in range(1, 5):
                own, other = weights(hypothesis, size), weights(reference, size)
                if norm(own) and norm(other):
                    dot = sum(min(value, other.get(gram, 0)) * other.get(gram, 0) for gram, value in own.items())
                    total += penalty * dot / (norm(own) * norm(other))
        scores.append(10 * total / 4 / len(group))
    return scores


def test_perfect_captions_score_best() -> None:
    random = np.random.default_rng(20)
    captions = [sentence(random) + f" {index}" for index in range(120)]
    scores = corpus_scores(captions, [[caption] for caption in captions])
    assert [scores.values[name] for name in [*NAMES, "rouge_l"]] == pytest.approx([1.0] * 5)
    assert scores.values["cider"] == pytest.approx(10)
    assert scores.notes == ()


def test_captions_with_no_word_in_common_score_nothing() -> None:
    scores = corpus_scores(["x y z w v"] * 120, [["dog cat red blue sky"]] * 120)
    assert all(value == pytest.approx(0, abs=1e-6) for value in scores.values.values())


def test_bleu_golden() -> None:
    """Papineni's example: "the" seven times matches twice; and the closest of 6 and 7 words is 7."""
    scores = corpus_scores(["the the the the the the the"], [["the cat is on the mat", "there is a cat on the mat"]])
    assert scores.values["bleu1"] == pytest.approx(2 / 7)


def test_rouge_golden() -> None:
    scores = corpus_scores(["police kill the gunman"], [["police killed the gunman"]])
    assert scores.values["rouge_l"] == pytest.approx(0.75)
    scores = corpus_scores(["a b"], [["a b c d"]])
    assert scores.values["rouge_l"] == pytest.approx(2.44 * 0.5 / (0.5 + 1.44))


@pytest.mark.parametrize("images", [1, 99])
def test_cider_of_few_images_is_left_out_and_said(images: int) -> None:
    scores = corpus_scores(*corpus(np.random.default_rng(21), images))
    assert set(scores.values) == {*NAMES, "rouge_l"}
    assert set(scores.per_image) == {"rouge_l"}
    assert str(images) in scores.notes[0]


def test_case_and_punctuation_do_not_count() -> None:
    scores = corpus_scores(['"A Dog," runs!'], [["a dog runs."]])
    assert scores.values["rouge_l"] == 1


def test_an_empty_caption_scores_nothing_and_breaks_nothing() -> None:
    scores = corpus_scores(["", "..."], [["a dog"], ["a cat"]])
    assert all(value == pytest.approx(0, abs=1e-6) for value in scores.values.values())


def test_nothing_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    corpus_scores(*corpus(np.random.default_rng(22), 100))
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(("hypotheses", "references"), [([], []), (["a"], [[]]), (["a"], [["a"], ["b"]])])
def test_what_cannot_be_scored_is_refused(hypotheses: list[str], references: list[list[str]]) -> None:
    with pytest.raises(ValueError):
        corpus_scores(hypotheses, references)


def test_tokens() -> None:
    assert tokens("A black-and-white dog's ball, isn't it?") == (
        ["a", "black", "and", "white", "dog", "s", "ball", "isn", "t", "it"]
    )
    assert tokens("一只狗 runs 3") == ["一", "只", "狗", "runs", "3"]
    assert tokens("snake_case Ünïcode") == ["snake", "case", "ünïcode"]
    assert tokens("?!") == []


def test_bleu_and_rouge_agree_with_the_papers_on_a_thousand_corpora() -> None:
    random = np.random.default_rng(23)
    for _ in range(1000):
        hypotheses, references = corpus(random, int(random.integers(1, 4)))
        hypotheses[0] = sentence(random)  # four words or more, so that every order has an n-gram
        scores = corpus_scores(hypotheses, references)
        for order, name in enumerate(NAMES, 1):
            wanted = naive_bleu(hypotheses, references, order)
            # the reference code adds 1e-15 to the matches, so no score of 0 is quite that
            assert scores.values[name] == pytest.approx(wanted, abs=1e-6 if wanted else 1e-3)
        rouge = [naive_rouge(*pair) for pair in zip(hypotheses, references, strict=True)]
        assert scores.per_image["rouge_l"] == pytest.approx(rouge, abs=1e-6)
        assert scores.values["rouge_l"] == pytest.approx(sum(rouge) / len(rouge), abs=1e-6)


def test_cider_agrees_with_the_paper_on_a_thousand_captions() -> None:
    random = np.random.default_rng(24)
    for images in (100, 150, 250, 500):
        hypotheses, references = corpus(random, images)
        wanted = naive_cider(hypotheses, references)
        scores = corpus_scores(hypotheses, references)
        assert scores.per_image["cider"] == pytest.approx(wanted, abs=1e-6)
        assert scores.values["cider"] == pytest.approx(sum(wanted) / images, abs=1e-6)
        assert 0 < scores.values["cider"] < 10


def test_bleu_is_that_of_pycocoevalcap_on_a_thousand_resamples() -> None:
    random = np.random.default_rng(25)
    for images in (2, 5, 20, 100):
        hypotheses, references = corpus(random, images)
        hypotheses[0] = ""
        counts = corpus_scores(hypotheses, references).bleu_counts
        for _ in range(250):
            rows = random.integers(images, size=images)
            wanted, _ = Bleu(4).compute_score(
                {at: references[row] for at, row in enumerate(rows)},
                {at: [hypotheses[row]] for at, row in enumerate(rows)},
                verbose=0,
            )
            assert [bleu(counts[rows].sum(0), order) for order in (1, 2, 3, 4)] == pytest.approx(wanted, abs=1e-9)
