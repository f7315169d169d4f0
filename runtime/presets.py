"""The named sets of models in presets.toml, with a person's own replacements applied."""

from __future__ import annotations

import tomllib
from importlib.resources import files
from typing import Literal

from pydantic import BaseModel, ConfigDict

from runtime.errors import BadSetting
from runtime.settings import Settings

GENERATOR = ("generator_revision", "generator_steps", "generator_guidance", "generator_scheduler", "generator_preview")
"""What is said of a preset's own generator, and holds for no other."""


class Preset(BaseModel):
    """One set; presets.toml describes the fields."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    summary: str
    vlm: str
    revision: str | None = None
    encoder: str
    passage_encoder: str
    generator: str = "none"
    generator_revision: str | None = None
    generator_steps: int | None = None
    generator_guidance: float | None = None
    generator_scheduler: str | None = None
    generator_preview: str | None = None
    tool_calls: int
    composes: bool
    titles: bool = False
    plans_briefly: bool = False
    reranks: bool = False
    short_answer: str
    pictures_at_once: int = 8
    reads: Literal["any", "en"] = "any"
    unsure_below: float = 0.0
    memory_gb: float | None = None
    gpu_gb: float | None = None
    download_gb: dict[str, float] = {}

    @property
    def local(self) -> bool:
        """Whether its vision-language model runs from weights on this machine."""
        return self.vlm not in ("served", "scripted")


def presets() -> dict[str, Preset]:
    """All presets, in the file's order."""
    content = tomllib.loads(files("runtime").joinpath("presets.toml").read_text(encoding="utf-8"))
    return {name: Preset(name=name, **fields) for name, fields in content.items()}


def preset_of(settings: Settings) -> Preset:
    """The preset that the settings name, with its models replaced where they say so.

    Raises:
        BadSetting: no preset of that name.
    """
    known = presets()
    if settings.preset not in known:
        raise BadSetting(f"There is no preset {settings.preset!r}.", hint=f"Choose one of: {', '.join(known)}.")
    named = {"encoder": settings.encoder, "passage_encoder": settings.passage_encoder}
    preset = known[settings.preset].model_copy(update={part: source for part, source in named.items() if source})
    if settings.generator:
        preset = preset.model_copy(update=dict.fromkeys(GENERATOR) | {"generator": settings.generator})
    if settings.vlm_url:
        return preset.model_copy(update={"vlm": "served", "plans_briefly": False, "reranks": False, "reads": "any"})
    if settings.vlm:
        replaced = {"vlm": settings.vlm, "revision": settings.vlm_revision}
        return preset.model_copy(update=replaced | {"plans_briefly": False, "reranks": False, "reads": "any"})
    return preset
