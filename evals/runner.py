"""Running a task: draw the samples, ask the subject about those that are not done, keep each record, sum up."""

from __future__ import annotations

import hashlib
import io
import platform
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any, Literal

from PIL import Image

from evals.formats import Sample, load
from evals.records import Header, Record, Run, sha256_of
from evals.statistics import stratified_sample
from evals.subjects import Answer, BareModel, Subject, open_subject
from evals.summary import Summary, summarise
from evals.tasks import TASKS, Task
from runtime.errors import BadData, BadSetting, Cancelled, VistalkError
from runtime.models import present
from runtime.presets import Preset, preset_of
from runtime.settings import Settings

Progress = Callable[[int, int, float], None]
"""Takes how many samples are done, of how many, and the mean score so far."""

ANSWERS = ("preset", "vlm", "vlm_revision", "vlm_url", "dtype", "device", "seed", "temperature", "max_new_tokens")
"""The settings that change answers."""


@dataclass(frozen=True)
class Plan:
    """What to run. `limit` draws a seeded sample, stratified by kind and language; None takes all."""

    task: str
    data: Path
    subject: Literal["model", "agent"] = "model"
    limit: int | None = None
    seed: int = 0


def folder_of(settings: Settings) -> Path:
    """Where runs are kept."""
    return settings.home / "evals"


def run(settings: Settings, plan: Plan, progress: Progress, out: Path | None = None) -> Summary:
    """Run a task from its beginning, or go on with the run in `out`.

    Raises:
        BadData: the data file is wrong, or `out` holds another run.
        BadSetting: there is no such task.
        ModelNotPresent
    """
    task = _task(plan.task)
    samples = drawn(load(plan.task, plan.data), plan)
    header = _header(settings, plan, task, samples)
    return _go_on(settings, task, samples, Run.begin(out or folder_of(settings) / header.run, header), progress)


def resume(settings: Settings, folder: Path, progress: Progress) -> Summary:
    """Finish a run that was interrupted, with the settings it began with.

    Raises:
        BadData: there is no such run, or its data have changed.
    """
    header = Run(folder).header()
    kept = header.settings
    plan = Plan(header.task, Path(header.source), kept["subject"], kept["limit"], kept["draw_seed"])
    same = settings.model_copy(update={name: kept[name] for name in ANSWERS})
    return run(same, plan, progress, out=folder)


def drawn(samples: Sequence[Sample], plan: Plan) -> list[Sample]:
    """The samples that the plan asks for, in the data's order."""
    if plan.limit is None or plan.limit >= len(samples):
        return list(samples)
    strata = [f"{sample.lang} {sample.kind}" for sample in samples]
    chosen = set(stratified_sample([sample.id for sample in samples], strata, plan.limit, plan.seed))
    return [sample for sample in samples if sample.id in chosen]


def _go_on(settings: Settings, task: Task, samples: Sequence[Sample], run: Run, progress: Progress) -> Summary:
    done = {record.id: record for record in run.records()}
    preset = preset_of(settings)
    scores = [record.score for record in done.values() if record.score is not None]
    left = [sample for sample in samples if sample.id not in done]
    if left:
        with open_subject(run.header().subject, settings) as subject, run.appending() as appender:
            for number, sample in enumerate(left, len(done) + 1):
                record = examine(task, preset, subject, sample)
                appender.add(record)
                if record.score is not None:
                    scores.append(record.score)
                progress(number, len(samples), sum(scores) / len(scores) if scores else float("nan"))
    summary = summarise(task, run.folder.name, run.records(), samples)
    run.write_summary(summary.to_json())
    return summary


def examine(task: Task, preset: Preset, subject: Subject, sample: Sample) -> Record:
    """Ask about one sample. The subject's errors score nothing and are kept; a stop is passed on."""
    pictures = [picture.read() for picture in sample.images] or [_blank(shade) for shade in range(sample.count)]
    prompt = task.ask(sample, preset) if isinstance(subject, BareModel) else sample.text or task.words
    try:
        answer = subject.answer(pictures, prompt)
    except Cancelled:
        raise
    except VistalkError as error:
        answer = Answer("", error=error.message)
    output = answer.action if task.plans else answer.text
    parsed = None if answer.error else task.parse(output, sample)
    return Record(
        id=sample.id,
        images=[hashlib.sha256(data).hexdigest() for data in pictures],
        prompt=prompt,
        output=output,
        parsed=parsed,
        references=list(sample.references),
        score=task.score(parsed, sample) if parsed is not None else (0.0 if task.metric else None),
        group=sample.group,
        lang=sample.lang,
        kind=sample.kind,
        confidence=answer.confidence,
        usage=answer.usage,
        seconds=round(answer.seconds, 4),
        error=answer.error,
    )


def _blank(shade: int) -> bytes:
    """A plain picture for a message whose pictures do not matter: the planner never sees them."""
    buffer = io.BytesIO()
    Image.new("RGB", (32, 32), (shade, shade, shade)).save(buffer, "PNG")
    return buffer.getvalue()


def _task(name: str) -> Task:
    if name not in TASKS:
        raise BadSetting(f"There is no task {name!r}.", hint=f"Choose one of: {', '.join(TASKS)}.")
    return TASKS[name]


def _header(settings: Settings, plan: Plan, task: Task, samples: Sequence[Sample]) -> Header:
    preset = preset_of(settings)
    local = preset.vlm not in ("served", "scripted")
    weights = sha256_of(sorted(present(settings, preset).glob("*.safetensors"))) if local else preset.vlm
    if task.plans and plan.subject == "model":
        raise BadSetting(f"The task {task.name} examines the whole agent.", hint="Add `--subject agent`.")
    if not samples:
        raise BadData(f"{plan.data} holds no samples.")
    kept = {name: getattr(settings, name) for name in ANSWERS} | {"short_answer": preset.short_answer}
    stamp = datetime.now(UTC).strftime("%Y%m%d-%H%M%S-%f")[:-3]
    return Header(
        run=f"{task.name}-{preset.name}-{stamp}",
        task=task.name,
        version=task.version,
        data=sha256_of([plan.data]) if plan.data.is_file() else str(plan.data),
        pictures=_digest(samples),
        source=str(plan.data.absolute() if plan.data.exists() else plan.data),
        ids=[sample.id for sample in samples],
        subject=plan.subject,
        model=preset.vlm,
        weights=weights,
        settings={**kept, "subject": plan.subject, "limit": plan.limit, "draw_seed": plan.seed},
        place=_place(),
    )


def _digest(samples: Sequence[Sample]) -> str:
    """One digest over the bytes of every picture: a picture that changes makes another run."""
    digest = hashlib.sha256()
    for sample in samples:
        for picture in sample.images:
            digest.update(hashlib.sha256(picture.read()).digest())
    return digest.hexdigest()


def _place() -> dict[str, Any]:
    names = ("torch", "transformers", "langgraph", "llguidance", "pillow", "streamlit")
    return {
        "versions": {name: metadata.version(name) for name in names},
        "python": platform.python_version(),
        "machine": platform.platform(),
        **_commit(),
    }


def _commit() -> dict[str, Any]:
    """The commit of the source tree, where it is one."""
    folder = Path(__file__).parent
    head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=folder, capture_output=True, text=True, check=False)
    if head.returncode:
        return {"commit": "", "dirty": False}
    dirty = subprocess.run(
        ["git", "status", "--porcelain"], cwd=folder, capture_output=True, text=True, check=False
    ).stdout
    return {"commit": head.stdout.strip(), "dirty": bool(dirty.strip())}
