"""From chat messages to one model's tokens: its own template and processor, with every picture's place known."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from runtime.errors import GenerationFailed
from runtime.vlm.base import Part, require_seen
from runtime.vlm.decoding import translated
from runtime.vlm.prefix import Tag, common_length

if TYPE_CHECKING:
    import torch
    from PIL import Image
    from transformers import ProcessorMixin

Conversation = Sequence[tuple[str, Sequence[Part]]]
"""Roles (system, user, assistant) with their parts, in order."""

BY_TOKEN = {"input_ids", "attention_mask", "mm_token_type_ids", "token_type_ids"}
"""The inputs that have a value for each token; the others describe pictures."""

WITHOUT_PIXELS = BY_TOKEN | {"image_grid_thw"}
"""What a model still needs where it has read all pictures: tokens and positions."""


_BLANK, _DOT = Part(text=""), Part(text=".")


@dataclass(frozen=True)
class Prompt:
    """One tokenised conversation.

    Attributes:
        inputs: what the model takes; `input_ids` has shape (1, length).
        tags: one per token, for prefix reuse.
        visual_tokens: how many of the tokens stand for pictures.
        head: up to how many tokens the pictures and their hints go; 0 where there are none.
    """

    inputs: dict[str, torch.Tensor]
    tags: list[Tag]
    visual_tokens: int
    head: int

    @property
    def length(self) -> int:
        """In tokens."""
        return len(self.tags)

    def beginning(self) -> Prompt:
        """The head as a prompt of its own."""
        inputs = {name: value[:, : self.head] if name in BY_TOKEN else value for name, value in self.inputs.items()}
        return Prompt(inputs, self.tags[: self.head], self.visual_tokens, self.head)


class Prompter:
    """Templates and tokenises for one processor. `hints` makes what the model reads after a picture and no one sees."""

    def __init__(
        self, processor: ProcessorMixin, image_token_id: int, hints: Callable[[Image.Image], str] | None = None
    ) -> None:
        self.processor = processor
        self.tokenizer = processor.tokenizer
        self.image_token_id = image_token_id
        special = sorted(self.tokenizer.get_added_vocab(), key=len, reverse=True)
        self._special = re.compile("|".join(map(re.escape, special))) if special else None
        self._counts: dict[str, int] = {}
        self._lengths: dict[str, int] = {}
        self._hint = hints
        self._hints: dict[str, str] = {}

    def plain(self, text: str) -> str:
        """Text in which no control token of the model is left whole, so that nothing quoted can end a turn."""
        return self._special.sub(lambda m: m.group()[0] + " " + m.group()[1:], text) if self._special else text

    def words(self, text: str) -> list[int]:
        """The tokens of plain text."""
        ids: list[int] = self.tokenizer(self.plain(text), add_special_tokens=False).input_ids
        return ids

    def length(self, conversation: Conversation) -> int:
        """How many tokens the prompt takes, to within two a picture; one that was seen before costs no time.

        Raises:
            GenerationFailed: the checkpoint's own template or processor failed.
        """
        words = [(role, [_BLANK if part.image else part for part in parts]) for role, parts in conversation]
        pictures = [part for _, parts in conversation for part in parts if part.image]
        try:
            return self._tokens(words) + sum(self._length(part) for part in pictures)
        except Exception as error:
            raise translated(error) from error

    def prompt(self, conversation: Conversation) -> Prompt:
        """Tokenise, ready for the assistant's reply.

        Raises:
            ImageNotSeen: pictures in the conversation, and no token that stands for them.
            GenerationFailed: the checkpoint's own template or processor failed.
        """
        try:
            return self._prompt(conversation)
        except Exception as error:
            raise translated(error) from error

    def _prompt(self, conversation: Conversation) -> Prompt:
        parts = [part for _, parts in conversation for part in parts if part.image is not None]
        images = [part.image for part in parts if part.image is not None]
        inputs = self._process(self._template(conversation), images)
        ids: list[int] = inputs["input_ids"][0].tolist()
        visual = ids.count(self.image_token_id)
        require_seen(len(images), visual)
        keys = iter(self._keys(parts, visual))
        tags: list[Tag] = [(token, next(keys)) if token == self.image_token_id else token for token in ids]
        return Prompt(inputs, tags, visual, self._head(parts, tags))

    def _head(self, parts: list[Part], tags: list[Tag]) -> int:
        """The last picture's end, or its hint's where that is told in the same tokens whatever follows."""
        end = max((place for place, tag in enumerate(tags, 1) if isinstance(tag, tuple)), default=0)
        hint = self.words(self._hints.get(parts[-1].key, "")) if parts else []
        return end + common_length(hint, tags[end:])

    def _template(self, conversation: Conversation) -> str:
        turns = [
            {
                "role": role,
                "content": [entry for part in parts for entry in self._entries(part)],
            }
            for role, parts in conversation
        ]
        return str(self.processor.apply_chat_template(turns, add_generation_prompt=True, tokenize=False))

    def _entries(self, part: Part) -> list[dict[str, str]]:
        """What the template takes for one part: a picture with its hint, or text."""
        if part.image is None:
            return [{"type": "text", "text": self.plain(part.text)}]
        if self._hint is None:
            return [{"type": "image"}]
        if part.key not in self._hints:
            self._hints[part.key] = self._hint(part.image)
        return [{"type": "image"}, {"type": "text", "text": self._hints[part.key]}]

    def _process(self, text: str, images: list[Image.Image]) -> dict[str, Any]:
        given = {"images": [images]} if images else {}
        return dict(self.processor(text=[text], return_tensors="pt", add_special_tokens=False, **given))

    def _keys(self, parts: list[Part], visual: int) -> list[str]:
        """The content key behind each placeholder token, in order."""
        if len(parts) == 1:
            return [parts[0].key] * visual
        keys = [part.key for part in parts for _ in range(self._count(part))]
        if len(keys) != visual:
            raise GenerationFailed(f"{len(parts)} pictures take {len(keys)} tokens one by one and {visual} together.")
        return keys

    def _tokens(self, conversation: Conversation, images: Sequence[Image.Image] = ()) -> int:
        return int(self._process(self._template(conversation), [*images])["input_ids"].shape[1])

    def _length(self, part: Part) -> int:
        """All tokens that one picture adds, with its hint and what is written around it; remembered by content."""
        if part.image is not None and part.key not in self._lengths:
            alone = self._tokens([("user", [part, _DOT])], [part.image])
            self._lengths[part.key] = alone - self._tokens([("user", [_BLANK, _DOT])])
        return self._lengths[part.key]

    def _count(self, part: Part) -> int:
        """Placeholder tokens of one picture alone, remembered by content."""
        if part.key not in self._counts:
            alone = self._process(self._template([("user", [part])]), [part.image] if part.image is not None else [])
            self._counts[part.key] = int((alone["input_ids"] == self.image_token_id).sum())
        return self._counts[part.key]
