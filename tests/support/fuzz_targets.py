# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every place where text or data from outside comes in: read one damaged input, and look at what came out.

A target takes a ``Mutator`` and returns nothing; PathGuardError is the one exception that may leave it.
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

from ansible_collections.pathguard.network.plugins.filter.verdicts import flow_verdicts
from ansible_collections.pathguard.network.plugins.plugin_utils.analyse.verdicts import verdicts
from ansible_collections.pathguard.network.plugins.plugin_utils.errors import MAX_LINES, PathGuardError
from ansible_collections.pathguard.network.plugins.plugin_utils.gather import snapshot
from ansible_collections.pathguard.network.plugins.plugin_utils.model.flow import flows_from
from ansible_collections.pathguard.network.plugins.plugin_utils.model.flowset import Space
from ansible_collections.pathguard.network.plugins.plugin_utils.model.state import State
from ansible_collections.pathguard.network.plugins.plugin_utils.parse import (
    boot_firewalld,
    boot_rules,
    ipset,
    iptables,
    nft,
    parse_platform,
)
from ansible_collections.pathguard.network.plugins.plugin_utils.parse.host_facts import HostFacts
from ansible_collections.pathguard.network.plugins.plugin_utils.policy.read import load_policy
from ansible_collections.pathguard.network.plugins.plugin_utils.policy.schemas import load_schema, problems

from . import fuzz_seeds as seeds
from .fuzz import Mutator
from .fuzz_candidates import CANDIDATES
from .fuzz_device_outputs import DEVICE_OUTPUTS
from .fuzz_devices import CONFIGURATIONS
from .fuzz_filters import FILTERS
from .fuzz_oracle import left_out

Target = Callable[[Mutator], None]
_ASKED = [seeds.FLOWS[0], {"dst": "10.20.1.10", "protocol": "tcp", "dst_port": 5432}]
SCHEMA_EVERY = 40
ASK_EVERY = 8


def _host(kind: str) -> Target:
    def run(mutator: Mutator) -> None:
        texts = dict(seeds.HOSTS[kind])
        name = mutator.draw.choice(_OWN[kind])
        texts[name] = (
            mutator.json(texts[name])
            if name in seeds.JSON_OUTPUTS and texts[name]
            else mutator.text(texts[name])
        )
        try:
            state = parse_platform("linux", "fw1", seeds.outputs(texts))
        except PathGuardError as error:
            raise AssertionError(f"{name} is unreadable, and so the whole host is: {error}") from error
        missing = left_out(state, texts)
        assert not missing, missing
        _whole(state, mutator)

    return run


def _device(platform: str) -> Target:
    """A damaged configuration is read, or said to be unreadable; it is never an error."""

    def run(mutator: Mutator) -> None:
        text = mutator.text(CONFIGURATIONS[platform])
        try:
            state = parse_platform(platform, "r1", seeds.outputs({"running_config": text}))
        except PathGuardError as error:
            raise AssertionError(f"the whole device is unreadable: {error}") from error
        _whole(state, mutator)

    return run


def _whole(state: State, mutator: Mutator) -> None:
    """The state survives its document, fits its schema, and answers."""
    shown = json.loads(json.dumps(state.to_dict()))
    assert State.from_dict(shown).to_dict() == shown
    if mutator.draw.randrange(SCHEMA_EVERY) == 0:
        assert problems(shown, load_schema("state")) == []
    if mutator.draw.randrange(ASK_EVERY) == 0:
        for answer in verdicts(state, _ASKED):
            assert answer["verdict"] == "unknown" or state.firewall_known


# The outputs that are damaged: rules more often than what stands beside them.
_OWN = {
    "nft": [*["nft_json"] * 10, *["nft_text"] * 3, *seeds.FACTS],
    "listing": [*["nft_text"] * 8, "addresses"],
    "script": [*["nft_script"] * 8, "addresses"],
    "iptables": [*["iptables_nft"] * 8, *["ip6tables_nft"] * 2, *["ipset"] * 4, "nft_json"],
    "legacy": [*["iptables_legacy"] * 8, *["ip6tables_legacy"] * 2, *["ipset"] * 2],
    "boot": [*seeds.BOOT, "nft_text", "ipset"],
}


