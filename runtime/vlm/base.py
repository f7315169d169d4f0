"""The interface behind which every vision-language model sits: a LangChain chat model that can also choose.

Pictures enter a message as content blocks: `{"type": "image", "file_id": SHA256}`, resolved by `load_image` at the
moment of the call, so that no pixels lie in messages or state; or, for plain LangChain use, standard
`{"type": "image", "base64": …, "mime_type": …}` blocks. Addresses are refused: nothing is fetched.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import io
import json
import math
import threading
from abc import abstractmethod
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.language_models.chat_models import generate_from_stream
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable, RunnableLambda
from PIL import Image, UnidentifiedImageError
from pydantic import BaseModel, ConfigDict, Field

from runtime.errors import Cancelled, GenerationFailed, ImageNotSeen, ImageRejected, VistalkError

if TYPE_CHECKING:
    from langchain_core.language_models import LanguageModelInput
    from langchain_core.messages.ai import UsageMetadata

ImageLoader = Callable[[str], Image.Image]
"""From a picture's sha256 to its pixels, RGB; raises ImageMissing."""


@dataclass(frozen=True)
class Part:
    """A piece of a message: text, or a picture with the key that stands for its content."""

    text: str = ""
    image: Image.Image | None = None
    key: str = ""


Heat = list[list[float]]
"""Values from 0 to 1 on a grid over a picture, row by row."""


