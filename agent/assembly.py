"""Put an assistant together from settings: the one place where the layers below meet."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from agent.assistant import Assistant
from memory.home import Home
from memory.memories.recall import Recall
from runtime.encoder.base import Encoder, PassageEncoder
from runtime.models import chat_model, encoder, generator, model_pool, passage_encoder, text_reader
from runtime.presets import Preset, preset_of, presets
from runtime.settings import Settings
from runtime.translating import translator_of
from runtime.vlm.base import VisionChatModel
from tools.base import Tool, ToolContext
from tools.caption import Caption
from tools.easel import Easel
from tools.forget import Forget
from tools.generate_image import GenerateImage
from tools.judging import ENOUGH, ENOUGH_OF_AN_ICON, Judge
from tools.read_text import ReadText
from tools.recall import RecallMemories
from tools.remember import Remember
from tools.reranking import Reranker
from tools.search_documents import SearchDocuments
from tools.search_images import SearchImages
from tools.vary_image import VaryImage
from tools.vqa import Vqa


def open_assistant(settings: Settings, *, reuse: bool = True, beside: Assistant | None = None) -> Assistant:
    """Open the data directory and build the assistant; end it with `assistant.close()`.

    `reuse` is that of `chat_model`: conversations are faster with it, and measurements do without. With `beside`, it is
    that of another user of the same data directory: both share the models, and this one is to be closed first.

    Raises:
        DataDirectoryBusy: another vistalk has it open.
        BadSetting, ModelNotPresent: the preset cannot be used; nothing is left open.
    """
    preset = preset_of(settings)
    pool = beside.pool if beside else model_pool(settings)
    home = beside.home.of(settings.user) if beside else Home.open(settings)
    try:
        model = chat_model(settings, preset, pool, home.images.open, reuse=reuse)
        caption = Caption(model, translator_of(preset))
        vqa = Vqa(model, preset.short_answer, preset.pictures_at_once, translator_of(preset))
        tools: list[Tool[Any]] = [
            caption,
            vqa,
            ReadText(pool, text_reader(settings), home.images.open),
        ]
        pictures = encoder(settings, preset, pool) if preset.encoder != "none" else None
        if pictures is not None:
            tools.append(SearchImages(lambda: home.library, pictures, home.images.open))
        passages = passage_encoder(settings, preset, pool) if preset.passage_encoder != "none" else None
        if passages is not None:
            tools.append(document_search(home, passages, model if preset.reranks else None))
        recall = recollection(home, preset, passages, pictures)
        tools += memory_tools(recall, caption, None if preset.composes else vqa)
        if preset.generator != "none":
            asked = model if _answers_truly(preset) else None
            enough = ENOUGH_OF_AN_ICON if preset.generator == preset.encoder == "pocket" else ENOUGH
            judge = Judge(pictures, asked, enough) if pictures is not None else None
            easel = Easel(
                generator(settings, preset, pool),
                judge,
                home.drawings.made,
                elsewhere=draw_anything(),
                first_seed=settings.seed,
            )
            tools += [GenerateImage(easel), VaryImage(easel, home.images.open)]
        return Assistant(settings, preset, home, model, pool, {tool.name: tool for tool in tools}, recall)
    except BaseException:
        home.close()
        raise


def _answers_truly(preset: Preset) -> bool:
    """Whether the model's yes or no about a picture is worth asking for: a larger one's, and no script's."""
    return preset.composes and preset.vlm != "scripted"


def draw_anything() -> list[str]:
    """The presets whose own generator draws whatever can be said, photographs too."""
    known = presets().items()
    return [name for name, preset in known if preset.local and preset.generator not in ("none", "pocket")]


def document_search(home: Home, passages: PassageEncoder, reranker: VisionChatModel | None) -> SearchDocuments:
    """The tool that finds passages, with a model that looks at them a second time or without."""
    return SearchDocuments(lambda: home.library, passages, rerank=Reranker(reranker) if reranker else None)


def recollection(home: Home, preset: Preset, passages: PassageEncoder | None, pictures: Encoder | None) -> Recall:
    """What finds memories, in Chinese too where the preset's encoder of passages knows English only."""
    translator = translator_of(preset)
    return Recall(home.memories, home.images, passages, pictures, translator.question if translator else None)


def memory_tools(recall: Recall, caption: Caption, vqa: Vqa | None) -> list[Tool[Any]]:
    """The tools that remember, recall and forget."""

    def describe(handle: str, context: ToolContext) -> str:
        quiet = replace(context, emit=lambda _: None)
        return caption.run(caption.arguments(image=handle), quiet).text

    return [Remember(recall.memories, describe), RecallMemories(recall, vqa), Forget(recall)]
