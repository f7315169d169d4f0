"""What drawing promises, whatever is asked and whatever happens, for the classes of pipeline that presets name."""

from __future__ import annotations

import gc
import math
import threading
import weakref
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from runtime.errors import BadOrder, Cancelled, GenerationFailed, OutOfMemory
from runtime.generator.base import Order, Stage
from runtime.generator.leased import LeasedGenerator
from runtime.pool import ModelPool, ModelSpec
from tests.runtime.drawing import Countdown, bytes_of, opened
from tests.runtime.tiny_generators import SIDE, build

pytestmark = [  # of diffusers' own code
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:`upcast_vae` is deprecated:FutureWarning"),
]

APPLE = Order("a red apple", steps=3)
SOURCE = Image.fromarray(np.random.default_rng(0).integers(0, 255, (90, 120, 3), dtype=np.uint8))


@pytest.fixture(scope="session", params=["sd", "sdxl"])
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(request.param, tmp_path_factory.mktemp("pipelines") / request.param)


@pytest.fixture(scope="session")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build("guarded", tmp_path_factory.mktemp("pipelines") / "guarded")


@pytest.fixture(scope="session")
def pool() -> ModelPool:
    return ModelPool(2 * 2**30)


@pytest.fixture
def ours(folder: Path, pool: ModelPool) -> LeasedGenerator:
    return opened(folder, pool)


def stages(ours: LeasedGenerator, order: Order) -> list[Stage]:
    seen: list[Stage] = []
    ours.draw(order, on_stage=seen.append)
    return seen


class TestPictures:
    @pytest.mark.parametrize("order", [APPLE, replace(APPLE, source=SOURCE, strength=0.7)], ids=["words", "picture"])
    def test_the_same_seed_gives_the_same_bytes(self, folder: Path, ours: LeasedGenerator, order: Order) -> None:
        first, again = (bytes_of(ours.draw(order)[0].image) for _ in range(2))
        loaded_anew = bytes_of(opened(folder).draw(order)[0].image)
        watched = bytes_of(ours.draw(order, on_stage=lambda _: None, cancel=threading.Event())[0].image)
        assert first == again == loaded_anew == watched
        assert first != bytes_of(ours.draw(replace(order, seeds=(1,)))[0].image)

    @settings(max_examples=8, deadline=None)
    @given(seeds=st.lists(st.integers(0, 2**63 - 1), min_size=1, max_size=4))
    def test_how_many_are_asked_for_changes_none(self, folder: Path, pool: ModelPool, seeds: list[int]) -> None:
        ours, order = opened(folder, pool), Order("a whale", steps=1)
        together = ours.draw(replace(order, seeds=tuple(seeds)))
        alone = [ours.draw(replace(order, seeds=(seed,)))[0] for seed in seeds]
        assert [bytes_of(drawing.image) for drawing in together] == [bytes_of(drawing.image) for drawing in alone]
        assert [drawing.seed for drawing in together] == seeds

    def test_drawing_leaves_the_shared_random_numbers_alone(self, ours: LeasedGenerator) -> None:
        before = torch.get_rng_state()
        ours.draw(APPLE)
        assert torch.equal(torch.get_rng_state(), before)

    def test_its_settings_draw_it_again(self, ours: LeasedGenerator) -> None:
        order = Order("a cup", negative="a plate", width=80, height=48, steps=2, guidance=3.0, seeds=(5,))
        made = ours.draw(order)[0]
        said = dict(made.settings)
        assert (said.pop("model"), said.pop("revision")) == (ours.id, ours.revision)
        assert str(said.pop("scheduler")).startswith("Euler")
        assert said == {
            "prompt": "a cup",
            "negative": "a plate",
            "seed": 5,
            "steps": 2,
            "guidance": 3.0,
            "width": 80,
            "height": 48,
        }
        del said["seed"]
        assert bytes_of(ours.draw(Order(**said, seeds=(5,)))[0].image) == bytes_of(made.image)  # type: ignore[arg-type]

    def test_words_guidance_and_steps_count(self, ours: LeasedGenerator) -> None:
        orders = [
            APPLE,
            replace(APPLE, prompt="a cup"),
            replace(APPLE, steps=4),
            replace(APPLE, guidance=0.0),
            replace(APPLE, guidance=3.0),
            replace(APPLE, negative="a cup"),
        ]
        assert len({bytes_of(ours.draw(order)[0].image) for order in orders}) == len(orders)

    @pytest.mark.parametrize(
        "prompt", ["🍎", "画一只蓝色的鲸鱼", "a\x00b", "bad \ud800 half", "<|endoftext|>", "a " * 1000]
    )
    def test_any_words_are_drawn(self, ours: LeasedGenerator, prompt: str) -> None:
        assert ours.draw(Order(prompt, steps=1))[0].image.size == (SIDE, SIDE)

    def test_a_picture_becomes_another_of_its_proportions(self, ours: LeasedGenerator) -> None:
        made = ours.draw(replace(APPLE, source=SOURCE, strength=0.5))[0]
        assert made.settings["strength"] == 0.5
        width, height = made.image.size
        assert width / height == pytest.approx(120 / 90, rel=0.1)
        assert width * height == pytest.approx(SIDE**2, rel=0.2)

    def test_less_strength_stays_nearer_to_the_source(self, ours: LeasedGenerator) -> None:
        def distance(strength: float) -> float:
            order = Order("a cup", source=SOURCE, strength=strength, steps=20, guidance=0.0, width=SIDE, height=SIDE)
            near = ours.draw(replace(order, strength=0.01))[0].image
            return float(np.abs(np.asarray(ours.draw(order)[0].image, float) - np.asarray(near, float)).mean())

        assert distance(0.1) < distance(1.0)

    @pytest.mark.parametrize("size", [(1, 3000), (3000, 1), (1, 1), (7, 9)])
    @pytest.mark.parametrize("mode", ["RGB", "L", "RGBA", "P"])
    def test_any_picture_can_be_the_source(self, ours: LeasedGenerator, size: tuple[int, int], mode: str) -> None:
        made = ours.draw(Order("a cup", source=Image.new(mode, size), strength=0.01, steps=1))[0].image
        assert made.mode == "RGB"
        assert all(side % 2 == 0 and side <= 2 * SIDE for side in made.size)


