"""The packed language model: what the plain one computes, through the same cache, whoever shares it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from onnxruntime import OrtValue
from transformers import DynamicCache, LlamaConfig, LlamaForCausalLM

from runtime.pool import ModelPool
from runtime.vlm.fast import language as fast
from runtime.vlm.fast.graph import BLOCK, ZERO, Graph, hadamard, packed, turned
from runtime.vlm.loading import load_engine
from runtime.vlm.prefix import fork
from tests.runtime.stage import ask, open_model
from tests.runtime.tiny import build

ROWS, TOKENS, WORDS, CONTEXT = 3, 20, 300, 1024
CLOSE = 0.02
"""How far packed results may lie from plain ones, as a part of their size: 8 bits carry half a percent or so."""


@pytest.fixture(scope="module")
def llama() -> LlamaForCausalLM:
    """Random weights; its widths are multiples of 32, 16 and 1, not of a block."""
    torch.manual_seed(0)
    config = LlamaConfig(
        hidden_size=96,
        intermediate_size=176,
        num_hidden_layers=2,
        num_attention_heads=6,
        num_key_value_heads=2,
        head_dim=16,
        vocab_size=WORDS,
        max_position_embeddings=CONTEXT,
    )
    return LlamaForCausalLM(config).eval()


@pytest.fixture(scope="module")
def both(llama: LlamaForCausalLM) -> Iterator[tuple[LlamaForCausalLM, LlamaForCausalLM]]:
    """The plain model and a packed twin."""
    twin = LlamaForCausalLM(llama.config).eval()
    twin.load_state_dict(llama.state_dict())
    pack(twin)
    with torch.no_grad():
        yield llama, twin


def pack(model: LlamaForCausalLM) -> None:
    model.model.__dict__["language_model"] = model.model  # where a vision-language model has it, and no child
    fast.use_packed(model, threads=1)


def words(count: int, rows: int = 1) -> torch.Tensor:
    return torch.randint(WORDS, (rows, count), generator=torch.Generator().manual_seed(count))


def states(model: LlamaForCausalLM, ids: torch.Tensor, cache: DynamicCache, **given: Any) -> torch.Tensor:
    embeddings = model.model.embed_tokens(ids)
    out: torch.Tensor = model.model(inputs_embeds=embeddings, past_key_values=cache, **given).last_hidden_state
    return out


def distance(found: torch.Tensor, expected: torch.Tensor) -> float:
    return float((found - expected).norm() / expected.norm())


@pytest.mark.parametrize("shape", [(7, BLOCK), (5, 3 * BLOCK), (4, BLOCK + 10), (3, 8)])
def test_packed_weights_unpack_to_within_half_a_level(shape: tuple[int, int]) -> None:
    weight = torch.randn(shape, generator=torch.Generator().manual_seed(1))
    weight[1] = 0
    blocks, scales = packed(weight)
    unpacked = ((blocks.float() - ZERO) * scales[..., None]).flatten(1)
    assert bool((unpacked[:, shape[1] :] == 0).all())
    off = (unpacked[:, : shape[1]] - weight).abs()
    assert bool((off <= 0.501 * scales.repeat_interleave(BLOCK, 1)[:, : shape[1]]).all())


@pytest.mark.parametrize("width", [1, 6, 16, 96, BLOCK])
def test_turning_twice_is_not_turning(width: int) -> None:
    weight = torch.randn(3, 2 * width, generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(turned(turned(weight, width), width), weight)
    values = hadamard(width).abs()
    torch.testing.assert_close(values, torch.full_like(values, len(values) ** -0.5))


@pytest.mark.parametrize("pieces", [[20], [9, 1, 10], [1] * 20])
def test_words_and_keys_are_the_plain_models(both: Any, pieces: list[int]) -> None:
    """Rows of several lengths with padding before or inside, read in one piece or several."""
    ids, mask = words(TOKENS, ROWS), torch.ones(ROWS, TOKENS, dtype=torch.long)
    mask[1, :5], mask[2, 3:6] = 0, 0
    places = (mask.cumsum(1) - 1).clamp_min(0)
    found = []
    for model in both:
        cache, parts, start = DynamicCache(config=model.config), [], 0
        for size in pieces:
            end = start + size
            given = {"attention_mask": mask[:, :end], "position_ids": places[:, start:end]}
            parts.append(model.lm_head(states(model, ids[:, start:end], cache, **given)))
            start = end
        kept = mask.bool()
        keys = [layer.keys.transpose(1, 2)[kept] for layer in cache.layers]
        found.append([torch.cat(parts, 1)[kept], *keys])
    for plain, ours in zip(*found, strict=True):
        assert ours.shape == plain.shape
        assert ours.dtype == torch.float32
        assert distance(ours, plain) < CLOSE


def test_an_outlier_costs_the_values_beside_it_no_accuracy() -> None:
    """Without the turn it would leave them few levels, and this distance would be 0.057."""
    generator = torch.Generator().manual_seed(2)
    weight = torch.randn(100, 2 * BLOCK, generator=generator)
    weight[:, 7] = 0
    given = torch.randn(1, 50, 2 * BLOCK, generator=generator)
    given[..., 7] *= 30
    graph = Graph()
    graph.product(graph.turn("given", 2 * BLOCK), "found", turned(weight, 2 * BLOCK))
    session = fast.Session(graph, {"given": [1, "rows", 2 * BLOCK]}, {"found": [1, "rows", 100]}, threads=1)
    [found] = session({"given": OrtValue.from_dlpack(given)})
    assert distance(torch.from_dlpack(found), given @ weight.T) < 0.03


def test_a_long_conversation_stays_close(both: Any) -> None:
    results = []
    for model in both:
        cache = DynamicCache(config=model.config)
        states(model, words(CONTEXT - 24), cache)
        results.append(torch.cat([model.lm_head(states(model, word[None, None], cache)) for word in words(24)[0]], 1))
    assert distance(results[1], results[0]) < CLOSE


def test_caches_forked_from_one_do_not_change_it(both: Any) -> None:
    _, model = both
    cache = DynamicCache(config=model.config)
    states(model, words(TOKENS), cache)
    before = [layer.keys.clone() for layer in cache.layers]
    one, other = fork(cache, TOKENS - 5), fork(cache, TOKENS - 5)
    first = states(model, words(6), one)
    states(model, words(7), other)
    assert all(bool((layer.keys == keys).all()) for layer, keys in zip(cache.layers, before, strict=True))
    again = fork(cache, TOKENS - 5)
    assert bool((states(model, words(6), again) == first).all())
    assert again.get_seq_length() == TOKENS + 1


def test_with_gradients_the_model_is_the_plain_one(both: Any) -> None:
    with torch.enable_grad():
        found = [one.lm_head(states(one, words(TOKENS), DynamicCache(config=one.config))) for one in both]
    assert bool((found[0] == found[1]).all())
    assert found[1].requires_grad


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What packed graphs were run with, from here on."""
    seen: list[str] = []
    run = fast.Session.__call__

    def noted(session: fast.Session, inputs: dict[str, OrtValue]) -> list[OrtValue]:
        seen.append(next(iter(inputs)))
        return run(session, inputs)

    monkeypatch.setattr(fast.Session, "__call__", noted)
    return seen


