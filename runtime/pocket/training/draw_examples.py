"""What the pocket generator is shown: an icon or a few in one style, their caption, and a hint in that or another one.

Kept from it: some concept–style pairs and some colours of some things (`runtime.pocket.training.draw_split`).
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from safetensors.torch import load_file

from runtime.pocket.drawing.bank import CELL, COLUMNS, Bank
from runtime.pocket.drawing.colours import COLOURS, recoloured
from runtime.pocket.drawing.composing import WORN, Place, arranged, blurred, composed, shaken
from runtime.pocket.drawing.concepts import FILE, STYLES, Concept, read
from runtime.pocket.drawing.pixels import scaled
from runtime.pocket.drawing.scene import Item, Scene
from runtime.pocket.training.draw_icons import ICONS
from runtime.pocket.training.draw_split import colour_held_out, held_out_style

LEAST_DETAIL, MOST_DETAIL = 10, 32
"""Rows and columns left of a hint that is blurred."""

SINGLE, RECOLOURED, SEVERAL = 0.52, 0.28, 0.1
"""Shares of the examples; the rest shows two different things."""

SAME_STYLE, HINT_RECOLOURED, HINT_BLURRED = 0.6, 0.8, 0.3
WORDS_LEFT_OUT = 0.1


class Shown(NamedTuple):
    """One example: picture and hint, uint8 (128, 128, 3); no words are ""."""

    picture: NDArray[np.uint8]
    hint: NDArray[np.uint8]
    caption: str


class Icons:
    """The rasterised sets of a prepared folder, less what is held out."""

    def __init__(self, folder: Path) -> None:
        self.concepts = read(folder / FILE)
        self._tables = load_file(folder / ICONS)
        self._there = {
            style: {at for at in range(len(self.concepts)) if table[at, ..., 3].any()}
            for style, table in self._tables.items()
        }

    def styles(self, concept: int) -> list[str]:
        """Those a thing may be trained on in."""
        kept = held_out_style(self.concepts[concept].name)
        return [style for style in STYLES if concept in self._there[style] and style != kept]

    def held_out(self) -> list[tuple[int, str]]:
        """The concept–style pairs that are never trained on and not in the bank."""
        pairs = ((at, held_out_style(concept.name)) for at, concept in enumerate(self.concepts))
        return [(at, style) for at, style in pairs if style and at in self._there[style]]

    def picture(self, concept: int, style: str) -> Image.Image:
        """RGBA, 128 × 128, whether held out or not."""
        return Image.fromarray(self._tables[style][concept].numpy(), "RGBA")

    def bank(self) -> Bank:
        """Thumbnails of all that may be trained on."""
        rows = -(-len(self.concepts) // COLUMNS)
        sheets = {style: Image.new("RGBA", (COLUMNS * CELL, rows * CELL)) for style in STYLES}
        for at in range(len(self.concepts)):
            for style in self.styles(at):
                small = self.picture(at, style).convert("RGBa").resize((CELL, CELL), Image.Resampling.BOX)
                sheets[style].paste(small.convert("RGBA"), (at % COLUMNS * CELL, at // COLUMNS * CELL))
        return Bank(sheets)


class Examples:
    """Endless examples; each depends on its number alone."""

    def __init__(self, icons: Icons, seed: int) -> None:
        self._icons, self._seed = icons, seed
        self._bank = icons.bank()
        self._by_style = {
            style: [at for at in range(len(icons.concepts)) if style in icons.styles(at)] for style in STYLES
        }
        self._worn = [at for at, concept in enumerate(icons.concepts) if set(concept.name.split()) & set(WORN)]

    def example(self, number: int) -> Shown:
        """The example of a number."""
        chance = random.Random(f"{self._seed} {number}")
        style = chance.choice(STYLES)
        kind = chance.random()
        concept = chance.choice(self._by_style[style])
        if kind < SINGLE:
            return self._shown([concept], Scene((self._item(concept),), style), chance)
        if kind < SINGLE + RECOLOURED:
            return self._shown([concept], Scene((self._item(concept, self._colour(concept, chance)),), style), chance)
        if kind < SINGLE + RECOLOURED + SEVERAL:
            colour = self._colour(concept, chance) if chance.random() < 0.3 else None
            return self._shown([concept], Scene((self._item(concept, colour, chance.randint(2, 4)),), style), chance)
        relation = chance.choice(("and", "with"))
        others = [at for at in self._worn if style in self._icons.styles(at)] if relation == "with" else []
        other = chance.choice(others if others and chance.random() < 0.5 else self._by_style[style])
        scene = Scene((self._item(concept), self._item(other)), style, "with" if relation == "with" else "and")
        return self._shown([concept, other], scene, chance)

    def _item(self, concept: int, colour: str | None = None, count: int = 1) -> Item:
        return Item(self._icons.concepts[concept].name, colour, count)

    def _colour(self, concept: int, chance: random.Random) -> str:
        name = self._icons.concepts[concept].name
        return chance.choice([colour for colour in COLOURS if not colour_held_out(name, colour)])

    def _shown(self, concepts: Sequence[int], scene: Scene, chance: random.Random) -> Shown:
        places = _unturned(arranged(scene, chance), [self._icons.concepts[at] for at in concepts])
        pictures = [self._icons.picture(at, scene.style) for at in concepts]
        near = chance.random() < SAME_STYLE
        hints = [self._hint(at, scene.style, chance, near=near) for at in concepts]
        colour = scene.items[0].colour
        if colour:
            changed = recoloured(pictures[0], colour)
            if changed is None:  # nothing that has one colour: it is shown as it is
                scene = Scene((Item(scene.items[0].name, None, scene.items[0].count),), scene.style)
            else:
                pictures = [changed]
                if chance.random() < HINT_RECOLOURED:
                    hints = [recoloured(hints[0], colour) or hints[0]]
        hint = composed(places if near else shaken(places, chance), hints)
        if chance.random() < HINT_BLURRED:
            hint = blurred(hint, chance.randint(LEAST_DETAIL, MOST_DETAIL))
        return Shown(
            np.asarray(composed(places, pictures)),
            np.asarray(hint),
            "" if chance.random() < WORDS_LEFT_OUT else scene.caption,
        )

    def _hint(self, concept: int, style: str, chance: random.Random, *, near: bool) -> Image.Image:
        others = [other for other in self._icons.styles(concept) if other != style]
        return self._bank.thumbnail(concept, style if near or not others else chance.choice(others))


def _unturned(places: Sequence[Place], of: Sequence[Concept]) -> list[Place]:
    """The places, none mirrored whose thing would be another one in a mirror."""
    return [replace(place, mirrored=place.mirrored and of[place.item].mirrors) for place in places]


def tensors(shown: Sequence[Shown]) -> tuple[torch.Tensor, torch.Tensor, list[str]]:
    """Pictures and hints (examples, 3, 128, 128) in [-1, 1], and the captions."""
    pictures, hints = np.stack([example.picture for example in shown]), np.stack([example.hint for example in shown])
    return scaled(pictures), scaled(hints), [example.caption for example in shown]
