# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names as a host resolves them: by getent(1), which asks what the host's programs ask (nsswitch.conf)."""

from __future__ import annotations

import ipaddress
import shlex
import socket
from collections.abc import Iterable, Sequence

from .channel import Channel
from .probe import HOST_NAME


def resolve(channel: Channel, names: Sequence[str]) -> dict[str, list[str]]:
    """The addresses of each name; none where the host knows none, or has no getent. GatherError if it is lost."""
    found = {}
    for name in names:
        printed = ""
        if HOST_NAME.fullmatch(name):
            printed = channel.run(f"getent ahosts {shlex.quote(name)}").stdout
        found[name] = addresses(line.split()[0] for line in printed.splitlines() if line.strip())
    return found


def resolve_here(name: str) -> list[str]:
    """The addresses of a name as the controller resolves it; none where it knows none."""
    try:
        found = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return []
    return addresses(str(entry[4][0]) for entry in found)


def addresses(words: Iterable[str]) -> list[str]:
    """Those words that are addresses, each once, IPv4-mapped ones as IPv4; a link's own addresses reach nobody."""
    found: dict[str, None] = {}
    for word in words:
        try:
            address = ipaddress.ip_address(word.partition("%")[0])
        except ValueError:
            continue
        mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
        if not address.is_link_local:
            found[str(mapped or address)] = None
    return list(found)
