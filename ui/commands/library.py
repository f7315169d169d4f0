"""`vistalk index`, `vistalk search` and `vistalk library`: the user's own pictures and documents."""

from __future__ import annotations

import os
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.text import Text

from runtime.errors import UserError
from ui.commands.ask import INTERRUPTED
from ui.commands.output import cell, counting_bar, file_name, note, plain, say, say_json, say_table, table, visible
from ui.commands.session import bring_pocket, stop_on_interrupt

if TYPE_CHECKING:
    from memory.library.records import Outcome, PassageHit, Picture, PictureHit, Progress, Stats
    from runtime.settings import Settings
    from ui.commands.invocation import Invocation
    from ui.librarian import R, Request

SHOWN_FAILURES = 12
SHOWN_TEXT = 500
"""Characters of a passage, or of a catalogue's entry, that a table shows."""

app = typer.Typer(no_args_is_help=True, help="Show and tidy what is indexed of your pictures and documents.")

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
DAY = ["%Y-%m-%d"]


def index(
    ctx: typer.Context,
    paths: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[PATH]...", help="Files and folders; what was indexed before where there are none."),
    ] = None,
    again: Annotated[bool, typer.Option("--again", help="Read all anew, as after a change of the encoder.")] = False,
    captions: Annotated[bool, typer.Option("--captions", help="Have each picture described; slow.")] = False,
    read_text: Annotated[bool, typer.Option("--read-text", help="Read the text in each picture; slow.")] = False,
    as_json: AsJson = False,
) -> None:
    """Make pictures and documents findable, in the chat and with `vistalk search`.

    Reads what is new or has changed, and forgets what is gone; the files themselves are never touched. What cannot be
    read is listed with the reason. Ctrl-C stops; what is done by then is kept. Works while the chat is open.

    With --json, stdout holds one object: done, total, new, changed, unchanged, removed, failed, failures (path,
    reason, cause), seconds and cancelled.

    Exits with 0 where anything was indexed or known already, 1 where nothing was, 130 where Ctrl-C stopped it.
    """
    invocation: Invocation = ctx.obj
    given = [_full(path) for path in paths or []]
    outcome = run_index(
        invocation.settings(), given, again=again, captions=captions, read_text=read_text, quiet=as_json
    )
    if as_json:
        say_json(_values(outcome))
    else:
        say_outcome(outcome)
    if outcome.cancelled:
        raise typer.Exit(INTERRUPTED)
    raise typer.Exit(0 if outcome.new + outcome.changed + outcome.unchanged + outcome.removed else 1)


def run_index(
    settings: Settings,
    paths: list[Path],
    *,
    again: bool = False,
    captions: bool = False,
    read_text: bool = False,
    quiet: bool = False,
) -> Outcome:
    """Index with a progress bar; Ctrl-C stops it.

    Raises:
        VistalkError: what `carry_out` raises.
    """
    from ui.librarian import Indexing
    from ui.visitor import carry_out

    request = Indexing(paths=tuple(paths), again=again, captions=captions, read_text=read_text)
    bring_pocket(settings, ["encoder", "passage_encoder"])
    with stop_on_interrupt() as cancel:
        if quiet:
            return carry_out(settings, request, lambda _: None, cancel)
        with counting_bar() as show:
            return carry_out(settings, request, lambda so_far: show(so_far.done, so_far.total, _counts(so_far)), cancel)


def search(
    ctx: typer.Context,
    words: Annotated[str, typer.Argument(metavar="[TEXT]", help="What to find, in words.")] = "",
    image: Annotated[
        Path | None, typer.Option("--image", "-i", metavar="FILE", help="Find pictures like this one.")
    ] = None,
    top: Annotated[int, typer.Option(min=1, max=1000, help="How many at most.")] = 12,
    documents: Annotated[bool, typer.Option("--documents", "-d", help="Search documents, not pictures.")] = False,
    folder: Annotated[Path | None, typer.Option(help="Only what lies below this folder.")] = None,
    since: Annotated[datetime | None, typer.Option(formats=DAY, metavar="YYYY-MM-DD", help="The first day.")] = None,
    until: Annotated[datetime | None, typer.Option(formats=DAY, metavar="YYYY-MM-DD", help="The last day.")] = None,
    as_json: AsJson = False,
) -> None:
    """Find pictures by words or by a picture, or passages of documents by words.

    A score tells how well a picture fits, at most 1; scores of passages are only comparable within one search. Days
    are those when a picture was taken, or else when its file was changed.

    With --json, stdout holds one object: pictures and passages, the best first.
    """
    from ui.librarian import Searching

    if image is not None and (words or documents):
        raise UserError("A picture is searched for alone, and among pictures.", hint="Leave --image or the rest out.")
    invocation: Invocation = ctx.obj
    bring_pocket(invocation.settings(), ["passage_encoder" if documents else "encoder"])
    request = Searching(
        words=words,
        image=image and _full(image),
        top=top,
        documents=documents,
        folder=folder and _full(folder),
        since=since and since.date(),
        until=until and until.date(),
    )
    found = _carried_out(invocation, request)
    if as_json:
        pictures = [{"score": hit.score, **_picture_values(hit.picture)} for hit in found.pictures]
        passages = [{**_values(hit), **_values(hit.passage)} for hit in found.passages]
        for passage in passages:
            del passage["passage"]
        say_json({"pictures": pictures, "passages": passages})
    elif found.pictures:
        _say_pictures(found.pictures)
    elif found.passages:
        _say_passages(found.passages)
    else:
        note("Nothing was found.")


