"""Yes/no answers: what an answer says, and presence scores in the manner of POPE."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from agent.language import Language

Floats = NDArray[np.float64]

# A verdict that stands alone ends, or goes on after punctuation.
_ALONE = r"(?=\s*(?:[^\w\s]|$))"
_NOT_A_CHOICE = r"(?!\s*(?:/|or\b|and\b)\s*(?:yes|no|true|false|correct|incorrect)\b)"
_YES = rf"(?:(?:yes|yeah|yep)\b(?!')|(?:true|correct){_ALONE}){_NOT_A_CHOICE}"
_NO_PHRASE = r"(?!\.?\s*\d|\s+(?:idea|clue|doubt|way|problem|answer|information|context|comment)\b)"
_NO = rf"(?:(?:no|nope|nah)\b(?!'){_NO_PHRASE}|(?:false|incorrect){_ALONE}){_NOT_A_CHOICE}"
_LEAD = r"((?:(?:the |my )?(?:final )?answer(?: is|:)|it is|it's|that is|that's|this is)\W*)?"

_ZH_ALONE = r"(?=的?\s*(?:[^\w\s]|$))"
_ZH_YES = rf"(?:(?:是|对|正确|真|存在|有){_ZH_ALONE}|是的|有(?!没有|无|可能|点|些|时|关|人说|什么|待|限|趣))"
_ZH_NO = (
    rf"(?:(?:不|没|不是|不对|错|错误|不正确|否|假|不存在){_ZH_ALONE}|"
    r"没有(?!足够|办法|把握|信息|答案|看清|上下文|提供|图片|图像))"
)
_ZH_LEAD = r"(答案(?:是|为|：|:)\W*)?"

_MARKUP = re.compile(r"[*_`#\"“”‘「」『』]")
_SENTENCE = re.compile(r"(?<=[.!?])\s+(?!\d)|(?<=[。！？])|\n+")

_PATTERNS = {
    "en": (re.compile(rf"\W*{_LEAD}{_YES}"), re.compile(rf"\W*{_LEAD}{_NO}")),
    "zh": (re.compile(rf"\W*{_ZH_LEAD}{_ZH_YES}"), re.compile(rf"\W*{_ZH_LEAD}{_ZH_NO}")),
}


def parse_yes_no(text: str, lang: Language) -> bool | None:
    """What an answer says: True for yes, False for no, None for neither.

    The first word decides, so "Yes, but no" is yes. If it is no verdict, the first sentence that opens with one
    standing alone does ("Is there a dog? Yes."). An answer that only describes ("There is a cat", 是一只猫) is None,
    as it may be about something else, and so are "yes or no", "no idea", 不知道 and 对不起: nothing is guessed. Only
    有 and 没有 may lead a description, as Chinese says yes and no by repeating the verb (没有狗 is no). Where
    Chinese is expected, English is understood too.
    """
    sentences = [part.strip() for part in _SENTENCE.split(_MARKUP.sub("", text).replace("’", "'").lower())]
    for place, sentence in enumerate(part for part in sentences if part):
        for language in dict.fromkeys((lang, "en")):
            for verdict, pattern in zip((True, False), _PATTERNS[language], strict=True):
                found = pattern.match(sentence)
                if found and (_ends(sentence[found.end() :]) or (place == 0 and not found[1])):
                    return verdict
    return None


def presence_scores(predicted: Sequence[bool | None], truth: Sequence[bool]) -> dict[str, float]:
    """Accuracy, precision, recall, f1, yes_rate and unparsed_rate of yes/no answers; "yes" is the positive class.

    An unparsed answer (None) is wrong: it lowers accuracy whatever the truth and recall where the truth is yes, and
    is no "yes" for precision and yes_rate. A ratio over nothing is 0. Raises ValueError if there is no answer or the
    two sequences differ in length.
    """
    return presence_of(presence_counts(predicted, truth).sum(0))


def presence_counts(predicted: Sequence[bool | None], truth: Sequence[bool]) -> Floats:
    """A row an answer, of what `presence_of` adds up: 1, right, hit, said yes, is yes, unparsed."""
    if not predicted:
        raise ValueError("no answers to score")
    pairs = zip(predicted, truth, strict=True)
    rows = [(1, said == true, said is True and true, said is True, true, said is None) for said, true in pairs]
    return np.array(rows, np.float64)


def presence_of(totals: Floats) -> dict[str, float]:
    """The scores of `presence_scores` from its counts, summed over a set or a resample."""
    n, right, hits, said_yes, is_yes, unparsed = map(float, totals)
    precision, recall = _ratio(hits, said_yes), _ratio(hits, is_yes)
    return {
        "accuracy": right / n,
        "precision": precision,
        "recall": recall,
        "f1": _ratio(2 * precision * recall, precision + recall),
        "yes_rate": said_yes / n,
        "unparsed_rate": unparsed / n,
    }


def _ends(rest: str) -> bool:
    return re.match(r"\s*\w", rest) is None


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else 0.0
