"""Put the pocket vision-language model together, once, as an ordinary transformers checkpoint.

    SmolLM2-135M-Instruct (unpacked from 4 bits) + our adapters, merged
    EfficientNet-lite2 (ImageNet), two scales of features, 8 × 8 at 256 px = 64 visual tokens, and its naming head
    our projector between them

It is a `FastVlmForConditionalGeneration` with a timm vision tower (`runtime.pocket.tower`) and a Llama text model.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import shutil
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runtime.importing import whole
from runtime.pocket.assembling import Progress, put_together
from runtime.pocket.sources import BASE, LITE2, fetch

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

HERE = Path(__file__).parent
WEIGHTS = HERE / "weights"
CURVE = "confidence.json"
RESERVED_TOKEN = "<empty_output>"  # noqa: S105  a token of the base vocabulary that its training never used
IMAGE_TOKEN = "<image>"  # noqa: S105
SIDE, STRIDE = 256, 32
MEAN, STD = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]


def version() -> str:
    """Changes when anything that the assembled model is made of changes."""
    digest = hashlib.sha256()
    for part in (BASE.sha256, LITE2.sha256, (HERE / "chat_template.jinja").read_text()):
        digest.update(part.encode())
    for file in sorted([*WEIGHTS.glob("*.safetensors"), *WEIGHTS.glob(CURVE)]):
        digest.update(file.read_bytes())
    return digest.hexdigest()[:12]


def folder(models: Path) -> Path:
    """Where the assembled model lies below the data directory's `models`."""
    return models / f"pocket-vlm-{version()}"


def assemble(models: Path, progress: Progress) -> Path:
    """Fetch the sources and write the checkpoint. Whole or not at all; returns its folder at once where it exists.

    Raises:
        ModelNotPresent, ModelCorrupt: from fetching.
        DiskFull
    """

    def build(work: Path, out: Path) -> None:
        progress("fetching the language model (93 MB)", 0.0)
        base = fetch(BASE, work)
        progress("fetching the vision model (25 MB)", 0.4)
        vision = fetch(LITE2, work)
        progress("putting them together", 0.55)
        with warnings.catch_warnings(), contextlib.redirect_stderr(io.StringIO()):
            warnings.simplefilter("ignore", FutureWarning)  # transformers' own bars and notices; errors are raised
            _build(base, vision, out)
        progress("done", 1.0)

    return put_together(folder(models), "the pocket model", build)


def _build(base: Path, vision: Path, out: Path) -> None:
    import torch

    whole("transformers")
    from peft import PeftModel
    from safetensors.torch import load_file
    from transformers import AutoModelForCausalLM, AutoTokenizer, FastVlmForConditionalGeneration, GgufConfig
    from transformers.utils import logging

    from runtime.pocket import tower

    logging.disable_progress_bar()
    tokenizer = _tokenizer(AutoTokenizer.from_pretrained(base.parent, gguf_file=base.name), out)
    language = AutoModelForCausalLM.from_pretrained(
        base.parent, gguf_file=base.name, dtype=torch.float32, quantization_config=GgufConfig(dequantize=True)
    )
    language = PeftModel.from_pretrained(language, WEIGHTS).merge_and_unload()
    eyes, namer = tower.load(vision)
    model = FastVlmForConditionalGeneration(_config(language.config, tokenizer, eyes.num_features)).eval()
    model.model.language_model.load_state_dict(language.model.state_dict())
    model.lm_head.load_state_dict(language.lm_head.state_dict())
    model.model.multi_modal_projector.load_state_dict(load_file(WEIGHTS / "projector.safetensors"))
    model.model.vision_tower.timm_model.load_state_dict(eyes.state_dict())
    model.to(torch.bfloat16).save_pretrained(out)
    namer.save(out)
    for curve in WEIGHTS.glob(CURVE):
        shutil.copy(curve, out)
    _processor(tokenizer).save_pretrained(out)


def _config(text: Any, tokenizer: PreTrainedTokenizerFast, features: int) -> Any:
    from transformers import FastVlmConfig, TimmWrapperConfig

    from runtime.pocket.tower import ARCHITECTURE

    vision = TimmWrapperConfig(architecture=ARCHITECTURE, do_pooling=False, hidden_size=features)
    image_token = tokenizer.convert_tokens_to_ids(IMAGE_TOKEN)
    return FastVlmConfig(
        vision_config=vision, text_config=text, image_token_id=image_token, projector_hidden_act="gelu"
    )


def _tokenizer(tokenizer: PreTrainedTokenizerFast, out: Path) -> PreTrainedTokenizerFast:
    """Give the reserved token its new name: in the saved file, for the vocabulary knows no renaming."""
    from transformers import AutoTokenizer

    tokenizer.save_pretrained(out)
    file = out / "tokenizer.json"
    content = json.loads(file.read_text(encoding="utf-8"))
    vocabulary = content["model"]["vocab"]
    vocabulary[IMAGE_TOKEN] = vocabulary.pop(RESERVED_TOKEN)
    for added in content["added_tokens"]:
        if added["content"] == RESERVED_TOKEN:
            added["content"] = IMAGE_TOKEN
    file.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
    return AutoTokenizer.from_pretrained(out)


def _processor(tokenizer: PreTrainedTokenizerFast) -> Any:
    from transformers import CLIPImageProcessor, LlavaProcessor

    pictures = CLIPImageProcessor(
        size={"height": SIDE, "width": SIDE}, do_center_crop=False, image_mean=MEAN, image_std=STD, resample=3
    )
    return LlavaProcessor(
        image_processor=pictures,
        tokenizer=tokenizer,
        patch_size=STRIDE,
        vision_feature_select_strategy="full",
        chat_template=(HERE / "chat_template.jinja").read_text(),
        image_token=IMAGE_TOKEN,
    )
