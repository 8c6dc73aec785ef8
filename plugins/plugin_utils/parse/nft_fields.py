# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an nft rule can ask of a packet (nft(8), "Primary expressions" and "Payload expressions"), as text.

What comes out is what `nft -j list ruleset` prints for it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from . import nft_constants
from .nft_constants import NotUnderstood, listed
from .nft_phrase import Phrase

Json = Any
Reader = Callable[[Phrase], Json]
_FIELDS: dict[str, str] = {
    "ether": "saddr daddr type",
    "vlan": "id cfi dei pcp type",
    "arp": "htype ptype hlen plen operation",
    "ip": "version hdrlength dscp ecn length id frag-off ttl protocol checksum saddr daddr",
    "icmp": "type code checksum id sequence gateway mtu",
    "igmp": "type checksum mrt group",
    "ip6": "version dscp ecn flowlabel length nexthdr hoplimit saddr daddr",
    "icmpv6": "type code checksum parameter-problem packet-too-big mtu id sequence max-delay taddr daddr",
    "ah": "nexthdr hdrlength reserved spi sequence",
    "esp": "spi sequence",
    "comp": "nexthdr flags cpi",
    "udp": "sport dport length checksum",
    "udplite": "sport dport csumcov checksum",
    "tcp": "sport dport sequence ackseq doff reserved flags window checksum urgptr",
    "dccp": "sport dport type",
    "sctp": "sport dport vtag checksum",
    "th": "sport dport",
    "gre": "flags version protocol",
}
_EXTENSIONS: dict[str, str] = {
    "hbh": "nexthdr hdrlength",
    "rt": "nexthdr hdrlength type seg-left",
    "frag": "nexthdr reserved frag-off reserved2 more-fragments id",
    "dst": "nexthdr hdrlength",
    "mh": "nexthdr hdrlength type reserved checksum",
    "srh": "last-entry flags tag",
}
_META = listed(
    "length protocol nfproto l4proto priority random ipsec secmark mark iif iifname iiftype oif oifname oiftype skuid"
    " skgid nftrace rtclassid ibriport obriport ibrname obrname ibridgename obridgename pkttype cpu iifgroup oifgroup"
    " cgroup iifkind oifkind ibrpvid ibrvproto sdif sdifname time day hour broute ibrhwaddr"
)
# These may stand without `meta` (nft(8), "Meta expressions").
_BARE = listed(
    "mark iif iifname iiftype oif oifname oiftype skuid skgid nftrace rtclassid ibriport obriport ibridgename"
    " obridgename pkttype cpu iifgroup oifgroup cgroup"
)
_META_NAMES = {"secpath": "ipsec", "ibriport": "ibrname", "obriport": "obrname"}
_CT = listed(
    "state direction status mark expiration helper label l3proto protocol bytes packets avgpkt zone id secmark event"
    " saddr daddr proto-src proto-dst"
)
KEYS = _META | _CT
_WAYS = ("original", "reply")
_CHUNK_FIELDS = listed(
    "type flags length tsn stream ssn ppid init-tag a-rwnd num-outbound-streams num-inbound-streams initial-tsn"
    " cum-tsn-ack num-gap-ack-blocks num-dup-tsns lowest-tsn seqno new-cum-tsn"
)
_BASES = frozenset(("ll", "nh", "th", "ih"))
_FIB_FLAGS = ("saddr", "daddr", "mark", "iif", "oif")
_FIB_RESULTS = frozenset(("oif", "oifname", "type"))


def _payloads() -> dict[str, dict[str, Json]]:
    """By header and field: one object for all rules."""
    return {
        header: {field: {"payload": {"protocol": header, "field": field}} for field in fields.split()}
        for header, fields in _FIELDS.items()
    }


PAYLOADS = _payloads()
_NO_FIELDS: dict[str, Json] = {}
_METAS = {key: {"meta": {"key": _META_NAMES.get(key, key)}} for key in (*_META, "secpath")}
_CTS = {key: {"ct": {"key": key}} for key in _CT}


def _meta(p: Phrase) -> Json:
    found = _METAS.get(p.take())
    if found is None:
        raise NotUnderstood(p.words[p.at - 1])
    return found


def _ct(p: Phrase) -> Json:
    way = p.take() if p.peek() in _WAYS else ""
    if way and p.peek() in ("ip", "ip6"):
        return {"ct": {"key": f"{p.take()} {p.one_of(('saddr', 'daddr'))}", "dir": way}}
    key = p.one_of(_CT)
    return {"ct": {"key": key, "dir": way}} if way else _CTS[key]


def _arp(p: Phrase) -> Json:
    end, kind = p.one_of(("saddr", "daddr")), p.one_of(("ip", "ether"))
    return {"payload": {"protocol": "arp", "field": f"{end} {kind}"}}


def _numbered(p: Phrase) -> tuple[int, int]:
    """``,offset,length``"""
    p.expect(",")
    offset = p.number()
    p.expect(",")
    return offset, p.number()


