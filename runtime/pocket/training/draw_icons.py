"""The icon sets that the pocket generator learns from: fetched from their packages, checked, rasterised once.

<out>/icons.safetensors   a table (concepts, 128, 128, RGBA) for each style; a thing that a set lacks is transparent
<out>/concepts.json       the things, with their names and keywords
"""

from __future__ import annotations

import hashlib
import io
import json
import re
import subprocess
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from safetensors.torch import save_file

from runtime.errors import MissingDependency, ModelCorrupt, ModelNotPresent
from runtime.pocket.drawing.concepts import FILE

SIDE, EXTENT = 128, 112
"""Of the pictures, and of the longer side of the icon on them."""

ICONS = "icons.safetensors"
FEWEST_STYLES = 3

Report = Callable[[str, int, int], None]
"""Takes the style, and how many of its icons are done and how many there are."""


class Package(NamedTuple):
    """A package of the registry of JavaScript, by the sha256 of its archive."""

    name: str
    version: str
    sha256: str


SETS = {
    "flat": Package(
        "@iconify-json/fluent-emoji-flat", "1.2.6", "7d064769dee690815f823bc5bcc511d957198caf9f5edd8dd9c1aa48a6aeb175"
    ),
    "cartoon": Package(
        "@iconify-json/noto", "1.2.9", "3e918d88fc945c0bb3d468dbace6f88caef67f01c9f0e7bcae0915a042e8f1ad"
    ),
    "simple": Package(
        "@iconify-json/twemoji", "1.2.5", "19046dff7d8707ce96212ec86468b36ac5f8e60409629dd13f809265c6d0ebb7"
    ),
    "3d": Package(
        "@lobehub/fluent-emoji-3d", "1.1.0", "c1bb7eee7de090205a232518a9ab4adb3df458bfbe8a1f78232991194c8b2e58"
    ),
}
NAMES = Package("emojibase-data", "17.0.0", "d01d0e2ca4e22cb402679532155342c71e2e871f25c32223c013b8b166ebdf5a")

SYMBOLS, LEFT_OUT = 8, (2, 9)
"""emojibase's groups: signs; and parts of people, flags."""

UNWANTED = re.compile(r"[:“(#*]|^keycap|^input |o’clock|-thirty|button|^flag|skin tone|^[A-Z0-9!?]+$")
GENDERED = re.compile(r"^(?:man|woman|men|women) (.+)$")


def prepare(out: Path, report: Report) -> None:
    """Write the two files, unless they are there.

    Raises:
        ModelNotPresent, ModelCorrupt: from fetching.
        MissingDependency: no rasteriser is installed.
    """
    if (out / ICONS).exists():
        return
    packages = out / "packages"
    packages.mkdir(parents=True, exist_ok=True)
    english, chinese = (_names(_fetched(NAMES, packages), language) for language in ("en", "zh"))
    sets = {style: _pictures(style, _fetched(package, packages)) for style, package in SETS.items()}
    rows = [
        (code, row)
        for code, row in english.items()
        if _wanted(row, english) and sum(code in pictures for pictures in sets.values()) >= FEWEST_STYLES
    ]
    tables = {}
    for style, pictures in sets.items():
        table = np.zeros((len(rows), SIDE, SIDE, 4), np.uint8)
        for at, (code, _) in enumerate(rows):
            if code in pictures:
                table[at] = _framed(pictures[code]())
            report(style, at + 1, len(rows))
        tables[style] = torch.from_numpy(table)
    described = [_described(row, chinese.get(code, {})) for code, row in rows]
    (out / FILE).write_text(json.dumps(described, ensure_ascii=False, indent=0) + "\n", encoding="utf-8")
    save_file(tables, out / f"{ICONS}.part")
    (out / f"{ICONS}.part").replace(out / ICONS)


def _fetched(package: Package, into: Path) -> Path:
    """The package's archive, downloaded with npm (so its settings count) unless it is there, and checked."""
    file = into / f"{package.name.removeprefix('@').replace('/', '-')}-{package.version}.tgz"
    if not file.exists():
        command = ["npm", "pack", "--silent", f"{package.name}@{package.version}"]
        try:
            done = subprocess.run(command, cwd=into, capture_output=True, text=True, check=False)
        except FileNotFoundError as error:
            raise ModelNotPresent("Icons are fetched with npm, which is not installed.") from error
        if done.returncode or not file.exists():
            reason = done.stderr.strip().splitlines()[-1:] or ["npm gave no reason"]
            raise ModelNotPresent(f"The package {package.name} {package.version} could not be fetched: {reason[0]}")
    found = hashlib.sha256(file.read_bytes()).hexdigest()
    if found != package.sha256:
        file.unlink()
        raise ModelCorrupt(f"{package.name} {package.version} is not the package that was expected (sha256 {found}).")
    return file


