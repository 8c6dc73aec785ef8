# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The targets of an iptables rule (iptables-extensions(8)) -> a verdict and what it changes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ..model import text
from ..model.rules import ACCEPT, CONTINUE, DROP, REJECT, RETURN, Effect, Verdict
from .iptables_options import Line, Option
from .nft_values import NotModelled

_FINAL = {"ACCEPT": ACCEPT, "DROP": DROP, "REJECT": REJECT, "RETURN": RETURN}
# These go on with the next rule and change nothing that a flow is made of.
_PASSING = {
    "LOG",
    "NFLOG",
    "ULOG",
    "TRACE",
    "AUDIT",
    "CLASSIFY",
    "CHECKSUM",
    "CONNSECMARK",
    "SECMARK",
    "DSCP",
    "TOS",
    "TTL",
    "HL",
    "ECN",
    "TCPMSS",
    "TCPOPTSTRIP",
    "TEE",
    "RATEEST",
    "IDLETIMER",
    "LED",
    "SET",
}
_TAKEN = {
    "QUEUE": "the packet is given to a program",
    "NFQUEUE": "the packet is given to a program",
    "TPROXY": "the packet is given to a local socket",
    "SYNPROXY": "the handshake is taken over by SYNPROXY",
}
# Options that say nothing about what becomes of which packets, and their numbers of values.
_SILENT: dict[str, dict[str, int]] = {
    "REJECT": {"--reject-with": 1},
    "CT": {
        "--notrack": 0,
        **dict.fromkeys(
            ("--helper", "--ctevents", "--expevents", "--zone", "--zone-orig", "--zone-reply", "--timeout"), 1
        ),
    },
}
_NAT = {"DNAT": "dnat", "SNAT": "snat", "MASQUERADE": "masquerade", "REDIRECT": "redirect"}
# The end whose network NETMAP changes (kernel, xt_NETMAP.c); a user's chain may be called from any.
_NETMAP = {"PREROUTING": "dst", "OUTPUT": "dst", "POSTROUTING": "src", "INPUT": "src"}
_DESTINATIONS = {"--to-destination", "--to-source", "--to-ports", "--to"}
_NAT_FLAGS = {"--random", "--random-fully", "--persistent"}
_FULL = 0xFFFFFFFF


@dataclass(frozen=True, slots=True)
class Target:
    """``added_to``: the ipset that the target changes. ``problem``: words that were not understood."""

    verdict: Verdict
    effects: tuple[Effect, ...] = ()
    problem: str = ""
    added_to: str = ""


def read(line: Line, family: int, chains: dict[str, str], chain: str = "") -> Target:
    """``chains``: the table's chains and their keys; ``chain``: the one in which the rule stands."""
    name = line.target
    if not name:
        return Target(CONTINUE)
    words = " ".join(["-j", name, *(option.words for option in line.target_options)])
    if (name in chains or name in _FINAL or name in _SILENT) and _asks_for_more(name, line.target_options):
        return Target(Verdict("unknown", "", words), problem=words)
    if name in chains:
        return Target(Verdict("goto" if line.goto else "jump", chains[name]))
    if line.goto:
        return Target(Verdict("unknown", "", f"-g {name}: no such chain"), problem=f"-g {name}")
    if name in _FINAL:
        return Target(_FINAL[name])
    if name in _PASSING:
        mapped = name == "SET" and any(option.name == "--map-mark" for option in line.target_options)
        effects = (Effect("set", field="mark", value=None),) if mapped else ()
        return Target(CONTINUE, effects, added_to=_set_name(line.target_options))
    return _changing(name, words, line.target_options, family, chain)


def _asks_for_more(name: str, options: list[Option]) -> bool:
    known = _SILENT.get(name, {})
    twice = len({option.name for option in options}) < len(options)
    return twice or any(known.get(option.name) != len(option.values) for option in options)


def _changing(name: str, words: str, options: list[Option], family: int, chain: str) -> Target:
    """Targets that change the packet or take it away."""
    if name in ("MARK", "CONNMARK"):
        try:
            return Target(CONTINUE, _marks(name, options))
        except ValueError:
            return Target(Verdict("unknown", "", words), problem=words)
    if name in ("CT", "NOTRACK"):
        if name == "NOTRACK" or any(option.name == "--notrack" for option in options):
            return Target(CONTINUE, (Effect("notrack"),))
        zoned = any(option.name.startswith("--zone") for option in options)
        return Target(CONTINUE, (Effect("zone"),) if zoned else ())
    if name in _NAT:
        try:
            return Target(ACCEPT, (_nat(_NAT[name], options, family),))
        except (NotModelled, ValueError, IndexError):
            return Target(ACCEPT, (_not_known(_NAT[name], words),), problem=words)
    if name == "NETMAP":
        end = _NETMAP.get(chain, "src,dst")
        return Target(ACCEPT, (Effect("unknown", field=end, detail=words),), problem=words)
    reason = _TAKEN.get(name, "this target is not modelled")
    return Target(Verdict("unknown", "", f"{words}: {reason}"), problem=words)


