"""Reports under an address of their own, without a browser."""

from __future__ import annotations

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from ui.evaluations import served


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> TestClient:
    monkeypatch.setattr(served, "_pages", {})
    return TestClient(Starlette(routes=[served.ROUTE]))


def test_a_report_is_sent_without_an_origin(client: TestClient) -> None:
    reply = client.get(served.serve("<p>猫</p>"))
    assert (reply.status_code, reply.text) == (200, "<p>猫</p>")
    assert reply.headers["content-type"] == "text/html; charset=utf-8"
    assert reply.headers["content-security-policy"] == "sandbox allow-scripts"
    assert reply.headers["x-content-type-options"] == "nosniff"
    assert reply.headers["cache-control"] == "no-store"


def test_nobody_reads_a_report_whose_digest_he_does_not_know(client: TestClient) -> None:
    served.serve("secret")
    for key in ("", "first", "0" * 64, "..%2f..%2fetc%2fpasswd"):
        assert client.get(f"/report/{key}").status_code == 404


def test_the_latest_reports_are_kept(client: TestClient) -> None:
    addresses = [served.serve(f"report {number}") for number in range(served.KEPT)]
    assert served.serve("report 0") == addresses[0]
    served.serve("one more")
    assert [client.get(address).status_code for address in addresses] == [200, 404, *[200] * (served.KEPT - 2)]
