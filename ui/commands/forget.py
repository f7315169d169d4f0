"""`vistalk forget`: erase a conversation, a picture, a memory, a user or everything, and prove it."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Annotated

import typer

from runtime.errors import UserError
from ui.commands.output import note, say, say_json, visible

if TYPE_CHECKING:
    from memory.erasure.targets import Target
    from memory.erasure.verifying import Verdict

ASKED = {
    "thread": "Erase the conversation {id}, with all that was said in it and its pictures?",
    "turn": "Erase turn {turn} of the conversation {id}, in all its versions, with its pictures?",
    "image": "Erase the picture {id} from conversations, drawings, memories and the library?",
    "memory": "Erase the memory {id}?",
    "user": "Erase all that is kept of the user {id}?",
    "everything": "Erase all conversations, pictures, memories, libraries and evaluations of all users?",
}


def forget(
    ctx: typer.Context,
    thread: Annotated[str | None, typer.Option(metavar="ID", help="A conversation.")] = None,
    turn: Annotated[int | None, typer.Option(min=1, help="With --thread: only this turn of it, from 1.")] = None,
    image: Annotated[
        str | None, typer.Option(metavar="SHA", help="A picture, by the SHA-256 of its file, as --json shows it.")
    ] = None,
    memory: Annotated[str | None, typer.Option(metavar="ID", help="A memory.")] = None,
    user: Annotated[str | None, typer.Option(metavar="ID", help="All that is kept of a user.")] = None,
    everything: Annotated[bool, typer.Option("--everything", help="All of all users, evaluations too.")] = False,
    verify: Annotated[bool, typer.Option("--verify", help="Then look for it in every byte of the data directory.")] = (
        False
    ),
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask first.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Erase for good: what is named goes from the databases, files and vectors of the data directory, to the last byte.

    A picture leaves a place in conversations, which say that it is gone. Files of your own that were indexed stay where
    they are, and are named. Works while the chat is open, unless an answer or an indexing is under way.

    With --json, stdout holds one object: own_files, and with --verify verdict (texts, pictures, vectors, present,
    elsewhere, bytes, seconds, hits, unseen). Exits with 1 where --verify finds anything left.
    """
    from ui.librarian import Erasing
    from ui.visitor import carry_out

    settings = ctx.obj.settings()
    target = _target(thread, turn, image, memory, user, everything)
    if not yes:
        asked = ASKED[target.kind].format(id=visible(target.id), turn=target.turn + 1)
        typer.confirm(asked, abort=True, err=True)
    request = Erasing(kind=target.kind, id=target.id, turn=target.turn, verify=verify)
    erased = carry_out(settings, request, lambda _: None, threading.Event())
    if as_json:
        say_json(Erasing.reply.dump_python(erased, mode="json"))
    else:
        note("Erased.")
        for path in erased.own_files:
            note(f"Your own file stays where it is, and is indexed again with its folder: {visible(str(path))}")
        if erased.verdict is not None:
            _say_verdict(erased.verdict)
    if erased.verdict is not None and erased.verdict.hits:
        raise typer.Exit(1)


def _target(
    thread: str | None,
    turn: int | None,
    image: str | None,
    memory: str | None,
    user: str | None,
    everything: bool,
) -> Target:
    """What the options name.

    Raises:
        UserError: they name nothing, or more than one thing.
    """
    from memory.erasure.targets import Target

    named: list[Target] = []
    if thread is not None:
        named.append(Target("thread", thread) if turn is None else Target("turn", thread, turn - 1))
    if image is not None:
        named.append(Target("image", image.lower()))
    if memory is not None:
        named.append(Target("memory", memory))
    if user is not None:
        named.append(Target("user", user))
    if everything:
        named.append(Target("everything"))
    if len(named) != 1 or (turn is not None and thread is None):
        raise UserError(
            "Say which one thing is to be erased.",
            hint="One of --thread, --image, --memory, --user and --everything; --turn only with --thread.",
        )
    return named[0]


def _say_verdict(verdict: Verdict) -> None:
    sought = verdict.texts + verdict.pictures + verdict.vectors
    say(
        f"Looked for {sought:,} fragments ({verdict.texts:,} of texts, {verdict.pictures:,} of pictures, "
        f"{verdict.vectors:,} of vectors), {verdict.present:,} of which were there before, "
        f"in {verdict.bytes / 1e6:,.1f} MB: "
    )
    if not verdict.hits:
        say("none is left.\n")
    else:
        say("some are left.\n")
    for hit in verdict.hits:
        say(f"  {visible(hit.file)}: {hit.fragments:,}\n")
    if verdict.unseen:
        note(f"The server {verdict.unseen} deleted its vectors; what its disk still holds cannot be seen from here.")
    if verdict.elsewhere:
        note(f"{verdict.elsewhere:,} more also stand in what is kept, and were not looked for.")
