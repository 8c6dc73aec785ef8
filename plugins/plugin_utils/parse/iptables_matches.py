# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The matches of an iptables rule (iptables-extensions(8)) -> matches on a flow."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ..model import text
from ..model.assumptions import RATE_LIMITS_NOT_EXCEEDED
from ..model.fields import PROTOCOLS_WITH_PORTS, TCP_FLAGS
from ..model.match import (
    ALWAYS,
    BEYOND,
    NEVER,
    Either,
    Fib,
    In,
    Masked,
    Match,
    Named,
    Not,
    Range,
    Unknown,
    both,
    merge_ranges,
    protocol,
)
from . import connections, ipset, names
from .host_facts import HostFacts, negated
from .ipset import IpSet
from .iptables_options import Option
from .nft_operands import TRACKED
from .nft_values import NotModelled

# Matches with a memory: each rule has its own, so equal words in two rules are two unknowns.
_STATEFUL = {
    "limit",
    "hashlimit",
    "recent",
    "statistic",
    "connlimit",
    "connbytes",
    "quota",
    "quota2",
    "rateest",
    "nth",
    "random",
    "dstlimit",
    "psd",
    "ipp2p",
}
_STATES = {name.upper(): name for name in ("new", "established", "related", "invalid", "untracked")}
_FLAG = {name.upper(): 1 << at for at, name in enumerate(TCP_FLAGS)}
_ARGUMENTS = {"--syn": 0, "-f": 0, "--tcp-flags": 2, "--match-set": 2}
_FLAG.update(ALL=0b111111, NONE=0)
_MODULE_NEEDS: dict[str, Match] = {
    "tcp": protocol(6),
    "udp": protocol(17),
    "sctp": protocol(132),
    "dccp": protocol(33),
    "udplite": protocol(136),
    "icmp": protocol(1),
    "icmp6": protocol(58),
    "icmpv6": protocol(58),
    # A packet without a connection has no mark to compare, be the question negated or not.
    "connmark": TRACKED,
}

# Matches of iptables-extensions(8) that say nothing about a flow, and are known by name at least.
_OTHERS = re.compile(
    "ah|bpf|cgroup|cluster|connlabel|cpu|devgroup|dscp|dst|ecn|esp|eui64|frag|hbh|helper|hl|ipcomp|ipv6header|ipvs|"
    "length|mac|mh|nfacct|osf|physdev|policy|realm|socket|string|tcpmss|time|tos|ttl|u32"
)


