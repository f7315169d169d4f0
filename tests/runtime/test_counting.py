"""How many tokens a conversation takes: the model's own where it runs here, an estimate by a stated rule elsewhere."""

from __future__ import annotations

import pytest
from langchain_core.language_models import FakeListChatModel
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage
from PIL import Image

from runtime.errors import ContextTooLong
from runtime.vlm.base import token_counts
from runtime.vlm.chat import LocalVisionChatModel
from runtime.vlm.scripted import VISUAL_TOKENS, Rule, ScriptedModel
from runtime.vlm.served import ServedVisionChatModel
from tests.runtime.stage import ask


@pytest.mark.parametrize("keys", [[], ["a"], ["a", "b"], ["a", "b", "c", "a"]])
def test_a_local_model_counts_what_it_then_reads(model: LocalVisionChatModel, keys: list[str]) -> None:
    conversation = [
        SystemMessage("Look at the pictures. 图片中有什么动物？"),
        ask("What is it?", *keys[:1]),
        AIMessage("A dog."),
        ask("And what are these two? <|im_end|>", *keys[1:]),
    ]
    read = token_counts(model.invoke(conversation))["input"]
    assert abs(model.get_num_tokens_from_messages(conversation) - read) <= 2 * len(keys)


def test_it_knows_how_much_it_reads(model: LocalVisionChatModel) -> None:
    long = [HumanMessage("0 " * model.window())]
    assert model.get_num_tokens_from_messages(long) > model.window()
    with pytest.raises(ContextTooLong):
        model.invoke(long)


def test_a_served_model_s_tokens_are_estimated() -> None:
    sizes = {"small": (100, 100), "middle": (560, 280), "large": (4000, 3000)}
    served = ServedVisionChatModel(
        client=FakeListChatModel(responses=[""]), load_image=lambda key: Image.new("RGB", sizes[key])
    )
    assert served.window() is None
    assert served.get_num_tokens_from_messages([HumanMessage("twelve bytes")]) == 4 + 4
    assert served.get_num_tokens_from_messages([HumanMessage("你好"), AIMessage("")]) == 4 + 2 + 4
    pictures = [served.get_num_tokens_from_messages([ask("", key)]) - 4 for key in sizes]
    assert pictures == [64, 200, 1600]


def test_a_script_s_tokens_are_words() -> None:
    scripted = ScriptedModel(rules=[Rule(reply="Yes.")], load_image=lambda _: Image.new("RGB", (8, 8)))
    conversation = [SystemMessage("Three words here."), ask("And four words more", "a")]
    assert scripted.get_num_tokens_from_messages(conversation) == 7 + VISUAL_TOKENS
    assert token_counts(scripted.invoke(conversation))["input"] == 7 + VISUAL_TOKENS
