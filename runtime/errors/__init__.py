"""Every error that a person can meet, in one tree, split by who must act.

    VistalkError
    ├── UserError               the person asking can mend it
    │   ├── EmptyQuestion
    │   ├── QuestionTooLong
    │   ├── UnknownThread
    │   ├── ThreadBusy          the conversation is still answering
    │   ├── UnknownTurn         no turn, or no branch, of that number can be gone back to
    │   ├── BadTitle
    │   ├── ArchiveRejected     a file that is no exported conversation
    │   ├── UnknownHandle
    │   ├── TooManyImages
    │   ├── ImageRejected       an upload that is not a picture we accept; `reason` says why
    │   ├── ImageMissing        a picture that was in the thread and is gone
    │   ├── DocumentRejected    a document that cannot be read as text; `reason` says why
    │   ├── UnknownPicture      no picture of that id is in the library
    │   ├── UnknownMemory       no memory of that id is kept
    │   ├── UnknownUser         nothing is kept of a user of that name
    │   ├── NothingToIndex      no folder and no file was named
    │   ├── LibraryEmpty        nothing is indexed that could be found
    │   ├── BadDate             a day to filter by that is none
    │   ├── BadData             a file to measure on that cannot be read as it stands
    │   ├── BadOrder            a picture that the model cannot draw as it was asked for
    │   └── PromptRefused       words that the filter does not let be drawn
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

from runtime.errors.base import Cancelled, LimitReached, ModelError, SetupError, UserError, VistalkError
from runtime.errors.model import ContextTooLong, GenerationFailed, ImageNotSeen, OutOfMemory
from runtime.errors.setup import (
    BadSetting,
    DataDirectoryBusy,
    DiskFull,
    EncoderChanged,
    LibraryDamaged,
    MissingDependency,
    ModelCorrupt,
    ModelNotPresent,
    ModelTooLarge,
)
from runtime.errors.user import (
    ArchiveRejected,
    BadData,
    BadDate,
    BadOrder,
    BadTitle,
    DocumentRejected,
    EmptyQuestion,
    ImageMissing,
    ImageRejected,
    LibraryEmpty,
    NothingToIndex,
    PromptRefused,
    QuestionTooLong,
    ThreadBusy,
    TooManyImages,
    UnknownHandle,
    UnknownMemory,
    UnknownPicture,
    UnknownThread,
    UnknownTurn,
    UnknownUser,
)

__all__ = [
    "ArchiveRejected",
    "BadData",
    "BadDate",
    "BadOrder",
    "BadSetting",
    "BadTitle",
    "Cancelled",
    "ContextTooLong",
    "DataDirectoryBusy",
    "DiskFull",
    "DocumentRejected",
    "EmptyQuestion",
    "EncoderChanged",
    "GenerationFailed",
    "ImageMissing",
    "ImageNotSeen",
    "ImageRejected",
    "LibraryDamaged",
    "LibraryEmpty",
    "LimitReached",
    "MissingDependency",
    "ModelCorrupt",
    "ModelError",
    "ModelNotPresent",
    "ModelTooLarge",
    "NothingToIndex",
    "OutOfMemory",
    "PromptRefused",
    "QuestionTooLong",
    "SetupError",
    "ThreadBusy",
    "TooManyImages",
    "UnknownHandle",
    "UnknownMemory",
    "UnknownPicture",
    "UnknownThread",
    "UnknownTurn",
    "UnknownUser",
    "UserError",
    "VistalkError",
]
