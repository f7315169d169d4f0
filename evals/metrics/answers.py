"""Scores of a short answer against reference answers, as the official code of each metric computes them.

Every score takes one answer and all of its references, lies in [0, 1], and raises ValueError without a reference.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

NUMBER_WORDS = {
    "none": "0",
    "zero": "0",
    "one": "1",
    "two": "2",
    "three": "3",
    "four": "4",
    "five": "5",
    "six": "6",
    "seven": "7",
    "eight": "8",
    "nine": "9",
    "ten": "10",
}
ARTICLES = {"a", "an", "the"}
PUNCTUATION = ';/[]"{}()=+\\_-><@`,?!'
DIGIT_COMMA = re.compile(r"\d,\d")
PERIOD = re.compile(r"\.(?!\d)")
PERIODS_DROPPED = 32  # the official code passes re.UNICODE, which is 32, where `sub` takes its count

_CONTRACTED = """
    ain't aren't can't could've couldn't couldn't've didn't doesn't don't hadn't hadn't've hasn't haven't he'd he'd've
    he's how'd how'll how's isn't it'd it'd've it'll ma'am might've mightn't mightn't've must've mustn't needn't not've
    o'clock oughtn't 'ow's'at shan't she'd've should've shouldn't shouldn't've somebody'd've somebody'll somebody's
    someone'd someone'd've someone'll someone's something'd something'd've something'll that's there'd there'd've
    there're there's they'd they'd've they'll they're they've 'twas wasn't we'd've we've weren't what'll what're what's
    what've when's where'd where's where've who'd who'd've who'll who's who've why'll why're why's won't would've
    wouldn't wouldn't've y'all y'all'd've y'all'll you'd you'd've you'll you're you've
"""
# Each way to leave out one apostrophe leads to the full form. The table's forms of "I" start with a capital, so
# they meet no lower-cased word and are left out; "somebody'd" is the one entry that runs the other way.
CONTRACTIONS = {
    form[:at] + form[at + 1 :]: form for form in _CONTRACTED.split() for at, mark in enumerate(form) if mark == "'"
} | {"somebody'd": "somebodyd"}


def normalise(text: str) -> str:
    """The answer as `vqaEval.py` compares it: without punctuation, case, articles, number words, loose contractions."""
    text = _tidy(text)
    words = _without_punctuation(text).lower().split()
    words = [number for word in words if (number := NUMBER_WORDS.get(word, word)) not in ARTICLES]
    return " ".join(CONTRACTIONS.get(word, word) for word in words)


def vqa_accuracy(answer: str, references: Sequence[str], *, official: bool = True) -> float:
    """VQA accuracy: for each annotator, min(1, matches among the others / 3), averaged over the annotators.

    A single reference asks for equality after `normalise`. Below four references a perfect answer stays below 1, as
    the formula has it: use `exact` there. With `official`, identical references are compared as they stand, so that
    "Yes" scores 0 against ten "yes", as `vqaEval.py` has it; otherwise both sides are always normalised, as
    lmms-eval and VLMEvalKit do.
    """
    if len(references) < 2:
        return exact(answer, references)
    tidied = [_tidy(reference) for reference in references]
    if official and len(set(tidied)) == 1:
        matches = [reference == _tidy(answer) for reference in tidied]
    else:
        wanted = normalise(answer)
        matches = [normalise(reference) == wanted for reference in references]
    total = sum(matches)
    return sum(min(1.0, (total - match) / 3) for match in matches) / len(matches)


def anls(answer: str, references: Sequence[str]) -> float:
    """1 - normalised Levenshtein distance to the nearest reference; below 0.5 it counts 0, exactly 0.5 stays.

    Case and runs of white space do not count. The distance is divided by the longer of the two collapsed texts; the
    official script divides by the texts as given, where padding an answer with spaces would raise its score.
    """
    nearest = 1 - min(_distance(_collapsed(answer), _collapsed(reference)) for reference in references)
    return nearest if nearest >= 0.5 else 0.0


def exact(answer: str, references: Sequence[str]) -> float:
    """1 if the answer equals a reference after `normalise`, else 0."""
    wanted = normalise(answer)
    return float(max(normalise(reference) == wanted for reference in references))


def _tidy(text: str) -> str:
    return text.replace("\n", " ").replace("\t", " ").strip()


def _without_punctuation(text: str) -> str:
    digit_comma = DIGIT_COMMA.search(text) is not None
    cleaned = text
    for mark in PUNCTUATION:
        touches_space = f"{mark} " in text or f" {mark}" in text
        cleaned = cleaned.replace(mark, "" if touches_space or digit_comma else " ")
    return PERIOD.sub("", cleaned, count=PERIODS_DROPPED)


def _collapsed(text: str) -> str:
    return " ".join(text.lower().split())


def _distance(first: str, second: str) -> float:
    """Levenshtein distance over the longer length; 0 for two empty texts."""
    above = list(range(len(second) + 1))
    for row, left in enumerate(first, 1):
        current = [row]
        for column, right in enumerate(second, 1):
            current.append(min(above[column] + 1, current[-1] + 1, above[column - 1] + (left != right)))
        above = current
    return above[-1] / max(len(first), len(second), 1)
