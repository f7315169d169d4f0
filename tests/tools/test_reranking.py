"""A language model's second look at passages, with a model whose likelihoods are known."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from pydantic import Field

from memory.home import Home
from memory.library.records import Passage, PassageHit
from runtime.errors import Cancelled
from runtime.presets import preset_of
from runtime.settings import load_settings
from runtime.vlm.scripted import ScriptedModel
from tests.tools.stand_ins import WordsEncoder, indexed
from tools.base import ToolContext
from tools.reranking import FOUND_WEIGHT, QUESTION_CHARS, REREAD, Reranker
from tools.search_documents import SearchDocuments

GO = threading.Event()


class Reader(ScriptedModel):
    """Finds a question likely after texts that hold "answer", by so many nats, and remembers what it was asked."""

    nats: float = 0.0
    asked: list[tuple[list[str], str]] = Field(default_factory=list)

    def likelihoods(self, contexts: Sequence[str], text: str, *, cancel: threading.Event | None = None) -> list[float]:
        if cancel is not None and cancel.is_set():
            raise Cancelled
        self.asked.append((list(contexts), text))
        return [-40.0 + self.nats * ("answer" in context) for context in contexts]


def reader(nats: float) -> Reader:
    return Reader(rules=[], nats=nats, asked=[])


def hits(*found: tuple[str, float]) -> list[PassageHit]:
    paper = Path("/papers/manual.md")
    return [
        PassageHit(Passage(str(n), paper, paper.parent, "Pump › Care", None, text, n), score, n + 1, None)
        for n, (text, score) in enumerate(found)
    ]


def texts(found: Sequence[PassageHit]) -> list[str]:
    return [hit.passage.text for hit in found]


@pytest.mark.parametrize(("nats", "first"), [(2 * FOUND_WEIGHT + 0.1, "the answer"), (2 * FOUND_WEIGHT - 0.1, "near")])
def test_the_model_and_the_search_decide_together(nats: float, first: str) -> None:
    found = Reranker(reader(nats))(hits(("near", 3.0), ("the answer", 1.0), ("far", 0.0)), "How?", GO)
    assert texts(found)[0] == first
    assert [hit.score for hit in found] == sorted((hit.score for hit in found), reverse=True)
    assert {hit.dense_rank for hit in found} == {1, 2, 3}


def test_the_prompt_is_passage_and_place_and_the_question_one_line() -> None:
    model = reader(0)
    Reranker(model)(hits(("Rinse {it}.", 1.0), ("Oil it.", 0.5)), " How do\nI clean it? " + "x" * 10_000, GO)
    ((prompts, question),) = model.asked
    assert prompts[0].startswith("Passage: Pump › Care\nRinse {it}.\n")
    assert prompts[0].endswith("\nQuestion:")
    assert question.startswith(" How do I clean it? xxx")
    assert len(question) <= QUESTION_CHARS + 1


def test_those_far_down_keep_their_places_and_are_not_read() -> None:
    model = reader(50)
    many = hits(*[(f"text {n}", 5 - n / 10) for n in range(REREAD + 5)], ("the answer", 0.0))
    found = Reranker(model)(many, "How?", GO)
    assert texts(found) == texts(many)
    assert len(model.asked[0][0]) == REREAD
    assert [hit.score for hit in found] == sorted((hit.score for hit in found), reverse=True)


@pytest.mark.parametrize("count", [0, 1])
def test_where_there_is_no_choice_the_model_is_not_asked(count: int) -> None:
    model = reader(0)
    found = hits(("text", 1.0))[:count]
    assert Reranker(model)(found, "How?", GO) == found
    assert model.asked == []


def test_the_tool_quotes_what_the_second_look_prefers(home: Path, tmp_path: Path) -> None:
    (tmp_path / "manual.md").write_text(
        "# Kettle\n\n## Price\n\nWhat does the kettle cost? Much.\n\n## Sum\n\nThe answer is nine francs.\n", "utf-8"
    )
    with Home.open(load_settings(preset="scripted")) as opened:
        indexed(opened.library, tmp_path / "manual.md")
        quoted = {}
        for name, rerank in (("alone", None), ("twice", Reranker(reader(100)))):
            tool = SearchDocuments(lambda: opened.library, WordsEncoder(), top=1, rerank=rerank)
            context = ToolContext({}, lambda _: None, threading.Event(), "en")
            (source,) = tool.run(tool.arguments(query="What does the kettle cost?"), context).sources
            quoted[name] = source.text
        assert quoted == {"alone": "What does the kettle cost? Much.", "twice": "The answer is nine francs."}


def test_a_stop_while_the_model_reads_ends_the_search(home: Path, tmp_path: Path) -> None:
    (tmp_path / "manual.md").write_text("# A\n\nOne thing.\n\n# B\n\nAnother thing.\n", "utf-8")
    stop = threading.Event()

    class Stopped(Reader):
        def likelihoods(self, *contexts: Any, **options: Any) -> list[float]:
            stop.set()
            return super().likelihoods(*contexts, **options)

    with Home.open(load_settings(preset="scripted")) as opened:
        indexed(opened.library, tmp_path / "manual.md")
        tool = SearchDocuments(lambda: opened.library, WordsEncoder(), rerank=Reranker(Stopped(rules=[])))
        with pytest.raises(Cancelled):
            tool.run(tool.arguments(query="thing"), ToolContext({}, lambda _: None, stop, "en"))


def test_another_model_than_the_presets_own_is_not_asked_to_read_again() -> None:
    assert preset_of(load_settings(preset="pocket")).reranks
    assert not preset_of(load_settings(preset="pocket", vlm="someone/else")).reranks
    assert not preset_of(load_settings(preset="pocket", vlm_url="http://localhost:8000/v1")).reranks
