"""A second look at the passages found first: how likely is the question where one has just read the passage?

Query likelihood (Ponte and Croft, SIGIR 1998) by a language model that was not trained for it (Sachan et al., EMNLP
2022). It sees what vectors of whole passages do not, and it knows many texts as likely: so it does not decide alone.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from tools.wording import say

if TYPE_CHECKING:
    from memory.library.records import PassageHit
    from runtime.vlm.base import VisionChatModel

REREAD = 20
"""How many of the first are read again; the others keep their places behind them."""
FOUND_WEIGHT = 3.0
"""What the score of the first search counts, in nats."""
QUESTION_CHARS = 400
"""A longer question is judged by its beginning."""


class Reranker:
    """Asks a model that can score given text; see `VisionChatModel.likelihoods` for what a call raises."""

    def __init__(self, model: VisionChatModel) -> None:
        self._model = model

    def __call__(self, hits: Sequence[PassageHit], question: str, cancel: threading.Event) -> list[PassageHit]:
        """The hits in a better order, with new scores, highest first."""
        if len(hits) < 2:
            return list(hits)
        first, rest = hits[:REREAD], hits[REREAD:]
        asked = " ".join(question[:QUESTION_CHARS].split())
        prompts = [say("reread", "prompt", heading=hit.passage.heading, text=hit.passage.text) for hit in first]
        likely = self._model.likelihoods(prompts, f" {asked}", cancel=cancel)
        scores = [FOUND_WEIGHT * hit.score + nats for hit, nats in zip(first, likely, strict=True)]
        again = [replace(hit, score=score) for hit, score in zip(first, scores, strict=True)]
        last = min(scores) - FOUND_WEIGHT * first[-1].score
        behind = [replace(hit, score=last + FOUND_WEIGHT * hit.score) for hit in rest]
        return sorted(again, key=lambda hit: -hit.score) + behind
