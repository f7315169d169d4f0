"""The command line. Nothing heavy is imported before a command runs: `vistalk --help` answers at once."""

from __future__ import annotations

import io
import logging
import sys
import traceback
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from runtime.errors import VistalkError
from ui.commands import demo, evals, library, memory, models, threads
from ui.commands.ask import ask, plan
from ui.commands.chat import chat
from ui.commands.doctor import doctor
from ui.commands.draw import draw
from ui.commands.forget import forget
from ui.commands.invocation import Invocation
from ui.commands.output import complain, say
from ui.commands.serve import ui


class Commands(TyperGroup):
    """The commands; an error of ours ends any of them with a sentence and what to do about it."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except VistalkError as error:
            if ctx.params["debug"]:
                traceback.print_exc()
            complain(error.message, error.hint)
            raise typer.Exit(1) from error


app = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for command in (ask, plan, chat, ui, draw, library.index, library.search, forget, doctor):
    app.command()(command)
app.add_typer(library.app, name="library")
app.add_typer(threads.app, name="threads")
app.add_typer(memory.app, name="memory")
app.add_typer(demo.app, name="demo")
app.add_typer(models.app, name="models")
app.add_typer(evals.app, name="eval")


def _version(wanted: bool) -> None:
    if wanted:
        from runtime.doctor import version

        say(f"vistalk {version()}\n")
        raise typer.Exit


@app.callback()
def shared_options(
    ctx: typer.Context,
    home: Annotated[Path | None, typer.Option(help="Data directory.")] = None,
    user: Annotated[str | None, typer.Option(help="Whose conversations and pictures.")] = None,
    preset: Annotated[str | None, typer.Option(help="Set of models; `vistalk models list` shows them.")] = None,
    vlm: Annotated[str | None, typer.Option(help="Another vision-language model: hub id or folder.")] = None,
    vlm_revision: Annotated[str | None, typer.Option(help="The revision of that hub model.")] = None,
    vlm_url: Annotated[str | None, typer.Option(help="An OpenAI-compatible server to use as the model.")] = None,
    encoder: Annotated[
        str | None, typer.Option(help="Another picture encoder: open_clip model:tag, or folder.")
    ] = None,
    passage_encoder: Annotated[str | None, typer.Option(help="Another passage encoder: hub id or folder.")] = None,
    generator: Annotated[str | None, typer.Option(help="Another image generator: hub id or folder.")] = None,
    script: Annotated[Path | None, typer.Option(help="Answers of the preset `scripted`.")] = None,
    device: Annotated[str | None, typer.Option(help="auto, cpu, cuda or mps.")] = None,
    dtype: Annotated[str | None, typer.Option(help="auto, float32, bfloat16 or float16.")] = None,
    threads: Annotated[int | None, typer.Option(help="Processor threads for models.")] = None,
    memory_budget_gb: Annotated[float | None, typer.Option(help="Memory for models.")] = None,
    temperature: Annotated[float | None, typer.Option(help="0 takes the likeliest token.")] = None,
    seed: Annotated[int | None, typer.Option(help="For sampling.")] = None,
    max_new_tokens: Annotated[int | None, typer.Option(help="Longest answer, in tokens.")] = None,
    language: Annotated[str | None, typer.Option(help="Language of replies: auto, en or zh.")] = None,
    debug: Annotated[bool, typer.Option("--debug", help="Show logs, and where an error came from.")] = False,
    version: Annotated[  # noqa: ARG001
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and end.")
    ] = False,
) -> None:
    """A private multimodal assistant that runs on your own machine.

    Options before the command are settings: they win over the environment (VISTALK_HOME and so on), which wins over
    the settings file. `vistalk doctor` shows what they lead to.
    """
    logging.basicConfig(level=logging.DEBUG if debug else logging.CRITICAL)
    ctx.obj = Invocation(
        {
            "home": home,
            "user": user,
            "preset": preset,
            "vlm": vlm,
            "vlm_revision": vlm_revision,
            "vlm_url": vlm_url,
            "encoder": encoder,
            "passage_encoder": passage_encoder,
            "generator": generator,
            "script": script,
            "device": device,
            "dtype": dtype,
            "threads": threads,
            "memory_budget_gb": memory_budget_gb,
            "temperature": temperature,
            "seed": seed,
            "max_new_tokens": max_new_tokens,
            "language": language,
        }
    )


def main() -> None:
    """Run the command that the arguments name."""
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a pipe's encoding may lack what an answer holds
    app(prog_name="vistalk")


if __name__ == "__main__":
    main()
