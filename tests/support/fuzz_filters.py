# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What people and files give to filters, tests and proofs, damaged: one clear error or an answer.

Targets as in fuzz_targets.py; of the filters and tests AnsibleFilterError is the one exception.
"""

from __future__ import annotations

import copy
import json
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleFilterError

from ansible_collections.pathguard.network.plugins.filter.firewall_diff import firewall_diff
from ansible_collections.pathguard.network.plugins.filter.to_report import to_report
from ansible_collections.pathguard.network.plugins.filter.unreachable_rules import unreachable_rules
from ansible_collections.pathguard.network.plugins.filter.verdicts import flow_verdicts
from ansible_collections.pathguard.network.plugins.plugin_utils.errors import MAX_LINES
from ansible_collections.pathguard.network.plugins.plugin_utils.gather import frames
from ansible_collections.pathguard.network.plugins.plugin_utils.model.state import State
from ansible_collections.pathguard.network.plugins.plugin_utils.parse import parse_platform
from ansible_collections.pathguard.network.plugins.plugin_utils.policy.read import load_policy
from ansible_collections.pathguard.network.plugins.plugin_utils.policy.validate import validate
from ansible_collections.pathguard.network.plugins.plugin_utils.render.formats import FORMATS
from ansible_collections.pathguard.network.plugins.test.verdicts import denies, permits

from . import fuzz_seeds as seeds
from .fuzz import Mutator
from .states import GROUPS, small_lab

RULESETS = (None, None, "forward", "inet/fw/forward", "iptables/filter/FORWARD", "zqx", "", 5)
POLICY: dict[str, Any] = {
    "requiredPaths": [
        {"name": "p", "from": {"group": "app"}, "to": {"group": "db_primary"}, "service": "postgresql"}
    ],
    "forbiddenPaths": [
        {"name": "f", "from": {"any": True, "except": [{"group": "app"}]}, "to": {"group": "db"}, "service": "mysql"}
    ],
    "properties": {"hosts": {"properties": {"fw1": {"properties": {"boot": {"properties": {"matches": {"const": "same"}}}}}}}},
}  # fmt: skip


def damaged(mutator: Mutator, value: Any) -> Any:
    for _n in range(mutator.draw.choice((1, 1, 2, 3))):
        value = mutator.document(value)
    return value


def in_one_error(asked: Callable[[], Any]) -> Any:
    """The answer, or nothing if it was refused in a few lines."""
    try:
        return asked()
    except AnsibleFilterError as error:
        assert len(str(error).splitlines()) <= MAX_LINES
        return None


@cache
def _states() -> list[dict[str, Any]]:
    return [
        parse_platform("linux", "fw1", seeds.outputs(seeds.HOSTS[kind])).to_dict()
        for kind in ("nft", "iptables")
    ]


@cache
def _pairs() -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """A host, and the same after a rule was taken out."""
    found = []
    for state in _states():
        after = copy.deepcopy(state)
        next(item for item in after["rulesets"].values() if item["rules"])["rules"].pop()
        found.append((state, after))
    return found


@cache
def report_text() -> str:
    before, now = small_lab(), small_lab()
    now["fw1"].rulesets["inet/filter/forward"].rules.pop(0)
    return json.dumps(validate(load_policy(POLICY), now, GROUPS, before))


def diff(mutator: Mutator) -> None:
    pair: list[Any] = list(mutator.draw.choice(_pairs()))
    at = mutator.draw.randrange(2)
    pair[at] = damaged(mutator, pair[at])
    ruleset, limit = mutator.draw.choice(RULESETS), mutator.draw.choice((20, 20, 1, 0, -1, "x", None, 10**9))
    found = in_one_error(lambda: firewall_diff(*pair, ruleset=ruleset, limit=limit))
    assert found is None or json.loads(json.dumps(found)) == found


def unreachable(mutator: Mutator) -> None:
    state = damaged(mutator, mutator.draw.choice(_states()))
    found = in_one_error(lambda: unreachable_rules(state, mutator.draw.choice(RULESETS)))
    assert found is None or json.loads(json.dumps(found)) == found


def tests(mutator: Mutator) -> None:
    """``permits`` and ``denies`` are never both true, and true only where ``flow_verdicts`` says so."""
    state: Any = mutator.draw.choice(_states())
    flows: Any = copy.deepcopy(mutator.draw.sample(seeds.FLOWS, 2))
    if mutator.draw.random() < 0.5:
        state = damaged(mutator, state)
    else:
        flows = damaged(mutator, flows)
    ruleset = mutator.draw.choice(RULESETS)
    told = [in_one_error(lambda test=test: test(state, flows, ruleset)) for test in (permits, denies)]
    assert told != [True, True]
    answers = in_one_error(lambda: flow_verdicts(state, flows, ruleset))
    for word, one in zip(("permit", "deny"), told):
        if one is not None and answers is not None:
            assert one is all(answer["verdict"] == word for answer in answers)


def report(mutator: Mutator) -> None:
    document = damaged(mutator, json.loads(report_text()))
    form = mutator.draw.choice([*FORMATS, "zqx", None, 5])
    shown = in_one_error(lambda: to_report(document, form))
    assert shown is None or (isinstance(shown, str) and shown)


@cache
def _folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory()


def proof(mutator: Mutator) -> None:
    """Policies on hosts of which one was damaged: what is still a state can be asked for paths."""
    states = small_lab()
    name = mutator.draw.choice(sorted(states))
    states[name] = State.from_dict(damaged(mutator, json.loads(json.dumps(states[name].to_dict()))))
    before = small_lab() if mutator.draw.random() < 0.3 else None
    found = validate(load_policy(POLICY), states, GROUPS, before)
    assert found["summary"]["verdict"] in ("pass", "fail")
    json.dumps(found)


def snapshots(mutator: Mutator) -> None:
    """A state that is given as a path: a file of any content, or no file."""
    path = Path(_folder().name) / "fw1.json"
    text = json.dumps({"format": 1, "state": _states()[0]})
    path.write_text(mutator.json(text), encoding="utf-8", errors="surrogatepass")
    given = mutator.draw.choice((str(path), str(path), str(path.parent), f"{path}x", f"{path}\0"))
    in_one_error(lambda: flow_verdicts(given, seeds.FLOWS[:1]))
    in_one_error(lambda: firewall_diff(given, _states()[0]))


def streams(mutator: Mutator) -> None:
    """What a login brings back: each command's output whole, or an error."""
    made = frames.Script("", "pathguard:0123")
    commands = {"one": "uname -r", "two": "nft list ruleset"}
    whole = f"{made.word} begin one\n6.1.0\n\n{made.word} end one 0\n{made.word} begin two\n"
    whole += f"table ip x {{\n}}\n\n{made.word} end two 3\n\n{made.word} done\n"
    found = frames.outputs(made, commands, mutator.text(whole), mutator.text(whole), "host")
    assert set(commands) == set(found)


FILTERS: dict[str, Callable[[Mutator], None]] = {
    "firewall_diff": diff,
    "unreachable_rules": unreachable,
    "permits and denies": tests,
    "to_report": report,
    "proof": proof,
    "snapshot paths": snapshots,
    "streams": streams,
}
