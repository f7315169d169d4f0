"""Markdown and HTML: what is seen stays, with its headings; marks and what is hidden go."""

from __future__ import annotations

from pathlib import Path

import pytest

from memory.documents import html, markdown
from memory.documents.parts import Part
from memory.documents.read import read_document
from runtime.errors import DocumentRejected

MARKDOWN = """\
---
title: Terms
---
Intro with **bold**, `code_x`, [a link](https://example.org "t") and ![a cat](cat.png).
Second &amp; <b>last</b> line<!-- no -->.

# Returns
## *Electronics*
- one
  - nested
    still nested
- two

1. first
2. second

> quoted
> twice

| Item | Days |
|------|------|
| Lamp | `30` |

```py
# no heading
y = __init__
```

<div>seen <i>too</i></div>

Delivery
========

[ref] to text

[ref]: https://example.org
"""

HTML = """<!DOCTYPE html><html><head><title>Shop</title><style>p {}</style></head><body>
<nav>Home</nav><script>steal()</script><noscript>no script</noscript>
<p>Intro with <b>bo</b>ld &amp; <a href="x">link</a>.<br>Next
line.</p><!-- hidden -->tail
<h2>Returns</h2>
<div><h3>Elec<em>tronics</em></h3><p hidden>a</p><p style="color: red; Display : NONE">b</p><p aria-hidden="true">c</p>
<ul><li>one<li><p>two</p><ol><li>deep</li><li>deeper</li></ol></ul>
<table><caption>Fees</caption><tr><th>Item</th><th> Days
</th></tr><tr><td><p>Lamp</p><p>big</p></td><td></td><td>30</td></tr></table>
<pre>  x = 1

  y</pre><img src="http://example.org/x.png" alt="a cat"></div>
<h2>Delivery</h2></body></html>"""


def parts_of(text: str | bytes, name: str = "a.md") -> list[Part]:
    return read_document(Path(name), text.encode() if isinstance(text, str) else text)


def reason_of(text: str, name: str) -> str:
    with pytest.raises(DocumentRejected) as caught:
        parts_of(text, name)
    return caught.value.reason


def test_markdown() -> None:
    intro, returns, delivery = parts_of(MARKDOWN)
    assert intro == Part("", None, "title: Terms\n\nIntro with bold, code_x, a link and a cat.\nSecond & last line.")
    assert returns.heading == "Returns › Electronics"
    assert returns.text.split("\n\n") == [
        "- one\n  - nested\nstill nested\n- two",
        "1. first\n2. second",
        "quoted\ntwice",
        "Item | Days\nLamp | 30",
        "# no heading\ny = __init__",
        "seen too",
    ]
    assert delivery == Part("Delivery", None, "ref to text")


def test_markdown_deep_and_slow(monkeypatch: pytest.MonkeyPatch) -> None:
    deepest = markdown.MAX_DEPTH - 3
    assert parts_of("> " * deepest + "x") == [Part("", None, "x")]
    for depth in range(deepest + 1, deepest + 10):
        assert reason_of("> " * depth + "x", "a.md") == "too_deep"
    monkeypatch.setattr(markdown, "MAX_SECONDS", -1.0)
    assert reason_of("x", "a.md") == "too_slow"


def test_a_thicket_of_marks_is_left_as_it_stands() -> None:
    thicket = "*a_ [" * 30_000  # minutes, if every mark looked for its partner
    assert parts_of(thicket)[0].text == thicket.strip()


def test_html() -> None:
    intro, electronics, delivery = parts_of(HTML, "a.html")
    assert intro == Part("Shop", None, "Intro with bold & link.\nNext line.\n\ntail")
    assert electronics.heading == "Shop › Returns › Electronics"
    assert electronics.text.split("\n\n") == [
        "- one\n- two\n  1. deep\n  2. deeper",
        "Fees\nItem | Days\nLamp big |  | 30",
        "  x = 1",
        "  y",
        "a cat",
    ]
    assert delivery == Part("Shop", None, "Delivery")


def test_the_title_stands_in_for_a_missing_first_heading_only() -> None:
    page = "<title>Tab</title><h1>Page</h1>text"
    assert parts_of(page, "a.htm") == [Part("Page", None, "text")]


@pytest.mark.parametrize(
    ("page", "text"),
    [
        ("<p>退货".encode("gbk") + b"<meta charset=gbk>", "退货"),
        ('<meta http-equiv=x content="text/html; charset=big5"><p>退貨'.encode("big5"), "退貨"),
        ('<meta charset="utf-8"><p>caf\xe9'.encode("latin-1"), "café"),  # it does not keep its word
        (b'<meta charset="unicode_escape"><p>\\x41\\q', "\\x41\\q"),
        (b'<meta charset="utf-99"><p>a', "a"),
        ("\ufeff<meta charset=gbk><p>é".encode(), "é"),
        (b"<p>&#xD800;&#0;&bogus; &lt;b&gt;", "&bogus; <b>"),
    ],
)
def test_html_encodings(page: bytes, text: str) -> None:
    assert parts_of(page, "a.html")[0].text.replace("\ufffd", "") == text


def test_html_deep_and_large(monkeypatch: pytest.MonkeyPatch) -> None:
    room = html.MAX_DEPTH - 2  # below html and body
    assert parts_of("<div>" * room + "x", "a.html") == [Part("", None, "x")]
    assert reason_of("<div>" * (room + 1) + "x", "a.html") == "too_deep"
    assert reason_of("<div>" * 100_000 + "x", "a.html") == "too_deep"
    monkeypatch.setattr(html, "MAX_TAGS", 10)
    assert reason_of("<b>x" * 11, "a.html") == "too_slow"


@pytest.mark.parametrize("page", ["<!-- only -->", "<script>x</script>", "<p hidden>x", "<!<!<!", "</p>"])
def test_html_of_nothing(page: str) -> None:
    assert reason_of(page, "a.html") == "no_text"
