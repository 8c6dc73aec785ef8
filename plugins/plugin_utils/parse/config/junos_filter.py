# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Firewall filters of Junos: terms in order, each with conditions and actions.

Sources: Juniper, "Routing Policies, Firewall Filters, and Traffic Policers User Guide": "Guidelines for Configuring
Firewall Filters" (a term without ``from`` matches all packets; what no term matches is discarded), "Firewall Filter
Terminating Actions", "Firewall Filter Nonterminating Actions" (``count``, ``log`` and others without a terminating
action accept, as does a term without ``then``; ``next term`` goes on), "Guidelines for Nesting References to Multiple
Firewall Filters" (a term with ``filter`` has no conditions and actions of its own).
"""

from __future__ import annotations

from collections.abc import Iterator

from ...model.assumptions import RATE_LIMITS_NOT_EXCEEDED
from ...model.match import ALWAYS, Match, Unknown, both
from ...model.rules import ACCEPT, CONTINUE, DROP, REJECT, Rule, Verdict
from .braces import Node
from .device import Device, unknown_rule
from .junos_address import Prefixes
from .junos_from import Context, conditions
from .words import NotUnderstoodError, Words

# Families of filters whose packets a flow may be: (the family of their ruleset, that of their addresses).
FAMILIES = {
    "inet": ("ip", 4),
    "inet6": ("ip6", 6),
    "any": ("inet", 0),
    "ethernet-switching": ("inet", 0),
}
# Names by which something else is asked.
_TAKEN = frozenset(
    ("ingress", "prerouting", "input", "forward", "output", "postrouting", "global", "host-inbound-traffic")
)
_ENDS: dict[str, Verdict] = {"accept": ACCEPT, "discard": DROP, "reject": REJECT}
# What else may happen to packets, without a matter for whether they pass: how many words follow.
_NO_MATTER = {
    "analyzer": 1,
    "count": 1,
    "dscp": 1,
    "forwarding-class": 1,
    "log": 0,
    "loss-priority": 1,
    "port-mirror": 0,
    "port-mirror-instance": 1,
    "sample": 0,
    "service-accounting": 0,
    "service-accounting-deferred": 0,
    "syslog": 0,
    "traffic-class": 1,
}
_LIMITS = ("policer", "hierarchical-policer", "prefix-action", "three-color-policer")
_KINDS = ("single-rate", "two-rate", "action")
# Statements of a filter that say nothing about which packets pass.
_OF_FILTERS = frozenset(
    (
        "accounting-profile",
        "enhanced-mode",
        "enhanced-mode-override",
        "fast-filter-lookup",
        "instance-shared",
        "interface-shared",
        "interface-specific",
        "no-radius",
        "physical-interface-filter",
        "scale-optimized",
        "term",
    )
)
# By which message a packet is refused.
_REJECTIONS = (
    "address-unreachable",
    "administratively-prohibited",
    "bad-host-tos",
    "bad-network-tos",
    "beyond-scope",
    "fragmentation-needed",
    "host-prohibited",
    "host-unknown",
    "host-unreachable",
    "network-prohibited",
    "network-unknown",
    "network-unreachable",
    "no-route",
    "port-unreachable",
    "precedence-cutoff",
    "precedence-violation",
    "protocol-unreachable",
    "source-host-isolated",
    "source-route-failed",
    "tcp-reset",
)


# What a filter outside of any family is called in the state's sets.
WITHOUT_FAMILY = "firewall filter"


class Filters:
    """The filters of a configuration, each a ruleset without a hook. ``keys``: by family and name."""

    def __init__(self, device: Device, root: Node, whole: bool) -> None:
        self.keys: dict[tuple[str, str], str] = {}
        self._device = device
        self._prefixes = Prefixes(root, whole)
        self._firewall = root.find("firewall") or Node("")
        self._sets = self._firewall.find("interface-set") or Node("")
        found = list(self._all())
        for family, node in found:
            name = f"filter {node.word}" if node.word in _TAKEN else node.word
            taken = name in self.keys.values()
            self.keys[family, node.word] = f"{name} (family {family})" if taken else name
        for family, node in found:
            of_ruleset, version = FAMILIES[family]
            context = Context(self._prefixes, self._sets, version)
            rules = list(self._rules(node, family, context))
            device.access_list(self.keys[family, node.word], of_ruleset, rules)

        for node in self._firewall.each("filter"):  # by which way it is written, commands have to follow it
            device.define(WITHOUT_FAMILY, node.word, ())

    def key(self, family: str, name: str) -> str | None:
        """The ruleset of a filter; a filter of any family may stand where one of its own is asked for."""
        return self.keys.get((family, name)) or self.keys.get(("any", name))

    def _all(self) -> Iterator[tuple[str, Node]]:
        """Filters of families, and those without, which are for IPv4 ("filter (Configuring)")."""
        merged = dict.fromkeys(("inet", "any", "inet6", "ethernet-switching"))
        for family in merged:
            own = {node.word: node for node in self._firewall.each("family", family, "filter")}
            if family == "inet":
                for node in self._firewall.each("filter"):
                    own.setdefault(node.word, node)
            for node in own.values():
                yield family, node
        for family in self._firewall.names("family"):
            if family not in merged and self._firewall.names("family", family, "filter"):
                said = f"firewall family {family}"
                self._device.not_understood(
                    "configuration", said, "filters of frames that are no IP are not modelled"
                )

    def _rules(self, node: Node, family: str, context: Context) -> Iterator[Rule]:
        doubt = node.doubt or next((child.doubt for child in node.each() if child.doubt), "")
        odd = doubt or next((name for name in node.names() if name not in _OF_FILTERS), "")
        if odd:
            why = doubt or f"{odd!r} of a filter is not understood"
            yield unknown_rule(1, node.text()[:200], why, node.line)
        terms = node.each("term")
        if not terms:
            why = "a filter without terms: what it does is not documented"
            yield unknown_rule(1, f"filter {node.word}", why, node.line)
        for position, term in enumerate(terms, start=1):
            yield from self._term(term, position, family, context)

    def _term(self, term: Node, position: int, family: str, context: Context) -> Iterator[Rule]:
        text, line = f"term {term.text()}", term.line
        why = next(term.doubts(), "")
        others = [name for name in term.names() if name not in ("from", "then", "filter")]
        if why or others:
            yield unknown_rule(position, text, why or f"{others[0]!r} of a term is not understood", line)
            return
        asked: Match = ALWAYS
        not_understood: list[str] = []
        begins = term.find("from")
        if begins is not None:
            asked, not_understood = conditions(begins, context)
        if term.find("filter") is not None:
            yield self._nested(term, position, family, asked, not_understood, text)
            return
        try:
            verdict, limits = self._actions(term)
        except NotUnderstoodError as error:
            verdict, limits = Verdict("unknown", detail=str(error)), []
            not_understood = [*not_understood, str(error)]
        notes = tuple(not_understood)
        for limit in limits:
            why = f"{limit}: whether its limit is exceeded is not known"
            unsure = Unknown(f"{text} {limit}", why, RATE_LIMITS_NOT_EXCEEDED, False)
            yield Rule(position, both(asked, unsure), DROP, text, line=line, not_understood=notes)
        yield Rule(position, asked, verdict, text, line=line, not_understood=notes)

    def _nested(
        self, term: Node, position: int, family: str, asked: Match, not_understood: list[str], text: str
    ) -> Rule:
        name = term.value("filter")
        key = self.key(family, name)
        if key is None or not_understood or term.find("then") is not None or term.find("from") is not None:
            why = (
                f"filter {name} is not defined"
                if key is None
                else "a term with filter and more is not understood"
            )
            return unknown_rule(position, text, why, term.line)
        return Rule(position, asked, Verdict("jump", key), text, line=term.line)

    def _actions(self, term: Node) -> tuple[Verdict, list[str]]:
        """What a term does in the end, and the limits beyond which it drops packets before."""
        ends: set[str] = set()
        limits: list[str] = []
        then = term.find("then")
        if then is not None and not then.children and not then.emptied:
            raise NotUnderstoodError("'then' has no action, as no device shows it")
        for leaf in then.leaves() if then is not None else ():
            words = Words(leaf)
            while words.more():
                word = words.next()
                if word in _ENDS:
                    ends.add(word)
                    if word == "reject":
                        words.take(*_REJECTIONS)
                    elif word == "discard" and words.take("accounting"):
                        words.next("the name of a collector")
                elif word == "next":
                    words.expect("term")
                    ends.add("next term")
                elif word in _LIMITS:
                    limits += self._limits(word, words)
                elif word in _NO_MATTER:
                    for _value in range(_NO_MATTER[word]):
                        words.next(f"the value of {word}")
                else:
                    raise NotUnderstoodError(f"the action {word!r} is not understood")
        if len(ends) > 1:
            raise NotUnderstoodError(f"{' and '.join(sorted(ends))} can't be together")
        end = ends.pop() if ends else "accept"
        return (CONTINUE if end == "next term" else _ENDS[end]), limits

    def _limits(self, kind: str, words: Words) -> list[str]:
        """A limit drops what exceeds it if it says so, or if it is not defined here."""
        said = words.next(f"the name of a {kind}")
        if kind == "three-color-policer" and said in _KINDS:
            said = words.next("the name of a policer")
        elif kind == "prefix-action":
            return [f"{kind} {said}"]
        found = self._firewall.find(kind, said)
        if found is not None and found.find("then") is not None and not _discards(found):
            return []
        return [f"{kind} {said}"]


def _discards(policer: Node) -> bool:
    return any("discard" in leaf for leaf in policer.leaves())
