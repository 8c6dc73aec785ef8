# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A ruleset or configuration that is planned for a host, as it was given."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NoReturn

from ...errors import ParseError

AUTO = "auto"
NFT, IPTABLES, IP6TABLES, IPSET = "nft", "iptables", "ip6tables", "ipset"
CONFIGURATION, LINES = "configuration", "lines"
KINDS = (AUTO, NFT, IPTABLES, IP6TABLES, IPSET, CONFIGURATION, LINES)
BACKENDS = ("nft", "legacy")


def _no_files(_name: str) -> NoReturn:
    raise ParseError("there is no folder to look for it, as the candidate is no file")


@dataclass(frozen=True)
class Candidate:
    """``source``: what the text is, for errors: its file. ``kind``: one of ``KINDS``. ``noflush``: as
    iptables-restore(8) has it. ``backend``: whose tables a file of iptables is for, one of ``BACKENDS``; empty for
    those that the host uses. ``include``: finds the files that an nft script includes, name -> their sources and
    texts; PathGuardError for one that is not there."""

    source: str
    text: str
    kind: str = AUTO
    noflush: bool = False
    backend: str = ""
    include: Callable[[str], list[tuple[str, str]]] = _no_files
