"""The training sources as examples: one picture with what can be asked about it. Held-out pictures never become one.

Every source is a folder of the data directory and may be missing; a recipe without research-only sources is a recipe
with fewer folders. See the folders' own README for origin and licence.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import random
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from runtime.pocket.training.questions import about_captions, about_name

CAPTION = "Describe the image."
CAPTION_WORDINGS = (CAPTION, "What is in the picture?", "Write a caption.", "What do you see?", "请描述这张图片。")
BRIEFLY = " Answer briefly."
HELD_OUT = 26
"""Of 256: about a tenth of the pictures (of the identifiers, for NLVR) is kept for measuring."""

Fields = dict[str, Any]
"""A row of a data file."""

Answer = str | tuple[str, ...]
"""A reply, or the pieces of one that are tokenised on their own."""


@dataclass(frozen=True)
class Example:
    """One picture, or none, with prompts and their answers.

    Attributes:
        picture: its file; None for text alone.
        pairs: (prompt, answer), the prompts without the model's turn marks.
        geometry: whether crops are harmless: no counts, positions or small drawings are asked for.
        mirror: whether it may be mirrored: nobody speaks of left or right.
        ends: whether an answer ends the reply; a plan's first words do not.
    """

    picture: Path | None
    pairs: tuple[tuple[str, Answer], ...]
    geometry: bool = True
    mirror: bool = True
    ends: bool = True


def held_out(name: str) -> bool:
    """Whether the picture or identifier of that name is kept for measuring."""
    return hashlib.sha256(name.encode()).digest()[0] < HELD_OUT


def sentence(text: str) -> str:
    """With a capital letter and a full stop."""
    text = text.strip().rstrip(".").strip()
    return text[:1].upper() + text[1:] + "."


def brief(question: str) -> str:
    """A question that wants a short answer."""
    question = question.strip()
    return question[:1].upper() + question[1:].rstrip(" ?") + "?" + BRIEFLY


def claim(statement: str) -> str:
    """A statement to be judged."""
    return f"Is this true? {statement.strip()}{BRIEFLY}"


def _example(picture: Path, pairs: list[tuple[str, str]], *, geometry: bool = True) -> Example:
    words = " ".join(f"{question} {answer}" for question, answer in pairs).lower().split()
    return Example(picture, tuple(pairs), geometry, mirror=not {"left", "right"} & {w.strip(".,?") for w in words})


def _rows(path: Path) -> list[Fields]:
    with path.open(encoding="utf-8") as stream:
        return [json.loads(line) for line in stream]


def _captions(data: Path, name: str) -> Iterator[Example]:
    wording = random.Random(name)
    for row in _rows(data / name / "train.jsonl"):
        picture = data / name / "images" / row["image"]
        asked = wording.choices(CAPTION_WORDINGS, (12, 2, 1, 1, 1))[0]
        yield _example(picture, [(asked, sentence(caption)) for caption in row["captions"]])


def _caption_questions(data: Path, name: str) -> Iterator[Example]:
    rows = _rows(data / name / "train.jsonl")
    for row, pairs in zip(rows, about_captions([row["captions"] for row in rows], seed=name), strict=True):
        if pairs:
            asked = [(brief(question), sentence(answer)) for question, answer in pairs]
            yield _example(data / name / "images" / row["image"], asked, geometry=False)


def _grouped(folder: Path, rows: list[Fields], pair: Callable[[Fields], tuple[str, str]]) -> Iterator[Example]:
    by_picture: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for row in rows:
        if not held_out(row["image"]):
            by_picture[row["image"]].append(pair(row))
    for picture, pairs in by_picture.items():
        yield _example(folder / picture, pairs, geometry=False)


def _vqav2(data: Path) -> Iterator[Example]:
    def pair(row: Fields) -> tuple[str, str]:
        return brief(row["question"]), sentence(Counter(row["answers"]).most_common(1)[0][0])

    yield from _grouped(data / "vqav2/images", _rows(data / "vqav2/train.jsonl"), pair)


def _vsr(data: Path) -> Iterator[Example]:
    yield from _grouped(data / "vqav2/images", _rows(data / "vqav2/vsr_train.jsonl"), _judged)


def _judged(row: Fields) -> tuple[str, str]:
    return claim(row["statement"]), "Yes." if row["label"] else "No."


def _daquar(data: Path) -> Iterator[Example]:
    def pair(row: Fields) -> tuple[str, str]:
        return brief(row["question"]), sentence(", ".join(row["answers"]).replace("_", " "))

    yield from _grouped(data / "daquar/images", _rows(data / "daquar/train.jsonl"), pair)


def _nlvr(data: Path) -> Iterator[Example]:
    for row in _rows(data / "nlvr/dev.jsonl"):
        if not held_out(row["identifier"]):
            yield _example(data / "nlvr/images" / row["image"], [_judged(row)], geometry=False)


def _shapes(_: Path) -> Iterator[Example]:
    """easy-VQA, from its package."""
    found = importlib.util.find_spec("easy_vqa")
    if found is None or found.origin is None:
        return
    folder = Path(found.origin).parent / "data" / "train"
    by_picture: dict[int, list[tuple[str, str]]] = defaultdict(list)
    for question, answer, picture in json.loads((folder / "questions.json").read_text(encoding="utf-8")):
        by_picture[picture].append((brief(question), sentence(answer)))
    for picture, pairs in by_picture.items():
        yield _example(folder / "images" / f"{picture}.png", pairs, geometry=False)


def _named(folder: Path, file: str, label: Callable[[Fields], str], kind: Callable[[Fields], str]) -> Iterator[Example]:
    rows = _rows(folder / file)
    names = sorted({label(row) for row in rows})
    chance = random.Random(folder.name)
    for row in rows:
        asked = about_name(label(row), kind(row), names, chance)
        pairs = [(brief(question) if short else question, sentence(answer)) for question, answer, short in asked]
        yield _example(folder / "images" / row["image"], pairs)


def _objects(data: Path) -> Iterator[Example]:
    def label(row: Fields) -> str:
        return str(row["names"][0]).replace("_", " ").lower()

    yield from _named(data / "objects", "train.jsonl", label, lambda _: "thing")


def _grocery(data: Path) -> Iterator[Example]:
    def label(row: Fields) -> str:
        return str(row["coarse"]).replace("-", " ").lower()

    kinds = {"Fruit": "fruit", "Vegetables": "vegetable", "Packages": "product"}
    for file in ("train.jsonl", "iconic.jsonl"):
        yield from _named(data / "grocery", file, label, lambda row: kinds[row["super"]])


def _clothing(data: Path) -> Iterator[Example]:
    words = {"Outwear": "jacket", "Longsleeve": "long-sleeved shirt"}

    def label(row: Fields) -> str:
        return words.get(row["label"], str(row["label"]).lower())

    yield from _named(data / "clothing", "train.jsonl", label, lambda _: "garment")


SOURCES: dict[str, tuple[str, float, Callable[[Path], Iterator[Example]]]] = {
    "flickr8k": ("flickr8k", 0.30, lambda data: _captions(data, "flickr8k")),
    "flickr8k questions": ("flickr8k", 0.12, lambda data: _caption_questions(data, "flickr8k")),
    "web5k": ("web5k", 0.09, lambda data: _captions(data, "web5k")),
    "vqav2": ("vqav2", 0.04, _vqav2),
    "vsr": ("vqav2", 0.01, _vsr),
    "daquar": ("daquar", 0.01, _daquar),
    "nlvr": ("nlvr", 0.02, _nlvr),
    "easy-vqa": ("", 0.12, _shapes),
    "objects": ("objects", 0.11, _objects),
    "grocery": ("grocery", 0.03, _grocery),
    "clothing": ("clothing", 0.015, _clothing),
}
"""Name to its folder ("" for a package), its share of the examples drawn, and how it is read."""


def read(data: Path, without: tuple[str, ...] = ()) -> dict[str, list[Example]]:
    """Every source whose folder is there."""
    found = {}
    for name, (folder, _, reader) in SOURCES.items():
        if folder not in without and (data / folder).is_dir() and (examples := list(reader(data))):
            found[name] = examples
    return found