@dataclass(slots=True)
class Matches:
    """Reads the matches of one dump. ``family``: 4 or 6."""

    family: int
    facts: HostFacts
    sets: Mapping[str, IpSet]

    def read(self, module: str, options: list[Option], rule: str) -> tuple[Match, list[str]]:
        """One module's options, together, and the words that were not understood. ``rule`` tells this rule
        from all others."""
        if module == "comment" and not options:
            return ALWAYS, []
        if module not in _MODULES or len({one.name for one in options}) < len(options):
            return self._unknown(module, options, rule)
        if module in _WHOLE:
            try:
                return _WHOLE[module](self, options), []
            except NotModelled:
                return self._unknown(module, options, rule)
        found: list[Match] = [_MODULE_NEEDS.get(module, ALWAYS)]
        problems: list[str] = []
        states: list[Match] = []
        for option in options:
            handler = _MODULES[module].get(option.name) or _ANYWHERE.get(option.name)
            try:
                if handler is None or len(option.values) != _ARGUMENTS.get(option.name, 1):
                    raise NotModelled()
                match = handler(self, option)
                store = states if option.name == "--ctstate" else found
                store.append(negated(match) if option.negated else match)
            except (NotModelled, ValueError, IndexError, OSError):
                words = f"{f'-m {module} ' if module else ''}{option.words}"
                unknown: Match = Unknown(words, f"{words} is not modelled")
                if module == "owner":
                    unknown = connections.from_socket(unknown)
                found.append(Not(unknown) if option.negated else unknown)
                problems.append(words)
        if module == "conntrack" and len(found) > 1:
            # A packet without a connection is asked for its state, and if that was not asked, never matches.
            rest = both(TRACKED, *found)
            return both(*states, Either((rest, Not(TRACKED))) if states else rest), problems
        return both(*states, *found), problems

    @staticmethod
    def _unknown(module: str, options: list[Option], rule: str) -> tuple[Match, list[str]]:
        if len(options) == 1 and options[0].negated and module not in _STATEFUL:
            match, problems = Matches._unknown(module, [Option(options[0].name, options[0].values)], rule)
            return negated(match), problems
        written = " ".join(f"{'! ' if option.negated else ''}{option.words}" for option in options)
        words = f"-m {module} {written}".strip()
        key = f"{rule}: {words}" if module in _STATEFUL else words
        assumed = _unexceeded(module, options)
        if assumed is not None:
            reason = f"{words}: a limit depends on earlier packets"
            return Unknown(key, reason, RATE_LIMITS_NOT_EXCEEDED, assumed), [words]
        return Unknown(key, f"{words} is not modelled"), [words]

    def source(self, option: Option) -> Match:
        return self._address("src", option.values[0])

    def destination(self, option: Option) -> Match:
        return self._address("dst", option.values[0])

    def _address(self, field: str, written: str) -> Match:
        found: list[Match] = []
        for one in written.split(","):
            address, _unused, mask_text = one.partition("/")
            value, width = self._number(address), text.WIDTH[self.family]
            full = (1 << width) - 1
            if mask_text.isdigit():
                if int(mask_text) > width:
                    raise NotModelled()
                mask = full & ~((1 << (width - int(mask_text))) - 1)
            else:
                mask = self._number(mask_text) if mask_text else full
            host = full & ~mask
            if host & (host + 1):
                found.append(Masked(field, value & mask, mask, self.family))
            else:
                found.append(In(field, ((value & mask, value & mask | host),), self.family))
        return found[0] if len(found) == 1 else Either(tuple(found))

    def _number(self, address: str) -> int:
        family, low, _high = text.address_range(address)
        if family != self.family:
            raise NotModelled()
        return low

    def address_span(self, option: Option) -> Match:
        family, low, high = text.address_range(option.values[0])
        if family != self.family:
            raise NotModelled()
        return In("src" if option.name == "--src-range" else "dst", ((low, high),), family)

    def address_types(self, options: list[Option]) -> Match:
        """``-m addrtype``: an address counts as the host's by all interfaces, or by one of the packet's."""
        by, found = "", []
        for option in options:
            if option.name in _LIMITS and not option.values and not option.negated:
                by = _LIMITS[option.name]
            elif option.name not in ("--src-type", "--dst-type") or len(option.values) != 1:
                raise NotModelled()
        for option in options:
            if option.values:
                match = self._address_type(option.name[2:5], option.values[0].lower().split(","), by)
                found.append(negated(match) if option.negated else match)
        return both(*found)

    def _address_type(self, which: str, words: list[str], by: str) -> Match:
        if not _ADDRESS_TYPES.issuperset(words):
            raise NotModelled()
        if self.family == 6:
            return self.facts.extended_type(which, words, by)
        return Either(tuple(self.facts.address_type(which, word, 4, by) for word in words))

    def way_back(self, options: list[Option]) -> Match:
        """``-m rpfilter``: whether the packet came in by where the route to its source leads."""
        given = {option.name for option in options}
        if not given <= _WAY_BACK or any(option.values or option.negated for option in options):
            raise NotModelled()
        check = "rpfilter_local" if "--accept-local" in given else "rpfilter"
        by = "" if "--loose" in given else "in_interface"
        match = Fib("src", ("*",), "interface", by, "--validmark" in given, check, "prerouting")
        return Not(match) if "--invert" in given else match

    def interface(self, option: Option) -> Match:
        name = option.values[0]
        if "*" in name:
            raise NotModelled()
        if name == "+":
            return ALWAYS
        field = "in_interface" if option.name == "-i" else "out_interface"
        return Named(field, (f"{name[:-1]}*" if name.endswith("+") else name,))

    def in_set(self, option: Option) -> Match:
        name, flags = option.values[0], option.values[1].split(",")
        if not {"src", "dst"}.issuperset(flags):
            raise NotModelled()
        return ipset.member(self.sets, name, flags)

    def packet_type(self, option: Option) -> Match:
        return self.facts.packet_type(option.values[0].lower())

    def states(self, option: Option) -> Match:
        found: list[Match] = []
        plain = tuple(_STATES[word] for word in option.values[0].split(",") if word in _STATES)
        if plain:
            found.append(Named("connection", plain))
        for word in option.values[0].split(","):
            if word in ("DNAT", "SNAT"):
                found.append(both(TRACKED, connections.status(word.lower())))
            elif word not in _STATES:
                raise NotModelled()
        return found[0] if len(found) == 1 else Either(tuple(found))

    def status_bits(self, option: Option) -> Match:
        words = [word.lower().replace("_", "-") for word in option.values[0].split(",")]
        return Either(tuple(connections.status(word) for word in words if word != "none"))

    def direction(self, option: Option) -> Match:
        word = option.values[0].lower()
        if word not in ("original", "reply"):
            raise NotModelled()
        return connections.direction(word)

    def of_connection(self, option: Option) -> Match:
        """``--ctorigsrc`` and its like: the addresses and ports of the connection's two tuples."""
        way, field, is_port = _TUPLES[option.name]
        ask = connections.original if way == "original" else connections.reply
        if not is_port:
            return ask(field, option.words, lambda name: self._address(name, option.values[0]))
        ranges = _port_ranges(option.values[0])
        ports = protocol(*PROTOCOLS_WITH_PORTS)
        return both(ports, ask(field, option.words, lambda name: In(name, ranges)))


