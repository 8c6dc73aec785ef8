# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What this host has counted so far: packets by rule, connection tracking, listen queues. It only reads.

Run as ``python3 - ARGUMENT < counter_agent.py``, where ARGUMENT is base64 of a JSON object::

    {"chains": ["inet/filter/forward", "iptables/filter/FORWARD"]}

It answers with one JSON document on stdout::

    {"rules": {chain: {"handle:14" | "line:3" | "policy": packets}}, "unread": {chain: why},
     "conntrack": {"count", "max", "drop", "early_drop", "insert_failed"}, "listen": {"ListenOverflows", "ListenDrops"}}

A rule without a counter is not there: the kernel counts only where a rule says ``counter`` (nft(8)); iptables
counts for each rule, and for the policy of a chain (iptables-save(8), ``-c``). ``conntrack`` is empty where the kernel
tracks nothing; the sums over all processors are of /proc/net/stat/nf_conntrack, ``listen`` of /proc/net/netstat.
"""

from __future__ import annotations

import base64
import json
import os
import re
import subprocess
import sys

# Seconds for one command: a listing that takes longer costs more than it tells.
PATIENCE = 15.0
PATH = "/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin"
# Backend as chains are named -> programs that may list it, the first that is there. ``iptables-save`` is of either
# variant.
SAVERS = {
    "iptables": ("iptables-nft-save", "iptables-save"),
    "ip6tables": ("ip6tables-nft-save", "ip6tables-save"),
    "iptables-legacy": ("iptables-legacy-save",),
    "ip6tables-legacy": ("ip6tables-legacy-save",),
}
HANDLE = re.compile(r"# handle (\d+)$")
PACKETS = re.compile(r"\bcounter packets (\d+) bytes \d+")
NAMED = re.compile(r'\bcounter name "?([\w/.-]+)"?')
# What stands in quotes is somebody's text, but for the name of a counter.
QUOTED = re.compile(r'(?<!counter name )"[^"]*"')
OBJECT = re.compile(r"^\s*counter ([\w/.-]+) \{")
COUNTED = re.compile(r"^\s*packets (\d+) bytes \d+")
SAVED = re.compile(r"^\[(\d+):\d+\] -A (\S+) ")
POLICY = re.compile(r"^:(\S+) (?:ACCEPT|DROP) \[(\d+):\d+\]")
TRACKED = ("drop", "early_drop", "insert_failed")
LISTENING = ("ListenOverflows", "ListenDrops")


def output(command):
    """What a program prints. Raises OSError where it is not there, takes too long or fails."""
    environment = {**os.environ, "PATH": "{}:{}".format(os.environ.get("PATH", ""), PATH), "LC_ALL": "C"}
    try:
        done = subprocess.run(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=PATIENCE,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise OSError(f"{command[0]} takes longer than {PATIENCE:g} s") from None
    if done.returncode != 0:
        raise OSError(done.stderr.decode(errors="replace").strip() or f"{command[0]} fails")
    return done.stdout.decode(errors="replace")


def objects(text):
    """Named counters of a table's listing: name -> packets."""
    found, name = {}, ""
    for line in text.splitlines():
        opened = OBJECT.match(line)
        counted = COUNTED.match(line)
        if opened:
            name = opened.group(1)
        elif counted and name:
            found[name] = int(counted.group(1))
            name = ""
    return found


def of_nft(chain):
    family, table, name = chain.split("/", 2)
    text = output(["nft", "-a", "list", "chain", family, table, name])
    shared = (
        objects(output(["nft", "list", "counters", "table", family, table])) if NAMED.search(text) else {}
    )
    found = {}
    for line in QUOTED.sub('""', text).splitlines():
        handle, packets, named = HANDLE.search(line), PACKETS.search(line), NAMED.search(line)
        if handle and packets:
            found["handle:" + handle.group(1)] = int(packets.group(1))
        elif handle and named and named.group(1) in shared:
            found["handle:" + handle.group(1)] = shared[named.group(1)]
    return found


def of_iptables(chain):
    backend, table, name = chain.split("/", 2)
    text = saved(backend, table)
    found, line = {}, 0
    for row in text.splitlines():
        rule, policy = SAVED.match(row), POLICY.match(row)
        if rule and rule.group(2) == name:
            line += 1
            found[f"line:{line}"] = int(rule.group(1))
        elif policy and policy.group(1) == name:
            found["policy"] = int(policy.group(2))
    return found


def saved(backend, table):
    for program in SAVERS[backend]:
        try:
            return output([program, "-c", "-t", table])
        except FileNotFoundError:
            continue
    raise OSError(f"{SAVERS[backend][0]} is not installed")


def rules(chains):
    found, unread = {}, {}
    for chain in chains:
        reader = of_iptables if chain.split("/")[0] in SAVERS else of_nft
        try:
            found[chain] = reader(chain)
        except (OSError, ValueError) as error:
            unread[chain] = str(error)
    return found, unread


def number_in(path):
    try:
        with open(path) as file:
            return int(file.read())
    except (OSError, ValueError):
        return None


def conntrack():
    folder = "/proc/sys/net/netfilter/"
    found = {name: number_in(folder + "nf_conntrack_" + name) for name in ("count", "max")}
    if None in found.values():
        return {}
    try:
        with open("/proc/net/stat/nf_conntrack") as file:
            names = file.readline().split()
            rows = [[int(word, 16) for word in line.split()] for line in file]
    except (OSError, ValueError):
        return found
    # All but the first column, which is the same for all processors, are of one processor each.
    sums = {name: sum(column) for name, column in zip(names, zip(*rows))}
    return {**found, **{name: sums[name] for name in TRACKED if name in sums}}


def listening():
    """Two lines of each kind: names, then numbers (Documentation/networking/snmp_counter.rst)."""
    try:
        with open("/proc/net/netstat") as file:
            lines = file.read().splitlines()
    except OSError:
        return {}
    for names, numbers in zip(lines[::2], lines[1::2]):
        if names.startswith("TcpExt:"):
            found = dict(zip(names.split()[1:], numbers.split()[1:]))
            return {name: int(found[name]) for name in LISTENING if name in found}
    return {}


def count(request):
    found, unread = rules(request["chains"])
    return {"rules": found, "unread": unread, "conntrack": conntrack(), "listen": listening()}


def main():
    request = json.loads(base64.b64decode(sys.argv[1]))
    json.dump(count(request), sys.stdout)
    print()  # pylint: disable=ansible-bad-function  # a program, no module


if __name__ == "__main__":
    main()
