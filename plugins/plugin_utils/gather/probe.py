# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""New connections from a host to targets: what the network does, beside what the rules say."""

from __future__ import annotations

import ipaddress
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from ..errors import GatherError
from .agents import run_agent
from .channel import Channel

AGENT = "probe_agent"
HANDSHAKES = ("none", "postgresql")
# Beyond the attempts themselves: starting Python, resolving names, looking at open connections. Seconds.
OVERHEAD = 20.0
# As in the agent.
AT_ONCE = 256
SPACING = 0.2
HOST_NAME = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(\.[A-Za-z0-9_-]{1,63})*\.?")
REFUSED_HANDSHAKES = {
    "mysql": (
        "there is no MySQL handshake: one that is broken off counts towards the server's max_connect_errors, "
        "after which it blocks this host",
        "use a client that logs in, from time to time",
    ),
}


def request_of(
    targets: Sequence[Mapping[str, Any]], sources: Sequence[str] = (), attempts: int = 3, timeout: float = 2.0
) -> dict[str, Any]:
    """What the agent is asked, checked before any login. Raises GatherError for what makes no sense.

    ``targets``: ``{address, port, handshake, source}``, the last two as needed; ``timeout`` in seconds for one
    attempt.
    """
    wanted = [check_target(target, f"targets[{index}]") for index, target in enumerate(targets)]
    addresses = [_address(source, f"sources[{index}]") for index, source in enumerate(sources)]
    if not wanted:
        raise GatherError("there is nothing to probe", "targets", "name at least one target")
    if attempts < 1:
        raise GatherError(f"{attempts} attempts show nothing", "attempts", "give a number from 1 on")
    if timeout <= 0:
        raise GatherError(f"{timeout:g} s are no time", "timeout", "give more than 0 seconds")
    return {"targets": wanted, "sources": addresses, "attempts": attempts, "timeout": timeout}


def probe(
    channel: Channel,
    targets: Sequence[Mapping[str, Any]],
    sources: Sequence[str] = (),
    attempts: int = 3,
    timeout: float = 2.0,
    python: str = "python3",
) -> dict[str, Any]:
    """Try each target from each source address that the host has, by default the one that routing chooses.

    Arguments as for ``request_of``; a target that has a source of its own is tried from there alone. Returns
    ``paths``: a row for each source and target as probe_agent.py describes it, with what else the target has
    (its path in the policy), and ``missing_sources``. Raises GatherError, also if the host has no source.
    """
    request = request_of(targets, sources, attempts, timeout)
    connections = len(request["targets"]) * max(1, len(request["sources"])) * attempts
    answer = run_agent(
        channel,
        AGENT,
        request,
        python=python,
        timeout=math.ceil(connections / AT_ONCE) * timeout + attempts * SPACING + OVERHEAD,
    )
    if sources and len(answer["missing_sources"]) == len(request["sources"]):
        raise GatherError(
            f"the host has none of the source addresses {', '.join(sources)}",
            channel.host,
            "see 'ip address' on the host",
        )
    rows = [{**targets[row.pop("target")], **row} for row in answer["paths"]]
    return {"paths": rows, "missing_sources": answer["missing_sources"]}


def check_target(target: Mapping[str, Any], where: str) -> dict[str, Any]:
    """A target in plain form. Raises GatherError."""
    handshake = target.get("handshake") or "none"
    if handshake in REFUSED_HANDSHAKES:
        what, todo = REFUSED_HANDSHAKES[handshake]
        raise GatherError(what, f"{where}.handshake", todo)
    if handshake not in HANDSHAKES:
        raise GatherError(
            f"{handshake!r} is no handshake", f"{where}.handshake", f"one of: {', '.join(HANDSHAKES)}"
        )
    port = target.get("port")
    if not isinstance(port, int) or not 0 < port < 65536:
        raise GatherError(f"{port!r} is no port", f"{where}.port", "a number from 1 to 65535")
    address = str(target.get("address") or "")
    if not HOST_NAME.fullmatch(address):
        address = _address(address, f"{where}.address")
    found = {"address": address, "port": port, "handshake": handshake}
    return (
        {**found, "source": _address(target["source"], f"{where}.source")} if target.get("source") else found
    )


def _address(text: str, where: str) -> str:
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        raise GatherError(
            f"{text!r} is no address", where, "an IPv4 or IPv6 address, without a prefix length"
        ) from None
