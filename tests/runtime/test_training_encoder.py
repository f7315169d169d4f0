"""The pocket encoder's training: what belongs together, which words are known, and what a kill loses."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from runtime.pocket.pooled import PLACES, Pool
from runtime.pocket.training.data import BRIEFLY, Example
from runtime.pocket.training.encode import build, pairs
from runtime.pocket.training.features import Features
from runtime.pocket.training.matching import Matcher, Recipe, same, trainable
from runtime.pocket.training.vocabulary import END, UNKNOWN, tokenizer, words

SAID = ["a red square", "a blue square", "two green dogs", "a dog"]


@pytest.fixture(scope="module")
def untrained() -> dict[str, torch.Tensor]:
    torch.manual_seed(0)
    return {name: value.clone() for name, value in build(len(vocabulary())).state_dict().items()}


def vocabulary() -> list[str]:
    return words(SAID * 2, ["Ġthe", "Ġcat", "ing", "ĠIt"])


def matcher(out: Path, state: dict[str, torch.Tensor], steps: int) -> Matcher:
    out.mkdir(exist_ok=True)
    model = build(len(vocabulary()))
    model.load_state_dict(state)
    trainable(model)
    features, rows = Features(), []
    pictures = [Path(f"{number}.png") for number in range(len(SAID))]
    maps = torch.rand(len(SAID), PLACES**2, model.visual.trunk.tower.num_features, generator=torch.manual_seed(1))
    features.add(pictures, maps, maps.flip(1))
    rows = [(Example(picture, ()), [text]) for picture, text in zip(pictures, SAID, strict=True)]
    recipe = Recipe(steps=steps, batch=4, warmup=2, log_every=2, save_every=2)
    return Matcher(recipe, model, tokenizer(vocabulary()), features, {"things": rows}, {"things": 1.0}, out)


def test_a_run_that_was_killed_ends_as_one_that_was_not(tmp_path: Path, untrained: dict[str, torch.Tensor]) -> None:
    whole = matcher(tmp_path / "whole", untrained, 6)
    whole.run(lambda *_: None)
    first = matcher(tmp_path / "parts", untrained, 6)

    class Killed(Exception):
        pass

    def kill(step: int, _: float) -> None:
        if step == 4:
            raise Killed

    with pytest.raises(Killed):
        first.run(kill)
    matcher(tmp_path / "parts", untrained, 6).run(lambda *_: None)
    one, other = (load_file(tmp_path / name / "step-6" / "weights.safetensors") for name in ("whole", "parts"))
    assert one.keys() == other.keys()
    assert all(torch.equal(one[name], other[name]) for name in one)
    lines = (tmp_path / "whole" / "log.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["step"] for line in lines] == [2, 4, 6]


def test_training_brings_together_what_belongs_together(tmp_path: Path, untrained: dict[str, torch.Tensor]) -> None:
    losses: list[float] = []
    matcher(tmp_path, untrained, 24).run(lambda _, loss: losses.append(loss))
    assert losses[-1] < losses[0] - 0.2


def test_the_tower_and_its_head_stay_as_they_are(untrained: dict[str, torch.Tensor]) -> None:
    model = build(len(vocabulary()))
    trainable(model)
    frozen = {
        name.split(".")[2] + "." + name.split(".")[3] for name, p in model.named_parameters() if not p.requires_grad
    }
    assert {name for name in frozen if not name.startswith("tower.")} == {"pool.namer"}
    assert any(name.startswith("tower.") for name in frozen)


def test_same_pictures_and_same_words_belong_together() -> None:
    a, b, c = Path("a"), Path("b"), Path("c")
    found = same([a, b, a, c], [[1], [2], [3], [1]])
    assert found.tolist() == [[1, 0, 1, 1], [0, 1, 0, 0], [1, 0, 1, 0], [1, 0, 0, 1]]


def test_texts_say_what_is_on_the_picture_and_not_whether() -> None:
    picture = Path("p.png")
    asked = (
        ("Describe the image.", "A red bus."),
        (f"What animal is this?{BRIEFLY}", "Zebra."),
        (f"Is it day?{BRIEFLY}", "Yes."),
        (f"How many dogs?{BRIEFLY}", "2."),
    )
    found = pairs({"things": [Example(picture, asked), Example(picture, asked[2:])]})
    assert [said for _, said in found["things"]] == [["a red bus", "what animal is this zebra"]]


def test_unknown_words_fall_into_known_pieces_and_case_does_not_matter() -> None:
    read = tokenizer(vocabulary())
    assert read.tokenize("The CATs, Über 3!") == ["the", "cat", "##s", "u", "##b", "##er", UNKNOWN]
    assert read("a dog").input_ids[-1] == read.convert_tokens_to_ids(END) == 2


def test_a_picture_is_read_the_same_whatever_is_beside_it() -> None:
    torch.manual_seed(0)
    pool = Pool(coarse=8, features=12, out=16).eval()
    maps = torch.rand(3, PLACES**2, 12)
    together: Any = pool(maps)
    assert torch.allclose(together[1:2], pool(maps[1:2]), atol=1e-5)
    assert not torch.allclose(together[0], together[1], atol=1e-3)
