"""Every format is read from small files as their authors write them."""

from __future__ import annotations

import base64
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from evals.formats import Picture, Sample, load
from tests.evals.data_files import PIXELS, VQA, document, essence, lines, picture, refusal

# our own rows


def test_vqa_rows(folder: Path) -> None:
    rows = [
        {**VQA, "question_id": 7, "answer_type": "other"},
        {"images": ["b.png", "deep/c.png"], "question": "同じ?", "answers": ["no"], "lang": "ja", "id": "x"},
        VQA,
    ]
    first, second, third = load("vqa", lines(folder, *rows))
    assert first == Sample(
        id="7",
        images=(Picture(folder / "a.png"),),
        text="What is it?",
        references=("cat", "a cat"),
        lang="en",
        kind="other",
        group=str(folder / "a.png"),
        count=1,
    )
    assert essence(second) == ("x", ["b.png", "c.png"], "同じ?", ("no",))
    assert (second.lang, second.count, second.group) == ("ja", 2, str(folder / "images" / "b.png"))
    assert [image.read() for image in second.images] == [PIXELS + b"images/b.png", PIXELS + b"images/deep/c.png"]
    assert (third.id, third.group) == ("line-3", first.group)


def test_statement_rows(folder: Path) -> None:
    rows = [
        {"image": "a.png", "statement": f"It is {label}.", "label": label, "identifier": "4-1"}
        for label in (True, False, 1, 0)
    ]
    samples = load("statement", lines(folder, *rows))
    assert [sample.references for sample in samples] == [("yes",), ("no",), ("yes",), ("no",)]
    assert samples[0].text == "It is True."
    assert {sample.group for sample in samples} == {"4-1"}


def test_caption_rows(folder: Path) -> None:
    [sample] = load("caption", lines(folder, {"image": "b.png", "captions": ["A dog.", "Dogs run."]}))
    assert essence(sample) == ("line-1", ["b.png"], "", ("A dog.", "Dogs run."))


def test_planning_rows(folder: Path) -> None:
    rows = [
        {"text": "Draw it", "images": 2, "lang": "zh", "expect": ["generate_image", "ask_user"]},
        {"text": "What is it?", "images": ["a.png"], "lang": "en", "expect": ["vqa"], "category": "sight"},
        {"text": "Hi", "expect": ["answer"]},
    ]
    counted, named, bare = load("planning", lines(folder, *rows))
    assert essence(counted) == ("line-1", [], "Draw it", ("generate_image", "ask_user"))
    assert (counted.count, counted.lang, counted.group) == (2, "zh", "line-1")
    assert (named.count, named.kind, named.group) == (1, "sight", str(folder / "a.png"))
    assert (bare.count, bare.images) == (0, ())


def test_ocr_rows(folder: Path) -> None:
    rows = [{"image": "a.png", "text": "EXIT"}, {"image": "b.png", "question": "Which way?", "answers": ["left"]}]
    assert [essence(sample)[2:] for sample in load("ocr", lines(folder, *rows))] == [
        ("", ("EXIT",)),
        ("Which way?", ("left",)),
    ]


def test_lines_end_where_a_file_says_so(folder: Path) -> None:
    """Blank lines count and hold nothing; a separator inside a string ends no line; a byte order mark is no text."""
    row = json.dumps({**VQA, "question": "one\u2028two"}, ensure_ascii=False)
    path = folder / "rows.json"
    path.write_bytes(f"\ufeff\r\n{row}\r\n\r\n{json.dumps(VQA)}".encode())
    assert [(sample.id, sample.text) for sample in load("vqa", path)] == [
        ("line-2", "one\u2028two"),
        ("line-4", "What is it?"),
    ]


# public sets


def vqa_v2(folder: Path, questions: list[dict[str, Any]], annotations: list[dict[str, Any]]) -> tuple[Path, Path]:
    asked = {"data_subtype": "val2014", "task_type": "Open-Ended", "questions": questions}
    return (
        document(folder, asked, "v2_OpenEnded_mscoco_val2014_questions.json"),
        document(folder, {"annotations": annotations}, "v2_mscoco_val2014_annotations.json"),
    )


QUESTIONS: list[dict[str, Any]] = [
    {"image_id": 42, "question": "What is it?", "question_id": 42000},
    {"image_id": 42, "question": "Is it?", "question_id": 42001},
]
ANNOTATIONS: list[dict[str, Any]] = [
    {
        "question_id": 42001,
        "answer_type": "yes/no",
        "answers": [{"answer": word, "answer_id": n} for n, word in enumerate(["yes", "no", ""])],
    },
    {"question_id": 42000, "answer_type": "other", "answers": [{"answer": "cat", "answer_id": 1}]},
]


