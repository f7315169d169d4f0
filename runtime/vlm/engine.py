"""One vision-language model at work: `generate` of transformers, streamed, stoppable, under a grammar, with reuse.

Decoding runs on the engine's own thread and hands its tokens over a queue. The engine serves one caller at a time:
the pool's lease guards it.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, TypeVar

import torch
from tokenizers.decoders import DecodeStream
from transformers import DynamicCache, LogitsProcessor, LogitsProcessorList, StoppingCriteriaList
from transformers.cache_utils import DynamicLayer

from runtime.errors import ContextTooLong
from runtime.vlm.decoding import Decoding, Piece, Sampler, Stop, StopText, TokenQueue, translated
from runtime.vlm.grammar import GrammarCompiler
from runtime.vlm.prefix import PrefixCache, common_length, fork, nbytes
from runtime.vlm.prompting import WITHOUT_PIXELS, Prompt, Prompter

if TYPE_CHECKING:
    from PIL import Image
    from transformers import Cache, PreTrainedModel, ProcessorMixin

    from runtime.confidence import Curve

PREFIX_BYTES = 128 * 2**20
"""Key-value memory kept for each kind of reuse: 5,500 tokens of the pocket model."""


R = TypeVar("R")

GREEDY = {"do_sample": False, "temperature": None, "top_p": None, "top_k": None}
"""Keeps a checkpoint's own sampling defaults out: sampling is ours, seeded and private."""