@app.command()
def stats(ctx: typer.Context, as_json: AsJson = False) -> None:
    """Show what is indexed."""
    from ui.librarian import Counting

    held = _carried_out(ctx.obj, Counting())
    if as_json:
        say_json(_values(held))
    else:
        _say_stats(held)


@app.command()
def remove(
    ctx: typer.Context,
    path: Annotated[Path, typer.Argument(help="A file or a folder; it need not exist any more.")],
    as_json: AsJson = False,
) -> None:
    """Take a file or a folder out of the index; the files themselves stay."""
    from ui.librarian import Removing

    removed = _carried_out(ctx.obj, Removing(path=_full(path)))
    if as_json:
        say_json({"removed": removed})
    else:
        note(f"{_many(removed, 'file')} taken out of the index." if removed else f"Nothing of {path} was indexed.")


@app.command()
def duplicates(
    ctx: typer.Context,
    threshold: Annotated[float, typer.Option(min=0.5, max=1, help="How alike; 1 is the same to the encoder.")] = 0.97,
    as_json: AsJson = False,
) -> None:
    """Show pictures that look the same, in groups."""
    from ui.librarian import Comparing

    groups = _carried_out(ctx.obj, Comparing(threshold=threshold))
    if as_json:
        say_json([[_picture_values(picture) for picture in group] for group in groups])
        return
    if not groups:
        note("No two pictures look the same.")
        return
    rows = table("", "size", "date", "picture")
    for number, group in enumerate(groups, 1):
        for place, picture in enumerate(group):
            size = f"{picture.width} × {picture.height}"
            rows.add_row(cell("" if place else number), cell(size), cell(_day(picture)), _file(picture))
    say_table(rows)


def _carried_out(invocation: Invocation, request: Request[R]) -> R:
    from ui.visitor import carry_out

    return carry_out(invocation.settings(), request, lambda _: None, threading.Event())


def _full(path: Path) -> Path:
    """Its absolute path, links left as they are: it is sent to a process that may work in another folder."""
    return Path(os.path.abspath(path))  # noqa: PTH100


def _values(record: Any) -> dict[str, Any]:
    """A record as plain values."""
    from pydantic import TypeAdapter

    values: dict[str, Any] = TypeAdapter(type(record)).dump_python(record, mode="json")
    return values


def _picture_values(picture: Picture) -> dict[str, Any]:
    return {**_values(picture), "present": picture.present}


def _counts(counts: Progress | Outcome) -> str:
    names = ("new", "changed", "unchanged", "removed", "failed")
    return ", ".join(f"{number} {name}" for name in names if (number := getattr(counts, name))) or "nothing new"


def say_outcome(outcome: Outcome) -> None:
    """Tell what indexing came to."""
    rate = f", {outcome.done / outcome.seconds:.1f} a second" if outcome.seconds > 0 and outcome.done else ""
    say(f"{_many(outcome.done, 'file')} in {outcome.seconds:.1f} s{rate}: {_counts(outcome)}\n")
    for failure in outcome.failures[:SHOWN_FAILURES]:
        note(f"✗ {visible(failure.path)}", "red")
        note(f"  {failure.reason}", "")
    if (more := len(outcome.failures) - SHOWN_FAILURES) > 0:
        note(f"and {more} more; --json lists all")
    if outcome.cancelled:
        note("Stopped. What is done is kept; the same command goes on from here.")


def _say_pictures(hits: tuple[PictureHit, ...]) -> None:
    rows = table("score", "date", "picture", "catalogue")
    for hit in hits:
        entry = hit.picture.entry or hit.picture.caption
        rows.add_row(cell(f"{hit.score:.3f}"), cell(_day(hit.picture)), _file(hit.picture), cell(entry[:SHOWN_TEXT]))
    say_table(rows)


def _say_passages(hits: tuple[PassageHit, ...]) -> None:
    rows = table("score", "passage")
    for hit in hits:
        passage = hit.passage
        shown = file_name(passage.path)
        if not passage.path.is_file():
            shown.append(" (not there any more)", "red")
        where = ", ".join(filter(None, (f"page {passage.page}" if passage.page else "", passage.heading)))
        shown.append(f"\n{visible(where)}" if where else "", "bold")
        text = passage.text if len(passage.text) <= SHOWN_TEXT else passage.text[:SHOWN_TEXT] + "…"
        rows.add_row(cell(f"{hit.score:.3f}"), Text.assemble(shown, f"\n{plain(text)}\n"))
    say_table(rows)


def _say_stats(held: Stats) -> None:
    from runtime.hardware import readable

    if not held.pictures and not held.documents:
        note("Nothing is indexed yet. `vistalk index FOLDER` begins.")
        return
    counted = f"{_many(held.pictures, 'picture')}, {_many(held.documents, 'document')}"
    missing = f", {held.missing} of these files not there any more" if held.missing else ""
    say(f"{counted} in {_many(held.passages, 'passage')}{missing}; {readable(held.bytes)} on disk\n")
    rows = table("folder", "pictures", "documents", "")
    for folder in held.folders:
        gone = f"{folder.missing} not there any more" if folder.missing else ""
        state = gone if folder.present else "not there any more"
        rows.add_row(file_name(folder.path), cell(folder.pictures), cell(folder.documents), cell(state, "red"))
    say_table(rows)
    say(f"encoders: {', '.join(filter(None, (held.encoder, held.passage_encoder)))}\n")


def _file(picture: Picture) -> Text:
    shown = file_name(picture.path)
    if not picture.present:
        shown.append(" (not there any more)", "red")
    return shown


def _day(picture: Picture) -> str:
    """When it was taken, or else when its file was changed."""
    return picture.taken[:10] or datetime.fromtimestamp(picture.modified, UTC).astimezone().strftime("%Y-%m-%d")


def _many(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"
