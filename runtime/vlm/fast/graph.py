"""A Llama as an ONNX graph with packed weights.

Weights are rounded to 8 bits in blocks of `BLOCK` that share a scale, and stay so in memory: what a word costs is
reading them. Activations are rounded likewise inside a matrix product (`accuracy_level` 4), which then runs on whole
numbers; everything between the products is float32.

A value far above those beside it would leave them few of the 8 bits' levels, and language models have such values. So
what enters a product is turned first (Ashkboos et al. 2024): a rotation before it and its inverse in the weights change
nothing but the roundings. For the values that attention mixes, the weights that make them do it.

What a graph takes is described by `Graph`: a small protocol buffer, and beside it the arrays that it names.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import TensorProto, helper

if TYPE_CHECKING:
    from torch import nn

BLOCK = 64
"""With 32 the scales cost more time than they add accuracy; the pocket model's widths are no multiples of 128."""

ZERO = 128
"""What a packed weight of 0 is stored as."""

ONNX_OPSET, IR_VERSION = 23, 11
CONTRIB = "com.microsoft"
BYTES_A_WEIGHT = 1 + 4 / BLOCK

PLACES, FIRST = "places", "first"
"""The inputs that are whole numbers."""

Shapes = dict[str, list[str | int]]
"""Inputs or outputs by name, with their sizes; a size that may vary has a name."""


@dataclass
class Graph:
    """A graph in the making: nodes, and the arrays that they read."""

    nodes: list[onnx.NodeProto] = field(default_factory=list)
    arrays: dict[str, NDArray[Any]] = field(default_factory=dict)
    constants: list[onnx.TensorProto] = field(default_factory=list)

    def array(self, name: str, values: torch.Tensor) -> str:
        """Keep an array under a name."""
        self.arrays[name] = np.ascontiguousarray(values.detach().cpu().numpy())
        return name

    def constant(self, name: str, values: list[int]) -> str:
        """Keep whole numbers that the graph's shapes depend on."""
        self.constants.append(helper.make_tensor(name, TensorProto.INT64, [len(values)], values))
        return name

    def node(self, kind: str, inputs: list[str], outputs: list[str], domain: str = "", **options: Any) -> str:
        """Add an operation; returns its first output."""
        self.nodes.append(helper.make_node(kind, inputs, outputs, name=outputs[0], domain=domain, **options))
        return outputs[0]

    def product(self, of: str, name: str, weight: torch.Tensor) -> str:
        """A linear layer without bias; its weight has shape (outputs, inputs)."""
        blocks, scales = packed(weight)
        inputs = [of, self.array(f"{name}.weight", blocks), self.array(f"{name}.scale", scales.flatten())]
        size = {"N": weight.shape[0], "K": weight.shape[1], "bits": 8, "block_size": BLOCK}
        return self.node("MatMulNBits", inputs, [name], CONTRIB, accuracy_level=4, **size)

    def turn(self, of: str, width: int) -> str:
        """Turn the values for a weight that is `turned`."""
        rotation = hadamard(width)
        parts = self.constant(f"{of}.parts", [0, 0, -1, len(rotation)])
        split = self.node("Reshape", [of, parts], [f"{of}.split"])
        inputs = [split, self.array(f"rotation.{len(rotation)}", rotation)]
        rotated = self.node("MatMul", inputs, [f"{of}.rotated"])
        return self.node("Reshape", [rotated, self.constant(f"{of}.whole", [0, 0, -1])], [f"{of}.turned"])

    def model(self, inputs: Shapes, outputs: Shapes) -> bytes:
        """The protocol buffer, in which arrays are named and left out."""
        given, made = ([_value(*item) for item in values.items()] for values in (inputs, outputs))
        arrays = [*self.constants, *(_outside(*item) for item in self.arrays.items())]
        graph = helper.make_graph(self.nodes, "language", given, made, arrays)
        opsets = [helper.make_opsetid("", ONNX_OPSET), helper.make_opsetid(CONTRIB, 1)]
        return bytes(helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION).SerializeToString())


def _value(name: str, shape: list[str | int]) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(
        name, TensorProto.INT64 if name in (PLACES, FIRST) else TensorProto.FLOAT, shape
    )


def _outside(name: str, values: NDArray[Any]) -> onnx.TensorProto:
    """An array's name, type and shape; its values come with the session."""
    tensor = TensorProto(name=name, dims=values.shape, data_type=helper.np_dtype_to_tensor_dtype(values.dtype))
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="given with the session")
    return tensor


