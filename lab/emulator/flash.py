# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files on an emulated device: what is there, what is in them, copies of them.

Behaviour: Cisco IOS Configuration Fundamentals Command Reference (copy, delete, dir, more), Cisco Nexus 9000 Series
NX-OS Fundamentals Configuration Guide, "Working with Files", Arista EOS User Manual, "Managing Files". What these do
not print is worded by us.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from .cisco import CiscoDevice


class Flash:
    """What a terminal can do with files. ``RUNNING``: how the running configuration is called as a source."""

    if TYPE_CHECKING:
        device: CiscoDevice

    RUNNING: ClassVar[str] = "running-config"
    ABSENT: ClassVar[str] = "%Error opening {} (No such file or directory)\n"

    def list_files(self, place: str) -> str:
        names = [name for name in self.device.files if name.startswith(place)]
        lines = [
            f"{number:5}  -rw-  {len(self.device.files[name]):12}   Nov 23 2026 09:00:00 +00:00  {name[len(place) :]}"
            for number, name in enumerate(names, 1)
        ]
        total = "\n4096000 bytes total (2048000 bytes free)\n"
        return f"Directory of {place}/\n\n" + "".join(f"{line}\n" for line in lines) + total

    def show_file(self, file: str) -> str:
        return self.device.files.get(file) or self.ABSENT.format(file)

    def delete_file(self, file: str) -> str:
        return "" if self.device.files.pop(file, None) is not None else self.ABSENT.format(file)

    def copy_file(self, file: str, to: str) -> str:
        text = self.device.body() if file == self.RUNNING else self.device.files.get(file)
        if text is None:
            return self.ABSENT.format(file)
        self.device.files[to] = text
        return "Copy completed successfully.\n"
