"""How well the model plans on phrasings that no prompt and no training saw, beside always choosing one action."""

from __future__ import annotations

import json
import tempfile
import threading
from collections import Counter
from importlib.resources import files
from pathlib import Path

from agent.assembly import open_assistant
from agent.planner import Facts
from evals.bench.report import Measure
from evals.subjects import linked_home
from runtime.settings import Settings


def planning(settings: Settings) -> list[Measure]:
    """Accuracy of the first action for each language, with the majority baseline; 118 messages of evals/data."""
    text = files("evals").joinpath("data", "planning.jsonl").read_text(encoding="utf-8")
    rows = [json.loads(line) for line in text.splitlines()]
    measures = []
    with tempfile.TemporaryDirectory() as folder:
        assistant = open_assistant(settings.model_copy(update={"home": linked_home(settings, Path(folder))}))
        for language in ("en", "zh"):
            asked = [row for row in rows if row["lang"] == language]
            right = 0
            for row in asked:
                handles = [f"img{number}" for number in range(1, row["images"] + 1)]
                plan = assistant.planner.plan(Facts(row["text"], language, handles, handles), threading.Event())
                right += plan.action in row["expect"]
            majority = Counter(row["expect"][0] for row in asked).most_common(1)[0][1]
            measures += [
                Measure(f"accuracy_{language}", 100 * right / len(asked), "%", note=f"{right} of {len(asked)}"),
                Measure(f"majority_{language}", 100 * majority / len(asked), "%", note="always the commonest action"),
            ]
        assistant.close()
    return measures
