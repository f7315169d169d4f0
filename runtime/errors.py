"""Every error that a person can meet, in one tree, split by who must act.

    VistalkError
    ├── UserError               the person asking can mend it
    │   ├── EmptyQuestion
    │   ├── QuestionTooLong
    │   ├── UnknownThread
    │   ├── ThreadBusy          the conversation is still answering
    │   ├── UnknownHandle
    │   ├── TooManyImages
    │   ├── ImageRejected       an upload that is not a picture we accept; `reason` says why
    │   ├── ImageMissing        a picture that was in the thread and is gone
    │   ├── DocumentRejected    a document that cannot be read as text; `reason` says why
    │   ├── UnknownPicture      no picture of that id is in the library
    │   ├── NothingToIndex      no folder and no file was named
    │   ├── LibraryEmpty        nothing is indexed that could be found
    │   ├── BadDate             a day to filter by that is none
    │   └── BadData             a file to measure on that cannot be read as it stands
    ├── SetupError              whoever installed vistalk can mend it
    │   ├── BadSetting
    │   ├── MissingDependency
    │   ├── ModelNotPresent
    │   ├── ModelCorrupt
    │   ├── ModelTooLarge
    │   ├── DataDirectoryBusy
    │   ├── EncoderChanged      the library's vectors were made by another encoder
    │   ├── LibraryDamaged      the library's vectors cannot be read
    │   └── DiskFull
    ├── ModelError              the model failed
    │   ├── ImageNotSeen        an image was attached and no visual token reached the model
    │   ├── ContextTooLong
    │   ├── OutOfMemory
    │   └── GenerationFailed
    ├── LimitReached            a turn's time ran out
    └── Cancelled               the person said stop

Each has a stable `code`, a `message` (one sentence for a person) and a `hint` (what to do about it).
"""

from __future__ import annotations

from typing import ClassVar


class VistalkError(Exception):
    """Base of every error that vistalk raises on purpose."""

    code: ClassVar[str] = "error"
    sentence: ClassVar[str] = "Something went wrong."
    advice: ClassVar[str] = ""

    def __init__(self, message: str = "", *, hint: str = "") -> None:
        self.message = message or self.sentence
        self.hint = hint or self.advice
        super().__init__(self.message)

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()


class UserError(VistalkError):
    """The person asking can mend it."""

    code = "user"


class EmptyQuestion(UserError):
    """Neither words nor pictures."""

    code = "empty_question"
    sentence = "There is no question and no picture."
    advice = "Type a question, or attach a picture."


class QuestionTooLong(UserError):
    """More text than a turn takes."""

    code = "question_too_long"
    advice = "Shorten it, or ask about one part at a time."


class UnknownThread(UserError):
    """No conversation of that name belongs to this user."""

    code = "unknown_thread"
    advice = "`vistalk chat --list` shows the conversations that exist."


class ThreadBusy(UserError):
    """The conversation is still answering the last question."""

    code = "thread_busy"
    sentence = "This conversation is still answering the last question."
    advice = "Wait for the answer, or stop it."


class UnknownHandle(UserError):
    """The text names a picture that the conversation does not hold."""

    code = "unknown_handle"
    advice = "Attach the picture, or name one that is shown."


class TooManyImages(UserError):
    """More pictures in one turn than the settings allow."""

    code = "too_many_images"
    advice = "Send them in several turns."


class ImageRejected(UserError):
    """An upload that cannot become a picture.

    `reason` is one of: empty, too_many_bytes, unknown_format, damaged, too_many_pixels, too_thin, too_many_frames.
    """

    code = "image_rejected"
    advice = "Accepted are PNG, JPEG, WebP, GIF, BMP, TIFF and HEIC pictures."

    def __init__(self, message: str = "", *, reason: str, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.reason = reason


class ImageMissing(UserError):
    """The conversation refers to a picture whose file is gone."""

    code = "image_missing"
    advice = "Attach it again to ask about it."


class DocumentRejected(UserError):
    """A document that cannot be read as text.

    `reason` is one of: unknown_format, empty, too_many_bytes, binary, damaged, encrypted, pictures, no_text,
    too_many_pages, too_long, too_deep, too_slow.
    """

    code = "document_rejected"
    advice = "Accepted are Markdown, plain text, HTML and PDF documents."

    def __init__(self, message: str = "", *, reason: str, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.reason = reason


class UnknownPicture(UserError):
    """The library holds no picture of that id."""

    code = "unknown_picture"
    sentence = "This picture is not in the library."
    advice = "Index its folder again with `vistalk index`."


class NothingToIndex(UserError):
    """Indexing was asked for without a folder or a file."""

    code = "nothing_to_index"
    sentence = "There is nothing to index."
    advice = "Name a folder, such as `vistalk index Pictures`."


class LibraryEmpty(UserError):
    """Nothing is indexed that a search could find."""

    code = "library_empty"
    sentence = "Nothing of yours is indexed yet."
    advice = "Index a folder with `vistalk index`."


class BadDate(UserError):
    """A day to filter by that is no day."""

    code = "bad_date"
    advice = "Write a day as year-month-day, such as 2024-05-01."


class BadData(UserError):
    """A file to measure on that cannot be read as it stands; the message names the file, the place and the reason."""

    code = "bad_data"


class SetupError(VistalkError):
    """Whoever installed vistalk can mend it."""

    code = "setup"
    advice = "`vistalk doctor` shows the whole picture."


class BadSetting(SetupError):
    """A setting that makes no sense."""

    code = "bad_setting"


class MissingDependency(SetupError):
    """A package that this setting needs is not installed."""

    code = "missing_dependency"


class ModelNotPresent(SetupError):
    """A model's files are not on this machine."""

    code = "model_not_present"
    advice = "Fetch it with `vistalk models pull`."


class ModelCorrupt(SetupError):
    """A model's files are not what they should be."""

    code = "model_corrupt"
    advice = "Remove the folder that is named, then run `vistalk models pull`."


class ModelTooLarge(SetupError):
    """The model needs more memory than there is."""

    code = "model_too_large"
    advice = "Choose a smaller preset, such as `pocket`, or close other programs."


class DataDirectoryBusy(SetupError):
    """Another vistalk owns the data directory."""

    code = "data_directory_busy"
    advice = "Use the one that is open, close it, or set VISTALK_HOME to another folder."


class EncoderChanged(SetupError):
    """The library's vectors were made by another encoder than the one in use, so they cannot be compared."""

    code = "encoder_changed"
    advice = "Index again with `vistalk index --again`."


class LibraryDamaged(SetupError):
    """The library's vectors cannot be read; the user's files are not concerned."""

    code = "library_damaged"
    sentence = "The library's vectors cannot be read."
    advice = "Make them anew with `vistalk index --again`; your own files are not touched."


class DiskFull(SetupError):
    """Nothing more could be written."""

    code = "disk_full"
    sentence = "The disk is full, so nothing more could be saved."
    advice = "Free some space and send it again; what was saved before is safe."


class ModelError(VistalkError):
    """The model failed."""

    code = "model"
    advice = "Try again; if it stays, `vistalk doctor` shows what is loaded."


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


class LimitReached(VistalkError):
    """A turn's time ran out."""

    code = "limit_reached"
    advice = "What was written so far is kept; ask again, or ask for less."


class Cancelled(VistalkError):
    """The person said stop."""

    code = "cancelled"
    sentence = "Stopped."
