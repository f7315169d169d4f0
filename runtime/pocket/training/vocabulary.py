"""The words that the pocket encoder's text tower reads, and where each begins: beside the words that are like it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

PAD, UNKNOWN, END = "<pad>", "<unk>", "<end>"
ENDINGS = ("s", "es", "ed", "ing", "er", "ers", "ly", "y", "man", "men", "ball")
WORD = re.compile(r"[a-z]+|[0-9]")
COMMON = 12_000
"""Words of the language model's vocabulary, its commonest, that are known though no caption has them."""

FEWEST = 2
"""Occurrences from which a word of the captions is known."""

SPREAD = 0.05
"""Standard deviation of the first embeddings."""


def words(texts: Iterable[str], model_vocabulary: Iterable[str]) -> list[str]:
    """The vocabulary: marks, words of the captions, common words of the language, and pieces of words unknown."""
    seen = Counter(word for text in texts for word in WORD.findall(text.lower()))
    known = [word for word, count in seen.most_common() if count >= FEWEST]
    common = [token[1:] for token in model_vocabulary if re.fullmatch("Ġ[a-z]{2,}", token)][:COMMON]
    letters = [chr(code) for code in range(ord("a"), ord("z") + 1)]
    pieces = [f"##{piece}" for piece in (*letters, *ENDINGS)]
    return list(dict.fromkeys([PAD, UNKNOWN, END, *known, *common, *letters, *pieces]))


def tokenizer(vocabulary: list[str]) -> PreTrainedTokenizerFast:
    """A tokenizer of lower-cased words; each text ends with `END`."""
    from tokenizers import Regex, Tokenizer
    from tokenizers.models import WordPiece
    from tokenizers.normalizers import NFD, Lowercase, Sequence, StripAccents
    from tokenizers.pre_tokenizers import Split
    from tokenizers.processors import TemplateProcessing
    from transformers import PreTrainedTokenizerFast

    inner = Tokenizer(WordPiece({word: number for number, word in enumerate(vocabulary)}, unk_token=UNKNOWN))
    inner.normalizer = Sequence([NFD(), StripAccents(), Lowercase()])
    inner.pre_tokenizer = Split(Regex(WORD.pattern), "removed", invert=True)
    inner.post_processor = TemplateProcessing(single=f"$A {END}", special_tokens=[(END, vocabulary.index(END))])
    return PreTrainedTokenizerFast(tokenizer_object=inner, pad_token=PAD, unk_token=UNKNOWN, eos_token=END)


def beginnings(vocabulary: list[str], base: Path, width: int) -> torch.Tensor:
    """First embeddings (words, width): the language model's own, brought to `width` by principal components."""
    from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig

    pieces: Any = AutoTokenizer.from_pretrained(base.parent, gguf_file=base.name)
    model = AutoModelForCausalLM.from_pretrained(
        base.parent, gguf_file=base.name, dtype=torch.float32, quantization_config=GgufConfig(dequantize=True)
    )
    table = model.get_input_embeddings().weight.detach()
    means = torch.stack(
        [
            table[pieces(f" {word.removeprefix('##')}", add_special_tokens=False).input_ids].mean(0)
            for word in vocabulary
        ]
    )
    centred = means - means.mean(0)
    _, _, axes = torch.linalg.svd(centred[:8000], full_matrices=False)
    projected = centred @ axes[:width].T
    return projected * (SPREAD / projected.std())
