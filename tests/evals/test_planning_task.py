"""The task planning: the planner alone, its numbers by hand, and what of them stands in the README."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from agent.assistant import Assistant
from agent.planner import Facts
from agent.planner import Plan as Planned
from evals.formats import Sample, load
from evals.metrics.confusion import NEITHER, NOTHING, expected_and_given, tabulated
from evals.records import Record, Run
from evals.report.stored import rendered, store
from evals.runner import Plan, resume, run
from evals.summary import Summary
from evals.tasks import TASKS
from runtime.errors import BadData, BadSetting, Cancelled, GenerationFailed, ModelNotPresent, VistalkError
from runtime.settings import Settings, load_settings
from tests.evals.data_files import lines

SCRIPT = """
[[rule]]
when = "broken"
error = "it broke"

[[rule]]
when = "describe|描述"
actions = ["caption"]

[[rule]]
when = "colour|颜色"
actions = ["vqa"]

[[rule]]
when = "that"
actions = ["ask_user"]

[[rule]]
actions = ["answer"]
reply = "Hello."
"""


def row(text: str, *expect: str, images: int = 0, lang: str = "en") -> dict[str, Any]:
    return {"text": text, "images": images, "lang": lang, "expect": list(expect)}


ROWS = [
    row("Hello", "answer"),
    row("And that?", "ask_user"),
    row("Do it", "ask_user"),  # answered
    row("describe it", "vqa", "caption", images=1),  # the second is right too
    row("What colour is it?", "vqa", images=2),
    row("describe its colour", "vqa", images=1),  # described
    row("What is broken?", "vqa", images=1),
    row("Find my blue pictures", "search_images"),
    row("描述一下", "caption", images=1, lang="zh"),
    row("什么颜色", "vqa", images=1, lang="zh"),
    row("你好", "answer", lang="zh"),
    row("查查手册", "search_documents", "search_images", lang="zh"),
    row("弄好它", "ask_user", lang="zh"),  # answered
]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    script = tmp_path / "script.toml"
    script.write_text(SCRIPT, encoding="utf-8")
    return load_settings(preset="scripted", script=script)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return lines(tmp_path, *ROWS)


def quiet(*_: object) -> None:
    """No progress."""


def planned(settings: Settings, data: Path, folder: Path) -> Summary:
    return run(settings, Plan("planning", data, "agent"), quiet, out=folder)


def test_numbers_are_those_counted_by_hand(settings: Settings, data: Path, tmp_path: Path) -> None:
    summary = planned(settings, data, tmp_path / "run")
    found = {name: round(value.value, 4) for name, value in summary.metrics.items()}
    assert (summary.n, summary.skipped, summary.errors, summary.unparsed) == (11, 2, 1, 1)
    assert {name: found[name] for name in found if name.startswith("accuracy")} == {
        "accuracy": 0.6364,
        "accuracy_en": 0.5714,
        "accuracy_zh": 0.75,
    }
    assert summary.baselines == {"majority": {"accuracy": 0.454545, "accuracy_en": 0.571429, "accuracy_zh": 0.25}}
    assert {name: found[name] for name in found if name.endswith(("_answer", "_ask_user", "_caption", "_vqa"))} == {
        "recall_answer": 1,
        "precision_answer": 0.5,
        "recall_ask_user": 0.3333,
        "precision_ask_user": 1,
        "recall_caption": 1,
        "precision_caption": 0.6667,
        "recall_vqa": 0.5,
        "precision_vqa": 1,
    }
    assert (found["recall_no_tool"], found["precision_no_tool"]) == (1, 1)
    assert (found["recall_ask_user_en"], found["recall_ask_user_zh"], found["recall_vqa_zh"]) == (0.5, 0, 1)
    assert 0 < found["median_seconds"] < 1
    assert summary.notes == [
        "2 messages were skipped, for want of the tools that they ask for: search_documents 1, search_images 1.",
    ]


def test_every_language_has_its_matrix(settings: Settings, data: Path, tmp_path: Path) -> None:
    summary = planned(settings, data, tmp_path / "run")
    english, chinese = summary.confusion["en"], summary.confusion["zh"]
    assert english.expected == ["answer", "ask_user", "caption", "vqa"]
    assert english.given == [*english.expected, NOTHING]
    assert english.counts == [[1, 0, 0, 0, 0], [1, 1, 0, 0, 0], [0, 0, 1, 0, 0], [0, 0, 1, 1, 1]]
    assert chinese.expected == chinese.given == ["answer", "ask_user", "caption", "vqa"]
    assert chinese.counts == [[1, 0, 0, 0], [1, 0, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]
    assert sum(matrix.n for matrix in summary.confusion.values()) == summary.n


def test_a_run_gone_on_with_ends_the_same(settings: Settings, data: Path, tmp_path: Path) -> None:
    summary = planned(settings, data, tmp_path / "run")
    kept = (tmp_path / "run" / "samples.jsonl").read_bytes().splitlines(keepends=True)
    (tmp_path / "run" / "samples.jsonl").write_bytes(b"".join(kept[:5]))
    again = resume(settings, tmp_path / "run", quiet)
    assert (again.n, again.skipped, again.confusion) == (summary.n, summary.skipped, summary.confusion)
    assert json.loads(json.dumps(again.to_json())) == Run(tmp_path / "run").summary()


def test_it_is_the_whole_agent_that_plans(settings: Settings, data: Path) -> None:
    with pytest.raises(BadSetting, match="whole agent"):
        run(settings, Plan("planning", data), quiet)


def test_nothing_to_ask_is_no_result(settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(BadData, match="None of the 2 samples"):
        planned(settings, lines(tmp_path, ROWS[7], ROWS[11]), tmp_path / "run")


def played(plan: Callable[[Facts], Planned], sample: Sample) -> Record:
    """By a planner that has one tool and does as it is told."""

    def as_told(facts: Facts, _: threading.Event) -> Planned:
        return plan(facts)

    planner = SimpleNamespace(plan=as_told, offered=lambda _: ["answer", "ask_user", "vqa"])
    stub = SimpleNamespace(planner=planner, settings=SimpleNamespace(language="auto"))
    script = TASKS["planning"].script
    assert script is not None
    return script.play(cast("Assistant", stub), sample)


def sample_of(tmp_path: Path, **fields: Any) -> Sample:
    (sample,) = load("planning", lines(tmp_path, {**row("左边是什么？", "vqa", images=3, lang="zh"), **fields}))
    return sample


def test_the_planner_is_told_of_all_pictures_as_new(tmp_path: Path) -> None:
    told: list[Facts] = []

    def plan(facts: Facts) -> Planned:
        told.append(facts)
        return Planned("vqa", {"images": ["img2"]}, {"answer": 0.25, "vqa": 0.75}, 0.12345)

    record = played(plan, sample_of(tmp_path))
    three = ["img1", "img2", "img3"]
    assert told == [Facts("左边是什么？", "zh", three, three)]
    assert (record.output, record.score, record.confidence, record.seconds) == ("vqa", 1, 0.75, 0.1235)


def raising(error: VistalkError) -> Callable[[Facts], Planned]:
    def plan(_: Facts) -> Planned:
        raise error

    return plan


def test_an_error_of_the_model_is_a_wrong_action(tmp_path: Path) -> None:
    record = played(raising(GenerationFailed("The model's plan left its grammar.")), sample_of(tmp_path))
    assert (record.parsed, record.score, record.error) == (None, 0, "The model's plan left its grammar.")


@pytest.mark.parametrize("error", [Cancelled("stopped"), ModelNotPresent("no model")])
def test_a_stop_and_a_wrong_setup_end_the_run(tmp_path: Path, error: VistalkError) -> None:
    with pytest.raises(type(error)):
        played(raising(error), sample_of(tmp_path))


def test_a_message_is_skipped_only_if_none_of_its_tools_is_here(tmp_path: Path) -> None:
    answer = Planned("answer", {}, {"answer": 1.0}, 0.1)
    assert played(lambda _: answer, sample_of(tmp_path, expect=["recall", "vqa"])).score == 0
    assert played(lambda _: answer, sample_of(tmp_path, expect=["recall", "answer"])).score == 1
    skipped = played(raising(GenerationFailed("never asked")), sample_of(tmp_path, expect=["recall", "forget"]))
    assert (skipped.score, skipped.parsed, skipped.error) == (None, None, "")


@pytest.mark.parametrize(
    ("said", "references", "right", "pair"),
    [
        ("vqa", ["caption", "vqa"], True, ("vqa", "vqa")),
        ("answer", ["caption", "vqa"], False, ("caption", "answer")),
        (None, ["caption", "vqa"], False, ("caption", NOTHING)),
        ("Yes!", ["yes"], True, ("yes", "yes")),
    ],
)
def test_what_was_expected(said: str | None, references: list[str], right: bool, pair: tuple[str, str]) -> None:
    assert expected_and_given(said, references, right=right) == pair


def test_a_matrix_counts_as_the_naive_reference() -> None:
    pairs = [("b", "b"), ("b", "c"), ("a", NEITHER), ("a", "b"), ("b", "b"), ("a", NOTHING)]
    found = tabulated(pairs)
    assert (found.expected, found.given) == (["a", "b"], ["a", "b", "c", NEITHER, NOTHING])
    counts = Counter(pairs)
    for wanted, line in zip(found.expected, found.counts, strict=True):
        assert line == [counts[wanted, given] for given in found.given]
    assert (found.recall("a"), found.recall("b")) == (0, 2 / 3)
    assert (found.precision("a"), found.precision("b")) == (None, 2 / 3)


README = "<!-- accuracy -->\n<!-- /accuracy -->\n<!-- planning -->\nold\n<!-- /planning -->\n"


def matrices(folder: Path) -> list[str]:
    return rendered(README, folder).split("<!-- planning -->\n")[1].splitlines()[:-1]


def test_the_readme_shows_the_matrices_of_what_is_stored(settings: Settings, data: Path, tmp_path: Path) -> None:
    summary = planned(settings, data, tmp_path / "run")
    folder = tmp_path / "results"
    folder.mkdir()
    assert matrices(folder) == []
    path = store(Run(tmp_path / "run"), folder)
    written = matrices(folder)
    assert written[0].startswith(f"11 messages of {path.parent.parent.name}/rows.jsonl, planned by scripted, half of")
    assert written[2] == summary.notes[0]
    said = (
        "English, 7 messages: accuracy 57.1 % [28.6, 85.7] (majority 57.1 %), recall of `ask_user` 50.0 % [0.0, 100.0]"
    )
    assert written[4].startswith(said)
    assert "no-tool precision 100.0 %" in written[4]
    assert written[6:13] == [
        "|  | answer | ask_user | caption | vqa | (no answer that counts) | **recall** |",
        "|---|---|---|---|---|---|---|",
        "| answer | 1 |  |  |  |  | 100.0 % |",
        "| ask_user | 1 | 1 |  |  |  | 50.0 % |",
        "| caption |  |  | 1 |  |  | 100.0 % |",
        "| vqa |  |  | 1 | 1 | 1 | 33.3 % |",
        "| **precision** | 50.0 % | 100.0 % | 50.0 % | 100.0 % |  |  |",
    ]
    assert written[14].startswith("Chinese, 4 messages: accuracy 75.0 %")
    assert rendered(rendered(README, folder), folder) == rendered(README, folder)


def test_one_language_alone_has_its_numbers_too(settings: Settings, data: Path, tmp_path: Path) -> None:
    run(settings, Plan("planning", data, "agent", language="zh"), quiet, out=tmp_path / "run")
    folder = tmp_path / "results"
    folder.mkdir()
    store(Run(tmp_path / "run"), folder)
    assert matrices(folder)[4].startswith("Chinese, 4 messages: accuracy 75.0 % [25.0, 100.0] (majority 25.0 %)")
