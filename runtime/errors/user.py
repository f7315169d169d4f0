"""Errors that the person who asks can mend."""

from __future__ import annotations

from runtime.errors.base import UserError


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


class UnknownTurn(UserError):
    """A turn, or a branch of it, that the conversation does not have or cannot go back to."""

    code = "unknown_turn"
    sentence = "There is no such turn to go back to."
    advice = "Turns that an older vistalk kept can be read, and not be done again."


class BadTitle(UserError):
    """A title with nothing in it."""

    code = "bad_title"
    sentence = "The title is empty."
    advice = "Give it at least one letter."


class ArchiveRejected(UserError):
    """A file that is no exported conversation, or a damaged one."""

    code = "archive_rejected"
    advice = "Choose a file that `vistalk threads export` or the page's export made."


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


class UnknownMemory(UserError):
    """The user has no memory of that id."""

    code = "unknown_memory"
    sentence = "There is no such memory."
    advice = "`vistalk memory list` shows those that there are."


class UnknownUser(UserError):
    """Nothing is kept of a user of that name."""

    code = "unknown_user"
    advice = "Users have a folder each under `images` in the data directory."


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


class BadOrder(UserError):
    """A picture that the model cannot draw as it was asked for; the message names the limit."""

    code = "bad_order"


class PromptRefused(UserError):
    """Words that the filter does not let be drawn."""

    code = "prompt_refused"
    sentence = "This is not drawn."
    advice = "Ask for something else; the setting `drawing_filter` says whether the filter is on."
