# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One nft rule (its list of statements, libnftables-json(5)) -> rules of the model.

Statements act in order. A statement that this reader does not know makes the verdict unknown; a match
that it does not know makes the match unknown. A rule that changes a packet and then asks something more
becomes several rules at one position.
"""

from __future__ import annotations

from typing import Any

from ..model.assumptions import RATE_LIMITS_NOT_EXCEEDED
from ..model.match import ALWAYS, All, Either, In, Masked, Match, Member, Named, Not, Unknown, protocol
from ..model.rules import ACCEPT, CONTINUE, DROP, REJECT, RETURN, Effect, Outcome, Rule, Verdict, VerdictMap
from . import nft_limits, nft_text
from .host_facts import negated
from .nft_effects import NatTarget, mark_effect, nat_effect, nat_targets, not_known
from .nft_match import Relations, has_own_value
from .nft_operands import IPV4, IPV6, words_of
from .nft_sets import LIMITED, is_limited
from .nft_values import NotModelled

Json = Any
_MATCH_KEYS = {"op", "left", "right"}
_MAP_KEYS = {"key", "data"}
_FINAL = {"accept": ACCEPT, "drop": DROP, "reject": REJECT, "return": RETURN}
# Statements after which the next one acts on the same packet.
_PASSING = {
    "continue",
    "counter",
    "log",
    "dup",
    "flow",
    "ct helper",
    "ct timeout",
    "ct expectation",
    "secmark",
    "last",
    "reset",
}
_TAKEN = {
    "queue": "the packet is given to a program",
    "tproxy": "the packet is given to a local socket",
    "synproxy": "the handshake is taken over by synproxy",
    "fwd": "the packet is sent out elsewhere",
}
_RATES = {"limit": "limit", "quota": "quota", "ct count": "ct count", "meter": "meter"}
_NAT = {"snat", "dnat", "masquerade", "redirect"}
_ENDS = {*_FINAL, *_NAT, "jump", "goto", "vmap"}
# A map with more elements than this is not taken apart.
_MANY_TARGETS = 256
_REJECT_NEEDS: dict[str, Match] = {"tcp reset": protocol(6), "icmp": IPV4, "icmpv6": IPV6}


_Part = tuple[list[Match], Outcome, list[Effect], bool]


class _Draft:
    """One rule on its way: what it has asked so far, what it has changed since the last question."""

    __slots__ = ("effects", "follows", "known", "matches", "problems")

    def __init__(self) -> None:
        self.matches: list[Match] = []
        self.effects: list[Effect] = []
        self.problems: list[str] = []
        self.known: list[Match] = []  # asked by earlier parts of the rule
        self.follows = False

    def copy(self) -> _Draft:
        found = _Draft()
        found.matches, found.effects = list(self.matches), list(self.effects)
        found.problems, found.known, found.follows = self.problems, self.known, self.follows
        return found

    def part(self, outcome: Outcome) -> _Part:
        return self.matches, outcome, self.effects, self.follows

    def split(self, found: list[_Part]) -> None:
        """End the part of a rule that changes the packet: what comes next is asked of the changed one."""
        found.append(self.part(CONTINUE))
        self.known = [*self.known, *self.matches]
        self.matches, self.effects, self.follows = [], [], True


class RuleReader:
    """Reads the rules of one table. ``place``: ``family/table``."""

    def __init__(self, place: str, relations: Relations) -> None:
        self.place = place
        self.family = place.split("/", 1)[0]
        self.relations = relations
        self._seen: dict[Any, tuple[Match, str]] = {}
        self._alike: dict[str, int] = {}
        self._maps: dict[str, VerdictMap] = {}

    def read(
        self, chain: str, position: int, value: Json, text: str | None, line: int | None = None
    ) -> list[Rule]:
        """The model's rules for one rule; ``chain`` is its chain's key, ``text`` its line as listed, ``line`` the
        number of that line: it tells which rule it is where there is no handle."""
        draft = _Draft()
        found: list[_Part] = []
        expression = value["expr"]
        if not isinstance(expression, list):
            raise TypeError(f"the statements of a rule of {chain}")
        self._walk(chain, expression, 0, draft, found)
        if not found:  # a map without elements ends the rule for every packet
            found.append(draft.part(CONTINUE))
        handle, comment = value.get("handle"), value.get("comment", "")
        if not isinstance(comment, str) or type(handle) not in (int, type(None)):
            raise TypeError(f"the handle or comment of a rule of {chain}")
        if text is None:
            text = nft_text.rule_text(expression, comment)
        problems = tuple(dict.fromkeys(draft.problems)) if draft.problems else ()
        return [
            Rule(
                position,
                all_of(matches),
                outcome,
                text,
                tuple(effects),
                handle,
                line if handle is None else None,
                comment,
                problems,
                follows,
            )
            for matches, outcome, effects, follows in found
        ]

    def _walk(self, chain: str, statements: list[Json], at: int, draft: _Draft, found: list[_Part]) -> None:
        for index in range(at, len(statements)):
            statement = statements[index]
            if not isinstance(statement, dict) or len(statement) != 1:
                self._give_up(draft, found, nft_text.statement_text(statement))
                return
            ((name, value),) = statement.items()
            if name == "match" and value.keys() != _MATCH_KEYS:
                words = nft_text.value_text(statement)
                self._undecided(chain, words, "a match with more than nft documents", draft, found)
            elif name == "match":
                self._ask(chain, value, draft, found)
            elif name == "mangle" and value.keys() != {"key", "value"}:
                self._give_up(draft, found, nft_text.value_text(statement))
                return
            elif name == "mangle":
                if self._mangle(chain, statements, index, draft, found):
                    return
            elif name in _ENDS:
                self._end(chain, name, value, draft, found)
                if name != "vmap" or not self._goes_on(statements[index + 1 :], draft, found):
                    return
            elif not self._other(chain, name, value, draft, found):
                return
        found.append(draft.part(CONTINUE))

    def _ask(self, chain: str, value: Json, draft: _Draft, found: list[_Part]) -> None:
        if draft.effects:
            draft.split(found)
        match = self._match(chain, value, draft)
        if isinstance(match, All):
            asked = draft.matches  # what a header needs is one object for all rules
            asked.extend([part for part in match.matches if not any(part is one for one in asked)])
        elif match is not ALWAYS:
            draft.matches.append(match)

    def _end(self, chain: str, name: str, value: Json, draft: _Draft, found: list[_Part]) -> None:
        """The statements after which a matching packet sees no more of this rule."""
        if name in _NAT:
            self._nat(name, value, draft, found)
            return
        outcome: Outcome
        if name == "vmap":
            outcome = self._verdicts(value)
            if isinstance(outcome, Verdict):
                draft.problems.append(outcome.detail)
        else:
            outcome = self.verdict({name: value})
        if name == "reject" and isinstance(value, dict) and value.get("type") in _REJECT_NEEDS:
            self._need(_REJECT_NEEDS[value["type"]], draft, found)
        found.append(draft.part(outcome))

    @staticmethod
    def _goes_on(rest: list[Json], draft: _Draft, found: list[_Part]) -> bool:
        """Whether there is more behind a verdict map than counters: elements that map to ``continue`` go on there
        (nft_do_chain, ``NFT_CONTINUE``), and what it has no element for does not."""
        outcome = found[-1][1]
        names = {next(iter(one), "") if isinstance(one, dict) else "" for one in rest}
        if names <= _PASSING or not isinstance(outcome, VerdictMap):
            return False
        going = tuple(match for match, verdict in outcome.cases if verdict is CONTINUE)
        if not going:
            return False
        if draft.effects:
            reason = "a verdict map of what the rule changed before"
            found[-1] = (draft.matches, Verdict("unknown", "", reason), draft.effects, draft.follows)
            draft.problems.append(reason)
            return False
        draft.matches = [*draft.matches, Either(going)]
        draft.follows = True
        return True

    def _match(self, chain: str, value: Json, draft: _Draft) -> Match:
        left, right, op = value["left"], value["right"], value["op"]
        key = _memo_key(left, op, right)
        known = self._seen.get(key)
        if known is None:
            own = has_own_value(left) or self.relations.limits(self.place, right)
            rule = self._own(chain, nft_text.statement_text({"match": value})) if own else ""
            known = self.relations.relation(self.place, left, op, right, rule)
            if not known[1]:  # what is unknown may be so for this rule alone
                self._seen[key] = known
        match, problem = known
        if problem:
            draft.problems.append(problem)
        return match

    def _other(self, chain: str, name: str, value: Json, draft: _Draft, found: list[_Part]) -> bool:
        """Statements that end nothing; False if the rule can't be followed further."""
        if name in _PASSING:
            return True
        if name == "notrack":
            draft.effects.append(Effect("notrack"))
            return True
        if name in _RATES:
            lasting = (
                {key: item for key, item in value.items() if key != "used"}
                if isinstance(value, dict)
                else value
            )
            words = nft_text.statement_text({name: lasting})
            if name == "meter" and isinstance(value, dict):
                self._need(self.relations.needs(value.get("key")), draft, found)
            why = f"{_RATES[name]} depends on earlier packets"
            self._undecided(chain, words, why, draft, found, nft_limits.unexceeded([{name: value}]))
            return True
        if name in ("set", "map") and isinstance(value, dict) and "op" in value:
            element = value.get("elem")
            if isinstance(element, dict) and "elem" in element:
                element = element["elem"]["val"]
            self._need(self.relations.needs(element), draft, found)
            if value.get("stmt"):
                words = nft_text.statement_text({name: value})
                self._undecided(chain, words, LIMITED, draft, found, nft_limits.unexceeded(value["stmt"]))
            return True
        if name == "xt":
            kind = value.get("type") if isinstance(value, dict) else None
            words = f"xt {kind} {value.get('name')}" if kind else "xt"
            if kind == "match":
                self._undecided(chain, words, f"{words} can be read with iptables-save only", draft, found)
                return True
            self._give_up(draft, found, words, f"{words} can be read with iptables-save only")
            return False
        if name == "unread" and isinstance(value, dict):
            self._unread(chain, value, draft, found)
            return False
        self._give_up(draft, found, nft_text.statement_text({name: value}), _TAKEN.get(name, ""))
        return False

    def _unread(self, chain: str, value: Json, draft: _Draft, found: list[_Part]) -> None:
        """A rule of which a word is not understood: it may hold or not, and do whatever a rule can."""
        words, reason = str(value.get("text")), f"{str(value.get('word'))!r} is not understood"
        reason += " (nft may refuse all of the script)" if value.get("planned") else ""
        draft.matches.append(Unknown(self._own(chain, words), f"{words}: {reason}"))
        if value.get("changes"):
            draft.effects.append(Effect("unknown", detail=words))
        self._give_up(draft, found, words, reason)

    def _undecided(
        self,
        chain: str,
        words: str,
        reason: str,
        draft: _Draft,
        found: list[_Part],
        unexceeded: bool | None = None,
    ) -> None:
        """A match with a memory of its own: each rule has another. ``unexceeded``: what it is while no rate limit is
        exceeded, if that settles it."""
        if draft.effects:
            draft.split(found)
        assumption = "" if unexceeded is None else RATE_LIMITS_NOT_EXCEEDED
        key = self._own(chain, words)
        draft.matches.append(Unknown(key, f"{words}: {reason}", assumption, unexceeded is not False))
        draft.problems.append(words)

    def _own(self, chain: str, words: str) -> str:
        """A key for this very statement, that stays when other rules come or go."""
        base = f"{chain}: {words}"
        count = self._alike[base] = self._alike.get(base, 0) + 1
        return base if count == 1 else f"{base} ({count})"

    @staticmethod
    def _give_up(draft: _Draft, found: list[_Part], words: str, reason: str = "") -> None:
        short = " ".join(words.split())
        draft.problems.append(short)
        found.append(draft.part(Verdict("unknown", "", f"{short}: {reason}" if reason else short)))

    def _mangle(
        self, chain: str, statements: list[Json], index: int, draft: _Draft, found: list[_Part]
    ) -> bool:
        """True if the rest of the rule was walked here: once for each element of a map."""
        value = statements[index]["mangle"]
        target, source = value["key"], value["value"]
        if "payload" in target:
            self._need(self.relations.needs(target), draft, found)
        entries = self._entries(source)
        if entries is not None:
            if mark_effect(target, 0) is None:
                return False
            if not draft.follows and _apart(statements, index, target, entries):
                for match, number in entries:
                    branch = draft.copy()
                    branch.matches.append(match)
                    effect = mark_effect(target, number)
                    if effect:
                        branch.effects.append(effect)
                    self._walk(chain, statements, index + 1, branch, found)
                return True
            self._need(Either(tuple(match for match, _number in entries)), draft, found)
        elif isinstance(source, dict):
            self._need(self.relations.needs(source), draft, found)
        effect = mark_effect(target, source)
        if effect is not None:
            draft.effects.append(effect)
        return False

    @staticmethod
    def _need(needs: Match, draft: _Draft, found: list[_Part]) -> None:
        """What must hold for the rule to go on from here; what it did before stays done."""
        if needs is ALWAYS or needs in draft.matches or needs in draft.known:
            return
        if draft.effects:
            draft.split(found)
        draft.matches.append(needs)

    def _nat(self, name: str, value: Json, draft: _Draft, found: list[_Part]) -> None:
        """NAT ends its base chain: the kernel accepts what it could translate (nft_nat_eval)."""
        try:
            targets = nat_targets(name, value or {}, self.family)
        except NotModelled as error:
            draft.problems.append(f"{name} {error}")
            draft.effects.append(not_known(name, f"{name} {error}"))
            found.append(draft.part(ACCEPT))
            return
        if targets.family and self.family not in ("ip", "ip6"):
            self._need(IPV4 if targets.family == 4 else IPV6, draft, found)
        if targets.map is None:
            draft.effects.append(nat_effect(targets, None))
            found.append(draft.part(ACCEPT))
            return
        entries = self._entries({"map": targets.map})
        if entries is None or len(entries) > _MANY_TARGETS or draft.follows:
            draft.problems.append(f"{name} by a map")
            draft.effects.append(not_known(name, f"{name} by a map"))
            found.append(draft.part(ACCEPT))
            return
        for match, data in entries:
            self._nat_case(name, targets, match, data, draft.copy(), found)

    @staticmethod
    def _nat_case(
        name: str, targets: NatTarget, match: Match, data: Json, draft: _Draft, found: list[_Part]
    ) -> None:
        draft.matches.append(match)
        try:
            draft.effects.append(nat_effect(targets, data))
        except NotModelled as error:
            draft.problems.append(f"{name} {error}")
            draft.effects.append(not_known(name, f"{name} {error}"))
        found.append(draft.part(ACCEPT))

    def _entries(self, source: Json) -> list[tuple[Match, Json]] | None:
        """A data map's cases as (match, value); None for what is no map, or one that is not certain."""
        if not isinstance(source, dict) or not isinstance(source.get("map"), dict):
            return None
        if source.keys() != {"map"} or source["map"].keys() != _MAP_KEYS:
            return None
        key, data = source["map"]["key"], source["map"]["data"]
        pairs = self._pairs(data)
        if pairs is None:
            return None
        return [(match, value) for match, value, _problem in self._cases(key, pairs)]

    def _pairs(self, data: Json) -> list[tuple[Json, Json]] | None:
        if isinstance(data, dict) and data.keys() == {"set"} and isinstance(data["set"], list):
            return [(pair[0], pair[1]) for pair in data["set"]]
        if isinstance(data, str) and data.startswith("@"):
            info = self.relations.sets.get(f"{self.place}/{data[1:]}")
            if info is not None and info.certain:
                return list(zip(info.elements, info.data))
        return None

    def _cases(self, key: Json, pairs: list[tuple[Json, Json]]) -> list[tuple[Match, Json, str]]:
        cases: list[tuple[Match, Json, str]] = []
        others: list[Match] = []
        default: list[Json] = []
        for element, value in pairs:
            limited = is_limited(element)
            if isinstance(element, dict) and "elem" in element:
                element = element["elem"]["val"]
            if element == "*" and not limited:
                default.append(value)
                continue
            if limited:
                words = f"{words_of(key)} {words_of(element)}"
                unknown = Unknown(self._own(self.place, words), f"{words}: {LIMITED}")
                cases.append((unknown, value, f"{words} with a limit"))
                continue
            match, problem = self.relations.relation(self.place, key, "==", element, self.place)
            cases.append((match, value, problem))
            others.append(match)
        for value in default:
            rest = all_of([self.relations.needs(key), negated(Either(tuple(others)))])
            cases.append((rest, value, ""))
        return cases

    def _verdicts(self, value: Json) -> Outcome:
        words = nft_text.statement_text({"vmap": value})
        known = self._maps.get(words)
        if known is not None:
            return known
        pairs = self._pairs(value["data"]) if value.keys() == _MAP_KEYS else None
        if pairs is None:
            return Verdict("unknown", "", f"{words}: the elements of this map are not certain")
        cases = self._cases(value["key"], pairs)
        problems = [problem for _match, _verdict, problem in cases if problem]
        if problems:
            return Verdict("unknown", "", f"{words}: {problems[0]} is not modelled")
        found = VerdictMap(tuple((match, self.verdict(verdict)) for match, verdict, _problem in cases))
        self._maps[words] = found
        return found

    def verdict(self, value: Json) -> Verdict:
        """One verdict of a map."""
        ((name, detail),) = value.items()
        if name in _FINAL:
            return _FINAL[name]
        if name == "continue":
            return CONTINUE
        if name in ("jump", "goto"):
            return Verdict(name, f"{self.place}/{detail['target']}")
        return Verdict("unknown", "", str(name))


