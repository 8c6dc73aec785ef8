# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Slack and Teams get what they take: no more characters than they bear, and nothing of a device means anything."""

from __future__ import annotations

import json

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.notify.shapes import SHAPES, slack, teams
from ansible_collections.pathguard.network.plugins.plugin_utils.notify.wording import headline, subject, text
from tests.unit.notify.notices import HOSTILE, notice

LONG = notice(
    path="p" * 400,
    policy="q" * 400,
    cut_off=["1.2.3.4 -> 5.6.7.8, tcp 1 " * 12] * 5,
    connections=["c" * 400] * 5,
    diagnose="d" * 4000,
    summary="s" * 400,
)


def test_slack() -> None:
    found = slack(notice())
    assert found["text"].startswith("PATH CUT: app to primary (Shop): ")
    kinds = [block["type"] for block in found["blocks"]]
    assert kinds == ["header", "section", "section", "section"]
    body = json.dumps(found)
    assert "<!channel>" not in body
    assert "&lt;!channel&gt;" in body
    assert "10.10.1.66" in body
    assert "pathguard.network.diagnose" in body


def test_slack_bears_no_more() -> None:
    for block in slack(LONG)["blocks"]:
        said = block["text"]
        assert len(said["text"]) <= (150 if block["type"] == "header" else 3000)


def test_teams() -> None:
    found = teams(notice())
    [attachment] = found["attachments"]
    assert found["type"] == "message"
    assert attachment["contentType"] == "application/vnd.microsoft.card.adaptive"
    card = attachment["content"]
    assert (card["type"], card["version"]) == ("AdaptiveCard", "1.4")
    facts = {fact["title"]: fact["value"] for fact in card["body"][2]["facts"]}
    assert facts["cut off"] == "10.10.1.66 -> 10.20.1.10, tcp 5432"
    assert "\\[x\\](http" in facts["now"], "a rule's comment is no link"
    assert len(json.dumps(teams(LONG)).encode()) < 28_000


@pytest.mark.parametrize("event", ["problem", "changed", "recovered", "unknown", "flapping", "settled"])
@pytest.mark.parametrize("kind", ["required", "forbidden", "configuration"])
def test_every_event_has_words(event: str, kind: str) -> None:
    told = notice(event=event, kind=kind, before=None)
    for shape in SHAPES.values():
        assert json.loads(json.dumps(shape(told)))
    assert "app to primary" in headline(told)
    assert len(subject(LONG)) <= 180


def test_connections_that_fail_are_no_cut() -> None:
    now = {
        "status": "open",
        "satisfied": "yes",
        "connections": "failing",
        "text": "open, but new connections fail",
    }
    assert headline(notice(now=now)) == "CONNECTIONS FAIL: app to primary (Shop)"


def test_the_text_of_a_mail() -> None:
    lines = text(notice()).splitlines()
    assert lines[0] == "PATH CUT: app to primary (Shop)"
    assert f"now           {HOSTILE}" in lines
    assert "before        ip saddr 10.10.1.0/24 accept" in lines
    assert "since         2026-11-23T09:30:00Z" in lines
    assert lines[-1].startswith("diagnose      ansible-playbook pathguard.network.diagnose")
