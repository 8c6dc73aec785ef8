# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Texts of Cisco IOS devices: whole, cut short, paged, shown otherwise, and saved beside what runs."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.analyse.verdicts import Questions
from ansible_collections.pathguard.network.plugins.plugin_utils.gather.files import read_files
from ansible_collections.pathguard.network.plugins.plugin_utils.gather.platforms import platform_of
from ansible_collections.pathguard.network.plugins.plugin_utils.model.raw import RawOutput
from ansible_collections.pathguard.network.plugins.plugin_utils.parse import parse_platform
from tests.support.device_texts import state, verdict

TCP: dict[str, Any] = {"src": "10.0.0.5", "dst": "10.1.0.9", "protocol": "tcp", "dst_port": 5432}
TCP6: dict[str, Any] = {"src": "2001:db8::5", "dst": "2001:db8:1::9", "protocol": "tcp", "dst_port": 443}
RUNNING = """Building configuration...

Current configuration : 2859 bytes
!
! Last configuration change at 22:31:24 UTC Wed Mar 31 2021
!
hostname r1
!
banner motd ^C
interface GigabitEthernet9
 ip access-group 101 in
^C
access-list 101 permit tcp any any eq 5432
interface GigabitEthernet1
 ip address 10.0.0.1 255.255.255.0
 ip access-group 101 in
!
end
"""


class TestWhole:
    def test_a_whole_configuration_with_its_prompt(self) -> None:
        for text in (
            RUNNING,
            f"r1#show running-config\n{RUNNING}\nr1#",
            RUNNING + "\n\nr1(config-if)#\n",
            RUNNING + "r1#exit\nConnection closed.\n",
        ):
            found = state("cisco_ios", text)
            assert (found.firewall_known, found.hostname, list(found.interfaces)) == (
                True,
                "r1",
                ["GigabitEthernet1"],
            )

    @pytest.mark.parametrize("cut", ["end\n", "!\nend\n", "interface GigabitEthernet1"])
    def test_one_that_was_cut_short_is_not_read(self, cut: str) -> None:
        found = state("cisco_ios", RUNNING[: RUNNING.index(cut)])
        assert not found.firewall_known
        assert "cut short" in found.unreadable[0]["reason"]
        assert Questions(found).verdict(TCP)["verdict"] == "unknown"

    def test_a_header_far_below_the_top_counts(self) -> None:
        noise = "the terminal was used before\n" * 300
        assert not state("cisco_ios", noise + RUNNING.replace("end\n", "")).firewall_known
        assert state("cisco_ios", noise + RUNNING).firewall_known

    def test_a_part_without_the_header_is_fine(self) -> None:
        assert verdict("cisco_ios", "access-list 101 permit tcp any any eq 5432\n", TCP, "101") == "permit"

    @pytest.mark.parametrize(
        "answer", ["% Invalid input detected at '^' marker.\n", "\n% Authorization failed\n", ""]
    )
    def test_an_answer_that_is_no_configuration(self, answer: str) -> None:
        found = state("cisco_ios", answer)
        assert not found.firewall_known
        assert found.unreadable[0]["what"] == "running_config"

    def test_what_the_pager_left_is_taken_out(self) -> None:
        left = "access-list 101 deny ip host 10.0.0.5 any\n --More-- \x08\x08\x08\x08\x08\x08\x08\x08\x08        \x08\x08\x08"
        text = left + "access-list 101 permit ip any any\n"
        assert verdict("cisco_ios", text, TCP, "101") == "deny"
        assert verdict("cisco_ios", text, {**TCP, "src": "10.0.0.6"}, "101") == "permit"


SHOWN = """Standard IP access list 10
    10 permit 10.0.0.0, wildcard bits 0.0.0.255 log (5 matches)
    20 deny   any (3 matches)
Extended IP access list WEB
    5 remark x
    10 permit tcp any any eq 5432 (12 matches)
    20 permit tcp any any eq www (1 match)
    30 permit udp any any time-range GO (active) (7 matches)
Reflexive IP access list SESSIONS
     permit tcp host 10.1.0.9 eq 5432 host 10.0.0.5 eq 4000 (3 matches) (time left 29)
Extended MAC access list M
    deny any any (1 matches)
IPv6 access list V6
    permit tcp any any eq 443 (8 matches) sequence 20
    deny ipv6 any any sequence 10
"""


