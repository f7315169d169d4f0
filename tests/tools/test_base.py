"""What tools promise the planner: typed arguments, handles as an enum, the user's words and no others."""

from __future__ import annotations

import threading
from typing import Annotated, Any

import jsonschema
import pytest
from PIL import Image, ImageDraw, ImageFont
from pydantic import ValidationError

from memory.refs import ImageRef
from runtime.errors import UnknownHandle
from runtime.pool import ModelPool, ModelSpec
from runtime.reader import TextReader
from runtime.vlm.scripted import Rule, ScriptedModel
from tools.base import Arguments, Tool, ToolContext, ToolResult, Trust
from tools.caption import Caption, CaptionArguments
from tools.read_text import ReadText
from tools.vqa import Vqa, VqaArguments

MODEL = ScriptedModel(rules=[Rule(reply="A dog.")])


def test_the_schema_admits_live_handles_and_the_users_words_alone() -> None:
    [schema] = Vqa(MODEL, "{question}").schemas(["img1", "img3"], "What?")
    jsonschema.validate({"images": ["img3"], "question": "What?"}, schema)
    for wrong in (
        {"images": ["img2"], "question": "What?"},
        {"images": [], "question": "What?"},
        {"images": ["img1"], "question": "Something else"},
        {"images": ["img1"], "question": "What?", "more": 1},
    ):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(wrong, schema)


def test_all_of_several_pictures_may_be_meant() -> None:
    [schema] = Vqa(MODEL, "{question}").schemas(["img1", "img3"], "What?", all_of_them=True)
    jsonschema.validate({"images": ["img1", "img3"], "question": "What?"}, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"images": ["img1"], "question": "What?"}, schema)


@pytest.mark.parametrize(
    ("handles", "words", "offered"),
    [
        ([], "Find a dog", [["query"]]),
        (["img1"], "Find a dog", [["query"], ["image"]]),
        (["img1"], "", [["image"]]),
        ([], "", []),
    ],
)
def test_alternatives_are_offered_where_there_is_something_to_give(
    handles: list[str], words: str, offered: list[list[str]]
) -> None:
    class Either(Arguments):
        query: Annotated[str | None, "user_words"] = None
        image: Annotated[str | None, "handle"] = None

    class Finds(Tool[Either]):
        name = "finds"
        arguments = Either

        def run(self, arguments: Either, context: ToolContext) -> ToolResult:
            return ToolResult(f"{arguments.query}{arguments.image}{context.language}")

    assert [schema["required"] for schema in Finds().schemas(handles, words)] == offered
    for given in ({}, {"query": "a", "image": "img1"}):
        with pytest.raises(ValidationError, match="exactly one of query, image"):
            Either(**given)


def test_a_picture_is_needed_where_one_is_asked_about() -> None:
    assert Caption(MODEL).schemas([], "What?") == []
    assert Vqa(MODEL, "{question}").schemas([], "What?") == []


def test_an_argument_of_no_known_kind_is_refused() -> None:
    class Wrong(Arguments):
        free: str

    class Loose(Tool[Wrong]):
        name = "loose"
        arguments = Wrong

        def run(self, arguments: Wrong, context: ToolContext) -> ToolResult:
            return ToolResult(arguments.free + context.language)

    with pytest.raises(TypeError, match=r"Loose\.free"):
        Loose().schemas(["img1"], "words")


def test_arguments_are_checked_when_they_are_made() -> None:
    with pytest.raises(ValidationError):
        CaptionArguments(image="img1", size=3)  # type: ignore[call-arg]


def test_an_unknown_handle_is_named() -> None:
    context = ToolContext({}, lambda _: None, threading.Event(), "en")
    with pytest.raises(UnknownHandle, match="img9"):
        Caption(MODEL).run(CaptionArguments(image="img9"), context)


