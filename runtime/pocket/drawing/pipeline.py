"""The pocket generator as a pipeline of diffusers: a prompt, in English or Chinese, to an icon of 128 × 128 pixels."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import torch
from diffusers import DiffusionPipeline, ImagePipelineOutput
from PIL import Image

from runtime.errors import BadOrder
from runtime.pocket.drawing.bank import bank
from runtime.pocket.drawing.composing import SIDE, blurred
from runtime.pocket.drawing.concepts import concepts
from runtime.pocket.drawing.hints import hint_for, varied_detail
from runtime.pocket.drawing.network import read as read_words
from runtime.pocket.drawing.pixels import to_image, to_tensor
from runtime.pocket.drawing.reading import colour_in, read
from runtime.pocket.drawing.sampling import AVOIDING, GUIDANCE, STEPS, sampled
from runtime.pocket.drawing.scene import STYLED

OnStep = Callable[[Any, int, Any, dict[str, Any]], Any]


class PocketPipeline(DiffusionPipeline):
    """Draws one picture at a time.

    Args:
        unet: the network, as `runtime.pocket.drawing.network.build` makes it.
        scheduler: FlowMatchEulerDiscreteScheduler.
        text_encoder: the sentence encoder, with its `tokenizer`.
        side: of the pictures.
    """

    def __init__(self, unet: Any, scheduler: Any, text_encoder: Any, tokenizer: Any, side: int = SIDE) -> None:
        super().__init__()
        unet.to(memory_format=torch.channels_last)
        self.register_modules(unet=unet, scheduler=scheduler, text_encoder=text_encoder, tokenizer=tokenizer)
        self.register_to_config(side=side)
        self.num_timesteps = STEPS

    def __call__(
        self,
        prompt: str,
        *,
        image: Image.Image | None = None,
        strength: float = 0.5,
        negative_prompt: str = "",
        num_inference_steps: int = STEPS,
        guidance_scale: float = GUIDANCE,
        generator: torch.Generator | None = None,
        callback_on_step_end: OnStep | None = None,
        output_type: str = "pil",
    ) -> ImagePipelineOutput:
        """Draw what the prompt says.

        Args:
            prompt: read for things, colours, numbers and a style. What else it says counts where a picture is varied.
            image: a picture to vary. `strength`: how little is left of it, in (0, 1].
            negative_prompt: what to draw away from.
            guidance_scale: how closely the words are followed; 1 is as they come, `AVOIDING` the least with a
                negative prompt.
            generator: of the processor; it decides which thumbnails are hinted at, and the noise.
            callback_on_step_end: called with the pipeline, the step, its time, and {"preview": RGB image}.
            output_type: "pil", or "pt" for a tensor (1, 3, side, side) in [-1, 1].

        Raises:
            BadOrder: the prompt names nothing that it knows, and there is no picture to vary.
        """
        generator = generator or torch.Generator().manual_seed(torch.seed())
        chance = random.Random(int(torch.randint(2**62, (1,), generator=generator)))  # noqa: S311
        caption, hint = self._understood(prompt, image, strength, chance)
        encoder, tokenizer = self.text_encoder, self.tokenizer
        self.num_timesteps = num_inference_steps

        def seen(step: int, time: torch.Tensor, picture: torch.Tensor) -> None:
            if callback_on_step_end is not None:
                callback_on_step_end(self, step, time, {"preview": to_image(picture)})

        picture = sampled(
            self.unet,
            self.scheduler,
            to_tensor(hint).to(self._execution_device),
            read_words([caption], encoder, tokenizer),
            read_words([negative_prompt or ""], encoder, tokenizer),
            steps=num_inference_steps,
            guidance=max(guidance_scale, AVOIDING) if negative_prompt else guidance_scale,
            generator=generator,
            seen=seen,
        )
        return ImagePipelineOutput(images=[to_image(picture)] if output_type == "pil" else picture)

    def _understood(
        self, prompt: str, image: Image.Image | None, strength: float, chance: random.Random
    ) -> tuple[str, Image.Image]:
        """The caption that the network reads, and the hint."""
        scene, english = read(prompt)
        if scene is not None:
            return scene.caption, hint_for(scene, concepts(), bank(), chance, source=image, strength=strength)
        if image is None:
            raise BadOrder(
                f"{english.strip().capitalize() or 'This'} is nothing that the pocket generator knows.",
                hint=f"It draws icons of {len(concepts()):,} things, such as a red apple or two green trees.",
            )
        colour = colour_in(english)
        square = image.convert("RGB").resize((SIDE, SIDE), Image.Resampling.LANCZOS)
        return f"{STYLED['flat']} a {colour} thing" if colour else english, blurred(square, varied_detail(strength))
