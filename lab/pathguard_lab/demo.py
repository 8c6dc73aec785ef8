# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``lab/demo``: four scenarios on a lab of its own. Each is checked by what the hosts are like afterwards and by
the guard's report, never by somebody looking; the first thing that is not as told ends it with exit status 1."""

from __future__ import annotations

import argparse
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path

from . import topology
from .demo_checks import Expect, Remains, firewall_rules, reaching, saved_rules
from .demo_play import Play, report_of, show
from .errors import LabError
from .lab import Lab
from .state import State

CUT = ["10.10.1.66", "10.10.1.100", "10.10.1.200"]
CUT_HOSTS = ["app08", "app09", "app10"]
PATH = "app to primary"
SCREEN = 40
# Long enough for the change on a slow machine, short enough to wait for.
TIMER_SECONDS = 45
PATIENCE = 60.0


def _say(text: str = "") -> None:
    print(text, flush=True)


def _title(text: str) -> None:
    _say(f"\n=== {text}")


class Demo:
    """The four scenarios. ``folder``: for the plays' output and the guard's reports; ``kept``: whether it stays."""

    def __init__(self, lab: Lab, folder: Path, kept: bool) -> None:
        self.lab = lab
        self.folder = folder
        self.kept = kept
        self.expect = Expect(_say)

    @property
    def _inits(self):
        return self.lab.state.running().inits

    def harmless(self) -> None:
        _title("1 of 4: a harmless update of ten app hosts, in two batches, behind the guard")
        play = Play(self.lab.state, self.folder / "1", "harmless.yml", {"shop_version": "1.1.0", "batch": 5})
        done = play.run()
        show(done.output, _say)
        expect = self.expect
        expect("the play ends well", done.code == 0)
        expect(
            "each batch was a run of its own, and was confirmed",
            play.decisions() == ["confirmed", "confirmed"],
        )
        versions = {name: self._read(name, "opt/pathguard-app/VERSION") for name in topology.APP_HOSTS}
        expect("all ten app hosts have the new version", set(versions.values()) == {"1.1.0"})
        expect("all ten reach the database", reaching(self._inits) == list(topology.APP_HOSTS))

    def caught(self) -> None:
        _title("2 of 4: a routine update that also tidies the firewall: /24 becomes /26 in one rule")
        before, saved = firewall_rules(self._inits["fw1"]), saved_rules(self._inits["fw1"])
        play = Play(self.lab.state, self.folder / "2", "routine.yml", {"shop_version": "1.2.0", "batch": 10})
        done = play.run()
        show(done.output, _say)
        _say(f"  (the report above is in the files that it names, too; {self._fate()})")
        expect = self.expect
        expect("the play fails", done.code == 2)
        expect("the guard's decision is: reverted, and proven", play.decisions() == ["reverted"])
        report, text = report_of(play.runs()[0])
        path = next(item for item in report["paths"] if item["name"] == PATH)
        guard = report["guard"]
        change = next(item for item in guard["paths"] if item["name"] == PATH)
        expect(f"path '{PATH}' was open", change["before"]["status"] == "open")
        expect(
            "it is partial: 7 of 10 app hosts are left",
            (path["status"], change["after"]["share"]) == ("partial", "7 of 10 app hosts"),
        )
        expect(
            f"cut off are exactly {', '.join(CUT)}",
            path["cut"]["from"] == CUT and path["cut"]["hosts"] == CUT_HOSTS,
        )
        cure = path["remedy"][0]
        expect(
            "the rule: fw1, table inet filter, chain forward, with its handle",
            (cure["host"], cure["chain"]) == ("fw1", "inet/filter/forward")
            and cure["now"]["handle"] is not None,
        )
        expect(
            "what it says now, and what it said before",
            "10.10.1.0/26" in cure["now"]["text"] and "10.10.1.0/24" in cure["before"]["text"],
        )
        rows = [
            row
            for row in guard["probes"]["after"]
            if row["path"] == PATH and row["host"] in CUT_HOSTS and row["proof"] == "cut"
        ]
        expect(
            "new connections time out there", [row["result"] for row in rows] == ["timeout"] * len(CUT_HOSTS)
        )
        expect("pooled connections still live there", all(row["pooled_alive"] > 0 for row in rows))
        back = guard["revert"]
        expect(
            "the revert is proven by fingerprint, paths and probes",
            (back["fingerprint"], back["paths"], back["probes"]) == (True, True, True),
        )
        expect(
            "fw1's rules are what they were, in memory and on disk",
            (firewall_rules(self._inits["fw1"]), saved_rules(self._inits["fw1"])) == (before, saved),
        )
        expect("all ten reach the database again", reaching(self._inits) == list(topology.APP_HOSTS))
        expect(
            f"all of it stands on one screen (at most {SCREEN} lines)",
            len(text.splitlines()) <= SCREEN
            and all(line in done.output for line in text.splitlines() if line.strip()),
        )
        expect("the report's JSON fits its schema", play.fits_schema())

    def _fate(self) -> str:
        if self.kept:
            return "they are kept"
        return "the demo removes them at its end, ./lab/demo --keep FOLDER keeps them"

    def killed(self) -> None:
        _title("3 of 4: the same break, and ansible-playbook is killed (SIGKILL) right after it")
        before, saved = firewall_rules(self._inits["fw1"]), saved_rules(self._inits["fw1"])
        play = Play(
            self.lab.state,
            self.folder / "3",
            "routine.yml",
            {"shop_version": "1.3.0", "batch": 10, "path_guard_timeout": TIMER_SECONDS},
        )
        play.run_until(lambda: "10.10.1.0/26" in firewall_rules(self._inits["fw1"]), PATIENCE)
        began = time.monotonic()
        _say(
            f"  fw1 has the narrow rule, and ansible-playbook is dead; the timer on fw1, of {TIMER_SECONDS} s, "
            "runs since before the change"
        )
        expect = self.expect
        expect("the narrow rule is in force", "10.10.1.0/26" in firewall_rules(self._inits["fw1"]))
        expect(
            "three app hosts are cut off",
            reaching(self._inits) == [name for name in topology.APP_HOSTS if name not in CUT_HOSTS],
        )
        while (
            firewall_rules(self._inits["fw1"]) != before
            and time.monotonic() - began < TIMER_SECONDS + PATIENCE
        ):
            time.sleep(0.5)
        expect(
            "fw1's rules are what they were, in memory and on disk",
            (firewall_rules(self._inits["fw1"]), saved_rules(self._inits["fw1"])) == (before, saved),
        )
        _say(f"  that was {time.monotonic() - began:.0f} s after the kill: the rest of the timer's time")
        look = Play(self.lab.state, self.folder / "3", "", {}).look()
        expect(
            "the checkpoint on fw1 says that it fired, and that the fingerprint is the recorded one",
            look["state"] == "fired" and look["proven"] is True and look["same_fingerprint"] is True,
        )
        expect(
            "new connections from all ten app hosts get through (path_probe)",
            look["reachable"] == look["asked"] and look["asked"] >= len(topology.APP_HOSTS),
        )

    def gone(self) -> None:
        _title("4 of 4: the lab is taken down, and nothing is left")
        remains = Remains.of(self.lab.state)
        self.lab.down()
        for what, left in remains.look().items():
            self.expect(f"no {what} left", not left, ", ".join(left[:5]))

    def _read(self, host: str, path: str) -> str:
        return Path(f"/proc/{self._inits[host].pid}/root/{path}").read_text(encoding="utf-8").strip()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="lab/demo", description="Shows the guard at work, and checks it.")
    parser.add_argument(
        "--keep", metavar="FOLDER", help="a new folder for the plays' output and the guard's reports"
    )
    return parser


