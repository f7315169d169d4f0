"""The model while it learns: frozen base and frozen eyes, a projector and adapters between and in them."""

from __future__ import annotations

import contextlib
import io
import warnings
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812
from safetensors.torch import save_file
from torch import nn

from runtime.pocket import tower
from runtime.pocket.assemble import RESERVED_TOKEN
from runtime.pocket.naming import Namer
from runtime.pocket.sources import BASE
from runtime.pocket.tower import TwoScaleTower
from runtime.pocket.training.packing import IGNORED, Batch

ADAPTERS, PROJECTOR = "adapter_model.safetensors", "projector.safetensors"
LINEAR = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]


class Projector(nn.Module):
    """Features (batch, tokens, features) to the language model's width, in the shape of transformers' FastVLM."""

    def __init__(self, features: int, width: int) -> None:
        super().__init__()
        self.linear_1, self.linear_2 = nn.Linear(features, width), nn.Linear(width, width)
        for layer in (self.linear_1, self.linear_2):
            nn.init.normal_(layer.weight, std=0.02)
            nn.init.zeros_(layer.bias)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """See the class."""
        hidden: torch.Tensor = self.linear_2(F.gelu(self.linear_1(features)))
        return hidden


def grouped_attention(
    _: nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor,
    scaling: float,
    **__: Any,
) -> tuple[torch.Tensor, None]:
    """Plain attention without repeating keys: the query heads of one group are stacked along the sequence.

    On a CPU its backward pass takes a third of the time of the fused kernel's. Shapes: query (batch, heads, length,
    size), key and value (batch, groups, length, size), mask (batch, 1, length, length).
    """
    batch, heads, length, size = query.shape
    groups = key.shape[1]
    stacked = query.reshape(batch, groups, heads // groups * length, size)
    scores = torch.matmul(stacked, key.transpose(2, 3)).mul_(scaling)
    scores = scores.view(batch, groups, heads // groups, length, length) + attention_mask[:, :, None]
    weights = scores.softmax(-1).view(batch, groups, heads // groups * length, length)
    mixed = torch.matmul(weights.to(value.dtype), value).view(batch, heads, length, size)
    return mixed.transpose(1, 2).contiguous(), None


def from_sources(base: Path, vision: Path, rank: int) -> Learner:
    """A learner at its beginning, from the two base files."""
    from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig

    with contextlib.redirect_stderr(io.StringIO()):
        tokenizer = AutoTokenizer.from_pretrained(base.parent, gguf_file=base.name)
        language = AutoModelForCausalLM.from_pretrained(
            base.parent, gguf_file=base.name, dtype=torch.float32, quantization_config=GgufConfig(dequantize=True)
        )
    return Learner(language, tokenizer, RESERVED_TOKEN, *tower.load(vision), rank)


class Learner(nn.Module):
    """Base language model with adapters, projector, tower and its head; losses of packed batches."""

    def __init__(self, language: Any, tokenizer: Any, image_token: str, eyes: TwoScaleTower, namer: Namer, rank: int):
        super().__init__()
        from peft import LoraConfig, get_peft_model

        self.tokenizer = tokenizer
        self.image_token = int(tokenizer.convert_tokens_to_ids(image_token))
        adapters = LoraConfig(r=rank, lora_alpha=2 * rank, target_modules=LINEAR, task_type="CAUSAL_LM")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # PEFT asks transformers by an older name
            self.language = get_peft_model(language.bfloat16(), adapters)
        self.eyes, self.namer = eyes.requires_grad_(False).bfloat16(), namer.requires_grad_(False)
        self.eyes.to(memory_format=torch.channels_last)
        self.projector = Projector(eyes.num_features, int(language.config.hidden_size))

    def read_packed(self) -> None:
        """From here on the language model takes packed batches, and nothing else."""
        from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS

        ALL_ATTENTION_FUNCTIONS.register("grouped", grouped_attention)
        self.language.config._attn_implementation = "grouped"

    def export(self, folder: Path) -> None:
        """Adapters in PEFT's format and the projector, 16 bits each."""
        from peft import get_peft_model_state_dict

        folder.mkdir(parents=True, exist_ok=True)
        adapters = get_peft_model_state_dict(self.language)
        for weights, file in ((adapters, ADAPTERS), (self.projector.state_dict(), PROJECTOR)):
            save_file({name: value.bfloat16().cpu().contiguous() for name, value in weights.items()}, folder / file)
        config = self.language.peft_config["default"]
        config.inference_mode, config.base_model_name_or_path = True, BASE.package
        config.save_pretrained(folder)

    @torch.no_grad()
    def look(self, pixels: torch.Tensor) -> tuple[torch.Tensor, list[list[str]]]:
        """Features (pictures, tokens, features) and the names of things on each picture."""
        maps = self.eyes(pixels.bfloat16().to(memory_format=torch.channels_last))
        return maps.flatten(2).transpose(1, 2), self.namer.names(maps)

    def forward(self, batch: Batch, features: torch.Tensor | None) -> tuple[torch.Tensor, torch.Tensor]:
        """The weighted mean loss over the answers, and each row's plain mean."""
        decoder = self.language.base_model.model
        with torch.no_grad():
            states = decoder.model.embed_tokens(batch.ids)
        if features is not None:
            here = (batch.ids == self.image_token)[..., None].expand_as(states)
            states = states.masked_scatter(here, self.projector(features).to(states.dtype))
        hidden = decoder.model(
            inputs_embeds=states, attention_mask=batch.mask, position_ids=batch.positions, use_cache=False
        ).last_hidden_state
        learned = batch.labels != IGNORED
        before = torch.zeros_like(learned)
        before[:, :-1] = learned[:, 1:]
        losses = F.cross_entropy(decoder.lm_head(hidden[before]).float(), batch.labels[learned], reduction="none")
        weights = batch.weights[learned]
        rows = learned.nonzero()[:, 0]
        by_row = torch.zeros(len(batch.ids), device=losses.device).index_add(0, rows, losses.detach())
        return (losses * weights).sum() / weights.sum(), by_row / learned.sum(1)
