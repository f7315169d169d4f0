"""One validated settings object: built from flags, then environment, then a TOML file, then defaults.

Nothing else in vistalk reads the environment. `vistalk doctor` prints what this resolves to.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

from platformdirs import user_config_path, user_data_path
from pydantic import Field, ValidationError, field_validator
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

from runtime.errors import BadSetting

Device = Literal["auto", "cpu", "cuda", "mps"]
DType = Literal["auto", "float32", "bfloat16", "float16"]
Language = Literal["auto", "en", "zh"]
Appearance = Literal["system", "light", "dark"]


def settings_file() -> Path:
    """Where the settings file is looked for: `$VISTALK_SETTINGS`, else the platform's configuration folder."""
    named = os.environ.get("VISTALK_SETTINGS")
    return Path(named) if named else user_config_path("vistalk") / "settings.toml"


class Settings(BaseSettings):
    """Everything that can be set. Each field is also the environment variable VISTALK_<NAME>."""

    model_config = SettingsConfigDict(
        env_prefix="VISTALK_",
        env_ignore_empty=True,  # VISTALK_HOME= would else be the working directory
        extra="forbid",
        frozen=True,
        allow_inf_nan=False,
        hide_input_in_errors=True,  # it may be a key
    )

    home: Path = Field(default_factory=lambda: user_data_path("vistalk"), description="data directory")
    user: str = Field("local", pattern=r"^[a-z0-9][a-z0-9_.@-]{0,63}$", description="whose rows and files")
    preset: str = Field("pocket", description="a name in presets.toml")
    vlm: str | None = Field(None, description="replaces the preset's vision-language model: hub id or folder")
    vlm_revision: str | None = Field(None, description="the revision of that hub model")
    vlm_url: str | None = Field(None, description="an OpenAI-compatible server to use as the model")
    vlm_key: str = Field("none", description="the key for that server", repr=False)
    encoder: str | None = Field(None, description="replaces its picture encoder: open_clip model:tag, or folder")
    passage_encoder: str | None = Field(None, description="replaces its passage encoder: hub id or folder")
    generator: str | None = Field(None, description="replaces its image generator: hub id, folder or none")
    drawing_filter: bool = Field(True, description="prompts are filtered, and pictures where the model has a checker")
    script: Path | None = Field(None, description="answers of the scripted model, for demos and tests")
    device: Device = Field("auto", description="auto takes what this machine has")
    dtype: DType = Field("auto", description="auto measures which is faster here")
    memory_budget_gb: float | None = Field(None, gt=0, description="memory for models; none: what is free")
    threads: int | None = Field(None, ge=1, description="processor threads for models; none: all cores")
    seed: int = Field(0, description="for sampling")
    temperature: float = Field(0.0, ge=0, le=2, description="0 takes the likeliest token")
    max_new_tokens: int = Field(256, ge=1, le=8192, description="longest answer, in tokens")
    context_tokens: int = Field(4096, ge=512, description="how much of a conversation is read again, in tokens")
    turn_seconds: float = Field(300, gt=0, description="longest turn")
    max_question_chars: int = Field(20_000, ge=1, description="longest question")
    max_images_per_turn: int = Field(8, ge=1, description="most pictures in one turn")
    max_upload_mb: float = Field(50, gt=0, description="largest picture file")
    max_megapixels: float = Field(100, gt=0, description="largest picture, before it is made smaller")
    learns: bool = Field(True, description="whether what you say of yourself is remembered without being asked to")
    library_places: bool = Field(False, description="whether the library remembers where pictures were taken")
    chroma_url: str | None = Field(None, description="a Chroma server for the library's vectors: http://host:port/name")
    language: Language = Field("auto", description="language of replies; auto follows the question")
    appearance: Appearance = Field("system", description="light or dark pages; system follows the browser")
    host: str = Field("127.0.0.1", description="address of the chat")
    port: int = Field(8501, ge=1, le=65535, description="port of the chat")

    @property
    def max_upload_bytes(self) -> int:
        """`max_upload_mb` in bytes."""
        return int(self.max_upload_mb * 1e6)

    @property
    def max_pixels(self) -> int:
        """`max_megapixels` in pixels."""
        return int(self.max_megapixels * 1e6)

    @field_validator("home", "script")
    @classmethod
    def _expand(cls, value: Path | None) -> Path | None:
        try:
            return None if value is None else value.expanduser().absolute()
        except RuntimeError as error:
            raise PydanticCustomError("no_such_user", "Its ~ names nobody on this machine") from error

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Flags win over the environment, the environment over the file."""
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls, settings_file())


def fixed() -> frozenset[str]:
    """The settings that the environment gives, and that the settings file therefore cannot change."""
    return frozenset(name for name in Settings.model_fields if os.environ.get(f"VISTALK_{name.upper()}"))


def load_settings(**flags: object) -> Settings:
    """Resolve settings; flags that are None count as not given.

    Raises:
        BadSetting: naming the field, the value's fault and where settings come from.
    """
    try:
        return Settings(**{k: v for k, v in flags.items() if v is not None})  # type: ignore[arg-type]
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        unknown = first["type"] == "extra_forbidden"
        raise BadSetting(
            f"There is no setting {name!r}." if unknown else f"The setting {name!r} is not right: {first['msg']}.",
            hint=f"Settings come from flags, VISTALK_{name.upper()} and {settings_file()}.",
        ) from error
    except (ValueError, OSError) as error:  # the TOML file itself
        raise BadSetting(f"{settings_file()} cannot be read: {error}.") from error
