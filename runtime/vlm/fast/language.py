"""The packed language model in the place of the one it was packed from.

`use_packed` gives a model's language half another `forward`; `generate`, streaming, grammar, reuse of prefixes, slates
and scores go on as before, for keys and values still lie in transformers' cache. Where a gradient is wanted (where a
model looked, an attack on it) the model computes as it always did.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any

import torch
from onnxruntime import InferenceSession, OrtValue, SessionOptions
from transformers import DynamicCache
from transformers.modeling_outputs import BaseModelOutputWithPast

from runtime.vlm.fast.graph import FIRST, PLACES, Graph, Shapes, language_graph, sizes

if TYPE_CHECKING:
    from transformers import Cache, PreTrainedModel

HIDDEN = torch.finfo(torch.float32).min
"""Added to attention where a token must not look: with minus infinity a row of padding alone would be no number."""

CAME = "came"
"""The attribute of a cache's layer that holds a `Came`."""


def use_packed(model: PreTrainedModel, threads: int) -> None:
    """Let a model's language half and its head compute with packed weights wherever no gradient is wanted.

    Both are one graph, so that the threads that run it are not put to sleep in between.
    """
    language, head = model.base_model.language_model, model.lm_head
    fast = PackedLanguage(language, head, threads)
    plain, plain_head = language.forward, head.forward

    def ask(_: torch.nn.Module, __: Any, given: dict[str, Any]) -> None:
        keep = given.get("logits_to_keep", 0)
        fast.keep = keep if isinstance(keep, int) else 0

    @wraps(plain)
    def forward(**given: Any) -> BaseModelOutputWithPast:
        return plain(**given) if torch.is_grad_enabled() else fast(**given)

    @wraps(plain_head)
    def head_forward(states: torch.Tensor) -> torch.Tensor:
        return plain_head(states) if torch.is_grad_enabled() else states  # which are logits

    model.register_forward_pre_hook(ask, with_kwargs=True)
    language.forward, head.forward = forward, head_forward


class PackedLanguage:
    """What a Llama and its head give, from embeddings and a cache, without gradients.

    The values in its cache are turned: they are for itself. `keep` is of how many last tokens the logits are wanted,
    0 for all, as transformers has it.
    """

    def __init__(self, language: torch.nn.Module, head: torch.nn.Module, threads: int) -> None:
        config = self._config = language.config
        hidden, _, groups, width = sizes(config)
        self.keep = 0
        self._nothing = (groups, 0, width)
        self._past = [f"{kind}.{i}" for i in range(config.num_hidden_layers) for kind in ("keys", "values")]
        inputs: Shapes = {
            "embeddings": ["rows", "tokens", hidden],
            PLACES: ["rows", "tokens"],
            "mask": ["rows", 1, "tokens", "all"],
            FIRST: [1],
        }
        inputs |= {f"past.{name}": ["rows", groups, "earlier", width] for name in self._past}
        outputs: Shapes = {"logits": ["rows", "asked", head.out_features]}
        outputs |= {name: ["rows", groups, "all", width] for name in self._past}
        self._session = Session(language_graph(language, head), inputs, outputs, threads)

    def __call__(
        self,
        inputs_embeds: torch.Tensor,
        attention_mask: torch.Tensor | None = None,
        position_ids: torch.Tensor | None = None,
        past_key_values: Cache | None = None,
        **_: Any,
    ) -> BaseModelOutputWithPast:
        """Embeddings of shape (rows, tokens, hidden); the mask (rows, all tokens) is 0 at padding.

        Returns:
            Logits (rows, kept tokens, vocabulary) in the place of states.
        """
        rows, tokens, _hidden = inputs_embeds.shape
        cache = DynamicCache(config=self._config) if past_key_values is None else past_key_values
        earlier = cache.get_seq_length()
        if position_ids is None:
            position_ids = torch.arange(earlier, earlier + tokens)[None]
        given = {
            "embeddings": _value(inputs_embeds.float()),
            PLACES: _value(position_ids.expand(rows, tokens)),
            "mask": _value(_added(attention_mask, rows, tokens, earlier + tokens)),
            FIRST: _value(torch.tensor([max(0, tokens - self.keep) if self.keep else 0])),
        }
        past = [side for layer in cache.layers for side in self._sides(layer, rows)]
        logits, *sides = self._session(
            given | {f"past.{name}": side for name, side in zip(self._past, past, strict=True)}
        )
        for layer, keys, values in zip(cache.layers, sides[::2], sides[1::2], strict=True):
            _put(layer, keys, values)
        return BaseModelOutputWithPast(last_hidden_state=torch.from_dlpack(logits), past_key_values=cache)

    def _sides(self, layer: Any, rows: int) -> tuple[OrtValue, OrtValue]:
        """A layer's keys and values so far; as they came, where they are still the same."""
        if not layer.get_seq_length():
            return (_value(torch.empty(rows, *self._nothing)),) * 2
        came: Came | None = getattr(layer, CAME, None)
        if came is not None and came.keys is layer.keys and came.values is layer.values:
            return came.sides
        return _value(layer.keys.float()), _value(layer.values.float())


@dataclass(frozen=True)
class Came:
    """A layer's keys and values as they came out of the graph, and the tensors made of them."""

    sides: tuple[OrtValue, OrtValue]
    keys: torch.Tensor
    values: torch.Tensor


def _put(layer: Any, keys: OrtValue, values: OrtValue) -> None:
    """Let a layer of transformers' cache hold these."""
    came = Came((keys, values), torch.from_dlpack(keys), torch.from_dlpack(values))
    if not layer.is_initialized:
        layer.lazy_initialization(came.keys, came.values)
    layer.keys, layer.values = came.keys, came.values
    setattr(layer, CAME, came)


def _value(tensor: torch.Tensor) -> OrtValue:
    """The same memory for ONNX Runtime, where it lies in order."""
    return OrtValue.from_dlpack(tensor.contiguous())


def _added(mask: torch.Tensor | None, rows: int, tokens: int, total: int) -> torch.Tensor:
    """What is added to attention, shape (rows, 1, tokens, total): each token sees itself and what is before it."""
    hidden = torch.full((tokens, total), HIDDEN).triu_(total - tokens + 1).expand(rows, 1, tokens, total)
    if mask is None or bool(mask.all()):
        return hidden
    return hidden.masked_fill(mask[:, None, None, :] == 0, HIDDEN)


class Session:
    """A graph ready to run."""

    def __init__(self, graph: Graph, inputs: Shapes, outputs: Shapes, threads: int) -> None:
        options = SessionOptions()
        options.intra_op_num_threads = threads
        # threads that went on waiting for work by spinning would take the cores from torch's
        options.add_session_config_entry("session.force_spinning_stop", "1")
        # kept, for the session reads the arrays where they lie
        self._arrays = {name: OrtValue.ortvalue_from_numpy(values) for name, values in graph.arrays.items()}
        options.add_external_initializers(list(self._arrays), list(self._arrays.values()))
        self._session = InferenceSession(graph.model(inputs, outputs), options, providers=["CPUExecutionProvider"])
        self._outputs: Sequence[str] = list(outputs)

    def __call__(self, inputs: dict[str, OrtValue]) -> list[OrtValue]:
        """The graph's outputs, in order."""
        values: list[OrtValue] = self._session.run_with_ort_values(self._outputs, inputs)
        return values
