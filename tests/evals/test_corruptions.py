"""Corruptions repeat exactly, keep to their picture's shape, and get worse."""

from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from evals.corruptions import KINDS, SEVERITIES, corrupted
from tests.pictures import photograph

kinds = pytest.mark.parametrize("kind", KINDS)


@pytest.fixture(scope="module")
def portrait() -> Image.Image:
    """A photograph of 224 pixels, the size that the paper's parameters are for."""
    with Image.open(io.BytesIO(photograph("astronaut.png"))) as whole:
        return whole.convert("RGB").resize((224, 224), Image.Resampling.LANCZOS)


def error(picture: Image.Image, kind: str, severity: int) -> float:
    spoilt = np.asarray(corrupted(picture, kind, severity), np.float64)
    return float(np.abs(spoilt - np.asarray(picture, np.float64)).mean())


@kinds
@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_any_picture_at_any_severity_stays_a_picture_and_repeats(kind: str, data: st.DataObject) -> None:
    width, height, seed = data.draw(st.tuples(st.integers(1, 70), st.integers(1, 70), st.integers(0, 9)))
    severity = data.draw(st.sampled_from(SEVERITIES))
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)
    picture = Image.fromarray(pixels)
    spoilt = corrupted(picture, kind, severity)
    assert (spoilt.size, spoilt.mode) == (picture.size, "RGB")
    assert spoilt.tobytes() == corrupted(picture.copy(), kind, severity).tobytes()
    np.testing.assert_array_equal(np.asarray(picture), pixels)


@kinds
def test_each_severity_is_worse_than_the_one_before(kind: str, portrait: Image.Image) -> None:
    errors = [error(portrait, kind, severity) for severity in SEVERITIES]
    if kind == "fog":  # thicker, or with finer wisps: the fourth of the paper has no more of it than the third
        errors.pop(3)
    assert errors == sorted(errors)
    assert 0 < errors[0] < errors[-1]


@pytest.mark.parametrize("kind", ["gaussian_noise", "shot_noise", "impulse_noise", "motion_blur", "fog"])
def test_chance_is_the_pictures_own(kind: str, portrait: Image.Image) -> None:
    """A change in one corner changes what happens to the opposite one."""
    other = portrait.copy()
    other.paste((0, 255, 0), (0, 0, 1, 1))
    far = (160, 160, 224, 224)
    assert corrupted(portrait, kind, 3).crop(far).tobytes() != corrupted(other, kind, 3).crop(far).tobytes()


def test_goldens() -> None:
    grey = Image.new("RGB", (200, 200), (100, 100, 100))
    noisy = np.asarray(corrupted(grey, "gaussian_noise", 2), np.float64)
    assert noisy.std() == pytest.approx(0.12 * 255, rel=0.02)
    assert noisy.mean() == pytest.approx(100, abs=0.5)
    shot = np.asarray(corrupted(grey, "shot_noise", 1), np.float64)
    assert shot.std() == pytest.approx(255 * (100 / 255 / 60) ** 0.5, rel=0.02)
    impulses = np.asarray(corrupted(grey, "impulse_noise", 4))
    assert (impulses == 0).mean() == pytest.approx(0.085, rel=0.05)
    assert (impulses == 255).mean() == pytest.approx(0.085, rel=0.05)
    assert set(np.unique(impulses)) == {0, 100, 255}
    assert np.unique(np.asarray(corrupted(grey, "brightness", 1))).tolist() == [126]  # 100 + 25.5, rounded to even
    halves = Image.new("RGB", (2, 1), (0, 0, 0))
    halves.putpixel((1, 0), (200, 200, 200))
    assert np.asarray(corrupted(halves, "contrast", 1))[0, :, 0].tolist() == [60, 140]


def test_brightness_keeps_hue_and_saturation() -> None:
    red = corrupted(Image.new("RGB", (4, 4), (120, 40, 40)), "brightness", 2)
    assert red.getpixel((0, 0)) == (171, 57, 57)  # times 171 / 120


@pytest.mark.parametrize("kind", ["defocus_blur", "zoom_blur", "motion_blur", "pixelate", "jpeg"])
def test_what_only_moves_light_leaves_a_plain_picture_alone(kind: str) -> None:
    plain = Image.new("RGB", (50, 40), (128, 128, 128))
    assert corrupted(plain, kind, 5).tobytes() == plain.tobytes()


def test_a_blur_of_a_point_is_a_disk_of_the_papers_radius() -> None:
    point = Image.new("RGB", (224, 224))
    point.putpixel((112, 112), (255, 255, 255))
    lit = np.argwhere(np.asarray(corrupted(point, "defocus_blur", 1))[..., 0] > 0) - 112
    assert np.hypot(*lit.T).max() == pytest.approx(3, abs=0.5)


@pytest.mark.parametrize("kind", ["defocus_blur", "motion_blur", "pixelate"])
def test_lengths_grow_with_the_picture(kind: str, portrait: Image.Image) -> None:
    large = portrait.resize((448, 448), Image.Resampling.NEAREST)
    assert error(large, kind, 5) == pytest.approx(error(portrait, kind, 5), rel=0.15)
