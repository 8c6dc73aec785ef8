# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``docs/linux-matches.md`` from the tables that are held to the kernel: ``python -m tests.kernel.constructs_page``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tests.kernel import constructs_iptables as iptables
from tests.kernel import constructs_nft as nft

PAGE = Path(__file__).parents[2] / "docs" / "linux-matches.md"
_OPENING = """# What Linux rules may ask, and what is known

<!-- Made by `python -m tests.kernel.constructs_page` from the tables of tests/kernel; a test keeps them equal. -->

A verdict is `permit` or `deny` only where it follows from what a flow is: its addresses, protocol, ports, ICMP type,
TCP flags, interfaces and connection state, the marks that rules gave it, and the host's addresses and routes. All
else leaves it `unknown`, with the rule and the word, and only for the packets to which the word matters: a match on
a rate limit behind `tcp dport 22` says nothing about port 80.

Each line below is loaded into a kernel by `tests/kernel/test_constructs.py`, met with packets, and compared: known
lines must be known for all of these and right, the others must be unknown for some. `tests/kernel/test_routes_asked.py`
does so with questions to the routes (`fib`, `rpfilter`, `addrtype`) over random routes and routing rules. `{four}`
and `{six}` stand for the destination of the packets. A negated match is known where the plain one is.

Worth knowing:

- `fib` and `rpfilter` need the host's routes, routing rules and addresses; where those were not gathered they are
  unknown. Of several equal IPv6 routes it depends on the kernel's version which one is compared: unknown.
- `socket` matches depend on the sockets that are open when the packet comes, and stay unknown.
- The owner of a socket (`owner`, `meta skuid`, `skgid`, `cgroup`) is unknown for packets of the host itself; packets
  that it forwards have none, so such a match never holds for them.
- Targets and statements that only write what no rule asks about (`LOG`, `NFLOG`, `TRACE`, `TCPMSS`, `CLASSIFY`,
  `CHECKSUM`, `DSCP`, `TTL`, `SET` to a set, `ct helper`, counters) change no verdict. What hands a packet to a program
  or a local socket (`NFQUEUE`, `queue`, `TPROXY`, `SYNPROXY`) leaves it unknown.
- Sets that rules fill as packets pass, and elements that time out, are unknown for what may be in them.
- Chains of the family netdev are asked about the packets of their own devices. What comes in or leaves by a bridge
  passes its ports' frames through tables of the family bridge, and what stands on a device (a bridge or bond over its
  ports, a VLAN) through that device's netdev chains; flows don't tell those frames. A chain there that may drop
  something leaves the packets of these interfaces unknown. What a bridge forwards from port to port is no question.
"""
_SECTIONS = (
    ("nft: matches that are known", nft.KNOWN_MATCHES),
    ("nft: rules that are known", nft.KNOWN_RULES),
    ("nft: matches that are unknown", nft.UNKNOWN_MATCHES),
    ("nft: rules that are unknown", nft.UNKNOWN_RULES),
    ("iptables and ip6tables: matches that are known", iptables.KNOWN_MATCHES),
    ("iptables and ip6tables: rules that are known", iptables.KNOWN_RULES),
    ("iptables and ip6tables: matches that are unknown", iptables.UNKNOWN_MATCHES),
    ("iptables and ip6tables: rules that are unknown", iptables.UNKNOWN_RULES),
)


def page() -> str:
    """The whole page."""
    parts = [_OPENING]
    for title, lines in _SECTIONS:
        if title == "nft: matches that are known":
            parts.append(
                _listed("nft: the sets, maps and objects that the lines name", nft.OBJECTS.splitlines())
            )
        if title == "iptables and ip6tables: matches that are known":
            parts.append(
                "`4:` and `6:` mark what one family only has; rules begin with their table (`early`: PREROUTING of mangle).\n"
            )
        parts.append(_listed(title, lines))
    return "\n".join(parts)


def _listed(title: str, lines: Sequence[str]) -> str:
    body = "\n".join(line for line in lines if line)
    return f"## {title}\n\n```text\n{body}\n```\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
