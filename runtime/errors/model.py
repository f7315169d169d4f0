"""Errors of a model at work."""

from __future__ import annotations

from runtime.errors.base import ModelError


class ImageNotSeen(ModelError):
    """An image was attached and zero visual tokens reached the model."""

    code = "image_not_seen"
    sentence = "The picture did not reach the model, so any answer about it would be invented."
    advice = "This model's processor does not place images; choose another model."


class ContextTooLong(ModelError):
    """The prompt holds more tokens than the model reads."""

    code = "context_too_long"
    advice = "Send fewer pictures or a shorter text, or start a new conversation."


class OutOfMemory(ModelError):
    """Memory ran out while the model was at work."""

    code = "out_of_memory"
    sentence = "Memory ran out while the model was at work."
    advice = "Send fewer or smaller pictures, or choose a smaller preset."


class GenerationFailed(ModelError):
    """The model stopped with an error of its own."""

    code = "generation_failed"
