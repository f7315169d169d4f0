"""Text that a model or a picture wrote, made safe to be shown as Markdown.

A remote image is a way out: whoever can make the model write `![](https://…?q=secret)` reads the secret in a server's
log as soon as the page shows it. So no image survives. Raw HTML stays text because the page never allows it.
"""

from __future__ import annotations

import re

IMAGE = re.compile(r"!\[")
CODE = re.compile(r"(```.*?(?:```|\Z)|`[^`\n]+`)", re.DOTALL)
DIRECTIVE = re.compile(r":(?=[A-Za-z+-][\w+/-]*[:\[{])")
PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")
WORD_JOINER = "\u2060"


def markdown(text: str) -> str:
    """Markdown that shows no image, and shows `$` and Streamlit's `:red[…]` and `:smile:` as they are written.

    `![` becomes `!\\[` wherever it stands, inside code too: what looks like code here may be none to the browser.
    The backslash follows a `!`, so nothing that was there before can take its meaning away.
    """
    pieces = CODE.split(text)
    for position in range(0, len(pieces), 2):  # every second piece is code
        pieces[position] = DIRECTIVE.sub(":" + WORD_JOINER, pieces[position]).replace("$", "&#36;")
    return IMAGE.sub(r"!\\[", "".join(pieces))


def literal(text: str) -> str:
    """One line of Markdown that shows a text exactly as it is: for labels, titles and captions."""
    line = DIRECTIVE.sub(":" + WORD_JOINER, " ".join(text.split()))
    return PUNCTUATION.sub(r"\\\1", line)
