"""A local vision-language model as a LangChain chat model, leased from the pool for each call."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Generator, Sequence
from contextlib import AbstractContextManager, closing
from typing import TYPE_CHECKING, Any, cast

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models.chat_models import generate_from_stream
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, HumanMessage, SystemMessage
from langchain_core.outputs import ChatGenerationChunk
from pydantic import Field

from runtime.errors import GenerationFailed, VistalkError
from runtime.pool import ModelPool, ModelSpec
from runtime.vlm.base import Heat, VisionChatModel, beginnings, final_chunk

if TYPE_CHECKING:
    from runtime.vlm.decoding import Piece
    from runtime.vlm.engine import VisionEngine
    from runtime.vlm.prompting import Conversation, Prompt

ROLES: dict[type[BaseMessage], str] = {HumanMessage: "user", AIMessage: "assistant", SystemMessage: "system"}


class LocalVisionChatModel(VisionChatModel):
    """Any `AutoModelForImageTextToText` checkpoint. See `VisionChatModel` for what a call takes and gives."""

    pool: ModelPool = Field(exclude=True)
    spec: ModelSpec[Any] = Field(exclude=True)
    max_new_tokens: int = 256
    temperature: float = 0.0
    seed: int = 0
    reuse: bool = True

    @property
    def _llm_type(self) -> str:
        return "vistalk-local"

    @property
    def _identifying_params(self) -> dict[str, Any]:
        return {"model": self.spec.key, "temperature": self.temperature, "seed": self.seed}

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        *,
        cancel: threading.Event | None = None,
        on_wait: Callable[[int], None] | None = None,
        **decoding: Any,
    ) -> Generator[ChatGenerationChunk]:
        from runtime.vlm.decoding import Decoding

        conversation = self._conversation(messages)
        cancel = cancel or threading.Event()
        wanted = Decoding(**self._defaults() | decoding, stop=tuple(stop or ()))
        with self._engine(cancel, on_wait) as engine:
            prompt = engine.prompter.prompt(conversation)
            with closing(engine.stream(prompt, wanted, cancel)) as pieces:
                for piece in pieces:
                    if piece.finish:
                        chunk = _last(prompt, piece)
                    else:
                        chunk = ChatGenerationChunk(message=AIMessageChunk(content=piece.text))
                    if run_manager:
                        run_manager.on_llm_new_token(piece.text, chunk=chunk)
                    yield chunk

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        """Pumped from one thread, so that closing or cancelling the iteration stops the model within a token."""
        loop, chunks, gone = (
            asyncio.get_running_loop(),
            asyncio.Queue[ChatGenerationChunk | None](),
            threading.Event(),
        )

        def pump() -> None:
            try:
                with closing(self._stream(messages, stop, **kwargs)) as stream:
                    for chunk in stream:
                        loop.call_soon_threadsafe(chunks.put_nowait, chunk)
                        if gone.is_set():
                            return
            finally:
                loop.call_soon_threadsafe(chunks.put_nowait, None)

        worker = asyncio.create_task(asyncio.to_thread(pump))
        try:
            while (chunk := await chunks.get()) is not None:
                if run_manager:
                    await run_manager.on_llm_new_token(str(chunk.message.content), chunk=chunk)
                yield chunk
        finally:
            gone.set()
            await asyncio.shield(worker)

    def replies(self, conversations: Sequence[Sequence[BaseMessage]]) -> Generator[dict[int, AIMessage | VistalkError]]:
        """See `VisionChatModel.replies`; `runtime.vlm.slate` says how they are read together."""
        from runtime.vlm.decoding import Decoding
        from runtime.vlm.slate import together

        with self._engine() as engine:
            prompts: dict[int, Prompt] = {}
            refused: dict[int, AIMessage | VistalkError] = {}
            for number, messages in enumerate(conversations):
                try:
                    prompts[number] = engine.prompter.prompt(self._conversation(messages))
                except VistalkError as error:
                    refused[number] = error
            if refused:
                yield refused
            with closing(together(engine, prompts, Decoding(**self._defaults()))) as slates:
                for slate in slates:
                    yield {
                        number: piece if isinstance(piece, VistalkError) else _message(prompts[number], piece)
                        for number, piece in slate.items()
                    }

    def window(self) -> int:
        """See `VisionChatModel.window`."""
        with self._engine() as engine:
            return engine.context

    def get_num_tokens_from_messages(
        self,
        messages: Sequence[BaseMessage],
        tools: Sequence[Any] | None = None,  # noqa: ARG002  of langchain's own signature
        *,
        cancel: threading.Event | None = None,
    ) -> int:
        """See `VisionChatModel.get_num_tokens_from_messages`; these are the model's own tokens."""
        conversation = self._conversation(messages)
        with self._engine(cancel) as engine:
            return engine.prompter.length(conversation)

    def choose(
        self,
        messages: Sequence[BaseMessage],
        field: str,
        options: Sequence[str],
        *,
        cancel: threading.Event | None = None,
    ) -> list[float]:
        """See `VisionChatModel.choose`."""
        cancel = cancel or threading.Event()
        conversation = self._conversation(messages)
        with self._engine(cancel) as engine:
            prompt = engine.prompter.prompt(conversation)
            return engine.score(prompt, beginnings(field, options), cancel, reuse=self.reuse)

    def likelihoods(self, contexts: Sequence[str], text: str, *, cancel: threading.Event | None = None) -> list[float]:
        """See `VisionChatModel.likelihoods`."""
        cancel = cancel or threading.Event()
        with self._engine(cancel) as engine:
            return engine.likelihoods(contexts, text, cancel)

    def attribution(
        self, messages: Sequence[BaseMessage], reply: str, *, cancel: threading.Event | None = None
    ) -> Heat | None:
        """See `VisionChatModel.attribution`."""
        from runtime.vlm.attribution import attribution

        conversation = self._conversation(messages)
        with self._engine(cancel or threading.Event()) as engine:
            return attribution(engine, engine.prompter.prompt(conversation), reply)

    def _engine(
        self, cancel: threading.Event | None = None, on_wait: Callable[[int], None] | None = None
    ) -> AbstractContextManager[VisionEngine]:
        return self.pool.lease(self.spec, cancel=cancel, on_wait=on_wait)

    def _defaults(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in ("max_new_tokens", "temperature", "seed", "reuse")}

    def _conversation(self, messages: Sequence[BaseMessage]) -> Conversation:
        turns = []
        for message in messages:
            role = next((role for kind, role in ROLES.items() if isinstance(message, kind)), None)
            if role is None:
                raise GenerationFailed(f"A {message.type} message has no place in this model's conversation.")
            turns.append((role, self.parts(message)))
        return turns


def _last(prompt: Prompt, piece: Piece) -> ChatGenerationChunk:
    return final_chunk(
        prompt=prompt.length,
        output=piece.tokens,
        image=prompt.visual_tokens,
        cached=piece.cached,
        confidence=piece.confidence,
        finish=piece.finish,
    )


def _message(prompt: Prompt, piece: Piece) -> AIMessage:
    """A reply that was not streamed, as `invoke` gives it."""
    words = ChatGenerationChunk(message=AIMessageChunk(content=piece.text))
    whole = generate_from_stream(iter([words, _last(prompt, piece)])).generations[0].message
    return cast("AIMessage", whole)
