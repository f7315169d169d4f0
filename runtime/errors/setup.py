"""Errors that whoever installed vistalk can mend."""

from __future__ import annotations

from runtime.errors.base import SetupError


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
