"""Public sets as their authors publish them: VQA v2, COCO captions, TextVQA, DocVQA, MM-Vet, easy-VQA."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

from pydantic import AliasChoices, BaseModel, ConfigDict, Field

from evals.formats.base import Picture, Placed, Row, Text, Texts
from evals.formats.source import Source
from runtime.errors import BadData

EASY_VQA = "easy-vqa"
"""Stands in the place of a path for the questions of the installed package."""

Coco = Annotated[int, Field(ge=0)]


class Strict(BaseModel):
    """Values are of their type already; nothing is converted."""

    model_config = ConfigDict(strict=True, frozen=True)


class VqaDocument(Strict):
    """Which part of COCO the questions are about, such as val2014."""

    data_subtype: Text


class VqaQuestion(Row):
    """A question of VQA v2, whose answers are in another file."""

    id: Coco = Field(validation_alias="question_id")
    image_id: Coco
    question: Text


class VqaAnswer(Strict):
    """What one person answered."""

    answer: str


class VqaAnnotation(Strict):
    """The answers to a question."""

    question_id: Coco
    answer_type: str = ""
    answers: list[VqaAnswer]


class CocoImage(Strict):
    """A picture of COCO."""

    id: Coco
    file_name: Text


class CocoCaption(Strict):
    """What one person said of a picture."""

    image_id: Coco
    caption: Text


class TextQuestion(Row):
    """A question of TextVQA (`image_id`, the file's stem) or of DocVQA (`image`, the file)."""

    question: Text
    answers: list[str]
    image: Text = Field(validation_alias=AliasChoices("image", "image_id"))
    question_types: list[str] = Field(default_factory=list)


class MmVetQuestion(Row):
    """A question of MM-Vet; `<OR>` parts the answers that are each right."""

    question: Text
    answer: Text
    imagename: Text
    capability: Texts


def read_vqa_v2(source: Source) -> Iterator[Placed]:
    """The questions, with the answers of the file beside them or of the one that was named."""
    document = source.document()
    split = source.check(VqaDocument, document, "the document").data_subtype
    annotations = _annotations(source)
    for where, item in source.items(document, "questions"):
        row = source.check(VqaQuestion, item, where)
        if row.id not in annotations:
            raise source.bad(f"{where}, question {row.id}, has no answers in the annotations")
        annotation = annotations[row.id]
        picture = source.picture(f"COCO_{split}_{row.image_id:012d}.jpg", where)
        answers = [answer.answer for answer in annotation.answers]
        yield row.sample(where, [picture], row.question, answers, kind=annotation.answer_type)


def read_coco(source: Source) -> Iterator[Placed]:
    """Each picture with its captions."""
    document = source.document()
    captions: defaultdict[int, list[str]] = defaultdict(list)
    for where, item in source.items(document, "annotations"):
        caption = source.check(CocoCaption, item, where)
        captions[caption.image_id].append(caption.caption)
    unknown = set(captions)
    for where, item in source.items(document, "images"):
        image = source.check(CocoImage, item, where)
        if image.id not in captions:
            raise source.bad(f"{where} has no caption")
        picture = source.picture(image.file_name, where)
        yield Row(id=image.id).sample(where, [picture], "", captions[image.id])
        unknown.discard(image.id)
    if unknown:
        raise source.bad(f"the picture {min(unknown)} has captions and is not in the list of images")


def read_data(source: Source) -> Iterator[Placed]:
    """TextVQA and DocVQA."""
    for where, item in source.items(source.document(), "data"):
        row = source.check(TextQuestion, item, where)
        name = row.image if "image" in item else f"{row.image}.jpg"
        kind = ", ".join(row.question_types)
        yield row.sample(where, [source.picture(name, where)], row.question, row.answers, kind=kind)


def read_mm_vet(source: Source) -> Iterator[Placed]:
    """MM-Vet: an object from ids to questions."""
    for name, item in source.document().items():
        where = f"item {name!r}"
        row = source.check(MmVetQuestion, {"id": name, **item} if isinstance(item, dict) else item, where)
        picture = source.picture(row.imagename, where)
        answers = [answer.strip() for answer in row.answer.split("<OR>")]
        if not all(answers):
            raise source.bad(f"{where} has a wrong field 'answer': one of its answers is empty")
        yield row.sample(where, [picture], row.question, answers, kind=", ".join(row.capability))


def read_easy_vqa() -> Iterator[Placed]:
    """The 9,673 test questions of the package easy-vqa.

    Raises:
        BadData: the package is not installed.
    """
    try:
        package: Any = import_module("easy_vqa")
    except ModuleNotFoundError as error:
        raise BadData("The questions of easy-VQA are not installed.", hint="Run `pip install easy-vqa`.") from error
    paths = package.get_test_image_paths()
    for number, (question, answer, image) in enumerate(zip(*package.get_test_questions(), strict=True), 1):
        if image not in paths:
            raise BadData(f"{EASY_VQA}: item {number} names the picture {image}, which the package does not hold.")
        kind = "yes/no" if answer in ("yes", "no") else "open"
        where = f"item {number}"
        yield Row(id=number).sample(where, [Picture(Path(paths[image]))], question, [answer], kind=kind)


def _annotations(source: Source) -> dict[int, VqaAnnotation]:
    name = source.path.name
    path = source.annotations
    if path is None:
        beside = name.replace("OpenEnded_", "").replace("questions", "annotations")
        path = source.path.with_name(beside)
        if beside == name or not path.is_file():
            raise source.bad(
                f"its answers, the file {beside if beside != name else 'of annotations'}, are not beside it",
                hint="Put the annotations of VQA v2 there, or name the file.",
            )
    answers = Source(path, source.task)
    found: dict[int, VqaAnnotation] = {}
    for where, item in answers.items(answers.document(), "annotations"):
        annotation = answers.check(VqaAnnotation, item, where)
        if annotation.question_id in found:
            raise answers.bad(f"{where} repeats the question {annotation.question_id}")
        found[annotation.question_id] = annotation
    return found
