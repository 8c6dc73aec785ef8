# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is gathered of a Linux host, by one script in one login; it changes nothing on the host.

Formats that no tool defines: ``sysctl`` has lines as sysctl(8) prints them (``net.ipv4.ip_forward = 1``; a
dot in an interface's name is a slash). ``os`` has ``key=value`` lines: hostname, kernel, boot_id (random for
each boot), netns (the network namespace's inode), uid; then os-release(5), whose keys are in upper case.
"""

from __future__ import annotations

import shlex
from dataclasses import replace

from ..errors import GatherError
from ..model.raw import RawOutput
from . import boot, frames
from .access import HostAccess
from .channel import Channel
from .escalate import NotAllowedError

# Stable name -> command. In this order they run.
COMMANDS: dict[str, str] = {
    "os": "hostname; uname -r; cat /proc/sys/kernel/random/boot_id /etc/os-release",
    "nft_json": "nft -j list ruleset",
    "nft_text": "nft -a list ruleset",
    "iptables_nft": "iptables-nft-save -c",
    "ip6tables_nft": "ip6tables-nft-save -c",
    "iptables_legacy": "iptables-legacy-save -c",
    "ip6tables_legacy": "ip6tables-legacy-save -c",
    "ipset": "ipset save",
    "links": "ip -j -d link show",
    "addresses": "ip -j address show",
    "routes4": "ip -j -4 route show table all",
    "routes6": "ip -j -6 route show table all",
    "rules4": "ip -j -4 rule show",
    "rules6": "ip -j -6 rule show",
    "sysctl": "sysctl -a",
    "listeners": "ss -H -lntup",
    "saved_nft": "cat /etc/nftables.conf",
    "saved_iptables": "cat /etc/iptables/rules.v4",
    "saved_ip6tables": "cat /etc/iptables/rules.v6",
    "saved_ipset": "cat /etc/iptables/ipsets",
    **boot.COMMANDS,
}

# What is never run, and only given as a file: a script that was loaded into a kernel without rules.
GIVEN: dict[str, str] = {"nft_script": "nft -f"}

# What else people type for the same.
ALIASES: dict[str, str] = {
    "nft -j -a list ruleset": "nft_json",
    "nft -a -j list ruleset": "nft_json",
    "nft list ruleset": "nft_text",
    "nft list ruleset -a": "nft_text",
    "nft -f /etc/nftables.conf": "nft_script",
    "fw4 print": "nft_script",
    "iptables-save": "iptables_nft",
    "iptables-save -c": "iptables_nft",
    "iptables-nft-save": "iptables_nft",
    "ip6tables-save": "ip6tables_nft",
    "ip6tables-save -c": "ip6tables_nft",
    "ip6tables-nft-save": "ip6tables_nft",
    "iptables-legacy-save": "iptables_legacy",
    "ip6tables-legacy-save": "ip6tables_legacy",
    "ipset list -o save": "ipset",
    "ip -j addr": "addresses",
    "ip -j address": "addresses",
    "ip -j -d link": "links",
    "ip -j route show table all": "routes4",
    # Without a family they are about IPv4 (iproute2, ``iprule_list_flush_or_save``).
    **dict.fromkeys(("ip -j rule", "ip -j rule show", "ip -4 -j rule show", "ip -j -4 rule"), "rules4"),
    **dict.fromkeys(("ip -6 -j rule show", "ip -j -6 rule"), "rules6"),
    "ss -lntup": "listeners",
    "cat /etc/os-release": "os",
}

JSON_END = r"[}\]]$"
SAVE_END = r"^(COMMIT|# Completed on .*)$"
ENDS: dict[str, str] = {
    "nft_json": JSON_END,
    "nft_text": r"^}$",
    "iptables_nft": SAVE_END,
    "ip6tables_nft": SAVE_END,
    "iptables_legacy": SAVE_END,
    "ip6tables_legacy": SAVE_END,
    "links": JSON_END,
    "addresses": JSON_END,
    "routes4": JSON_END,
    "routes6": JSON_END,
    "rules4": JSON_END,
    "rules6": JSON_END,
}

# Where distributions keep the rules that are loaded at boot: Debian, Red Hat, SUSE/Alpine/Arch.
SAVED: dict[str, tuple[str, ...]] = {
    "saved_nft": ("/etc/nftables.conf", "/etc/sysconfig/nftables.conf", "/etc/nftables.nft"),
    "saved_iptables": (
        "/etc/iptables/rules.v4",
        "/etc/sysconfig/iptables",
        "/etc/iptables/iptables.rules",
        "/etc/iptables/rules-save",
    ),
    "saved_ip6tables": (
        "/etc/iptables/rules.v6",
        "/etc/sysconfig/ip6tables",
        "/etc/iptables/ip6tables.rules",
        "/etc/iptables/rules6-save",
    ),
    "saved_ipset": ("/etc/iptables/ipsets", "/etc/sysconfig/ipset", "/etc/ipset.conf"),
}

# What only root can read.
PRIVILEGED = (
    "nft_json",
    "nft_text",
    "iptables_nft",
    "ip6tables_nft",
    "iptables_legacy",
    "ip6tables_legacy",
    "ipset",
)
PLAIN = ("links", "addresses", "routes4", "routes6", "rules4", "rules6", "listeners")

SYSCTLS = (
    "net/ipv4/ip_forward",
    "net/ipv4/conf/*/forwarding",
    "net/ipv4/conf/*/rp_filter",
    "net/ipv4/conf/*/src_valid_mark",
    "net/ipv4/conf/*/accept_local",
    "net/ipv4/conf/*/route_localnet",
    "net/ipv6/conf/*/forwarding",
    "net/ipv6/conf/*/disable_ipv6",
    "net/ipv6/conf/*/use_tempaddr",
    "net/ipv6/bindv6only",
    "net/ipv4/ip_local_port_range",
    "net/ipv4/fib_multipath_hash_policy",
    "net/bridge/bridge-nf-call-*",
    "net/netfilter/nf_conntrack_tcp_loose",
    "net/netfilter/nf_conntrack_tcp_be_liberal",
    "net/netfilter/nf_conntrack_max",
    "net/netfilter/nf_conntrack_count",
)

# CAP_NET_ADMIN is bit 12 (capabilities(7)). Without it nft and iptables-save of some versions print nothing
# and succeed, which would look like no rules at all; so they are not even run.
#
# A missing tool says nothing about rules. nf_tables and ip_set are absent only if the kernel has neither a
# module of that name nor (built in) its symbols. Legacy iptables tells its tables for this very network
# namespace; its tool is run for those only, as reading a table would load it. Where their names can't be read,
# there are none if the kernel has none of the modules that make tables.
#
# pg_by, if set, is whom sudo runs single commands as, where it does not run this script; pg_secret, if set, is
# its password. It is seen neither in arguments nor in the environment: printf must be the shell's own.
FUNCTIONS = r"""
pg_cap=$(sed -n 's/^CapEff:[[:space:]]*//p' /proc/self/status 2>/dev/null)
if [ -z "$pg_cap" ] || [ $(( 0x$pg_cap >> 12 & 1 )) -eq 1 ]; then pg_admin=1; else pg_admin=0; fi
pg_has() { command -v "$1" >/dev/null 2>&1; }
pg_denied() { pg_fail "$1" 1 "Operation not permitted: $2 can be read by root only (CAP_NET_ADMIN)"; }
pg_may() { [ $pg_admin -eq 1 ] || [ -n "$pg_by" ]; }
pg_root() { # command argument...: with the rights that there are; the command must not read its stdin
  if [ $pg_admin -eq 1 ] || [ -z "$pg_by" ]; then "$@"; return; fi
  if [ -z "$pg_secret" ]; then sudo -n -u "$pg_by" -- "$@"
  elif [ "$(command -v printf)" != printf ]; then
    echo "the login's shell has no printf of its own, which would show the password in the list of processes" >&2
    return 126
  else printf '%s\n' "$pg_secret" | sudo -k -S -p '' -u "$pg_by" -- "$@"; fi && return
  pg_status=$?; echo "(this was: sudo $*)" >&2; return $pg_status
}
pg_kernel() {
  grep -q "^$1 " /proc/modules 2>/dev/null && return 0
  [ -r /proc/kallsyms ] || return 0
  grep -q " $2$" /proc/kallsyms
}
pg_tool() { # name tool command module symbol
  if pg_has "$2"; then
    if pg_may; then pg_run "$1" "pg_root $3"; else pg_denied "$1" "the firewall's rules"; fi
  elif pg_kernel "$4" "$5"; then pg_fail "$1" 127 "$2 is not installed, but the kernel has $4: unknown"
  else pg_none "$1" "$2 is not installed, and the kernel has no $4"; fi
}
pg_is_nft() { pg_has "$1" && "$1" -V 2>/dev/null </dev/null | grep -q nf_tables; }
pg_variant() { # prints the save tool of the nf_tables variant, if there is one
  for pg_save in "$1-nft-save" "$1-save"; do
    if pg_is_nft "$pg_save"; then echo "$pg_save"; return; fi
  done
  echo "$1-nft-save"
}
pg_makes_tables() { # ip or ip6: whether the kernel has what makes legacy tables, or that is not known
  for pg_table in filter nat mangle raw security; do
    pg_kernel "$1table_$pg_table" "$1table_${pg_table}_\(table\|net\)_init" && return
  done
  return 1
}
pg_legacy() { # name tool names-file
  if [ ! -e "$3" ]; then pg_none "$1" "there is no $3: the kernel has no legacy tables"; return; fi
  if [ ! -r "$3" ] && ! pg_makes_tables "${2%tables}"; then
    pg_none "$1" "the kernel has no module that makes legacy tables"; return
  fi
  if [ ! -r "$3" ] && ! pg_may; then pg_denied "$1" "$3"; return; fi
  if ! pg_tables=$(pg_root cat "$3" </dev/null 2>/dev/null); then pg_run "$1" "pg_root cat $3"; return; fi
  if [ -z "$pg_tables" ]; then pg_none "$1" "$3 names no table"; return; fi
  pg_save=
  for pg_try in "$2-legacy-save" "$2-save"; do
    if pg_has "$pg_try" && ! pg_is_nft "$pg_try"; then pg_save=$pg_try; break; fi
  done
  pg_tables=$(echo $pg_tables)
  if [ -n "$pg_save" ]; then
    pg_each="for pg_table in $pg_tables; do pg_root $pg_save -c -t \$pg_table || pg_rc=\$?; done"
    pg_run "$1" "pg_rc=0; $pg_each; exit \$pg_rc"
  else pg_fail "$1" 127 "$2-legacy-save is not installed, but the kernel has legacy tables: $pg_tables"; fi
}
pg_read() { if [ -r "$1" ]; then cat "$1"; else pg_root cat "$1"; fi; }
pg_hidden() { # file: in a folder that the login user may not look into
  [ -d "${1%/*}" ] && [ ! -x "${1%/*}" ]
}
pg_saved() { # name file...
  pg_name=$1; shift
  for pg_file in "$@"; do
    if [ -e "$pg_file" ] || pg_hidden "$pg_file"; then pg_run "$pg_name" "pg_read $pg_file"; return; fi
  done
  pg_none "$pg_name" "there is no $1"
}
pg_os() {
  echo "hostname=$(cat /proc/sys/kernel/hostname)"; echo "kernel=$(uname -r)"
  echo "boot_id=$(cat /proc/sys/kernel/random/boot_id)"
  echo "netns=$(readlink /proc/self/ns/net)"; echo "uid=$(id -u)"
  cat /etc/os-release 2>/dev/null || cat /usr/lib/os-release 2>/dev/null || true
}
pg_sysctl() {
  grep -H . "$@" /dev/null 2>/dev/null | awk '{
    at = index($0, ":"); path = substr($0, 11, at - 11); value = substr($0, at + 1)
    gsub("/", "\001", path); gsub("[.]", "/", path); gsub("\001", ".", path); gsub("\t", " ", value)
    print path " = " value }'
}
"""


def _body() -> str:
    lines = [
        FUNCTIONS,
        "pg_run os pg_os",
        "pg_tool nft_json nft 'nft -j list ruleset' nf_tables nf_tables_newrule",
        "pg_tool nft_text nft 'nft -a list ruleset' nf_tables nf_tables_newrule",
    ]
    for tool in ("iptables", "ip6tables"):
        lines.append(f"pg_save=$(pg_variant {tool})")
        lines.append(f'pg_tool {tool}_nft $pg_save "$pg_save -c" nf_tables nf_tables_newrule')
    lines.append("pg_legacy iptables_legacy iptables /proc/net/ip_tables_names")
    lines.append("pg_legacy ip6tables_legacy ip6tables /proc/net/ip6_tables_names")
    lines.append("pg_tool ipset ipset 'ipset save' ip_set ip_set_get_byname")
    lines.extend(f"pg_run {name} '{COMMANDS[name]}'" for name in PLAIN)
    lines.append(f"pg_run sysctl 'pg_sysctl {' '.join(f'/proc/sys/{name}' for name in SYSCTLS)}'")
    lines.extend(f"pg_saved {name} {' '.join(files)}" for name, files in SAVED.items())
    return "\n".join(lines)


RUNNING = _body()
BODY = "\n".join([RUNNING, *boot.body(SAVED)])


def collect(channel: Channel, with_boot: bool = True) -> dict[str, RawOutput]:
    """Run every command of the table; each is in the answer, also where it failed. Raises GatherError.

    ``with_boot``: also what would be loaded at boot.
    """
    body = BODY if with_boot else RUNNING
    try:
        return _collect(channel, body, become=True)
    except NotAllowedError as refusal:
        if refusal.access is None:
            raise
        return _singly(channel, body, refusal, refusal.access)


def _singly(
    channel: Channel, body: str, refusal: NotAllowedError, access: HostAccess
) -> dict[str, RawOutput]:
    """The script as the login user, with sudo for each command that needs it: sudoers may allow those alone."""
    by, secret = (shlex.quote(text or "") for text in (access.become_user, access.become_password))
    found = _collect(channel, f"unset pg_secret\npg_by={by}; pg_secret={secret}\n{body}", become=False)
    asked = [found[name] for name in PRIVILEGED if not found[name].absent]
    if asked and all(output.rc != 0 for output in asked):
        raise refusal
    return {
        name: replace(output, stdout=access.scrub(output.stdout), stderr=access.scrub(output.stderr))
        for name, output in found.items()
    }


def _collect(channel: Channel, body: str, *, become: bool) -> dict[str, RawOutput]:
    made = frames.script(body)
    reply = channel.run("exec sh", stdin=made.text, become=become)
    if made.word not in reply.stdout:
        said = " / ".join(reply.stderr.split("\n")[-2:])
        raise GatherError(
            f"the host does not run shell scripts (exit status {reply.rc}): {said}",
            channel.host,
            "PathGuard needs a POSIX sh on the host",
        )
    left_out = () if BODY in body else boot.COMMANDS
    commands = {name: command for name, command in COMMANDS.items() if name not in left_out}
    return frames.outputs(made, commands, reply.stdout, reply.stderr, channel.host)
