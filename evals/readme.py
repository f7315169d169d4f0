"""The README's tables of numbers: each stands between two comments of its name and is made from stored results."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
RESULTS = ROOT / "evals" / "results"


def put(readme: str, name: str, made: str) -> str:
    """The README with what stands between `<!-- name -->` and `<!-- /name -->` made anew.

    Raises:
        ValueError: it has no such place, or several.
    """
    block = re.compile(rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)", re.DOTALL)
    filled, places = block.subn(lambda found: found[1] + made + found[2], readme)
    if places != 1:
        raise ValueError(f"the README has {places} places for {name}")
    return filled
