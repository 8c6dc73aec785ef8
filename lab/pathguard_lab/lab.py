# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab as a whole: up and down."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from . import topology
from .contents import host_files, make_host_keys, make_secrets
from .errors import LabError
from .machine import Starting, boot, connect_controller, make_switches, plug_in
from .process import Identity, in_parallel, kill_all
from .services import await_apps, fingerprints, make_primary, make_standby
from .state import Record, State, command

Say = Callable[[str], None]


class Lab:
    """The lab whose record is in ``state``."""

    def __init__(self, state: State | None = None, say: Say = print) -> None:
        self.state = state or State()
        self.say = say

    def refuse_if_running(self, name: str = "up") -> None:
        """``name``: of the command that wants to start one."""
        record = self.state.read()
        if record is not None and record.alive():
            raise LabError(
                f"a lab is already running ({self.state.folder})\n"
                f"what to do: use it, take it down with {command('down')}, or have another beside it: "
                f"XDG_STATE_HOME=~/lab2 ./lab/{name}"
            )

    def up(self, ecmp: bool = False) -> None:
        """Start everything, or leave nothing behind and raise LabError (or what interrupted it)."""
        with self.state.locked():
            self.refuse_if_running()
            if self.state.folder.exists():
                self.say("removing what a lab that did not end well has left")
                self.state.remove()
            starting: dict[str, Starting] = {}
            record = Record(ecmp, time.time())
            try:
                self.state.create()
                self._start(record, starting)
            except BaseException:
                for one in starting.values():
                    one.drop()
                kill_all(list(record.inits.values()))
                self.state.remove()
                raise

    def _start(self, record: Record, starting: dict[str, Starting]) -> None:
        began = time.monotonic()

        def stage(text: str) -> None:
            self.say(f"{time.monotonic() - began:5.1f} s  {text}")

        made = make_secrets(self.state)
        make_host_keys(self.state)
        stage("keys and passwords made")
        starting[topology.WIRE] = Starting(self.state, topology.WIRE, "wire", [])
        starting[topology.CONTROLLER] = Starting(self.state, topology.CONTROLLER, "controller", [])
        # The databases come first: making a cluster takes longest, and the rest is done meanwhile.
        for host in sorted(topology.HOSTS.values(), key=lambda host: "db" not in host.groups):
            starting[host.name] = Starting(
                self.state, host.name, "host", host_files(self.state, host, made, record.ecmp)
            )
        for name, one in starting.items():
            record.inits[name] = one.ready()
        stage(f"{len(starting)} hosts have their namespaces and files")
        self._cable(record.inits)
        stage("switches and cables in place")
        with ThreadPoolExecutor(1) as aside:
            boot(record.inits["db1"], "db1")
            primary = aside.submit(make_primary, record.inits["db1"])
            in_parallel(
                lambda name: boot(record.inits[name], name), [n for n in topology.HOSTS if n != "db1"]
            )
            stage("all hosts run: firewalls loaded, sshd listens")
            primary.result()
        stage("PostgreSQL primary on db1")
        make_standby(record.inits["db2"])
        stage("PostgreSQL standby on db2")
        await_apps(record.inits)
        stage(f"{len(topology.APP_HOSTS)} applications reach their database")
        self.state.write_fingerprints(fingerprints(record.inits))
        self.state.write(record)
        for one in starting.values():
            one.let_go()

    def _cable(self, inits: dict[str, Identity]) -> None:
        wire = inits[topology.WIRE]
        make_switches(wire)
        for host in topology.HOSTS.values():
            plug_in(wire, host.name, inits[host.name], host.legs())
        plug_in(
            wire,
            topology.CONTROLLER,
            inits[topology.CONTROLLER],
            [(topology.MANAGEMENT, topology.CONTROLLER_NUMBER)],
        )
        connect_controller(inits[topology.CONTROLLER])

    def down(self) -> bool:
        """End the lab and remove its state; False when there was nothing to do."""
        with self.state.locked():
            if not self.state.folder.exists():
                return False
            record = self.state.read()
            left = kill_all(list(record.inits.values())) if record is not None else []
            if left:
                raise LabError(
                    f"processes {', '.join(str(one.pid) for one in left)} did not end\n"
                    f"what to do: look at them, then run {command('down')} again"
                )
            self.state.remove()
            return True