class TestStages:
    def test_every_step_is_told_once(self, ours: LeasedGenerator) -> None:
        seen = stages(ours, replace(APPLE, seeds=(1, 2)))
        assert [(stage.picture, stage.step) for stage in seen] == [(p, s) for p in (1, 2) for s in (1, 2, 3)]
        assert {(stage.pictures, stage.steps) for stage in seen} == {(2, 3)}
        fractions = [stage.fraction for stage in seen]
        assert fractions == sorted(set(fractions))
        assert fractions[-1] == 1.0

    def test_of_a_varied_picture_only_the_steps_that_are_done(self, ours: LeasedGenerator) -> None:
        seen = stages(ours, Order("a cup", source=SOURCE, strength=0.5, steps=4))
        assert [(stage.step, stage.steps) for stage in seen] == [(1, 2), (2, 2)]

    def test_previews_are_small_and_grow_towards_the_picture(self, ours: LeasedGenerator) -> None:
        previews = [stage.preview for stage in stages(ours, replace(APPLE, steps=6))]
        assert all(preview is not None and preview.mode == "RGB" and max(preview.size) <= 128 for preview in previews)
        assert len({preview.tobytes() for preview in previews if preview}) == 6

    def test_who_watches_may_fail_and_the_next_picture_is_drawn(self, ours: LeasedGenerator) -> None:
        def fail(_: Stage) -> None:
            raise Cancelled

        expected = bytes_of(ours.draw(APPLE)[0].image)
        with pytest.raises(Cancelled):
            ours.draw(APPLE, on_stage=fail)
        assert bytes_of(ours.draw(APPLE)[0].image) == expected


