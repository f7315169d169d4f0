"""Every fault of a file names its place and its reason, and no file at all ends in another error."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from evals.formats import TASKS, load
from runtime.errors import BadData
from tests.evals.data_files import VQA, lines, refusal


@pytest.mark.parametrize(
    ("task", "row", "reason"),
    [
        ("vqa", {"image": "a.png", "question": "Q?"}, "line 2 has no field 'answers'"),
        ("vqa", {"question": "Q?", "answers": ["x"]}, "line 2 has no field 'image'"),
        ("vqa", {**VQA, "images": ["a.png"]}, "line 2 has both 'image' and 'images'"),
        ("vqa", {**VQA, "answers": []}, "line 2 has a wrong field 'answers': list should have at least 1 item"),
        ("vqa", {**VQA, "answers": "cat"}, "line 2 has a wrong field 'answers': input should be a valid list"),
        ("vqa", {**VQA, "answers": ["cat", " "]}, "line 2 has a wrong field 'answers.1': it is empty"),
        ("vqa", {**VQA, "answers": ["cat", 3]}, "line 2 has a wrong field 'answers.1': input should be a valid string"),
        ("vqa", {**VQA, "question": ""}, "line 2 has a wrong field 'question': it is empty"),
        ("vqa", {**VQA, "question": "\ud800"}, "line 2 holds half a character"),
        ("vqa", {**VQA, "id": 1.5}, "line 2 has a wrong field"),
        ("vqa", {**VQA, "score": float("nan")}, "line 2 is not JSON: NaN is not a number"),
        ("vqa", {**VQA, "image": "../a.png"}, "line 2 names the picture '../a.png', which is outside"),
        ("vqa", {**VQA, "image": "/a.png"}, "line 2 names the picture '/a.png', which is outside"),
        ("vqa", ["cat"], "line 2 is not a JSON object"),
        ("statement", {"image": "a.png", "statement": "S.", "label": "yes"}, "line 2 has a wrong field 'label'"),
        ("statement", {"image": "a.png", "statement": "S.", "label": 2}, "line 2 has a wrong field 'label'"),
        ("caption", {"image": "a.png", "captions": []}, "line 2 has a wrong field 'captions'"),
        ("presence", {"image": "a.png", "text": "Q?", "label": "maybe"}, "line 2 has a wrong field 'label'"),
        ("planning", {"text": "Hi", "images": -1, "expect": ["answer"]}, "line 2 has a wrong field 'images'"),
        ("planning", {"text": "Hi", "images": 1}, "line 2 has no field 'expect'"),
        ("ocr", {"image": "a.png"}, "line 2 has no field 'text'"),
        ("ocr", {"image": "a.png", "text": "x", "answers": ["x"]}, "line 2 has both 'text' and 'answers'"),
    ],
)
def test_faults_of_a_row(folder: Path, task: str, row: Any, reason: str) -> None:
    good: dict[str, Any] = {
        "vqa": VQA,
        "statement": {"image": "a.png", "statement": "S.", "label": True},
        "caption": {"image": "a.png", "captions": ["C."]},
        "presence": {"image": "a.png", "text": "Q?", "label": "no"},
        "planning": {"text": "Hi", "expect": ["answer"]},
        "ocr": {"image": "a.png", "text": "x"},
    }[task]
    path = lines(folder, good, row)
    assert refusal(task, path).startswith(f"{path}: {reason}")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "the file is empty"),
        (b" \n\n", "the file is empty"),
        (b"\xff\xfe", "the file is not UTF-8 text"),
        (b'{"image": \n', "line 1 is not JSON: Expecting value (column"),
        (b"[" * 100_000, "line 1 is not JSON"),
        (b'{"a": ' + b"9" * 5000 + b"}", "line 1 is not JSON"),
        (b'{"a": 1e999}', "line 1 is not JSON: 1e999 is not a number"),
        (b'{"data": []}', "the file holds no samples"),
        (b'{"data": []}\n{}', "the document is not JSON: Extra data (line 2, column 1)"),
        (b'{"data": [5]}', "item 1 of data is not a JSON object"),
        (b'{"questions": []}', "the document has no field 'data_subtype'"),
        (b'{"images": [], "annotations": []}', "the file is a COCO captions file, which the task 'vqa' cannot use"),
    ],
)
def test_faults_of_a_file(folder: Path, content: bytes, reason: str) -> None:
    path = folder / "rows.jsonl"
    path.write_bytes(content)
    assert refusal("vqa", path).startswith(f"{path}: {reason}")


def test_broken_and_unknown_documents(folder: Path) -> None:
    path = folder / "set.json"
    path.write_text('{\n "data": [\n  {"question" "Q?"}\n ]\n}')
    assert "is not JSON: Expecting ':' delimiter (line 3, column" in refusal("vqa", path)
    for unknown in ("[1, 2]", '{\n "rows": []\n}'):
        path.write_text(unknown)
        assert "no known format begins like this. Known are: tab-separated table, VQA v2" in refusal("vqa", path)
    assert "cannot be read" in refusal("vqa", folder)
    assert "cannot be read" in refusal("vqa", folder / "none.jsonl")
    assert "There is no task 'sing'. Choose from: vqa," in refusal("sing", path)


def test_ids_are_given_once(folder: Path) -> None:
    path = lines(folder, {**VQA, "id": 7}, VQA, {**VQA, "id": "7"})
    assert "line 3 repeats the id '7' of line 1" in refusal("vqa", path)


def test_missing_pictures_are_counted_after_the_rows_were_checked(folder: Path) -> None:
    rows = [{**VQA, "image": name} for name in ("1.png", "a.png", "2.png", "1.png", "3.png", "x" * 300, "\0", "images")]
    told = refusal("vqa", lines(folder, *rows))
    assert (
        "the pictures '1.png' (line 1), '2.png' (line 3), '3.png' (line 5) and 3 more are missing. Pictures are looked"
        in told
    )
    assert "the picture '1.png' (line 1) is missing." in refusal("vqa", lines(folder, *rows[:2]))
    assert "line 9 has no field" in refusal("vqa", lines(folder, *rows, {}))


def test_a_picture_that_goes_away(folder: Path) -> None:
    [sample] = load("vqa", lines(folder, VQA))
    (folder / "a.png").unlink()
    with pytest.raises(BadData, match=r"a\.png cannot be read"):
        sample.images[0].read()


KEYS = st.sampled_from(
    [
        *("id", "question_id", "image", "images", "text", "question", "answers", "answer", "label", "statement"),
        *("captions", "expect", "lang", "kind", "data", "questions", "annotations", "data_subtype", "imagename"),
        *("capability", "image_id", "file_name", "caption", "v1_0"),
    ]
)
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(["a.png", "yes", ".."])
VALUES = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=5))
LIKELY = st.fixed_dictionaries({"image": st.just("a.png"), "question": st.text(), "answers": st.lists(st.text())})


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    task=st.sampled_from(TASKS),
    rows=st.lists(st.dictionaries(KEYS, VALUES, max_size=6) | LIKELY | VALUES, max_size=3),
    suffix=st.sampled_from(["json", "jsonl", "tsv"]),
)
@example(task="vqa", rows=[{"data": [{"image": "a.png", "question": "Q", "answers": ["x"], "id": {}}]}], suffix="json")
@example(task="vqa", rows=[VQA, {**VQA, "image": "\0"}], suffix="jsonl")
def test_any_rows_are_samples_or_refused(folder: Path, task: str, rows: list[Any], suffix: str) -> None:
    path = lines(folder, *rows, name=f"rows.{suffix}")
    try:
        samples = load(task, path)
    except BadData:
        assert str(path) in refusal(task, path)
        return
    assert len(samples) == len({sample.id for sample in samples}) > 0
    assert all(any(reference.strip() for reference in sample.references) for sample in samples)
    assert all(image.read() for sample in samples for image in sample.images)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    content=st.binary() | st.text(st.sampled_from('[]{}",:1eE-.\t\n aNI')).map(str.encode),
    suffix=st.sampled_from(["json", "jsonl", "tsv"]),
)
def test_any_bytes_are_refused(folder: Path, content: bytes, suffix: str) -> None:
    path = folder / f"rows.{suffix}"
    path.write_bytes(content)
    assert str(path) in refusal("vqa", path)