def _not_known(kind: str, words: str) -> Effect:
    end = "dst,dst_port" if kind in ("dnat", "redirect") else "src,src_port"
    return Effect("unknown", field=end, detail=words)


def _set_name(options: list[Option]) -> str:
    for option in options:
        if option.name in ("--add-set", "--del-set") and option.values:
            return option.values[0]
    return ""


def _marks(name: str, options: list[Option]) -> tuple[Effect, ...]:
    """What MARK and CONNMARK set (xt_MARK.c, xt_connmark.c); ValueError for what is not modelled."""
    named = {option.name for option in options}
    if len(named) < len(options) or not named <= _MARK_OPTIONS or any(len(one.values) > 1 for one in options):
        raise ValueError("options that do not set a mark")
    field = "mark" if name == "MARK" else "ct_mark"
    given = {option.name: option.values[0] if option.values else "" for option in options}
    if {"--left-shift-mark", "--right-shift-mark"} & given.keys():
        return (Effect("set", field="mark" if "--restore-mark" in given else "ct_mark", value=None),)
    for option, (written, read) in _COPIES.items():
        if option in given:
            masks = {"nfmask": _FULL, "ctmask": _FULL}
            for key in masks:
                masks[key] = _mask(given.get("--mask", given.get(f"--{key}", hex(_FULL))))
            kept, taken = ("nfmask", "ctmask") if written == "mark" else ("ctmask", "nfmask")
            return (_bits(written, 0, {written: _FULL & ~masks[kept], read: masks[taken]}),)
    for option, value in given.items():
        if option in ("--set-xmark", "--set-mark"):
            constant, slash, mask_text = value.partition("/")
            number, mask = _mask(constant), _mask(mask_text) if slash else _FULL
            if option == "--set-mark":
                mask |= number
            return (_bits(field, number, {field: _FULL & ~mask}),)
        if option in _ONE_MASK:
            number, mask = _ONE_MASK[option](_mask(value))
            return (_bits(field, number, {field: mask}),)
    raise ValueError("no mark is set")


# option -> the mark that is written, the mark that is read
_COPIES = {"--restore-mark": ("mark", "ct_mark"), "--save-mark": ("ct_mark", "mark")}
# option -> the constant and the bits kept, for its one mask
_ONE_MASK: dict[str, Callable[[int], tuple[int, int]]] = {
    "--and-mark": lambda mask: (0, mask),
    "--or-mark": lambda mask: (mask, _FULL & ~mask),
    "--xor-mark": lambda mask: (mask, _FULL),
}
_MARK_OPTIONS = {
    "--set-xmark",
    "--set-mark",
    "--nfmask",
    "--ctmask",
    "--mask",
    "--left-shift-mark",
    "--right-shift-mark",
    *_COPIES,
    *_ONE_MASK,
}


def _mask(written: str) -> int:
    found = int(written, 0)
    if not 0 <= found <= _FULL:
        raise ValueError(f"{written!r} is no mark")
    return found


def _bits(field: str, value: int, bits: dict[str, int]) -> Effect:
    kept = tuple(sorted((name, mask) for name, mask in bits.items() if mask))
    return Effect("set", field=field, value=value, bits=kept)


def _nat(kind: str, options: list[Option], family: int) -> Effect:
    wanted = [option for option in options if option.name in _DESTINATIONS]
    if len(wanted) > 1 or any(
        option.name not in _DESTINATIONS | _NAT_FLAGS or len(option.values) != (option in wanted)
        for option in options
    ):
        raise NotModelled()
    if not wanted:
        return Effect(kind)
    written = wanted[0].values[0]
    if wanted[0].name == "--to-ports":
        return Effect(kind, port=_ports(written))
    address, port = _split(written, family)
    span = text.address_range(address) if address else None
    if span is not None and span[0] != family:
        raise NotModelled()
    return Effect(
        kind,
        family=family if span else 0,
        address=span[1:] if span else None,
        port=_ports(port) if port else None,
    )


def _split(written: str, family: int) -> tuple[str, str]:
    """``10.0.0.1-10.0.0.9:80-90``, ``[fd00::1]:80``, ``:80`` -> address and port."""
    if family == 4:
        address, _unused, port = written.partition(":")
        return address, port
    if written.startswith("["):
        address, _unused, port = written[1:].partition("]")
        return address.replace("]-[", "-"), port.lstrip(":")
    return written, ""


def _ports(written: str) -> tuple[int, int]:
    if "/" in written:
        raise NotModelled()  # a base port: the shift depends on the packet's port
    low, high = text.number_range(written)
    if high > 65535:
        raise NotModelled()
    return low, high
