"""Untrusted bytes in, a small honest picture out: checked, upright, stripped, bounded, RGB.

The order matters. The kind is told by the first bytes, never by the name, and only that kind's reader is
opened. Size, shape and frames are judged from the header, before a pixel is decoded. Whatever a reader throws
means that the file is damaged. What comes back shares nothing with the file but its pixels: no metadata,
no colours hidden under transparency, no bytes appended for another program.
"""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageOps

from memory.names import shown_name
from runtime.errors import ImageRejected

MAX_SIDE = 2048
"""Longest side, in pixels, of what comes back."""
MAX_ASPECT = 100
"""Longest shape, as length over width. Beyond it, a bounded picture is a strip under 20 pixels wide."""
MAX_FRAMES = 1000
"""Most frames of a file. Only the first is kept; more than this is a film, or a trap."""

_HEIC_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}
_GREY_DEPTHS = (1, 2**8 - 1, 2**10 - 1, 2**12 - 1, 2**14 - 1, 2**16 - 1)
_SMALLER = "Make it smaller and send it again."
_REJECTIONS = {  # reason: the sentence, and what to do; without the latter the error's own advice stands
    "empty": ("{who} is empty.", "Choose the file again."),
    "too_many_bytes": ("{who} is larger than {max_mb:g} MB, the most that is taken.", _SMALLER),
    "unknown_format": ("{who} is not a kind of picture that is read here.", ""),
    "damaged": ("{who} is damaged: it cannot be read to its end.", "Save it anew, or send another."),
    "too_many_pixels": ("{who} has more than {max_mp:g} megapixels, the most that is taken.", _SMALLER),
    "too_thin": (
        f"{{who}} is a strip, over {MAX_ASPECT} times as long as wide.",
        "Cut out the part that matters.",
    ),
    "too_many_frames": (f"{{who}} has more than {MAX_FRAMES} frames.", "Send one of them as a picture."),
}

# Set once: `warnings.catch_warnings` is not safe with threads.
warnings.filterwarnings("error", category=Image.DecompressionBombWarning)


@dataclass(frozen=True, slots=True)
class Decoded:
    """A picture taken from an upload.

    Attributes:
        image: RGB, upright, no side over `MAX_SIDE` pixels, without metadata.
        lossy: its pixels had been through lossy compression, so that storing them exactly gains nothing.
        name: what the file was called, fit to be shown.
    """

    image: Image.Image
    lossy: bool
    name: str


def decode(data: bytes, *, name: str = "", max_bytes: int, max_pixels: int) -> Decoded:
    """Read an upload of unknown origin.

    Args:
        data: the file's bytes.
        name: what the person called it; only ever shown.
        max_bytes: largest file.
        max_pixels: largest width times height, before it is bounded.

    Raises:
        ImageRejected: naming the file, its fault and what to do; `reason` tells the fault to programs.
    """
    shown = shown_name(name)

    def rejected(reason: str) -> ImageRejected:
        sentence, hint = _REJECTIONS[reason]
        who = f'"{shown}"' if shown else "The picture"
        message = sentence.format(who=who, max_mb=max_bytes / 1e6, max_mp=max_pixels / 1e6)
        return ImageRejected(message, reason=reason, hint=hint)

    if not data:
        raise rejected("empty")
    if len(data) > max_bytes:
        raise rejected("too_many_bytes")
    kind = sniff(data)
    if kind is None:
        raise rejected("unknown_format")
    try:
        with _open(data, kind, max_pixels) as image:
            if fault := _shape_fault(image, max_pixels) or _frames_fault(image, data):
                raise rejected(fault)
            if kind == "JPEG":
                image.draft(None, _bounded(image.size))  # decodes at 1/2, 1/4 or 1/8: little memory for large photos
            image.load()
            lossy = kind in {"JPEG", "HEIF"} or (kind == "WEBP" and b"VP8 " in data)
            return Decoded(_upright_rgb(image), lossy, shown)
    except ImageRejected:
        raise
    except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
        raise rejected("too_many_pixels") from error
    except Exception as error:  # readers of hostile bytes throw anything
        raise rejected("damaged") from error