class VisionChatModel(BaseChatModel):
    """A chat model that sees pictures, streams, and gives each of several options its probability.

    Every call takes `stop`, and the keyword arguments `cancel` (a threading.Event; set it and decoding ends within a
    token), `json_schema` (decode under that grammar), `max_new_tokens`, `temperature` and `seed`.

    A reply's `usage_metadata["input_token_details"]` counts `image` (visual tokens) and `cache_read` (tokens whose
    prefill was reused); `response_metadata` holds `confidence` in [0, 1] (the geometric mean of the token
    probabilities) and `finish_reason` (stop, length, cancelled).
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    load_image: ImageLoader | None = Field(default=None, exclude=True)

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        return generate_from_stream(self._stream(messages, stop, run_manager, **kwargs))

    def replies(self, conversations: Sequence[Sequence[BaseMessage]]) -> Generator[dict[int, AIMessage | VistalkError]]:
        """Reply to each of several conversations; those answered together come together, by their numbers.

        An error is that conversation's alone. A reply depends neither on the others nor on what was asked before.
        """
        for number, messages in enumerate(conversations):
            reply: AIMessage | VistalkError
            try:
                reply = self.invoke(list(messages))
            except Cancelled:
                raise
            except VistalkError as error:
                reply = error
            yield {number: reply}

    def window(self) -> int | None:
        """How many tokens it reads at most, its reply among them; None where it does not tell."""
        return None

    def get_num_tokens_from_messages(
        self,
        messages: Sequence[BaseMessage],
        tools: Sequence[Any] | None = None,  # noqa: ARG002  of langchain's own signature
        *,
        cancel: threading.Event | None = None,  # noqa: ARG002  for those that count with their own tokens
    ) -> int:
        """How many tokens a conversation takes, pictures included.

        Where the model's own cannot be counted they are estimated, rather too many than too few: one for three bytes
        of text, four for each message, and for a picture one for each 28 × 28 pixels, from 64 to 1,600.
        """
        parts = [part for message in messages for part in self.parts(message)]
        return 4 * len(messages) + sum(_estimated(part) for part in parts)

    @abstractmethod
    def choose(
        self,
        messages: Sequence[BaseMessage],
        field: str,
        options: Sequence[str],
        *,
        cancel: threading.Event | None = None,
    ) -> list[float]:
        """The log-likelihood that a JSON reply begins with each option as its `field`, in the order given.

        In nats, up to a constant common to all options.
        """

    def likelihoods(
        self,
        contexts: Sequence[str],  # noqa: ARG002  for those that can
        text: str,  # noqa: ARG002
        *,
        cancel: threading.Event | None = None,  # noqa: ARG002
    ) -> list[float]:
        """The log-likelihood of the text after each context, in nats; plain text, outside any conversation.

        Raises:
            GenerationFailed: a model that cannot score given text.
        """
        raise GenerationFailed(f"{self._llm_type} cannot score given text.")

    def attribution(
        self,
        messages: Sequence[BaseMessage],  # noqa: ARG002  for those that can
        reply: str,  # noqa: ARG002
        *,
        cancel: threading.Event | None = None,  # noqa: ARG002
    ) -> Heat | None:
        """How much the reply hangs on each place of the conversation's one picture: rows of values from 0 to 1.

        None where a model cannot tell.
        """
        return None

    def parts(self, message: BaseMessage) -> list[Part]:
        """Read a message's content blocks, loading its pictures.

        Raises:
            ImageRejected: a block that is no text and no local picture.
            ImageMissing: from `load_image`.
        """
        content = [message.content] if isinstance(message.content, str) else message.content
        return [self._part(block) for block in content]

    def _part(self, block: str | dict[Any, Any]) -> Part:
        if isinstance(block, str):
            return Part(text=block)
        if block.get("type") == "text":
            return Part(text=str(block["text"]))
        if block.get("type") == "image" and "file_id" in block and self.load_image is not None:
            return Part(image=self.load_image(block["file_id"]), key=block["file_id"])
        if block.get("type") == "image" and "base64" in block:
            try:
                data = base64.b64decode(block["base64"], validate=True)
                picture = Image.open(io.BytesIO(data)).convert("RGB")
            except (binascii.Error, UnidentifiedImageError, OSError) as error:
                raise ImageRejected("A picture in the message cannot be decoded.", reason="damaged") from error
            return Part(image=picture, key=hashlib.sha256(data).hexdigest())
        raise ImageRejected(
            "A message holds something that is neither text nor a picture on this machine.",
            reason="unknown_format",
        )

    def with_structured_output(
        self, schema: dict[str, Any] | type[BaseModel] | Any, *, include_raw: bool = False, **kwargs: Any
    ) -> Runnable[LanguageModelInput, Any]:
        """Replies as values of the schema: decoding runs under its grammar, so every reply parses.

        A pydantic class gives its instances, a JSON schema gives dicts. With `include_raw` the value is
        `{"raw": message, "parsed": value}`.
        """
        kind = schema if isinstance(schema, type) and issubclass(schema, BaseModel) else None
        json_schema = _closed(kind.model_json_schema()) if kind else schema

        def parse(message: AIMessage) -> dict[str, Any]:
            try:
                value = json.loads(str(message.content))
            except json.JSONDecodeError as error:  # cut off by max_new_tokens
                raise GenerationFailed(f"The model's structured answer ended too early: {error}.") from error
            return {"raw": message, "parsed": kind.model_validate(value) if kind else value}

        chain = self.bind(json_schema=json_schema, **kwargs) | RunnableLambda(parse)
        return chain if include_raw else chain | RunnableLambda(itemgetter("parsed"))


def _estimated(part: Part) -> int:
    if part.image is None:
        return math.ceil(len(part.text.encode()) / 3)
    return min(max(part.image.width * part.image.height // 28**2, 64), 1600)


def _closed(schema: dict[str, Any]) -> dict[str, Any]:
    """A pydantic schema in which objects have the fields of their classes and no others."""
    closed = {"additionalProperties": False, **schema}
    if "$defs" in schema:
        closed["$defs"] = {
            name: _closed(part) if "properties" in part else part for name, part in schema["$defs"].items()
        }
    return closed


def softmax(scores: Sequence[float]) -> list[float]:
    """Log-likelihoods to probabilities that sum to 1."""
    top = max(scores)
    weights = [math.exp(score - top) for score in scores]
    total = sum(weights)
    return [weight / total for weight in weights]


def final_chunk(
    *, prompt: int, output: int, image: int, cached: int, confidence: float | None, finish: str
) -> ChatGenerationChunk:
    """The last chunk of a stream: no text, the counts and the confidence."""
    usage: UsageMetadata = {
        "input_tokens": prompt,
        "output_tokens": output,
        "total_tokens": prompt + output,
        "input_token_details": {"image": image, "cache_read": cached},  # type: ignore[typeddict-unknown-key]
    }
    metadata = {"finish_reason": finish, "confidence": confidence}
    return ChatGenerationChunk(
        message=AIMessageChunk(content="", usage_metadata=usage, response_metadata=metadata, chunk_position="last")
    )


def require_seen(images: int, visual_tokens: int) -> None:
    """Fail loudly where pictures were attached and the prompt holds no place for them (invariant 3)."""
    if images and not visual_tokens:
        raise ImageNotSeen


def token_counts(message: AIMessage) -> dict[str, int]:
    """A reply's tokens as plain numbers: input, output, image, cached."""
    usage = message.usage_metadata
    if usage is None:
        return {}
    details: dict[str, Any] = dict(usage.get("input_token_details", {}))
    return {
        "input": usage["input_tokens"],
        "output": usage["output_tokens"],
        "image": int(details.get("image", 0)),
        "cached": int(details.get("cache_read", 0)),
    }


def beginnings(field: str, options: Sequence[str]) -> list[str]:
    """The JSON text that a reply with each option begins with, the option's closing quote included."""
    return [json.dumps({field: option}, ensure_ascii=False, separators=(",", ":"))[:-1] for option in options]
