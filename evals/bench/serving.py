"""Speed of the model behind our chat model, as ratios to a bare loop in the same run."""

from __future__ import annotations

import time
from collections.abc import Callable

from langchain_core.messages import BaseMessage, HumanMessage
from PIL import Image, ImageDraw

from evals.bench.report import Measure, median
from runtime.models import chat_model, model_pool, present, settled
from runtime.presets import preset_of
from runtime.settings import Settings
from runtime.vlm.base import Part, token_counts
from runtime.vlm.baseline import Timing, bare_generate
from runtime.vlm.chat import LocalVisionChatModel
from runtime.vlm.loading import load_engine, packs

ROUNDS = 7
TOKENS = 48
QUESTION = "Describe the image in as much detail as you can."
PLAIN = ("bfloat16", "float32")


def picture(side: int = 224) -> Image.Image:
    """A drawing: a red house under a yellow sun."""
    image = Image.new("RGB", (side, side), "skyblue")
    draw = ImageDraw.Draw(image)
    draw.ellipse((side * 0.7, side * 0.1, side * 0.9, side * 0.3), fill="yellow")
    draw.rectangle((side * 0.2, side * 0.5, side * 0.6, side * 0.9), fill="firebrick")
    return image


def decode(settings: Settings) -> list[Measure]:
    """Decoding rate and time to the first token, ours over bare, rounds interleaved."""
    model = _local(settings, lambda _: picture())
    conversation = [("user", [Part(image=picture(), key="drawing"), Part(text=QUESTION)])]
    ours: list[Timing] = []
    bare: list[Timing] = []
    with model.pool.lease(model.spec) as engine:
        ends = engine.eos
    for _ in range(ROUNDS + 1):
        with model.pool.lease(model.spec) as engine:
            engine.prefixes.clear()
            engine.eos = [0]  # no turn ends here, so both loops decode the same number of tokens
        try:
            ours.append(_ours(model, TOKENS))
        finally:
            with model.pool.lease(model.spec) as engine:
                engine.eos = ends
                bare.append(bare_generate(engine, conversation, TOKENS))
    model.pool.close()
    ours, bare = ours[1:], bare[1:]  # the first round warms up
    rate, plain = median([t.rate for t in ours]), median([t.rate for t in bare])
    first, plain_first = median([t.first for t in ours]), median([t.first for t in bare])
    return [
        Measure("decode_rate", rate, "tokens/s"),
        Measure("bare_decode_rate", plain, "tokens/s"),
        Measure("decode_ratio", rate / plain, "×", "least", 0.95, "ours / bare generate"),
        Measure("first_token", first, "s"),
        Measure("first_token_ratio", plain_first / first, "×", "least", 0.95, "bare generate / ours"),
        *_beside_plain(settings, rate),
    ]


def _beside_plain(settings: Settings, rate: float) -> list[Measure]:
    """Our decoding rate over that of plain formats in a bare loop; nothing where no packed weights are used."""
    settings = settled(settings)
    folder = present(settings, preset_of(settings))
    if settings.device != "cpu" or not packs(folder):
        return []
    conversation = [("user", [Part(image=picture(), key="drawing"), Part(text=QUESTION)])]
    measures = []
    for dtype in PLAIN:
        engine = load_engine(folder, "cpu", dtype, settings.threads, pack=False)
        timings = [bare_generate(engine, conversation, TOKENS) for _ in range(ROUNDS + 1)][1:]
        engine.close()
        plain = median([t.rate for t in timings])
        measures += [
            Measure(f"{dtype}_rate", plain, "tokens/s", note="weights as they are, bare generate"),
            Measure(f"{dtype}_first_token", median([t.first for t in timings]), "s"),
            Measure(f"packed_over_{dtype}", rate / plain, "×", "least", 1.5, f"ours / {dtype}_rate"),
        ]
    return measures


def prefix(settings: Settings) -> list[Measure]:
    """Time to the first token of a second question about the same picture, over the first one's."""
    model = _local(settings, lambda _: picture())
    firsts, seconds, reused = [], [], 0
    for _ in range(ROUNDS + 1):
        with model.pool.lease(model.spec) as engine:
            engine.prefixes.clear()
        firsts.append(_first_token(model, _question("What is in the picture?"))[0])
        spent, reused = _first_token(model, _question("What colour is the house?"))
        seconds.append(spent)
    model.pool.close()
    first, second = median(firsts[1:]), median(seconds[1:])
    return [
        Measure("first_question", first, "s"),
        Measure("second_question", second, "s", note=f"{reused} tokens reused"),
        Measure("second_over_first", second / first, "×", "most", 0.4, "time to first token"),
    ]


def _local(settings: Settings, load: Callable[[str], Image.Image]) -> LocalVisionChatModel:
    model = chat_model(settings, preset_of(settings), model_pool(settings), load)
    if not isinstance(model, LocalVisionChatModel):
        raise TypeError("only a model that runs here can be measured here")
    return model


def _question(words: str) -> list[BaseMessage]:
    return [HumanMessage([{"type": "image", "file_id": "drawing"}, {"type": "text", "text": words}])]


def _ours(model: LocalVisionChatModel, tokens: int) -> Timing:
    started = time.perf_counter()
    times = [time.perf_counter() - started for _ in model.stream(_question(QUESTION), max_new_tokens=tokens)]
    return Timing(times[0], times[-1], tokens)


def _first_token(model: LocalVisionChatModel, messages: list[BaseMessage]) -> tuple[float, int]:
    started = time.perf_counter()
    stream = model.stream(messages, max_new_tokens=4)
    next(stream)
    spent = time.perf_counter() - started
    return spent, token_counts(list(stream)[-1])["cached"]
