"""Write the two data files that come from others: names of emoji, and traditional characters.

    npm pack emojibase-data@17.0.0                      (MIT; labels from Unicode CLDR, Unicode-3.0)
    pip download opencc-python-reimplemented==0.1.7     (Apache-2.0)
    python -m runtime.pocket.chinese.sources package/ opencc/dictionary/TSCharacters.txt

Unpack both first. Everything else in `words/` is written by hand.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

from runtime.pocket.chinese.lexicon import WORDS, lexicon

EMOJI, TRADITIONAL = WORDS / "noun" / "emoji.tsv", WORDS / "traditional.tsv"
GROUPS = (3, 4, 5, 6, 7)
"""Emojibase's numbers for nature, food, places, activities and objects."""
PLAIN = re.compile(r"[^\W\da-zA-Z的和与半]{2,5}")
"""A short Chinese name: one thing, not a description, not a time on a clock."""
EVERYDAY = range(0xB0, 0xD8)
"""First byte, in GB 2312, of the 3,755 commonest simplified characters."""


def emoji_names(emojibase: Path) -> str:
    """Rows of the emoji whose Chinese name no other file has."""
    files = {language: emojibase / language / "data.json" for language in ("zh", "en")}
    zh, en = (
        {entry["hexcode"]: entry for entry in json.loads(file.read_text(encoding="utf-8"))} for file in files.values()
    )
    known = lexicon().words
    rows = [
        "# Names of emoji that the other files lack, made by sources.py from emojibase-data 17.0.0",
        "# (MIT, copyright 2017-2019 Miles Johnson; names: Unicode CLDR, Unicode-3.0, copyright Unicode, Inc.).",
    ]
    for code, entry in zh.items():
        name, english = entry["label"], re.sub(r" (face|button|symbol)$", "", en[code]["label"].lower())
        wanted = entry.get("group") in GROUPS and PLAIN.fullmatch(name) and name not in known
        if wanted and re.fullmatch(r"[a-z-]+( [a-z-]+)?", english):
            rows.append(f"{english}\t{name}")
    return "\n".join(rows) + "\n"


def traditional(characters: Path) -> str:
    """Rows of an everyday simplified character and the traditional ones it stands for."""
    forms: dict[str, str] = {"着": "著"}  # the two are one character to whoever writes traditional
    for line in characters.read_text(encoding="utf-8").splitlines():
        old, _, new = line.partition("\t")
        simplified = new.split(" ")[0]
        code = simplified.encode("gb2312", errors="ignore")
        if simplified != old and code and code[0] in EVERYDAY:
            forms[simplified] = forms.get(simplified, "") + old
    head = "# Simplified characters and their traditional forms, made by sources.py from OpenCC (Apache-2.0, BYVoid)."
    return "\n".join([head, *(f"{new}\t{old}" for new, old in sorted(forms.items()))]) + "\n"


if __name__ == "__main__":
    TRADITIONAL.write_text(traditional(Path(sys.argv[2])), encoding="utf-8")
    EMOJI.unlink(missing_ok=True)
    EMOJI.write_text(emoji_names(Path(sys.argv[1])), encoding="utf-8")
