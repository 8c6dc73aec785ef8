# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Process 1 of one lab host. A single file, run as a program with its specification on stdin.

It makes the host's namespaces (namespaces(7)), gives it a root of its own, and then only reaps
orphans. Standard input is the leash: until the starter has sent ``go``, an end of file (the starter
died, however) ends this process, and with it the kernel takes down the host's processes, mounts and
interfaces. Nothing of a host has a name on the machine, so nothing can be left behind.

Specification, one JSON line: ``{"name", "kind": "host" | "controller" | "wire", "boot_id",
"files": [[path, mode, uid, gid, text]], "hosts_file"}``; owners are numbers on the host.
Answers on stdout: the process id as the machine sees it, then ``ready``; a failure is one line
``failed: ...`` and exit status 1.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import shutil
import signal
import socket
import sys
from typing import Any

CLONE_NEWNS, CLONE_NEWUTS, CLONE_NEWIPC = 0x00020000, 0x04000000, 0x08000000
CLONE_NEWPID, CLONE_NEWNET = 0x20000000, 0x40000000
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REMOUNT = 1, 2, 4, 8, 32
MS_BIND, MS_REC, MS_PRIVATE, MS_SLAVE = 4096, 16384, 1 << 18, 1 << 19
MNT_DETACH = 2
# What a program of the lab could do to the machine as a whole: load modules, set the clock, reboot.
# Numbers from capabilities(7): SYS_MODULE, SYS_RAWIO, SYS_BOOT, SYS_TIME.
DROPPED_CAPABILITIES = (16, 17, 22, 25)
PR_CAPBSET_DROP = 24
SIZE_OF_A_HOST = "768m"
OVERLAID = ("usr", "etc", "var", "bin", "sbin", "lib", "lib32", "lib64", "libx32")
FRESH = {
    "root": 0o700,
    "home": 0o755,
    "tmp": 0o1777,
    "run": 0o755,
    "srv": 0o755,
    "mnt": 0o755,
    "media": 0o755,
    "opt": 0o755,
    "boot": 0o755,
    "proc": 0o755,
    "sys": 0o755,
    "dev": 0o755,
}
# Of the machine's own configuration and data, what a lab host must not take for its own.
NOT_INHERITED = (
    "etc/iptables",
    "etc/nftables.conf",
    "etc/nftables.d",
    "etc/ipset.conf",
    "etc/firewalld",
    "etc/ufw",
    "etc/ssh",
    "etc/sudoers.d",
    "etc/sysctl.d",
    "etc/resolv.conf",
    "etc/hosts",
    "etc/ansible",
    "etc/docker",
    "etc/postgresql",
    "etc/subuid",
    "etc/subgid",
    "var/lib/postgresql",
    "var/log",
    "var/tmp",
    "var/spool",
    "var/lib/docker",
    "var/lib/sudo",
    "var/lib/systemd",
    "usr/local/sbin",
)
REMADE = {
    "etc/ssh": 0o755,
    "etc/sudoers.d": 0o750,
    "etc/sysctl.d": 0o755,
    "var/lib/postgresql": 0o755,
    "var/log": 0o755,
    "var/tmp": 0o1777,
    "var/spool": 0o755,
    "usr/local/sbin": 0o755,
}
DEVICES = ("null", "zero", "full", "random", "urandom", "tty")
# What proc(5) has that speaks to the whole machine.
PROC_READ_ONLY = ("sys", "sysrq-trigger", "irq", "bus")

libc = ctypes.CDLL(None, use_errno=True)


def _check(result: int, what: str) -> None:
    if result != 0:
        code = ctypes.get_errno()
        raise OSError(code, f"{what}: {os.strerror(code)}")


def _mount(
    source: str | None, target: str, kind: str | None = None, flags: int = 0, data: str | None = None
) -> None:
    encoded = [None if text is None else os.fsencode(text) for text in (source, target, kind, data)]
    _check(libc.mount(*encoded[:3], ctypes.c_ulong(flags), encoded[3]), f"mount {kind or 'bind'} on {target}")


def _folder(path: str, mode: int = 0o755) -> None:
    os.makedirs(path, exist_ok=True)
    os.chmod(path, mode)


