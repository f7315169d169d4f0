"""Running a task: draw the samples, ask the subject about those that are not done, keep each record, sum up."""

from __future__ import annotations

import hashlib
import platform
import subprocess
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any, Literal

from evals.conditions import condition_of
from evals.engines import STEADY, Pace, examined
from evals.formats import Picture, Sample
from evals.records import Header, Run, sha256_of
from evals.searched import Whole, read
from evals.statistics import stratified_sample
from evals.subjects import Subject
from evals.summary import Summary, summarise
from evals.tasks import TASKS, Task
from runtime.errors import BadData, BadSetting
from runtime.models import present, settled
from runtime.presets import Preset, preset_of
from runtime.settings import Settings

Progress = Callable[[int, int, float], None]
"""Takes how many samples are done, of how many, and the mean score so far."""

ANSWERS = ("preset", "vlm", "vlm_revision", "vlm_url", "dtype", "device", "seed", "temperature", "max_new_tokens")
"""The settings that change answers."""

ENCODERS = ("encoder", "passage_encoder")
"""Those that change what a search finds."""

COMPUTING = ("device", "dtype", "threads")
"""Those that do so by a rounding: kept as they were asked for, and as what `auto` stood for."""


@dataclass(frozen=True)
class Plan:
    """What to run. `limit` draws a seeded sample, stratified by kind and language; None takes all.

    `condition` is what the pictures go through before they are shown, by its name in `evals.conditions`, if anything.
    `language` leaves only the samples of one. `images` is a folder, or a data file, with the pictures that are meant,
    where they are not beside the data; a search looks through all of them.
    """

    task: str
    data: Path
    subject: Literal["model", "agent"] = "model"
    limit: int | None = None
    seed: int = 0
    condition: str = ""
    language: str = ""
    images: Path | None = None


def folder_of(settings: Settings) -> Path:
    """Where runs are kept."""
    return settings.home / "evals"


def run(
    settings: Settings,
    plan: Plan,
    progress: Progress,
    out: Path | None = None,
    subject: Subject | None = None,
    pace: Pace = STEADY,
) -> Summary:
    """Run a task from its beginning, or go on with the run in `out`; with a subject of these settings, if one is open.

    The pace changes no answer: a run may go on at another.

    Raises:
        BadData: the data file is wrong, or `out` holds another run.
        BadSetting: there is no such task.
        ModelNotPresent
    """
    task = _task(plan.task)
    whole = read(plan)
    samples = drawn(whole.samples, plan)
    fixed = fixed_settings(settings, out)
    header = _header(settings, fixed, plan, task, samples, whole)
    begun = Run.begin(out or folder_of(settings) / header.run, header)
    done = {record.id: record.score for record in begun.records()}
    scores = [score for score in done.values() if score is not None]
    left = [sample for sample in samples if sample.id not in done]
    if left:
        with begun.appending() as appender, closing(examined(fixed, plan, left, pace, subject)) as records:
            for number, record in enumerate(records, len(done) + 1):
                appender.add(record)
                if record.score is not None:
                    scores.append(record.score)
                progress(number, len(samples), sum(scores) / len(scores) if scores else float("nan"))
    summary = summarise(task, begun.folder.name, begun.records(), samples)
    begun.write_summary(summary.to_json())
    return summary


def resume(settings: Settings, folder: Path, progress: Progress, pace: Pace = STEADY) -> Summary:
    """Finish a run that was interrupted, with the settings it began with.

    Raises:
        BadData: there is no such run, or its data have changed.
    """
    header = Run(folder).header()
    kept = {name: header.settings[name] for name in (*ANSWERS, *ENCODERS) if name in header.settings}
    same = settings.model_copy(update=kept)
    return run(same, plan_of(header), progress, out=folder, pace=pace)


def plan_of(header: Header) -> Plan:
    """What was run."""
    kept = header.settings
    return Plan(
        header.task,
        Path(header.source),
        kept.get("subject", "model"),
        kept["limit"],
        kept["draw_seed"],
        kept.get("condition", ""),
        kept.get("language", ""),
        Path(kept["images"]) if "images" in kept else None,
    )


