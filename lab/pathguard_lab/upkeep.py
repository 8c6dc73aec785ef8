# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What happens to a lab that runs: a host restarts, changed hosts are made anew, routes change."""

from __future__ import annotations

from pathlib import Path

from . import topology
from .contents import host_files, read_secrets
from .errors import LabError
from .machine import Starting, boot, plug_in, unplug
from .process import HOST_ENVIRONMENT, Identity, in_parallel, inside, ip_batch, kill_all, run
from .services import await_apps, fingerprints, make_primary, make_standby, on_host
from .state import Record, State

FORGET_CONTROLLER = "kill -KILL -1; rm -rf /run/pathguard-lab/ansible"
RULE_FILES = (
    "/etc/nftables.conf",
    "/etc/iptables/rules.v4",
    "/etc/iptables/rules.v6",
    "/etc/sysctl.d/20-router.conf",
)


class Upkeep:
    """Changes to the running lab whose record is in ``state``."""

    def __init__(self, state: State | None = None) -> None:
        self.state = state or State()

    def reboot(self, name: str) -> None:
        """Restart one host: its processes and all that lived in memory are gone, its disk is not, and
        it has a new boot id."""
        with self.state.locked():
            record = self.state.running()
            if name not in topology.HOSTS:
                raise LabError(
                    f"no host {name} in the lab\nwhat to do: name one of {', '.join(topology.HOSTS)}"
                )
            on_host(record.inits[name], "/usr/local/sbin/lab-shutdown", what=f"shutting down {name}")
            boot(record.inits[name], name)

    def route(self, ecmp: bool) -> None:
        """Route between the segments over both firewalls, or over fw1 alone, both ways; with the rules that go
        with it."""
        with self.state.locked():
            record = self.state.running()
            made = read_secrets(self.state)
            for host in topology.HOSTS.values():
                process = record.inits[host.name]
                if host.far is None:
                    for path, _unused, _unused, _unused, text in host_files(self.state, host, made, ecmp):
                        if path in RULE_FILES:
                            Path(f"/proc/{process.pid}/root{path}").write_text(text, encoding="utf-8")
                    load = f"sysctl -q -w net.netfilter.nf_conntrack_tcp_loose={int(not ecmp)} && reload-firewall"
                    on_host(process, "bash", "-c", load, what=f"loading the rules of {host.name}")
                else:
                    lines = [
                        f"route delete {host.far.net4}",
                        f"route delete {host.far.net6}",
                        *topology.route_lines(host, ecmp),
                    ]
                    ip_batch(process, lines, what=f"routes of {host.name}")

    def reset(self, await_pools: bool = True) -> list[str]:
        """Make every host anew that is not as it was when the lab came up; return their names. What runs
        on the controller is ended.

        Without ``await_pools`` the applications may still be finding their database again, unless that was made
        anew itself."""
        with self.state.locked():
            record = self.state.running()
            run(
                inside(
                    record.inits[topology.CONTROLLER].pid, ["bash", "-c", FORGET_CONTROLLER], own_root=False
                ),
                what="clearing the controller",
                env=HOST_ENVIRONMENT,
            )
            wanted = self.state.read_fingerprints()
            changed = self._changed(record, wanted)
            if changed:
                self._remake(record, changed)
                if await_pools or not topology.DATABASES.isdisjoint(changed):
                    await_apps(record.inits)
                self.state.write_fingerprints({**wanted, **fingerprints(record.inits, changed)})
            return changed

    def _changed(self, record: Record, wanted: dict[str, str]) -> list[str]:
        alive = [name for name in topology.HOSTS if record.inits[name].alive()]
        now = fingerprints(record.inits, alive)
        changed = [name for name in topology.HOSTS if now.get(name) != wanted[name]]
        if "db1" in changed and "db2" not in changed:  # a standby follows one primary, and only that
            changed.append("db2")
        return changed

    def _remake(self, record: Record, names: list[str]) -> None:
        wire, made = record.inits[topology.WIRE], read_secrets(self.state)
        kill_all([record.inits[name] for name in names])
        starting: dict[str, Starting] = {}
        try:
            for name in names:
                host = topology.HOSTS[name]
                unplug(wire, name, host.legs())
                starting[name] = Starting(
                    self.state, name, "host", host_files(self.state, host, made, record.ecmp)
                )
            inits: dict[str, Identity] = {}
            for name, one in starting.items():
                inits[name] = one.ready()
                plug_in(wire, name, inits[name], topology.HOSTS[name].legs())
            in_parallel(lambda name: boot(inits[name], name), names)
            if "db1" in names:
                make_primary(inits["db1"])
            if "db2" in names:
                make_standby(inits["db2"])
            record.inits.update(inits)
            self.state.write(record)
            for one in starting.values():
                one.let_go()
        finally:
            for one in starting.values():
                one.drop()