def test_vqa_v2(folder: Path) -> None:
    shown = picture(folder, "COCO_val2014_000000000042.jpg")
    questions, annotations = vqa_v2(folder, QUESTIONS, ANNOTATIONS)
    first, second = load("vqa", questions)
    assert essence(first) == ("42000", ["COCO_val2014_000000000042.jpg"], "What is it?", ("cat",))
    assert second.references == ("yes", "no", "")
    assert (second.kind, second.group) == ("yes/no", shown)
    elsewhere = annotations.rename(folder / "answers.json")
    assert load("vqa", questions, elsewhere) == [first, second]
    assert "v2_mscoco_val2014_annotations.json, are not beside it" in refusal("vqa", questions)


def test_vqa_v2_faults(folder: Path) -> None:
    picture(folder, "COCO_val2014_000000000042.jpg")
    assert "item 2 of questions, question 42001, has no answers" in refusal(
        "vqa", vqa_v2(folder, QUESTIONS, ANNOTATIONS[1:])[0]
    )
    assert "item 3 of annotations repeats the question 42001" in refusal(
        "vqa", vqa_v2(folder, QUESTIONS, [*ANNOTATIONS, ANNOTATIONS[0]])[0]
    )
    silent = [{**annotation, "answers": [{"answer": " "}]} for annotation in ANNOTATIONS]
    assert "item 1 of questions has no answer that is not empty" in refusal("vqa", vqa_v2(folder, QUESTIONS, silent)[0])
    nameless = {**ANNOTATIONS[0], "answers": [{"answer": "yes"}, {"answer_id": 1}]}
    assert "annotations.json: item 1 of annotations has no field 'answer' in 'answers.1'" in refusal(
        "vqa", vqa_v2(folder, QUESTIONS, [nameless])[0]
    )
    assert "item 3 of questions repeats the id '42000' of item 1 of questions" in refusal(
        "vqa", vqa_v2(folder, [*QUESTIONS, QUESTIONS[0]], ANNOTATIONS)[0]
    )


def test_coco_captions(folder: Path) -> None:
    images = [{"id": 9, "file_name": "a.png"}, {"id": 3, "file_name": "b.png"}]
    captions = [
        {"image_id": 3, "id": 1, "caption": "A dog."},
        {"image_id": 9, "id": 2, "caption": "A cat."},
        {"image_id": 3, "id": 3, "caption": "Dogs."},
    ]
    path = document(folder, {"info": {}, "images": images, "annotations": captions}, indent=1)
    assert [essence(sample) for sample in load("caption", path)] == [
        ("9", ["a.png"], "", ("A cat.",)),
        ("3", ["b.png"], "", ("A dog.", "Dogs.")),
    ]
    path = document(folder, {"images": images, "annotations": captions[:1]})
    assert "item 1 of images has no caption" in refusal("caption", path)
    path = document(folder, {"images": images[:1], "annotations": captions})
    assert "the picture 3 has captions and is not in the list" in refusal("caption", path)


def test_pope(folder: Path) -> None:
    rows = [
        {"question_id": n, "image": "b.png", "text": f"Is there a {word} in the image?", "label": label}
        for n, word, label in ((1, "dog", "yes"), (2, "car", "no"))
    ]
    first, second = load("presence", lines(folder, *rows, name="coco_pope_random.json"))
    assert essence(first) == ("1", ["b.png"], "Is there a dog in the image?", ("yes",))
    assert second.references == ("no",)


def test_textvqa_and_docvqa(folder: Path) -> None:
    (folder / "train_images").mkdir()
    (folder / "train_images" / "f00.jpg").write_bytes(PIXELS)
    item = {"question": "Which brand?", "image_id": "f00", "question_id": 34602, "answers": ["nokia", "", "Nokia"]}
    [sample] = load("vqa", document(folder, {"dataset_name": "textvqa", "data": [item]}))
    assert essence(sample) == ("34602", ["f00.jpg"], "Which brand?", ("nokia", "", "Nokia"))

    item = {"questionId": 5, "question": "Date?", "question_types": ["form", "layout"], "image": "deep/c.png"}
    path = document(folder, {"dataset_name": "docvqa", "data": [{**item, "answers": ["1/8/93"]}]})
    [sample] = load("ocr", path)
    assert essence(sample) == ("5", ["c.png"], "Date?", ("1/8/93",))
    assert sample.kind == "form, layout"

    path = document(folder, {"data": [{**item, "answers": ["", " "]}]})
    assert "item 1 of data has no answer that is not empty" in refusal("vqa", path)


