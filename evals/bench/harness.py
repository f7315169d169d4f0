"""What an evaluation costs beside its model, and what it saves where a picture has several questions."""

from __future__ import annotations

import io
import json
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from langchain_core.messages import HumanMessage
from PIL import Image

from evals.bench.report import Measure
from evals.bench.serving import picture
from evals.engines import STEADY, batches, in_company
from evals.formats import Sample, load
from evals.runner import Plan, run
from evals.subjects import BareModel, Question
from evals.tasks import TASKS
from runtime.models import settled
from runtime.presets import preset_of
from runtime.settings import Settings
from runtime.vlm.chat import LocalVisionChatModel

PICTURES = 24
ALONE = 6
"""Of them, those whose questions are asked one by one."""

QUESTIONS = (
    "What is in the picture?",
    "What colour is the house?",
    "Is there a sun in the sky?",
    "How many houses are there?",
    "What colour is the sky behind the house?",
    "Is it day or night in this picture?",
    "Is there a person in front of the house?",
    "What shape is the sun?",
)
ROUNDS = 3


def harness(settings: Settings) -> list[Measure]:
    """A run beside the same calls alone, and beside the questions one by one.

    Rounds are interleaved, after one that warms up, and the fastest of each kind counts: a disturbance only slows.
    """
    settings = settled(settings)
    subject = BareModel(settings)
    seconds: dict[str, list[float]] = {"whole": [], "calls": [], "alone": []}
    with tempfile.TemporaryDirectory() as folder:
        plan = Plan("vqa", _data(Path(folder)))
        samples = in_company(load(plan.task, plan.data))
        questions = [_question(sample, settings) for sample in samples]
        few = questions[: ALONE * len(QUESTIONS)]
        for number in range(ROUNDS + 1):
            out = Path(folder) / f"run-{number}"
            seconds["whole"].append(_seconds(subject, partial(run, settings, plan, _quiet, out, subject)))
            seconds["calls"].append(_seconds(subject, partial(_together, subject, questions)))
            seconds["alone"].append(_seconds(subject, partial(_one_by_one, subject, few)))
    subject.pool.close()
    whole, calls, alone = (min(each[1:]) for each in seconds.values())
    together, one_by_one = len(questions) / whole, len(few) / alone
    overhead = 100 * (whole / calls - 1)
    return [
        Measure("one_by_one", one_by_one, "questions/s"),
        Measure("together", together, "questions/s", note=f"a whole run, {len(QUESTIONS)} questions a picture"),
        Measure("together_ratio", together / one_by_one, "×", "least", 2, "together / one by one"),
        Measure("harness_overhead", overhead, "%", "most", 5, "a whole run / the same calls in a bare loop"),
    ]


def _data(folder: Path) -> Path:
    """Drawings that differ in size, each with all questions."""
    rows = []
    for number in range(PICTURES):
        picture(200 + 8 * number).save(folder / f"{number}.png")
        rows += [{"image": f"{number}.png", "question": words, "answers": ["yes"]} for words in QUESTIONS]
    path = folder / "questions.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def _question(sample: Sample, settings: Settings) -> Question:
    files = [picture.read() for picture in sample.images]
    return Question(files, TASKS["vqa"].ask(sample, preset_of(settings)))


def _seconds(subject: BareModel, work: Callable[[], object]) -> float:
    """With nothing kept from before."""
    model = _local(subject)
    with model.pool.lease(model.spec) as engine:
        engine.heads.clear()
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _together(subject: BareModel, questions: Sequence[Question]) -> None:
    for batch in batches(questions, STEADY.batch):
        list(subject.answers(batch))


def _one_by_one(subject: BareModel, questions: Sequence[Question]) -> None:
    """Each question as one call of the chat model, which reads its picture again."""
    for question in questions:
        shown = Image.open(io.BytesIO(question.pictures[0])).convert("RGB")
        model = _local(subject).model_copy(update={"load_image": lambda _, shown=shown: shown})
        model.invoke([HumanMessage([{"type": "image", "file_id": "it"}, {"type": "text", "text": question.prompt}])])


def _local(subject: BareModel) -> LocalVisionChatModel:
    if not isinstance(subject.model, LocalVisionChatModel):
        raise TypeError("only a model that runs here can be measured here")
    return subject.model


def _quiet(*_: object) -> None:
    """No progress."""
