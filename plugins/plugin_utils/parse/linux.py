# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Linux host: nft, iptables of both kinds, ipset and the facts around them -> one state."""
from __future__ import annotations

from collections.abc import Mapping

from ..errors import ParseError
from ..model.raw import RawOutput
from ..model.state import State
from . import linux_facts, nft
from . import outputs as raw


def parse(host: str, outputs: Mapping[str, RawOutput]) -> State:
    """Never fails for what a host printed: what can't be read is named in the state."""
    state = State(host)
    facts = linux_facts.read(state, outputs)
    why = raw.problem(outputs, "nft_json")
    if not why and not outputs["nft_json"].absent:
        try:
            text = raw.text(outputs, "nft_json")
            facts.destination_nat = nft.changes_destinations(text)
            found = nft.parse(text, raw.text(outputs, "nft_text"), facts)
            state.rulesets.update(reversed(found.rulesets.items()))
            state.chains.update(found.chains)
            state.sets.update(found.sets)
            state.not_understood.extend(found.not_understood)
        except ParseError as error:
            why = error.what
    if why:
        state.unreadable.append({"what": "nft_json", "reason": why})
        state.firewall_known = False
    return state
