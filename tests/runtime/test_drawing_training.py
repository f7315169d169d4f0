"""The pocket generator's training: what it is shown, what is kept from it, and what a kill loses."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from runtime.pocket.drawing.concepts import STYLES, concepts
from runtime.pocket.drawing.network import WORD_DIMENSION, Words
from runtime.pocket.training.draw import Learner, Recipe
from runtime.pocket.training.draw_examples import Examples, Icons, tensors
from runtime.pocket.training.draw_grade import asked
from runtime.pocket.training.draw_split import colour_held_out, held_out_style
from tests.runtime.tiny_icons import network, prepared


def read(texts: Sequence[str]) -> Words:
    states = torch.stack([torch.full((16, WORD_DIMENSION), len(text) / 50) for text in texts])
    return Words(states, torch.ones(len(texts), 16, dtype=torch.bool))


def learner(out: Path, steps: int) -> Learner:
    icons = Icons(prepared(out))
    recipe = Recipe(steps=steps, decay=2, batch=2, warmup=2, log_every=2, save_every=2)
    return Learner(recipe, network(), read, Examples(icons, 0), out)


def test_a_run_that_was_killed_ends_as_one_that_was_not(tmp_path: Path) -> None:
    learner(tmp_path / "whole", 6).run(lambda *_: None, lambda: None)

    class Killed(Exception):
        pass

    def kill(step: int, *_: float) -> None:
        if step == 4:
            raise Killed

    with pytest.raises(Killed):
        learner(tmp_path / "parts", 6).run(kill, lambda: None)
    assert json.loads((tmp_path / "parts" / "state.json").read_text(encoding="utf-8")) == {"step": 2}
    learner(tmp_path / "parts", 6).run(lambda *_: None, lambda: None)
    for file in ("weights", "means"):
        one, other = (load_file(tmp_path / name / "step-6" / f"{file}.safetensors") for name in ("whole", "parts"))
        assert one.keys() == other.keys()
        assert all(torch.equal(one[name], other[name]) for name in one)
    assert not (tmp_path / "parts" / "step-2").exists()


def test_training_brings_the_drawings_nearer_to_the_icons(tmp_path: Path) -> None:
    losses: list[float] = []
    learner(tmp_path, 30).run(lambda _, loss, __: losses.append(loss), lambda: None)
    assert sum(losses[-5:]) < sum(losses[:5])


def test_examples_depend_on_their_number_alone_and_keep_what_is_held_out(tmp_path: Path) -> None:
    icons = Icons(prepared(tmp_path))
    examples, again = Examples(icons, 0), Examples(icons, 0)
    shown = [examples.example(number) for number in range(150)]
    assert np.array_equal(again.example(77).picture, shown[77].picture)
    hidden = [(icons.concepts[at].name, style) for at, style in icons.held_out()]
    assert hidden
    begins = {"flat": "a flat icon", "cartoon": "a cartoon", "simple": "a simple icon", "3d": "a 3d icon"}
    captions = [one.caption for one in shown]
    for name, style in hidden:
        assert not any(caption == f"{begins[style]} of a {name}" for caption in captions)
        assert style not in icons.bank().styles([concept.name for concept in icons.concepts].index(name))
    assert "" in captions
    assert any(" and " in caption or " with " in caption for caption in captions)
    pictures, hints, _ = tensors(shown[:20])
    assert pictures.shape == hints.shape == (20, 3, 128, 128)
    assert float(pictures.min()) >= -1
    assert float(pictures.max()) <= 1
    assert not torch.equal(pictures, hints)
    assert float((pictures - hints).square().mean()) < float((pictures - hints.roll(1, 0)).square().mean())


def test_the_same_things_are_held_out_everywhere_and_about_as_many_as_said() -> None:
    names = [concept.name for concept in concepts()]
    pairs = [held_out_style(name) for name in names]
    assert pairs == [held_out_style(name) for name in names]
    assert 0.18 < sum(style is not None for style in pairs) / len(names) < 0.3
    assert {style for style in pairs if style} == set(STYLES)
    assert 0.1 < sum(colour_held_out(name, "blue") for name in names) / len(names) < 0.3


def test_the_prompts_to_grade_are_held_out(tmp_path: Path) -> None:
    icons = Icons(prepared(tmp_path))
    held_out = icons.held_out()
    prompts = asked(icons, len(held_out) * 3 // 2)
    for prompt in prompts:
        name, colour = icons.concepts[prompt.concept].name, prompt.scene.items[0].colour
        assert (prompt.concept, prompt.scene.style) in held_out if colour is None else colour_held_out(name, colour)
    assert any(prompt.scene.items[0].colour for prompt in prompts)
