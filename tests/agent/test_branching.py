from __future__ import annotations

import io
import json
import random
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

import pytest

from agent.archives import import_thread
from agent.assistant import ANOTHER, SEEDS
from memory.threads.branches import Branch
from runtime.errors import ArchiveRejected, UnknownTurn
from runtime.vlm.scripted import Rule, ScriptedModel
from tests.agent.stage import done, failed, png, stage
from tests.memory.test_threads import rewritten

if TYPE_CHECKING:
    from agent.assistant import Assistant


def words(assistant: Assistant, thread: str) -> list[str]:
    return [exchange.words for exchange in assistant.history(thread)]


def counts(assistant: Assistant, thread: str) -> list[tuple[int, int]]:
    return [(branch.position, branch.count) for branch in assistant.branches(thread)]


def test_a_turn_done_again_is_a_branch_beside_it() -> None:
    with stage() as (assistant, model, thread):
        for question in ("one", "two", "three"):
            done(list(assistant.ask(thread, question)))
        assert counts(assistant, thread) == [(1, 1), (1, 1), (1, 1)]
        model.rules = [Rule(reply="Another answer.")]
        done(list(assistant.again(thread, 1)))
        assert words(assistant, thread) == ["one", "two"]
        assert assistant.history(thread)[1].reply == "Another answer."
        assert counts(assistant, thread) == [(1, 1), (2, 2)]
        assert assistant.home.conversations.get(thread).turns == 2
        assistant.choose(thread, 1, 1)
        assert words(assistant, thread) == ["one", "two", "three"]
        assert assistant.history(thread)[1].reply == "A red square."
        assert counts(assistant, thread) == [(1, 1), (1, 2), (1, 1)]
        assert assistant.home.conversations.get(thread).turns == 3
        assistant.choose(thread, 1, 2)
        assert assistant.history(thread)[1].reply == "Another answer."


def test_another_version_is_sampled_with_a_seed_of_its_own() -> None:
    asked: list[tuple[float | None, int | None]] = []
    rules = [Rule(when="Describe", actions=("caption",), reply="A square."), Rule(reply="Hello.")]
    with stage(rules) as (assistant, model, thread):
        stream = type(model)._stream

        def recording(self: ScriptedModel, *given: Any, **named: Any) -> Any:
            asked.append((named.get("temperature"), named.get("seed")))
            return stream(self, *given, **named)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(type(model), "_stream", recording)
            done(list(assistant.ask(thread, "Hi")))
            done(list(assistant.again(thread, 0)))
            done(list(assistant.again(thread, 0)))
            done(list(assistant.edit(thread, 0, "Hi there")))
            assert asked == [(None, None), (ANOTHER, SEEDS), (ANOTHER, 2 * SEEDS), (None, None)]
            done(list(assistant.ask(thread, "Describe it.", [png()])))
            asked.clear()
            done(list(assistant.again(thread, 1)))
            assert asked[-2:] == [(ANOTHER, SEEDS)] * 2  # the tool's words, and the reply
            assert {*asked[:-2]} <= {(None, None)}  # a plan is not drawn by lot


def test_the_first_turn_too_and_a_branch_goes_on() -> None:
    with stage() as (assistant, _, thread):
        done(list(assistant.ask(thread, "What is it?", [png("red")])))
        done(list(assistant.ask(thread, "And now?")))
        done(list(assistant.edit(thread, 0, "Who is it?")))
        done(list(assistant.ask(thread, "Really?")))
        assert words(assistant, thread) == ["Who is it?", "Really?"]
        assert [[ref.handle for ref in exchange.images] for exchange in assistant.history(thread)] == [["img1"], []]
        done(list(assistant.edit(thread, 0, "And these?", [png("blue"), png("green")])))
        assert [ref.name for ref in assistant.history(thread)[0].images] == ["blue.png", "green.png"]
        assert counts(assistant, thread) == [(3, 3)]
        assistant.choose(thread, 0, 2)
        assert words(assistant, thread) == ["Who is it?", "Really?"]
        done(list(assistant.again(thread, 1)))
        assert counts(assistant, thread) == [(2, 3), (2, 2)]


def test_the_branch_knows_nothing_of_what_came_after() -> None:
    with stage() as (assistant, model, thread):
        done(list(assistant.ask(thread, "one")))
        done(list(assistant.ask(thread, "What is it?", [png("red")])))
        model.rules = [Rule(actions=("caption", "ask_user"), reply="A square.")]
        end = done(list(assistant.edit(thread, 0, "Describe it.")))
        assert end.citations == []
        assert assistant.history(thread)[0].details["steps"] == []


def test_the_pictures_of_all_branches_stay_until_the_conversation_goes() -> None:
    with stage() as (assistant, _, thread):
        done(list(assistant.ask(thread, "What is it?", [png("red")])))
        done(list(assistant.edit(thread, 0, "And this?", [png("blue")])))
        assert len(assistant.home.images.stored()) == 2
        assistant.choose(thread, 0, 1)
        assert assistant.home.images.open(assistant.history(thread)[0].images[0].sha256).getpixel((0, 0)) == (255, 0, 0)
        assistant.home.conversations.delete(thread)
        assert assistant.home.images.stored() == set()


def test_a_refused_upload_leaves_no_file_and_no_branch() -> None:
    from agent.assistant import Upload

    with stage() as (assistant, _, thread):
        done(list(assistant.ask(thread, "one")))
        failed(list(assistant.edit(thread, 0, "two", [png("red"), Upload(b"no picture", "x.png")])))
        assert words(assistant, thread) == ["one"]
        assert counts(assistant, thread) == [(1, 1)]
        assert assistant.home.images.stored() == set()


