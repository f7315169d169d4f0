"""Reports of finished runs: what they say, and that what models and data wrote stays text."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from markdown_it import MarkdownIt

from evals.formats import Sample
from evals.records import Run
from evals.report import as_html, as_markdown, build
from evals.report.contents import data_name
from evals.report.kept import kept_runs
from evals.report.markdown import literal
from evals.report.pictures import pictures_of
from evals.report.spoiling import opened
from runtime.errors import BadData
from tests.evals.finished import data_file, finished, noise, questions

ATTACKS = ["<script>hit()</script>", '"><img src=x onerror=hit()>', "</script><b>", "{{ 7 * 7 }}", "a | b\n# c ![d](e)"]


def dogs(number: int, _: Sample) -> tuple[str, float | None]:
    """Right but for every third; rather sure."""
    return ("dog" if number % 5 else "a giraffe"), 0.9 - (number % 3) / 10


def cats(_: int, __: Sample) -> tuple[str, float | None]:
    return "cat", 0.5


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return data_file(tmp_path / "set", questions(30, kind="animals"), 30)


@pytest.fixture
def run(tmp_path: Path, data: Path) -> Run:
    return finished(tmp_path / "first", "vqa", data, dogs)


def text(html: str) -> str:
    """What a reader sees, roughly."""
    body = html[html.index("<body>") : html.index('<script id="data"')]
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", body)).split())


def embedded(html: str, name: str = "data") -> list[Any]:
    found = re.search(rf'<script id="{name}" type="application/json">(.*?)</script>', html, re.DOTALL)
    assert found
    value: list[Any] = json.loads(found[1])
    return value


def test_a_report_says_what_was_run_and_how_it_went(run: Run) -> None:
    seen = text(as_html(build([run])))
    for said in (
        "vqa on set/rows.jsonl, 30 samples",
        "accuracy 53.3 % [",
        "majority 66.7 %",
        "question_only",
        "ab" * 32,
        run.header().data,
        "c0ffee and changes that were not committed",
        "2026-11-23 10:11 UTC",
        "max_new_tokens 256",
        "torch 2.0",
        "How far confidence can be trusted",
        "Expected answers down, given answers across",
        "The worst",
        "Some at random",
        "Asked What is in picture 0? Answer a giraffe Expected cat",
    ):
        assert said in seen


def test_where_the_data_lie_is_not_told(run: Run, tmp_path: Path) -> None:
    report = build([run])
    for made in (as_html(report), as_markdown(report)):
        assert str(tmp_path) not in made
    assert data_name(run.header()) == "set/rows.jsonl"


def test_a_report_needs_nothing_else(run: Run) -> None:
    page = as_html(build([run]))
    assert re.findall(r"""(?:src|href|url)\s*[=(]\s*["']?(?!data:|#)[^\s"')]""", page.partition("<script>")[0]) == []
    assert "http" not in page.replace("http-equiv", "")
    policy = unescape(re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', page)[0])
    assert policy.startswith("default-src 'none';")
    for tag in ("style", "script"):
        [inside] = re.findall(rf"<{tag}>(.*?)</{tag}>", page, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(inside.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy


def test_every_sample_is_in_it_and_pictures_once(run: Run) -> None:
    page = as_html(build([run]))
    assert [sample["id"] for sample in embedded(page)] == run.header().ids
    pictures = embedded(page, "pictures")
    assert len(pictures) == len(set(pictures)) == 30
    assert page.count('class="sample"') == 12 + 12 + 1  # the worst, some at random, and the mould of all others


def test_what_models_and_data_wrote_stays_text(tmp_path: Path) -> None:
    rows = [
        {
            "id": f"{n} {attack}",
            "image": f"{n}.jpg",
            "question": attack,
            "answers": [attack],
            "kind": attack,
            "lang": attack,
        }
        for n, attack in enumerate(ATTACKS)
    ]
    data = data_file(tmp_path / "<b>set", rows, len(rows))
    run = finished(tmp_path / "run", "vqa", data, lambda number, _: (ATTACKS[number - 1], 0.5), model="<i>model")
    report = build([run])
    page = as_html(report)
    for attack in (*ATTACKS[:3], "<b>set", "<i>model"):
        assert attack not in page
        assert attack in unescape(page)
    assert "49" not in text(page)
    assert [sample["prompt"] for sample in embedded(page)] == ATTACKS
    tokens = MarkdownIt("commonmark").enable("table").parse(as_markdown(report))
    inline = [child for token in tokens for child in token.children or []]
    assert {token.type for token in inline} <= {"text", "text_special", "softbreak"}
    assert not any(token.type == "html_block" for token in tokens)
    headings = [tokens[place + 1].content for place, token in enumerate(tokens) if token.type == "heading_open"]
    assert headings == [
        "vqa · \\<i\\>model", "Scores", "In detail", "The worst", "Some at random", "What was run",
    ]  # fmt: skip
    for row in as_markdown(report).splitlines():
        if row.startswith("| 0 "):
            assert len(re.findall(r"(?<!\\)\|", row)) == 6


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        ("snake_case and _slanted_", "snake_case and \\_slanted\\_"),
        ("a\nb | *c*", "a b \\| \\*c\\*"),
        ("<b>", "\\<b\\>"),
        ("x" * 400, "x" * 300 + " …"),
    ],
)
def test_a_text_in_markdown_is_one_line_that_shows_it(words: str, shown: str) -> None:
    assert literal(words) == shown


def test_pictures_that_are_gone_or_changed_are_counted(run: Run, data: Path) -> None:
    (data.parent / "images" / "3.jpg").write_bytes(noise(99))
    page = as_html(build([run]))
    assert "1 pictures are not shown: they are gone, or are not those of the run any more." in text(page)
    assert len(embedded(page, "pictures")) == 29
    data.unlink()
    page = as_html(build([run]))
    assert "The data are not where they were, so their pictures are not shown." in text(page)
    assert "<img" not in page
    assert len(embedded(page)) == 30


def test_pictures_are_bounded_and_those_that_are_left_out_are_counted(run: Run) -> None:
    records = run.records()
    every = pictures_of([(run.header(), records)])
    size = sum(map(len, every.likenesses.values()))
    few = pictures_of([(run.header(), records[20:]), (run.header(), records)], most_bytes=size // 3)
    assert 9 <= len(few.likenesses) <= 13
    assert few.left_out == 30 - len(few.likenesses)
    assert list(few.likenesses)[:5] == [record.images[0] for record in records[20:25]]
    assert f"{few.left_out} more pictures are left out" in few.sentence
    assert every.sentence == ""


def test_runs_are_set_side_by_side_and_compared(run: Run, data: Path, tmp_path: Path) -> None:
    other = finished(tmp_path / "second", "vqa", data, cats, settings=run.header().settings | {"temperature": 1.5})
    report = build([run, other])
    [settings] = [row for row in report.facts if row.name == "settings"]
    assert settings.differs
    [accuracy] = [row for row in report.scores if row.name == "accuracy"]
    assert [cell.split(" ")[0] for cell in accuracy.cells] == ["53.3", "33.3"]
    [compared] = report.comparisons
    assert "53.3 % → 33.3 % on the same 30 samples: -20.0 points" in compared.verdict
    assert "McNemar" in compared.verdict
    assert compared.found is not None
    seen = text(as_html(report))
    assert compared.verdict in seen
    assert "B in detail" in seen
    assert compared.verdict.replace("[", "\\[").replace("]", "\\]") in as_markdown(report)


def test_runs_that_cannot_be_compared_say_why(run: Run, tmp_path: Path) -> None:
    rows = [{"image": "0.jpg", "captions": ["a dog runs"]}, {"image": "1.jpg", "captions": ["two boys swim"]}]
    data = data_file(tmp_path / "captions", rows, 2)
    other = finished(tmp_path / "second", "caption", data, lambda *_: ("a dog runs", None))
    report = build([run, other])
    assert "cannot be compared" in report.comparisons[0].verdict
    seen = text(as_html(report))
    assert report.comparisons[0].verdict in seen
    assert "rouge_l" in seen
    assert "CIDEr left out" in seen


def test_statements_and_messages_without_pictures(tmp_path: Path) -> None:
    rows = [{"text": f"Do {n}", "images": n % 2, "lang": "zh" if n > 7 else "en", "expect": ["vqa"]} for n in range(9)]
    data = data_file(
        tmp_path / "plans", [*rows, {"text": "Hi", "expect": ["answer"]}, {"text": "Hm", "expect": ["answer"]}], 0
    )
    run = finished(tmp_path / "run", "planning", data, lambda number, _: ("vqa" if number % 2 else "answer", None))
    seen = text(as_html(build([run])))
    assert "By language" in seen
    assert "given answers across" in seen
    assert "confidence" not in seen
    assert "pictures are" not in seen


def test_what_is_left_on_spoilt_pictures_stands_with_the_clean_run(data: Path, tmp_path: Path) -> None:
    folder = tmp_path / "spoilt"
    clean = finished(folder / "clean", "vqa", data, dogs)
    finished(folder / "fog-3", "vqa", data, cats, settings=clean.header().settings | {"condition": "fog-3"})

    def left(kind: str, family: str, level: int, share: float) -> dict[str, Any]:
        value = {"value": share, "low": share - 0.1, "high": share + 0.1}
        return {"kind": kind, "family": family, "level": level, "retained": value}

    conditions = [left("fog", "weather", 1, 0.9), left("fog", "weather", 3, 0.5), left("jpeg", "digital", 1, 0.8)]
    together = {"conditions": [*conditions, left("pgd", "attack", 2, 0.2)]}
    (folder / "robustness.json").write_text(json.dumps(together))
    report = build([opened(folder), Run(folder / "fog-3")])
    assert [run.name for run in report.runs] == ["spoilt", "spoilt/fog-3"]
    page, written = as_html(report), as_markdown(report)
    assert '<td class="heat5"><span dir="auto">90.0 % [80.0, 100.0]</span></td>' in page
    assert '<td class="heat1"><span dir="auto">20.0 % [10.0, 30.0]</span></td>' in page
    assert "| fog | 90.0 % [80.0, 100.0] | 50.0 % [40.0, 60.0] |" in written
    assert "| jpeg | 80.0 % [70.0, 90.0] |  |" in written
    assert "| pgd | 20.0 % [10.0, 30.0] |" in written
    assert written.count("What is left of accuracy") == 2
    ((kept,), _) = kept_runs(tmp_path)
    assert (kept.name, kept.finished) == ("spoilt", True)


def test_scripts_show_their_faults_and_counts_that_are_no_shares(tmp_path: Path) -> None:
    data = data_file(tmp_path / "set", questions(4), 4)
    run = finished(tmp_path / "run", "vqa", data, dogs, subject="agent")
    (run.folder / "run.json").write_text(json.dumps(vars(run.header()) | {"task": "conversation"}))
    value = {"value": 1.5, "low": 1.25, "high": 1.75}
    share = {"value": 0.5, "low": 0.2, "high": 0.8}
    metrics = {"steps": value, "accuracy": share, "turns_right": share}
    summary = run.summary() | {
        "metrics": metrics,
        "faults": {"wrong_answer": 2},
        "baselines": {"majority": {"accuracy": 0.1}},
    }
    run.write_summary(summary)
    report = build([run])
    seen = text(as_html(report))
    assert "steps 1.500 [1.250, 1.750]" in seen
    assert "wrong_answer 2" in seen
    assert "the whole agent" in seen
    assert report.runs[0].headline.endswith("accuracy 50.0 % [20.0, 80.0], beside majority 10.0 %")
    assert report.runs[0].score_name == "turns_right"
    assert "| wrong_answer | 2 |" in as_markdown(report)


def test_a_run_that_is_not_finished_has_no_report(run: Run) -> None:
    (run.folder / "summary.json").unlink()
    with pytest.raises(BadData, match="not finished"):
        build([run])


def test_kept_runs_are_listed_with_their_state(run: Run, data: Path, tmp_path: Path) -> None:
    newer = finished(tmp_path / "half", "vqa", data, cats, run="vqa-pocket-20261124-101112-131")
    (newer.folder / "summary.json").unlink()
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "run.json").write_text("{}")
    (half, whole), (fault,) = kept_runs(tmp_path)
    assert (half.name, half.finished, half.done) == ("half", False, 30)
    assert (whole.name, whole.finished, whole.done) == ("first", True, 30)
    assert whole.headline.startswith("accuracy 53.3 % [")
    assert whole.facts == "vqa · pocket · set/rows.jsonl"
    assert half.comparable(whole)
    assert not whole.comparable(half)
    assert not whole.comparable(whole)
    assert "broken" in fault.message
