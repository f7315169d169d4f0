"""Decoding under a JSON schema: llguidance turns schema and tokens so far into a mask over the next token."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from llguidance import LLMatcher
from llguidance.hf import from_tokenizer
from transformers import LogitsProcessor

from runtime.errors import GenerationFailed

if TYPE_CHECKING:
    from llguidance import LLTokenizer
    from transformers import PreTrainedTokenizerFast


class GrammarCompiler:
    """Makes constraints for one tokenizer; the tokenizer's tables are built at the first use."""

    def __init__(self, tokenizer: PreTrainedTokenizerFast, vocabulary: int, eos: list[int]) -> None:
        self._source = (tokenizer, vocabulary, eos)
        self._tokenizer: LLTokenizer | None = None

    def constraint(self, schema: dict[str, Any], prompt_length: int) -> Constraint:
        """A constraint for one decoding.

        Raises:
            GenerationFailed: the schema uses something the grammar cannot express.
        """
        self._tokenizer = self._tokenizer or from_tokenizer(*self._source)
        grammar = LLMatcher.grammar_from_json_schema(json.dumps(schema), overrides={"whitespace_flexible": False})
        matcher = LLMatcher(self._tokenizer, grammar, log_level=0)
        if matcher.is_error():
            raise GenerationFailed(f"The schema cannot be decoded under: {matcher.get_error()}.")
        return Constraint(matcher, prompt_length)


class Constraint(LogitsProcessor):
    """Masks every token that the grammar does not allow; a complete value allows the end alone. Batch size one."""

    def __init__(self, matcher: LLMatcher, prompt_length: int) -> None:
        self._matcher = matcher
        self._consumed = prompt_length

    def __call__(self, input_ids: torch.LongTensor, scores: torch.FloatTensor) -> torch.FloatTensor:
        """Scores of shape (1, vocabulary), forbidden tokens at minus infinity."""
        fresh = input_ids[0, self._consumed :].tolist()
        self._consumed = input_ids.shape[1]
        if fresh and not self._matcher.consume_tokens(fresh):
            raise GenerationFailed(f"Decoding left its grammar: {self._matcher.get_error()}.")
        bits = np.frombuffer(self._matcher.compute_bitmask(), dtype=np.uint8)
        allowed = np.zeros(scores.shape[-1], dtype=bool)
        unpacked = np.unpackbits(bits, bitorder="little")[: allowed.size]
        allowed[: unpacked.size] = unpacked
        return scores.masked_fill(torch.from_numpy(~allowed).to(scores.device), -torch.inf)
