"""How a picture that vistalk drew says so in its own file: what it was made with, and that a model made it.

The text chunks `Software` and `Prompt` are for people and other programs, `vistalk` holds everything as JSON, and the
XMP packet carries the press's mark for pictures by trained models (IPTC DigitalSourceType). Files of other origin lose
all of this when they are stored, so what a stored file says of itself was written here.
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from typing import Any

from PIL import Image
from PIL.PngImagePlugin import PngInfo

from memory.names import plain_line

Made = Mapping[str, str | int | float]
"""How a picture was made: model, revision, prompt, seed and all else that is needed to draw it again."""

KEY = "vistalk"

XMP = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description rdf:about="" xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
   Iptc4xmpExt:DigitalSourceType="http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"/>
 </rdf:RDF>
</x:xmpmeta>
<?xpacket end="r"?>"""


def signed_png(image: Image.Image, made: Made) -> bytes:
    """The picture as a PNG file that says how it was made; the same bytes for the same picture and settings."""
    prompt = str(made["prompt"])
    info = PngInfo()
    info.add_text("Software", "vistalk")
    info.add_text("Prompt", plain_line(prompt, len(prompt)))
    info.add_text(KEY, json.dumps(dict(made), sort_keys=True))
    info.add_itxt("XML:com.adobe.xmp", XMP)
    buffer = io.BytesIO()
    image.convert("RGB").save(buffer, "PNG", pnginfo=info)
    return buffer.getvalue()


def read_made(png: bytes) -> dict[str, Any] | None:
    """What a PNG file from `signed_png` says of how it was made; None for any other picture."""
    with Image.open(io.BytesIO(png)) as image:
        written = image.info.get(KEY) if image.format == "PNG" else None
    return json.loads(written) if written else None