def packed(weight: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Weights of shape (rows, columns) as bytes (rows, blocks, BLOCK) and scales (rows, blocks), float32.

    A weight is (byte - ZERO) × scale. The last block of a row is filled up with zeros.
    """
    rows, columns = weight.shape
    blocks = torch.nn.functional.pad(weight.float(), (0, -columns % BLOCK)).view(rows, -1, BLOCK)
    scales = blocks.abs().amax(-1) / (ZERO - 1)
    levels = (blocks / scales.clamp_min(torch.finfo(torch.float32).tiny)[..., None]).round_()
    return levels.add_(ZERO).to(torch.uint8), scales


def hadamard(width: int) -> torch.Tensor:
    """A rotation as wide as fits a block and `width`; all its values are as large, and it is its own inverse."""
    size, rotation = math.gcd(width, BLOCK), torch.ones(1, 1)
    while len(rotation) < size:
        rotation = torch.cat([torch.cat([rotation, rotation], 1), torch.cat([rotation, -rotation], 1)]) / math.sqrt(2)
    return rotation


def turned(weight: torch.Tensor, width: int) -> torch.Tensor:
    """A weight of shape (outputs, inputs) for inputs that are turned, in heads or rows of a width."""
    rotation = hadamard(width)
    return (weight.reshape(len(weight), -1, len(rotation)) @ rotation).flatten(1)


def language_graph(language: nn.Module, head: nn.Module) -> Graph:
    """From embeddings (rows, tokens, hidden) to logits (rows, some tokens, vocabulary), and keys and values so far.

    Other inputs: `past.keys.0` … (rows, heads, earlier tokens, head width) and `past.values.0` …; `places` (rows,
    tokens), each token's position; `mask` (rows, 1, tokens, all tokens), which is added to attention; `first` (1,), the
    token from which on there are logits.
    """
    graph, config, layers = Graph(), language.config, language.layers
    hidden, heads, groups, width = sizes(config)
    _rotary_tables(graph, language, config.max_position_embeddings)
    split = graph.constant("split", [heads * width, groups * width, groups * width])
    epsilon = {"epsilon": config.rms_norm_eps}
    scale = graph.array("0.state.scale", _weight(layers[0].input_layernorm))
    stream = "embeddings"
    state = graph.node("SimplifiedLayerNormalization", [stream, scale], ["0.state"], axis=-1, **epsilon)

    def add(change: str, norm: nn.Module, name: str) -> tuple[str, str]:
        """The stream after a change, and its normed state."""
        made = [name, "", "", f"{name}.stream"]
        taken = [stream, change, graph.array(f"{name}.scale", _weight(norm))]
        graph.node("SkipSimplifiedLayerNormalization", taken, made, CONTRIB, **epsilon)
        return made[-1], name

    for i, layer in enumerate(layers):
        attention, mlp = layer.self_attn, layer.mlp
        value = turned(_weight(attention.v_proj).T, width).T
        joint = torch.cat([_weight(attention.q_proj), _weight(attention.k_proj), value])
        parts = [f"{i}.query", f"{i}.key", f"{i}.value"]
        joined = graph.product(graph.turn(state, hidden), f"{i}.joint", turned(joint, hidden))
        graph.node("Split", [joined, split], parts, axis=-1)
        query, key = (
            graph.node("RotaryEmbedding", [part, "cos", "sin", PLACES], [f"{part}.placed"], num_heads=count)
            for part, count in zip(parts[:2], (heads, groups), strict=True)
        )
        taken = [query, key, parts[2], "mask", f"past.keys.{i}", f"past.values.{i}"]
        made = [f"{i}.attention", f"keys.{i}", f"values.{i}"]
        graph.node("Attention", taken, made, q_num_heads=heads, kv_num_heads=groups)
        out = graph.product(made[0], f"{i}.out", turned(_weight(attention.o_proj), width))
        stream, state = add(out, layer.post_attention_layernorm, f"{i}.middle")
        both = turned(torch.cat([_weight(mlp.gate_proj), _weight(mlp.up_proj)]), hidden)
        parts = [f"{i}.gate", f"{i}.up"]
        joined = graph.product(graph.turn(state, hidden), f"{i}.both", both)
        graph.node("Split", [joined], parts, axis=-1, num_outputs=2)
        opened = graph.node("QuickGelu", parts[:1], [f"{i}.opened"], CONTRIB, alpha=1.0)  # with 1 it is SiLU
        inner = graph.turn(graph.node("Mul", [opened, parts[1]], [f"{i}.inner"]), config.intermediate_size)
        down = graph.product(inner, f"{i}.down", turned(_weight(mlp.down_proj), config.intermediate_size))
        last = i + 1 == len(layers)
        stream, state = add(
            down, language.norm if last else layers[i + 1].input_layernorm, "states" if last else f"{i + 1}.state"
        )
    bounds = [FIRST, graph.constant("end", [config.max_position_embeddings]), graph.constant("axis", [1])]
    asked = graph.turn(graph.node("Slice", [state, *bounds], ["asked"]), hidden)
    graph.product(asked, "logits", turned(_weight(head), hidden))
    return graph


def sizes(config: Any) -> tuple[int, int, int, int]:
    """Hidden width, heads, key-value heads, width of a head."""
    hidden, heads = config.hidden_size, config.num_attention_heads
    return hidden, heads, config.num_key_value_heads, getattr(config, "head_dim", None) or hidden // heads


def _weight(layer: nn.Module) -> torch.Tensor:
    weight: torch.Tensor = layer.weight.detach().float()
    return weight


def _rotary_tables(graph: Graph, language: nn.Module, context: int) -> None:
    """How far a head's two halves are turned at each position."""
    rotary = language.rotary_emb
    angles = torch.outer(torch.arange(context).float(), rotary.inv_freq.detach().float())
    graph.array("cos", angles.cos() * rotary.attention_scaling)
    graph.array("sin", angles.sin() * rotary.attention_scaling)
