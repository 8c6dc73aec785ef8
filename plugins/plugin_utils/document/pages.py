# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The documentation as texts, by the names of their files."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import jinja2

from ..render import words
from ..render.clean import clean
from ..render.html import environment as html_environment
from ..render.html import page
from ..render.markdown import code, markdown
from .site import SiteDocument

_TEMPLATES = Path(__file__).resolve().parent / "templates"
MARKDOWN, HTML, RUNBOOK = "markdown", "html", "runbook"
FORMATS = (MARKDOWN, HTML, RUNBOOK)
HOSTS = "hosts"
PICTURE = "topology.svg"
# In every page: only such pages are written over, or removed when their host is gone.
MARK = "<!-- Made by pathguard.network.path_document: edits are lost. -->"


def pages(site: SiteDocument, formats: tuple[str, ...]) -> dict[str, str]:
    """File, relative to the documentation's folder -> its text."""
    found: dict[str, str] = {}
    values = {"site": site, "mark": MARK}
    if MARKDOWN in formats:
        for name, template in (("README.md", "overview.md.j2"), ("paths.md", "paths.md.j2")):
            found[name] = _markdown(template, values)
        for host in site.deciding:
            found[f"{HOSTS}/{host.file}"] = _markdown("host.md.j2", {**values, "host": host})
        if site.picture is not None:
            found[PICTURE] = _picture(site)
    if RUNBOOK in formats:
        found["incident-runbook.md"] = _markdown("runbook.md.j2", values)
    if HTML in formats:
        found["index.html"] = page("document.html.j2", folder=_TEMPLATES, site=site, mark=MARK)
    return {name: _clean(text) for name, text in found.items()}


def _clean(text: str) -> str:
    """Without what a device may have written to steer a terminal or a page."""
    return "\n".join(map(clean, text.split("\n")))


def _markdown(template: str, values: Mapping[str, Any]) -> str:
    text = _environment().get_template(template).render(**values)
    return "\n".join(line.rstrip() for line in text.splitlines()) + "\n"


def _picture(site: SiteDocument) -> str:
    return (
        html_environment(_TEMPLATES).get_template("topology.svg.j2").render(site=site, alone=True, mark=MARK)
        + "\n"
    )


@cache
def _environment() -> jinja2.Environment:
    found = jinja2.Environment(  # noqa: S701 - Markdown, whose filters escape
        loader=jinja2.FileSystemLoader(_TEMPLATES),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.filters.update(md=_md, code=_code)
    found.globals.update(words=words)
    return found


def _md(text: object) -> str:
    """On one line: a line break would end a row of a table."""
    return markdown(clean(str(text)))


def _code(text: object) -> str:
    return code(clean(str(text)))
