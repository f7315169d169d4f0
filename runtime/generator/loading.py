"""From a folder to a painter: safetensors only, no code from the folder, nothing fetched."""

from __future__ import annotations

from typing import Any

from runtime.errors import ModelCorrupt
from runtime.generator.folder import CHECKER, Layout
from runtime.generator.painter import Painter
from runtime.generator.previews import previewer
from runtime.hardware import total_memory
from runtime.importing import whole
from runtime.pool import RESERVE


def load(
    layout: Layout,
    device: str,
    dtype: str,
    threads: int | None = None,
    *,
    scheduler: str | None = None,
    tiny: str | None = None,
    checked: bool = True,
    short: bool = False,
) -> Painter:
    """Load a pipeline. Needs torch, diffusers and seconds.

    Args:
        layout: of its folder.
        device: where it runs.
        dtype: in which it computes.
        threads: of the processor.
        scheduler: the name of a class of diffusers, in place of the folder's.
        tiny: the tiny autoencoder for previews, as name@revision.
        checked: whether its image checker is used, where it has one.
        short: memory is short, so that models take turns on the device and large pictures are decoded in parts.

    Raises:
        ModelCorrupt: the files are there and cannot be loaded.
        ModelNotPresent: the tiny autoencoder is not on this machine.
    """
    import torch

    whole("transformers", "diffusers")
    import diffusers
    from diffusers.utils import logging
    from safetensors import SafetensorError
    from transformers.utils import logging as text_logging

    logging.disable_progress_bar()
    text_logging.disable_progress_bar()
    if threads:
        torch.set_num_threads(threads)
    options: dict[str, Any] = {"dtype": getattr(torch, dtype), "use_safetensors": True, "local_files_only": True}
    if layout.half:
        options["variant"] = "fp16"
    if layout.checks and not checked:
        options |= {CHECKER: None, "requires_safety_checker": False}
    try:
        pipe = _kind(layout).from_pretrained(layout.folder, trust_remote_code=False, **options)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RuntimeError, SafetensorError) as error:
        raise ModelCorrupt(f"The model in {layout.folder} cannot be loaded: {error}.") from error
    if scheduler:
        pipe.scheduler = getattr(diffusers, scheduler).from_config(pipe.scheduler.config)
    pipe.set_progress_bar_config(disable=True)
    pipe.to(device)
    preview = None if layout.icons else previewer(pipe, tiny, device, getattr(torch, dtype))
    if short:
        _spare(pipe, device)
    return Painter(pipe, layout.sizes, preview)


def _kind(layout: Layout) -> Any:
    if layout.icons:
        from runtime.pocket.drawing.pipeline import PocketPipeline

        return PocketPipeline
    from diffusers import AutoPipelineForText2Image

    return AutoPipelineForText2Image


def is_short(layout: Layout, device: str, dtype: str, budget: int | None) -> bool:
    """Whether a pipeline must spare memory: known from what there is in all, so that the next time draws the same.

    On a processor, or where memory is shared with it, that is where the usual picture takes more than half of it.
    """
    import torch

    total = torch.cuda.mem_get_info()[1] if device == "cuda" else total_memory()
    room = total - RESERVE if budget is None else budget
    return layout.estimate(dtype) > (room if device == "cuda" else room / 2)


def _spare(pipe: Any, device: str) -> None:
    """Draw with less memory, in more time."""
    if device == "cuda":
        pipe.enable_model_cpu_offload(device=device)
    else:
        pipe.enable_attention_slicing()
    if hasattr(pipe, "vae") and hasattr(pipe.vae, "enable_tiling"):
        pipe.vae.enable_tiling()
