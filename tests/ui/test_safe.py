"""No text of a model or a picture makes the page fetch an image, and labels show what was written."""

from __future__ import annotations

from html import unescape
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

import ui
from ui.safe import WORD_JOINER, literal, markdown

PARSER = MarkdownIt("commonmark").enable(["table", "strikethrough"])

IMAGES = [
    "![a](https://example.org/p.png?q=secret)",
    "![](https://example.org)",
    "look ![a](<https://example.org/a b>) here",
    "![a][r]\n\n[r]: https://example.org/p.png",
    "![r][]\n\n[r]: https://example.org",
    "![r]\n\n[r]: https://example.org",
    "- one\n- ![a](https://example.org)",
    "> ![a](https://example.org)",
    "> - ![r]\n\n[r]: https://example.org",
    "[![a](https://example.org)](https://example.org)",
    "![![a](https://example.org)](https://example.org)",
    "\\\\![a](https://example.org)",
    "!![a](https://example.org)",
    "# ![a](https://example.org)",
    "| h |\n|---|\n| ![a](https://example.org) |",
    "\\`![a](https://example.org)`",
    "``` ` ![a](https://example.org)",
    "~~~\n`\n~~~\n![a](https://example.org)",
    "**![a](https://example.org)**",
]

PIECES = [
    "!", "[", "]", "(", ")", "\\", "`", "```", "~~~", "<", ">", "\n", "\n\n", " ", "    ", "- ", "> ", "*", "_", "a",
    "![", "![a](https://example.org)", "[r]: https://example.org\n", "[r]", "$", ":red[", "&#33;", "&#91;", "|",
]  # fmt: skip

texts = st.lists(st.sampled_from(PIECES) | st.text(max_size=3), max_size=40).map("".join)


def kinds(text: str) -> set[str]:
    """The types of all tokens, of those inside others too."""

    def walk(tokens: list[Token]) -> set[str]:
        return {t.type for t in tokens} | {kind for t in tokens for kind in walk(t.children or [])}

    return walk(PARSER.parse(text))


def shown(text: str) -> str:
    """What a reader sees of Markdown that is one paragraph of words."""
    [_, inline, _] = PARSER.parse(text)
    assert {token.type for token in inline.children or []} <= {"text", "text_special"}
    return "".join(token.content for token in inline.children or []).replace(WORD_JOINER, "")


@pytest.mark.parametrize("text", IMAGES)
def test_what_is_an_image_becomes_none(text: str) -> None:
    assert "image" in kinds(text)
    assert "image" not in kinds(markdown(text))


@given(texts)
@example("`![a](https://example.org)\\`![a](https://example.org)")
def test_no_image_survives(text: str) -> None:
    assert "image" not in kinds(markdown(text))


@pytest.mark.parametrize(
    "text",
    [
        "Plain words, 2 * 3 = 6.",
        "**bold** and *slanted*\n\n- a list\n- of two",
        "> quoted  \n> twice",
        "[a link](https://example.org) and `code`",
        "at 12:30, see http://example.org:80/a",
    ],
)
def test_harmless_markdown_stays(text: str) -> None:
    assert markdown(text) == text


def test_prices_are_no_formula_and_code_keeps_its_dollars() -> None:
    assert unescape(markdown("from $4 to $5, as in `echo $HOME`")) == "from $4 to $5, as in `echo $HOME`"
    assert "$4" not in markdown("from $4 to $5")
    assert "`echo $HOME`" in markdown("from $4, as in `echo $HOME`")


@pytest.mark.parametrize("text", [":red[danger]", ":material/delete:", ":smile:", ":red-badge[new]", ":+1:"])
def test_streamlits_own_signs_are_words(text: str) -> None:
    assert text not in markdown(f"so {text} it is")
    assert markdown(f"so {text} it is").replace(WORD_JOINER, "") == f"so {text} it is"
    assert text not in literal(text)


@given(st.text(alphabet=st.characters(codec="utf-8", exclude_categories=["C", "Z"]) | st.just(" "), min_size=1))
@example("![a](https://example.org) <b>*x*</b> `c` _d_ 1. # > - &amp; :smile:")
def test_a_label_shows_exactly_the_text(text: str) -> None:
    line = " ".join(text.split())
    if line:
        assert shown(literal(text)) == line.replace(WORD_JOINER, "")


def test_a_label_is_one_line() -> None:
    assert "\n" not in literal("one\n# two\r\nthree")


def test_no_page_allows_html() -> None:
    sources = [path.read_text(encoding="utf-8") for path in Path(ui.__path__[0]).rglob("*.py")]
    assert sources
    assert not any("unsafe_allow_html" in source for source in sources)
    every = "".join(sources)
    assert every.count("st.html(") == 3  # our own style sheet, the colour scheme, and the language
    assert every.count("unsafe_allow_javascript") == 1  # the last of these, which says "en" or "zh-CN"
