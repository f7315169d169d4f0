"""From settings to models: which checkpoint a preset means, whether it is here, and the pool that loads it."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from runtime.errors import BadSetting, ModelNotPresent
from runtime.pocket import assemble
from runtime.pool import ModelPool, ModelSpec
from runtime.presets import Preset, preset_of
from runtime.settings import Settings

if TYPE_CHECKING:
    from runtime.reader import TextReader
    from runtime.vlm.base import ImageLoader, VisionChatModel
    from runtime.vlm.engine import VisionEngine

Progress = Callable[[str, float], None]
"""Takes what is being done and the fraction done so far."""


def models_folder(settings: Settings) -> Path:
    """Where assembled weights lie."""
    return settings.home / "models"


def model_pool(settings: Settings) -> ModelPool:
    """A pool with the memory that the settings give."""
    from runtime.hardware import best_device, free_memory

    if settings.memory_budget_gb is not None:
        return ModelPool(int(settings.memory_budget_gb * 1e9))
    return ModelPool(available=lambda: free_memory(best_device(settings.device)))


def chat_model(
    settings: Settings, preset: Preset, pool: ModelPool, load_image: ImageLoader, *, reuse: bool = True
) -> VisionChatModel:
    """The preset's vision-language model; nothing is loaded before its first call.

    Without `reuse` a local model reads every prompt from its beginning, so that no answer depends, by a rounding, on
    what was asked before.

    Raises:
        ModelNotPresent: its files are not on this machine.
        BadSetting: a scripted or served preset without its script or address.
    """
    if preset.vlm == "scripted":
        from runtime.vlm.scripted import ScriptedModel, read_script

        if settings.script is None:
            raise BadSetting("The scripted preset needs a script.", hint="Set VISTALK_SCRIPT to a TOML file.")
        return ScriptedModel(rules=read_script(settings.script), load_image=load_image)
    if preset.vlm == "served":
        from runtime.vlm.served import served_model

        return served_model(settings, load_image)
    from runtime.vlm.chat import LocalVisionChatModel

    return LocalVisionChatModel(
        pool=pool,
        spec=vision_spec(settings, preset),
        load_image=load_image,
        max_new_tokens=settings.max_new_tokens,
        temperature=settings.temperature,
        seed=settings.seed,
        reuse=reuse,
    )


def settled(settings: Settings) -> Settings:
    """The settings with what `auto` stands for here, where a local model is to run: the same, whoever asks again."""
    if not preset_of(settings).local:
        return settings
    import torch

    from runtime.hardware import best_device, best_dtype

    device = best_device(settings.device)
    dtype = best_dtype(device, settings.dtype, settings.home / "hardware.json")
    threads = settings.threads or torch.get_num_threads()
    return settings.model_copy(update={"device": device, "dtype": dtype, "threads": threads})


def vision_spec(settings: Settings, preset: Preset) -> ModelSpec[VisionEngine]:
    """How to load the preset's local model.

    Raises:
        ModelNotPresent
    """
    folder = present(settings, preset)

    @cache
    def chosen() -> tuple[str, str]:
        """Device and dtype: asked of the hardware when the model is first needed, not when a page opens."""
        from runtime.hardware import best_device, best_dtype

        device = best_device(settings.device)
        return device, best_dtype(device, settings.dtype, settings.home / "hardware.json")

    def needed() -> int:
        from runtime.vlm.loading import estimate

        return estimate(folder, chosen()[1])

    def load() -> VisionEngine:
        from runtime.vlm.loading import load_engine

        return load_engine(folder, *chosen(), settings.threads)

    return ModelSpec(f"{folder.name} ({settings.device}, {settings.dtype})", "vlm", needed, load)


def text_reader(settings: Settings) -> ModelSpec[TextReader]:
    """How to load the text reader."""
    from runtime.reader import reader_spec

    return reader_spec(settings.threads)


def present(settings: Settings, preset: Preset) -> Path:
    """The folder of the preset's local model.

    Raises:
        ModelNotPresent: with the command that fetches it.
    """
    from runtime.vlm.loading import checkpoint_folder

    command = f"`vistalk --vlm {preset.vlm} models pull`" if settings.vlm else f"`vistalk models pull {preset.name}`"
    if preset.vlm != "pocket":
        return checkpoint_folder(preset.vlm, preset.revision, hint=f"Fetch it with {command}.")
    folder = assemble.folder(models_folder(settings))
    if not folder.is_dir():
        raise ModelNotPresent("The pocket model has not been put together yet.", hint=f"Do it with {command}.")
    return folder


def pull(settings: Settings, preset: Preset, progress: Progress) -> Path | None:
    """Bring the preset's model to this machine; None where it needs no files.

    Raises:
        ModelNotPresent: it could not be fetched.
        ModelCorrupt, DiskFull
    """
    if not preset.local:
        return None
    if preset.vlm == "pocket":
        return assemble.assemble(models_folder(settings), progress)
    from runtime.vlm.loading import fetch_checkpoint

    return fetch_checkpoint(preset.vlm, preset.revision, progress)
