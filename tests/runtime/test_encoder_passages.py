"""Passages and questions become vectors, by sentence models of transformers."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import AutoModel, AutoTokenizer

from runtime.encoder import passages
from runtime.encoder.base import PassageEncoder
from runtime.errors import ModelCorrupt, ModelNotPresent
from runtime.models import passage_encoder
from runtime.pool import ModelPool
from runtime.presets import preset_of
from runtime.settings import load_settings
from tests.runtime.tiny_encoders import build

ODD_TEXTS = ["", " \n", "猫在沙发上", "😀" * 3000, "x" * 10_000, "a dog " * 2000, "bad \ud800 half", "<|im_end|>"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return build("sentences", tmp_path / "some-model")


@pytest.fixture
def ours(folder: Path) -> PassageEncoder:
    return opened(folder)


def opened(source: Path | str, pool: ModelPool | None = None) -> PassageEncoder:
    settings = load_settings(passage_encoder=str(source), dtype="float32")
    return passage_encoder(settings, preset_of(settings), pool or ModelPool(2 * 2**30))


class TestAny:
    def test_any_text_has_a_unit_vector(self, ours: PassageEncoder) -> None:
        for vectors in (ours.encode_passages(ODD_TEXTS), ours.encode_queries(ODD_TEXTS)):
            assert vectors.shape == (len(ODD_TEXTS), ours.dimension)
            assert vectors.dtype == np.float32
            assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)

    def test_nothing_gives_no_vectors(self, ours: PassageEncoder) -> None:
        for vectors in (ours.encode_passages([]), ours.encode_queries([])):
            assert vectors.shape == (0, ours.dimension)
            assert vectors.dtype == np.float32

    def test_a_vector_does_not_depend_on_its_batch_or_place(self, ours: PassageEncoder) -> None:
        texts = [f"passage {number} " * (1 + number * 7 % 13) for number in range(70)]
        alone = np.concatenate([ours.encode_passages([text]) for text in texts])
        assert np.allclose(ours.encode_passages(texts), alone, atol=1e-5)
        assert alone[0] @ alone[1] < 0.99999


class TestSentences:
    def vectors(self, folder: Path, texts: Sequence[str]) -> Any:
        """States of the last layer, one text at a time, so that nothing is padded."""
        model, tokenizer = AutoModel.from_pretrained(folder).eval(), AutoTokenizer.from_pretrained(folder)
        with torch.inference_mode():
            return [model(**tokenizer(text, return_tensors="pt")).last_hidden_state[0].numpy() for text in texts]

    @pytest.mark.parametrize(
        ("config", "expected"),
        [
            (None, "mean"),
            ({"pooling_mode_mean_tokens": True, "pooling_mode_cls_token": False, "include_prompt": True}, "mean"),
            ({"pooling_mode_mean_tokens": False, "pooling_mode_cls_token": True}, "cls"),
        ],
    )
    def test_states_are_pooled_as_the_folder_says(self, folder: Path, config: Any, expected: str) -> None:
        if config is not None:
            (folder / "1_Pooling").mkdir()
            (folder / "1_Pooling" / "config.json").write_text(json.dumps(config))
        texts = ["a dog", "two people in red shirts look at it"]
        states = self.vectors(folder, texts)
        pooled = np.stack([state[0] if expected == "cls" else state.mean(0) for state in states])
        pooled /= np.linalg.norm(pooled, axis=1, keepdims=True)
        assert np.allclose(opened(folder).encode_passages(texts), pooled, atol=1e-5)

    @pytest.mark.parametrize("modes", [["lasttoken"], ["mean_tokens", "cls_token"]])
    def test_another_pooling_is_refused(self, folder: Path, modes: list[str]) -> None:
        (folder / "1_Pooling").mkdir()
        config = {f"pooling_mode_{mode}": True for mode in modes}
        (folder / "1_Pooling" / "config.json").write_text(json.dumps(config))
        with pytest.raises(ModelCorrupt, match=f"pooling_mode_{modes[0]}"):
            opened(folder).encode_passages(["a dog"])

    def test_a_family_reads_its_prefixes(self, folder: Path) -> None:
        family = shutil.copytree(folder, folder.with_name("multilingual-e5-small"))
        plain, prefixed = opened(folder), opened(family)
        assert np.array_equal(plain.encode_queries(["dog"]), plain.encode_passages(["dog"]))
        assert np.array_equal(prefixed.encode_queries(["dog"]), plain.encode_queries(["query: dog"]))
        assert np.array_equal(prefixed.encode_passages(["dog"]), plain.encode_passages(["passage: dog"]))

    def test_prefixes_that_the_folder_states_win(self, folder: Path) -> None:
        (folder / "config_sentence_transformers.json").write_text('{"prompts": {"query": "Q: ", "document": "D: "}}')
        assert passages.prefixes(folder, "somebody/e5-base") == ("Q: ", "D: ")

    @pytest.mark.parametrize(
        ("name", "query"), [("intfloat/multilingual-e5-base", "query: "), ("some/model-e50", ""), ("BAAI/bge-m3", "")]
    )
    def test_a_family_is_a_word_of_the_name(self, tmp_path: Path, name: str, query: str) -> None:
        assert passages.prefixes(tmp_path, name)[0] == query

    def test_its_id_is_known_before_it_is_loaded_and_changes_with_its_files(self, folder: Path) -> None:
        pool = ModelPool(2 * 2**30)
        before = opened(folder, pool)
        assert (before.id[:6], before.dimension, pool.loaded()) == ("local@", 32, [])
        (folder / "1_Pooling").mkdir()
        (folder / "1_Pooling" / "config.json").write_text('{"pooling_mode_cls_token": true}')
        assert opened(folder).id != before.id

    def test_files_that_are_missing_or_damaged_are_named(self, folder: Path) -> None:
        weights = folder / "model.safetensors"
        weights.write_bytes(weights.read_bytes()[:-100])
        with pytest.raises(ModelCorrupt, match=str(folder)):
            opened(folder).encode_queries(["a dog"])
        weights.unlink()
        torch.save({}, folder / "pytorch_model.bin")
        with pytest.raises(ModelNotPresent, match="safetensors"):
            opened(folder).encode_queries(["a dog"])
        (folder / "config.json").write_text("[]")
        with pytest.raises(ModelCorrupt, match=r"config\.json"):
            _ = opened(folder).dimension
        (folder / "config.json").unlink()
        with pytest.raises(ModelNotPresent, match=r"config\.json"):
            _ = opened(folder).id, opened(folder).dimension


PASSAGES = {
    "Clothes may be sent back within thirty days of the purchase.": "Until when can I return a shirt?",
    "Breakfast is served from seven to ten in the garden room.": "When do you have the morning meal?",
    "Press the red button for five seconds to restart the device.": "How do I reboot the machine?",
    "Dogs and cats stay free of charge; please keep them on a leash.": "Do pets cost extra?",
    "The swimming pool is closed in winter for repairs.": "Is it possible to swim in January?",
    "Charge the battery fully before the first use.": "What about power when it is new?",
    "We ship to all countries of Europe in three working days.": "How long does delivery to France take?",
    "Wash the sweater by hand in cold water, without bleach.": "How should woollen clothes be cleaned?",
    "Our dishes contain nuts, milk and eggs; ask the waiter.": "I have an allergy, what can I eat?",
    "The last bus to the airport leaves at half past eleven.": "How do I get to my flight late at night?",
    "You can pay with a credit card or in cash, not by cheque.": "Which means of payment do you take?",
    "The guarantee covers faults of the motor for two years.": "Is a broken engine under warranty?",
}


def test_without_the_pocket_model_the_command_is_named() -> None:
    with pytest.raises(ModelNotPresent) as caught:
        opened("pocket").encode_queries(["Where?"])
    assert caught.value.hint == "Do it with `vistalk --passage-encoder pocket models pull pocket`."


@pytest.mark.pocket
@pytest.mark.usefixtures("pocket")
def test_the_pocket_encoder_finds_passages_in_other_words() -> None:
    """By chance the mean reciprocal rank would be 0.26."""
    pocket = opened("pocket")
    assert (pocket.dimension, pocket.id[:7]) == (384, "pocket@")
    cosines = pocket.encode_queries(list(PASSAGES.values())) @ pocket.encode_passages(list(PASSAGES)).T
    ranks = 1 + (cosines > cosines.diagonal()[:, None]).sum(1)
    assert (1 / ranks).mean() > 0.9
