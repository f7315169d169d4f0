"""Summaries by rule: what they hold, and how much."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st
from langchain_core.messages import AIMessage, AnyMessage, HumanMessage

from agent.summarising import MOST, folded, nothing, summary_lines


@given(
    turns=st.lists(
        st.tuples(st.text(max_size=200), st.text(max_size=200), st.lists(st.integers(1, 300), max_size=4)), max_size=60
    ),
    text=st.text(max_size=100),
)
def test_a_summary_is_bounded_and_keeps_the_newest(turns: list[tuple[str, str, list[int]]], text: str) -> None:
    messages: list[AnyMessage] = []
    for words, caption, numbers in turns:
        handles = [f"img{number}" for number in numbers]
        steps = [{"tool": "caption", "text": caption, "images": handles}]
        messages += [HumanMessage(words), AIMessage(caption, additional_kwargs={"steps": steps})]
    at_once = folded({**nothing(), "text": text}, messages, len(messages))
    assert len(json.dumps(at_once, ensure_ascii=False).encode()) <= MOST
    assert at_once["until"] == len(messages)
    if named := [f"img{number}" for _, _, numbers in turns for number in numbers]:
        assert list(at_once["pictures"])[-1:] in ([named[-1]], [])


def test_a_small_conversation_folds_to_all_of_it() -> None:
    looked = [{"tool": "caption", "text": "a  red\nsquare", "images": ["img1"]}]
    messages: list[AnyMessage] = [
        HumanMessage("Describe it.", additional_kwargs={"images": [{"handle": "img1"}, {"handle": "img2"}]}),
        AIMessage("a red square", additional_kwargs={"steps": looked}),
        HumanMessage("And the other?"),
    ]
    assert folded(nothing(), messages, 3) == {
        "until": 3,
        "text": "",
        "asked": ["Describe it.", "And the other?"],
        "pictures": {"img2": "", "img1": "a red square"},
    }
    half = folded(nothing(), messages, 2)
    assert folded(half, messages, 3) == folded(nothing(), messages, 3)
    assert summary_lines(nothing(), "en") == []