def _bind_file(source: str, target: str) -> None:
    with open(target, "a"):
        pass
    _mount(source, target, flags=MS_BIND)


def _folders_for(path: str, uid: int, gid: int) -> None:
    """Missing folders on the way to a file belong to its owner."""
    if not os.path.isdir(path):
        _folders_for(os.path.dirname(path), uid, gid)
        os.mkdir(path, 0o755)
        os.chown(path, uid, gid)


def _write(path: str, mode: int, uid: int, gid: int, text: str) -> None:
    _folders_for(os.path.dirname(path), uid, gid)
    if os.path.lexists(path):
        os.remove(path)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w") as file:
        file.write(text)
    os.chown(path, uid, gid)
    os.chmod(path, mode)


def _overlay(name: str, store: str, root: str) -> None:
    upper, work, target = (os.path.join(base, name) for base in (store + "/upper", store + "/work", root))
    for path in (upper, work, target):
        _folder(path)
    _mount("overlay", target, "overlay", data=f"lowerdir=/{name},upperdir={upper},workdir={work}")


def _root_file_system(store: str) -> str:
    """The host's root: the machine's programs underneath, everything else its own. Returns its path."""
    root = store + "/root"
    _folder(root)
    _mount("tmpfs", root, "tmpfs", data=f"size={SIZE_OF_A_HOST},mode=755")
    for name in OVERLAID:
        if os.path.islink("/" + name):
            os.symlink(os.readlink("/" + name), os.path.join(root, name))
        elif os.path.isdir("/" + name):
            _overlay(name, store, root)
    for name, mode in FRESH.items():
        _folder(os.path.join(root, name), mode)
    for name in NOT_INHERITED:
        path = os.path.join(root, name)
        if os.path.isdir(path) and not os.path.islink(path):
            shutil.rmtree(path)
        elif os.path.lexists(path):
            os.remove(path)
    for name, mode in REMADE.items():
        _folder(os.path.join(root, name), mode)
    return root


def _devices(root: str) -> None:
    _mount("tmpfs", root + "/dev", "tmpfs", MS_NOSUID, "mode=755,size=64k")
    for name in DEVICES:
        _bind_file("/dev/" + name, f"{root}/dev/{name}")
    for name, target in {
        "fd": "/proc/self/fd",
        "stdin": "/proc/self/fd/0",
        "stdout": "/proc/self/fd/1",
        "stderr": "/proc/self/fd/2",
        "ptmx": "pts/ptmx",
    }.items():
        os.symlink(target, f"{root}/dev/{name}")
    _folder(root + "/dev/pts")
    _mount(
        "devpts",
        root + "/dev/pts",
        "devpts",
        MS_NOSUID | MS_NOEXEC,
        "newinstance,ptmxmode=0666,mode=620,gid=5",
    )
    _folder(root + "/dev/shm", 0o1777)
    _mount("tmpfs", root + "/dev/shm", "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777,size=256m")


