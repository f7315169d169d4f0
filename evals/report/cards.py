"""One sample as a page shows it, the same among the worst ones, among all of them, and in a comparison."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from evals.records import Record
from evals.report import wording
from evals.report.contents import Examined
from evals.report.findings import Scored
from evals.report.pictures import Pictures


@dataclass(frozen=True)
class Card:
    """What a reader sees of a sample; `answers` has one for each run that is compared, with its heading."""

    prompt: str = ""
    answers: Sequence[tuple[str, str]] = (("Answer", ""),)
    references: str = ""
    facts: str = ""
    likenesses: Sequence[str] = ()


class Cards:
    """Makes them, with the pictures that could be had.

    Attributes:
        uris: the pictures as data URIs, in the order of `row`'s numbers.
    """

    def __init__(self, pictures: Pictures) -> None:
        self.uris = [_data_uri(data) for data in pictures.likenesses.values()]
        self._places = {sha256: place for place, sha256 in enumerate(pictures.likenesses)}

    def card(self, run: Examined, sample: Scored) -> Card:
        """A sample of one run."""
        record = sample.record
        return Card(
            prompt=wording.clipped(record.prompt),
            answers=[("Answer", wording.clipped(record.output))],
            references=wording.clipped(wording.references(record)),
            facts=_facts(run, sample),
            likenesses=self._likenesses(record),
        )

    def pair(self, labels: tuple[str, str], pair: tuple[Record, Record]) -> Card:
        """A sample of two runs."""
        first = pair[0]
        return Card(
            prompt=wording.clipped(first.prompt),
            answers=[
                (f"{label}, {_score(record.score)}", wording.clipped(record.output))
                for label, record in zip(labels, pair, strict=True)
            ],
            references=wording.clipped(wording.references(first)),
            facts=wording.joined([first.id, first.kind]),
            likenesses=self._likenesses(first),
        )

    def row(self, run: Examined, sample: Scored) -> dict[str, Any]:
        """A sample as the page's script gets it: a card, and what it is looked for by."""
        record = sample.record
        return {
            "id": record.id,
            "run": run.label,
            "prompt": wording.clipped(record.prompt),
            "answer": wording.clipped(record.output),
            "references": wording.clipped(wording.references(record)),
            "facts": _facts(run, sample),
            "pictures": [self._places[sha256] for sha256 in record.images if sha256 in self._places],
            "score": sample.score,
            "confidence": record.confidence,
            "seconds": record.seconds,
            "result": result(sample),
            "kind": record.kind,
            "lang": record.lang,
        }

    def _likenesses(self, record: Record) -> list[str]:
        return [self.uris[self._places[sha256]] for sha256 in record.images if sha256 in self._places]


def result(sample: Scored) -> str:
    """How it went, in a word or two."""
    if sample.record.error:
        return "error"
    if sample.record.parsed is None:
        return "no answer that counts"
    if sample.score in (None, 0.0, 1.0):
        return {None: "not scored", 0.0: "wrong", 1.0: "right"}[sample.score]
    return "partly right"


def _facts(run: Examined, sample: Scored) -> str:
    record = sample.record
    counted = "" if record.parsed in (None, record.output) else f"counted as “{wording.clipped(record.parsed)}”"
    return wording.joined(
        [
            f"{run.label} {record.id}".strip(),
            "no answer that counts" if record.parsed is None else counted,
            "" if sample.score is None else f"{run.score_name} {_score(sample.score)}",
            "" if record.confidence is None else f"confidence {wording.percent(record.confidence)}",
            f"{record.seconds:.2f} s",
            record.kind,
            record.lang,
            record.error,
        ]
    )


def _score(score: float | None) -> str:
    return "not scored" if score is None else wording.percent(score)


def _data_uri(webp: bytes) -> str:
    return f"data:image/webp;base64,{base64.b64encode(webp).decode()}"
