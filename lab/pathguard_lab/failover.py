# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``lab/failover``: rehearsals in a lab of its own: proven, refused while the standby's path is cut, promoted.

Each step is checked by what databases and applications say themselves, never by the play; the first thing that is not
as told ends it with exit status 1."""

from __future__ import annotations

import json
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from . import cli, topology
from .controller import LAB, Controller, Done
from .demo_checks import Expect
from .demo_play import show
from .errors import LabError
from .lab import Lab
from .services import app_status, on_host
from .state import State
from .upkeep import Upkeep

REHEARSAL = LAB.parent / "playbooks" / "failover_rehearsal.yml"
TASKS = LAB / "scenarios" / "failover.yml"
PATTERNS = {"failover_from": "app", "failover_primary": "db_primary", "failover_standby": "db_standby"}
# The standby's address in no rule any more.
FAULT, RULE = "18a", "ip daddr { 10.20.1.10, 10.20.1.11 } tcp dport 5432 counter accept"
PATIENCE = 20.0
Say = Callable[[str], None]


def _say(text: str = "") -> None:
    print(text, flush=True)


class Failover:
    """The rehearsals in the lab whose record is in ``state``; ``folder``: for what the plays write."""

    def __init__(self, state: State, folder: Path, say: Say = _say) -> None:
        self.state = state
        self.folder = folder
        self.expect = Expect(say)
        self._say = say

    def rehearse(self, **variables: str) -> Done:
        words = ["-e", json.dumps({**PATTERNS, **variables})]
        done = Controller(self.state).play(REHEARSAL, *words, cwd=self.folder)
        show(done.output, self._say)
        return done

    def promote(self) -> Done:
        return self.rehearse(failover_tasks=str(TASKS), failover_hosts="db:app")

    def proven(self) -> None:
        """Without tasks: proven and tried, nothing changed."""
        done = self.rehearse()
        expect = self.expect
        expect("the rehearsal ends well", done.code == 0)
        expect("the paths are proven and tried", "rules and routes let all of it pass" in done.output)
        expect("db2 is a standby still", self.in_recovery("db2"))

    def refused(self) -> None:
        """The standby's path is cut: the rule is named, and nothing was promoted."""
        words = ("-e", json.dumps({"fault": FAULT, "stage": "change"}))
        made = Controller(self.state).play(LAB / "scenarios" / "faults" / "apply.yml", *words)
        if made.code != 0:
            raise LabError(f"the fault could not be made\n{made.output[-600:]}")
        before = self._apps_at()
        done = self.promote()
        expect = self.expect
        expect("the rehearsal fails", done.code == 2)
        expect("it says that nothing was promoted", "nothing was promoted" in done.output)
        told = " ".join(done.output.split())
        expect("it names fw1, and the rule as it was", "It is the firewall: fw1" in told and RULE in told)
        expect(
            "it tells what puts the rule back", "Put it back: nft replace rule inet filter forward" in told
        )
        expect("db2 is a standby still", self.in_recovery("db2") and not self.in_recovery("db1"))
        expect("the applications are where they were", self._apps_at() == before)

    def promoted(self) -> None:
        """The standby is the primary, all pools write on it, and the old primary follows it."""
        done = self.promote()
        expect = self.expect
        expect("the rehearsal ends well", done.code == 0, done.output[-300:])
        expect("db2 is a primary, db1 a standby", not self.in_recovery("db2") and self.in_recovery("db1"))
        writing = self._await(self._writing)
        expect(
            f"the pools of {len(writing)} applications write on db2", len(writing) == len(topology.APP_HOSTS)
        )
        clients = self.ask("db2", CLIENTS)
        expect("db2 says so, too: ten clients", clients == str(len(topology.APP_HOSTS)), clients)
        changed = self.ask("db2", CHANGED)
        expect("their writes are there", int(changed) > 0, changed)
        expect("db1 gets them from db2", self._await(lambda: self.ask("db1", CHANGED) != "0"))

    def reset(self) -> None:
        """As when the lab came up."""
        Upkeep(self.state).reset()

    def restored(self) -> None:
        """The same, looked at."""
        self.reset()
        expect = self.expect
        expect("db1 is the primary again", not self.in_recovery("db1") and self.in_recovery("db2"))
        expect("the applications use it", self._apps_at() == {str(topology.DB.address4(10))})

    def ask(self, host: str, statement: str) -> str:
        """What the database's own administrator gets."""
        words = (
            "setpriv",
            "--reuid",
            "postgres",
            "--regid",
            "postgres",
            "--init-groups",
            "env",
            "--chdir",
            "/",
            "psql",
        )
        options = ("--host", "/run/postgresql", "-AtX", "--command", statement, "shop")
        return on_host(self._inits[host], *words, *options, what=f"asking the database on {host}").strip()

    def in_recovery(self, host: str) -> bool:
        return self.ask(host, "SELECT pg_is_in_recovery()") == "t"

    @property
    def _inits(self) -> dict[str, Any]:
        return self.state.running().inits

    def _writing(self) -> list[str]:
        """The applications whose pool is whole and has written; empty until it is all of them."""
        pools = {name: (app_status(self._inits[name]) or {}).get("pool") for name in topology.APP_HOSTS}
        found = [
            name for name, pool in pools.items() if pool and pool["alive"] == pool["size"] and pool["writes"]
        ]
        return found if len(found) == len(pools) else []

    def _apps_at(self) -> set[str]:
        files = (
            f"/proc/{self._inits[name].pid}/root/etc/pathguard-app/app.json" for name in topology.APP_HOSTS
        )
        return {json.loads(Path(file).read_text(encoding="utf-8"))["host"] for file in files}

    def _await(self, found: Callable[[], Any]) -> Any:
        deadline = time.monotonic() + PATIENCE
        while not (answer := found()) and time.monotonic() < deadline:
            time.sleep(0.2)
        return answer


# Applications by their address; and what was written after the table was made.
CLIENTS = "SELECT count(DISTINCT client_addr) FROM pg_stat_activity WHERE application_name = 'shop'"
CHANGED = "SELECT count(*) FROM orders WHERE placed > (SELECT min(placed) FROM orders)"


def main() -> int:
    if sys.argv[1:]:
        print("lab/failover takes no arguments: it rehearses a failover in a lab of its own", file=sys.stderr)
        return 0 if sys.argv[1] in ("-h", "--help") else 2
    for number in cli.STOPPING:
        signal.signal(number, cli.interrupted)
    began = time.monotonic()
    lab = Lab(State(), say=lambda text: _say(f"  {text}"))
    folder, up = Path(tempfile.mkdtemp(prefix="pathguard-failover-")), False
    try:
        lab.refuse_if_running("failover")
        _say("=== a lab comes up: db1 is the primary, db2 its standby")
        lab.up()
        up = True
        failover = Failover(lab.state, folder)
        _say("\n=== 1 of 3: all is well: proven and tried, and nothing is promoted")
        failover.proven()
        _say(
            "\n=== 2 of 3: a routine update takes the standby out of the firewall's rules: the rehearsal refuses"
        )
        failover.refused()
        failover.reset()
        _say("\n=== 3 of 3: the standby is promoted, and all goes back")
        failover.promoted()
        failover.restored()
    except LabError as error:
        print(f"lab/failover: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt as reason:
        print(f"lab/failover: stopped by {reason}; nothing is left running", file=sys.stderr)
        return 130
    finally:
        if up:
            lab.down()
        shutil.rmtree(folder)
    _say(f"\nAll as told, in {time.monotonic() - began:.0f} s: {failover.expect.count} checks.")
    return 0