def _kernel_views(root: str) -> None:
    """proc and sysfs of this host's namespaces. Of the kernel's settings only the network's, which are
    the host's own, stay writable."""
    proc = root + "/proc"
    _mount("proc", proc, "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC)
    _mount("sysfs", root + "/sys", "sysfs", MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC)
    for name in PROC_READ_ONLY:
        path = f"{proc}/{name}"
        if os.path.exists(path):
            _mount(path, path, flags=MS_BIND)
            _mount(None, path, flags=MS_BIND | MS_REMOUNT | MS_RDONLY)
    _mount(proc + "/sys/net", proc + "/sys/net", flags=MS_BIND)
    _mount(None, proc + "/sys/net", flags=MS_BIND | MS_REMOUNT)


def _boot_id(store: str, root: str, boot_id: str) -> None:
    """A boot id of the host's own; writing to the kernel's file name changes it, as a reboot does."""
    path = store + "/boot_id"
    _write(path, 0o644, 0, 0, boot_id + "\n")
    _mount(path, root + "/proc/sys/kernel/random/boot_id", flags=MS_BIND)


def _own_mounts(propagation: int) -> None:
    """Cut this namespace's mounts off the machine's, so that none made here shows up there.

    That needs the namespace's own root, and the starter may be in a chroot, from where it can't be named:
    setns(2) into the own namespace leads there, and from there a chroot is made a root in its own right.
    """
    before = os.open("/", os.O_RDONLY | os.O_DIRECTORY)
    namespace = os.open("/proc/self/ns/mnt", os.O_RDONLY)
    _check(libc.setns(namespace, CLONE_NEWNS), "setns")
    _mount(None, "/", flags=MS_REC | propagation)
    os.fchdir(before)
    os.close(before)
    os.close(namespace)
    if not os.path.samestat(os.stat("."), os.stat("/")):
        path = os.getcwd()
        _mount(path, path, flags=MS_BIND | MS_REC)
        _become_root(path)


def _become_root(root: str) -> None:
    """Make ``root`` the root of this namespace, and let go of the old one (pivot_root(2))."""
    os.chdir(root)
    _check(libc.pivot_root(b".", b"."), "pivot_root")
    _check(libc.umount2(b".", MNT_DETACH), "umount of the old root")
    os.chdir("/")


def set_up_host(spec: dict[str, Any]) -> None:
    _own_mounts(MS_PRIVATE)
    store = "/tmp"
    _mount("tmpfs", store, "tmpfs", data=f"size={SIZE_OF_A_HOST},mode=700")
    root = _root_file_system(store)
    _devices(root)
    _kernel_views(root)
    _boot_id(store, root, spec["boot_id"])
    for path, mode, uid, gid, text in spec["files"]:
        _write(root + path, mode, uid, gid, text)
    _become_root(root)


def set_up_controller(spec: dict[str, Any]) -> None:
    """The controller keeps the machine's files: it runs the user's ansible-playbook, which reads the
    collection and writes reports where the user asked. Its network, processes and /run are its own."""
    _own_mounts(MS_SLAVE)
    _mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC)
    _mount("sysfs", "/sys", "sysfs", MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC)
    _mount("tmpfs", "/run", "tmpfs", MS_NOSUID | MS_NODEV, "mode=755,size=64m")
    _folder("/run/lock", 0o1777)
    _folder("/run/pathguard-lab", 0o700)
    _write("/run/pathguard-lab/hosts", 0o644, 0, 0, spec["hosts_file"])
    _mount("/run/pathguard-lab/hosts", "/etc/hosts", flags=MS_BIND)


def set_up_wire(_spec: dict[str, Any]) -> None:
    """The switches' namespace: only its network is used."""
    _own_mounts(MS_PRIVATE)


SET_UP = {"host": set_up_host, "controller": set_up_controller, "wire": set_up_wire}


def _say(text: str) -> None:
    with contextlib.suppress(
        BrokenPipeError
    ):  # the starter has given up; so will this process, on end of file
        os.write(1, (text + "\n").encode())


def _hold() -> None:
    """Wait for ``go``, then let go of the starter and reap whatever is left to process 1."""
    if sys.stdin.buffer.readline().strip() != b"go":
        sys.exit(1)
    null = os.open("/dev/null", os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(null, number)
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGCHLD])
    while True:
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            pass
        signal.sigwait([signal.SIGCHLD])


def main() -> None:
    spec = json.loads(sys.stdin.buffer.readline())
    try:
        os.setsid()
        os.umask(0o022)
        _check(
            libc.unshare(CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWPID | CLONE_NEWNET), "unshare"
        )
        told, tell = os.pipe()
        child = os.fork()
        if child:
            _say(str(child))
            os._exit(0)  # closes the pipe: the number has been told
        os.close(tell)
        os.read(told, 1)  # or the child's answer could come before its number
        os.close(told)
        socket.sethostname(spec["name"])
        SET_UP[spec["kind"]](spec)
        for number in DROPPED_CAPABILITIES:
            libc.prctl(PR_CAPBSET_DROP, number, 0, 0, 0)
    except (OSError, KeyError) as error:
        _say(f"failed: {error}")
        os._exit(1)
    _say("ready")
    _hold()


if __name__ == "__main__":
    main()
