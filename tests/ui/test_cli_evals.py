"""`vistalk eval` from the command line, with the scripted model."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from agent.assembly import open_assistant
from runtime.settings import load_settings
from tests.agent.stage import png
from tests.ui.terminal import Terminal


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Six questions about three pictures."""
    rows = []
    for number in range(3):
        (tmp_path / f"{number}.png").write_bytes(png(f"#0{number}0000").data)
        for word in ("sky", "sea"):
            question = f"What colour is the {word} in picture {number}?"
            rows.append({"image": f"{number}.png", "question": question, "answers": ["blue"] if number else ["red"]})
    path = tmp_path / "questions.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


SCRIPT = """
[[rule]]
when = "sky"
reply = "Blue."

[[rule]]
reply = "Red."
"""


@pytest.fixture
def scripted(tmp_path: Path) -> Terminal:
    terminal = Terminal(tmp_path)
    terminal.script.write_text(SCRIPT)
    return terminal


def test_run_prints_one_json_object_last(scripted: Terminal, data: Path) -> None:
    done = scripted("eval", "run", "vqa", "--data", str(data), "--json")
    assert done.code == 0
    summary = json.loads(done.out.splitlines()[-1])
    assert (summary["task"], summary["n"]) == ("vqa", 6)
    accuracy = summary["metrics"]["accuracy"]
    assert accuracy["value"] == pytest.approx(3 / 6)
    assert accuracy["low"] <= accuracy["value"] <= accuracy["high"]
    assert set(summary["baselines"]) == {"majority", "question_only"}


def test_a_run_is_listed_shown_resumed_and_compared(scripted: Terminal, data: Path, home: Path) -> None:
    run = json.loads(scripted("eval", "run", "vqa", "--data", str(data), "--json").out.splitlines()[-1])["run"]
    listed = json.loads(scripted("eval", "list", "--json").out)
    assert listed["runs"] == [run]
    assert "vqa" in listed["tasks"]
    sample = data.read_text().splitlines()[0]
    again = scripted("eval", "resume", run, "--json")
    assert json.loads(again.out.splitlines()[-1])["n"] == 6
    same = json.loads(scripted("eval", "compare", run, run, "--json").out)
    assert (same["difference"], same["p"], same["changed"]) == (0, 1, [])
    ids = json.loads((home / "evals" / run / "run.json").read_text())["ids"]
    record = json.loads(scripted("eval", "show", run, "--sample", ids[0]).out)
    assert record["references"] == json.loads(sample)["answers"]


def test_tables_for_people(scripted: Terminal, data: Path) -> None:
    done = scripted("eval", "run", "vqa", "--data", str(data))
    assert "accuracy" in done.out
    assert "6 samples, 0 without an answer that counts, 0 with errors" in done.err
    assert "vqa" in scripted("eval", "list").out


@pytest.mark.parametrize(("limit", "code"), [("accuracy=0.4", 0), ("accuracy=0.9", 1), ("nothing=0.1", 1), ("x", 1)])
def test_fail_under_sets_the_exit_code(scripted: Terminal, data: Path, limit: str, code: int) -> None:
    assert scripted("eval", "run", "vqa", "--data", str(data), "--fail-under", limit).code == code


def test_the_pace_changes_no_number(scripted: Terminal, data: Path) -> None:
    paces: list[list[str]] = [[], ["--batch", "1"], ["--concurrency", "3"]]
    printed = [scripted("eval", "run", "vqa", "--data", str(data), "--json", *pace).out for pace in paces]
    summaries = [json.loads(out.splitlines()[-1]) | {"run": ""} for out in printed]
    assert summaries[0] == summaries[1] == summaries[2]
    again = scripted("eval", "resume", json.loads(printed[0].splitlines()[-1])["run"], "--batch", "2", "--json")
    assert json.loads(again.out.splitlines()[-1])["n"] == 6


def test_a_wrong_file_gets_its_line_and_reason(scripted: Terminal, data: Path) -> None:
    data.write_text(data.read_text() + '{"image": "0.png", "question": "What?"}\n')
    done = scripted("eval", "run", "vqa", "--data", str(data))
    assert done.code == 1
    assert "line 7" in done.err
    assert "answers" in done.err


@pytest.mark.parametrize(
    "arguments",
    [
        ["run", "juggling", "--data", "x.jsonl"],
        ["run", "vqa", "--data", "nowhere.jsonl"],
        ["run", "vqa", "--data", "x.jsonl", "--subject", "nobody"],
        ["run", "vqa", "--data", "x.jsonl", "--engine", "steam"],
        ["resume", "nothing"],
        ["compare", "one", "two"],
        ["show", "nothing", "--sample", "1"],
    ],
)
def test_what_cannot_be_done_is_one_sentence(scripted: Terminal, arguments: list[str]) -> None:
    done = scripted("eval", *arguments)
    assert done.code == 1
    assert done.err
    assert "Traceback" not in done.err


def test_answers_that_were_rated_become_a_data_file_that_can_be_run(scripted: Terminal, tmp_path: Path) -> None:
    file = tmp_path / "mine" / "rated.jsonl"
    nothing = scripted("eval", "from-feedback", str(file))
    assert (nothing.code, file.exists()) == (1, False)
    assert "thumbs" in nothing.err
    thread = scripted("ask", "--json", "-i", scripted.picture(), "Is it the sky?").events[0]["id"]
    assistant = open_assistant(load_settings(preset="scripted", script=scripted.script))
    assistant.home.feedback.rate(thread, assistant.history(thread)[0].id, True)
    assistant.close()
    done = scripted("eval", "from-feedback", str(file), "--json")
    assert (done.code, done.json) == (0, {"judged": 1, "waiting": 0, "left_out": 0})
    run = scripted("eval", "run", "conversation", "--data", str(file), "--subject", "agent", "--json")
    assert json.loads(run.out.splitlines()[-1])["metrics"]["turns_right"]["value"] == 1.0