def _memo_key(left: Json, op: str, right: Json) -> Any:
    """A key for equal matches, cheap for the common forms."""
    payload = left.get("payload")
    if payload is not None and "field" in payload and len(payload) == 2:
        key: Any = (payload["protocol"], payload["field"])
    else:
        key = repr(left)
    kind = type(right)
    if kind is str or kind is int:
        return key, op, right
    if kind is dict and "prefix" in right and len(right) == 1 and len(right["prefix"]) == 2:
        inner = right["prefix"]
        return key, op, inner["addr"], inner["len"]
    return key, op, repr(right)


def all_of(matches: list[Match]) -> Match:
    """The conjunction, flattened, of a list."""
    flat: list[Match] = []
    for match in matches:
        if isinstance(match, All):
            flat.extend(match.matches)
        elif match is not ALWAYS:
            flat.append(match)
    if len(flat) == 1:
        return flat[0]
    return All(tuple(flat)) if flat else ALWAYS


def conjuncts(match: Match) -> tuple[Match, ...]:
    """What a match asks for, one by one."""
    if isinstance(match, All):
        return match.matches
    return () if match is ALWAYS else (match,)


def _apart(statements: list[Json], index: int, target: Json, entries: list[tuple[Match, Json]]) -> bool:
    """Whether the cases of a map stay apart: neither it nor the rest of the rule writes what it asks for."""
    written: set[str] = set()
    for statement in [{"mangle": {"key": target, "value": 0}}, *statements[index + 1 :]]:
        if isinstance(statement, dict) and "mangle" in statement:
            effect = mark_effect(statement["mangle"]["key"], 0)
            written.update(effect.field.split(",") if effect else ())
        elif isinstance(statement, dict) and "notrack" in statement:
            written.add("connection")
    return not any(mentions(match, written) for match, _number in entries)


def mentions(match: Match, fields: set[str]) -> bool:
    """Whether a match asks about one of these fields."""
    if isinstance(match, (In, Masked, Named)):
        return match.field in fields
    if isinstance(match, Member):
        return not fields.isdisjoint(match.fields)
    if isinstance(match, Not):
        return mentions(match.match, fields)
    if isinstance(match, (All, Either)):
        return any(mentions(part, fields) for part in match.matches)
    return False
