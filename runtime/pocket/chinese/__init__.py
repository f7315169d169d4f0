"""Chinese for models that read English: a dictionary and a small grammar, no model.

Here are queries for the encoder, as captions would have it; `questions` and `replies` stand before and behind the
vision-language model.
"""

from __future__ import annotations

import re

from runtime.pocket.chinese.grammar import clause
from runtime.pocket.chinese.lexicon import lexicon
from runtime.pocket.chinese.segment import words

CHINESE = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]")
BREAK = re.compile(r"[，,。.！!？?；;：:（）()《》“”\"\n]+|(?<=[\u3400-\u9fff])\s+(?=[\u3400-\u9fff])")


def to_english(query: str) -> str:
    """The query as a lower-case English description; text without Chinese characters comes back as it was.

    Words that the dictionary does not know are left out; a query of nothing but such words comes back unchanged.
    """
    if not CHINESE.search(query):
        return query
    known = lexicon()
    clauses = [clause(words(part, known)) for part in BREAK.split(query.translate(known.simplified))]
    return ", ".join(part for part in clauses if part) or query
