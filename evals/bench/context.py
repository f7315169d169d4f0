"""What a turn late in a conversation costs beside an early one: tokens that the model reads, and seconds."""

from __future__ import annotations

import io
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

from agent.assistant import Assistant, Upload
from agent.events import Done
from evals.bench.report import Measure, median
from evals.bench.serving import picture
from evals.subjects import linked_home
from memory.home import Home
from runtime.models import chat_model, model_pool, present
from runtime.presets import preset_of
from runtime.settings import Settings

TURNS = 200
MEASURED = 10
"""Turns that a cost is taken over, around the tenth and up to the last."""
EVERY = 10
"""Turns from one with a picture to the next."""
REPLY = 16
"""Tokens of a reply at most: what is measured is reading."""
QUESTION = (
    "I am sorting the pictures of our old house and would like to know what else there is to say about it: the colour "
    "of the walls, how high the sun stands, and whether anybody could be at home at this time of the day."
)
COMPOSES = "laptop"
"""The preset whose prompts hold the conversation, which the pocket model's do not."""


@dataclass(frozen=True)
class Spent:
    """What a turn cost; `tokens` counts the prompt of its reply, pictures included."""

    tokens: int
    seconds: float


def context(settings: Settings) -> list[Measure]:
    """Tokens and seconds of turn 200 over those of turn 10, with this model behind a preset that composes replies.

    Nothing where the model is not here. A small model's words are of no use so, but reading them takes what it takes.
    """
    preset = preset_of(settings)
    if not preset.local:
        return []
    fields: dict[str, Any] = {"max_new_tokens": REPLY}
    if not preset.composes:
        fields |= {"preset": COMPOSES, "vlm": str(present(settings, preset))}
    with tempfile.TemporaryDirectory() as folder:
        home = linked_home(settings, Path(folder))
        assistant = _talker(settings.model_copy(update={**fields, "home": home}))
        try:
            spent = _conversation(assistant)
        finally:
            assistant.close()
    half = MEASURED // 2
    early, late = spent[10 - half : 10 + half], spent[-MEASURED:]
    tokens = [median([one.tokens for one in part]) for part in (early, late)]
    seconds = [median([one.seconds for one in part]) for part in (early, late)]
    note = f"questions of 49 words, replies of at most {REPLY} tokens, a picture every {EVERY} turns"
    return [
        Measure("prompt_10", tokens[0], "tokens", "", None, note),
        Measure(f"prompt_{TURNS}", tokens[1], "tokens", "", None, note),
        Measure("prompt_ratio", tokens[1] / tokens[0], "×", "most", 1.5, f"turn {TURNS} / turn 10"),
        Measure("turn_10", seconds[0], "s"),
        Measure(f"turn_{TURNS}", seconds[1], "s"),
        Measure("turn_ratio", seconds[1] / seconds[0], "×", "most", 1.5, f"turn {TURNS} / turn 10"),
    ]


def _talker(settings: Settings) -> Assistant:
    """An assistant without tools and titles: it plans whether to answer or to ask back, and replies."""
    preset = preset_of(settings).model_copy(update={"titles": False})
    pool, home = model_pool(settings), Home.open(settings)
    return Assistant(settings, preset, home, chat_model(settings, preset, pool, home.images.open), pool, {})


def _conversation(assistant: Assistant) -> list[Spent]:
    """What each turn of a long conversation cost; older turns are summed up between turns, as where a person thinks."""
    thread = assistant.home.conversations.create().id
    spent = []
    for number in range(TURNS):
        uploads = [Upload(_png(number), f"{number}.png")] if number % EVERY == 0 else []
        started = time.perf_counter()
        end = list(assistant.ask(thread, f"{QUESTION} This is number {number}.", uploads))[-1]
        seconds = time.perf_counter() - started
        if not isinstance(end, Done):
            raise RuntimeError(f"a turn did not end well: {end}")  # noqa: TRY004
        if "input" in end.usage:
            spent.append(Spent(end.usage["input"], seconds))
        assistant.shortener.wait(thread, hurry=False)
    return spent


def _png(number: int) -> bytes:
    """A picture unlike those of other numbers."""
    image: Image.Image = picture(224)
    image.putpixel((number, 0), (0, 0, 0))
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()
