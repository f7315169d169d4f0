"""Results that are kept with the source, and the README's tables made of all of them.

A stored result is a run's header and summary: no samples, and nothing that tells where on a machine its files lie.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from evals.bench.readme import STORED as BENCH
from evals.readme import README, RESULTS, put
from evals.records import Header, Run
from evals.report import wording
from evals.report.contents import data_name, file_name, metrics_of, model_name
from evals.report.markdown import literal, table
from evals.report.plans import matrices
from evals.runner import ANSWERS, ENCODERS
from memory.files import disk_errors_named
from runtime.errors import BadData, SetupError
from runtime.settings import Settings

CARD = README.parent / "runtime" / "pocket" / "README.md"
TOLD_BY_CARD = ("caption", "statement", "vqa")

HEADS = ["task", "data", "samples", "metric", "value [95 % interval]", "baselines", "model", "made by"]


def store(run: Run, folder: Path | None = None) -> Path:
    """Keep a finished run's result, in place of an older one of the same task, model, data and subject.

    Raises:
        BadData: the run is not finished, is on spoilt pictures, or there is none.
        SetupError: this is no source tree, so there is no place for it.
    """
    folder = folder or RESULTS
    header = anonymous(run.header())
    if condition := header.settings.get("condition"):
        raise BadData(f"A run on spoilt pictures ({condition}) is no result of its own.", hint="Store the clean one.")
    kept = {"header": asdict(header), "summary": run.summary()}
    if not folder.is_dir():
        raise SetupError(f"There is no folder {folder}.", hint="`--readme` works in vistalk's own source tree.")
    path = folder / f"{_name(header)}.json"
    with disk_errors_named(path):
        path.write_text(json.dumps(kept, ensure_ascii=False, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    return path


def anonymous(header: Header) -> Header:
    """The header with names in the place of paths and addresses, and without the samples' ids."""
    settings = dict(header.settings)
    for name in ("vlm", *ENCODERS):
        if settings.get(name) and Path(settings[name]).is_absolute():
            settings[name] = Path(settings[name]).name
    if settings["vlm_url"]:
        settings["vlm_url"] = "URL"
    if settings.get("images"):
        settings["images"] = file_name(Path(settings["images"]))
    return replace(header, ids=[], source=data_name(header), model=model_name(header), settings=settings)


def rendered(readme: str, folder: Path | None = None) -> str:
    """The README with its table of accuracy and its confusion matrices made anew from all that is stored."""
    stored = _all_stored(folder)
    rows = (row for header, summary in stored for row in _rows(header, summary))
    plans = (line for header, summary in stored for line in matrices(header, summary))
    readme = put(readme, "accuracy", "\n".join(table(HEADS, rows)))
    return put(readme, "planning", "\n".join(plans))


def rendered_card(card: str, folder: Path | None = None) -> str:
    """The pocket model's card with the same table of what that model itself says."""
    told = ((header, summary) for header, summary in _all_stored(folder) if header.task in TOLD_BY_CARD)
    return put(card, "accuracy", "\n".join(table(HEADS, (row for one in told for row in _rows(*one)))))


def write_readme() -> Path:
    """Bring the README and the pocket model's card up to date with what is stored."""
    for path, made in ((README, rendered), (CARD, rendered_card)):
        with disk_errors_named(path):
            path.write_text(made(path.read_text(encoding="utf-8")), encoding="utf-8")
    return README


def _all_stored(folder: Path | None) -> list[tuple[Header, dict[str, Any]]]:
    paths = sorted(path for path in (folder or RESULTS).glob("*.json") if path != BENCH)
    kept = [json.loads(path.read_text(encoding="utf-8")) for path in paths]
    return [(Header(**one["header"]), one["summary"]) for one in kept]


def command(header: Header) -> str:
    """What makes such a run again, with every setting that is not the default."""
    settings = header.settings
    words = ["vistalk"]
    for name in (*ANSWERS, *ENCODERS):
        if name in settings and settings[name] != Settings.model_fields[name].default:
            words += [f"--{name.replace('_', '-')}", str(settings[name])]
    words += ["eval", "run", header.task, "--data", header.source]
    if header.subject == "agent":
        words += ["--subject", header.subject]
    for name in ("language", "images"):
        if name in settings:
            words += [f"--{name}", settings[name]]
    if settings["limit"]:
        words += ["--limit", str(settings["limit"])]
    if settings["draw_seed"]:
        words += ["--draw-seed", str(settings["draw_seed"])]
    return shlex.join(words)


def _name(header: Header) -> str:
    parts = [header.task, header.model, header.source.rsplit(".", 1)[0]]
    parts += [header.subject] if header.subject != "model" else []
    parts += [language] if (language := header.settings.get("language")) else []
    return re.sub(r"[^a-z0-9]+", "-", "-".join(parts).lower())


def _rows(header: Header, summary: dict[str, Any]) -> Iterator[list[str]]:
    """A line for each metric that has a baseline, and for the same metric of one language or kind."""
    baselines = summary["baselines"]
    told = [
        header.task,
        literal(header.source),
        f"{summary['n']:,}",
        literal(header.model) + (", the whole agent" if header.subject == "agent" else ""),
        "`" + command(header).replace("|", "\\|") + "`",
    ]
    compared = tuple(name for values in baselines.values() for name in values)
    for name, value in metrics_of(summary).items():
        if not name.startswith(compared):
            continue
        beside = [f"{b} {wording.number(name, values[name])}" for b, values in baselines.items() if name in values]
        task, data, n, model, made_by = told
        said = [literal(name), wording.with_interval(name, value), literal(", ".join(beside))]
        yield [task, data, n, *said, model, made_by]
        told = [""] * len(told)
