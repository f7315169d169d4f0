"""The pictures that training never sees, as files for `vistalk eval`."""

from __future__ import annotations

import json
from pathlib import Path

from runtime.pocket.training.data import Fields, held_out

FILES = {
    "vqa": ("vqav2", "vqav2/train.jsonl", "image"),
    "vsr": ("vqav2", "vqav2/vsr_train.jsonl", "image"),
    "rooms": ("daquar", "daquar/train.jsonl", "image"),
    "nlvr": ("nlvr", "nlvr/dev.jsonl", "identifier"),
}
"""Name to its folder of pictures, its rows, and the field by which rows are kept or trained on."""


def write(data: Path, out: Path) -> list[Path]:
    """Write `<out>/<name>/held-out.jsonl` beside a link to its pictures, for every source that is there."""
    written = []
    for name, (pictures, rows, field) in FILES.items():
        if (data / rows).exists():
            folder = out / name
            folder.mkdir(parents=True, exist_ok=True)
            link = folder / "images"
            link.unlink(missing_ok=True)
            link.symlink_to((data / pictures / "images").absolute(), target_is_directory=True)
            lines = (json.loads(line) for line in (data / rows).read_text(encoding="utf-8").splitlines())
            kept = [_row(line) for line in lines if held_out(line[field])]
            file = folder / "held-out.jsonl"
            file.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in kept), encoding="utf-8")
            written.append(file)
    return written


def _row(row: Fields) -> Fields:
    """The fields of our own format; VSR's labels become true or false."""
    wanted = {name: row[name] for name in ("image", "question", "answers", "statement") if name in row}
    return wanted | ({"label": bool(row["label"])} if "label" in row else {})
