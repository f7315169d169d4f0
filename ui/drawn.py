"""What is told of a picture that vistalk drew, from the settings that it was drawn with."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from memory.provenance import Made
    from ui.language import Texts

DRAWING = frozenset({"generate_image", "vary_image"})
"""The tools that draw: a picture that one of them brings into a conversation was not there before."""

LONGEST_NAME = 40
"""Characters of the prompt that become a file's name."""

SHOWN = ("prompt", "negative", "model", "revision", "seed", "steps", "guidance", "strength", "scheduler")


def file_name(made: Made) -> str:
    """A name for its file that tells what it shows: a-red-apple-7.png."""
    words = "-".join(re.findall(r"\w+", str(made["prompt"]).lower()))
    return f"{words[:LONGEST_NAME].rstrip('-') or 'drawing'}-{made['seed']}.png"


def words_again(made: Made, texts: Texts) -> str:
    """What to say in the chat to have it drawn with the same prompt and seed."""
    return texts.gallery["draw_again"].format(prompt=made["prompt"], seed=made["seed"])


def made_facts(made: Made, texts: Texts) -> dict[str, str]:
    """What is known of how it was made, each under its name in words."""
    facts = {name: str(made[name]) for name in SHOWN if made.get(name) not in (None, "")}
    return {texts.gallery[name]: fact for name, fact in facts.items()}
