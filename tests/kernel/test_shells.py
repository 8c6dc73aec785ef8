# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The script that gathers a host, run by the shells that hosts have: each brings the same."""

from __future__ import annotations

import os
import shutil

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.gather import frames, linux
from ansible_collections.pathguard.network.plugins.plugin_utils.model.raw import RawOutput
from ansible_collections.pathguard.network.plugins.plugin_utils.parse import parse_platform
from tests.kernel.world import World

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="a network namespace needs root")
RULES = 'table inet fw4 {\n chain input {\n  type filter hook input priority filter; policy drop;\n  iifname "in0" tcp dport 22 accept\n }\n}\n'
# An OpenWrt host has these by BusyBox alone.
APPLETS = ("sed", "grep", "awk", "cat", "id", "uname", "readlink", "wc", "tail", "tr", "timeout", "sysctl")


def gathered(world: World, argv: list[str]) -> dict[str, RawOutput]:
    made = frames.script(linux.BODY)
    done = world.fw.ask("run", argv=argv, stdin=made.text)
    return frames.outputs(made, linux.COMMANDS, done["stdout"], done["stderr"], "fw")


def told(outputs: dict[str, RawOutput]) -> dict[str, tuple[int | None, str]]:
    """What does not change from one moment to the next."""
    moving = ("listeners", "links", "addresses", "sysctl")
    return {name: (output.rc, output.stdout) for name, output in outputs.items() if name not in moving}


@pytest.mark.parametrize("shell", ["dash", "bash", "bash --posix", "busybox ash"])
def test_each_shell_brings_the_same(world: World, shell: str) -> None:
    if shutil.which(shell.split()[0]) is None:
        pytest.skip(f"{shell} is not installed")
    world.clear()
    world.fw.run("nft -f -", stdin=RULES)
    found, usual = gathered(world, shell.split()), gathered(world, ["sh"])
    assert told(found) == told(usual)
    state = parse_platform("linux", "fw", found)
    assert (state.firewall_known, list(state.rulesets)) == (True, ["inet/fw4/input"])
    assert state.rulesets["inet/fw4/input"].managed_by == "fw4"


def test_the_tools_of_busybox_will_do(world: World) -> None:
    if shutil.which("busybox") is None:
        pytest.skip("busybox is not installed")
    world.clear()
    world.fw.run("nft -f -", stdin=RULES)
    functions = "; ".join(f'{name}() {{ busybox {name} "$@"; }}' for name in APPLETS)
    made = frames.script(f"{functions}\n{linux.BODY}")
    done = world.fw.ask("run", argv=["busybox", "ash"], stdin=made.text)
    found = frames.outputs(made, linux.COMMANDS, done["stdout"], done["stderr"], "fw")
    assert told(found) == told(gathered(world, ["sh"]))
    sysctl = found["sysctl"].stdout.splitlines()
    assert "net.ipv4.ip_forward = 1" in sysctl
