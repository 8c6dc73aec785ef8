# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a walk notes on its way, where somebody wants to be told it hop by hop."""

from __future__ import annotations

from dataclasses import dataclass

from ..model.flowset import FlowSet
from .outcome import Outcome

CAME, ROUTE, SENT = "came", "route", "sent"


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that a host did with packets.

    ``what``: came, route, sent, or a hook's name. ``flows``: the packets as they were then, with the host's view of
    them where rules were asked. ``level``: the number of translations before it. ``outcome``: a hook's answer.
    ``gateway``: the address that packets were sent to, None for their own. ``taker``: (host, interface) of who takes
    them; empty where that is nobody who was gathered."""

    host: str
    what: str
    flows: FlowSet
    level: int
    in_interface: str = ""
    out_interface: str = ""
    outcome: Outcome | None = None
    gateway: int | None = None
    taker: tuple[str, str] = ("", "")