@pytest.mark.parametrize("turn", [-1, 1, 99])
def test_turns_and_branches_that_are_not_there(turn: int) -> None:
    with stage() as (assistant, _, thread):
        done(list(assistant.ask(thread, "one")))
        assert failed(list(assistant.again(thread, turn))).code == "unknown_turn"
        for position in (0, 2):
            with pytest.raises(UnknownTurn):
                assistant.choose(thread, 0, position)
        with pytest.raises(UnknownTurn):
            assistant.choose(thread, turn, 1)
        assert words(assistant, thread) == ["one"]


def test_turns_that_an_older_vistalk_kept_can_be_read_and_go_on() -> None:
    with stage() as (assistant, _, thread):
        done(list(assistant.ask(thread, "old")))
        assistant.home.conversations.saver.conn.execute(
            "UPDATE checkpoints SET metadata = json_remove(metadata, '$.begins_turn')"
        )
        done(list(assistant.ask(thread, "new")))
        assert assistant.branches(thread) == [Branch(0, 0), Branch(1, 1)]
        assert failed(list(assistant.again(thread, 0))).code == "unknown_turn"
        done(list(assistant.again(thread, 1)))
        assert assistant.branches(thread) == [Branch(0, 0), Branch(2, 2)]


def test_a_failed_turn_can_be_done_again() -> None:
    with stage([Rule(error="out of order")]) as (assistant, model, thread):
        failed(list(assistant.ask(thread, "one")))
        model.rules = [Rule(reply="Better.")]
        done(list(assistant.again(thread, 0)))
        assert [exchange.reply for exchange in assistant.history(thread)] == ["Better."]
        assert counts(assistant, thread) == [(2, 2)]


def test_any_walk_through_branches_is_what_a_plain_tree_says() -> None:
    """Asking, doing again and choosing at random, against lists of words."""
    rng = random.Random(7)
    with stage() as (assistant, _, thread):
        lines: dict[tuple[int, ...], list[str]] = {}  # every turn by its positions from the first on
        here: tuple[int, ...] = ()
        last: dict[tuple[int, ...], tuple[int, ...]] = {}  # the line that was left last, by each of its beginnings
        for number in range(30):
            action = rng.choice(["ask", "ask", "edit", "choose"]) if here else "ask"
            turn = rng.randrange(len(here)) if here else 0
            if action == "choose":
                beside = [path for path in lines if len(path) == turn + 1 and path[:-1] == here[:turn]]
                here = last[rng.choice(beside)]
                assistant.choose(thread, turn, here[turn])
            else:
                parent = here if action == "ask" else here[:turn]
                position = 1 + sum(len(path) == len(parent) + 1 and path[:-1] == parent for path in lines)
                here = (*parent, position)
                lines[here] = [*lines.get(parent, []), f"words {number}"]
                said = f"words {number}"
                events = assistant.ask(thread, said) if action == "ask" else assistant.edit(thread, turn, said)
                done(list(events))
            last |= {here[: end + 1]: here for end in range(len(here))}
            assert words(assistant, thread) == lines[here]
            totals = [
                sum(len(path) == end + 1 and path[:-1] == here[:end] for path in lines) for end in range(len(here))
            ]
            assert counts(assistant, thread) == list(zip(here, totals, strict=True))
            assert assistant.home.conversations.get(thread).turns == len(here)


def test_the_model_names_the_conversation() -> None:
    rules = [Rule(when="title of at most", reply='"Red squares and more."'), Rule(reply="A red square.")]
    with stage(rules, titles=True) as (assistant, _, thread):
        done(list(assistant.ask(thread, "What is in this picture of mine?")))
        assert assistant.home.conversations.get(thread).title == "Red squares and more"
        done(list(assistant.ask(thread, "And now?")))
        other = assistant.home.conversations.create("My own").id
        done(list(assistant.ask(other, "What is it?")))
        assert assistant.home.conversations.get(other).title == "My own"


def test_a_model_that_fails_to_name_it_leaves_the_first_words() -> None:
    rules = [Rule(when="title of at most", error="out of order"), Rule(reply="A red square.")]
    with stage(rules, titles=True) as (assistant, _, thread):
        done(list(assistant.ask(thread, "What is it?")))
        assert assistant.home.conversations.get(thread).title == "What is it?"


def test_a_conversation_with_tools_is_taken_out_and_in() -> None:
    rules = [Rule(actions=("read_text", "answer"), reply="It says OPEN.")]
    with stage(rules) as (assistant, _, thread):
        done(list(assistant.ask(thread, "What does it say?", [png()])))
        data = io.BytesIO()
        assistant.home.conversations.export(thread, data)
        taken = import_thread(assistant.home, data)
        kept, again = (
            json.dumps([asdict(replace(turn, id="")) for turn in assistant.history(name)])
            for name in (thread, taken.id)
        )
        assert again == kept
        done(list(assistant.again(taken.id, 0)))
        assert counts(assistant, taken.id) == [(2, 2)]


@pytest.mark.parametrize(
    "change",
    [
        {"steps": [{}]},
        {"steps": 3},
        {"confidence": "high"},
        {"seconds": float("nan")},
        {"error": {"code": "x"}},
    ],
)
def test_details_that_could_not_be_shown_are_refused(change: dict[str, object]) -> None:
    with stage() as (assistant, _, thread):
        done(list(assistant.ask(thread, "one")))
        data = io.BytesIO()
        assistant.home.conversations.export(thread, data)
        bad = rewritten(data.getvalue(), lambda whole, _: whole["messages"][1]["details"].update(change))
        with pytest.raises(ArchiveRejected):
            import_thread(assistant.home, io.BytesIO(bad))
        assert len(assistant.home.conversations.list()) == 1
