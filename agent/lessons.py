"""What the pocket model is taught of planning: the planner's own prompt, and how the right plan begins."""

from __future__ import annotations

import json
from collections.abc import Collection

from agent.planner import Facts, brief_prompt
from runtime.pocket.training.data import Answer
from runtime.pocket.training.planning import PlanningExample, examples
from runtime.vlm.base import beginnings

COUNT = 48_000


def lessons(seed: int, without: Collection[str]) -> list[tuple[str, Answer]]:
    """As many as are worth it, none with a message from `without`."""
    return [lesson(example) for example in examples(seed, COUNT, without=without)]


def lesson(example: PlanningExample) -> tuple[str, Answer]:
    """The prompt and the plan's first words, up to what the user's own words settle.

    The action is a piece of its own, as the planner scores it: tokenised together, its closing quote would belong to
    the comma after it.
    """
    facts = Facts(
        example.text, example.lang, handles=example.handles, new=example.new, earlier=example.earlier, calls_left=1
    )
    [action] = beginnings("action", [example.action])
    if example.action == "vqa":
        return brief_prompt(facts), (action, f',"images":{json.dumps(example.use, separators=(",", ":"))}')
    if example.action in ("caption", "read_text", "vary_image"):
        return brief_prompt(facts), (action, f',"image":{json.dumps(example.use[-1])}')
    if example.action == "search_images":
        return brief_prompt(facts), (action, f',"image":{json.dumps(example.use[-1])}' if example.use else ',"query":"')
    return brief_prompt(facts), (action,)
