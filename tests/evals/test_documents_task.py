"""The task documents: a real library, with a passage encoder that is small and known."""

from __future__ import annotations

import json
import re
import zlib
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from evals.formats import load
from evals.records import Record, Run
from evals.runner import Plan, folder_of, resume, run
from memory.documents.read import read_document
from memory.documents.split import split
from runtime import models
from runtime.encoder.base import Vectors, unit
from runtime.errors import BadData, GenerationFailed
from runtime.settings import Settings, load_settings
from tests.evals.data_files import lines

SHIPPED = Path("evals/data/documents.jsonl")
DIMENSION = 64

HOUSE = """# House rules

## Keys

The door is locked at eleven. A lost key costs thirty francs.

## Quiet

Music ends at ten in the evening, on Fridays at midnight.

## Kitchen

Whoever cooks washes up. The fridge is emptied on Mondays.
"""

POOL = """# Pool

## Hours

The pool opens at seven and closes at nine in the evening.

## Keys

The key of a locker costs five francs, which you get back.
"""


class Counted:
    """Passages by how often words fall into each of a few bins."""

    id = "counted"
    dimension = DIMENSION

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        rows = np.full((len(texts), DIMENSION), 0.01)
        for row, text in zip(rows, texts, strict=True):
            for word, count in Counter(re.findall(r"\w+", text.lower())).items():
                row[zlib.crc32(word.encode()) % DIMENSION] += count
        return unit(rows)

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        if any("unspeakable" in text for text in texts):
            raise GenerationFailed("The encoder gave a vector that points nowhere.")
        return self.encode_passages(texts)


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setattr(models, "passage_encoder", lambda *_: Counted())
    return load_settings(preset="scripted", passage_encoder="somewhere")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    (tmp_path / "papers").mkdir()
    (tmp_path / "papers" / "house.md").write_text(HOUSE, encoding="utf-8")
    (tmp_path / "papers" / "pool.md").write_text(POOL, encoding="utf-8")
    asked = [
        ("What do I pay for a lost key?", "house", "A lost key  costs\nthirty francs"),
        ("When must music be off on Fridays?", "house", "on fridays at midnight"),
        ("How much for the key of a locker?", "pool", "costs five francs"),
        ("Does the pool open early?", "pool", "opens at seven"),
        ("泳池几点关门？", "pool", "closes at nine"),
        ("Where may I park?", "house", "a sentence that stands nowhere"),
    ]
    rows = [{"question": question, "file": f"papers/{file}.md", "quote": quote} for question, file, quote in asked]
    rows[4]["lang"] = "zh"
    return lines(tmp_path, *rows)


def quiet(*_: object) -> None:
    """No progress."""


def records_of(settings: Settings, plan: Plan) -> list[Record]:
    return Run(folder_of(settings) / run(settings, plan, quiet).run).records()


def test_the_right_passage_is_known_by_file_and_quotation(settings: Settings, data: Path) -> None:
    records = records_of(settings, Plan("documents", data))
    assert [record.details["rank"] for record in records[:4]] == [1, 1, 1, 1]
    assert records[0].parsed == "house.md: House rules › Keys"
    assert records[2].parsed == "pool.md: Pool › Keys"
    assert {record.details["candidates"] for record in records} == {5}
    missed = records[5]
    assert (missed.details["rank"], missed.score, missed.parsed is not None) == (None, 0.0, True)


def test_ranks_of_meaning_alone_are_those_of_exact_cosines(settings: Settings, data: Path) -> None:
    papers = [data.parent / "papers" / name for name in ("house.md", "pool.md")]
    passages = [(path, part.text) for path in papers for part in split(read_document(path, path.read_bytes()))]
    vectors = Counted().encode_passages([text for _, text in passages])
    samples = {sample.id: sample for sample in load("documents", data)}
    checked = 0
    for record in records_of(settings, Plan("documents", data))[:5]:
        cosines = vectors @ Counted().encode_queries([record.prompt])[0]
        quote = " ".join(record.references[0].lower().split())
        (right,) = (
            place
            for place, (path, text) in enumerate(passages)
            if path == samples[record.id].document and quote in " ".join(text.lower().split())
        )
        if sum(np.isclose(cosines, cosines[right], atol=1e-4)) == 1:
            assert record.details["by_meaning"] == 1 + int((cosines > cosines[right]).sum())
            checked += 1
    assert checked >= 3


