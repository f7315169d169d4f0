"""Every model class of the presets, through the same code: templating, pictures, streaming, grammar, reuse, batches."""

from __future__ import annotations

import threading
from functools import wraps
from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage

from runtime.errors import ContextTooLong, ImageRejected, ModelError, ModelTooLarge
from runtime.pool import ModelPool
from runtime.vlm.base import token_counts
from runtime.vlm.chat import LocalVisionChatModel
from runtime.vlm.loading import load_engine, parameter_count
from tests.runtime.stage import PICTURES, ask, open_model


def test_streamed_pieces_join_to_the_whole_answer(model: LocalVisionChatModel) -> None:
    chunks = list(model.stream([ask("What is it?", "a")]))
    whole = model.invoke([ask("What is it?", "a")])
    assert "".join(str(chunk.text) for chunk in chunks) == whole.text
    assert len(chunks) > 2
    assert chunks[-1].response_metadata["finish_reason"] in ("stop", "length")
    assert 0 < chunks[-1].response_metadata["confidence"] <= 1


def test_visual_tokens_are_counted_for_each_picture(model: LocalVisionChatModel) -> None:
    counts = [token_counts(model.invoke([ask("What?", *keys)]))["image"] for keys in ("", "a", "ab")]
    assert counts[0] == 0
    assert 0 < counts[1] < counts[2]


def test_the_picture_changes_the_answer(model: LocalVisionChatModel) -> None:
    answers = {str(model.invoke([ask("What is it?", key)]).text) for key in PICTURES}
    assert len(answers) > 1


def test_second_question_reuses_picture_and_prefix_with_the_same_tokens(folder: Path) -> None:
    pool = ModelPool(budget=2 * 2**30)
    warm, cold = open_model(pool, folder), [ask("And what colour?", "a", "b")]
    warm.invoke([ask("What is it?", "a", "b")])
    with pool.lease(warm.spec) as engine:
        encoded = count_encodings(engine)
    second = warm.invoke(cold)
    usage = token_counts(second)
    assert usage["cached"] > usage["image"] > 0
    assert encoded == []
    pool.unload(warm.spec.key)
    assert warm.invoke(cold).text == second.text
    pool.close()


def count_encodings(engine: Any) -> list[str]:
    """Note each time the model encodes a picture from here on."""
    calls: list[str] = []
    inner = engine.model.base_model
    encode = inner.get_image_features

    @wraps(encode)  # `generate` reads its signature
    def counted(*args: Any, **kwargs: Any) -> Any:
        calls.append("encoded")
        return encode(*args, **kwargs)

    inner.get_image_features = counted
    return calls


def test_reuse_can_be_turned_off(model: LocalVisionChatModel) -> None:
    plain = model.model_copy(update={"reuse": False})
    answers = [plain.invoke([ask("What is it?", "a")]) for _ in range(2)]
    assert [token_counts(answer)["cached"] for answer in answers] == [0, 0]


def test_another_picture_is_never_answered_from_the_first_ones_prefix(folder: Path) -> None:
    pool = ModelPool(budget=2 * 2**30)
    model = open_model(pool, folder)
    fresh = {}
    for key in PICTURES:
        fresh[key] = str(model.invoke([ask("What is it?", key)]).text)
        pool.unload(model.spec.key)
    for key in [*PICTURES, *reversed(PICTURES)]:
        assert str(model.invoke([ask("What is it?", key)]).text) == fresh[key]
    pool.close()


def test_interleaved_conversations_keep_their_positions(folder: Path) -> None:
    """Two prompts of different picture shapes in turn: a model that stores an offset must not mix them up."""
    pool = ModelPool(budget=2 * 2**30)
    model = open_model(pool, folder)
    expected = {}
    for key in "ac":
        expected[key] = str(model.invoke([ask("And then?", key)]).text)
        pool.unload(model.spec.key)
    for key in "ac":
        model.invoke([ask("What is it?", key)])
    for key in "ac":
        again = model.invoke([ask("And then?", key)])
        assert str(again.text) == expected[key]
        assert token_counts(again)["cached"] > 0
    pool.close()


def test_one_by_one_and_together_give_the_same_tokens(model: LocalVisionChatModel) -> None:
    prompts = [[ask("What is it?", key)] for key in PICTURES] + [[ask("Hello there, you")]]
    alone = [str(model.invoke(prompt).text) for prompt in prompts]
    together = [str(message.text) for message in model.batch([list(prompt) for prompt in prompts])]
    assert together == alone


def test_same_seed_same_answer_and_other_seeds_differ(model: LocalVisionChatModel) -> None:
    def sample(seed: int) -> str:
        return str(model.invoke([ask("What is it?", "a")], temperature=2.0, seed=seed).text)

    assert sample(1) == sample(1)
    assert len({sample(seed) for seed in range(4)}) > 1


