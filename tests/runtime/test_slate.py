"""Prompts answered together: the same bits whoever their neighbours are, and what `invoke` would have said."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from langchain_core.messages import AIMessage, HumanMessage

from runtime.errors import ContextTooLong, GenerationFailed, ImageRejected, VistalkError
from runtime.pool import ModelPool
from runtime.vlm import slate
from runtime.vlm.base import token_counts
from runtime.vlm.chat import LocalVisionChatModel
from runtime.vlm.decoding import TokenQueue
from runtime.vlm.engine import VisionEngine
from tests.runtime.stage import ask, open_model
from tests.runtime.test_vlm import count_encodings

WORDS = ("What is it?", "How many people?", "Is it red, or blue, or neither of the two?")
QUESTIONS = [ask(words, *keys) for keys in ("a", "b", "") for words in WORDS]
EVERY_LENGTH = [ask("What is it" + " now" * n, *keys) for keys in ("a", "") for n in range(slate.STEP + 1)]
Essence = tuple[str, float, int, str]


def replies(model: LocalVisionChatModel, questions: list[HumanMessage]) -> list[AIMessage | VistalkError]:
    """In the order of the questions."""
    found: dict[int, AIMessage | VistalkError] = {}
    for together in model.replies([[question] for question in questions]):
        assert not set(together) & set(found)
        found |= together
    return [found[number] for number in range(len(questions))]


def essence(reply: AIMessage | VistalkError) -> Essence:
    assert isinstance(reply, AIMessage)
    metadata = reply.response_metadata
    return str(reply.text), metadata["confidence"], token_counts(reply)["output"], metadata["finish_reason"]


@pytest.fixture(scope="module", params=["float32", "bfloat16"])
def either(request: pytest.FixtureRequest, folder: Path) -> Iterator[LocalVisionChatModel]:
    """The model in both number formats."""
    pool = ModelPool(budget=2 * 2**30)
    yield open_model(pool, folder, request.param).model_copy(update={"max_new_tokens": 5})
    pool.close()


@pytest.fixture(scope="module")
def alone(either: LocalVisionChatModel) -> list[Essence]:
    """Each question in a slate of its own, with nothing kept from the one before."""
    found = []
    for question in EVERY_LENGTH:
        with either.pool.lease(either.spec) as engine:
            engine.heads.clear()
        found += [essence(reply) for reply in replies(either, [question])]
    return found


@settings(max_examples=4, deadline=None, suppress_health_check=list(HealthCheck))
@given(order=st.permutations(range(len(EVERY_LENGTH))), size=st.integers(2, len(EVERY_LENGTH)))
def test_no_bit_depends_on_neighbours_order_or_number(
    either: LocalVisionChatModel, alone: list[Essence], order: list[int], size: int
) -> None:
    for start in range(0, len(order), size):
        asked = order[start : start + size]
        together = [essence(reply) for reply in replies(either, [EVERY_LENGTH[i] for i in asked])]
        assert together == [alone[i] for i in asked]


def test_every_slate_has_all_rows_and_padding_in_each(
    model: LocalVisionChatModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The shape is that of the prompt; a slate without any padding would be computed without a mask, and round so."""
    generate = VisionEngine.generate
    shapes: list[tuple[int, ...]] = []

    def watched(engine: VisionEngine, inputs: dict[str, Any], cache: Any, *rest: Any) -> Any:
        padding = (inputs["attention_mask"] == 0).sum(1)
        assert bool((padding >= 1).all())
        assert bool((padding <= slate.STEP).all())
        shapes.append((*inputs["input_ids"].shape, cache.get_seq_length()))
        return generate(engine, inputs, cache, *rest)

    monkeypatch.setattr(VisionEngine, "generate", watched)
    for question in EVERY_LENGTH:
        replies(model, [question])
    alone = set(shapes)
    shapes.clear()
    replies(model, EVERY_LENGTH)
    assert set(shapes) == alone
    assert {rows for rows, _, _ in alone} == {slate.ROWS}
    assert {(length - head) % slate.STEP for _, length, head in alone} == {0}
    assert len(shapes) < len(EVERY_LENGTH)


