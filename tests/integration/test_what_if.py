# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A change that is known before: proven as it is planned, from the file that the change is going to load."""

from __future__ import annotations

import json
from pathlib import Path

from tests.integration.guard_play import Guarded, fw1, on_fw1
from tests.integration.lab_fixture import Lab

# The rule of the outage: what said /24 says /26.
NARROW = """
flush chain inet filter forward
table inet filter {
  chain forward {
    ct state vmap { established : accept, related : accept, invalid : drop }
    ip saddr 10.10.1.0/26 ip daddr { 10.20.1.10, 10.20.1.11 } tcp dport 5432 accept
  }
}
"""
HARMLESS = "insert rule inet filter forward ip saddr 192.0.2.0/24 tcp dport 443 drop\n"


def test_a_planned_change_is_proven_before_it_is_made(ruled_lab: Lab, tmp_path: Path) -> None:
    guarded = Guarded(ruled_lab, tmp_path)
    before = fw1(ruled_lab)
    load = on_fw1("nft -f -")
    load["ansible.builtin.shell"] = {
        "cmd": "nft -f -",
        "stdin": "{{ lookup('file', playbook_dir ~ '/fw1.nft') }}",
    }
    (tmp_path / "fw1.nft").write_text(NARROW)
    done = guarded.run([load], candidates={"fw1": "fw1.nft"})
    assert (done.code, done.decisions) == (2, ["stopped"]), done.output
    assert "as planned, the change would make worse" in done.output
    assert "cut off" in done.output
    assert "app08" in done.output
    assert fw1(ruled_lab) == before
    assert done.guard["checkpoints"] == {}
    planned = json.loads(next((tmp_path / "pathguard").glob("*/planned.json")).read_text())
    assert planned["hosts"]["fw1"]["candidates"] == [str(tmp_path / "fw1.nft")]
    assert not planned["changes"]["touches_no_required_path"]

    (tmp_path / "fw1.nft").write_text(HARMLESS)
    kept = guarded.run([load], candidates={"fw1": "fw1.nft"})
    assert (kept.code, kept.decisions[-1]) == (0, "confirmed"), kept.output
    assert "this change touches no required path" in kept.output
    assert "as it was planned" not in kept.output
    assert fw1(ruled_lab) != before