def _members(archive: Path, pattern: str) -> Iterator[tuple[str, bytes]]:
    """Name and content of the archive's files whose name the pattern matches."""
    with tarfile.open(archive) as opened:
        for member in opened:
            content = opened.extractfile(member) if re.fullmatch(pattern, member.name) else None
            if content is not None:
                yield member.name, content.read()


def _names(archive: Path, language: str) -> dict[str, dict[str, Any]]:
    """Code to what emojibase knows of an emoji."""
    ((_, content),) = _members(archive, rf"package/{language}/data\.json")
    return {_code(row["hexcode"]): row for row in json.loads(content)}


def _code(written: str) -> str:
    """Code points in lower case, without the selector of the picture form, which some sets write and some do not."""
    return "-".join(part for part in written.lower().split("-") if part != "fe0f")


def _pictures(style: str, archive: Path) -> dict[str, Callable[[], Image.Image]]:
    """Code to what makes the picture, for every icon of a set."""
    if style == "3d":
        files = _members(archive, r"package/assets/.*\.webp")
        return {_code(Path(name).stem): _opened(content) for name, content in files}
    content = {Path(name).name: json.loads(data) for name, data in _members(archive, r"package/(icons|chars)\.json")}
    icons = content["icons.json"]
    made = {}
    for code, name in content["chars.json"].items():
        icon = icons["icons"].get(name)
        if icon:
            width, height = (icon.get(key, icons.get(key, 16)) for key in ("width", "height"))
            made[_code(code)] = _drawn(icon["body"], width, height)
    return made


def _opened(content: bytes) -> Callable[[], Image.Image]:
    return lambda: Image.open(io.BytesIO(content)).convert("RGBA")


def _drawn(body: str, width: float, height: float) -> Callable[[], Image.Image]:
    def draw() -> Image.Image:
        try:
            import resvg_py
        except ImportError as error:
            raise MissingDependency(
                "Icons are rasterised with resvg-py, which is not installed.", hint='Install "vistalk[train]".'
            ) from error
        svg = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        svg += f'viewBox="0 0 {width} {height}">{body}</svg>'
        return Image.open(io.BytesIO(bytes(resvg_py.svg_to_bytes(svg_string=svg, width=256)))).convert("RGBA")

    return draw


def _framed(icon: Image.Image) -> NDArray[np.uint8]:
    """The icon cut to what is drawn and brought to the same size and place as all others."""
    box = icon.getchannel("A").point(lambda alpha: 255 * (alpha > 16)).getbbox() or (0, 0, *icon.size)
    cut = icon.crop(box).convert("RGBa")  # premultiplied, so that hidden colours do not bleed in
    scale = EXTENT / max(cut.size)
    size = (max(1, round(cut.width * scale)), max(1, round(cut.height * scale)))
    small = cut.resize(size, Image.Resampling.LANCZOS).convert("RGBA")
    framed = Image.new("RGBA", (SIDE, SIDE))
    framed.paste(small, ((SIDE - size[0]) // 2, (SIDE - size[1]) // 2))
    return np.asarray(framed)


def _wanted(row: dict[str, Any], all_rows: dict[str, dict[str, Any]]) -> bool:
    """Not flags, letters, keys, clocks; of people that are there as man, woman and person only the person."""
    label = row["label"]
    if row.get("group") is None or row["group"] in LEFT_OUT or UNWANTED.search(label):
        return False
    gendered = GENDERED.match(label)
    if not gendered:
        return True
    others = {other["label"] for other in all_rows.values()}
    return not others & {gendered[1], f"person {gendered[1]}", f"people {gendered[1]}"}


def _described(row: dict[str, Any], chinese: dict[str, Any]) -> dict[str, Any]:
    name = row["label"].replace("’", "'").lower()
    words = [tag.lower() for tag in row.get("tags", []) if tag.lower() != name]
    said = [word for word in (chinese.get("label"), *chinese.get("tags", [])) if word]
    described = {
        "name": name,
        "emoji": row["emoji"].replace("\ufe0f", ""),
        "keywords": words,
        "chinese": list(dict.fromkeys(said)),
    }
    return described | ({"symbol": True} if row["group"] == SYMBOLS else {})