# Options of a rate limit (iptables-extensions(8), "limit", "hashlimit") -> whether they match up to the rate; limit
# matches so without any. --hashlimit is the old name of --hashlimit-upto.
_RATES = {"--limit": True, "--hashlimit": True, "--hashlimit-upto": True, "--hashlimit-above": False}


def _unexceeded(module: str, options: list[Option]) -> bool | None:
    """Whether a limit's match holds while its rate is not exceeded; None if it is no rate limit."""
    if module not in ("limit", "hashlimit"):
        return None
    said = [(_RATES[option.name], option.negated) for option in options if option.name in _RATES]
    if any(option.negated for option in options if option.name not in _RATES):
        return None
    if not said:
        return True if module == "limit" else None
    return said[0][0] is not said[0][1] if len(said) == 1 else None


_LIMITS = {"--limit-iface-in": "in_interface", "--limit-iface-out": "out_interface"}
_WAY_BACK = {"--loose", "--validmark", "--accept-local", "--invert"}
_ADDRESS_TYPES = {
    "unspec",
    "unicast",
    "local",
    "broadcast",
    "anycast",
    "multicast",
    "blackhole",
    "unreachable",
    "prohibit",
    "throw",
    "nat",
    "xresolve",
}
_TUPLES = {
    f"--ct{short}{end}{port}": (way, f"{end}_port" if port else end, bool(port))
    for short, way in (("orig", "original"), ("repl", "reply"))
    for end in ("src", "dst")
    for port in ("", "port")
}


def _protocol(_matches: Matches, option: Option) -> Match:
    if option.values[0] in ("all", "0"):
        return ALWAYS
    return protocol(names.protocol_number(option.values[0]))


def _port_ranges(written: str) -> tuple[Range, ...]:
    found = []
    for part in written.split(","):
        low, colon, high = part.partition(":")
        ends = (_port(low or "0"), _port(high or "65535")) if colon else (_port(low), _port(low))
        if not 0 <= ends[0] <= ends[1] <= 65535:
            raise NotModelled()
        found.append(ends)
    return merge_ranges(found)


def _port(word: str) -> int:
    """A number, as iptables-save prints it, or a name, as people write it into a rules file."""
    return int(word) if word.isdigit() else socket.getservbyname(word)


def _ports(*fields: str) -> Callable[[Matches, Option], Match]:
    def read(_matches: Matches, option: Option) -> Match:
        ranges = _port_ranges(option.values[0])
        found = tuple(In(field, ranges) for field in fields)
        return found[0] if len(found) == 1 else Either(found)

    return read


def _flags(_matches: Matches, option: Option) -> Match:
    mask, wanted = map(_flag_bits, option.values)
    return Masked("tcp_flags", wanted, mask) if not wanted & ~mask else NEVER


def _flag_bits(listed: str) -> int:
    found = 0
    for word in listed.split(","):
        if word not in _FLAG:
            raise NotModelled()
        found |= _FLAG[word]
    return found


def _syn(_matches: Matches, _option: Option) -> Match:
    return Masked("tcp_flags", _FLAG["SYN"], _FLAG["FIN"] | _FLAG["SYN"] | _FLAG["RST"] | _FLAG["ACK"])