def test_the_pocket_models_class_is_packed_and_no_other(folder: Path, runs: list[str]) -> None:
    pool = ModelPool(budget=2 * 2**30)
    reply = open_model(pool, folder).invoke([ask("What is it?", "a")], max_new_tokens=3)
    count = int(reply.usage_metadata["output_tokens"])  # type: ignore[index]
    assert runs == (["embeddings"] * count if "fast_vlm" in folder.name else [])
    pool.close()


@pytest.mark.parametrize("keep", [0, 1, 3, torch.tensor([1, 4])])
def test_logits_are_those_of_the_tokens_asked_for(keep: int | torch.Tensor, tmp_path: Path) -> None:
    engine = load_engine(build("fast_vlm", tmp_path), "cpu", "float32")
    ids = torch.arange(20, 30)[None]
    with torch.no_grad():
        every = engine.model(input_ids=ids).logits
        some = engine.model(input_ids=ids, logits_to_keep=keep).logits
    wanted = keep if isinstance(keep, torch.Tensor) else slice(-keep, None) if keep else slice(None)
    torch.testing.assert_close(some, every[:, wanted], rtol=0, atol=1e-4)
    engine.close()


@pytest.mark.parametrize("lacking", ["processor", "package"])
def test_where_something_lacks_the_model_stays_as_it_is(
    lacking: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, runs: list[str]
) -> None:
    def refuse(*_: Any) -> None:
        raise NotImplementedError("no such operation here")

    if lacking == "processor":
        monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: "DEFAULT")
    else:
        monkeypatch.setattr(fast, "use_packed", refuse)
    with caplog.at_level(logging.WARNING):
        engine = load_engine(build("fast_vlm", tmp_path), "cpu", "float32")
    assert ("no such operation" in caplog.text) == (lacking == "package")
    engine.score(engine.prompter.prompt([("user", [])]), ["yes", "no"], threading.Event())
    assert runs == []
    engine.close()
