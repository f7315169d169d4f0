"""Corpus scores of captions: BLEU, ROUGE-L and CIDEr-D, computed by `pycocoevalcap`."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pycocoevalcap.bleu.bleu_scorer import cook_refs, cook_test
from pycocoevalcap.cider.cider import Cider
from pycocoevalcap.rouge.rouge import Rouge

Floats = NDArray[np.float64]

FEWEST_FOR_CIDER = 100

ORDERS = 4
TINY, SMALL = 1e-15, 1e-9
"""What the official code adds above and below each fraction, so that 0 of 0 n-grams is almost 0 and no error."""

_CJK = "\u3400-\u9fff"
_TOKEN = re.compile(rf"[{_CJK}]|[^\W_{_CJK}]+")


@dataclass(frozen=True)
class CaptionScores:
    """What one set of captions scored.

    `values` holds bleu1..bleu4, rouge_l (each in [0, 1]) and cider (in [0, 10]); `per_image` the images' own rouge_l
    and cider, whose means those are, in the order given, for intervals and paired tests; `bleu_counts` what `bleu`
    makes its scores from, an image a row, since BLEU is no mean; `notes` says what is missing.
    """

    values: dict[str, float]
    per_image: dict[str, list[float]]
    bleu_counts: Floats
    notes: tuple[str, ...]


def tokens(caption: str) -> list[str]:
    """Lower-case runs of letters and digits; each Chinese character is a token of its own.

    The official scores come from the Stanford PTB tokenizer, a Java program, followed by removal of punctuation. It
    differs where a word holds punctuation: it splits "don't" into "do" and "n't" and "dog's" into "dog" and "'s"
    (here: "don" and "t", "dog" and "s"), keeps "black-and-white", "3.5" and "u.s." whole (here: split at each mark),
    and does not split Chinese. Other captions give the same tokens.
    """
    return _TOKEN.findall(caption.lower())


def corpus_scores(hypotheses: Sequence[str], references: Sequence[Sequence[str]]) -> CaptionScores:
    """Score one caption an image against that image's references.

    BLEU-1..4 is corpus level with the closest reference length, ROUGE-L has beta 1.2, CIDEr-D n 1..4 and sigma 6,
    times 10, with document frequencies from these references. CIDEr of fewer than 100 images depends on the set more
    than on the captions, so it is left out and a note says so. Raises ValueError if there is no image, an image
    has no reference, or the two sequences differ in length.
    """
    if not hypotheses or not all(references):
        raise ValueError("captions need at least one image and one reference an image")
    wanted, written = _tokenised(hypotheses, references)
    counts = _bleu_counts(wanted, written)
    values = {f"bleu{order}": bleu(counts.sum(0), order) for order in range(1, ORDERS + 1)}
    scorers = {"rouge_l": Rouge()}
    notes: tuple[str, ...] = ()
    if len(written) < FEWEST_FOR_CIDER:
        notes = (f"CIDEr left out: it means little below {FEWEST_FOR_CIDER} images, and there are {len(written)}",)
    else:
        scorers["cider"] = Cider()
    per_image = {}
    for name, scorer in scorers.items():
        mean, each = scorer.compute_score(wanted, written)
        values[name] = float(mean)
        per_image[name] = [float(score) for score in each]
    return CaptionScores(values, per_image, counts, notes)


def bleu(totals: Floats, order: int) -> float:
    """BLEU of the n-grams up to that order, from `bleu_counts` summed over the images of a set or of a resample."""
    matched, written, length, nearest = totals[:order], totals[ORDERS : ORDERS + order], *totals[-2:]
    precision = math.pow(np.prod((matched + TINY) / (written + SMALL)), 1 / order)
    ratio = (length + TINY) / (nearest + SMALL)
    return precision * math.exp(min(0.0, 1 - 1 / ratio))


def _bleu_counts(wanted: dict[int, list[str]], written: dict[int, list[str]]) -> Floats:
    """A row an image: its clipped matches and its n-grams of each order, its length and the nearest reference's."""
    rows = []
    for at, group in wanted.items():
        (caption,) = written[at]
        counts = cook_test(caption, cook_refs(group, n=ORDERS), eff="closest", n=ORDERS)
        rows.append([*counts["correct"], *counts["guess"], counts["testlen"], counts["reflen"]])
    return np.array(rows, np.float64)


def _tokenised(
    hypotheses: Sequence[str], references: Sequence[Sequence[str]]
) -> tuple[dict[int, list[str]], dict[int, list[str]]]:
    """References and captions as `pycocoevalcap` takes them."""
    wanted = {at: [_joined(each) for each in group] for at, group in enumerate(references)}
    written = {at: [_joined(each)] for at, each in enumerate(hypotheses)}
    if len(wanted) != len(written):
        raise ValueError(f"{len(written)} captions for {len(wanted)} images")
    return wanted, written


def _joined(caption: str) -> str:
    return " ".join(tokens(caption))