def _icmp(table: dict[str, tuple[int, int | None]], everything: str) -> Callable[[Matches, Option], Match]:
    def read(_matches: Matches, option: Option) -> Match:
        if option.values[0] in ("any", everything):
            return ALWAYS
        kind, code = names.icmp_type_code(table, option.values[0])
        return both(In("icmp_type", (kind,)), In("icmp_code", (code,)) if code else ALWAYS)

    return read


def _mark(field: str) -> Callable[[Matches, Option], Match]:
    def read(_matches: Matches, option: Option) -> Match:
        value_text, slash, mask_text = option.values[0].partition("/")
        value, mask = int(value_text, 0), int(mask_text, 0) if slash else 0xFFFFFFFF
        if not 0 <= value <= 0xFFFFFFFF or not 0 <= mask <= 0xFFFFFFFF:
            raise NotModelled()
        if value & ~mask:
            return NEVER
        return In(field, ((value, value),)) if mask == 0xFFFFFFFF else Masked(field, value, mask)

    return read


Handler = Callable[[Matches, Option], Match]
_PORTS: dict[str, Handler] = {
    "--sport": _ports("src_port"),
    "--source-port": _ports("src_port"),
    "--dport": _ports("dst_port"),
    "--destination-port": _ports("dst_port"),
}
_TCP: dict[str, Handler] = {**_PORTS, "--tcp-flags": _flags, "--syn": _syn}
_ICMP: dict[str, Handler] = {"--icmp-type": _icmp(names.ICMP, "255")}
_ICMPV6: dict[str, Handler] = {"--icmpv6-type": _icmp(names.ICMPV6, "")}
# Options that belong to the protocol named by `-p`, also where no `-m` names it.
_ANYWHERE: dict[str, Handler] = {**_TCP, **_ICMP, **_ICMPV6}
_MODULES: dict[str, dict[str, Handler]] = {
    "": {
        "-s": Matches.source,
        "-d": Matches.destination,
        "-p": _protocol,
        "-i": Matches.interface,
        "-o": Matches.interface,
        # Further fragments: a flow is told by its first packet, and connection tracking leaves none.
        "-f": lambda _matches, _option: BEYOND,
    },
    "tcp": _TCP,
    "udp": _PORTS,
    "udplite": _PORTS,
    "sctp": _PORTS,
    "dccp": _PORTS,
    "icmp": _ICMP,
    "icmp6": _ICMPV6,
    "icmpv6": _ICMPV6,
    "multiport": {
        "--sports": _ports("src_port"),
        "--source-ports": _ports("src_port"),
        "--dports": _ports("dst_port"),
        "--destination-ports": _ports("dst_port"),
        "--ports": _ports("src_port", "dst_port"),
    },
    "iprange": {"--src-range": Matches.address_span, "--dst-range": Matches.address_span},
    "addrtype": {},
    "rpfilter": {},
    "rt": {},
    "state": {"--state": Matches.states},
    "conntrack": {
        "--ctstate": Matches.states,
        "--ctstatus": Matches.status_bits,
        "--ctdir": Matches.direction,
        "--ctproto": _protocol,
        **dict.fromkeys(_TUPLES, Matches.of_connection),
    },
    "owner": {},
    "mark": {"--mark": _mark("mark")},
    "connmark": {"--mark": _mark("ct_mark")},
    "set": {"--match-set": Matches.in_set},
    "pkttype": {"--pkt-type": Matches.packet_type},
}
# Modules whose options are read together.
_WHOLE: dict[str, Callable[[Matches, list[Option]], Match]] = {
    "addrtype": Matches.address_types,
    "rpfilter": Matches.way_back,
    # Without an IPv6 routing header, which no flow has, this never matches, be its questions negated or not.
    "rt": lambda _matches, _options: BEYOND,
}


def ends(module: str, options: list[Option]) -> bool:
    """Whether all of these words are the match's own, though what they ask may not be known: then no target was
    taken for one of them."""
    if not module:
        return all(option.name in _WITHOUT_MODULE for option in options)
    known = module in _MODULES or module in _STATEFUL or module == "comment" or _OTHERS.fullmatch(module)
    return bool(known) and all(option.name.startswith("--") for option in options)


_WITHOUT_MODULE = {*_MODULES[""], *_ANYWHERE}
