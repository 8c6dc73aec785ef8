# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The real ufw: who owns its rules, whether they are what boot loads, and what the kernel does with them.

It runs in the firewall's network namespace, with an ``/etc`` of its own that was copied from the machine's.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from random import Random

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.gather import frames, linux
from ansible_collections.pathguard.network.plugins.plugin_utils.model.state import State
from ansible_collections.pathguard.network.plugins.plugin_utils.parse import parse_platform
from tests.kernel import draw as of
from tests.kernel.ask import verdicts
from tests.kernel.world import World

pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="network namespaces with raw packets need root"),
    pytest.mark.skipif(shutil.which("ufw") is None, reason="ufw is not installed"),
]
# What ufw, Python and iptables read of /etc.
ETC = ("ufw", "default", "alternatives", "passwd", "group", "services", "protocols", "nsswitch.conf", "os-release", "ld.so.cache")  # fmt: skip
# What World's listeners and its flows need, and a bit of everything that ufw can say.
RULES = (
    "default deny incoming", "default deny routed", "logging low",
    "allow from 10.0.0.0/23 to any port 5432 proto tcp", "insert 1 deny from 10.0.1.0/24",
    "allow in on in0 to any port 53", "limit 8000/tcp", "reject out 443/tcp", "allow from fd00::/65",
    "route allow in on in0 out on out0 from 10.0.0.0/22 to 10.1.0.0/24", "route deny from 10.0.2.0/24",
    "route allow from fd00::/64 to fd00:1::/66 port 80 proto tcp",
)  # fmt: skip


class Ufw:
    """The firewall's host with an ``/etc`` and a ``/run`` of its own."""

    def __init__(self, world: World, folder: Path) -> None:
        self.world = world
        self.etc = folder / "etc"
        for name in ETC:
            if Path("/etc", name).is_dir():
                shutil.copytree(Path("/etc", name), self.etc / name, symlinks=True)
            elif Path("/etc", name).exists():
                shutil.copy2(Path("/etc", name), self.etc / name)
        # OpenRC tells by files alone what is started at boot.
        for name in ("init.d/ufw", "runlevels/default/ufw"):
            (self.etc / name).parent.mkdir(parents=True, exist_ok=True)
            (self.etc / name).touch()
        own = f'mount --bind {self.etc} /etc && mount -t tmpfs none /run && mkdir /run/openrc && exec "$@"'
        self.inside = ["unshare", "--mount", "sh", "-c", own, "sh"]

    def run(self, command: str) -> None:
        done = self.world.fw.ask("run", argv=[*self.inside, "sh", "-ec", command])
        assert done["rc"] == 0, (command, done["stdout"], done["stderr"])

    def gathered(self) -> State:
        made = frames.script(linux.BODY)
        done = self.world.fw.ask("run", argv=[*self.inside, "sh"], stdin=made.text)
        outputs = frames.outputs(made, linux.COMMANDS, done["stdout"], done["stderr"], "fw")
        return parse_platform("linux", "fw", outputs)

    def boot(self) -> tuple[str, str]:
        found = self.gathered().boot
        return found["matches"], found["reason"]


def test_ufw(world: World, tmp_path: Path) -> None:
    world.clear()
    ufw = Ufw(world, tmp_path)
    ufw.run("; ".join([f"ufw {rule} >/dev/null" for rule in RULES]) + "; ufw --force enable")
    state = ufw.gathered()
    chains = [*state.rulesets.values(), *state.chains.values()]
    assert {chain.managed_by for chain in chains} == {"ufw"}
    assert {rule.managed_by for chain in chains for rule in chain.rules} == {"ufw"}
    assert (state.boot["matches"], state.boot["reason"]) == ("same", "")
    assert [_agrees(world, state, hook) for hook in ("forward", "output")] == [0, 0]
    # A port with `limit` depends on who came before.
    assert _agrees(world, state, "input") < 36

    ufw.run("iptables -I INPUT -s 192.0.2.7 -j ACCEPT")
    assert ufw.boot() == ("differs", "no file is known that is loaded at boot and holds filter/INPUT")
    ufw.run("iptables -D INPUT 1; iptables -A ufw-user-input -s 192.0.2.7 -j ACCEPT")
    assert ufw.boot()[0] == "differs"
    ufw.run("ufw reload")
    assert ufw.boot() == ("same", "")

    masked = "*nat\\n:POSTROUTING ACCEPT [0:0]\\n-F\\n-A POSTROUTING -s 10.0.0.0/24 -o out0 -j MASQUERADE\\nCOMMIT\\n"
    ufw.run(f"printf '{masked}' >>/etc/ufw/before.rules")
    assert ufw.boot()[0] == "differs"
    ufw.run("ufw reload")
    state = ufw.gathered()
    assert (state.boot["matches"], state.boot["reason"]) == ("same", "")
    assert [rule.managed_by for rule in state.rulesets["iptables/nat/POSTROUTING"].rules] == ["ufw"]

    ufw.run("iptables -t nat -F; ufw --force disable")
    assert ufw.boot() == ("same", "")


def _agrees(world: World, state: State, hook: str) -> int:
    """The number of flows whose verdict is unknown; all others are as the kernel has it."""
    flows = of.flows(Random(f"ufw {hook}"), hook, 72)
    expected, passed = verdicts(state, hook, flows), world.passed(hook, flows)
    told = zip(flows, expected, passed)
    wrong = [one for one in told if one[1] != "unknown" and (one[1] == "permit") is not one[2]]
    assert not wrong, wrong[:3]
    assert {"permit", "deny"} <= set(expected)
    return expected.count("unknown")
