# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A report or an audit as one page that asks nobody for anything: style, script and pictures are in the file.

The page's own policy (CSP level 3) names its one style and its one script by their hashes, so nothing that a device
wrote could run even if it got out of its quotes. What is laid out is in templates/html.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from . import audit_words, change_words, html_changes, html_page, words
from .picture import picture

_FOLDER = Path(__file__).resolve().parent / "templates" / "html"


def html(document: Mapping[str, Any]) -> str:
    """The page of a report or audit whose texts are clean (see ``clean``)."""
    return page("page.html.j2", view=html_page.view(document))


def page(template: str, folder: Path | None = None, **values: Any) -> str:
    """A template with the style and the script that every page has. ``folder``: of templates beside ours."""
    return environment(folder).get_template(template).render(**values, **_inline())


@cache
def environment(folder: Path | None = None) -> jinja2.Environment:
    found = jinja2.Environment(
        loader=jinja2.FileSystemLoader([*([folder] if folder is not None else []), _FOLDER]),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.globals.update(
        words=words,
        audit_words=audit_words,
        change_words=change_words,
        changes=html_changes,
        picture=picture,
        shown=html_page,
    )
    return found


@cache
def _inline() -> dict[str, Any]:
    """``style`` and ``script`` as they stand in the page, and ``csp``, which allows these two alone."""
    style, script = ((_FOLDER / name).read_text(encoding="utf-8") for name in ("page.css", "page.js"))
    policy = [
        "default-src 'none'",
        f"style-src '{_hash(style)}'",
        f"script-src '{_hash(script)}'",
        "base-uri 'none'",
        "form-action 'none'",
    ]
    return {
        "csp": "; ".join(policy),
        "style": Markup(style),  # noqa: S704 - our own files
        "script": Markup(script),  # noqa: S704
    }


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
