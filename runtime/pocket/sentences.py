"""The pocket preset's encoder of passages: all-MiniLM-L6-v2, taken as it is from a public package.

A sentence model of 22 million parameters (Wang et al. 2020; Reimers and Gurevych 2019), English; pooled by the mean.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from runtime.pocket.assembling import Progress, put_together
from runtime.pocket.sources import SENTENCES, fetch_together


def folder(models: Path) -> Path:
    """Where the encoder lies below the data directory's `models`, in the layout of sentence-transformers."""
    digest = hashlib.sha256("".join(file.sha256 for file in SENTENCES).encode()).hexdigest()
    return models / f"pocket-sentences-{digest[:12]}"


def assemble(models: Path, progress: Progress) -> Path:
    """Fetch the encoder's files. Whole or not at all; returns its folder at once where it exists.

    Raises:
        ModelNotPresent, ModelCorrupt: from fetching.
        DiskFull
    """

    def build(work: Path, out: Path) -> None:
        progress("fetching the sentence encoder (83 MB)", 0.0)
        out.mkdir()
        for file in fetch_together(SENTENCES, work):
            file.replace(out / file.name)
        progress("done", 1.0)

    return put_together(folder(models), "the encoder of passages", build)
