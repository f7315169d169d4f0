"""A vision-language model behind an OpenAI-compatible server (vLLM, llama.cpp, `transformers serve`).

Such a server tells how many tokens it read, not how many of them stand for pictures, so `image` is 0 in the counts,
and it gives the likelihood of what it said, not of what it might have said.
"""

from __future__ import annotations

import base64
import io
import json
import math
import threading
from collections.abc import Generator, Sequence
from typing import Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGenerationChunk
from PIL import Image
from pydantic import Field

from runtime.errors import BadSetting, GenerationFailed, MissingDependency
from runtime.settings import Settings
from runtime.vlm.base import ImageLoader, Part, VisionChatModel, final_chunk

RETRIES = 4
"""How often a request is sent again that found no server or one too busy: after half a second, twice that, and so on,
or when the server says."""


def served_model(settings: Settings, load_image: ImageLoader) -> ServedVisionChatModel:
    """The model at `vlm_url`; nothing is asked of the server before the first call.

    Raises:
        BadSetting: there is no address.
        MissingDependency: the extra `served` is not installed.
    """
    if settings.vlm_url is None:
        raise BadSetting(
            "A served model needs an address.", hint="Set VISTALK_VLM_URL, such as http://127.0.0.1:8000/v1."
        )
    try:
        from langchain_openai import ChatOpenAI
    except ImportError as error:
        raise MissingDependency(
            "A served model needs the package langchain-openai.",
            hint="Install it with `pip install 'vistalk[served]'`.",
        ) from error
    client = ChatOpenAI(
        model=settings.vlm or "default",
        base_url=settings.vlm_url,
        api_key=settings.vlm_key,
        temperature=settings.temperature,
        seed=settings.seed,
        max_completion_tokens=settings.max_new_tokens,
        stream_usage=True,
        timeout=settings.turn_seconds,
        max_retries=RETRIES,
    )
    return ServedVisionChatModel(client=client, load_image=load_image)


class ServedVisionChatModel(VisionChatModel):
    """See `VisionChatModel`; pictures travel to the server as PNG data."""

    client: BaseChatModel = Field(exclude=True)

    @property
    def _llm_type(self) -> str:
        return "vistalk-served"

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        *,
        cancel: threading.Event | None = None,
        json_schema: dict[str, Any] | None = None,
        max_new_tokens: int | None = None,
        **sampling: Any,
    ) -> Generator[ChatGenerationChunk]:
        wanted: dict[str, Any] = {"logprobs": True, "stop": stop, **sampling}
        if json_schema is not None:
            schema = {"name": "reply", "schema": json_schema, "strict": True}
            wanted["response_format"] = {"type": "json_schema", "json_schema": schema}
        if max_new_tokens is not None:
            wanted["max_completion_tokens"] = max_new_tokens
        logprobs: list[float] = []
        usage: dict[str, Any] = {}
        finish = ""
        try:
            for chunk in self.client.stream([self._sendable(message) for message in messages], **wanted):
                metadata = chunk.response_metadata
                logprobs += [token["logprob"] for token in (metadata.get("logprobs") or {}).get("content") or []]
                usage = dict(chunk.usage_metadata or usage)
                finish = metadata.get("finish_reason") or finish
                if cancel is not None and cancel.is_set():
                    finish = "cancelled"
                    break
                if chunk.text:
                    piece = ChatGenerationChunk(message=AIMessageChunk(content=str(chunk.text)))
                    if run_manager:
                        run_manager.on_llm_new_token(str(chunk.text), chunk=piece)
                    yield piece
        except Exception as error:
            raise GenerationFailed(f"The model's server failed: {error}.") from error
        if not finish:
            raise GenerationFailed("The model's server broke off in the middle of its answer.")
        yield final_chunk(
            prompt=usage.get("input_tokens", 0),
            output=usage.get("output_tokens", 0),
            image=0,
            cached=usage.get("input_token_details", {}).get("cache_read", 0),
            confidence=math.exp(sum(logprobs) / len(logprobs)) if logprobs else None,
            finish=finish,
        )

    def choose(
        self,
        messages: Sequence[BaseMessage],
        field: str,
        options: Sequence[str],
        *,
        cancel: threading.Event | None = None,
    ) -> list[float]:
        """The server's choice under the grammar, with its likelihood; the others share what is left."""
        schema = {
            "type": "object",
            "properties": {field: {"type": "string", "enum": list(options)}},
            "required": [field],
            "additionalProperties": False,
        }
        reply: AIMessage = self.invoke(list(messages), json_schema=schema, cancel=cancel)
        try:
            chosen = options.index(json.loads(str(reply.text))[field])
        except (ValueError, KeyError, TypeError) as error:
            raise GenerationFailed(f"The model's server left the grammar: {str(reply.text)[:80]!r}.") from error
        likelihood = min(reply.response_metadata["confidence"] or 0.9, 1 - 1e-6)
        rest = (1 - likelihood) / max(len(options) - 1, 1)
        return [math.log(likelihood if i == chosen else rest) for i in range(len(options))]

    def _sendable(self, message: BaseMessage) -> BaseMessage:
        return type(message)(content=[_block(part) for part in self.parts(message)])


def _block(part: Part) -> dict[str, Any]:
    if part.image is None:
        return {"type": "text", "text": part.text}
    return {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{_png(part.image)}"}}


def _png(image: Image.Image) -> str:
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return base64.b64encode(buffer.getvalue()).decode()
