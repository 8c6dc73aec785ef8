# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a policy's mistakes are told: what, at which JSON path, and what was probably meant."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

from ..errors import PolicyError

_PLAIN = re.compile(r"[A-Za-z_$][A-Za-z0-9_$-]*\Z")
_SHOWN = 8


def json_path(parts: Iterable[str | int]) -> str:
    """``$.requiredPaths[0].service``; keys that are no plain word are quoted (RFC 9535)."""
    found = "$"
    for part in parts:
        if isinstance(part, int):
            found += f"[{part}]"
        elif _PLAIN.match(part):
            found += f".{part}"
        else:
            found += "['" + part.replace("\\", "\\\\").replace("'", "\\'") + "']"
    return found


_PART = re.compile(r"""\.([A-Za-z_$][A-Za-z0-9_$-]*)|\[(\d+)\]|\['((?:[^'\\]|\\.)*)'\]""")


def json_path_parts(path: str) -> list[str | int]:
    """What ``json_path`` made a text of."""
    return [
        int(index) if index else plain or re.sub(r"\\(.)", r"\1", quoted)
        for plain, index, quoted in _PART.findall(path)
    ]


@contextmanager
def naming(policy: str) -> Iterator[None]:
    """Let an error that has but a JSON path say in which policy that is. ``policy``: its file, mostly."""
    try:
        yield
    except PolicyError as error:
        where = error.where or policy
        if where.startswith("$") and " in " not in where:
            where = f"{where} in {policy}"
        raise PolicyError(error.what, where, error.todo) from error


def unknown_name(kind: str, name: str, known: Sequence[str], where: str, also: str = "") -> PolicyError:
    """The error for a name that nothing has, with the nearest that something has."""
    near = difflib.get_close_matches(str(name), [str(item) for item in known], 3, 0.6)
    if near:
        todo = f"did you mean {' or '.join(repr(item) for item in near)}?"
    elif known:
        shown = ", ".join(sorted(known)[:_SHOWN])
        todo = f"known are: {shown}" + (f", and {len(known) - _SHOWN} more" if len(known) > _SHOWN else "")
    else:
        todo = "there is none at all"
    return PolicyError(f"unknown {kind} {name!r}", where, f"{todo} {also}".strip())
