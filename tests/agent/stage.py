"""An assistant with a scripted model and real stores, for tests of the agent."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Literal

from PIL import Image

from agent.assistant import Assistant, Upload
from agent.events import Done, Event, Failed
from memory.home import Home
from runtime.generator.base import Generator
from runtime.pool import ModelPool
from runtime.presets import Preset
from runtime.settings import load_settings
from runtime.translating import translator_of
from runtime.vlm.scripted import Rule, ScriptedModel
from tests.tools.stand_ins import ColourEncoder, WordsEncoder
from tools.base import Arguments, Evidence, Handle, Tool, ToolContext, ToolResult
from tools.caption import Caption
from tools.easel import Easel
from tools.generate_image import GenerateImage
from tools.judging import Judge
from tools.search_documents import SearchDocuments
from tools.search_images import SearchImages
from tools.vary_image import VaryImage
from tools.vqa import Vqa


def png(colour: str = "red", size: tuple[int, int] = (64, 48)) -> Upload:
    buffer = io.BytesIO()
    Image.new("RGB", size, colour).save(buffer, "PNG")
    return Upload(buffer.getvalue(), f"{colour}.png")


class ReadArguments(Arguments):
    image: Handle


class Reads(Tool[ReadArguments]):
    """A reader whose text the test decides, for attacks through pictures and for results of any kind."""

    name = "read_text"
    arguments = ReadArguments
    quotes = True

    def __init__(self, text: str) -> None:
        self.text = text
        self.failure: Exception | None = None

    def run(self, arguments: ReadArguments, context: ToolContext) -> ToolResult:
        if self.failure is not None:
            raise self.failure
        for line in self.text.splitlines():
            context.emit(line)
        box = (0.1, 0.1, 0.9, 0.2)
        evidence = tuple(Evidence(arguments.image, box, line, 0.9) for line in self.text.splitlines())
        return ToolResult(self.text, (arguments.image,), evidence, confidence=0.9)


@contextmanager
def stage(
    rules: Sequence[Rule] = (Rule(reply="A red square."),),
    *,
    composes: bool = True,
    tool_calls: int = 3,
    read: str = "OPEN",
    at_once: int = 8,
    searches: bool = False,
    unsure_below: float = 0.0,
    reads: Literal["any", "en"] = "any",
    draws: Generator | None = None,
    judge: Judge | None = None,
    titles: bool = False,
    **settings: Any,
) -> Iterator[tuple[Assistant, ScriptedModel, str]]:
    """An open assistant, its model, and a new conversation; it can search a library and draw where the test says so."""
    chosen = load_settings(preset="scripted", **settings)
    preset = Preset(
        name="scripted",
        summary="",
        vlm="scripted",
        encoder="none",
        passage_encoder="none",
        pictures_at_once=at_once,
        unsure_below=unsure_below,
        titles=titles,
        reads=reads,
        tool_calls=tool_calls,
        composes=composes,
        short_answer="{question} Answer briefly.",
    )
    with Home.open(chosen) as home:
        model = ScriptedModel(rules=list(rules), load_image=home.images.open)
        translator = translator_of(preset)
        tools: list[Tool[Any]] = [
            Caption(model, translator),
            Vqa(model, preset.short_answer, at_once, translator),
            Reads(read),
        ]
        if searches:
            tools.append(SearchImages(lambda: home.library, ColourEncoder(), home.images.open, top=3))
            tools.append(SearchDocuments(lambda: home.library, WordsEncoder()))
        if draws is not None:
            easel = Easel(draws, judge, home.drawings.made)
            tools += [GenerateImage(easel), VaryImage(easel, home.images.open)]
        assistant = Assistant(chosen, preset, home, model, ModelPool(), {tool.name: tool for tool in tools})
        yield assistant, model, home.conversations.create().id


def last(events: Sequence[Event]) -> Done | Failed:
    """The end of a turn: exactly one, and nothing after it."""
    ends = [event for event in events if isinstance(event, Done | Failed)]
    assert len(ends) == 1
    assert events[-1] is ends[0]
    return ends[0]


def done(events: Sequence[Event]) -> Done:
    end = last(events)
    assert isinstance(end, Done), end
    return end


def failed(events: Sequence[Event]) -> Failed:
    end = last(events)
    assert isinstance(end, Failed), end
    return end
