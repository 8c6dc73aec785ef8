# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a webhook gets: the notice itself, or as Slack and Teams want it.

Slack: incoming webhooks take ``text`` and ``blocks`` ("Block Kit" reference: a header has at most 150 characters, a
section's text 3000). Teams: the Workflows app ("Post to a channel when a webhook request is received") takes a message
with an Adaptive Card as its attachment, 28 kB in all.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ..render.clean import clipped
from .wording import facts, headline

Notice = Mapping[str, Any]

_SLACK_HEADER, _SLACK_TEXT = 150, 2900
_TEAMS_TEXT = 2000
_SIGNS = {"recovered": ":white_check_mark:", "settled": ":white_check_mark:", "unknown": ":grey_question:"}
_COLOURS = {"recovered": "good", "settled": "good", "unknown": "warning"}
_CARD = "application/vnd.microsoft.card.adaptive"
_CARD_SCHEMA = "http://adaptivecards.io/schemas/adaptive-card.json"


def generic(notice: Notice) -> dict[str, Any]:
    return dict(notice)


def slack(notice: Notice) -> dict[str, Any]:
    title = headline(notice)
    lines = [f"*{_slack(name)}*  {_slack(value)}" for name, value in facts(notice) if name != "diagnose"]
    blocks: list[dict[str, Any]] = [
        {"type": "header", "text": {"type": "plain_text", "text": clipped(title, _SLACK_HEADER)}},
        {"type": "section", "text": _markdown(f"{_sign(notice)} {_slack(notice['summary'])}")},
    ]
    if lines:
        blocks.append({"type": "section", "text": _markdown("\n".join(lines))})
    if notice["diagnose"]:
        command = _slack(str(notice["diagnose"]).replace("`", "'"))
        blocks.append({"type": "section", "text": _markdown(f"```{clipped(command, _SLACK_TEXT - 6)}```")})
    return {"text": _slack(f"{title}: {notice['summary']}"), "blocks": blocks}


def _markdown(text: str) -> dict[str, str]:
    return {"type": "mrkdwn", "text": clipped(text, _SLACK_TEXT)}


def _slack(text: object) -> str:
    """The three characters that Slack gives a meaning: ``<!channel>`` in a rule's comment calls nobody."""
    return str(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _sign(notice: Notice) -> str:
    return _SIGNS.get(notice["event"], ":rotating_light:")


def teams(notice: Notice) -> dict[str, Any]:
    body: list[dict[str, Any]] = [
        _block(
            headline(notice), size="Large", weight="Bolder", color=_COLOURS.get(notice["event"], "attention")
        ),
        _block(notice["summary"]),
    ]
    listed = [{"title": name, "value": _teams(value)} for name, value in facts(notice) if name != "diagnose"]
    if listed:
        body.append({"type": "FactSet", "facts": listed})
    if notice["diagnose"]:
        body.append(_block(notice["diagnose"], fontType="Monospace"))
    card = {"$schema": _CARD_SCHEMA, "type": "AdaptiveCard", "version": "1.4", "body": body}
    return {
        "type": "message",
        "attachments": [{"contentType": _CARD, "contentUrl": None, "content": card}],
    }


def _block(text: object, **more: str) -> dict[str, Any]:
    return {"type": "TextBlock", "text": _teams(text), "wrap": True, **more}


def _teams(text: object) -> str:
    """A card's text is Markdown, where brackets make links (Adaptive Cards, "Text features")."""
    found = clipped(str(text), _TEAMS_TEXT)
    for sign in ("\\", "[", "]", "*", "_"):
        found = found.replace(sign, "\\" + sign)
    return found


SHAPES: Mapping[str, Callable[[Notice], dict[str, Any]]] = {
    "generic": generic,
    "slack": slack,
    "teams": teams,
}
