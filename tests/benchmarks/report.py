# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tables of measurements, on the screen and as the page docs/benchmarks.md."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

_HEAD = """# Benchmarks

Measured by `tests/run bench --write-docs`, which wrote this page. Times are seconds of processor time (user and
system) of whole processes where not said otherwise, because other work on the machine changes these least; everything
in a table was measured in one run, on the same files, which generators in `tests/benchmarks` make from a seed. What a
test asserts are ratios between such measurements, never seconds.

"""


@dataclass(frozen=True)
class Table:
    """``notes``: paragraphs below the rows. ``order``: where it stands on the page."""

    order: int
    title: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    notes: Sequence[str] = ()

    def screen(self) -> str:
        widths = [max(len(row[at]) for row in [self.head, *self.rows]) for at in range(len(self.head))]
        lines = [self._line(row, widths) for row in [self.head, *self.rows]]
        return "\n".join([self.title, *lines, *self.notes])

    @staticmethod
    def _line(row: Sequence[str], widths: Sequence[int]) -> str:
        first = row[0].ljust(widths[0])
        return "  ".join([first, *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:]))])

    def page(self) -> str:
        rows = [self.head, ["---", *("---:" for _cell in self.head[1:])], *self.rows]
        table = "\n".join(f"| {' | '.join(row)} |" for row in rows)
        return "\n\n".join([f"## {self.title}", table, *self.notes]) + "\n"


def document(tables: Sequence[Table]) -> str:
    listed = sorted(tables, key=lambda table: table.order)
    return _HEAD + f"{machine()}\n\n" + "\n".join(table.page() for table in listed)


def machine() -> str:
    """Processor, memory and Python; no names of hosts or folders."""
    model = next(
        (line.partition(":")[2].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")),
        platform.machine(),
    )
    memory = next(
        (int(line.split()[1]) for line in _lines("/proc/meminfo") if line.startswith("MemTotal")), 0
    )
    return (
        f"Machine: {os.cpu_count()} cores, {model}, {memory / 2**20:.0f} GiB of memory, "
        f"Linux {platform.release().split('-')[0]}, Python {platform.python_version()}."
    )


def _lines(path: str) -> list[str]:
    file = Path(path)
    return file.read_text(encoding="utf-8").splitlines() if file.exists() else []
