"""From folders of pictures to the pocket encoder's weights: the whole recipe behind one call."""

from __future__ import annotations

import json
import random
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file

from runtime.pocket.encoder import CONFIG, SIDE, WEIGHTS, WIDTH, configuration
from runtime.pocket.pooled import PooledTower
from runtime.pocket.sources import BASE, LITE2
from runtime.pocket.tower import load
from runtime.pocket.training.data import BRIEFLY, Example, read
from runtime.pocket.training.features import Report as FeaturesReport
from runtime.pocket.training.features import read_features
from runtime.pocket.training.matching import Matcher, Recipe, Report, trainable
from runtime.pocket.training.run import fetched
from runtime.pocket.training.vocabulary import beginnings, tokenizer, words

SHARES = {"flickr8k": 0.55, "web5k": 0.24, "objects": 0.11, "vqav2": 0.06, "grocery": 0.03, "clothing": 0.01}
"""Of the pairs drawn."""

SPREAD_SAMPLE = 1500
"""Pictures of each source from which the features' spread is taken."""

LEAST_DEVIATION = 0.05

MOST = {"objects": 3600}
"""Pictures at most, where there are many of a kind."""


def train(
    data: Path, out: Path, recipe: Recipe, looked: FeaturesReport, report: Report, *, without: tuple[str, ...] = ()
) -> Path:
    """Train to the recipe's end in the folder `out`, or go on with what is there; returns the weights' folder.

    Raises:
        BadData: no source is in the data folder.
        ModelNotPresent, ModelCorrupt: from fetching what it starts from.
    """
    torch.manual_seed(recipe.seed)
    out.mkdir(parents=True, exist_ok=True)
    base, vision = (fetched(file, out / "base") for file in (BASE, LITE2))
    texts = pairs({name: rows for name, rows in read(data, without).items() if name in SHARES})
    vocabulary = _vocabulary(texts, base, out / "vocabulary.json")
    eyes, namer = load(vision)
    model = build(len(vocabulary))
    pooled: PooledTower = model.visual.trunk
    pooled.tower.load_state_dict(eyes.state_dict())
    pooled.pool.namer.load_state_dict(namer.classifier.state_dict())
    examples = {name: [example for example, _ in rows] for name, rows in texts.items()}
    features = read_features(examples, pooled, SIDE, out / "features", looked)
    spread = pooled.pool.rooted(features.sample(SPREAD_SAMPLE)).flatten(0, 1)
    pooled.pool.mean.copy_(spread.mean(0))
    pooled.pool.deviation.copy_(spread.std(0) + LEAST_DEVIATION)
    with torch.no_grad():
        model.text.token_embedding.weight.copy_(beginnings(vocabulary, base, WIDTH))
    trainable(model)
    shares = {name: SHARES[name] for name in texts}
    Matcher(recipe, model, tokenizer(vocabulary), features, texts, shares, out).run(report)
    return export(model, vocabulary, out / "weights")


def build(vocabulary: int) -> Any:
    """The untrained model, in float32."""
    from open_clip.model import CustomTextCLIP

    config = configuration(vocabulary)["model_cfg"]
    return CustomTextCLIP(config["embed_dim"], config["vision_cfg"], config["text_cfg"])


def pairs(sources: Mapping[str, list[Example]]) -> dict[str, list[tuple[Example, list[str]]]]:
    """Each source's examples with the texts that say what is on the picture; those without any are left out."""
    found: dict[str, list[tuple[Example, list[str]]]] = defaultdict(list)
    for name, examples in sources.items():
        mixed = list(examples)
        random.Random(0).shuffle(mixed)
        for example in mixed[: MOST.get(name)]:
            if said := _described(example):
                found[name].append((example, said))
    return dict(found)


def _described(example: Example) -> list[str]:
    """Descriptions as they are; of short questions those whose answer names something, with the answer."""
    said = []
    for question, answer in example.pairs:
        words = str(answer).rstrip(".").lower()
        if not question.endswith(BRIEFLY):
            said.append(words)
        elif words not in ("yes", "no") and not words.isdecimal() and example.picture is not None:
            said.append(f"{question.removesuffix(BRIEFLY).rstrip('?').lower()} {words}")
    return said


def _vocabulary(texts: Mapping[str, list[tuple[Example, list[str]]]], base: Path, kept: Path) -> list[str]:
    if not kept.exists():
        from transformers import AutoTokenizer

        pieces = AutoTokenizer.from_pretrained(base.parent, gguf_file=base.name).get_vocab()
        commonest = sorted(pieces, key=pieces.__getitem__)
        said = (text for rows in texts.values() for _, of in rows for text in of)
        kept.write_text(json.dumps(words(said, commonest)), encoding="utf-8")
    return list(json.loads(kept.read_text(encoding="utf-8")))


def export(model: Any, vocabulary: list[str], folder: Path) -> Path:
    """Write what the project ships: all but the tower and its head, in 16 bits, with tokenizer and configuration."""
    folder.mkdir(exist_ok=True)
    kept = ("visual.trunk.tower.", "visual.trunk.pool.namer.")
    tensors = {
        name: value.to(torch.bfloat16).contiguous()
        for name, value in model.state_dict().items()
        if not name.startswith(kept)
    }
    save_file(tensors, folder / WEIGHTS)
    tokenizer(vocabulary).save_pretrained(folder)
    (folder / CONFIG).write_text(json.dumps(configuration(len(vocabulary)), indent=1) + "\n", encoding="utf-8")
    return folder
