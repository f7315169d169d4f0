"""The pocket encoder with its real weights finds photographs that it never saw."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image, ImageOps

from runtime.models import encoder, model_pool
from runtime.presets import preset_of
from runtime.settings import load_settings
from tests.pictures import photograph

PHOTOGRAPHS = ["astronaut.png", "chelsea.png", "coffee.png", "rocket.jpg", "motorcycle_left.png", "camera.png"]


@pytest.mark.pocket
@pytest.mark.usefixtures("pocket")
@pytest.mark.timeout(300)
def test_photographs_are_found_by_words_in_two_languages_and_by_pictures_like_them() -> None:
    settings = load_settings()
    found = encoder(settings, preset_of(settings), model_pool(settings))
    pictures = [Image.open(io.BytesIO(photograph(name))).convert("RGB") for name in PHOTOGRAPHS]
    seen = found.encode_images(pictures)
    asked = ["a cup of coffee on a table", "桌上的一杯咖啡", "a motorcycle", "一辆摩托车"]
    best = [PHOTOGRAPHS[at] for at in (found.encode_texts(asked) @ seen.T).argmax(1)]
    assert best == ["coffee.png", "coffee.png", "motorcycle_left.png", "motorcycle_left.png"]
    mirrored = found.encode_images([ImageOps.mirror(picture).resize((300, 200)) for picture in pictures])
    assert np.array_equal((mirrored @ seen.T).argmax(1), np.arange(len(pictures)))
    assert found.id.startswith("pocket@")