def test_mm_vet(folder: Path) -> None:
    item = {"imagename": "b.png", "question": "What is x?", "answer": "-1<OR>minus one", "capability": ["ocr", "math"]}
    [sample] = load("vqa", document(folder, {"v1_0": item}, indent=4))
    assert essence(sample) == ("v1_0", ["b.png"], "What is x?", ("-1", "minus one"))
    assert sample.kind == "ocr, math"
    path = document(folder, {"v1_0": item, "v1_1": {**item, "capability": []}, "v1_2": 5})
    assert "item 'v1_1' has a wrong field 'capability'" in refusal("vqa", path)
    path = document(folder, {"v1_0": {**item, "answer": "<OR>x"}})
    assert "item 'v1_0' has a wrong field 'answer': one of its answers is empty" in refusal("vqa", path)


def table(folder: Path, *rows: str) -> Path:
    path = folder / "set.tsv"
    path.write_text("\n".join(["index\timage\tquestion\tanswer\tA\tB\tC\tcategory", *rows]), encoding="utf-8")
    return path


def test_tables(folder: Path) -> None:
    """A picture larger than csv's own limit, a quoted cell over two lines, a picture taken from another row."""
    big = base64.b64encode(bytes(200_000)).decode()
    rows = [f'1\t{big}\t"Which ""one""\nis it?"\tB\tcat\tdog\t\tanimals', "2\t1\tHow many?\t3\t\t\t\t"]
    first, second = load("vqa", table(folder, *rows))
    assert (first.id, first.kind, first.references) == ("1", "animals", ("B",))
    assert first.text == 'Which "one"\nis it?\nA. cat\nB. dog'
    assert first.images[0].read() == bytes(200_000)
    assert (second.text, second.images, second.group) == ("How many?", first.images, first.group)
    assert len(first.group) == 64


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("1\t!!\tWhat?\tcat\t\t\t\t", "line 2 has a picture that is not base64"),
        ("1\tQUJD\tWhat?\tcat", "line 2 has 4 columns where the header has 8"),
        ("1\tQUJD\tWhat?\t\t\t\t\t", "line 2 has no field 'answer'"),
        ("1\tQUJD\tWhat?\tD\tcat\tdog\t\t", "line 2 has the answer 'D', which is none of its options"),
        ("1\t1234\tWhat?\tcat\t\t\t\t", "line 2 has the picture of row 1234, which holds none"),
        ('1\tQUJD\t"What?\tcat\t\t\t\t', "line 2 is no row of a table"),
        ("1\tQUJD\tWhat?\tcat\t\t\t\t\n1\tQUJD\tWho?\tdog\t\t\t\t", "line 3 repeats the id '1' of line 2"),
        ("", "the file holds no samples"),
    ],
)
def test_table_faults(folder: Path, row: str, reason: str) -> None:
    assert reason in refusal("vqa", table(folder, row))


@pytest.fixture
def easy_vqa(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A stand-in for the package, with its functions."""
    (tmp_path / "packages" / "easy_vqa").mkdir(parents=True)
    shown = tmp_path / "packages" / "easy_vqa" / "4.png"
    shown.write_bytes(PIXELS)
    (shown.parent / "__init__.py").write_text(
        f"def get_test_questions(): return ['is it red?', 'what shape?'], ['yes', 'circle'], [4, 4]\n"
        f"def get_test_image_paths(): return {{4: {str(shown)!r}}}\n"
    )
    monkeypatch.syspath_prepend(tmp_path / "packages")
    monkeypatch.delitem(sys.modules, "easy_vqa", raising=False)
    yield shown
    sys.modules.pop("easy_vqa", None)


def test_easy_vqa(easy_vqa: Path) -> None:
    first, second = load("vqa", "easy-vqa")
    assert essence(first) == ("1", ["4.png"], "is it red?", ("yes",))
    assert (first.kind, second.kind, second.id) == ("yes/no", "open", "2")
    assert second.images[0].read() == PIXELS
    assert "which the task 'caption' cannot use" in refusal("caption", "easy-vqa")


def test_easy_vqa_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "easy_vqa", None)
    assert "pip install easy-vqa" in refusal("vqa", "easy-vqa")
