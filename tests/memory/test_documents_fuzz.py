"""Whatever the bytes: parts with text in them or a typed refusal, never anything else, warnings included."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memory.documents.parts import MAX_CHARACTERS
from memory.documents.read import SUFFIXES, read_document
from memory.documents.split import split
from runtime.errors import DocumentRejected
from tests.memory.papers import paper, scan
from tests.memory.test_decode_fuzz import mutated
from tests.memory.test_documents_markup import HTML, MARKDOWN

SEEDS = {
    "markdown.md": MARKDOWN.encode(),
    "utf-16.md": MARKDOWN.encode("utf-16"),
    "page.html": HTML.encode(),
    "chinese.htm": "<meta charset=gbk><h1>退货</h1><p>三十天。".encode("gbk"),
    "chinese.txt": "退货期限是三十天。".encode("gb18030") * 5,
    "western.txt": "Größe und Länge. ".encode("cp1252") * 5,
    "paper.pdf": paper("One.\n1.1 Two\nThree.", "Four.", bookmarks=[(1, "One"), (1, " Two"), (2, "Four")]),
    "open.pdf": paper("For all.", password=""),
    "locked.pdf": paper("For few.", password="key"),  # noqa: S106
    "scan.pdf": scan(),
}
ROUNDS = 40
PIECES = """# |- |> |1. |```|`|*|_|[a](b)|![|](|<div>|</div>|<h2>|</h2>|<ul><li>|<table><tr><td>|</table>|<pre>|<!--
|<p hidden>|-->|&#0;|a| |<td>|</td>|</li>|</ul>|</pre>|<h1><h2>|---
|\t|\\|&amp;|退|<svg>|<a |
|\n\n"""
MARKUP = st.lists(st.sampled_from([*PIECES.split("|"), "|", "|-|-|"]), max_size=60).map("".join)


def outcome(name: str, data: bytes) -> str:
    try:
        parts = read_document(Path(name), data)
    except DocumentRejected as error:
        return error.reason
    assert parts
    assert all(part.text.strip() for part in parts)
    assert all("\0" not in part.heading + part.text for part in parts)
    "".join(part.heading + part.text for part in parts).encode()  # no halves of characters
    assert sum(len(part.text) for part in parts) <= MAX_CHARACTERS
    assert all(len(part.text) <= 900 for part in split(parts))
    return "read"


@pytest.mark.parametrize("seed", SEEDS)
def test_mutations(seed: str) -> None:
    chance = random.Random(seed)
    assert outcome(seed, SEEDS[seed]) == {"locked.pdf": "encrypted", "scan.pdf": "pictures"}.get(seed, "read")
    outcomes = Counter(outcome(seed, mutated(SEEDS[seed], chance)) for _ in range(ROUNDS))
    assert sum(outcomes.values()) == ROUNDS
    if seed == "paper.pdf":
        assert {"read", "damaged"} <= set(outcomes)  # the mutations do reach the reader, and what lies behind


@given(data=st.binary(max_size=300), name=st.sampled_from(sorted(SUFFIXES)))
@settings(max_examples=200, deadline=None)
def test_noise(data: bytes, name: str) -> None:
    outcome(f"a{name}", data)


@given(markup=MARKUP, name=st.sampled_from([".md", ".html"]))
@settings(max_examples=300, deadline=None)
def test_tag_soup(markup: str, name: str) -> None:
    outcome(f"a{name}", markup.encode())


@given(text=st.text(), name=st.sampled_from([".md", ".txt", ".html"]))
@settings(max_examples=100, deadline=None)
def test_any_text(text: str, name: str) -> None:
    outcome(f"a{name}", text.encode())


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_two_papers_spliced(data: st.DataObject) -> None:
    papers = [content for name, content in SEEDS.items() if name.endswith(".pdf")]
    first, second = data.draw(st.sampled_from(papers)), data.draw(st.sampled_from(papers))
    outcome("a.pdf", first[: data.draw(st.integers(0, len(first)))] + second[data.draw(st.integers(0, len(second))) :])