def fixed_settings(settings: Settings, folder: Path | None) -> Settings:
    """With what `auto` stands for: as the run in the folder began, else here and now."""
    if folder is None or not (folder / "run.json").exists():
        return settled(settings)
    return settings.model_copy(update=Run(folder).header().settings.get("computing", {}))


def drawn(samples: Sequence[Sample], plan: Plan) -> list[Sample]:
    """The samples that the plan asks for, in the data's order."""
    if plan.language:
        samples = [sample for sample in samples if sample.lang == plan.language]
    if plan.limit is None or plan.limit >= len(samples):
        return list(samples)
    strata = [f"{sample.lang} {sample.kind}" for sample in samples]
    chosen = set(stratified_sample([sample.id for sample in samples], strata, plan.limit, plan.seed))
    return [sample for sample in samples if sample.id in chosen]


def _task(name: str) -> Task:
    if name not in TASKS:
        raise BadSetting(f"There is no task {name!r}.", hint=f"Choose one of: {', '.join(TASKS)}.")
    return TASKS[name]


def _header(
    settings: Settings, fixed: Settings, plan: Plan, task: Task, samples: Sequence[Sample], whole: Whole
) -> Header:
    preset = preset_of(settings)
    if task.needs_agent and plan.subject == "model":
        raise BadSetting(f"The task {task.name} examines the whole agent.", hint="Add `--subject agent`.")
    if task.search and (plan.subject == "agent" or plan.condition):
        raise BadSetting(f"The task {task.name} examines an encoder, as it is.", hint="Run it without these options.")
    if not samples:
        raise BadData(f"{plan.data} holds no samples{f' in {plan.language!r}' if plan.language else ''}.")
    model, weights = task.search.encoder(settings) if task.search else (preset.vlm, _weights(settings, preset))
    kept = {name: getattr(settings, name) for name in ANSWERS} | {"short_answer": preset.short_answer}
    if task.search:
        kept |= {name: getattr(settings, name) for name in ENCODERS}
    kept["computing"] = {name: getattr(fixed, name) for name in COMPUTING}
    kept |= _packing(settings, fixed, preset)
    stamp = datetime.now(UTC).strftime("%Y%m%d-%H%M%S-%f")[:-3]
    return Header(
        run=f"{task.name}-{preset.name}-{stamp}",
        task=task.name,
        version=task.version,
        data=sha256_of([plan.data]) if plan.data.is_file() else str(plan.data),
        pictures=_digest(whole.samples, whole.others) if task.search else _digest(samples),
        source=str(plan.data.absolute() if plan.data.exists() else plan.data),
        ids=[sample.id for sample in samples],
        subject="encoder" if task.search else plan.subject,
        model=model,
        weights=weights,
        settings={**kept, "subject": plan.subject, "limit": plan.limit, "draw_seed": plan.seed, **_under(plan)},
        place=_place(),
    )


def _packing(settings: Settings, fixed: Settings, preset: Preset) -> dict[str, bool]:
    """Whether a local model's language part computes with packed weights, which rounds in its own way."""
    from runtime.vlm.loading import computes_packed

    return {"packed": computes_packed(present(settings, preset), fixed.device)} if preset.local else {}


def _weights(settings: Settings, preset: Preset) -> str:
    return sha256_of(sorted(present(settings, preset).glob("*.safetensors"))) if preset.local else preset.vlm


def _under(plan: Plan) -> dict[str, str]:
    """What was asked for besides; runs without are what they were before it could be."""
    asked = {
        "condition": condition_of(plan.condition).name if plan.condition else "",
        "language": plan.language,
        "images": str(plan.images.absolute()) if plan.images else "",
    }
    return {name: value for name, value in asked.items() if value}


def _digest(samples: Sequence[Sample], others: Sequence[Picture] = ()) -> str:
    """One digest over the bytes of every picture and document: one that changes makes another run."""
    digest = hashlib.sha256()
    for picture in (*(picture for sample in samples for picture in sample.images), *others):
        digest.update(hashlib.sha256(picture.read()).digest())
    for document in dict.fromkeys(sample.document for sample in samples if sample.document):
        digest.update(hashlib.sha256(document.read_bytes()).digest())
    return digest.hexdigest()


def _place() -> dict[str, Any]:
    names = ("torch", "transformers", "open_clip_torch", "chromadb", "langgraph", "llguidance", "pillow", "streamlit")
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
