# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What runs on the lab's firewalls beside what they load at boot."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.integration.gather_play import play
from tests.integration.lab_fixture import Lab

BY_HAND = "ip saddr 192.0.2.7 drop"


def boot(lab: Lab, folder: Path, host: str) -> dict[str, Any]:
    """``boot`` of a host, and by service how its file compares."""
    options = {"pathguard.network.firewall_info": {"return_state": True}, "name": "read"}
    folder.mkdir()
    played = play(lab, folder, [options], hosts=host)
    assert played.rc == 0, played.text
    firewall = played.of("read", host)["firewall"]
    found: dict[str, Any] = firewall["state"]["boot"]
    assert firewall["boot"] == {"matches": found["matches"], "reason": found["reason"]}
    return {**found, "by_manager": {source["manager"]: source["matches"] for source in found["sources"]}}


def test_nft_in_memory_only_and_on_disk_only(fresh_lab: Lab, tmp_path: Path) -> None:
    same = boot(fresh_lab, tmp_path / "same", "fw1")
    assert same["by_manager"] == {"nftables": "same"}
    # The lab's hosts have no service manager that could say whether the file is loaded.
    assert (same["matches"], same["reason"]) == (
        "unknown",
        "whether /etc/nftables.conf is loaded at boot is not known",
    )
    listed = fresh_lab.run("fw1", "nft -s list ruleset", check=True).stdout
    fresh_lab.run("fw1", f"nft insert rule inet filter forward {BY_HAND}", check=True)
    in_memory = boot(fresh_lab, tmp_path / "memory", "fw1")
    assert in_memory["matches"] == "differs"
    assert in_memory["reason"] == f"/etc/nftables.conf: inet/filter: runs {BY_HAND}"
    fresh_lab.run("fw1", "reload-firewall", check=True)
    assert fresh_lab.run("fw1", "nft -s list ruleset", check=True).stdout == listed
    fresh_lab.run(
        "fw1", "sed -i 's,ip saddr 10.10.1.0/24,ip saddr 10.10.1.0/26,' /etc/nftables.conf", check=True
    )
    on_disk = boot(fresh_lab, tmp_path / "disk", "fw1")
    assert on_disk["matches"] == "differs"
    assert "saved" in on_disk["reason"]
    assert "10.10.1.0/26" in on_disk["reason"]
    assert fresh_lab.run("fw1", "nft -s list ruleset", check=True).stdout == listed, (
        "reading has loaded nothing"
    )


def test_iptables_and_ipset_of_the_other_firewall(fresh_lab: Lab, tmp_path: Path) -> None:
    assert set(boot(fresh_lab, tmp_path / "same", "fw2")["by_manager"].values()) == {"same"}
    fresh_lab.run("fw2", "iptables -I FORWARD -s 192.0.2.7 -j DROP", check=True)
    found = boot(fresh_lab, tmp_path / "memory", "fw2")
    assert found["matches"] == "differs"
    assert "runs -A FORWARD -s 192.0.2.7/32 -j DROP" in found["reason"]
