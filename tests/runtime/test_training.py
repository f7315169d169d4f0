"""The pocket model's training, on a tiny model: what is packed, what is learned, what a kill loses."""

from __future__ import annotations

import json
import random
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import timm
import torch
from PIL import Image
from safetensors.torch import load_file
from transformers import LlamaForCausalLM

from runtime.pocket.naming import Namer, tag_line
from runtime.pocket.tower import TwoScaleTower
from runtime.pocket.training.data import Example
from runtime.pocket.training.learner import Learner
from runtime.pocket.training.loop import Recipe, Sampler, Trainer
from runtime.pocket.training.packing import IGNORED, Packer, collate
from tests.runtime.tiny import llama, tokenizer

SIDE = 64
RECIPE = Recipe(steps=6, decay=2, warmup=1, tokens=300, pool=8, side=SIDE, rank=4, log_every=2)


def learner(rank: int = RECIPE.rank) -> Learner:
    torch.manual_seed(0)
    words = tokenizer(["<image>"])
    language = LlamaForCausalLM(llama(words))
    language.lm_head.weight.data.mul_(20)  # else no hidden state of so small a model can be sure of a word
    made = Learner(
        language,
        words,
        "<image>",
        TwoScaleTower("test_efficientnet").eval(),
        Namer(256, ["apple", "boat", "cat", "dog"]).eval(),
        rank,
    )
    made.read_packed()
    return made


@pytest.fixture
def sources(tmp_path: Path) -> dict[str, list[Example]]:
    examples = []
    for number in range(5):
        path = tmp_path / f"{number}.png"
        Image.new("RGB", (40, 50), (50 * number, 255 - 50 * number, 90)).save(path)
        examples.append(Example(path, (("What is it?", f"A dog {number}."), ("Red?", "Yes."))))
    captions = [Example(e.picture, (("Describe.", "Two people."), ("Describe.", "A shirt."))) for e in examples]
    return {"questions": examples, "captions": captions, "talk": [Example(None, (("Hello", "Hi"), ("Bye", "See you")))]}


def trainer(out: Path, sources: dict[str, list[Example]], recipe: Recipe = RECIPE) -> Trainer:
    shares = {"questions": 0.5, "captions": 0.4, "talk": 0.1}
    return Trainer(recipe, learner(recipe.rank), Sampler(sources, shares, 0), out, "cpu", 0)


@pytest.mark.parametrize("shared", [False, True], ids=["questions differ", "one question"])
def test_packed_segments_get_the_losses_that_they_would_get_alone(shared: bool) -> None:
    """The block mask and the positions keep the questions about a picture apart."""
    model = learner().float()
    packer = Packer(model.tokenizer, model.image_token, 4)
    asked = [
        ("What is in it?", "A dog runs."),
        ("What is in it?" if shared else "Red?", "Yes."),
        ("What is in it?", "Two"),
    ]
    pairs = tuple(asked if shared else asked[:2])
    features = torch.randn(1, 4, model.eyes.num_features)

    def losses(*of: tuple[str, str]) -> list[float]:
        row = packer.row(Example(Path("x.png"), of), "Tags: cat.\n", random.Random(3), most=9)
        batch = collate([row], 0)
        batch.mask.masked_fill_(batch.mask < 0, -1e9)
        batch = type(batch)(**{**vars(batch), "mask": batch.mask.float()})
        _, mean = model(batch, features)
        return [float(mean[0]) * len([label for label in row.labels if label != IGNORED])]

    together = losses(*pairs)
    alone = [losses(pair) for pair in pairs]
    assert sum(together) == pytest.approx(sum(map(sum, alone)), rel=1e-5)


def test_padding_and_neighbours_do_not_change_a_rows_loss() -> None:
    model = learner().float()
    packer = Packer(model.tokenizer, model.image_token, 4)
    rows = [
        packer.row(Example(None, ((q, a),)), "", random.Random(0), 3) for q, a in (("Hello", "Hi"), ("Bye" * 9, "No"))
    ]

    def means(of: list[Any]) -> list[float]:
        batch = collate(of, 0)
        batch = type(batch)(**{**vars(batch), "mask": batch.mask.float().clamp(min=-1e9)})
        values: list[float] = model(batch, None)[1].tolist()
        return values

    assert means(rows) == pytest.approx([*means(rows[:1]), *means(rows[1:])], rel=1e-5)


