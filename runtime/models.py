"""From settings to models: which checkpoint a preset means, whether it is here, and the pool that loads it."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from runtime.encoder.identity import identity
from runtime.errors import BadSetting, ModelNotPresent
from runtime.pocket import assemble, sentences
from runtime.pocket import encoder as pocket_encoder
from runtime.pocket import generator as pocket_generator
from runtime.pool import ModelPool, ModelSpec
from runtime.presets import Preset, preset_of
from runtime.settings import Settings

if TYPE_CHECKING:
    from runtime.encoder.base import Encoder, PassageEncoder
    from runtime.encoder.leased import EncoderSpec, PassageSpec
    from runtime.generator.base import Generator
    from runtime.reader import TextReader
    from runtime.vlm.base import ImageLoader, VisionChatModel
    from runtime.vlm.engine import VisionEngine

Progress = Callable[[str, float], None]
"""Takes what is being done and the fraction done so far."""

Part = Literal["vlm", "encoder", "passage_encoder", "generator"]
PARTS: tuple[Part, ...] = ("vlm", "encoder", "passage_encoder", "generator")
POCKET = {"vlm": assemble, "encoder": pocket_encoder, "passage_encoder": sentences, "generator": pocket_generator}
NAMES = {"vlm": "model", "encoder": "encoder", "passage_encoder": "encoder of passages", "generator": "generator"}


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
    folder, chosen = present(settings, preset), _hardware(settings)

    def needed() -> int:
        from runtime.vlm.loading import estimate

        return estimate(folder, chosen()[1])

    def load() -> VisionEngine:
        from runtime.vlm.loading import load_engine

        return load_engine(folder, *chosen(), settings.threads)

    return ModelSpec(f"{folder.name} ({settings.device}, {settings.dtype})", "vlm", needed, load)


def encoder(settings: Settings, preset: Preset, pool: ModelPool) -> Encoder:
    """The preset's encoder of pictures and words.

    Its files are looked for on first use, of its id too: see `encoder_spec` for what that raises.

    Raises:
        BadSetting: the preset has none.
    """
    from runtime.encoder.leased import LeasedEncoder

    _refuse_none(preset, "encoder", "pictures cannot be searched: it has no encoder for them")
    return LeasedEncoder(pool, lambda: encoder_spec(settings, preset))


def encoder_spec(settings: Settings, preset: Preset) -> EncoderSpec:
    """What is known of the encoder without loading it, and how to load it.

    Raises:
        ModelNotPresent, ModelCorrupt, BadSetting
    """
    from runtime.encoder import openclip
    from runtime.encoder.leased import EncoderSpec

    folder, chosen = present(settings, preset, "encoder"), _hardware(settings)
    config = openclip.read_config(folder)
    name = identity(preset.encoder, folder)
    return EncoderSpec(
        id=name,
        dimension=config.dimension,
        prepare=lambda: openclip.preparation(config),
        model=ModelSpec(
            f"{name} ({settings.device}, {settings.dtype})",
            "encoder",
            lambda: openclip.estimate(folder),
            lambda: openclip.load(folder, *chosen(), settings.threads),
        ),
        reword=pocket_encoder.text_filter if preset.encoder == "pocket" else str,
    )


def passage_encoder(settings: Settings, preset: Preset, pool: ModelPool) -> PassageEncoder:
    """The preset's encoder of passages and questions, whose files are looked for on first use, as for `encoder`.

    Raises:
        BadSetting: the preset has none.
    """
    from runtime.encoder.leased import LeasedPassageEncoder

    _refuse_none(preset, "passage_encoder", "documents cannot be searched: it has no encoder for them")
    return LeasedPassageEncoder(pool, lambda: passage_spec(settings, preset))


def passage_spec(settings: Settings, preset: Preset) -> PassageSpec:
    """What is known of the passage encoder without loading it, and how to load it.

    Raises:
        ModelNotPresent, ModelCorrupt
    """
    from runtime.encoder import passages
    from runtime.encoder.leased import PassageSpec

    folder, chosen = present(settings, preset, "passage_encoder"), _hardware(settings)
    name = identity(preset.passage_encoder, folder)
    return PassageSpec(
        name,
        passages.dimension(folder),
        ModelSpec(
            f"{name} ({settings.device}, {settings.dtype})",
            "passage encoder",
            lambda: passages.estimate(folder, chosen()[1]),
            lambda: passages.load(folder, *chosen(), settings.threads),
        ),
        *passages.prefixes(folder, preset.passage_encoder),
    )


def generator(settings: Settings, preset: Preset, pool: ModelPool) -> Generator:
    """The preset's generator of pictures, whose files are looked for on first use, as for `encoder`.

    Raises:
        BadSetting: the preset has none.
    """
    from runtime.generator.folder import draws_icons
    from runtime.generator.leased import GeneratorSpec, LeasedGenerator, anything, icons, spec

    _refuse_none(preset, "generator", "pictures cannot be drawn: it has no generator")

    def find() -> GeneratorSpec:
        folder = present(settings, preset, "generator")
        name = f"pocket@{pocket_generator.version()}" if pocket else identity(preset.generator, folder)
        return spec(name, folder, settings, preset, _hardware(settings))

    pocket = preset.generator == "pocket"
    repertoire = icons if pocket or draws_icons(Path(preset.generator)) else anything
    return LeasedGenerator(pool, find, repertoire, filtered=settings.drawing_filter)


def _hardware(settings: Settings) -> Callable[[], tuple[str, str]]:
    """Device and dtype: asked of the hardware when a model is first needed, not when a page opens."""

    @cache
    def chosen() -> tuple[str, str]:
        from runtime.hardware import best_device, best_dtype

        device = best_device(settings.device)
        return device, best_dtype(device, settings.dtype, settings.home / "hardware.json")

    return chosen


def _refuse_none(preset: Preset, part: Part, what: str) -> None:
    if getattr(preset, part) == "none":
        hint = f"Choose another preset, or set `{part}`."
        raise BadSetting(f"With the preset {preset.name}, {what}.", hint=hint)


def text_reader(settings: Settings) -> ModelSpec[TextReader]:
    """How to load the text reader."""
    from runtime.reader import reader_spec

    return reader_spec(settings.threads)


def parts(preset: Preset) -> list[Part]:
    """The preset's models that are files on this machine."""
    return [part for part in PARTS if getattr(preset, part) not in ("none", "scripted", "served")]