def test_numbers_are_those_of_the_naive_reference(settings: Settings, data: Path) -> None:
    summary = run(settings, Plan("documents", data), quiet)
    records = Run(folder_of(settings) / summary.run).records()
    for depth in (1, 3, 5):
        name = f"passage_top{depth}"
        for lang, asked in {"": records, "_en": [r for r in records if r.lang == "en"]}.items():
            right = [r for r in asked if r.details["rank"] is not None and r.details["rank"] <= depth]
            assert summary.metrics[name + lang].value == pytest.approx(len(right) / len(asked))
        for rank, who in (("by_words", "words_alone"), ("by_meaning", "meaning_alone")):
            alone = [r for r in records if r.details[rank] is not None and r.details[rank] <= depth]
            assert summary.baselines[who][name] == pytest.approx(len(alone) / len(records), abs=1e-6)
        assert summary.baselines["chance"][name] == pytest.approx(depth / 5)
    ranks = [record.details["rank"] for record in records]
    expected = sum(1 / rank for rank in ranks if rank) / len(ranks)
    assert summary.metrics["reciprocal_rank"].value == pytest.approx(expected)


def test_one_language_is_asked_of_all_documents(settings: Settings, data: Path) -> None:
    (record,) = records_of(settings, Plan("documents", data, language="zh"))
    assert (record.lang, record.details["candidates"]) == ("zh", 5)


def test_the_run_names_the_encoder_and_goes_on_with_it(settings: Settings, data: Path) -> None:
    folder = folder_of(settings) / run(settings, Plan("documents", data), quiet).run
    header = Run(folder).header()
    assert (header.subject, header.model, header.weights) == ("encoder", "somewhere", "counted")
    kept = (folder / "samples.jsonl").read_bytes().splitlines(keepends=True)
    (folder / "samples.jsonl").write_bytes(b"".join(kept[:2]) + kept[2][:20])
    resume(load_settings(preset="scripted"), folder, quiet)
    again = (folder / "samples.jsonl").read_bytes().splitlines()
    whole, resumed = ([{**json.loads(line), "seconds": 0} for line in each] for each in (kept, again))
    assert whole == resumed


def test_a_document_that_changes_makes_another_run(settings: Settings, data: Path, tmp_path: Path) -> None:
    run(settings, Plan("documents", data), quiet, out=tmp_path / "run")
    (data.parent / "papers" / "pool.md").write_text(POOL.replace("seven", "eight"), encoding="utf-8")
    with pytest.raises(BadData, match="holds another run"):
        run(settings, Plan("documents", data), quiet, out=tmp_path / "run")


def test_an_error_of_the_encoder_counts_as_not_found(settings: Settings, data: Path) -> None:
    row = {"question": "unspeakable", "file": "papers/pool.md", "quote": "five francs"}
    summary = run(settings, Plan("documents", lines(data.parent, row, name="one.jsonl")), quiet)
    assert (summary.errors, summary.metrics["passage_top5"].value) == (1, 0.0)


def test_a_document_that_cannot_be_searched_ends_the_run(settings: Settings, data: Path) -> None:
    (data.parent / "papers" / "pool.md").write_bytes(b"")
    with pytest.raises(BadData, match=r"pool\.md cannot be searched"):
        run(settings, Plan("documents", data), quiet)


@pytest.mark.parametrize(("file", "said"), [("gone.md", "missing"), ("../secret.md", "outside"), ("papers", "missing")])
def test_a_document_that_is_not_there_is_named(data: Path, file: str, said: str) -> None:
    row = {"question": "What?", "file": file, "quote": "this"}
    with pytest.raises(BadData, match=f"line 1 names the document '{file}', which is {said}"):
        load("documents", lines(data.parent, row, name="bad.jsonl"))


def test_every_shipped_quotation_stands_in_exactly_one_passage() -> None:
    """Else its question could not be answered, or any of several passages would do."""
    samples = load("documents", SHIPPED)
    assert Counter(sample.lang for sample in samples) == {"en": 60, "zh": 15}
    assert len({sample.document for sample in samples}) == 4
    passages = {
        path: [" ".join(part.text.split()).casefold() for part in split(read_document(path, path.read_bytes()))]
        for path in {sample.document for sample in samples if sample.document}
    }
    found = {
        sample.id: sum(" ".join(sample.references[0].split()).casefold() in text for text in passages[sample.document])
        for sample in samples
        if sample.document
    }
    assert {name: count for name, count in found.items() if count != 1} == {}


def test_shipped_queries_are_for_two_hundred_pictures_in_both_languages() -> None:
    rows = [json.loads(line) for line in Path("evals/data/retrieval_queries.jsonl").read_text("utf-8").splitlines()]
    for field in ("image", "en", "zh"):
        assert len({row[field] for row in rows}) == 200
    assert all(re.search(r"[\u4e00-\u9fff]", row["zh"]) and row["en"].isascii() for row in rows)
