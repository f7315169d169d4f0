"""A run on disk: one header, one JSON line a sample, so that a killed run goes on where it stopped.

<evals>/<run>/run.json       what was run: everything that could change an answer, and where it ran
<evals>/<run>/samples.jsonl  one record a sample, appended and flushed one by one
<evals>/<run>/summary.json   made from the two, the same bytes every time
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from runtime.errors import BadData, DiskFull

IDENTITY = ("task", "version", "data", "pictures", "ids", "subject", "model", "weights", "settings")
"""The fields of a header that change answers; a run resumes only where all of them are the same."""


@dataclass(frozen=True)
class Header:
    """What was run.

    Attributes:
        run: the folder's name.
        task: its name; `version` changes when its prompts or its scoring do.
        data: sha256 of the data file; `pictures` is that of all the pictures' own digests, in order.
        source: where that file was.
        ids: the samples, in order, as drawn by `limit` and `seed`.
        subject: "model" for the bare model, "agent" for a whole turn.
        model: the model's key; `weights` is the sha256 over its weight files.
        settings: generation settings, preset, limit, seed.
        place: library versions, commit, machine: recorded, not compared.
    """

    run: str
    task: str
    version: int
    data: str
    pictures: str
    source: str
    ids: list[str]
    subject: str
    model: str
    weights: str
    settings: dict[str, Any]
    place: dict[str, Any]

    def identity(self) -> dict[str, Any]:
        """The part that must be the same for two runs to be one."""
        return {name: value for name, value in asdict(self).items() if name in IDENTITY}


@dataclass(frozen=True)
class Record:
    """What happened with one sample.

    `score` is in [0, 1], or None where only the whole run has one, and where the sample was not asked.
    `details` holds what a task of several turns keeps of each.
    """

    id: str
    images: list[str]
    prompt: str
    output: str
    parsed: str | None
    references: list[str]
    score: float | None
    group: str
    lang: str
    kind: str
    confidence: float | None = None
    usage: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0
    error: str = ""
    details: dict[str, Any] = field(default_factory=dict)


class Run:
    """One run's folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._samples = folder / "samples.jsonl"

    @classmethod
    def begin(cls, folder: Path, header: Header) -> Run:
        """Make the folder, or go on with one of the same identity.

        Raises:
            BadData: the folder holds another run.
        """
        run = cls(folder)
        if (folder / "run.json").exists():
            if run.header().identity() != json.loads(json.dumps(header.identity())):
                raise BadData(f"{folder} holds another run: its data, model or settings differ.")
            return run
        folder.mkdir(parents=True, exist_ok=True)
        _write(folder / "run.json", asdict(header))
        return run

    def header(self) -> Header:
        """Raises BadData where there is no run."""
        try:
            return Header(**json.loads((self.folder / "run.json").read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError) as error:
            raise BadData(f"{self.folder} holds no run that can be read: {error}.") from error

    def records(self) -> list[Record]:
        """What is done, in the header's order. A last line that was cut off by a kill counts as not done."""
        if not self._samples.exists():
            return []
        found: dict[str, Record] = {}
        for line in self._samples.read_bytes().split(b"\n")[:-1]:
            record = Record(**json.loads(line))
            found[record.id] = record
        return [found[name] for name in self.header().ids if name in found]

    @contextmanager
    def appending(self) -> Iterator[Appender]:
        """Append records; each is on disk before the next begins. What a kill cut off is removed first."""
        if self._samples.exists():
            content = self._samples.read_bytes()
            with self._samples.open("r+b") as stream:
                stream.truncate(content.rfind(b"\n") + 1)
        with self._samples.open("ab") as stream:
            yield Appender(stream)

    def write_summary(self, summary: dict[str, Any]) -> None:
        """Keep the summary beside the records."""
        _write(self.folder / "summary.json", summary)

    def summary(self) -> dict[str, Any]:
        """Raises BadData where the run was never finished."""
        try:
            content: dict[str, Any] = json.loads((self.folder / "summary.json").read_text(encoding="utf-8"))
        except OSError as error:
            raise BadData(f"The run {self.folder.name} is not finished; `vistalk eval resume` finishes it.") from error
        return content


class Appender:
    """Writes records one by one."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def add(self, record: Record) -> None:
        """Raises DiskFull."""
        line = json.dumps(asdict(record), ensure_ascii=False, sort_keys=True) + "\n"
        try:
            self._stream.write(line.encode())
            self._stream.flush()
            os.fsync(self._stream.fileno())
        except OSError as error:
            raise DiskFull("The disk is full; the run can be resumed when there is room.") from error


def sha256_of(paths: list[Path]) -> str:
    """One digest over the files' bytes, in the order given."""
    digest = hashlib.sha256()
    for path in paths:
        with path.open("rb") as stream:
            while block := stream.read(2**20):
                digest.update(block)
    return digest.hexdigest()


def _write(path: Path, value: dict[str, Any]) -> None:
    beside = path.with_suffix(".writing")
    beside.write_text(json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True), encoding="utf-8")
    beside.replace(path)
