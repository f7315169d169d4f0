"""Choosing: replies under a grammar, and the likelihood of options and of given text."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from runtime.pool import ModelPool
from runtime.vlm.chat import LocalVisionChatModel
from tests.runtime.stage import ask, open_model

SCHEMA = {
    "type": "object",
    "properties": {
        "action": {"enum": ["answer", "vqa"]},
        "image": {"enum": ["img1", "img12"]},
        "n": {"type": "integer", "minimum": 0, "maximum": 9},
        "note": {"type": "string", "maxLength": 5},
    },
    "required": ["action", "image", "n", "note"],
    "additionalProperties": False,
}


@pytest.mark.parametrize("seed", range(4))
def test_whatever_is_sampled_fits_the_grammar(model: LocalVisionChatModel, seed: int) -> None:
    chain = model.with_structured_output(SCHEMA, temperature=5.0, seed=seed, max_new_tokens=200)
    value = chain.invoke([ask("Choose.", "a")])
    assert value["action"] in ("answer", "vqa")
    assert value["image"] in ("img1", "img12")
    assert 0 <= value["n"] <= 9
    assert len(value["note"]) <= 5


def test_structured_output_gives_pydantic_values(model: LocalVisionChatModel) -> None:
    class Named(BaseModel):
        sure: bool

    value = model.with_structured_output(Named, max_new_tokens=50).invoke([ask("Sure?")])
    assert isinstance(value, Named)


def test_options_are_scored_as_the_model_would_say_them(model: LocalVisionChatModel) -> None:
    """Against the plain definition: one forward pass over prompt and option each."""
    import torch

    options = ["answer", "ask_user", "vqa", "read_text", "read"]
    messages = [ask("Choose.", "a")]
    scores = model.choose(messages, "action", options)
    plain: list[float] = []
    with model.pool.lease(model.spec) as engine, torch.no_grad():
        prompt = engine.prompter.prompt(model._conversation(messages))
        for option, score in zip(options, scores, strict=True):
            text = json.dumps({"action": option}, separators=(",", ":"))[:-1]
            tail = engine.prompter.tokenizer(text, add_special_tokens=False, return_tensors="pt").input_ids
            plain.append(_plain_score(engine, prompt, tail))
            assert score - scores[0] == pytest.approx(plain[-1] - plain[0], abs=2e-3)


def _plain_score(engine: Any, prompt: Any, tail: Any) -> float:
    import torch

    inputs = dict(prompt.inputs)
    inputs["input_ids"] = torch.cat([inputs["input_ids"], tail], 1)
    inputs["attention_mask"] = torch.ones_like(inputs["input_ids"])
    if "mm_token_type_ids" in inputs:
        inputs["mm_token_type_ids"] = torch.cat([inputs["mm_token_type_ids"], torch.zeros_like(tail)], 1)
    base = engine.model.base_model
    if hasattr(base, "rope_deltas"):
        base.rope_deltas = None
    logits = engine.model(**inputs).logits[0, -tail.shape[1] - 1 : -1].log_softmax(-1)
    return float(logits[range(tail.shape[1]), tail[0]].sum())


def test_likelihoods_of_text_match_one_plain_pass(model: LocalVisionChatModel) -> None:
    import torch

    contexts, text = ["What is it?\n", "Where is the dog?\n", "图片\n"], "What is the dog?\n"
    for _ in range(2):  # the second time from kept prefixes
        scores = model.likelihoods(contexts, text)
        with model.pool.lease(model.spec) as engine, torch.no_grad():
            for context, score in zip(contexts, scores, strict=True):
                tail = engine.prompter.words(text)
                ids = torch.tensor([[*engine.prompter.words(context), *tail]])
                logits = engine.model(input_ids=ids).logits[0, -len(tail) - 1 : -1].log_softmax(-1)
                assert score == pytest.approx(float(logits[range(len(tail)), tail].sum()), abs=2e-3)


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_no_bit_of_a_score_depends_on_what_was_read_before(folder: Path, dtype: str) -> None:
    """A prompt that is read in other pieces rounds otherwise."""
    contexts = ["What is it?\nHow many?\n", "What is it?\nDescribe it.\n", "Hello\n"]
    pool = ModelPool(budget=2 * 2**30)
    model = open_model(pool, folder, dtype, reuse=False)
    fresh = {key: model.choose([ask("Choose.", key)], "action", ["answer", "ask_user", "vqa"]) for key in "ab"}
    likely = model.likelihoods(contexts, "And now?\n")
    model.invoke([ask("Choose.", "a")])
    model.likelihoods(contexts[::-1], "What is it?\n")
    for key in "ba":
        assert model.choose([ask("Choose.", key)], "action", ["answer", "ask_user", "vqa"]) == fresh[key]
    assert model.likelihoods(contexts[1:], "And now?\n") == likely[1:]
    assert model.likelihoods(contexts, "And now?\n") == likely
    pool.close()