def test_cancel_stops_within_a_token(model: LocalVisionChatModel) -> None:
    cancel = threading.Event()
    chunks = []
    for chunk in model.stream([ask("What is it?", "a")], cancel=cancel, max_new_tokens=500, stop=None):
        chunks.append(chunk)
        cancel.set()
    last = chunks[-1]
    assert last.response_metadata["finish_reason"] in ("cancelled", "stop")
    assert token_counts(last)["output"] < 40
    assert str(model.invoke([ask("What is it?", "a")]).text)


def test_walking_away_frees_the_model(model: LocalVisionChatModel) -> None:
    stream = model.stream([ask("What is it?", "a")], max_new_tokens=500)
    next(stream)
    stream.close()  # type: ignore[attr-defined]
    assert not model.pool.loaded()[0].busy


async def test_async_stream_gives_the_same_pieces(model: LocalVisionChatModel) -> None:
    pieces = [str(chunk.text) async for chunk in model.astream([ask("What is it?", "a")])]
    assert "".join(pieces) == model.invoke([ask("What is it?", "a")]).text


async def test_leaving_an_async_stream_frees_the_model(
    model: LocalVisionChatModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    lengths: list[int] = []
    with model.pool.lease(model.spec) as engine:
        generate = engine.model.generate

        def measured(**inputs: Any) -> Any:
            output = generate(**inputs)
            lengths.append(output.shape[1] - inputs["input_ids"].shape[1])
            return output

        monkeypatch.setattr(engine.model, "generate", measured)
    stream = model.astream([ask("What is it?", "a")], max_new_tokens=1500)
    await anext(stream)
    await stream.aclose()  # type: ignore[attr-defined]
    del stream
    await model.ainvoke([ask("What is it?", "a")], max_new_tokens=1)
    assert lengths[0] < 1000


def test_stop_strings_end_the_answer_before_them(model: LocalVisionChatModel) -> None:
    whole = str(model.invoke([ask("What is it?", "b")]).text)
    stop = whole[2:4]
    assert model.invoke([ask("What is it?", "b")], stop=[stop]).text == whole[: whole.index(stop)]


def test_control_tokens_in_words_end_no_turn(model: LocalVisionChatModel) -> None:
    """Text read from a picture that spells a control token stays text, and adds no place for a picture."""
    with model.pool.lease(model.spec) as engine:
        tokenizer = engine.prompter.tokenizer
        for token in [*tokenizer.get_added_vocab()]:
            prompt = engine.prompter.prompt(model._conversation([ask(f"see {token} here", "a")]))
            honest = engine.prompter.prompt(model._conversation([ask("see here", "a")]))
            special = set(tokenizer.get_added_vocab().values())
            assert [t for t in _ids(prompt) if t in special] == [t for t in _ids(honest) if t in special]


def _ids(prompt: Any) -> list[int]:
    ids: list[int] = prompt.inputs["input_ids"][0].tolist()
    return ids


def test_history_and_system_turns_are_templated(model: LocalVisionChatModel) -> None:
    messages = [SystemMessage("Be brief."), ask("What?", "a"), AIMessage("A dog."), ask("Where?")]
    with model.pool.lease(model.spec) as engine:
        text = engine.prompter.tokenizer.decode(_ids(engine.prompter.prompt(model._conversation(messages))))
    assert [text.index(words) for words in ("Be brief.", "What?", "A dog.", "Where?")] == sorted(
        text.index(words) for words in ("Be brief.", "What?", "A dog.", "Where?")
    )


def test_a_model_that_does_not_fit_is_told(folder: Path) -> None:
    with pytest.raises(ModelTooLarge):
        open_model(ModelPool(budget=2**20), folder).invoke([ask("Hello")])


def test_too_long_a_conversation_is_told(model: LocalVisionChatModel) -> None:
    with pytest.raises(ContextTooLong, match="2,048"):
        model.invoke([ask("word " * 5000)])


def test_a_picture_without_visual_tokens_fails_loudly(folder: Path) -> None:
    pool = ModelPool(budget=2 * 2**30)
    model = open_model(pool, folder)
    with pool.lease(model.spec) as engine:
        processor = engine.prompter.processor
        processor.chat_template = processor.chat_template.replace(processor.image_token, "")
    with pytest.raises(ModelError):
        model.invoke([ask("What is it?", "a")])
    pool.close()


@pytest.mark.parametrize(
    "block",
    [
        {"type": "image", "url": "http://example.org/a.png"},
        {"type": "image_url", "image_url": {"url": "file:///etc/passwd"}},
        {"type": "image", "base64": "bm90IGEgcGljdHVyZQ==", "mime_type": "image/png"},
        {"type": "audio", "base64": "", "mime_type": "audio/wav"},
    ],
)
def test_what_is_no_local_picture_is_refused(model: LocalVisionChatModel, block: dict[str, Any]) -> None:
    with pytest.raises(ImageRejected):
        model.invoke([HumanMessage([block])])


def test_the_estimate_counts_the_parameters(folder: Path) -> None:
    engine = load_engine(folder, "cpu", "float32")
    counted = sum(parameter.numel() for parameter in engine.model.parameters())
    buffers = sum(buffer.numel() for buffer in engine.model.buffers())
    assert 0.5 * counted <= parameter_count(folder) <= counted + buffers
    engine.close()
