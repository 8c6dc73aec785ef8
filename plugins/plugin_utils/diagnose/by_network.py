# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong on the way beside rules: routes, full tables, large packets, hosts that are down."""

from __future__ import annotations

from collections.abc import Iterator

from ..guard.detail import hosts, rule_text, where
from ..guard.probes import OPEN, REACHABLE, UNKNOWN, ProbeRow
from ..policy.too_big import BLOCKED, sentence
from . import by_rules
from .case import Case, Entry, lost_tries, tries
from .cause import CERTAIN, CONNTRACK, FIREWALL, HOST, LIKELY, MTU, PATH, POSSIBLE, ROUTE, Cause
from .counting import Moved

# Of a table that is so full, bursts find no place.
NEARLY_FULL = 0.9
MOST_MOVED, MOST_GATEWAYS = 3, 3


def causes(case: Case) -> list[Cause]:
    return [*_routes(case), *_conntrack(case), *_silent(case), *_lost(case), *_too_big(case)]


def _routes(case: Case) -> Iterator[Cause]:
    """What a source's own kernel says of the way; the proof tells it too, where it could be made."""
    lost: dict[tuple[str, str], list[str]] = {}
    for host in case.sources:
        for route in case.facts.get(host, {}).get("routes", ()):
            if route["error"]:
                lost.setdefault((route["address"], route["error"]), []).append(host)
    if any(
        item["hook"] == "route"
        for path in case.paths
        for item in path["deciding"]
        if item["verdict"] == "deny"
    ):
        return
    for (address, error), names in lost.items():
        yield Cause(
            layer=ROUTE,
            host=names[0],
            what=f"{hosts(names)}: no route to {address}: {error}",
            confidence=CERTAIN,
            evidence=["route: the kernel's own answer (ip route get)"],
            paths=[path["name"] for path in case.paths],
            pairs=len(names),
            hosts=names,
        )


def _conntrack(case: Case) -> Iterator[Cause]:
    """A host that can't track one more connection drops its first packet (kernel, nf_conntrack-sysctl)."""
    for host in case.states:
        count, most = (case.counted.now(host, "conntrack", name) for name in ("count", "max"))
        drops = case.counted.of(host, "conntrack", "drop") or 0
        if not count or not most or (count < NEARLY_FULL * most and not drops):
            continue
        full = count >= most or drops > 0
        yield Cause(
            layer=CONNTRACK,
            host=host,
            what=f"{host}: its table of connections is {'full' if full else 'nearly full'}: {count} of {most}, so that "
            "the first packets of new connections are dropped, whatever the rules say",
            confidence=CERTAIN if full and case.failed() else LIKELY if full else POSSIBLE,
            evidence=[
                f"{host}: {drops} packets were dropped for it while new connections were tried",
                f"{host}: sysctl -w net.netfilter.nf_conntrack_max={most * 2} gives room meanwhile",
            ],
            firewall=True,
            place=host,
            paths=[path["name"] for path in case.paths],
            pairs=len(case.failed()),
            accounts=full,
        )


def _silent(case: Case) -> Iterator[Cause]:
    """A host that does not let us in may be down; a router that does not may do anything to packets."""
    ends = {*case.destinations, *(name for path in case.paths for name in path["unknown"]["missing"])}
    failed = case.failed(UNKNOWN)
    for host, error in case.silent.items():
        if host in case.sources or not (host in ends or (case.gateways and failed)):
            continue
        if host in ends:
            what, evidence = (
                f"{host}: it can't be read, so it may be down or cut off itself: {error.what}",
                [],
            )
        else:
            ways = ", ".join(case.gateways[:MOST_GATEWAYS])
            what = f"{host}: it can't be read ({error.what}), and the ways lead over {ways}, which no other host has"
            evidence = [
                *_of_silent_router(case, failed),
                f"by hand: look at the rules on the console of {host}",
            ]
        yield Cause(
            layer=HOST if host in ends else FIREWALL,
            host=host,
            what=what,
            confidence=LIKELY,
            evidence=evidence,
            firewall=host not in ends,
            place=host,
            paths=[path["name"] for path in case.paths],
            pairs=len(failed),
        )


def _of_silent_router(case: Case, failed: list[ProbeRow]) -> list[str]:
    through = [row for row in case.rows if row.proof == UNKNOWN and row.result == REACHABLE]
    told = f"probes: {lost_tries(failed)} of {tries(failed) + tries(through)} new connections over it fail"
    return [
        f"{told}, from {hosts(dict.fromkeys(row.host for row in failed))}",
        *(["probes: it lets others pass"] if through else []),
    ]


