"""The words of the interface are complete in every language."""

from __future__ import annotations

from string import Formatter
from typing import Any, get_args

import pytest

from agent.graph import MEMORY
from runtime.presets import presets
from tools.caption import Caption
from tools.read_text import ReadText
from tools.search_documents import SearchDocuments
from tools.search_images import SearchImages
from tools.vqa import Vqa
from ui.drawn import DRAWING
from ui.language import Language, shown_language, texts

LANGUAGES: tuple[Language, ...] = get_args(Language)


def fields(value: Any, path: str = "") -> dict[str, set[str]]:
    """Each text's path with the names that are filled in."""
    if isinstance(value, str):
        return {path: {name for _, name, _, _ in Formatter().parse(value) if name is not None}}
    items = value.items() if isinstance(value, dict) else enumerate(value)
    return {key: names for name, inner in items for key, names in fields(inner, f"{path}.{name}").items()}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_says_the_same_things(language: Language) -> None:
    assert fields(texts(language).model_dump()) == fields(texts("en").model_dump())


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_is_empty(language: Language) -> None:
    def leaves(value: Any) -> list[str]:
        if isinstance(value, str):
            return [value]
        return [leaf for inner in (value.values() if isinstance(value, dict) else value) for leaf in leaves(inner)]

    assert all(leaf.strip() for leaf in leaves(texts(language).model_dump()))


def test_chinese_is_chinese() -> None:
    assert texts("zh").stop == "停止"


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_preset_and_every_tool_is_described(language: Language) -> None:
    assert set(texts(language).presets) == set(presets())
    tools = {Caption.name, Vqa.name, ReadText.name, SearchImages.name, SearchDocuments.name}
    assert set(texts(language).tools) == tools | DRAWING | {*MEMORY}


@pytest.mark.parametrize(
    ("wanted", "locale", "shown"),
    [
        ("en", "zh-CN", "en"),
        ("zh", "en-GB", "zh"),
        ("auto", "zh-TW", "zh"),
        ("auto", "ZH", "zh"),
        ("auto", "de-DE", "en"),
        ("auto", None, "en"),
    ],
)
def test_which_language_is_shown(wanted: str, locale: str | None, shown: str) -> None:
    assert shown_language(wanted, locale) == shown
