# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A notice in words, for every channel that people read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import jinja2

from ..render.clean import clipped

Notice = Mapping[str, Any]

WORDS = {
    "problem": "PATH CUT",
    "changed": "PATH CHANGED",
    "recovered": "PATH OPEN AGAIN",
    "unknown": "PATH NOT KNOWN",
    "flapping": "PATH FLAPS",
    "settled": "PATH SETTLED",
}
FORBIDDEN = {"problem": "PATH OPEN THAT MUST NOT BE", "recovered": "PATH CLOSED AGAIN"}
CONFIGURATION = {"problem": "CONFIGURATION NOT AS WANTED", "recovered": "CONFIGURATION AS WANTED AGAIN"}
CONNECTIONS = "CONNECTIONS FAIL"
_BY_KIND: Mapping[str, Mapping[str, str]] = {"forbidden": FORBIDDEN, "configuration": CONFIGURATION}
_TEMPLATES = Path(__file__).resolve().parent / "templates"
_SUBJECT = 180


def headline(notice: Notice) -> str:
    """``PATH CUT: app to primary (Shop, application to database)``."""
    words = _BY_KIND.get(notice["kind"], {}).get(notice["event"]) or WORDS[notice["event"]]
    if notice["event"] == "problem" and notice["kind"] == "required" and notice["now"]["satisfied"] == "yes":
        words = CONNECTIONS
    return f"{words}: {notice['path']} ({notice['policy']})"


def subject(notice: Notice) -> str:
    return clipped(f"[PathGuard] {headline(notice)}", _SUBJECT)


def facts(notice: Notice) -> Iterator[tuple[str, str]]:
    """(name, value) of what there is to tell, in the order in which somebody on call asks for it."""
    yield from (("cut off" if notice["kind"] != "forbidden" else "open", item) for item in notice["cut_off"])
    for rule in notice["rules"]:
        yield "rule", rule["place"]
        if rule["note"]:
            yield "what", rule["note"]
        for name, text in (("now", rule["text"]), ("before", rule["before"])):
            if text:
                yield name, text
        for command in rule["commands"]:
            yield "put it back", command
    yield from (("connections", item) for item in notice["connections"])
    yield from (("reason", item) for item in notice["reasons"])
    yield "since", notice["since"]
    if notice["last_good"]:
        yield "last in order", notice["last_good"]
    for name in ("severity", "owner", "ticket"):
        if notice[name]:
            yield name, notice[name]
    yield "told by", f"{notice['monitor']}, notice {notice['id']}"
    if notice["diagnose"]:
        yield "diagnose", notice["diagnose"]


def text(notice: Notice) -> str:
    """For mail and the screen."""
    environment = jinja2.Environment(  # noqa: S701 - plain text, no HTML
        loader=jinja2.FileSystemLoader(_TEMPLATES),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template("notice.txt.j2").render(
        headline=headline(notice), notice=notice, facts=list(facts(notice))
    )
