"""Put an assistant together from settings: the one place where the layers below meet."""

from __future__ import annotations

from typing import Any

from agent.assistant import Assistant
from memory.home import Home
from runtime.encoder.base import PassageEncoder
from runtime.models import chat_model, encoder, model_pool, passage_encoder, text_reader
from runtime.presets import preset_of
from runtime.settings import Settings
from runtime.vlm.base import VisionChatModel
from tools.base import Tool
from tools.caption import Caption
from tools.read_text import ReadText
from tools.reranking import Reranker
from tools.search_documents import SearchDocuments
from tools.search_images import SearchImages
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
            Vqa(model, preset.short_answer, preset.pictures_at_once),
            ReadText(pool, text_reader(settings), home.images.open),
        ]
        if preset.encoder != "none":
            pictures = encoder(settings, preset, pool)
            tools.append(SearchImages(lambda: home.library, pictures, home.images.open))
        if preset.passage_encoder != "none":
            tools.append(
                document_search(home, passage_encoder(settings, preset, pool), model if preset.reranks else None)
            )
        return Assistant(settings, preset, home, model, pool, {tool.name: tool for tool in tools})
    except BaseException:
        home.close()
        raise


def document_search(home: Home, passages: PassageEncoder, reranker: VisionChatModel | None) -> SearchDocuments:
    """The tool that finds passages, with a model that looks at them a second time or without."""
    return SearchDocuments(lambda: home.library, passages, rerank=Reranker(reranker) if reranker else None)
