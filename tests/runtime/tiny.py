"""Tiny random-weight checkpoints of the classes that hub presets use, saved to disk with tokenizer and processor.

They test the real loading, templating and generation code; nothing is downloaded.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import (
    CLIPImageProcessor,
    CLIPVisionConfig,
    FastVlmConfig,
    FastVlmForConditionalGeneration,
    Idefics3Config,
    Idefics3ForConditionalGeneration,
    Idefics3ImageProcessor,
    Idefics3Processor,
    LlamaConfig,
    LlavaConfig,
    LlavaForConditionalGeneration,
    LlavaProcessor,
    PreTrainedTokenizerFast,
    Qwen2VLImageProcessor,
    Qwen3VLConfig,
    Qwen3VLForConditionalGeneration,
    Qwen3VLProcessor,
    Qwen3VLVideoProcessor,
    SmolVLMConfig,
    SmolVLMForConditionalGeneration,
    SmolVLMImageProcessor,
    SmolVLMProcessor,
    SmolVLMVideoProcessor,
    TimmWrapperConfig,
)

TEXT = [
    'What is in the picture? {"action":"answer"} {"action":"vqa","image":"img1"} 图片中有什么动物？ 0123456789',
    "A dog runs through the grass, and two people in red shirts look at it.",
]
CHATML = """{%- for message in messages -%}<|im_start|>{{ message['role'] }}
{%- for part in message['content'] -%}
{%- if part['type'] == 'image' -%}IMAGE{%- else -%}{{ ' ' + part['text'] }}{%- endif -%}
{%- endfor -%}<|im_end|>
{%- endfor -%}{%- if add_generation_prompt -%}<|im_start|>assistant {% endif -%}"""
QWEN_SPECIAL = ["<|vision_start|>", "<|vision_end|>", "<|image_pad|>", "<|video_pad|>"]
IDEFICS_SPECIAL = ["<image>", "<fake_token_around_image>", "<global-img>", "<end_of_utterance>", "<video>"] + [
    f"<row_{row}_col_{column}>" for row in range(1, 7) for column in range(1, 7)
]


def tokenizer(special: list[str]) -> PreTrainedTokenizerFast:
    """A byte-level BPE tokenizer like the real ones, learned from two lines."""
    raw = Tokenizer(models.BPE())
    raw.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    raw.decoder = decoders.ByteLevel()
    control = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    trainer = trainers.BpeTrainer(
        vocab_size=600, special_tokens=control + special, initial_alphabet=pre_tokenizers.ByteLevel.alphabet()
    )
    raw.train_from_iterator(TEXT, trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=raw, **dict(zip(("pad_token", "bos_token", "eos_token"), control, strict=True))
    )


def llama(words: PreTrainedTokenizerFast) -> LlamaConfig:
    return LlamaConfig(
        vocab_size=len(words),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=2048,
        bos_token_id=words.bos_token_id,
        eos_token_id=words.eos_token_id,
        pad_token_id=words.pad_token_id,
    )


def fast_vlm(folder: Path) -> None:
    """The pocket preset's class with the pocket preset's vision architecture."""
    words = tokenizer(["<image>"])
    vision = TimmWrapperConfig(
        architecture="test_efficientnet", model_args={"global_pool": ""}, do_pooling=False, hidden_size=256
    )
    config = FastVlmConfig(
        vision_config=vision, text_config=llama(words), image_token_id=words.convert_tokens_to_ids("<image>")
    )
    size = {"height": 64, "width": 64}
    processor = LlavaProcessor(
        CLIPImageProcessor(size=size, do_center_crop=False),
        words,
        patch_size=32,
        vision_feature_select_strategy="full",
        chat_template=CHATML.replace("IMAGE", "<image>"),
    )
    _save(folder, FastVlmForConditionalGeneration(config), processor)


def llava(folder: Path) -> None:
    words = tokenizer(["<image>"])
    vision = CLIPVisionConfig(
        hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=4, image_size=64, patch_size=16
    )
    config = LlavaConfig(
        vision_config=vision, text_config=llama(words), image_token_index=words.convert_tokens_to_ids("<image>")
    )
    size = {"height": 64, "width": 64}
    processor = LlavaProcessor(
        CLIPImageProcessor(size=size, crop_size=size),
        words,
        patch_size=16,
        vision_feature_select_strategy="default",
        num_additional_image_tokens=1,
        chat_template=CHATML.replace("IMAGE", "<image>"),
    )
    _save(folder, LlavaForConditionalGeneration(config), processor)


def _idefics(words: PreTrainedTokenizerFast, kind: type[Any], pad: bool) -> Any:
    vision = {
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "image_size": 64,
        "patch_size": 16,
    }
    extra = {"pad_token_id": words.pad_token_id} if pad else {}
    return kind(
        vision_config=vision,
        text_config=llama(words),
        image_token_id=words.convert_tokens_to_ids("<image>"),
        scale_factor=2,
        **extra,
    )


def smolvlm(folder: Path) -> None:
    """The laptop preset's class: every picture is cut into tiles."""
    words = tokenizer(IDEFICS_SPECIAL)
    sizes: dict[str, Any] = {"size": {"longest_edge": 128}, "max_image_size": {"longest_edge": 64}}
    processor = SmolVLMProcessor(
        SmolVLMImageProcessor(**sizes),
        words,
        SmolVLMVideoProcessor(**sizes),
        image_seq_len=4,
        chat_template=CHATML.replace("IMAGE", "<image>"),
    )
    _save(folder, SmolVLMForConditionalGeneration(_idefics(words, SmolVLMConfig, pad=True)), processor)


