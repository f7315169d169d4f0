"""The README's table of numbers, made from a stored run of `vistalk models bench --json`.

vistalk models bench --json > evals/results/bench.json
python -m evals.bench.readme
"""

from __future__ import annotations

import json
from typing import Any

from evals.readme import README, RESULTS, put

STORED = RESULTS / "bench.json"


def table(results: dict[str, list[dict[str, Any]]]) -> str:
    """The stored measures as a Markdown table."""
    lines = ["| bench | measure | value | limit | |", "|---|---|---|---|---|"]
    for bench, measures in results.items():
        for m in measures:
            sign = {"least": "≥", "most": "≤", "": ""}[m["sense"]]
            limit = f"{sign} {m['limit']:g}" if m["limit"] is not None else ""
            verdict = "" if m["limit"] is None else "met" if m["passed"] else "**missed**"
            note = f" ({m['note']})" if m["note"] else ""
            lines.append(f"| {bench} | {m['name']}{note} | {m['value']:.3g} {m['unit']} | {limit} | {verdict} |")
    return "\n".join(lines) + "\n"


def rendered(readme: str) -> str:
    """The README with its table made anew."""
    return put(readme, "bench", table(json.loads(STORED.read_text(encoding="utf-8"))))


if __name__ == "__main__":
    README.write_text(rendered(README.read_text(encoding="utf-8")), encoding="utf-8")
