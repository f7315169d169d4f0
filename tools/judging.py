"""Whether a picture shows what it should: by the encoder, and by asking a language model that looks at it."""

from __future__ import annotations

import base64
import io
import threading
from typing import TYPE_CHECKING

import numpy as np
from langchain_core.messages import HumanMessage

from runtime.errors import Cancelled
from runtime.vlm.base import VisionChatModel, softmax
from tools.drawing import data

if TYPE_CHECKING:
    from PIL import Image

    from runtime.encoder.base import Encoder

ENOUGH = 0.5
"""The score from which a picture counts as showing what was asked."""

ENOUGH_OF_AN_ICON = 0.1
"""Likewise where the pocket encoder, which learned from photographs, looks at an icon: it hardly tells right from wrong
there, and doubts half of those that are right by the other measure.
"""


class Judge:
    """Looks at drawn pictures.

    Args:
        encoder: compares pictures with words.
        model: is asked about them; None where its answers are not worth it.
        enough: the score from which a picture counts as showing what was asked.
    """

    def __init__(self, encoder: Encoder, model: VisionChatModel | None = None, enough: float = ENOUGH) -> None:
        self.enough = enough
        self._encoder = encoder
        self._model = model

    def score(self, image: Image.Image, prompt: str, cancel: threading.Event) -> float:
        """How well the picture shows what the prompt says, from 0 to 1: the mean of those that look at it.

        Raises:
            Cancelled, and what the models raise.
        """
        scores = [self._likeness(image, prompt)]
        if self._model is not None:
            scores.append(self._answer(self._model, image, prompt, cancel))
        if cancel.is_set():
            raise Cancelled
        return sum(scores) / len(scores)

    def _likeness(self, image: Image.Image, prompt: str) -> float:
        """The share of unrelated prompts that the picture is less like than this one.

        A share and no cosine: what a cosine means depends on the encoder, and their order does not.
        """
        words = set(prompt.lower().split())
        unrelated = [other for other in data()["look"]["unrelated"] if other.split()[-1] not in words]
        [picture] = self._encoder.encode_images([image])
        asked, *others = self._encoder.encode_texts([prompt, *unrelated]) @ picture
        return float(np.mean(asked > np.array(others)))

    @staticmethod
    def _answer(model: VisionChatModel, image: Image.Image, prompt: str, cancel: threading.Event) -> float:
        """The probability that the model says yes."""
        buffer = io.BytesIO()
        image.save(buffer, "PNG")
        block = {
            "type": "image",
            "base64": base64.b64encode(buffer.getvalue()).decode("ascii"),
            "mime_type": "image/png",
        }
        question = data()["look"]["question"].format(prompt=prompt)
        message = HumanMessage(content=[block, {"type": "text", "text": question}])
        yes, _ = softmax(model.choose([message], "answer", ["yes", "no"], cancel=cancel))
        return yes
