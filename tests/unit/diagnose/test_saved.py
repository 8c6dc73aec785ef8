# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host has saved on its disk, as a state to compare with."""

from __future__ import annotations

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.analyse.rulediff import rule_diff
from ansible_collections.pathguard.network.plugins.plugin_utils.diagnose.saved import (
    saved_files,
    saved_same,
    saved_state,
)
from ansible_collections.pathguard.network.plugins.plugin_utils.model.raw import RawOutput
from ansible_collections.pathguard.network.plugins.plugin_utils.model.state import State
from ansible_collections.pathguard.network.plugins.plugin_utils.parse import parse_platform

FILE = "/etc/nftables.conf"
WIDE = "ip saddr 10.10.1.0/24 tcp dport 5432 accept"
NARROW = "ip saddr 10.10.1.0/26 tcp dport 5432 accept"


def listing(rule: str, counted: str = "") -> str:
    """As ``nft -a list ruleset`` shows it, and as what is saved was listed in a namespace of its own."""
    return (
        "table inet filter { # handle 1\n\tchain forward { # handle 2\n"
        "\t\ttype filter hook forward priority filter; policy drop;\n"
        f"\t\t{rule.replace(' accept', f'{counted} accept')} # handle 7\n\t}}\n}}\n"
    )


def outputs(runs: str, saved: str, why: str = "") -> dict[str, RawOutput]:
    absent = {
        name: RawOutput(name, name, 0, "", absent="there are none")
        for name in (
            "iptables_nft",
            "ip6tables_nft",
            "iptables_legacy",
            "ip6tables_legacy",
            "ipset",
            "saved_ipset",
            "boot_iptables",
            "boot_ip6tables",
        )
    }
    head = f"# pathguard file={FILE}\n"
    return {
        **absent,
        "nft_text": RawOutput("nft_text", "nft -a list ruleset", 0, runs),
        "boot_nft": RawOutput("boot_nft", "nft", 1 if why else 0, head + saved, why),
        "boot_units": RawOutput("boot_units", "systemctl", 0, "unit nftables enabled\n"),
    }


def read(runs: str, saved: str, why: str = "") -> tuple[State, State | None]:
    raw = outputs(runs, saved, why)
    state = parse_platform("linux", "fw1", raw)
    assert state.firewall_known, state.unreadable
    return state, saved_state(state, raw)


def test_rules_that_were_changed_in_memory_only() -> None:
    runs, saved = read(listing(NARROW), listing(WIDE))
    assert saved is not None
    [change] = rule_diff(saved, runs)
    assert (change["change"], change["before"]["text"], change["after"]["text"]) == ("changed", WIDE, NARROW)
    assert saved_files(runs) == [FILE]
    assert saved_same(runs, "inet/filter/forward") == []


def test_rules_that_are_as_they_were_saved() -> None:
    """Counters are no difference; the file of nftables says nothing of chains of iptables."""
    runs, saved = read(
        listing(WIDE, " counter packets 5 bytes 9"), listing(WIDE, " counter packets 0 bytes 0")
    )
    assert saved is None
    assert saved_same(runs, "inet/filter/forward") == [FILE]
    assert saved_same(runs, "iptables/filter/FORWARD") == []
    assert saved_same(runs, "iptables-legacy/filter/FORWARD") == []


@pytest.mark.parametrize("saved", ["table inet filter {\n", "this is no nft\n"])
def test_what_can_t_be_read_is_nothing_to_compare_with(saved: str) -> None:
    assert read(listing(NARROW), saved)[1] is None
    assert read(listing(NARROW), listing(WIDE), "the rules can't be loaded")[1] is None
