# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host says of its checkpoint: plain data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from ..errors import CheckpointError

STATES = ("none", "armed", "confirmed", "restoring", "restored", "fired", "failed")

_SKIPPED = ("host",)


@dataclass(frozen=True)
class Holder:
    """The run that holds a checkpoint. ``state`` as in CheckpointStatus, ``remaining`` in seconds, 0 if no timer
    runs."""

    id: str
    user: str
    controller: str
    since: str
    remaining: float
    state: str

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> Holder:
        """From what an agent tells of it; another version's may tell less."""
        names = ("id", "user", "controller", "since")
        told = {name: str(document.get(name) or "unknown") for name in names}
        return cls(
            **told, remaining=float(document.get("remaining") or 0.0), state=str(document.get("state", ""))
        )

    @property
    def run(self) -> str:
        return f"run {self.id} of {self.user} on {self.controller}"


class HeldError(CheckpointError):
    """Refused, because another run holds the host."""

    def __init__(self, what: str, where: str = "", todo: str = "", holder: Holder | None = None) -> None:
        super().__init__(what, where, todo)
        self.holder = holder or Holder.read({})

    def __reduce__(self) -> tuple[type[HeldError], tuple[str, str, str, Holder]]:  # type: ignore[override]
        return type(self), (self.what, self.where, self.todo, self.holder)


@dataclass(frozen=True)
class CheckpointStatus:
    """One host's checkpoint.

    ``state``: one of ``STATES``; ``restoring`` is a restore at work. ``id``: the run that holds it, "" for
    none. ``remaining``: seconds until the timer fires, 0 when none runs. ``fingerprint``: digests (hex
    sha256) of the rules as they are now: ``static``, ``dynamic`` (rules of dynamic owners), ``saved``
    (configuration files); ``armed_fingerprint``: the same as they were recorded. ``changed_tables``: what
    differs from the record now, after a restore: what it put back. ``proven``: after a restore, whether
    static and saved fingerprints equal the record's; None where nothing was restored. ``holder``: ``user``,
    ``controller``. ``since``: when it was armed, ISO 8601 UTC. ``script``: what to run on the host's own
    console. ``protection``: what the platform can do. ``arm_before``: the timer runs before the change and needs
    nothing of it; ``wraps_commit``: the timer belongs to the change's own commit; ``none``: no timer at all, and only
    a controller goes back to the record. ``disruption``: what a restore interrupts (none, sessions, reboot).
    ``survives_reboot``: whether something starts the timer again at boot. ``manual``: the steps by
    hand, when a restore could not be proven.
    """

    host: str
    state: str
    id: str = ""
    remaining: float = 0.0
    fingerprint: dict[str, str] = field(default_factory=dict)
    armed_fingerprint: dict[str, str] = field(default_factory=dict)
    protection: str = "arm_before"
    disruption: str = "none"
    script: str = ""
    holder: dict[str, str] = field(default_factory=dict)
    since: str = ""
    changed_tables: list[str] = field(default_factory=list)
    proven: bool | None = None
    survives_reboot: bool = False
    timer: str = ""
    newly_armed: bool = False
    messages: list[str] = field(default_factory=list)
    manual: list[str] = field(default_factory=list)

    @classmethod
    def read(cls, host: str, document: Mapping[str, Any]) -> CheckpointStatus:
        """From an agent's answer. Raises CheckpointError if it is not one."""
        known = {
            name: document[name]
            for name in cls.__dataclass_fields__
            if name in document and name not in _SKIPPED
        }
        if known.get("state") not in STATES:
            raise CheckpointError(
                f"the checkpoint agent's answer has no known state: {document.get('state')!r}",
                host,
                "look whether another version of the collection armed this host",
            )
        return cls(host=host, **known)

    @property
    def held(self) -> bool:
        """Whether another run may not arm this host."""
        return self.state in ("armed", "confirmed", "restoring", "failed")

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


# Why these have no checkpoint. Cisco ASA Command Reference ("reload", "copy"); FortiOS CLI Reference, "system global"
# (cfg-save, cfg-revert-timeout); PAN-OS CLI Quick Start, "Commit Configuration Changes", "Load Configurations".
_WHY = {
    "cisco_asa": "an ASA can't replace its running configuration, and its one timer is that of a reload",
    "fortinet": "FortiOS has one configuration, and goes back to what was saved by a reboot alone (cfg-save revert)",
    "paloalto_panos": "PAN-OS has no timer for a commit; 'load config version N' and a commit go back by hand",
}


def _because(platform: str) -> str:
    return f": {_WHY[platform]}" if platform in _WHY else ""


def no_checkpoint(platform: str) -> str:
    """Why a host of this platform is not protected, for those who would like it to be."""
    return f"PathGuard can't make a checkpoint on the platform {platform}{_because(platform)}"


def unprotected(host: str, platform: str) -> CheckpointStatus:
    """A host on whose platform no checkpoint can be armed; said before the change, not after."""
    return CheckpointStatus(
        host=host,
        state="none",
        protection="none",
        messages=[
            f"platform {platform}: PathGuard can't arm a checkpoint here; nothing puts the rules back by itself"
            f"{_because(platform)}"
        ],
    )
