"""What this installation is and what keeps it from working: facts first, then problems with what to do about each."""

from __future__ import annotations

import os
import platform
import shutil
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runtime.errors import ImageMissing, ModelCorrupt, ModelNotPresent, ModelTooLarge, VistalkError
from runtime.hardware import describe, free_memory, readable
from runtime.models import chat_model, model_pool, parts, present
from runtime.pool import RESERVE
from runtime.presets import Preset, preset_of, presets
from runtime.settings import Settings, settings_file

if TYPE_CHECKING:
    from PIL import Image

REQUIRED = (
    "torch",
    "transformers",
    "diffusers",
    "open_clip_torch",
    "chromadb",
    "streamlit",
    "langgraph",
    "rapidocr",
    "llguidance",
)
OPTIONAL = ("langchain-openai",)
LITTLE_DISK = 10**9
"""Bytes; the pocket model takes about a third of that, and as much again while it is put together."""


@dataclass(frozen=True)
class Problem:
    """Something that is wrong, what to do about it, and whether it keeps vistalk from working."""

    what: str
    remedy: str
    blocks: bool


@dataclass(frozen=True)
class DataDirectory:
    """The data directory; `free_bytes` of the disk it is or will be on; `holder` tells who has it open, or is empty."""

    path: str
    exists: bool
    writable: bool
    free_bytes: int
    holder: str


@dataclass(frozen=True)
class ModelEntry:
    """A preset's vision-language model.

    Attributes:
        preset: its name.
        summary: what it is for.
        chosen: whether the settings name it.
        model: "pocket", "scripted", "served", a hub id or a folder.
        encoder: of pictures and words, for search.
        passage_encoder: of passages and questions.
        generator: of pictures.
        needs_files: False where nothing has to be on this machine.
        present: whether it can be used without fetching anything.
        parameters: how many; None where nothing is on this machine, or nothing can be counted.
        bytes: on disk, likewise.
    """

    preset: str
    summary: str
    chosen: bool
    model: str
    encoder: str
    passage_encoder: str
    generator: str
    needs_files: bool
    present: bool
    parameters: int | None = None
    bytes: int | None = None


@dataclass(frozen=True)
class Report:
    """All that `vistalk doctor` tells; `changed` names the settings that are not left at their defaults."""

    version: str
    python: str
    settings_file: str
    settings_file_exists: bool
    settings: dict[str, Any]
    changed: list[str]
    home: DataDirectory
    packages: dict[str, str | None]
    machine: dict[str, str]
    models: list[ModelEntry]
    problems: list[Problem]

    @property
    def usable(self) -> bool:
        """Whether nothing blocks."""
        return not any(problem.blocks for problem in self.problems)

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {**asdict(self), "usable": self.usable}


def version() -> str:
    """vistalk's own, as installed."""
    return _installed("vistalk") or "(not installed: run from its source)"


def examine(settings: Settings, holder: str = "") -> Report:
    """Look at everything; changes nothing. `holder` is a sentence about who has the data directory open."""
    home = _data_directory(settings.home, holder)
    packages = {name: _installed(name) for name in (*REQUIRED, *OPTIONAL)}
    machine, machine_problems = _machine()
    problems = [*_home_problems(home), *_package_problems(packages), *machine_problems, *_model_problems(settings)]
    problems += _encoder_problems(settings)
    return Report(
        version=version(),
        python=platform.python_version(),
        settings_file=str(settings_file()),
        settings_file_exists=settings_file().is_file(),
        settings=_shown(settings),
        changed=sorted(settings.model_fields_set),
        home=home,
        packages=packages,
        machine=machine,
        models=inventory(settings),
        problems=problems,
    )


def inventory(settings: Settings) -> list[ModelEntry]:
    """The presets with their models, in the file's order; the chosen one as the settings change it."""
    return [_entry(settings, preset) for preset in presets().values()]


def _entry(settings: Settings, preset: Preset) -> ModelEntry:
    from runtime.vlm.loading import parameter_count

    chosen = preset.name == settings.preset
    if chosen:
        preset = preset_of(settings)
    needs_files = preset.vlm not in ("scripted", "served")
    models = (preset.vlm, preset.encoder, preset.passage_encoder, preset.generator)
    entry = ModelEntry(preset.name, preset.summary, chosen, *models, needs_files, not needs_files)
    if not needs_files:
        return entry
    try:
        folder = present(settings, preset)
        parameters = parameter_count(folder)
    except (ModelNotPresent, ModelCorrupt):
        return entry
    size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    return ModelEntry(**{**asdict(entry), "present": True, "parameters": parameters, "bytes": size})