class TestStopping:
    @pytest.mark.parametrize("order", [APPLE, replace(APPLE, source=SOURCE, strength=1.0)], ids=["words", "picture"])
    def test_cancel_at_every_step_and_the_next_order_works(self, ours: LeasedGenerator, order: Order) -> None:
        expected = bytes_of(ours.draw(order)[0].image)
        for last in range(1, 4):
            cancel = threading.Event()
            seen: list[int] = []

            def stop(stage: Stage, last: int = last, cancel: threading.Event = cancel, seen: list[int] = seen) -> None:
                seen.append(stage.step)
                if stage.step == last:
                    cancel.set()

            with pytest.raises(Cancelled):
                ours.draw(order, on_stage=stop, cancel=cancel)
            assert seen == list(range(1, last + 1))
            assert bytes_of(ours.draw(order)[0].image) == expected

    def test_cancel_within_steps_before_and_after_them(self, folder: Path) -> None:
        """In float16 the autoencoder of SDXL is widened while it decodes, and must not stay so."""
        ours = opened(folder, dtype="float16" if folder.name == "sdxl" else "float32")
        order = Order("a cup", steps=2)
        expected = bytes_of(ours.draw(order)[0].image)
        counted = Countdown(math.inf)
        assert bytes_of(ours.draw(order, cancel=counted)[0].image) == expected
        assert counted.looks > 20
        for after in [*range(0, counted.looks, counted.looks // 6), counted.looks - 1]:
            with pytest.raises(Cancelled):
                ours.draw(order, cancel=Countdown(after))
        assert bytes_of(ours.draw(order)[0].image) == expected

    def test_pictures_after_the_stop_are_not_begun(self, ours: LeasedGenerator) -> None:
        cancel = threading.Event()
        seen: list[int] = []

        def stop(stage: Stage) -> None:
            seen.append(stage.picture)
            if stage.picture == 2:
                cancel.set()

        with pytest.raises(Cancelled):
            ours.draw(Order("a cup", steps=1, seeds=(1, 2, 3)), on_stage=stop, cancel=cancel)
        assert seen == [1, 2]


def failing(ours: LeasedGenerator, pool: ModelPool, error: Exception) -> Any:
    """The second step of the next picture fails so; what that step was given is in `given`."""
    calls: list[int] = []

    def hook(_: Any, given: tuple[torch.Tensor, ...]) -> None:
        calls.append(1)
        if len(calls) == 2:
            hook.given = weakref.ref(given[0])  # type: ignore[attr-defined]
            raise error

    with pool.lease(ours.spec.model) as painter:
        return hook, painter.pipe.unet.register_forward_pre_hook(hook)


class TestMemory:
    @pytest.mark.parametrize(
        "error",
        [
            torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20 MiB."),
            RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes."),
            MemoryError(),
        ],
        ids=["accelerator", "processor", "python"],
    )
    def test_out_of_memory_half_way_is_told_and_the_pool_recovers(
        self, ours: LeasedGenerator, pool: ModelPool, error: Exception
    ) -> None:
        expected = bytes_of(ours.draw(APPLE)[0].image)
        hook, handle = failing(ours, pool, error)
        with pytest.raises(OutOfMemory, match="while the picture was drawn") as caught:
            ours.draw(APPLE)
        handle.remove()
        gc.collect()
        assert caught.value.hint
        assert hook.given() is None, "what was being computed is still held"
        assert not any(row.busy for row in pool.loaded())
        assert bytes_of(ours.draw(APPLE)[0].image) == expected
        with pool.lease(ModelSpec("other", "test", lambda: 0, object)):
            pass

    def test_another_failure_is_told_in_one_sentence(self, ours: LeasedGenerator, pool: ModelPool) -> None:
        _, handle = failing(ours, pool, RuntimeError("mat1 and mat2 cannot be multiplied\nmore of it"))
        with pytest.raises(GenerationFailed) as caught:
            ours.draw(APPLE)
        handle.remove()
        assert caught.value.message == "The picture could not be drawn: mat1 and mat2 cannot be multiplied"
        assert ours.draw(APPLE)

    def test_it_leaves_for_another_model_and_comes_back(self, folder: Path) -> None:
        one = ModelPool(400 * 2**20)
        ours = opened(folder, one)
        expected = bytes_of(ours.draw(APPLE)[0].image)
        with one.lease(ModelSpec("other", "test", lambda: 390 * 2**20, object)):
            assert [row.key for row in one.loaded()] == ["other"]
        assert bytes_of(ours.draw(APPLE)[0].image) == expected
        assert [row.kind for row in one.loaded()] == ["generator"]


class TestChecker:
    def flag(self, ours: LeasedGenerator, monkeypatch: pytest.MonkeyPatch, pool: ModelPool) -> None:
        with pool.lease(ours.spec.model) as painter:
            checker = painter.pipe.safety_checker
            monkeypatch.setattr(checker, "forward", lambda images, clip_input: (images, [True]))

    def test_flagged_pictures_are_black(self, guarded: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        pool = ModelPool(2 * 2**30)
        ours = opened(guarded, pool)
        clean = ours.draw(APPLE)[0]
        assert (clean.flagged, clean.image.getbbox() is None) == (False, False)
        self.flag(ours, monkeypatch, pool)
        for order in (APPLE, replace(APPLE, source=SOURCE, strength=1.0)):
            made = ours.draw(order)[0]
            assert (made.flagged, made.image.getbbox()) == (True, None)

    def test_nothing_is_shown_before_it_was_checked(self, guarded: Path) -> None:
        assert [stage.preview for stage in stages(opened(guarded), APPLE)] == [None, None, None]

    def test_it_is_off_where_the_setting_is(self, guarded: Path) -> None:
        pool = ModelPool(2 * 2**30)
        free = opened(guarded, pool, drawing_filter=False)
        assert stages(free, APPLE)[0].preview is not None
        opened(guarded, pool).draw(APPLE)
        assert len({row.key for row in pool.loaded()}) == 2, "one with and one without a checker"


def refuse(order: Callable[[], Order], ours: LeasedGenerator) -> BadOrder:
    with pytest.raises(BadOrder) as caught:
        ours.draw(order())
    return caught.value


def test_what_the_pipeline_cannot_do_is_told(ours: LeasedGenerator) -> None:
    assert "negative prompt" in refuse(lambda: replace(APPLE, negative="a cup", guidance=0.0), ours).message
    assert f"from 16 to {2 * SIDE} pixels in steps of 2" in refuse(lambda: replace(APPLE, width=63), ours).message
