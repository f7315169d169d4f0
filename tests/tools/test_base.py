"""What tools promise the planner: typed arguments, handles as an enum, the user's words and no others."""

from __future__ import annotations

import threading
from typing import Any

import jsonschema
import pytest
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
    schema = Vqa(MODEL, "{question}").schema(["img1", "img3"], "What?")
    jsonschema.validate({"images": ["img3"], "question": "What?"}, schema)
    for wrong in (
        {"images": ["img2"], "question": "What?"},
        {"images": [], "question": "What?"},
        {"images": ["img1"], "question": "Something else"},
        {"images": ["img1"], "question": "What?", "more": 1},
    ):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(wrong, schema)


def test_an_argument_of_no_known_kind_is_refused() -> None:
    class Wrong(Arguments):
        free: str

    class Loose(Tool[Wrong]):
        name = "loose"
        arguments = Wrong

        def run(self, arguments: Wrong, context: ToolContext) -> ToolResult:
            return ToolResult(arguments.free + context.language)

    with pytest.raises(TypeError, match=r"Loose\.free"):
        Loose().schema(["img1"], "words")


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


def test_reading_gives_boxes_as_fractions_and_stays_untrusted() -> None:
    from PIL import Image, ImageDraw, ImageFont

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
