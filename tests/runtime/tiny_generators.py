"""Tiny random-weight pipelines of the classes that presets use, saved as safetensors; nothing is downloaded."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from diffusers import (
    AutoencoderKL,
    AutoencoderTiny,
    EulerAncestralDiscreteScheduler,
    EulerDiscreteScheduler,
    StableDiffusionPipeline,
    StableDiffusionXLPipeline,
    UNet2DConditionModel,
)
from diffusers.pipelines.stable_diffusion import StableDiffusionSafetyChecker
from tokenizers import pre_tokenizers
from transformers import (
    CLIPConfig,
    CLIPImageProcessor,
    CLIPTextConfig,
    CLIPTextModel,
    CLIPTextModelWithProjection,
    CLIPTokenizer,
)

SIDE = 64
NOISE: dict[str, Any] = {
    "beta_schedule": "scaled_linear",
    "beta_start": 0.00085,
    "beta_end": 0.012,
    "timestep_spacing": "trailing",
    "steps_offset": 1,
}


def sd(folder: Path) -> None:
    """As SD-Turbo is."""
    _sd(safety_checker=None, feature_extractor=None, requires_safety_checker=False).save_pretrained(folder)


def guarded(folder: Path) -> None:
    """With an image checker, as older models have it; one without weights to speak of finds nothing."""
    config = CLIPConfig(
        text_config={"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 8},
        vision_config={
            "hidden_size": 8,
            "num_hidden_layers": 1,
            "num_attention_heads": 2,
            "intermediate_size": 8,
            "image_size": 32,
            "patch_size": 16,
        },
        projection_dim=8,
    )
    checker = StableDiffusionSafetyChecker(config)
    processor = CLIPImageProcessor(size={"shortest_edge": 32}, crop_size={"height": 32, "width": 32})
    _sd(safety_checker=checker, feature_extractor=processor).save_pretrained(folder)


def sdxl(folder: Path) -> None:
    """As SDXL-Turbo is: two text encoders, an autoencoder that float16 is too narrow for."""
    second = CLIPTextModelWithProjection(text_config())
    unet = _unet(
        cross_attention_dim=64,
        addition_embed_type="text_time",
        addition_time_embed_dim=8,
        projection_class_embeddings_input_dim=6 * 8 + 32,
        transformer_layers_per_block=(1, 1),
        use_linear_projection=True,
    )
    StableDiffusionXLPipeline(
        vae=_vae(force_upcast=True),
        text_encoder=CLIPTextModel(text_config()),
        text_encoder_2=second,
        tokenizer=words(),
        tokenizer_2=words(),
        unet=unet,
        scheduler=EulerAncestralDiscreteScheduler(**NOISE),
        add_watermarker=False,
    ).save_pretrained(folder)


def tiny_autoencoder(folder: Path) -> None:
    """As those for previews are."""
    AutoencoderTiny(
        encoder_block_out_channels=(8, 8),
        decoder_block_out_channels=(8, 8),
        num_encoder_blocks=(1, 1),
        num_decoder_blocks=(1, 1),
    ).save_pretrained(folder)


BUILDERS: dict[str, Callable[[Path], None]] = {
    "sd": sd,
    "guarded": guarded,
    "sdxl": sdxl,
    "tiny_autoencoder": tiny_autoencoder,
}


def build(name: str, folder: Path) -> Path:
    """Save the pipeline of that name, the same weights every time."""
    torch.manual_seed(0)
    BUILDERS[name](folder)
    return folder


def words() -> CLIPTokenizer:
    """CLIP's tokenizer with nothing learned: every byte is a token."""
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    known = [*letters, *(f"{letter}</w>" for letter in letters), "<|startoftext|>", "<|endoftext|>"]
    return CLIPTokenizer(vocab={word: place for place, word in enumerate(known)}, merges=[], model_max_length=77)


def text_config() -> CLIPTextConfig:
    vocabulary = len(words())
    return CLIPTextConfig(
        vocab_size=vocabulary,
        hidden_size=32,
        intermediate_size=37,
        projection_dim=32,
        num_hidden_layers=2,
        num_attention_heads=4,
        max_position_embeddings=77,
        bos_token_id=vocabulary - 2,
        eos_token_id=vocabulary - 1,
        pad_token_id=vocabulary - 1,
    )


def _sd(**more: Any) -> StableDiffusionPipeline:
    return StableDiffusionPipeline(
        vae=_vae(),
        text_encoder=CLIPTextModel(text_config()),
        tokenizer=words(),
        unet=_unet(cross_attention_dim=32),
        scheduler=EulerDiscreteScheduler(**NOISE),
        **more,
    )


def _unet(**more: Any) -> UNet2DConditionModel:
    return UNet2DConditionModel(
        sample_size=SIDE // 2,
        block_out_channels=(16, 32),
        layers_per_block=1,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        attention_head_dim=4,
        norm_num_groups=8,
        **more,
    )


def _vae(**more: Any) -> AutoencoderKL:
    return AutoencoderKL(
        block_out_channels=(8, 16),
        down_block_types=("DownEncoderBlock2D",) * 2,
        up_block_types=("UpDecoderBlock2D",) * 2,
        latent_channels=4,
        norm_num_groups=4,
        sample_size=SIDE,
        **more,
    )
