"""What the user thought of replies, as a data file for the task `conversation`.

A line is a conversation up to the reply that was rated, which alone is judged: a good one by its action, its pictures
and its words, a bad one by the right answer where the user gave it. Where nobody knows what would have been right, the
line begins with `# ` and is skipped when the file is read; with an answer written into it, it is a sample like others.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from agent.exchange import exchanges
from agent.language import CJK
from memory.files import write_whole
from runtime.errors import ImageMissing, UnknownThread, UserError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from agent.exchange import Exchange
    from agent.state import State
    from memory.feedback import Opinion
    from memory.home import Home
    from memory.images import ImageStore

PICTURES = "images"
"""The folder beside the file that its pictures are put into."""

SHORT = 60
"""Characters of a good reply, at most, whose words are held against others; a longer one can be said in many ways."""


@dataclass(frozen=True)
class Written:
    """How many lines a file got that can be judged, how many wait for a right answer, how many opinions made none."""

    judged: int
    waiting: int
    left_out: int


def write_feedback(home: Home, file: Path) -> Written:
    """Write all opinions of the user, with the pictures that they are about beside the file.

    Left out are those about a reply or a picture that is gone.

    Raises:
        UserError: the user has rated nothing yet.
        DiskFull, SetupError: the file or a picture cannot be written.
    """
    opinions = home.feedback.list()
    if not opinions:
        raise UserError("No answer has been rated yet.", hint="The thumbs are below each answer in the chat.")
    judged, waiting = [], []
    for opinion in opinions:
        try:
            if not (turns := _until(home, opinion)):
                continue
            names = _put_pictures(turns, home.images, file.parent / PICTURES)
        except (ImageMissing, UnknownThread):
            continue
        right = _right(opinion, turns)
        rows: list[dict[str, Any]] = [_turn(turn, names) for turn in turns]
        rows[-1] |= right
        line = json.dumps(_row(opinion, turns, rows), ensure_ascii=False)
        if right:
            judged.append(line)
        else:
            waiting.append(f"# {line}")
    write_whole(file, "".join(f"{line}\n" for line in (*judged, *waiting)).encode())
    return Written(len(judged), len(waiting), len(opinions) - len(judged) - len(waiting))


def _until(home: Home, opinion: Opinion) -> Sequence[Exchange]:
    """The turns up to the reply, on whichever branch it stands; none where it is gone.

    Raises:
        UnknownThread: the conversation is gone.
    """
    for checkpoint in home.conversations.saver.list(home.conversations.config(opinion.thread)):
        values = checkpoint.checkpoint["channel_values"]
        if any(message.id == opinion.reply for message in values.get("messages", [])):
            turns = exchanges(cast("State", values))
            return turns[: [turn.id for turn in turns].index(opinion.reply) + 1]
    return []


def _put_pictures(turns: Sequence[Exchange], images: ImageStore, folder: Path) -> dict[str, str]:
    """Copy the pictures that came with the turns; the names of their files by their digests.

    Raises:
        ImageMissing: one is gone.
    """
    refs = [ref for turn in turns for ref in turn.images]
    paths = {ref.sha256: images.path(ref.sha256) for ref in refs}
    names = {sha256: f"{sha256[:16]}{path.suffix}" for sha256, path in paths.items()}
    for sha256, path in paths.items():
        write_whole(folder / names[sha256], path.read_bytes())
    return names


def _turn(turn: Exchange, names: dict[str, str]) -> dict[str, Any]:
    said = {"text": turn.words} if turn.words else {}
    shown = {"images": [names[ref.sha256] for ref in turn.images]} if turn.images else {}
    return {**said, **shown}


def _right(opinion: Opinion, turns: Sequence[Exchange]) -> dict[str, Any]:
    """What is right after the last turn, as far as the opinion tells."""
    turn = turns[-1]
    if opinion.correction:
        return {"contains": [opinion.correction]}
    if not opinion.good:
        return {}
    steps = turn.details.get("steps", [])
    right: dict[str, Any] = {"action": steps[0]["tool"] if steps else ["answer", "ask_user"]}
    attached = {ref.handle for each in turns for ref in each.images}
    looked = [handle for step in steps for handle in _named(step["arguments"])]
    if looked and attached.issuperset(looked):  # a picture that was found or drawn is another one next time
        right["handle"] = list(dict.fromkeys(looked))
    if len(turn.reply) <= SHORT:
        right["contains"] = [turn.reply.strip().rstrip(".。")]
    return right


def _named(arguments: dict[str, Any]) -> list[str]:
    """The handles among a tool's arguments."""
    return [*([arguments["image"]] if arguments.get("image") else []), *arguments.get("images", [])]


def _row(opinion: Opinion, turns: Sequence[Exchange], rows: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "id": f"{opinion.thread}-{opinion.reply}",
        "group": opinion.thread,
        "lang": "zh" if any(CJK.search(turn.words) for turn in turns) else "en",
        "good": opinion.good,
        "comment": opinion.reason,
        "reply": turns[-1].reply,
        "turns": rows,
    }
