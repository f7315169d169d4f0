"""Reports under an address of their own: too large for Streamlit's channel, and shut off from the page around them.

A report is known by the digest of what is in it, which nobody has who has not read it. It is sent with a policy that
gives it no origin: whatever its text may hold, its frame cannot act in the page's name.
"""

from __future__ import annotations

import hashlib
import threading

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

KEPT = 4
"""Reports that are kept; the oldest go first, and come back when they are looked at."""

HEADERS = {
    "Content-Security-Policy": "sandbox allow-scripts",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}

_pages: dict[str, bytes] = {}
_guard = threading.Lock()


def serve(page: str) -> str:
    """Keep a report to be sent, and return its address on this server."""
    data = page.encode()
    key = hashlib.sha256(data).hexdigest()
    with _guard:
        _pages.pop(key, None)
        _pages[key] = data
        for oldest in list(_pages)[:-KEPT]:
            del _pages[oldest]
    return f"/report/{key}"


def _send(request: Request) -> Response:
    with _guard:
        page = _pages.get(request.path_params["key"])
    if page is None:
        return PlainTextResponse("This report is not open any more: open it again on the page of evaluations.", 404)
    return Response(page, media_type="text/html", headers=HEADERS)


ROUTE = Route("/report/{key}", _send)
