# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""VyOS: the timer of commit-confirm, and a saved configuration that can be loaded again.

Source: VyOS User Guide, "Command Line Interface" (``commit-confirm MINUTES``, ``confirm``, ``save``, ``load``); the
timer is the systemd unit ``commit-confirm.timer`` (VyOS 1.3: vyatta-config-mgmt.pl; since 1.4: config_mgmt.py of
vyos-1x). It belongs to the change's own commit; anybody may confirm it. It can't be given more time: a second
commit-confirm is refused while one waits, and one after ``confirm`` would go back to what was confirmed. A plain
``commit`` meanwhile neither ends nor joins it.

What the timer does is configured: ``system config-management commit-confirm action reload`` loads the commit before it
(VyOS 1.5); without that line the device reboots, and loads what was saved. A commit is not saved by itself.
"""

from __future__ import annotations

import re
from typing import ClassVar

from ...errors import CheckpointError
from .console import Console, tell, words_of
from .means import Traits

# Of a shell, of the configuration mode, and of config-mgmt.
_REFUSED = (
    r"^.*\b(?:Commit failed|No such file|No space left|Permission denied|[Cc]annot (?:open|stat|remove|create)"
    r"|command not found|Could not|Failed to (?:parse|generate|load)|does NOT appear)\b.*"
    r"|^\s*(?:[Ee]rror|ERROR|Invalid command|Unknown command|Set failed)\b.*"
    r"|^.*\b[Cc]onfiguration .*\blocked\b.*|^No confirm pending.*"
)
_AT_ONCE = r"\A\s*(?:Invalid command|Could not|.*(?:No such file|Permission denied|command not found)).*"
_FOLDER = "/config/"
_BOOT = "/config/config.boot"
_PATIENCE = 180.0  # seconds: a commit of a large configuration
_TIMER = (
    "systemctl show commit-confirm.timer --property=ActiveState,NextElapseUSecMonotonic; "
    "cut -d' ' -f1 /proc/uptime"
)
_ENDS = re.compile(r"^NextElapseUSecMonotonic=(.*)$", re.M)
_UPTIME = re.compile(r"^(\d+\.\d+)\s*$", re.M)
_SPAN = re.compile(r"([\d.]+)(us|ms|s|min|h|d|w)\b")
_SECONDS = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}
_LINE = re.compile(r"^set .*\S")
_QUOTED = re.compile(r"""(['"])(.*)\1$""")


def _lines(said: str) -> str:
    """A configuration as commands: in an order that does not depend on who prints them, values without quotes."""
    found = [_QUOTED.sub(r"\2", line) for line in map(str.rstrip, said.splitlines()) if _LINE.match(line)]
    return "".join(f"{line}\n" for line in sorted(found))


class VyosMeans:
    """See ``means.Means``."""

    traits: ClassVar[Traits] = Traits(
        "wraps_commit",
        "configure; load /config/{name}; commit; confirm; save; exit",
        "commit it with 'commit-confirm MINUTES', more than the guard needs: it can't be given more time",
        "reboot",
        calm=r"^set system config-management commit-confirm (?:action )?'?reload\b",
        warns="its commit-confirm reboots the device when it is not confirmed in time, and loads what was saved last: "
        "use it only if you want that, or first commit 'set system config-management commit-confirm action reload' "
        "(VyOS 1.5); a plain commit is put back from a controller alone",
    )

    def names(self, device: Console) -> list[str]:
        said = tell(device, f"ls -1 --color=never {_FOLDER}", refused=_AT_ONCE)
        return sorted({word for word in said.split() if word.startswith("pathguard-")})

    def save(self, device: Console, name: str) -> None:
        self._edit(device, f"save {_FOLDER}{name}")

    def copy(self, device: Console, name: str, to: str) -> None:
        tell(device, f"cp -f {_FOLDER}{name} {_FOLDER}{to}", refused=_REFUSED)

    def delete(self, device: Console, name: str) -> None:
        tell(device, f"rm -f {_FOLDER}{name}", refused=_REFUSED)

    def text(self, device: Console, name: str) -> str:
        return self._commands(device, f"vyos-config-to-commands {_FOLDER}{name}")

    def running(self, device: Console) -> str:
        return self._commands(device, "show configuration commands")

    def startup(self, device: Console) -> str:
        return self._commands(device, f"vyos-config-to-commands {_BOOT}")

    @staticmethod
    def _commands(device: Console, command: str) -> str:
        said = tell(device, command, refused=_AT_ONCE)
        found = _lines(said)
        if not found:
            raise CheckpointError(
                f"{command!r} shows no configuration: {words_of(said) or 'nothing'}",
                device.host,
                "log in as an administrator of VyOS",
            )
        return found

    def write(self, device: Console) -> None:
        self._edit(device, "save")

    def pending(self, device: Console) -> float | None:
        said = tell(device, _TIMER, refused=_AT_ONCE)
        if "ActiveState=active" not in said:
            return None
        ends, now = _ENDS.search(said), _UPTIME.search(said)
        spans = _SPAN.findall(ends[1]) if ends else []
        if not spans or now is None:
            return 0.0
        return max(0.0, sum(float(number) * _SECONDS[unit] for number, unit in spans) - float(now[1]))

    def start(self, device: Console, seconds: float) -> None:
        """Nothing before the change's own commit, and that can't be given more time."""

    def keep(self, device: Console) -> None:
        self._edit(device, "confirm")

    def back(self, device: Console) -> None:
        """The copy is loaded first (``replace``): while the timer runs, the device goes back if that is cut short."""

    def replace(self, device: Console, name: str) -> None:
        self._edit(device, f"load {_FOLDER}{name}", "commit")
        if self.pending(device) is not None:
            self.keep(device)

    @staticmethod
    def _edit(device: Console, *commands: str) -> None:
        tell(device, "configure", refused=_REFUSED)
        leave = "exit"
        try:
            tell(device, *commands, refused=_REFUSED, timeout=_PATIENCE)
        except CheckpointError:
            leave = "exit discard"  # what was loaded and not committed
            raise
        finally:
            device.send(leave)