def _readers(mutator: Mutator) -> None:
    """Each reader by itself, also of texts that belong to another."""
    name = mutator.draw.choice(sorted(seeds.HOSTS["boot"]))
    text = mutator.text(seeds.HOSTS["boot"][name])
    for read in (
        lambda: nft.parse(nft.read(text), text, HostFacts()),
        lambda: nft.parse(nft.read_text(text, name, mutator.draw.random() < 0.5), "", HostFacts()),
        lambda: ipset.parse(text),
        lambda: iptables.parse(text, "ip6tables-legacy", HostFacts(), {}),
        lambda: boot_rules.nft_tables(text),
        lambda: boot_rules.saved_tables(text, "iptables"),
        lambda: boot_firewalld.compare(text, {"default": "public"}),
    ):
        try:
            read()
        except PathGuardError as error:
            assert len(str(error).splitlines()) <= MAX_LINES


@cache
def _snapshot_text() -> str:
    state = parse_platform("linux", "fw1", seeds.outputs(seeds.NFT))
    raw = list(seeds.outputs({"os": seeds.OS}).values())
    with tempfile.TemporaryDirectory() as folder:
        found = snapshot.Snapshot("fw1", "linux", snapshot.now(), state.to_dict(), raw, "run")
        return snapshot.write(folder, found).read_text(encoding="utf-8")


@cache
def _folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory()


def _snapshot(mutator: Mutator) -> None:
    text = mutator.json(_snapshot_text())
    path = Path(_folder().name) / "fw1.json"
    path.write_text(text, encoding="utf-8", errors="surrogatepass")
    state = State.from_dict(snapshot.read(path).state)
    if mutator.draw.randrange(ASK_EVERY) == 0:
        verdicts(state, _ASKED)


@cache
def _states() -> list[dict[str, Any]]:
    hosts = [parse_platform("linux", "fw1", seeds.outputs(texts)) for texts in seeds.HOSTS.values()]
    return [state.to_dict() for state in hosts]


def _state(mutator: Mutator) -> None:
    """What somebody may give a filter as a state."""
    document = mutator.draw.choice(_states())
    for _n in range(mutator.draw.choice((1, 1, 2, 3))):
        document = mutator.document(document)
    try:
        flow_verdicts(document, _ASKED, mutator.draw.choice((None, None, "forward", "inet/fw/forward")))
    except AnsibleFilterError as error:
        assert len(str(error).splitlines()) <= MAX_LINES


def _policy(mutator: Mutator) -> None:
    if mutator.draw.random() < 0.6:
        load_policy(f"{mutator.text(seeds.POLICY)}\n")
        return
    document = dict(load_policy(seeds.POLICY).schema)
    for _n in range(mutator.draw.choice((1, 1, 2, 3))):
        document = mutator.document(document)
    load_policy(document if mutator.draw.random() < 0.5 else f"{json.dumps(document)}\n")


def _flow(mutator: Mutator) -> None:
    flow: Any = copy.deepcopy(mutator.draw.choice(seeds.FLOWS))
    for _n in range(mutator.draw.choice((1, 1, 2, 3))):
        flow = mutator.document(flow)
    found = flows_from(Space(), flow)
    assert found, "an empty set of flows was taken for a question"
    found.pieces()


TARGETS: dict[str, Target] = {
    **{f"{kind} host": _host(kind) for kind in seeds.HOSTS},
    **{f"{platform} device": _device(platform) for platform in CONFIGURATIONS},
    "readers": _readers,
    "snapshot": _snapshot,
    "state": _state,
    "policy": _policy,
    "flow": _flow,
    **DEVICE_OUTPUTS,
    **CANDIDATES,
    **FILTERS,
}


def one(name: str, seed: int) -> bool:
    """Run one input; False if it was refused. What else leaves the target says which it was."""
    try:
        TARGETS[name](Mutator(seed))
    except PathGuardError as error:
        assert len(str(error).splitlines()) <= MAX_LINES
        return False
    return True