class TestShown:
    """``show access-lists`` as an input of its own: lists can be asked, and where they are bound is not known."""

    @pytest.mark.parametrize("name", ["access_lists", "running_config"])
    @pytest.mark.parametrize(
        ("flow", "ruleset", "wanted"),
        [
            (TCP, "10", "permit"),
            ({**TCP, "src": "10.0.1.5"}, "10", "deny"),
            (TCP, "WEB", "permit"),
            ({**TCP, "dst_port": 22}, "WEB", "deny"),
            ({**TCP, "protocol": "udp"}, "WEB", "unknown"),
            (TCP6, "V6", "deny"),
        ],
    )
    def test_lists(self, name: str, flow: dict[str, Any], ruleset: str, wanted: str) -> None:
        found = parse_platform("cisco_ios", "r1", {name: RawOutput(name, name, None, SHOWN)})
        assert Questions(found).verdict(flow, ruleset)["verdict"] == wanted
        assert set(found.rulesets) >= {"10", "WEB", "V6"}
        assert not {"SESSIONS", "M"} & set(found.rulesets)

    def test_with_what_was_typed_and_indented(self) -> None:
        text = (
            "r1>show ipv6 access-list\n" + "".join(f"    {line}\n" for line in SHOWN.splitlines()) + "r1#\n"
        )
        found = parse_platform(
            "cisco_ios", "r1", {"access_lists": RawOutput("access_lists", "x", None, text)}
        )
        assert Questions(found).verdict(TCP, "WEB")["verdict"] == "permit"
        assert Questions(found).verdict(TCP6, "V6")["verdict"] == "deny"

    def test_without_a_configuration_the_device_is_not_known(self) -> None:
        found = parse_platform(
            "cisco_ios", "r1", {"access_lists": RawOutput("access_lists", "x", None, SHOWN)}
        )
        assert Questions(found).verdict(TCP)["verdict"] == "unknown"
        assert found.unreadable[0]["what"] == "running_config"

    def test_it_is_a_file_that_can_be_given(self, tmp_path: Any) -> None:
        shown = tmp_path / "shown.txt"
        shown.write_text(SHOWN)
        for command in ("show access-lists", "show ip access-lists"):
            files = [{"command": command, "path": str(shown)}]
            assert list(read_files(platform_of("ios"), files, str)) == ["access_lists"]


class TestBoot:
    """Fault 21: rules that are in memory alone, or saved alone."""

    def boot(self, saved: str) -> dict[str, Any]:
        return state("cisco_ios", RUNNING, startup_config=saved).boot

    def test_the_same(self) -> None:
        saved = RUNNING.replace("Building configuration...\n", "").replace(
            "Current configuration : 2859 bytes", "Using 2859 out of 33554432 bytes"
        )
        assert self.boot(saved)["matches"] == "same"

    def test_a_rule_that_is_not_saved(self) -> None:
        found = self.boot(RUNNING.replace("access-list 101 permit tcp any any eq 5432\n", ""))
        assert found["matches"] == "differs"
        assert found["reason"] == "only running: access-list 101 permit tcp any any eq 5432"

    def test_a_line_that_is_saved_for_another_interface(self) -> None:
        found = self.boot(RUNNING.replace("interface GigabitEthernet1", "interface GigabitEthernet2"))
        assert "only saved: interface GigabitEthernet2" in found["reason"]

    def test_another_order(self) -> None:
        entry = "access-list 101 permit tcp any any eq 5432\n"
        saved = RUNNING.replace(entry, "").replace("!\nend", f"!\n{entry}end")
        assert self.boot(saved)["matches"] == "differs"

    def test_nothing_is_saved(self) -> None:
        found = self.boot("startup-config is not present\n")
        assert (found["matches"], found["reason"]) == ("differs", "nothing is saved")

    def test_not_known(self) -> None:
        assert state("cisco_ios", RUNNING).boot["matches"] == "unknown"
        assert self.boot("% Permission denied\n")["matches"] == "unknown"
        assert self.boot(RUNNING.replace("end\n", ""))["matches"] == "unknown"


LIST = "ip access-list extended A\n permit tcp any any eq 22\n"
OPEN = "ip access-list extended A\npermit ip any any\naccess-list 101 permit ip any any\n"
BOUND = "interface GigabitEthernet1\n ip address 10.0.0.1 255.255.255.0\n ip access-group A in\n"
OTHER = "interface GigabitEthernet2\n ip address 10.9.0.254 255.255.255.0\n"


@pytest.mark.parametrize(
    ("begins", "ends"),
    [
        ("macro name M", "@"),
        ("macro auto execute CISCO_PHONE_EVENT {", "}"),
        ("banner exec #", "#"),
        ("banner motd ^CKeep out", "now^C"),
        ("aaa authentication fail-message ^C", "^C"),
        ("menu M title ^C", "^C"),
        ("aaa authentication fail-message \x03", "\x03"),
        ("line vty 0 4\n vacant-message ^C", "^C"),
    ],
)
def test_what_stands_in_macros_and_messages_is_no_configuration(begins: str, ends: str) -> None:
    text = f"{LIST}{begins}\n{OPEN}{ends}\n{BOUND}{OTHER}"
    found = state("cisco_ios", text)
    assert "101" not in found.rulesets
    flow = {"src": "10.0.0.5", "dst": "10.9.0.1", "protocol": "tcp", "dst_port": 23}
    way = {"in_interface": "GigabitEthernet1", "out_interface": "GigabitEthernet2"}
    assert verdict("cisco_ios", text, {**flow, **way}) == "deny"
    assert verdict("cisco_ios", text, {**flow, **way, "dst_port": 22}) == "permit"


@pytest.mark.parametrize(
    "line", ["interface Loopback0\n description banner message ^C", "access-list 9 remark title ^C"]
)
def test_words_of_the_operators_own_begin_no_message(line: str) -> None:
    text = f"{line}\n{LIST}{BOUND}banner motd ^C\nKeep out\n^C\n"
    assert "ip access-group A in" in str(state("cisco_ios", text).rulesets["interfaces/in"].to_dict())


@pytest.mark.parametrize(
    "begins", ["macro name M", "banner motd #", "banner motd", "aaa authentication banner ^C"]
)
def test_a_text_that_ends_nowhere_hides_no_binding(begins: str) -> None:
    text = f"{begins}\n{LIST}{BOUND}"
    assert "ip access-group A in" in str(state("cisco_ios", text).rulesets["interfaces/in"].to_dict())
