"""Reads the text in a picture: English and Chinese, with RapidOCR and the models that come in its package."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runtime.errors import GenerationFailed, MissingDependency, ModelCorrupt, ModelNotPresent, OutOfMemory
from runtime.hardware import is_out_of_memory
from runtime.pool import ModelSpec

if TYPE_CHECKING:
    from collections.abc import Iterable

    from PIL import Image

LONGEST_SIDE = 2000  # pixels; letters are read from a picture of at most this size
DETECT_SIDE = 1280  # pixels; lines are found in a picture of at most this size: half the time and memory of 2000
SHORTEST_SIDE = 200  # pixels; narrower pictures get a margin, for letters that fill a picture are not found

# How far this process grows at most while it loads the reader and reads a page of 2048 x 2048 pixels full of text:
# resident memory sampled every 5 ms, three pages of other letter sizes, 607 to 645 MB. Between reads it is 300 to 380.
MEMORY = 650_000_000

REINSTALL = "Install the rapidocr package again."

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class TextLine:
    """A line of text in a picture.

    Attributes:
        text: what it says.
        score: how sure the reader is, in [0, 1].
        box: its corners (x, y) in pixels, clockwise from the one where reading begins.
    """

    text: str
    score: float
    box: tuple[Point, Point, Point, Point]

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """Left, top, right and bottom of the upright box around it, in pixels."""
        xs, ys = zip(*self.box, strict=True)
        return min(xs), min(ys), max(xs), max(ys)


class TextReader:
    """RapidOCR behind one method. Not for two threads at once: lease it from the pool."""

    def __init__(self, engine: Any) -> None:
        self._engine = engine

    @classmethod
    def load(cls, threads: int | None = None) -> TextReader:
        """Load the two networks: one finds lines, one reads them. Nothing is downloaded.

        Args:
            threads: of the processor; None: all cores.

        Raises:
            MissingDependency: rapidocr or what it stands on cannot be imported.
            ModelNotPresent: a network is missing from the installed package.
            ModelCorrupt: a network cannot be loaded, or fails to read a word.
        """
        try:
            import onnxruntime
            from rapidocr import RapidOCR
        except ImportError as error:
            raise MissingDependency(f"The text reader cannot start: {error}.", hint=REINSTALL) from error
        onnxruntime.disable_telemetry_events()
        paths = {"Det.model_path": _packaged("det"), "Rec.model_path": _packaged("rec")}
        options = {
            "Global.log_level": "critical",
            "Global.use_preprocess_img": False,  # `_fit` does what these two do
            "Global.use_vertical_padding": False,
            "Global.use_cls": False,  # it takes long lines for upside-down ones, and they come out as garbage
            "Det.limit_type": "max",
            "Det.limit_side_len": DETECT_SIDE,
            "Rec.rec_batch_num": 1,  # no slower, a third of the memory, and no line depends on its neighbours
            "EngineConfig.onnxruntime.intra_op_num_threads": threads or -1,
        }
        reader = cls(RapidOCR(params={**paths, **options}))
        reader._prove(paths)
        return reader

    def _prove(self, paths: dict[str, str]) -> None:
        """Read one word, which makes RapidOCR load its networks now and shows that they work."""
        from PIL import Image, ImageDraw, ImageFont

        picture = Image.new("RGB", (SHORTEST_SIDE, SHORTEST_SIDE), "white")
        ImageDraw.Draw(picture).text((40, 80), "vistalk", fill="black", font=ImageFont.load_default(size=32))
        files = ", ".join(paths.values())
        try:
            lines = self.read(picture)
        except GenerationFailed as error:
            raise ModelCorrupt(
                f"The text reader's files are damaged ({files}): {error.__cause__}.", hint=REINSTALL
            ) from error
        if "vistalk" not in [line.text.lower() for line in lines]:
            raise ModelCorrupt(f"The text reader's files are damaged ({files}): it misreads.", hint=REINSTALL)

    def read(self, image: Image.Image) -> list[TextLine]:
        """The lines of text in a picture, in reading order; none where there is no text.

        Args:
            image: of any size and mode; read as RGB. Boxes are in its pixels.

        Raises:
            OutOfMemory: memory ran out.
            GenerationFailed: a network failed.
        """
        picture, scale, left, top = _fit(image)
        try:
            found = self._engine(picture)
        except Exception as error:  # RapidOCR, OpenCV and onnxruntime each raise their own
            if is_out_of_memory(error):
                raise OutOfMemory from error
            raise GenerationFailed("The text reader failed on this picture.") from error
        if not found:
            return []

        def place(x: float, y: float) -> Point:
            """From the fitted picture back to `image`; a letter at the edge may have reached beyond it."""
            return (
                min(max(0.0, (float(x) - left) * scale), float(image.width)),
                min(max(0.0, (float(y) - top) * scale), float(image.height)),
            )

        lines = zip(found.txts, found.scores, found.boxes, strict=True)
        return reading_order(
            TextLine(text, float(score), (place(*a), place(*b), place(*c), place(*d)))
            for text, score, (a, b, c, d) in lines
        )


def reading_order(lines: Iterable[TextLine]) -> list[TextLine]:
    """Rows from top to bottom, each from left to right.

    A line joins the row above it where it overlaps each of that row's lines by more than half the height of the
    lower of the two, so a tall price stands beside only the first of two small lines.
    """
    rows: list[list[TextLine]] = []
    for line in sorted(lines, key=lambda line: (line.bounds[1] + line.bounds[3], line.bounds, line.text)):
        if rows and all(_level(line, other) for other in rows[-1]):
            rows[-1].append(line)
        else:
            rows.append([line])
    return [line for row in rows for line in sorted(row, key=lambda line: (line.bounds, line.text))]


def _level(one: TextLine, other: TextLine) -> bool:
    (_, top, _, bottom), (_, other_top, _, other_bottom) = one.bounds, other.bounds
    shared = min(bottom, other_bottom) - max(top, other_top)
    return shared > min(bottom - top, other_bottom - other_top) / 2


def _fit(image: Image.Image) -> tuple[Image.Image, float, int, int]:
    """Make a picture RGB, at most LONGEST_SIDE long and at least SHORTEST_SIDE wide and high.

    Returns:
        The picture, how many of the image's pixels one of its pixels is, and the left and top margin added to it.
    """
    from PIL import Image

    picture = image.convert("RGB")
    scale = max(1.0, max(picture.size) / LONGEST_SIDE)
    if scale > 1:
        width, height = (max(1, round(side / scale)) for side in picture.size)
        picture = picture.resize((width, height), Image.Resampling.LANCZOS)
    size = (max(picture.width, SHORTEST_SIDE), max(picture.height, SHORTEST_SIDE))
    canvas = Image.new("RGB", size, picture.getpixel((0, 0)))  # in another colour, an edge would look like strokes
    left, top = (canvas.width - picture.width) // 2, (canvas.height - picture.height) // 2
    canvas.paste(picture, (left, top))
    return canvas, scale, left, top


def _packaged(stage: str) -> str:
    """The path of the network for a stage ("det", "cls", "rec") that the installed rapidocr package brought."""
    for file in metadata.files("rapidocr") or ():
        if file.suffix == ".onnx" and f"_{stage}_" in file.name and Path(file.locate()).is_file():
            return str(file.locate())
    raise ModelNotPresent(f"The text reader's {stage!r} network is not in the rapidocr package.", hint=REINSTALL)


def reader_spec(threads: int | None = None) -> ModelSpec[TextReader]:
    """How the pool loads the reader.

    Args:
        threads: of the processor; None: all cores.
    """
    return ModelSpec("rapidocr", "reader", lambda: MEMORY, lambda: TextReader.load(threads))