def idefics3(folder: Path) -> None:
    words = tokenizer(IDEFICS_SPECIAL)
    pictures = Idefics3ImageProcessor(size={"longest_edge": 128}, max_image_size={"longest_edge": 64})
    processor = Idefics3Processor(pictures, words, image_seq_len=4, chat_template=CHATML.replace("IMAGE", "<image>"))
    _save(folder, Idefics3ForConditionalGeneration(_idefics(words, Idefics3Config, pad=True)), processor)


def qwen3_vl(folder: Path) -> None:
    """The workstation preset's class: pictures keep their shape, positions are three-dimensional."""
    words = tokenizer(QWEN_SPECIAL)
    config = Qwen3VLConfig(
        text_config={
            "vocab_size": len(words),
            "hidden_size": 32,
            "intermediate_size": 64,
            "num_hidden_layers": 2,
            "num_attention_heads": 4,
            "num_key_value_heads": 2,
            "head_dim": 8,
            "max_position_embeddings": 2048,
            "rope_parameters": {"rope_type": "default", "rope_theta": 10000.0, "mrope_section": [2, 1, 1]},
            "eos_token_id": words.eos_token_id,
        },
        vision_config={
            "depth": 2,
            "hidden_size": 32,
            "intermediate_size": 64,
            "num_heads": 4,
            "patch_size": 8,
            "out_hidden_size": 32,
            "num_position_embeddings": 64,
            "deepstack_visual_indexes": [0],
        },
        **{name: words.convert_tokens_to_ids(token) for name, token in _QWEN_IDS.items()},
    )
    sizes: dict[str, Any] = {"patch_size": 8, "size": {"shortest_edge": 16 * 16, "longest_edge": 64 * 64}}
    processor = Qwen3VLProcessor(
        Qwen2VLImageProcessor(**sizes),
        words,
        Qwen3VLVideoProcessor(),
        chat_template=CHATML.replace("IMAGE", "<|vision_start|><|image_pad|><|vision_end|>"),
    )
    _save(folder, Qwen3VLForConditionalGeneration(config), processor)


_QWEN_IDS = {
    "vision_start_token_id": "<|vision_start|>",
    "vision_end_token_id": "<|vision_end|>",
    "image_token_id": "<|image_pad|>",
    "video_token_id": "<|video_pad|>",
}

BUILDERS: dict[str, Callable[[Path], None]] = {
    "fast_vlm": fast_vlm,
    "llava": llava,
    "smolvlm": smolvlm,
    "idefics3": idefics3,
    "qwen3_vl": qwen3_vl,
}


def build(name: str, folder: Path) -> Path:
    """Save the checkpoint of that name, the same weights every time."""
    torch.manual_seed(0)
    BUILDERS[name](folder)
    return folder


def _save(folder: Path, model: Any, processor: Any) -> None:
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim() > 1:
                parameter.mul_(6)  # so that different pictures give different words
    model.save_pretrained(folder)
    processor.save_pretrained(folder)
