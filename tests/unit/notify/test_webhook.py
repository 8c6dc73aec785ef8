# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real receiver on loopback: what it gets, and what becomes of what it does not want."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.errors import MonitorError
from ansible_collections.pathguard.network.plugins.plugin_utils.notify.outbox import NotDeliveredError
from ansible_collections.pathguard.network.plugins.plugin_utils.notify.webhook import Webhook, webhook
from tests.unit.notify.notices import notice

SECRET = "/services/T0/B0/s3cr3t"


class Receiver(ThreadingHTTPServer):
    """``answer``: status and headers; None: it reads the request and says nothing."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.got: list[tuple[str, dict[str, str], Any]] = []
        self.answer: tuple[int, dict[str, str]] | None = (200, {})
        self.gate = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}{SECRET}"


class Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.got.append((self.path, dict(self.headers), body))
        if self.server.answer is None:
            self.server.gate.wait(10)
            return
        status, headers = self.server.answer
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    do_GET = do_POST

    def log_message(self, *_arguments: Any) -> None:
        """Nobody reads it."""


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    monkeypatch.setenv("no_proxy", "*")
    with Receiver() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        yield server
        server.gate.set()
        server.shutdown()


def made(url: str, **more: Any) -> Webhook:
    return webhook(url, more.pop("shape", "generic"), more.pop("timeout", 5.0), 1, **more)


def test_the_notice_arrives(receiver: Receiver) -> None:
    made(receiver.url, token="t0k3n").send(notice())
    [(path, headers, body)] = receiver.got
    assert (path, body) == (SECRET, notice())
    assert headers["Idempotency-Key"] == notice()["id"]
    assert headers["Authorization"] == "Bearer t0k3n"
    assert headers["Content-Type"] == "application/json; charset=utf-8"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_not_followed(receiver: Receiver, status: int) -> None:
    receiver.answer = status, {"Location": receiver.url + "/elsewhere"}
    with pytest.raises(NotDeliveredError, match="redirects are not followed"):
        made(receiver.url).send(notice())
    assert [path for path, _headers, _body in receiver.got] == [SECRET]


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({}, 0),
        ({"Retry-After": "17"}, 17),
        ({"Retry-After": "soon"}, 0),
        ({"Retry-After": "999999"}, 3600),
    ],
)
def test_a_refusal(receiver: Receiver, headers: dict[str, str], wait: float) -> None:
    receiver.answer = 503, headers
    with pytest.raises(NotDeliveredError, match="503") as caught:
        made(receiver.url).send(notice())
    assert (caught.value.wait, caught.value.maybe) == (wait, False)


def test_no_answer_in_time(receiver: Receiver) -> None:
    receiver.answer = None
    with pytest.raises(NotDeliveredError, match="no answer in time") as caught:
        made(receiver.url, timeout=0.2).send(notice())
    assert caught.value.maybe


def test_what_follows_a_good_status_takes_nothing_back(receiver: Receiver) -> None:
    """An answer that is shorter than it says, which would have it sent again."""
    receiver.answer = (200, {"Content-Length": "100"})
    made(receiver.url, timeout=0.3).send(notice())
    assert len(receiver.got) == 1


def test_nobody_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with pytest.raises(NotDeliveredError, match="no connection") as caught:
        made(f"http://127.0.0.1:{port}{SECRET}").send(notice())
    assert not caught.value.maybe


def test_the_url_stands_nowhere(receiver: Receiver) -> None:
    texts = [repr(made(receiver.url, token="t0k3n")), made(receiver.url).name]
    receiver.answer = 404, {}
    for url in (receiver.url, "http://127.0.0.1:1" + SECRET):
        with pytest.raises(NotDeliveredError) as caught:
            made(url, timeout=1.0).send(notice())
        texts += [caught.value.why, str(caught.value), repr(caught.value.__cause__)]
    assert not [text for text in texts if "s3cr3t" in text or "t0k3n" in text]


@pytest.mark.parametrize(
    "url",
    [
        "",
        "hooks.example.com" + SECRET,
        "file:///etc/passwd",
        "https://",
        "https://a b/",
        "http://[x/" + SECRET,
        "https://h:99999/x",
    ],
)
def test_what_is_no_url(url: str) -> None:
    with pytest.raises(MonitorError, match="no URL of a webhook") as caught:
        made(url)
    assert "s3cr3t" not in str(caught.value)


def test_what_is_no_shape() -> None:
    with pytest.raises(MonitorError, match="'irc' is no shape"):
        made("https://hooks.example.com/", shape="irc")


def test_a_token_that_no_header_takes() -> None:
    with pytest.raises(MonitorError, match="token"):
        made("https://hooks.example.com/", token="a\nHost: evil")