class VisionEngine:
    """A loaded model with its processor."""

    def __init__(
        self,
        model: PreTrainedModel,
        processor: ProcessorMixin,
        hints: Callable[[Image.Image], str] | None = None,
        curve: Curve | None = None,
    ) -> None:
        self.model = model
        text = model.config.get_text_config()
        self.context = int(text.max_position_embeddings)
        self.prompter = Prompter(processor, int(model.config.image_token_id), hints)
        self.eos = _end_tokens(model, self.prompter.tokenizer)
        self.prefixes = PrefixCache(PREFIX_BYTES)  # of conversations, to start from where the next one differs
        self.heads = PrefixCache(PREFIX_BYTES)  # of what is always read by itself, so that keeping it changes nothing
        self._text_config = text
        self._curve = curve
        self.stackable = all(type(layer) is DynamicLayer for layer in DynamicCache(config=text).layers)
        self._grammars = GrammarCompiler(self.prompter.tokenizer, int(text.vocab_size), self.eos)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="vlm")

    def stream(self, prompt: Prompt, decoding: Decoding, cancel: threading.Event) -> Generator[Piece]:
        """Pieces of the reply as they are made. Closing the iterator stops the model within a token.

        Raises:
            ContextTooLong, OutOfMemory, GenerationFailed
        """
        room = self.room(prompt.length)
        tokens = TokenQueue()
        stop = Stop(cancel)
        job = self._thread.submit(self._decode, prompt, decoding, min(decoding.max_new_tokens, room), tokens, stop)
        job.add_done_callback(lambda _: tokens.end())
        try:
            yield from self._pieces(tokens, decoding, stop, job, cancel)
        finally:
            stop.now = True
            job.exception()  # waits: the lease ends only when the model is idle

    def _pieces(
        self, tokens: TokenQueue, decoding: Decoding, stop: Stop, job: Future[int], cancel: threading.Event
    ) -> Generator[Piece]:
        detokenise = DecodeStream(skip_special_tokens=True)
        backend = self.prompter.tokenizer.backend_tokenizer
        stops, count, total, finish = StopText(decoding.stop), 0, 0.0, "length"
        for ((token, logprob),) in tokens:
            count += 1
            total += logprob
            if token in self.eos:
                finish = "stop"
                continue
            if text := stops.feed(detokenise.step(backend, token) or ""):
                yield Piece(text)
            if stops.found:
                stop.now, finish = True, "stop"
                break
        if text := stops.rest():
            yield Piece(text)
        cached = self._result(job)
        if finish == "length" and cancel.is_set():
            finish = "cancelled"
        yield Piece("", count, cached, self.confidence(total, count) if count else None, finish)

    def confidence(self, logprob: float, tokens: int) -> float:
        """The geometric mean of so many tokens' probabilities, mended by the model's curve where it has one."""
        stated = math.exp(logprob / tokens)
        return stated if self._curve is None else float(self._curve(stated))

    @staticmethod
    def _result(job: Future[R]) -> R:
        if error := job.exception():
            raise translated(error) from error
        return job.result()

    def run(self, stop: Stop, work: Callable[..., R], *given: Any) -> R:
        """What `work(*given, stop)` returns on the engine's thread. Whoever is interrupted waits for one step of it.

        Raises:
            OutOfMemory, GenerationFailed, Cancelled
        """
        job = self._thread.submit(work, *given, stop)
        try:
            return self._result(job)
        finally:
            stop.now = True
            job.exception()

    def _decode(self, prompt: Prompt, decoding: Decoding, limit: int, tokens: TokenQueue, stop: Stop) -> int:
        """Run `generate` to its end; returns how many prompt tokens were reused."""
        processors: list[LogitsProcessor] = [tokens.recorder]
        if decoding.json_schema is not None:
            processors.append(self._grammars.constraint(decoding.json_schema, prompt.length))
        if decoding.temperature > 0:
            processors.append(Sampler(decoding.temperature, decoding.seed, self.model.device))
        inputs, cache, cached = self._inputs(prompt, decoding.reuse)
        output = self.generate(inputs, cache, limit, processors, tokens, stop)
        self.prefixes.keep([*prompt.tags, *output[0, prompt.length :].tolist()], cache)
        return cached

    def generate(
        self,
        inputs: dict[str, torch.Tensor],
        cache: Cache,
        limit: int,
        processors: list[LogitsProcessor],
        tokens: TokenQueue,
        stop: Stop,
    ) -> torch.Tensor:
        """`generate` of the model, on the engine's thread, from a cache that holds the beginning of each row's tokens.

        Returns:
            Prompts and replies, shape (rows, tokens).
        """
        self._forget_positions()
        output: torch.Tensor = self.model.generate(
            **self._placed(inputs),
            past_key_values=cache,
            max_new_tokens=limit,
            eos_token_id=self.eos,
            pad_token_id=self.eos[0],
            logits_processor=LogitsProcessorList(processors),
            stopping_criteria=StoppingCriteriaList([stop]),
            streamer=tokens,
            **GREEDY,
        )
        return output

    def _inputs(self, prompt: Prompt, reuse: bool) -> tuple[dict[str, torch.Tensor], Cache, int]:
        cache, cached = self.prefixes.longest(prompt.tags) if reuse else (None, 0)
        inputs = {k: v for k, v in prompt.inputs.items() if not cached or k in WITHOUT_PIXELS}
        return inputs, DynamicCache(config=self._text_config) if cache is None else cache, cached

    def _placed(self, inputs: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """On the model's device, and in its number format."""
        device, dtype = self.model.device, self.model.dtype
        return {k: v.to(device, dtype) if v.is_floating_point() else v.to(device) for k, v in inputs.items()}

    def head(self, prompt: Prompt) -> tuple[Cache, int]:
        """A cache with the beginning of a prompt, read by itself, and how much of it had been kept: all or nothing.

        Since it is never read together with what follows, keeping it changes no number.
        """
        if not prompt.length:
            return DynamicCache(config=self._text_config), 0
        kept = self.heads.exact(prompt.tags)
        if kept is not None:
            return kept, prompt.length
        _, cache = self._prefill(prompt, [], reuse=False)
        self.heads.keep(prompt.tags, cache)
        return fork(cache, prompt.length), 0

    def _forget_positions(self) -> None:
        """Qwen's models keep the last prompt's position offset; positions must come from the prompt at hand."""
        if hasattr(self.model.base_model, "rope_deltas"):
            self.model.base_model.rope_deltas = None

    def score(
        self, prompt: Prompt, options: Sequence[str], cancel: threading.Event, *, reuse: bool = True
    ) -> list[float]:
        """The log-likelihood of each option as the beginning of the reply, in nats, up to a constant common to all.

        The prompt is prefilled once, tokens that all options share cost one pass, and what follows one more.
        """
        self.room(prompt.length)
        encoded = [self.prompter.tokenizer(option, add_special_tokens=False).input_ids for option in options]
        return self.run(Stop(cancel), self._score, prompt, encoded, reuse)

    @torch.no_grad()
    def _score(self, prompt: Prompt, options: list[list[int]], reuse: bool, stop: Stop) -> list[float]:
        shared = min(common_length(options[0], other) for other in options)
        prefix = options[0][: min(shared, min(map(len, options)) - 1)]
        logits, cache = self._prefill(prompt, prefix, reuse)
        self.prefixes.keep([*prompt.tags, *prefix], cache)
        rests = [option[len(prefix) :] for option in options]
        first = logits.log_softmax(-1)
        scores = [float(first[rest[0]]) for rest in rests]
        at_once = max(1, self.prefixes.max_bytes // nbytes(cache))
        longer = [i for i, rest in enumerate(rests) if len(rest) > 1]
        for start in range(0, len(longer), at_once):
            stop.check()
            group = longer[start : start + at_once]
            for i, score in zip(group, self._follow(cache, [rests[i] for i in group]), strict=True):
                scores[i] += score
        return scores

    def _follow(self, cache: Cache, rests: list[list[int]]) -> list[float]:
        """Log-likelihoods of each continuation after its first token, in one pass; padding comes after what counts."""
        batch = fork(cache, cache.get_seq_length())
        batch.batch_repeat_interleave(len(rests))
        ids = torch.full((len(rests), max(map(len, rests)) - 1), self.eos[0])
        for row, rest in zip(ids, rests, strict=True):
            row[: len(rest) - 1] = torch.tensor(rest[:-1])
        logits = self.model(input_ids=ids.to(self.model.device), past_key_values=batch, use_cache=True).logits.float()
        return [
            float(steps.log_softmax(-1)[range(len(rest) - 1), rest[1:]].sum())
            for steps, rest in zip(logits, rests, strict=True)
        ]

    def _prefill(self, prompt: Prompt, extra: list[int], reuse: bool) -> tuple[torch.Tensor, Cache]:
        """Logits after the prompt and the extra tokens, shape (vocabulary,), and the cache that holds them."""
        inputs, cache, _ = self._inputs(prompt, reuse)
        self._forget_positions()
        output = self.model.generate(
            **self._placed(inputs),
            past_key_values=cache,
            max_new_tokens=1,
            pad_token_id=self.eos[0],
            return_dict_in_generate=True,
            output_logits=True,
            **GREEDY,
        )
        if not extra:
            return output.logits[0][0].float(), cache
        logits = self.model(input_ids=self._row(extra), past_key_values=cache, use_cache=True).logits
        return logits[0, -1].float(), cache

    def likelihoods(self, contexts: Sequence[str], text: str, cancel: threading.Event) -> list[float]:
        """The log-likelihood of the text after each context, in nats. Contexts that came before are not read again."""
        ids = self.prompter.words(text)[-self.context // 2 :]
        return self.run(Stop(cancel), self._likelihoods, contexts, ids)

    @torch.no_grad()
    def _likelihoods(self, contexts: Sequence[str], text: list[int], stop: Stop) -> list[float]:
        totals = []
        for context in contexts:
            stop.check()
            self._forget_positions()
            *head, last = self.prompter.words(context)
            cache, _ = self.head(Prompt({"input_ids": self._row(head)}, [*head], 0, 0))
            logits = self.model(input_ids=self._row([last, *text]), past_key_values=cache, use_cache=True).logits
            totals.append(float(logits[0, :-1].float().log_softmax(-1)[range(len(text)), text].sum()))
        return totals

    def _row(self, ids: list[int]) -> torch.Tensor:
        return torch.tensor([ids], device=self.model.device)

    def room(self, length: int) -> int:
        """Tokens left for the reply to a prompt of that length.

        Raises:
            ContextTooLong: none.
        """
        if length >= self.context:
            raise ContextTooLong(f"The conversation takes {length:,} tokens; the model reads {self.context:,}.")
        return self.context - length

    def close(self) -> None:
        """Stop the thread and let go of everything that holds memory."""
        self._thread.shutdown()
        self.prefixes.clear()
        self.heads.clear()
        del self.model


def _end_tokens(model: PreTrainedModel, tokenizer: Any) -> list[int]:
    """Every token that ends a turn: the generation config's and the tokenizer's."""
    named = model.generation_config.eos_token_id
    ids = named if isinstance(named, list) else [named]
    return list(dict.fromkeys(token for token in [*ids, tokenizer.eos_token_id] if token is not None))