def _installed(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _shown(settings: Settings) -> dict[str, Any]:
    """The values as JSON takes them, without secrets."""
    secret = {name for name, field in Settings.model_fields.items() if not field.repr}
    values = settings.model_dump(mode="json")
    return {name: "(hidden)" if name in secret and value else value for name, value in values.items()}


def _data_directory(path: Path, holder: str) -> DataDirectory:
    there = next(folder for folder in (path, *path.parents) if os.access(folder, os.F_OK))
    writable = there.is_dir() and os.access(there, os.W_OK | os.X_OK)
    return DataDirectory(str(path), there == path, writable, shutil.disk_usage(there).free, holder)


def _home_problems(home: DataDirectory) -> list[Problem]:
    problems = []
    if not home.writable:
        remedy = "Check who may write there, or set VISTALK_HOME to another folder."
        problems.append(Problem(f"{home.path} cannot be written.", remedy, blocks=True))
    if home.holder:
        remedy = "Use the one that is open, close it, or set VISTALK_HOME to another folder."
        problems.append(Problem(home.holder, remedy, blocks=True))
    if home.free_bytes < LITTLE_DISK:
        what = f"Only {readable(home.free_bytes)} is free on the disk of {home.path}."
        problems.append(Problem(what, "Free some space: pictures, conversations and models need it.", blocks=False))
    return problems


def _package_problems(packages: dict[str, str | None]) -> list[Problem]:
    missing = [name for name in REQUIRED if packages[name] is None]
    what = f"Not installed: {', '.join(missing)}."
    return [Problem(what, "Install vistalk again; it brings these.", blocks=True)] if missing else []


def _machine() -> tuple[dict[str, str], list[Problem]]:
    try:
        return describe(), []
    except (ImportError, OSError) as error:  # a torch that does not fit this machine's libraries
        what = f"torch cannot be used: {error}."
        return {}, [Problem(what, "Install torch and torchvision again, as a matching pair.", blocks=True)]


def _model_problems(settings: Settings) -> list[Problem]:
    try:
        preset = preset_of(settings)
        # A number format is named so that none is measured.
        model_settings = settings.model_copy(update={"dtype": "float32"})
        chat_model(model_settings, preset, model_pool(settings), _no_picture)
    except ModelNotPresent as error:
        remedy = f"{error.hint} The first question does it too." if preset.vlm == "pocket" else error.hint
        return [Problem(error.message, remedy, blocks=preset.vlm != "pocket")]
    except VistalkError as error:
        return [Problem(error.message, error.hint, blocks=True)]
    except (ImportError, OSError):  # torch's, told with the machine
        return []
    return _memory_problems(settings, preset)


def _encoder_problems(settings: Settings) -> list[Problem]:
    """What keeps pictures or documents from being searched, or pictures from being drawn; the rest works without."""
    try:
        preset = preset_of(settings)
    except VistalkError:  # told with the model
        return []
    problems = []
    for part in parts(preset):
        try:
            if part != "vlm":
                present(settings, preset, part)
        except VistalkError as error:
            problems.append(Problem(error.message, error.hint, blocks=False))
        except (ImportError, OSError):  # torch's, told with the machine
            pass
    return problems


def _memory_problems(settings: Settings, preset: Preset) -> list[Problem]:
    from runtime.vlm.loading import estimate

    if preset.vlm in ("scripted", "served"):
        return []
    try:
        needed = estimate(present(settings, preset), "bfloat16" if settings.dtype == "auto" else settings.dtype)
    except VistalkError as error:
        return [Problem(error.message, error.hint, blocks=True)]
    budget = settings.memory_budget_gb
    left = free_memory() - RESERVE if budget is None else int(budget * 2**30)
    if needed <= left:
        return []
    what = f"The model needs {readable(needed)} of memory, and {readable(max(0, left))} is left for it."
    return [Problem(what, ModelTooLarge.advice, blocks=True)]


def _no_picture(sha256: str) -> Image.Image:
    raise ImageMissing(f"The doctor shows no pictures: {sha256}.")
