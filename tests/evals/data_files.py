"""Small data files for the tests of formats, and what is asked of each."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from evals.formats import Sample, load
from runtime.errors import BadData, UserError

PIXELS = b"\x89PNG pretended"
VQA: dict[str, Any] = {"image": "a.png", "question": "What is it?", "answers": ["cat", "a cat"]}


def lines(folder: Path, *rows: Any, name: str = "rows.jsonl") -> Path:
    path = folder / name
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def document(folder: Path, value: Any, name: str = "set.json", indent: int | None = None) -> Path:
    path = folder / name
    path.write_text(json.dumps(value, indent=indent), encoding="utf-8")
    return path


def picture(folder: Path, name: str) -> str:
    path = folder / "images" / name
    path.write_bytes(PIXELS)
    return str(path)


def essence(sample: Sample) -> tuple[str, list[str], str, tuple[str, ...]]:
    return sample.id, [image.path.name for image in sample.images if image.path], sample.text, sample.references


def refusal(task: str, path: Path | str, annotations: Path | None = None) -> str:
    with pytest.raises(BadData) as caught:
        load(task, path, annotations)
    assert caught.value.code == "bad_data"
    assert isinstance(caught.value, UserError)
    return str(caught.value)
