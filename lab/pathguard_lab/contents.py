# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is on a host's disk: the files under ``lab/hosts/``, accounts, keys and passwords."""

from __future__ import annotations

import json
import os
import re
import secrets
from dataclasses import dataclass
from pathlib import Path

from . import topology
from .process import run
from .state import State

HOSTS_FOLDER = Path(__file__).resolve().parent.parent / "hosts"
# A rule for the case that both firewalls are next hops: replies may come back over the other leg, whose
# firewall has not seen the connection open and calls its packets invalid (all of them, without the
# kernel's habit of taking a connection from its middle: nf_conntrack_tcp_loose).
ECMP_LINE = re.compile(r"^(\s*)# ecmp: (.*\n)", re.MULTILINE)
FIRST_USER = 1000
NOBODY = 65534

# name, number, home, shell, comment
ACCOUNTS = (
    ("ops", 2000, "/home/ops", "/bin/bash", "logs in with a key, sudo without a password"),
    ("opspw", 2001, "/home/opspw", "/bin/bash", "logs in with a password, sudo asks for it"),
    ("shop", 2010, "/nonexistent", "/usr/sbin/nologin", "the application"),
)
PASSWORD_LOGIN_HOST = "fw1"
# One entry of a specification's "files": path, mode, owner, group, text.
File = tuple[str, int, int, int, str]


@dataclass(frozen=True)
class Secrets:
    """Made anew for each lab; files in the state folder, mode 0600."""

    authorized_key: str
    opspw_hash: str
    shop: str
    replicator: str


def make_secrets(state: State) -> Secrets:
    """The login key, the password of ``opspw`` (in ``ssh/opspw.password``) and the database's passwords."""
    run(
        ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "pathguard-lab", "-f", str(state.ssh / "ops")],
        what="making the login key",
    )
    password = secrets.token_urlsafe(12)
    _private(state.ssh / "opspw.password", password + "\n")
    hashed = run(
        ["openssl", "passwd", "-6", "-stdin"], what="hashing a password", text=password + "\n"
    ).strip()
    made = Secrets((state.ssh / "ops.pub").read_text(), hashed, secrets.token_hex(16), secrets.token_hex(16))
    _private(state.folder / "secrets.json", json.dumps(made.__dict__))
    return made


def read_secrets(state: State) -> Secrets:
    return Secrets(**json.loads((state.folder / "secrets.json").read_text()))


def make_host_keys(state: State) -> None:
    """A host key for each host, and the controller's known_hosts and ssh config."""
    known = []
    for host in topology.HOSTS.values():
        path = state.ssh / f"host_{host.name}"
        run(
            ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", host.name, "-f", str(path)],
            what="making a host key",
        )
        kind, key = Path(f"{path}.pub").read_text().split()[:2]
        known.append(f"{host.management},{host.name} {kind} {key}\n")
    (state.ssh / "known_hosts").write_text("".join(known))
    stanzas = [f"Host {host.name}\n    HostName {host.management}\n" for host in topology.HOSTS.values()]
    stanzas.append(
        f"Host *\n    User ops\n    IdentityFile {state.ssh}/ops\n    IdentitiesOnly yes\n"
        f"    UserKnownHostsFile {state.ssh}/known_hosts\n    GlobalKnownHostsFile /dev/null\n"
        "    StrictHostKeyChecking yes\n"
    )
    (state.ssh / "config").write_text("".join(stanzas))


def _private(path: Path, text: str) -> None:
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(text)