def test_a_template_in_the_question_stays_text() -> None:
    """A question with braces is asked as it is."""
    asked: list[Any] = []

    class Listening(ScriptedModel):
        def _stream(self, messages: Any, *rest: Any, **named: Any) -> Any:
            asked.append(messages[0].content[-1]["text"])
            return super()._stream([m.model_copy(update={"content": "x"}) for m in messages], *rest, **named)

    context = ToolContext({"img1": ref()}, lambda _: None, threading.Event(), "en")
    Vqa(Listening(rules=[Rule(reply="No.")]), "{question} Answer briefly.").run(
        VqaArguments(images=["img1"], question="What is {question} {0}?"), context
    )
    assert asked == ["What is {question} {0}? Answer briefly."]


def ref() -> ImageRef:
    return ImageRef("img1", "0" * 64, "image/png", 400, 100)


def test_more_pictures_than_fit_are_asked_about_one_by_one() -> None:
    said: list[str] = []
    asked: list[Any] = []

    class Counting(ScriptedModel):
        def _stream(self, messages: Any, *rest: Any, **named: Any) -> Any:
            *pictures, words = messages[0].content
            asked.append(([part["file_id"] for part in pictures], words["text"]))
            return super()._stream([m.model_copy(update={"content": "x"}) for m in messages], *rest, **named)

    refs = {f"img{n}": ImageRef(f"img{n}", str(n) * 64, "image/png", 9, 9) for n in (4, 5, 6)}
    context = ToolContext(refs, said.append, threading.Event(), "en")
    tool = Vqa(Counting(rules=[Rule(reply="Light brown.", confidence=0.5)]), "{question}", at_once=2)
    result = tool.run(VqaArguments(images=["img4", "img5", "img6"], question="Which of these is brown?"), context)
    assert asked == [([digit * 64], "Which of these is brown?") for digit in "456"]
    assert result.text == "img4: Light brown.\nimg5: Light brown.\nimg6: Light brown."
    assert said[:4] == ["img4: ", "Light", " brown.", "  \n"]
    assert result.images == ("img4", "img5", "img6")
    assert result.confidence == pytest.approx(0.5)
    assert result.usage["output"] == 6
    tool.run(VqaArguments(images=["img4", "img5"], question="Same?"), context)
    assert asked[-1] == (["4" * 64, "5" * 64], "Same?")


def test_stop_ends_the_looking_and_keeps_what_was_said() -> None:
    cancel = threading.Event()
    model = ScriptedModel(rules=[Rule(reply="Brown.")], load_image=lambda _: Image.new("RGB", (9, 9)))
    model.on_token = lambda _: cancel.set() if said.count("  \n") else None
    said: list[str] = []
    context = ToolContext({f"img{n}": ref() for n in (1, 2, 3)}, said.append, cancel, "en")
    result = Vqa(model, "{question}", 1).run(VqaArguments(images=["img1", "img2", "img3"], question="Brown?"), context)
    assert result.finish == "cancelled"
    assert result.images == ("img1", "img2")
    assert result.text.startswith("img1: Brown.")


def test_reading_gives_boxes_as_fractions_and_stays_untrusted() -> None:
    page = Image.new("RGB", (400, 100), "white")
    ImageDraw.Draw(page).text((100, 30), "HELLO WORLD", fill="black", font=ImageFont.load_default(size=28))
    said: list[str] = []
    context = ToolContext({"img1": ref()}, said.append, threading.Event(), "en")
    spec = ModelSpec("reader", "reader", lambda: 2**20, TextReader.load)
    pool = ModelPool(budget=2**31)
    tool = ReadText(pool, spec, lambda _: page)
    result = tool.run(tool.arguments(image="img1"), context)
    pool.close()
    assert result.text == "HELLO WORLD"
    assert said == ["HELLO WORLD\n"]
    assert result.trust is Trust.UNTRUSTED
    left, top, right, bottom = result.evidence[0].box
    assert 0.15 < left < 0.3 < right < 0.9
    assert 0.1 < top < 0.5 < bottom < 0.9
    assert result.confidence == pytest.approx(result.evidence[0].score)