@pytest.mark.parametrize("temperature", [0.0, 2.0])
def test_the_words_are_those_of_invoke(model: LocalVisionChatModel, temperature: float) -> None:
    sampling = model.model_copy(update={"temperature": temperature, "reuse": False})
    for question, reply in zip(QUESTIONS, replies(sampling, QUESTIONS), strict=True):
        (text, confidence, *counts), (said, sure, *others) = essence(sampling.invoke([question])), essence(reply)
        assert (said, others) == (text, counts)
        assert sure == pytest.approx(confidence, abs=1e-3)


def test_a_picture_is_read_once_for_all_its_questions(folder: Path) -> None:
    pool = ModelPool(budget=2 * 2**30)
    model = open_model(pool, folder)
    with pool.lease(model.spec) as engine:
        encoded = count_encodings(engine)
    first = replies(model, [ask(words, "a") for words in WORDS])
    again = replies(model, [ask(words, "a") for words in WORDS])
    assert len(encoded) == 1
    assert [essence(reply) for reply in first] == [essence(reply) for reply in again]
    assert isinstance(again[0], AIMessage)
    assert token_counts(again[0])["cached"] >= token_counts(again[0])["image"] > 0
    pool.close()


def test_an_error_is_its_own_prompts_alone(model: LocalVisionChatModel) -> None:
    broken = HumanMessage([{"type": "image", "url": "http://example.org/a.png"}])
    mixed = [QUESTIONS[0], ask("word " * 5000), broken, QUESTIONS[1]]
    fine, long, refused, other = replies(model, mixed)
    assert [type(long), type(refused)] == [ContextTooLong, ImageRejected]
    assert [essence(fine), essence(other)] == [essence(reply) for reply in replies(model, QUESTIONS[:2])]


def test_a_slate_that_fails_is_tried_again_one_by_one(
    model: LocalVisionChatModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = [essence(reply) for reply in replies(model, QUESTIONS)]
    generate = VisionEngine.generate
    with model.pool.lease(model.spec) as engine:
        bad = engine.prompter.words(WORDS[1])

    def faulty(engine: VisionEngine, inputs: dict[str, Any], *rest: Any) -> Any:
        if any(str(bad)[1:-1] in str(row) for row in inputs["input_ids"].tolist()):
            raise RuntimeError("this one cannot be read")
        return generate(engine, inputs, *rest)

    monkeypatch.setattr(VisionEngine, "generate", faulty)
    for number, reply in enumerate(replies(model, QUESTIONS)):
        if number % len(WORDS) == 1:
            assert isinstance(reply, GenerationFailed)
            assert "cannot be read" in str(reply)
        else:
            assert essence(reply) == expected[number]


def test_a_cache_that_cannot_be_stacked_is_read_in_one_piece(
    model: LocalVisionChatModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    with model.pool.lease(model.spec) as engine:
        monkeypatch.setattr(engine, "stackable", False)
    plain = model.model_copy(update={"reuse": False})
    assert [essence(r) for r in replies(model, QUESTIONS)] == [essence(plain.invoke([q])) for q in QUESTIONS]


def test_an_interrupt_stops_within_a_token(model: LocalVisionChatModel, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C at the twentieth token, by when the main thread surely waits for the model."""
    put = TokenQueue.put
    steps: list[int] = []

    def interrupting(queue: TokenQueue, value: Any) -> None:
        steps.append(len(value))
        if len(steps) == 20:
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
        put(queue, value)

    monkeypatch.setattr(TokenQueue, "put", interrupting)
    long = model.model_copy(update={"max_new_tokens": 1500, "temperature": 2.0})  # never at a loss for words
    with pytest.raises(KeyboardInterrupt):
        replies(long, QUESTIONS)
    assert 20 <= len(steps) < 500
    assert not model.pool.loaded()[0].busy
