"""What is erased is gone for good, and nothing else is (invariant 6): each kind by itself, over real turns."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from memory.erasure.erasing import erase
from memory.erasure.targets import Target
from memory.erasure.verifying import Verdict, erase_and_verify
from memory.home import Home
from memory.refs import ERASED
from runtime.errors import UnknownMemory, UnknownPicture, UnknownThread, UnknownTurn, UnknownUser, UserError
from runtime.settings import load_settings
from runtime.vlm.scripted import Rule
from tests.agent.stage import done, png, stage
from tests.agent.test_branching import counts, words

if TYPE_CHECKING:
    from agent.assistant import Assistant

CODE = "The code of the garden gate is gx81920kq."
CHINESE = "我把备用钥匙藏在院子里第三个花盆下面"
NOTHING = "0" * 64


def erased(assistant: Assistant, target: Target, *, looked_for: int = 1) -> Verdict:
    """Erase and find nothing afterwards, where there was something before."""
    _, verdict = erase_and_verify(assistant.home, target)
    assert verdict.hits == ()
    assert verdict.present >= looked_for
    return verdict


def test_a_conversation() -> None:
    with stage() as (assistant, _, thread):
        other = assistant.home.conversations.create().id
        done(list(assistant.ask(thread, CODE, [png("red")])))
        done(list(assistant.ask(thread, CHINESE)))
        done(list(assistant.ask(other, "And now?", [png("blue")])))
        assistant.home.conversations.search("garden")  # which indexes it
        assistant.home.feedback.rate(thread, assistant.history(thread)[0].id, False)
        assistant.home.feedback.explain(thread, assistant.history(thread)[0].id, "That is not my garden at all")
        verdict = erased(assistant, Target("thread", thread), looked_for=5)
        assert verdict.texts > 5
        assert [kept.id for kept in assistant.home.conversations.list()] == [other]
        assert len(assistant.home.images.stored()) == 1
        done(list(assistant.ask(other, "Is it blue?")))


def test_what_stands_elsewhere_too_is_left_and_not_looked_for() -> None:
    with stage() as (assistant, _, thread):
        other = assistant.home.conversations.create().id
        for each in (thread, other):
            done(list(assistant.ask(each, CODE, [png("red")])))
        verdict = erased(assistant, Target("thread", thread), looked_for=0)
        assert verdict.elsewhere > 0
        assert verdict.pictures == 0
        assert words(assistant, other) == [CODE]
        assert len(assistant.home.images.stored()) == 1


@pytest.mark.parametrize("turn", [0, 1, 2])
def test_a_turn(turn: int) -> None:
    asked = ["What is it in this photo of mine?", CODE, CHINESE]
    colours = ["red", "green", "blue"]
    with stage() as (assistant, _, thread):
        for question, colour in zip(asked, colours, strict=True):
            done(list(assistant.ask(thread, question, [png(colour)])))
        memory = assistant.home.memories.add("told there", origin="asked", thread=thread, turn=2)
        erased(assistant, Target("turn", thread, turn))
        left = [question for number, question in enumerate(asked) if number != turn]
        assert words(assistant, thread) == left
        assert counts(assistant, thread) == [(1, 1), (1, 1)]
        kept = assistant.home.conversations.get(thread)
        assert (kept.turns, kept.title) == (2, left[0] if turn == 0 else asked[0])
        assert len(assistant.home.images.stored()) == 2
        assert assistant.home.memories.get(memory.id).turn == (1 if turn < 2 else 0)
        done(list(assistant.ask(thread, "And the new one?", [png("white")])))
        assert [ref.handle for ref in assistant.history(thread)[-1].images] == ["img4"]


def test_a_turn_goes_in_all_its_versions_and_other_branches_stay() -> None:
    with stage() as (assistant, model, thread):
        for question in ("What is here?", CODE, "Anything else?"):
            done(list(assistant.ask(thread, question)))
        model.rules = [Rule(reply="Another answer about the gate with the code.")]
        done(list(assistant.again(thread, 1)))
        done(list(assistant.ask(thread, "Another way to go on")))
        erased(assistant, Target("turn", thread, 1), looked_for=3)
        assert words(assistant, thread) == ["What is here?", "Another way to go on"]
        assert counts(assistant, thread) == [(1, 1), (2, 2)]
        assistant.choose(thread, 1, 1)
        assert words(assistant, thread) == ["What is here?", "Anything else?"]


def test_a_conversation_goes_with_its_only_turn() -> None:
    with stage() as (assistant, _, thread):
        done(list(assistant.ask(thread, CODE, [png("red")])))
        erased(assistant, Target("turn", thread, 0))
        assert assistant.home.conversations.list() == []
        assert assistant.home.images.stored() == set()


def test_a_picture_wherever_it_is() -> None:
    with stage() as (assistant, _, thread):
        home = assistant.home
        red, blue = png("red", (320, 200)), png("blue")
        done(list(assistant.ask(thread, "What is it?", [red, blue])))
        sha256 = assistant.history(thread)[0].images[0].sha256
        home.memories.add("My red wall in the kitchen", origin="asked", sha256=sha256, caption="a wall that is red")
        verdict = erased(assistant, Target("image", sha256))
        assert verdict.texts > 0
        assert home.memories.count() == 0
        refs = assistant.history(thread)[0].images
        assert [(ref.handle, ref.name, ref.sha256 == ERASED) for ref in refs] == [
            ("img1", "", True),
            ("img2", "blue.png", False),
        ]
        assert home.conversations.get(thread).thumbnail == ""
        done(list(assistant.ask(thread, "And now?", [red])))  # it may come back, and is another one
        assert [ref.handle for ref in assistant.history(thread)[1].images] == ["img3"]
        assert assistant.history(thread)[0].images[0].sha256 == ERASED


def test_a_memory_and_what_replies_show_of_it() -> None:
    with stage() as (assistant, _, thread):
        memories = assistant.home.memories
        kept = memories.add(CODE, origin="written")
        done(list(assistant.ask(thread, "Anything?")))
        config = assistant.home.conversations.config(thread)
        [question, reply] = assistant._values(config)["messages"]
        quoting = {"id": kept.id, "text": CODE, "caption": "", "image": ""}
        details = {**reply.additional_kwargs, "remembered": [quoting, {**quoting, "id": "another", "text": "else"}]}
        changed = reply.model_copy(update={"additional_kwargs": details})
        assistant._graph.update_state(config, {"messages": [changed]}, as_node="reply")
        erased(assistant, Target("memory", kept.id))
        assert [each["text"] for each in assistant.history(thread)[0].details["remembered"]] == ["else"]
        assert (question.text, memories.count()) == ("Anything?", 0)


def test_a_user_and_nobody_else() -> None:
    with stage(user="bob") as (assistant, _, thread):
        done(list(assistant.ask(thread, CODE, [png("green")])))
        assistant.home.memories.add(CHINESE, origin="written")
    with stage(user="ann") as (assistant, _, thread):
        done(list(assistant.ask(thread, "What is it?", [png("red")])))
        erased(assistant, Target("user", "bob"), looked_for=3)
        assert words(assistant, thread) == ["What is it?"]
        assert len(assistant.home.images.stored()) == 1
        with pytest.raises(UnknownUser):
            erase(assistant.home, Target("user", "bob"))


def test_everything() -> None:
    with stage(user="bob") as (assistant, _, thread):
        done(list(assistant.ask(thread, CODE, [png("green")])))
    with stage(user="ann") as (assistant, _, thread):
        home = assistant.home
        done(list(assistant.ask(thread, CHINESE, [png("red")])))
        (home.root / "evals").mkdir()
        (home.root / "evals" / "run.jsonl").write_text(CODE)
        (home.root / "models").mkdir()
        (home.root / "models" / "weights").write_text(CODE)
        erased(assistant, Target("everything"), looked_for=5)
        assert {path.name for path in home.root.iterdir()} <= {
            "models", "lock", "lock.pid", "threads.sqlite", "threads.sqlite-shm", "threads.sqlite-wal",
        }  # fmt: skip
        assert home.conversations.list() == []
        done(list(assistant.ask(home.conversations.create().id, "Hello again", [png("red")])))


@pytest.mark.parametrize(
    ("target", "error"),
    [
        (Target("thread", "a" * 32), UnknownThread),
        (Target("turn", "a" * 32), UnknownThread),
        (Target("image", NOTHING), UnknownPicture),
        (Target("image", "../../etc"), UnknownPicture),
        (Target("memory", "a" * 32), UnknownMemory),
        (Target("user", "../bob"), UnknownUser),
    ],
)
def test_what_is_not_there_is_said_not_to_be(target: Target, error: type[UserError]) -> None:
    with stage() as (assistant, _, thread):
        done(list(assistant.ask(thread, "Hello")))
        for erasing in (erase, erase_and_verify):
            with pytest.raises(error):
                erasing(assistant.home, target)
        with pytest.raises(UnknownTurn):
            erase(assistant.home, Target("turn", thread, 1))
        assert words(assistant, thread) == ["Hello"]


class Killed(BaseException):
    """Stands for a process that ends here."""


@pytest.mark.parametrize("kind", ["image", "user", "everything"])
def test_what_a_killed_process_began_the_next_start_finishes(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def die(*_: object) -> None:
        raise Killed

    with stage(user="ann") as (assistant, _, thread):
        done(list(assistant.ask(thread, "What is it?", [png("red")])))
        name = {"image": assistant.history(thread)[0].images[0].sha256, "user": "ann", "everything": ""}[kind]
        with monkeypatch.context() as patched:
            patched.setattr("memory.images.ImageStore.delete" if kind == "image" else "shutil.rmtree", die)
            with pytest.raises(Killed):
                erase(assistant.home, Target(kind, name))  # type: ignore[arg-type]
        assert any((assistant.home.root / "images").rglob("*.png"))
    with Home.open(load_settings(preset="scripted", user="ann")) as again:
        assert not any((again.root / "images").rglob("*.png"))
        assert len(again.conversations.list()) == (1 if kind == "image" else 0)
        assert again.conversations.saver.conn.execute("SELECT * FROM erasures").fetchall() == []