def host_files(state: State, host: topology.Host, made: Secrets, ecmp: bool) -> list[File]:
    """All files that make this host what it is; a file of a later folder replaces an earlier one's."""
    files: dict[str, File] = {}
    for folder in ("common", *host.groups, host.name):
        base = HOSTS_FOLDER / folder
        for path in sorted(base.rglob("*")) if base.is_dir() else ():
            if path.is_file():
                name = "/" + str(path.relative_to(base))
                mode = 0o755 if os.access(path, os.X_OK) and path.stat().st_mode & 0o100 else 0o644
                text = ECMP_LINE.sub(r"\1\2" if ecmp else "", path.read_text(encoding="utf-8"))
                files[name] = (name, 0o440 if "sudoers" in name else mode, 0, 0, text)
    for one in (*_accounts(host, made), *_identity(state, host, made, ecmp), *_database_access(host, made)):
        files[one[0]] = one
    return list(files.values())


def _accounts(host: topology.Host, made: Secrets) -> list[File]:
    """The machine's system accounts, without its people, and the lab's own. No password is the machine's."""
    system = [line for line in Path("/etc/passwd").read_text().splitlines() if _is_system(line)]
    groups = [line for line in Path("/etc/group").read_text().splitlines() if _is_system(line)]
    own = [one for one in ACCOUNTS if one[0] != "opspw" or host.name == PASSWORD_LOGIN_HOST]
    system += [
        f"{name}:x:{number}:{number}:{comment}:{home}:{shell}" for name, number, home, shell, comment in own
    ]
    groups += [f"{name}:x:{number}:" for name, number, *_unused in own]
    shadow = [
        f"{line.split(':')[0]}:{made.opspw_hash if line.startswith('opspw:') else '*'}:19700:0:99999:7:::"
        for line in system
    ]
    files: list[File] = [
        ("/etc/passwd", 0o644, 0, 0, "\n".join(system) + "\n"),
        ("/etc/group", 0o644, 0, 0, "\n".join(groups) + "\n"),
        ("/etc/shadow", 0o600, 0, 0, "\n".join(shadow) + "\n"),
        ("/etc/gshadow", 0o600, 0, 0, "".join(f"{line.split(':')[0]}:*::\n" for line in groups)),
        ("/home/ops/.ssh/authorized_keys", 0o600, 2000, 2000, made.authorized_key),
    ]
    return files + [
        (f"{home}/.profile", 0o644, number, number, "umask 022\n")
        for _unused, number, home, shell, _unused in own
        if shell == "/bin/bash"
    ]


def _is_system(line: str) -> bool:
    number = int(line.split(":")[2])
    return number < FIRST_USER or number == NOBODY


def _identity(state: State, host: topology.Host, made: Secrets, ecmp: bool) -> list[File]:
    key = state.ssh / f"host_{host.name}"
    return [
        ("/etc/hostname", 0o644, 0, 0, host.name + "\n"),
        ("/etc/hosts", 0o644, 0, 0, topology.hosts_file(host.name)),
        ("/etc/resolv.conf", 0o644, 0, 0, "# no name server: the lab has no way out\n"),
        ("/etc/machine-id", 0o444, 0, 0, secrets.token_hex(16) + "\n"),
        ("/etc/lab/network", 0o644, 0, 0, topology.network_batch(host, ecmp)),
        ("/etc/ssh/ssh_host_ed25519_key", 0o600, 0, 0, key.read_text()),
        ("/etc/ssh/ssh_host_ed25519_key.pub", 0o644, 0, 0, Path(f"{key}.pub").read_text()),
    ]


def _database_access(host: topology.Host, made: Secrets) -> list[File]:
    if "db" in host.groups:
        return [("/etc/lab/passwords", 0o600, 0, 0, f"shop={made.shop}\nreplicator={made.replicator}\n")]
    if "app" in host.groups:
        config = {
            "host": str(topology.DB.address4(topology.HOSTS["db1"].numbers["db0"])),
            "port": 5432,
            "database": "shop",
            "user": "shop",
            "password": made.shop,
            "pool_size": 3,
            "version_file": "/opt/pathguard-app/VERSION",
        }
        return [("/etc/pathguard-app/app.json", 0o640, 0, 2010, json.dumps(config, indent=1) + "\n")]
    return []
