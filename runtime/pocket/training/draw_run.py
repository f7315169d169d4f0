"""From icon packages to the pocket generator's weights: the whole recipe behind one call."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from PIL import Image

from runtime.errors import ModelNotPresent
from runtime.pocket import sentences
from runtime.pocket.drawing import network
from runtime.pocket.drawing.composing import SIDE, Place, composed
from runtime.pocket.drawing.concepts import FILE
from runtime.pocket.drawing.pipeline import PocketPipeline
from runtime.pocket.drawing.pixels import to_image, to_tensor
from runtime.pocket.drawing.sampling import GUIDANCE, STEPS, sampled, scheduler
from runtime.pocket.drawing.scene import Item, Scene
from runtime.pocket.training import saving
from runtime.pocket.training.draw import MEANS, Learner, Recipe, Report
from runtime.pocket.training.draw_examples import Examples, Icons
from runtime.pocket.training.draw_icons import Report as IconsReport
from runtime.pocket.training.draw_icons import prepare

SAMPLES = 8
WEIGHTS = "unet"
"""The folder of the network below the generator's."""


def train(out: Path, recipe: Recipe, rasterised: IconsReport, report: Report) -> Path:
    """Train to the recipe's end in the folder `out`, or go on with what is there; returns the weights' folder.

    Raises:
        ModelNotPresent, ModelCorrupt, MissingDependency: from fetching what it starts from.
    """
    torch.manual_seed(recipe.seed)
    out.mkdir(parents=True, exist_ok=True)
    prepare(out, rasterised)
    icons = Icons(out)
    read = reader(sentences.assemble(out / "base", lambda _what, _share: None))
    learner = Learner(recipe, network.build(), read, Examples(icons, recipe.seed), out)
    (out / "recipe.json").write_text(json.dumps(asdict(recipe), indent=1) + "\n", encoding="utf-8")
    learner.run(report, lambda: sample_sheet(averaged(out), read, icons).save(out / "samples.png"))
    return export(out)


def reader(folder: Path) -> Callable[[Sequence[str]], network.Words]:
    """What gives the texts' states, by the sentence encoder in a folder."""
    from transformers import AutoModel, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    encoder = AutoModel.from_pretrained(folder, dtype=torch.bfloat16, local_files_only=True).eval()
    return lambda texts: network.read(list(texts), encoder, tokenizer)


def averaged(run: Path) -> Any:
    """The network with the running means of a run's last save, in 16 bits.

    Raises:
        ModelNotPresent: nothing was saved.
    """
    state = saving.kept(run)
    if state is None:
        raise ModelNotPresent(f"No training of the generator is kept in {run}.")
    unet = network.build()
    unet.load_state_dict(saving.read(run, state["step"], MEANS))
    return unet.bfloat16().eval()


def pipeline(run: Path) -> PocketPipeline:
    """What a run's last save draws with."""
    from transformers import AutoModel, AutoTokenizer

    words = sentences.assemble(run / "base", lambda _what, _share: None)
    encoder = AutoModel.from_pretrained(words, dtype=torch.bfloat16, local_files_only=True).eval()
    tokenizer = AutoTokenizer.from_pretrained(words, local_files_only=True)
    return PocketPipeline(averaged(run), scheduler(), encoder, tokenizer)


def sample_sheet(unet: Any, read: Callable[[Sequence[str]], network.Words], icons: Icons) -> Image.Image:
    """Held-out icons in columns: hint, drawing, icon."""
    held_out = icons.held_out()
    bank = icons.bank()
    chosen = held_out[:: len(held_out) // SAMPLES][:SAMPLES]
    sheet = Image.new("RGB", (len(chosen) * SIDE, 3 * SIDE), "white")
    nothing = read([""])
    for column, (concept, style) in enumerate(chosen):
        words = read([Scene((Item(icons.concepts[concept].name),), style).caption])
        place = [Place(0, 0.5, 0.5, 1.0)]
        hint = composed(place, [bank.thumbnail(concept, icons.styles(concept)[0])])
        answer = sampled(
            unet,
            scheduler(),
            to_tensor(hint),
            words,
            nothing,
            steps=STEPS,
            guidance=GUIDANCE,
            generator=torch.Generator().manual_seed(column),
            seen=lambda _step, _time, _picture: None,
        )
        rows = [hint, to_image(answer), composed(place, [icons.picture(concept, style)])]
        for row, picture in enumerate(rows):
            sheet.paste(picture, (column * SIDE, row * SIDE))
    return sheet


def export(run: Path) -> Path:
    """Write what the project ships, from a run's last save: network in 16 bits, bank, names."""
    out = run / "weights"
    out.mkdir(exist_ok=True)
    averaged(run).save_pretrained(out / WEIGHTS)
    Icons(run).bank().write(out)
    (out / FILE).write_bytes((run / FILE).read_bytes())
    return out