def _lost(case: Case) -> Iterator[Cause]:
    """Packets that vanish although all that was read lets them pass: where they were seen last."""
    rows = case.failed(OPEN, result=("timeout", "network_error", "no_route"))
    by_target: dict[str, list[ProbeRow]] = {}
    for row in rows:
        by_target.setdefault(row.address, []).append(row)
    for address, same in by_target.items():
        assumed = {limit.path for limit in case.limits} & {row.path for row in same}
        limited = " as long as no rate limit is exceeded" if assumed else ""
        seen = [line for host in [*case.hops, *case.destinations] for line in _seen(case, host)]
        yield Cause(
            layer=PATH,
            host="",
            what=f"new connections to {address} port {same[0].port} are lost, although all rules and routes that were "
            f"read let them pass{limited}: {_where_lost(case, same)}",
            confidence=LIKELY,
            evidence=[
                f"probes: {lost_tries(same)} of {tries(same)} failed ({same[0].error or same[0].result})",
                *seen,
            ],
            paths=list(dict.fromkeys(row.path for row in same)),
            pairs=len(same),
            hosts=list(dict.fromkeys(row.host for row in same)),
            guess=True,
        )


def _where_lost(case: Case, rows: list[ProbeRow]) -> str:
    """A host that others reach at that very address is up."""
    through = [row for row in case.rows if row.address == rows[0].address and row.result == REACHABLE]
    if not through:
        return "the host may be down, or something that was not read is in between"
    lost = hosts(dict.fromkeys(row.host for row in rows))
    return (
        f"{lost} alone, while others get there: something near them is it, or in between, that was not read"
    )


def _seen(case: Case, host: str) -> list[str]:
    moved = case.counted.moved(host)
    if host not in case.counted.before or (not moved and case.states[host].platform != "linux"):
        return []
    if not moved:
        return [f"counter: no rule of {host} that counts has counted a packet"]
    return [f"counter: {_moved(item)}" for item in moved[:MOST_MOVED]]


def _moved(item: Moved) -> str:
    place = {"position": item.position, "handle": None, "text": item.text}
    return f"{where(item.host, item.chain, place)}: {item.packets} packets"


def _too_big(case: Case) -> Iterator[Cause]:
    """Errors about packets that are too big get lost: it hurts where a link on the way is smaller."""
    hangs = [ping for ping in _pings(case) if ping["small"] and not ping["large"] and not ping["told"]]
    blocked = [path for path in case.paths if path["too_big"] and path["too_big"]["errors"] == BLOCKED]
    evidence = [
        f"large: {ping['bytes']} bytes to {ping['address']} vanish, small ones are answered" for ping in hangs
    ]
    yield from by_rules.join([_blocked(case, path, evidence) for path in blocked])
    if hangs and not blocked:
        yield Cause(
            layer=MTU,
            host="",
            what=f"packets of {hangs[0]['bytes']} bytes to {hangs[0]['address']} vanish, and nobody tells that they "
            "are too big: small requests work and big results hang",
            confidence=LIKELY,
            evidence=["large: echo requests that may not be cut up; small ones are answered"],
            paths=[path["name"] for path in case.paths],
        )


def _blocked(case: Case, path: Entry, hangs: list[str]) -> Cause:
    """By a rule that surely drops them; and the change that made it so, where that is known."""
    told, narrow = path["too_big"], _narrow(case)
    stop = told["stops"][0]
    last = stop["rules"][-1] if stop["rules"] else None
    cure = path["remedy"][0] if path["remedy"] and not path["cut"]["flows"] else None
    before = cure["before"] if cure else None
    now = cure["now"] if cure else last
    return Cause(
        layer=MTU,
        host=stop["host"] if last else "",
        what=sentence(told),
        confidence=CERTAIN if hangs else LIKELY if narrow else POSSIBLE,
        evidence=[*hangs, *narrow, *([f"change: {cure['note']}"] if cure else [])],
        firewall=last is not None,
        place=where(stop["host"], last["chain"], last) if last else "",
        chain=last["chain"] if last else "",
        rule=dict(last) if last else None,
        now=rule_text(now) if now else "",
        before=rule_text(before) if before else "",
        commands=list(cure["commands"]) if cure else [],
        paths=[path["name"]],
        pairs=told["blocked"]["pairs"] if hangs else 0,
        hosts=list(told["blocked"]["hosts"]),
    )


def _pings(case: Case) -> Iterator[Entry]:
    for facts in case.facts.values():
        yield from facts["pings"]


def _narrow(case: Case) -> list[str]:
    """Links of the routers that are smaller than those of the ends."""
    ends = [
        item.mtu
        for host in [*case.sources, *case.destinations]
        if host in case.states
        for item in case.states[host].interfaces.values()
        if item.mtu and item.kind != "loopback" and item.name != "lo"
    ]
    found = []
    for host in case.hops:
        for item in case.states[host].interfaces.values() if host in case.states else ():
            if ends and item.mtu and item.name != "lo" and item.mtu < max(ends):
                found.append(
                    f"{host}: {item.name} takes {item.mtu} bytes, and the ends send up to {max(ends)}"
                )
    return found