def present(settings: Settings, preset: Preset, part: Part = "vlm") -> Path:
    """The folder of one of the preset's models.

    Raises:
        ModelNotPresent: with the command that fetches it.
        BadSetting: it is no model that anyone knows.
    """
    from runtime.encoder import hub
    from runtime.generator import hub as pipelines
    from runtime.vlm.loading import whole_checkpoint

    source = str(getattr(preset, part))
    if source == "pocket":
        return _pocket_folder(settings, preset, part)
    hint = f"Fetch it with {_command(settings, preset, part)}."
    if part == "vlm":
        return whole_checkpoint(source, preset.revision, hint=hint)
    if part == "encoder":
        return Path(source) if Path(source).is_dir() else hub.cached(source, hint)
    if part == "generator":
        return pipelines.cached(source, preset.generator_revision, preset.generator_preview, hint)
    return whole_checkpoint(source, hint=hint)


def _pocket_folder(settings: Settings, preset: Preset, part: Part) -> Path:
    found: Path = POCKET[part].folder(models_folder(settings))
    if not found.is_dir():
        hint = f"Do it with {_command(settings, preset, part)}."
        raise ModelNotPresent(f"The pocket {NAMES[part]} has not been put together yet.", hint=hint)
    return found


def _command(settings: Settings, preset: Preset, part: Part) -> str:
    """What a person types to fetch the model."""
    if not getattr(settings, part):
        return f"`vistalk models pull {preset.name}`"
    flag = part.replace("_", "-")
    return f"`vistalk --{flag} {getattr(preset, part)} models pull{'' if part == 'vlm' else f' {preset.name}'}`"


def pull(settings: Settings, preset: Preset, progress: Progress, part: Part = "vlm") -> Path | None:
    """Bring one of the preset's models to this machine; None where it needs no files.

    Raises:
        ModelNotPresent: it could not be fetched.
        ModelCorrupt, DiskFull, BadSetting
    """
    from runtime.encoder import hub
    from runtime.generator import hub as pipelines
    from runtime.vlm.loading import fetch_checkpoint

    if part not in parts(preset):
        return None
    source = str(getattr(preset, part))
    if source == "pocket":
        folder: Path = POCKET[part].assemble(models_folder(settings), progress)
        return folder
    if part == "encoder":
        return Path(source) if Path(source).is_dir() else hub.fetch(source, progress)
    if part == "generator":
        return pipelines.fetch(source, preset.generator_revision, preset.generator_preview, progress)
    return fetch_checkpoint(source, preset.revision if part == "vlm" else None, progress)
