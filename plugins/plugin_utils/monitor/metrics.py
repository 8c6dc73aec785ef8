# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the monitor knows as a text file for Prometheus' node exporter ("Textfile Collector")."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import jinja2

from ..notify.outbox import Outbox
from ..policy.paths import Path as PolicyPath
from .memory import Memory
from .rounds import Round

if TYPE_CHECKING:
    from .run import Order

_TEMPLATES = Path(__file__).resolve().parent / "templates"
# The exporter runs as somebody else; the file has names of paths, and no rule or address.
MODE = 0o644


def _label(text: object) -> str:
    """As the exposition format wants it ("Text format details")."""
    return str(text).replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def text(order: Order, memory: Memory, outbox: Outbox, found: Round) -> str:
    environment = jinja2.Environment(  # noqa: S701 - no HTML
        loader=jinja2.FileSystemLoader(_TEMPLATES),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["label"] = _label
    paths: dict[str, PolicyPath] = {path.name: path for path in order.question.policy.paths}
    return environment.get_template("monitor.prom.j2").render(
        monitor=order.name,
        interval=order.interval,
        memory=memory,
        boxes=outbox.boxes,
        found=found,
        paths=paths,
        told={name: item for name, item in memory.paths.items() if item.condition is not None},
    )


def write(path: Path, text: str) -> str:
    """Write it whole; why it could not be, else nothing."""
    try:
        handle, name = tempfile.mkstemp(prefix=".", suffix=".part", dir=path.parent)
        unfinished = Path(name)
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
            unfinished.chmod(MODE)
            unfinished.replace(path)
        except OSError:
            unfinished.unlink(missing_ok=True)
            raise
    except OSError as error:
        return f"the text file of metrics can't be written: {path}: {error.strerror}"
    return ""
