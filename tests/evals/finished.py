"""Finished runs that no model was asked for: a data file with pictures, records, and the summary made of them."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from evals.formats import Sample, load
from evals.records import Header, Record, Run, sha256_of
from evals.runner import ANSWERS
from evals.summary import summarise
from evals.tasks import TASKS, Task
from runtime.settings import load_settings

Answerer = Callable[[int, Sample], tuple[str, float | None]]
"""Takes a sample's number and the sample; gives the answer and its confidence."""


def noise(seed: int, side: int = 96) -> bytes:
    """A JPEG of coloured noise: no two seeds give the same, and it does not shrink well."""
    pixels = np.random.default_rng(seed).integers(0, 256, (side, side, 3), np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=60)
    return buffer.getvalue()


def data_file(folder: Path, rows: Sequence[dict[str, Any]], pictures: int, side: int = 96) -> Path:
    """A data file whose pictures are named 0.jpg, 1.jpg and so on."""
    (folder / "images").mkdir(parents=True)
    for number in range(pictures):
        (folder / "images" / f"{number}.jpg").write_bytes(noise(number, side))
    path = folder / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def questions(count: int, **more: Any) -> list[dict[str, Any]]:
    """Questions, each about a picture of its own."""
    return [
        {"image": f"{i}.jpg", "question": f"What is in picture {i}?", "answers": ["dog" if i % 3 else "cat"], **more}
        for i in range(count)
    ]


def finished(folder: Path, task: str, data: Path, answer: Answerer, **changed: Any) -> Run:
    """A run over all of a data file; `changed` replaces fields of its header."""
    samples, settings = load(task, data), load_settings()
    header = Header(
        run=f"{task}-pocket-20261123-101112-131",
        task=task,
        version=1,
        data=sha256_of([data]),
        pictures="0" * 64,
        source=str(data),
        ids=[sample.id for sample in samples],
        subject="model",
        model="pocket",
        weights="ab" * 32,
        settings={name: getattr(settings, name) for name in ANSWERS} | {"limit": None, "draw_seed": 0},
        place={"versions": {"torch": "2.0"}, "python": "3.11", "machine": "here", "commit": "c0ffee", "dirty": True},
    )
    run = Run.begin(folder, Header(**{**vars(header), **changed}))
    records = [_record(TASKS[task], sample, *answer(number, sample)) for number, sample in enumerate(samples)]
    lines = "".join(json.dumps(asdict(record)) + "\n" for record in records)
    (folder / "samples.jsonl").write_text(lines, encoding="utf-8")  # a disk's flush for each would take a minute
    run.write_summary(summarise(TASKS[task], folder.name, run.records(), samples).to_json())
    return run


def _record(task: Task, sample: Sample, output: str, confidence: float | None) -> Record:
    parsed = task.parse(output, sample)
    return Record(
        id=sample.id,
        images=[hashlib.sha256(picture.read()).hexdigest() for picture in sample.images],
        prompt=sample.text,
        output=output,
        parsed=parsed,
        references=list(sample.references),
        score=task.score(parsed, sample) if parsed is not None else (0.0 if task.metric else None),
        group=sample.group,
        lang=sample.lang,
        kind=sample.kind,
        confidence=confidence,
        usage={"output": 3},
        seconds=0.25,
    )
