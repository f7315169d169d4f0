"""`vistalk draw`: a picture from words, written to a file that says how it was made."""

from __future__ import annotations

import os
import re
import secrets
from contextlib import contextmanager
from dataclasses import replace
from itertools import chain
from itertools import count as count_up
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from runtime.errors import Cancelled, UserError
from ui.commands.ask import INTERRUPTED
from ui.commands.output import note, progress_bar, say, say_json, visible
from ui.commands.session import bring_pocket, read_picture, read_words, stop_on_interrupt
from ui.drawn import file_name

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Iterator

    from runtime.generator.base import Drawing, Order, Repertoire, Stage
    from runtime.settings import Settings
    from ui.commands.invocation import Invocation

MOST_AT_ONCE = 100
CHANCE_SEEDS = 2**31
SUFFIX = ".png"


def _size(typed: str) -> tuple[int, int]:
    """Width and height from "640x480"."""
    numbers = re.fullmatch(r"(\d{1,6})[x×*](\d{1,6})", typed.strip().lower())
    if numbers is None:
        raise typer.BadParameter(f"{typed!r} is no size; write width x height, such as 512x512.")
    return int(numbers[1]), int(numbers[2])


def draw(
    ctx: typer.Context,
    prompt: Annotated[str, typer.Argument(help="What to draw, in words; - reads it from stdin.")],
    seed: Annotated[int | None, typer.Option(help="The same seed draws the same picture.")] = None,
    count: Annotated[int, typer.Option(min=1, max=MOST_AT_ONCE, help="How many; each has the seed after.")] = 1,
    steps: Annotated[int | None, typer.Option(help="More are slower and finer.")] = None,
    size: Annotated[
        Any, typer.Option(parser=_size, metavar="WxH", help="In pixels; the model's own where it is left out.")
    ] = None,
    guidance: Annotated[float | None, typer.Option(help="How strictly the words are followed.")] = None,
    negative: Annotated[str, typer.Option(help="What it should not show.")] = "",
    source: Annotated[
        Path | None, typer.Option("--from", metavar="FILE", help="Begin with this picture instead of nothing.")
    ] = None,
    strength: Annotated[float | None, typer.Option(help="How far from that picture: above 0, at most 1.")] = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="FILE", help="Where to write it; a folder for several.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Draw a picture and write it to a PNG file.

    The file's name goes to stdout. In the file stands how it was made: model, prompt, seed and all settings, and that
    a machine drew it. No file is written over but the one that -o names. Works while the chat is open.

    With --json, stdout holds one object: pictures (path, flagged, and the settings that draw it again) and cancelled. A
    picture that the model's own checker flags is not kept; its path is null.

    Exits with 0 where a picture was written, 1 where none was, 130 where Ctrl-C stopped it; finished pictures are kept.
    """
    from runtime.generator.base import Order

    invocation: Invocation = ctx.obj
    settings = invocation.settings()
    _check(out)
    first = secrets.randbelow(CHANCE_SEEDS) if seed is None else seed
    width, height = size or (None, None)
    order = Order(
        prompt=read_words(prompt).strip(),
        negative=negative,
        width=width,
        height=height,
        steps=steps,
        guidance=guidance,
        seeds=tuple(range(first, first + count)),
        source=None if source is None else read_picture(source, settings),
        strength=strength,
    )
    drawn: list[dict[str, Any]] = []
    with stop_on_interrupt() as cancel:
        try:
            for drawing in _drawings(settings, order, cancel, quiet=as_json):
                path = None if drawing.flagged else _write(drawing, out, several=count > 1)
                drawn.append({"path": path and str(path.absolute()), "flagged": drawing.flagged, **drawing.settings})
                if not as_json:
                    _tell(drawing, path)
        except Cancelled:
            note("Stopped.")
    stopped = len(drawn) < count
    if as_json:
        say_json({"pictures": drawn, "cancelled": stopped})
    if stopped:
        raise typer.Exit(INTERRUPTED)
    raise typer.Exit(0 if any(one["path"] for one in drawn) else 1)


def _drawings(settings: Settings, order: Order, cancel: threading.Event, *, quiet: bool) -> Iterator[Drawing]:
    """Each picture when it is finished: those that follow may fail, or be stopped.

    Raises:
        VistalkError: what `Generator.draw` raises.
    """
    from runtime.models import generator, model_pool
    from runtime.presets import preset_of

    bring_pocket(settings, ["generator"])
    pool = model_pool(settings)
    try:
        drawer = generator(settings, preset_of(settings), pool)
        _say_what_it_can(order.prompt, drawer.repertoire(order.prompt), settings)
        for number, seed in enumerate(order.seeds, 1):
            what = f"picture {number} of {len(order.seeds)}, seed {seed}"
            with _watched(what, quiet=quiet) as on_stage:
                drawn = drawer.draw(replace(order, seeds=(seed,)), on_stage=on_stage, cancel=cancel)
            yield from drawn
    finally:
        pool.close()


def _say_what_it_can(prompt: str, repertoire: Repertoire, settings: Settings) -> None:
    """Say so where it cannot be drawn, or only something near it, in the words of the chat.

    Raises:
        UserError
    """
    from agent.assembly import draw_anything
    from agent.language import language_of
    from tools.commission import wants_photograph
    from tools.drawing import say as said
    from tools.easel import refusal

    language, photograph = language_of(prompt, settings.language), wants_photograph(prompt)
    if cannot := refusal(prompt, repertoire, language, photograph=photograph, elsewhere=draw_anything()):
        raise UserError(cannot)
    if repertoire.nearest:
        note(said(language, "nearest", things=repertoire.nearest[language]))


@contextmanager
def _watched(what: str, *, quiet: bool) -> Iterator[Callable[[Stage], None]]:
    """Yield what shows each stage of a drawing as it comes."""
    from runtime.generator.base import ignore

    if quiet:
        yield ignore
        return
    with progress_bar() as show:
        show(what, 0.0)
        yield lambda stage: show(what, stage.fraction)


def _tell(drawing: Drawing, path: Path | None) -> None:
    if path is None:
        note(f"seed {drawing.seed}: the model's own checker found the picture unfit to be shown; it is not kept", "red")
    else:
        say(f"{visible(str(path))}\n")


def _check(out: Path | None) -> None:
    """Whether a picture can be written there, before any work is done.

    Raises:
        UserError
    """
    out = out or Path()
    folder = out if out.is_dir() else out.parent
    if not out.is_dir() and out.suffix.lower() != SUFFIX:
        raise UserError(f"{out} is no PNG file's name.", hint=f"Name it {out.stem}{SUFFIX}, or name a folder.")
    if not folder.is_dir():
        raise UserError(f"The folder {folder} is not there.", hint="Make it, or name another.")
    if not os.access(folder, os.W_OK):
        raise UserError(f"Nothing can be written to the folder {folder}.", hint="Name another with -o.")


def _write(drawing: Drawing, out: Path | None, *, several: bool) -> Path:
    """Write the file: over the one that was named, and over no other.

    Raises:
        DiskFull, SetupError
    """
    from memory.files import write_whole
    from memory.provenance import signed_png

    data = signed_png(drawing.image, drawing.settings)
    if out is None or out.is_dir():
        path = _free((out or Path()) / file_name(drawing.settings))
    elif several:
        path = _free(out.with_stem(f"{out.stem}-{drawing.seed}"))
    else:
        path = out
    write_whole(path, data)
    return path


def _free(path: Path) -> Path:
    """The path, numbered where it is taken."""
    numbered = (path.with_stem(f"{path.stem}-{number}") for number in count_up(2))
    return next(place for place in chain([path], numbered) if not os.path.lexists(place))
