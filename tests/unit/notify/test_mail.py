# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A mail server on loopback that says what the tests want."""

from __future__ import annotations

import email
import email.policy
import smtplib
import socketserver
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.errors import MonitorError
from ansible_collections.pathguard.network.plugins.plugin_utils.notify.mail import Mail, mail
from ansible_collections.pathguard.network.plugins.plugin_utils.notify.outbox import (
    NotDeliveredError,
    Outbox,
)
from tests.unit.notify.notices import notice


class Server(socketserver.ThreadingTCPServer):
    """``says``: verb -> what it answers in the place of good words; an empty answer ends the connection."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Session)
        self.says: dict[str, str] = {}
        self.heard: list[str] = []
        self.mails: list[str] = []

    @property
    def port(self) -> int:
        return int(self.server_address[1])


class Session(socketserver.StreamRequestHandler):
    server: Server

    def handle(self) -> None:
        self._say("220 here")
        while line := self.rfile.readline().decode():
            verb = line.split()[0].upper()
            self.server.heard.append(verb)
            answer = self.server.says.get(line.strip().upper(), self.server.says.get(verb))
            if answer == "":
                return
            if answer is not None:
                self._say(answer)
            elif verb == "DATA":
                self._say("354 go on")
                text = []
                while (part := self.rfile.readline().decode()) not in (".\r\n", ""):
                    text.append(part)
                self.server.mails.append("".join(text))
                self._say(self.server.says.get("END", "250 taken"))
            elif verb == "QUIT":
                self._say("221 bye")
                return
            else:
                self._say("250 ok")

    def _say(self, text: str) -> None:
        if text:
            self.wfile.write(f"{text}\r\n".encode())


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as found:
        threading.Thread(target=found.serve_forever, args=(0.05,), daemon=True).start()
        yield found
        found.shutdown()


def made(server: Server, **more: Any) -> Mail:
    settings: dict[str, Any] = {"security": "none", "user": "", "password": "", "timeout": 2.0, **more}
    return mail("127.0.0.1", "guard@example.com", ["ops@example.com"], port=server.port, **settings)


def test_the_notice_arrives(server: Server) -> None:
    made(server).send(notice())
    [text] = server.mails
    found = email.message_from_string(text, policy=email.policy.default)
    assert found["Subject"] == "[PathGuard] PATH CUT: app to primary (Shop)"
    assert found["To"] == "ops@example.com"
    assert found["Message-ID"] == f"<{notice()['id']}@pathguard.invalid>"
    assert "10.10.1.66" in found.get_content()


@pytest.mark.parametrize(
    ("says", "why", "maybe"),
    [
        ({"RCPT": "550 nobody"}, r"refuses ops@example.com \(550\)", False),
        ({"MAIL": "451 later"}, "answers 451", False),
        ({"END": "554 no"}, "answers 554", False),
        ({"DATA": ""}, "no answer", True),
    ],
)
def test_a_refusal(server: Server, says: dict[str, str], why: str, maybe: bool) -> None:
    server.says = says
    with pytest.raises(NotDeliveredError, match=why) as caught:
        made(server).send(notice())
    assert caught.value.maybe is maybe


def test_one_of_several_is_refused_and_the_others_have_it(server: Server) -> None:
    server.says = {"RCPT TO:<GONE@EXAMPLE.COM>": "550 nobody"}
    found = mail(
        *("127.0.0.1", "guard@example.com", ["ops@example.com", "gone@example.com"]),
        *("none", server.port, "", "", 2.0),
    )
    assert found.send(notice()) == "the mail server refuses gone@example.com (550)"
    assert len(server.mails) == 1
    told = Outbox([found], {}, lambda: None, lambda: 0.0)
    told.add(notice())
    assert told.deliver(5.0) == 1
    assert told.waiting == {"mail": 0}
    assert told.troubles == ["mail has a notice in part: the mail server refuses gone@example.com (550)"]
    server.says = {}
    told.add(notice())
    assert told.deliver(5.0) == 1
    assert told.troubles == []


def test_what_follows_the_mail_says_nothing_about_it(server: Server) -> None:
    server.says = {"QUIT": ""}
    made(server).send(notice())
    assert len(server.mails) == 1


def test_without_tls_nothing_is_sent_that_was_to_be_protected(server: Server) -> None:
    with pytest.raises(NotDeliveredError):
        made(server, security="starttls", user="guard", password="s3cr3t").send(notice())
    assert "AUTH" not in server.heard
    assert server.mails == []


@pytest.mark.parametrize("fault", [TimeoutError("timed out"), smtplib.SMTPServerDisconnected("gone")])
def test_without_a_connection_no_mail_was_sent(
    server: Server, monkeypatch: pytest.MonkeyPatch, fault: Exception
) -> None:
    """A server behind a firewall that drops: it may be tried for as long as that lasts."""

    def nobody(*_arguments: Any, **_more: Any) -> None:
        raise fault

    monkeypatch.setattr(smtplib, "SMTP", nobody)
    with pytest.raises(NotDeliveredError, match="no answer") as caught:
        made(server).send(notice())
    assert not caught.value.maybe


def test_nobody_there(server: Server) -> None:
    server.shutdown()
    server.server_close()
    with pytest.raises(NotDeliveredError, match="no connection to the mail server"):
        made(server).send(notice())


def test_the_password_stands_nowhere(server: Server) -> None:
    assert "s3cr3t" not in repr(made(server, security="tls", user="guard", password="s3cr3t"))


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"to": []}, "somebody to go to"),
        ({"sender": ""}, "somebody to go to"),
        ({"to": ["ops"]}, "no mail address"),
        ({"to": ["a@b.c\nBcc: x@y.z"]}, "no mail address"),
        ({"security": "maybe"}, "no way to a mail server"),
        ({"user": "x", "security": "none"}, "in the clear"),
    ],
)
def test_settings_that_make_no_sense(changes: dict[str, Any], complaint: str) -> None:
    settings: dict[str, Any] = {
        "host": "mx",
        "sender": "guard@example.com",
        "to": ["ops@example.com"],
        "security": "starttls",
        "port": 0,
        "user": "",
        "password": "",
        "timeout": 1.0,
    }
    with pytest.raises(MonitorError, match=complaint):
        mail(**{**settings, **changes})