def test_only_answers_are_learned() -> None:
    model = learner()
    packer = Packer(model.tokenizer, model.image_token, 4)
    row = packer.row(Example(Path("x.png"), (("Red?", "Yes."),)), "", random.Random(0), 3)
    assert model.tokenizer.decode([label for label in row.labels if label != IGNORED]) == "Yes.<|im_end|>"
    plan = packer.row(Example(None, (("Plan", '{"action":"vqa"'),), ends=False), "", random.Random(0), 3)
    assert model.tokenizer.decode([label for label in plan.labels if label != IGNORED]) == '{"action":"vqa"'


def test_training_learns_and_leaves_base_and_eyes_alone(tmp_path: Path, sources: dict[str, list[Example]]) -> None:
    run = trainer(tmp_path / "run", sources, Recipe(**{**vars(RECIPE), "steps": 60, "adapter_rate": 1e-2, "rank": 8}))
    before = {name: p.clone() for name, p in run.learner.named_parameters() if not p.requires_grad}
    reports: list[float] = []
    run.run(lambda _, losses, __: reports.append(sum(losses.values()) / len(losses)))
    assert reports[-1] < 0.6 * reports[0]
    assert all(torch.equal(p, before[name]) for name, p in run.learner.named_parameters() if not p.requires_grad)
    log = (tmp_path / "run/log.jsonl").read_text().splitlines()
    assert [json.loads(line)["step"] for line in log] == list(range(2, 61, 2))


def test_a_run_that_is_cut_off_goes_on_to_the_same_weights(tmp_path: Path, sources: dict[str, list[Example]]) -> None:
    trainer(tmp_path / "whole", sources).run(lambda *_: None)
    saved = 0

    class KilledError(Exception):
        pass

    def kill(*_: object) -> None:
        nonlocal saved
        saved += 1
        if saved == 2:
            raise KilledError

    with pytest.raises(KilledError):
        trainer(tmp_path / "cut", sources).run(kill)
    trainer(tmp_path / "cut", sources).run(lambda *_: None)
    ends = [load_file(next((tmp_path / name).glob("step-*/weights.safetensors"))) for name in ("whole", "cut")]
    assert ends[0].keys() == ends[1].keys()
    assert all(torch.equal(value, ends[1][name]) for name, value in ends[0].items())


def test_every_example_is_read_once_a_round(sources: dict[str, list[Example]]) -> None:
    read: Counter[str] = Counter()
    drawn = list(Sampler(sources, {"questions": 1.0, "captions": 0.0, "talk": 0.0}, 1).draw(0, 10, read))
    assert read == {"questions": 10}
    assert Counter(str(example.picture) for _, example in drawn[:5]).most_common(1)[0][1] == 1
    assert {example.picture for _, example in drawn[5:]} == {example.picture for _, example in drawn[:5]}


def test_rates_rise_hold_and_fall() -> None:
    recipe = Recipe(steps=100, decay=20, warmup=10)
    rates = [recipe.rate(step) for step in range(100)]
    assert rates[0] == 0.1
    assert rates[10:80] == [1.0] * 70
    assert rates[80:] == sorted(rates[80:], reverse=True)
    assert rates[99] == pytest.approx(0.05)


def test_the_tower_reads_two_scales() -> None:
    tower = TwoScaleTower("test_efficientnet").eval()
    plain = timm.create_model("test_efficientnet", pretrained=False, num_classes=0, global_pool="").eval()
    plain.load_state_dict(tower.backbone.state_dict())
    pixels = torch.randn(2, 3, SIDE, SIDE)
    with torch.inference_mode():
        maps = tower.forward_features(pixels)
        assert maps.shape == (2, tower.num_features, 2, 2)
        torch.testing.assert_close(maps[:, : tower.coarse_features], plain.forward_features(pixels))


def test_names_come_with_enough_probability_only() -> None:
    namer = Namer(3, ["apple", "boat", "cat", "dog"]).eval()
    with torch.no_grad():
        namer.classifier.weight.copy_(torch.eye(4, 3) * 10)
        namer.classifier.bias.zero_()
    maps = torch.zeros(2, 5, 2, 2)
    maps[0, 1] = 1.0
    maps[1, 0], maps[1, 1] = 1.0, 0.9
    assert namer.names(maps) == [["boat"], ["apple", "boat"]]
    assert tag_line(["apple", "boat"]) == "Tags: apple, boat.\n"
    assert tag_line([]) == ""
