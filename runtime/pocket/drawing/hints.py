"""The hint for a scene: thumbnails of its things, in the wanted style or else in another one, laid out."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace

from PIL import Image

from runtime.pocket.drawing.bank import Bank
from runtime.pocket.drawing.colours import recoloured
from runtime.pocket.drawing.composing import SIDE, Place, arranged, blurred, composed
from runtime.pocket.drawing.concepts import Concept
from runtime.pocket.drawing.scene import Scene

FINEST, COARSEST = 64, 10
"""Rows and columns left of a picture that is varied: at no strength, and at full."""


def hint_for(
    scene: Scene,
    known: Sequence[Concept],
    bank: Bank,
    chance: random.Random,
    *,
    source: Image.Image | None = None,
    strength: float = 0.5,
) -> Image.Image:
    """The hint (RGB). A `source` stands for the scene's first thing; the larger `strength`, the more it is blurred."""
    at = {concept.name: number for number, concept in enumerate(known)}
    numbers = [at[item.name] for item in scene.items]
    icons = [_thumbnail(bank, number, scene.style, chance) for number in numbers]
    for item, icon in enumerate(icons):
        colour = scene.items[item].colour
        if colour:
            icons[item] = recoloured(icon, colour) or icon
    places = arranged(scene, chance)
    if source is not None:
        icons[0] = _cut_out(source.convert("RGB").resize((SIDE, SIDE), Image.Resampling.LANCZOS), scene)
        if len(places) == 1:
            places = [replace(places[0], x=0.5, y=0.5, size=1.0, degrees=0.0)]
    mirrors = [known[number].mirrors and source is None for number in numbers]
    hint = composed([_turned(place, mirrors) for place in places], icons)
    return hint if source is None else blurred(hint, varied_detail(strength))


def varied_detail(strength: float) -> int:
    """Rows and columns left of a picture that is varied so strongly."""
    return round(FINEST + (COARSEST - FINEST) * strength)


def _turned(place: Place, mirrors: Sequence[bool]) -> Place:
    return replace(place, mirrored=place.mirrored and mirrors[place.item])


def _thumbnail(bank: Bank, number: int, style: str, chance: random.Random) -> Image.Image:
    there = bank.styles(number)
    return bank.thumbnail(number, style if style in there else chance.choice(there))


def _cut_out(picture: Image.Image, scene: Scene) -> Image.Image:
    """The picture with its white ground made transparent, and recoloured where the scene names a colour."""
    ground = picture.convert("L").point(lambda light: 255 * (light < 250))
    icon = picture.convert("RGBA")
    icon.putalpha(ground)
    colour = scene.items[0].colour
    return (recoloured(icon, colour) if colour else None) or icon
