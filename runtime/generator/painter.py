"""A loaded pipeline of diffusers that draws one picture at a time, tells of each step, and stops within one."""

from __future__ import annotations

import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from PIL import Image

from runtime.errors import BadOrder, Cancelled, GenerationFailed, OutOfMemory, VistalkError
from runtime.generator.base import Order
from runtime.generator.call import Call, parameters
from runtime.generator.orders import Sizes
from runtime.generator.previews import Preview, expected
from runtime.hardware import is_out_of_memory, release_memory

OnStep = Callable[[int, int, "Image.Image | None"], None]
"""Takes the step that is done, of how many, and a preview."""


@dataclass(frozen=True)
class Painted:
    """A picture, whether the image checker flagged it, and what it was drawn with."""

    image: Image.Image
    flagged: bool
    settings: dict[str, str | int | float]


class Painter:
    """One pipeline. It serves one caller at a time: the pool's lease guards it.

    Args:
        pipe: for pictures from words; that for pictures from pictures is made of the same models.
        sizes: what it can draw.
        preview: how to look at its latents, where it gives no previews of its own.
    """

    def __init__(self, pipe: Any, sizes: Sizes, preview: Preview | None) -> None:
        self.pipe = pipe
        self.sizes = sizes
        self._preview = preview
        self._vae = getattr(pipe, "vae", None)
        self._vae_dtype = getattr(self._vae, "dtype", None)

    def paint(
        self, order: Order, seed: int, on_step: OnStep | None = None, cancel: threading.Event | None = None
    ) -> Painted:
        """Draw the order's picture of one seed.

        Raises:
            Cancelled, BadOrder, OutOfMemory, GenerationFailed
        """
        try:
            return self._paint(order, seed, on_step, cancel)
        except BaseException as error:
            traceback.clear_frames(error.__traceback__)  # they hold what was being computed
            if is_out_of_memory(error):
                error.__traceback__ = None  # its frames' functions still hold some of it
            self._recover()
            if isinstance(error, VistalkError) or not isinstance(error, Exception):
                raise
            if is_out_of_memory(error):
                hint = "Ask for a smaller picture, or choose a smaller preset."
                raise OutOfMemory("Memory ran out while the picture was drawn.", hint=hint) from error
            raise GenerationFailed(f"The picture could not be drawn: {_first_line(error)}") from error

    def _paint(self, order: Order, seed: int, on_step: OnStep | None, cancel: threading.Event | None) -> Painted:
        pipe = self.pipe if order.source is None else self._from_pictures
        call = Call(pipe, order, self.sizes)
        arguments = call.arguments(seed)
        with ExitStack() as stack:
            stack.enter_context(_interruptible(pipe, cancel))
            if on_step is not None or cancel is not None:
                latest = stack.enter_context(expected(pipe.scheduler)) if self._preview and on_step else []
                arguments["callback_on_step_end"] = self._callback(call.steps, latest, on_step, cancel)
            made = pipe(**arguments)
        image = made.images[0].convert("RGB")
        flagged = any(getattr(made, "nsfw_content_detected", None) or ())
        if flagged:
            image = Image.new("RGB", image.size)
        return Painted(image, flagged, call.settings | {"width": image.width, "height": image.height})

    def _callback(
        self, steps: int, latest: list[torch.Tensor], on_step: OnStep | None, cancel: threading.Event | None
    ) -> Callable[..., dict[str, Any]]:
        def after(pipe: Any, number: int, _: Any, state: dict[str, Any]) -> dict[str, Any]:
            if cancel is not None and cancel.is_set():
                raise Cancelled
            if on_step is not None:
                total = getattr(pipe, "num_timesteps", None) or steps
                on_step(number + 1, total, self._look(pipe, state, latest))
            return {}

        return after

    def _look(self, pipe: Any, state: dict[str, Any], latest: list[torch.Tensor]) -> Image.Image | None:
        if getattr(pipe, "safety_checker", None) is not None:
            return None  # it looks at the finished picture only, and nothing is shown before that
        if isinstance(own := state.get("preview"), Image.Image):
            return own
        latents = (latest or [state.get("latents")])[0]
        return self._preview(latents) if self._preview and latents is not None and latents.ndim == 4 else None

    @cached_property
    def _from_pictures(self) -> Any:
        """The pipeline that starts from pictures, of the same models.

        Raises:
            BadOrder: there is none of this kind.
        """
        if {"image", "strength"} <= parameters(self.pipe).keys():
            return self.pipe
        from diffusers import AutoPipelineForImage2Image

        try:
            pipe = AutoPipelineForImage2Image.from_pipe(self.pipe)
        except ValueError as error:
            raise BadOrder("This model draws from words only, and cannot start from a picture.") from error
        pipe.set_progress_bar_config(disable=True)
        return pipe

    def _recover(self) -> None:
        """After a picture that was broken off: models are where, and in the format, that the next one finds them."""
        self.pipe.maybe_free_model_hooks()
        if self._vae is not None and self._vae.dtype != self._vae_dtype:  # SDXL widens it for a moment
            self._vae.to(dtype=self._vae_dtype)
        release_memory()


@contextmanager
def _interruptible(pipe: Any, cancel: threading.Event | None) -> Iterator[None]:
    """Within, each layer that is made of others looks at `cancel` before it runs, for a step may take a minute."""
    if cancel is None:
        yield
        return

    def look(*_: Any) -> None:
        if cancel.is_set():
            raise Cancelled

    models = [part for part in pipe.components.values() if isinstance(part, torch.nn.Module)]
    lists = [part for model in models for part in model.modules() if isinstance(part, torch.nn.ModuleList)]
    layers = [layer for layers in lists for layer in layers if next(layer.children(), None) is not None]
    hooks = [layer.register_forward_pre_hook(look) for layer in layers]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), "") or repr(error)