def sniff(data: bytes) -> str | None:
    """Pillow's name of the kind of picture that the first bytes announce; None when we do not take it."""
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    if data.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if data.startswith((b"GIF87a", b"GIF89a")):
        return "GIF"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WEBP"
    if data.startswith((b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+")):
        return "TIFF"
    if data[4:8] == b"ftyp" and data[8:12] in _HEIC_BRANDS:
        return "HEIF"
    if data.startswith(b"BM"):
        return "BMP"
    return None


def _open(data: bytes, kind: str, max_pixels: int) -> Image.Image:
    """Read the header only, with the one reader of that kind."""
    if kind == "HEIF":
        from pillow_heif import register_heif_opener

        register_heif_opener(thumbnails=False, depth_images=False, aux_images=False)
    # Pillow's own guard would stop at 89 megapixels whatever the setting says; it still bites in mid-decode.
    Image.MAX_IMAGE_PIXELS = max(Image.MAX_IMAGE_PIXELS or 0, max_pixels)
    return Image.open(io.BytesIO(data), formats=[kind])


def _shape_fault(image: Image.Image, max_pixels: int) -> str:
    width, height = image.size
    if width * height > max_pixels:
        return "too_many_pixels"
    return "too_thin" if max(width, height) > MAX_ASPECT * min(width, height) else ""


def _frames_fault(image: Image.Image, data: bytes) -> str:
    """Count no further than needed, and decode no frame: a small file can hold millions."""
    if image.format == "GIF":
        frames = _gif_frames(data)
    elif image.format == "TIFF":
        try:
            image.seek(MAX_FRAMES)
            frames = MAX_FRAMES + 1
        except EOFError:
            frames = 1
        image.seek(0)
    else:
        frames = getattr(image, "n_frames", 1)  # stands in the header
    return "too_many_frames" if frames > MAX_FRAMES else ""


def _gif_frames(data: bytes) -> int:
    """How many frames a GIF holds, counted along its blocks, up to one more than is allowed."""

    def palette(flags: int) -> int:
        return 3 * 2 ** ((flags & 7) + 1) if flags & 0x80 else 0

    frames = 0
    at = 13 + palette(data[10])
    while at < len(data) and frames <= MAX_FRAMES:
        if data[at] == 0x2C:  # a frame
            frames += 1
            at += 11 + palette(data[at + 9])
        elif data[at] == 0x21:  # an extension
            at += 2
        else:
            break
        while at < len(data) and data[at]:
            at += data[at] + 1
        at += 1
    return frames


def _upright_rgb(image: Image.Image) -> Image.Image:
    """A bounded RGB copy of a loaded image's pixels and of nothing else."""
    if image.mode.startswith("I") or image.mode == "F":
        flat = _grey8(image)
    elif image.has_transparency_data:
        visible = _in_mode(image, "RGBA")
        flat = Image.new("RGB", image.size, "white")
        flat.paste(visible, mask=visible.getchannel("A"))
    else:
        flat = _in_mode(image, "RGB")
    small = flat.resize(_bounded(flat.size), Image.Resampling.LANCZOS, reducing_gap=3.0)
    small.info = image.info  # where the orientation stands, in one of several places
    try:
        upright = ImageOps.exif_transpose(small)
    except Exception:  # metadata that makes no sense says nothing of orientation, and is dropped anyway
        upright = small
    clean = Image.new("RGB", upright.size)
    clean.paste(upright)
    return clean


def _in_mode(image: Image.Image, mode: str) -> Image.Image:
    """Unlike `convert` alone, makes no copy of a large image that is in the mode already."""
    return image if image.mode == mode else image.convert(mode)


def _grey8(image: Image.Image) -> Image.Image:
    """Deep grey to 8 bits. The range is the least depth that holds the brightest pixel: contrast is kept."""
    values = np.array(image, dtype=np.float32)
    values[~np.isfinite(values)] = 0
    np.clip(values, -1e30, 1e30, out=values)
    values -= min(0.0, float(values.min()))
    brightest = float(values.max())
    values *= 255 / next((depth for depth in _GREY_DEPTHS if brightest <= depth), brightest)
    return Image.fromarray(np.rint(values, out=values).astype(np.uint8))


def _bounded(size: tuple[int, int]) -> tuple[int, int]:
    scale = min(1.0, MAX_SIDE / max(size))
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))
