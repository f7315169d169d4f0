"""Whether an order can be drawn at all: found out before any weights are loaded."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from runtime.encoder.base import plain
from runtime.errors import BadOrder
from runtime.generator.base import Order

MOST_CHARACTERS = 2000
MOST_PICTURES = 64
MOST_STEPS = 150
MOST_GUIDANCE = 50
LEAST_STRENGTH = 0.01
SEEDS = 2**63


@dataclass(frozen=True)
class Sizes:
    """What sides a model can draw: multiples of `unit` from `least` to `most` pixels; `usual` where none is asked for.

    A model of one size has `least`, `usual` and `most` the same.
    """

    usual: int
    unit: int
    least: int
    most: int

    def nearest(self, side: float) -> int:
        """The side nearest to this one that the model can draw."""
        lowest, highest = math.ceil(self.least / self.unit), self.most // self.unit
        return self.unit * min(max(round(side / self.unit), lowest), highest)

    def of(self, order: Order) -> tuple[int, int]:
        """Width and height of an order's pictures: as asked for, in the source's proportions, or the usual ones."""
        if order.source is None or order.width or order.height:
            return order.width or self.usual, order.height or self.usual
        scale = self.usual / math.sqrt(order.source.width * order.source.height)
        return self.nearest(order.source.width * scale), self.nearest(order.source.height * scale)


def checked(order: Order) -> Order:
    """The order, with its words as a tokenizer takes them.

    Raises:
        BadOrder: naming the limit that it does not keep.
    """
    if not any(character.isprintable() and not character.isspace() for character in order.prompt):
        raise BadOrder("There are no words to draw from.", hint="Say what the picture shall show.")
    for name, text in (("prompt", order.prompt), ("negative prompt", order.negative)):
        if len(text) > MOST_CHARACTERS:
            length = f"{len(text):,} characters, and at most {MOST_CHARACTERS:,} are read"
            raise BadOrder(f"The {name} has {length}.", hint="Say it more briefly.")
    if not 1 <= len(order.seeds) <= MOST_PICTURES:
        raise BadOrder(f"From 1 to {MOST_PICTURES} pictures can be asked for at once, and not {len(order.seeds)}.")
    for seed in order.seeds:
        if not 0 <= seed < SEEDS:
            raise BadOrder(f"A seed is a whole number from 0 to {SEEDS - 1}, and {seed} is not.")
    if order.steps is not None and not 1 <= order.steps <= MOST_STEPS:
        raise BadOrder(f"A picture is drawn in 1 to {MOST_STEPS} steps, and not in {order.steps}.")
    if order.guidance is not None and not 0 <= order.guidance <= MOST_GUIDANCE:
        raise BadOrder(f"Guidance is a number from 0 to {MOST_GUIDANCE}, and {order.guidance} is not.")
    _check_strength(order)
    return replace(order, prompt=plain(order.prompt).strip(), negative=plain(order.negative).strip())


def _check_strength(order: Order) -> None:
    if order.strength is None:
        return
    if order.source is None:
        raise BadOrder("A strength needs a picture to start from.", hint="Name a picture, or leave the strength out.")
    if not LEAST_STRENGTH <= order.strength <= 1:
        raise BadOrder(f"Strength is a number from {LEAST_STRENGTH} to 1, and {order.strength} is not.")


def check_size(order: Order, sizes: Sizes) -> None:
    """Whether a model of these sizes can draw the order.

    Raises:
        BadOrder
    """
    for side in (order.width, order.height):
        if side is None or (sizes.least <= side <= sizes.most and side % sizes.unit == 0):
            continue
        if sizes.least == sizes.most:
            raise BadOrder(f"This model draws pictures of {sizes.usual}×{sizes.usual} pixels, and no others.")
        allowed = f"from {sizes.least} to {sizes.most} pixels in steps of {sizes.unit}"
        raise BadOrder(f"The sides of a picture can be {allowed}, and {side} is not such a number.")
