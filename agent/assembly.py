"""Put an assistant together from settings: the one place where the layers below meet."""

from __future__ import annotations

from typing import Any

from agent.assistant import Assistant
from memory.home import Home
from runtime.models import chat_model, model_pool, text_reader
from runtime.presets import preset_of
from runtime.settings import Settings
from tools.base import Tool
from tools.caption import Caption
from tools.read_text import ReadText
from tools.vqa import Vqa


def open_assistant(settings: Settings, *, reuse: bool = True) -> Assistant:
    """Open the data directory and build the assistant; end it with `assistant.close()`.

    `reuse` is that of `chat_model`: conversations are faster with it, and measurements do without.

    Raises:
        DataDirectoryBusy: another vistalk has it open.
        BadSetting, ModelNotPresent: the preset cannot be used; nothing is left open.
    """
    preset = preset_of(settings)
    pool = model_pool(settings)
    home = Home.open(settings)
    try:
        model = chat_model(settings, preset, pool, home.images.open, reuse=reuse)
        tools: list[Tool[Any]] = [
            Caption(model),
            Vqa(model, preset.short_answer),
            ReadText(pool, text_reader(settings), home.images.open),
        ]
        return Assistant(settings, preset, home, model, pool, {tool.name: tool for tool in tools})
    except BaseException:
        home.close()
        raise
