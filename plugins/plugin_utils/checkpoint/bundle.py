# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Join the agent's modules to the one program that is sent to a host.

The agent is written as small modules under ``module_utils/checkpoint`` and must arrive as one file: it is fed
to an interpreter over stdin, and installs itself next to what it recorded. Joined text, rather than an
archive, is what an administrator can read on the host.
"""

from __future__ import annotations

import ast
import functools
from pathlib import Path

# A module may use what stands before it.
MODULES = (
    "host",
    "owners",
    "merge",
    "nft",
    "xtables",
    "ipset",
    "saved",
    "rules",
    "restore",
    "store",
    "timer",
    "report",
    "fire",
    "lifecycle",
    "agent",
)

_FOLDER = Path(__file__).resolve().parents[2] / "module_utils" / "checkpoint"

_HEADER = """\
# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# The checkpoint agent of the Ansible collection pathguard.network, joined from its modules.
from __future__ import annotations
"""


def _joined(node: ast.stmt) -> bool:
    """Whether a top statement is only for the modules while they are apart."""
    return isinstance(node, ast.ImportFrom) and (node.level > 0 or node.module == "__future__")


def _body(path: Path) -> str:
    text = path.read_text(encoding="utf-8")
    lines = text.splitlines()
    for node in ast.parse(text, str(path)).body:
        if _joined(node):
            for number in range(node.lineno - 1, node.end_lineno or node.lineno):
                lines[number] = ""
    return f"# ---- {path.name} ----\n" + "\n".join(lines) + "\n"


@functools.lru_cache(maxsize=1)
def agent_source() -> str:
    """The whole agent as one Python program."""
    return _HEADER + "\n".join(_body(_FOLDER / f"{name}.py") for name in MODULES)