def _raw(p: Phrase) -> Json:
    base = p.one_of(_BASES)
    offset, length = _numbered(p)
    # nft(8), "Raw payload expression": ports keep their names.
    if base == "th" and length == 16 and offset in (0, 16):
        return PAYLOADS["th"]["dport" if offset else "sport"]
    return {"payload": {"base": base, "offset": offset, "len": length}}


def _ip_option(p: Phrase) -> Json:
    p.expect("option")
    name = p.one_of(("lsrr", "ra", "rr", "ssrr"))
    if p.peek() in ("type", "length", "value", "ptr", "addr"):
        return {"ip option": {"name": name, "field": p.take()}}
    return {"ip option": {"name": name}}


def _tcp_option(p: Phrase) -> Json:
    p.expect("option")
    if p.accept("@"):
        kind = p.number()
        offset, length = _numbered(p)
        return {"tcp option": {"base": kind, "offset": offset, "len": length}}
    if p.peek()[:1].isdigit():
        return {"tcp option": {"base": p.number(), "offset": 0, "len": 8}}
    name = nft_constants.name(p.take())
    if p.peek() in ("kind", "length", "size", "count", "left", "right", "tsval", "tsecr"):
        return {"tcp option": {"name": name, "field": p.take()}}
    return {"tcp option": {"name": name}}


def _sctp_chunk(p: Phrase) -> Json:
    p.expect("chunk")
    name = nft_constants.name(p.take())
    if p.peek() in _CHUNK_FIELDS:
        return {"sctp chunk": {"name": name, "field": p.take()}}
    return {"sctp chunk": {"name": name}}


def _exthdr(p: Phrase) -> Json:
    return {"exthdr": {"name": p.one_of(("hbh", "frag", "rt", "dst", "mh"))}}


def _extension(name: str) -> Reader:
    fields = frozenset(_EXTENSIONS[name].split())

    def read(p: Phrase) -> Json:
        if name == "srh" and p.accept("sid"):
            p.expect("[")
            number = p.number()
            p.expect("]")
            return {"exthdr": {"name": name, "field": f"sid[{number}]"}}
        if name == "rt" and p.peek() not in fields:
            return _rt(p)
        return {"exthdr": {"name": name, "field": p.one_of(fields)}}

    return read


def _rt(p: Phrase) -> Json:
    family = p.take() if p.peek() in ("ip", "ip6") else ""
    key = p.one_of(("nexthop",) if family else ("classid", "nexthop", "mtu", "ipsec"))
    return {"rt": {"key": key, "family": family}} if family else {"rt": {"key": key}}


def _socket(p: Phrase) -> Json:
    key = p.one_of(("transparent", "mark", "wildcard", "cgroupv2"))
    if key == "cgroupv2":
        p.expect("level")
        return {"socket": {"key": key, "level": p.number()}}
    return {"socket": {"key": key}}


def _osf(p: Phrase) -> Json:
    ttl = p.one_of(("loose", "skip")) if p.accept("ttl") else ""
    key = p.one_of(("name", "version"))
    return {"osf": {"key": key, "ttl": ttl}} if ttl else {"osf": {"key": key}}


def _ipsec(p: Phrase) -> Json:
    way = p.one_of(("in", "out"))
    number = p.number() if p.accept("spnum") else 0
    if p.peek() in ("ip", "ip6"):
        family, key = p.take(), p.one_of(("saddr", "daddr"))
        return {"ipsec": {"key": key, "family": family, "dir": way, "spnum": number}}
    return {"ipsec": {"key": p.one_of(("reqid", "spi")), "dir": way, "spnum": number}}


def _fib(p: Phrase) -> Json:
    flags = {p.one_of(_FIB_FLAGS)}
    while p.accept("."):
        flags.add(p.one_of(_FIB_FLAGS))
    result = p.one_of(_FIB_RESULTS)
    return {"fib": {"result": result, "flags": [flag for flag in _FIB_FLAGS if flag in flags]}}


def _numgen(p: Phrase) -> Json:
    mode = p.one_of(("inc", "random"))
    p.expect("mod")
    modulus = p.number()
    return {"numgen": {"mode": mode, "mod": modulus, "offset": p.number() if p.accept("offset") else 0}}


def _symhash(p: Phrase) -> Json:
    p.expect("mod")
    found = {"mod": p.number()}
    if p.accept("offset"):
        found["offset"] = p.number()
    return {"symhash": found}


def _bare(key: str) -> Reader:
    return lambda p: _METAS[key]


READERS: dict[str, Reader] = {
    "meta": _meta,
    "ct": _ct,
    "arp": _arp,
    "ip": _ip_option,
    "tcp": _tcp_option,
    "sctp": _sctp_chunk,
    "exthdr": _exthdr,
    "socket": _socket,
    "osf": _osf,
    "ipsec": _ipsec,
    "fib": _fib,
    "numgen": _numgen,
    "symhash": _symhash,
    "@": _raw,
    **{name: _extension(name) for name in _EXTENSIONS},
    **{key: _bare(key) for key in _BARE},
}