def _folder(keep: Path | None) -> Path:
    if keep is None:
        return Path(tempfile.mkdtemp(prefix="pathguard-demo-"))
    try:
        keep.mkdir(mode=0o700, parents=True)
    except OSError as error:
        raise LabError(
            f"{keep} can't be made: {error.strerror}\nwhat to do: name another folder with --keep"
        ) from None
    return keep


def _interrupted(number: int, _frame: object) -> None:
    for other in (
        signal.SIGTERM,
        signal.SIGHUP,
        signal.SIGINT,
    ):  # once is enough: what comes next is cleaning up
        signal.signal(other, signal.SIG_IGN)
    raise KeyboardInterrupt(signal.Signals(number).name)


def main() -> int:
    options = _parser().parse_args()
    keep = Path(options.keep).absolute() if options.keep else None
    if keep and keep.exists():
        print(f"lab/demo: {keep} exists already\nwhat to do: name a folder that does not", file=sys.stderr)
        return 2
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, _interrupted)
    began = time.monotonic()
    lab = Lab(State(), say=lambda text: _say(f"  {text}"))
    folder: Path | None = None
    up = False
    try:
        lab.refuse_if_running("demo")
        folder = _folder(keep)
        _title("bringing up the lab: ten app hosts, two firewalls, two databases, a controller")
        lab.up()
        up = True
        demo = Demo(lab, folder, kept=keep is not None)
        for scenario in (demo.harmless, demo.caught, demo.killed, demo.gone):
            scenario()
        up = False
    except LabError as error:
        print(f"lab/demo: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt as reason:
        print(f"lab/demo: stopped by {reason}", file=sys.stderr)
        return 130
    finally:
        if up:
            lab.down()
        if folder is not None and not keep:
            shutil.rmtree(folder)
    if keep:
        _say(f"\nkept: the plays' output and the guard's reports, in {keep}")
    _say(f"\nAll as told, in {time.monotonic() - began:.0f} s: {demo.expect.count} checks.")
    return 0
