# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a Linux host would load at boot, in the words of the tools that list what runs.

Saved rules are loaded into a network namespace of their own, which ends with the command, and listed there:
so includes, variables and abbreviations are read as they will be at boot. Nothing is loaded where such a
namespace can't be made. As with ``nft -c`` and ``iptables-restore --test``, the kernel may load modules that
the saved rules need; rules that would alter how the whole host's packets are treated by that alone are not tried.

The first line of an output tells where it is from: ``# pathguard file=/etc/nftables.conf``, with
``backend=``, ``enabled=`` and more by the output. ``boot_units`` has lines ``unit NAME STATE [COMMAND]``,
STATE being enabled, disabled, absent or unknown.
"""

from __future__ import annotations

# Stable name -> command, as people would type it. In this order they run.
COMMANDS: dict[str, str] = {
    "boot_units": "systemctl show nftables netfilter-persistent iptables ip6tables ipset ufw firewalld",
    "boot_nft": "unshare -n sh -c 'nft -f /etc/nftables.conf && nft list ruleset'",
    "boot_iptables": "unshare -n sh -c 'iptables-restore </etc/iptables/rules.v4 && iptables-save'",
    "boot_ip6tables": "unshare -n sh -c 'ip6tables-restore </etc/iptables/rules.v6 && ip6tables-save'",
    "boot_ufw": "cat /etc/ufw/ufw.conf /etc/ufw/before.rules /etc/ufw/after.rules /etc/ufw/user.rules",
    "boot_ufw6": "cat /etc/ufw/ufw.conf /etc/ufw/before6.rules /etc/ufw/after6.rules /etc/ufw/user6.rules",
    "boot_firewalld": "firewall-cmd --list-all-zones; firewall-offline-cmd --list-all-zones",
}

UNITS = (
    "nftables",
    "netfilter-persistent",
    "iptables",
    "ip6tables",
    "ipset",
    "ufw",
    "firewalld",
    "shorewall",
    "shorewall6",
)
# A larger file takes the kernel longer than anybody wants to wait for a snapshot.
LARGEST = 16 * 1024 * 1024
# Seconds for one file. All of them together must leave time for what runs.
PATIENCE = 8

# pg_scratch SCRIPT: in a new network namespace. That it is another one is looked at before anything is done:
# an `unshare` that did nothing must not lead to rules being loaded here.
# An interface may have any name: one with a quote in it must not become a command.
# ufw: /lib/ufw/ufw-init-functions, ufw_start, does the same by single calls.
FUNCTIONS = r"""
pg_limit=$(if pg_has timeout; then echo timeout PATIENCE; fi)
pg_scratch() {
  pg_has unshare || { echo "unshare is not installed, so saved rules can't be tried" >&2; return 126; }
  [ "$pg_admin" -eq 1 ] || { echo "Operation not permitted: only root can try saved rules" >&2; return 126; }
  pg_tracks_apart || {
    echo "saved rules can't be tried: this kernel would begin to track all connections of the host" >&2; return 126; }
  pg_here=$(readlink /proc/self/ns/net) || pg_here=
  $pg_limit unshare -n sh -c 'pg_there=$(readlink /proc/self/ns/net)
    [ -n "$0" ] && [ -n "$pg_there" ] && [ "$pg_there" != "$0" ] || {
      echo "no network namespace of its own could be made" >&2; exit 126; }
    cd /
    '"$1" "$pg_here"
  pg_status=$?
  [ $pg_status -ne 124 ] || echo "saved rules are not loaded within PATIENCE s" >&2
  return $pg_status
}
pg_tracks_apart() { # before Linux 4.10 a loaded nf_conntrack tracks in all namespaces, whether rules ask for it or not
  case $(uname -r) in
    [0-3].*|4.[0-9]|4.[0-9][!0-9]*) pg_kernel nf_conntrack nf_conntrack_in;;
  esac
}
pg_small() {
  [ -r "$1" ] || { echo "Permission denied: only root can read $1" >&2; return 126; }
  [ "$(wc -c <"$1")" -le LARGEST ] || { echo "$1 is too large to be tried" >&2; return 126; }
}
pg_harmless() { # file...: xt_physdev loads br_netfilter, which takes bridged packets of the whole host to iptables
  if cat "$@" 2>/dev/null | grep -q physdev && ! pg_kernel br_netfilter br_netfilter_enable; then
    echo "its rules about bridge ports can't be tried: the kernel would load br_netfilter for all bridges" >&2
    return 126
  fi
}
pg_links() { # commands that make links with the names of this host's, of a kind that the kernel has already
  for pg_kind in dummy:dummy_setup bridge:br_dev_setup veth:veth_setup; do
    if pg_kernel "${pg_kind%:*}" "${pg_kind#*:}"; then
      sed -n "s/^ *\([A-Za-z0-9_.-]*\):.*/ip link add '\1' type ${pg_kind%:*} 2>\/dev\/null/p" /proc/net/dev
      return
    fi
  done
  return 1
}
pg_try_nft() { # file
  echo "# pathguard file=$1"
  pg_small "$1" || return 126
  pg_scratch "nft -f '$1' && nft list ruleset" && return
  [ $pg_status -ne 124 ] || return 124
  pg_made=$(pg_links) && pg_scratch "$pg_made
    nft -f '$1' && nft list ruleset"
}
pg_backend() { if pg_is_nft "$1-restore"; then echo "$1"; else echo "$1-legacy"; fi; }
pg_try_tables() { # tool file; with the saved ipsets that its rules may name
  echo "# pathguard file=$2 backend=$(pg_backend "$1")"
  pg_small "$2" && pg_harmless "$2" || return 126
  pg_scratch "${pg_sets:+ipset restore <'$pg_sets' && }$1-restore <'$2' && $1-save"
}
pg_boot() { # name function argument... -- file...
  pg_name=$1; pg_call=$2; shift 2
  while [ "$1" != -- ]; do pg_call="$pg_call $1"; shift; done
  shift
  for pg_file in "$@"; do
    if [ -e "$pg_file" ] || pg_hidden "$pg_file"; then pg_run "$pg_name" "$pg_call $pg_file"; return; fi
  done
  pg_none "$pg_name" "there is no $1"
}
pg_setting() { sed -n "s/^$2=[\"']\{0,1\}\([A-Za-z]*\).*/\1/p" "$1" | tail -n 1 | tr '[:upper:]' '[:lower:]'; }
pg_ufw_base() { # 6 or nothing; what ufw makes before its files are read
  echo '*filter'
  for pg_way in input output forward; do
    for pg_part in before-logging before after after-logging reject track; do
      echo ":ufw$1-$pg_part-$pg_way - [0:0]"
    done
    echo ":ufw$1-skip-to-policy-$pg_way - [0:0]"
  done
  echo ":ufw$1-logging-deny - [0:0]"; echo ":ufw$1-logging-allow - [0:0]"
  for pg_way in input output forward; do
    pg_chain=$(echo "$pg_way" | tr '[:lower:]' '[:upper:]')
    for pg_part in before-logging before after after-logging reject track; do
      echo "-A $pg_chain -j ufw$1-$pg_part-$pg_way"
    done
    pg_policy=$(pg_setting /etc/default/ufw "DEFAULT_${pg_chain}_POLICY" | tr '[:lower:]' '[:upper:]')
    case $pg_policy in
      REJECT) echo ":$pg_chain DROP [0:0]"; echo "-A ufw$1-reject-$pg_way -j REJECT";;
      ACCEPT) echo ":$pg_chain ACCEPT [0:0]"
        for pg_proto in tcp udp; do
          echo "-A ufw$1-track-$pg_way -p $pg_proto -m conntrack --ctstate NEW -j ACCEPT"
        done;;
      *) echo ":$pg_chain $pg_policy [0:0]";;
    esac
    echo "-A ufw$1-skip-to-policy-$pg_way -j $pg_policy"
  done
  echo COMMIT
}
pg_try_ufw() { # tool, 6 or nothing
  pg_on=$(pg_setting /etc/ufw/ufw.conf ENABLED); pg_six=$(pg_setting /etc/default/ufw IPV6)
  pg_hooks=no; if [ -x /etc/ufw/before.init ] || [ -x /etc/ufw/after.init ]; then pg_hooks=yes; fi
  echo "# pathguard file=/etc/ufw/user$2.rules backend=$(pg_backend "$1") enabled=$pg_on ipv6=$pg_six hooks=$pg_hooks"
  if [ "$pg_on" != yes ] || [ "$pg_six$2" = no6 ]; then return 0; fi
  pg_harmless "/etc/ufw/before$2.rules" "/etc/ufw/after$2.rules" "/etc/ufw/user$2.rules" || return
  pg_base=$(pg_ufw_base "$2")
  pg_scratch "$1-restore -n <<'pg_end'
$pg_base
pg_end
    for pg_each in before after user; do $1-restore -n <\"/etc/ufw/\${pg_each}$2.rules\" || exit; done
    for pg_way in input output forward; do
      $1 -A ufw$2-before-\$pg_way -j ufw$2-user-\$pg_way || exit
    done
    $1-save"
}
pg_seconds() { sed 's/[^0-9].*//' /proc/uptime; }
pg_within() { # command...; all questions about firewalld together have the time for two files
  pg_left=$((pg_end - $(pg_seconds)))
  if [ $pg_left -le 0 ]; then echo "firewalld does not tell all within $((2 * PATIENCE)) s" >&2; return 124; fi
  ${pg_limit:+timeout $pg_left} "$@"
}
pg_runtime() { pg_within firewall-cmd "$@"; }
pg_permanent() { # firewalld shows files that were edited as it once read them; the other tool reads them itself
  if pg_has firewall-offline-cmd; then pg_within firewall-offline-cmd "$@"
  else pg_within firewall-cmd --permanent "$@"; fi
}
pg_defined() { # folder...: what has a file of its own there
  for pg_each in "$@"; do
    for pg_file in "$pg_each"/*.xml; do
      if [ -e "$pg_file" ]; then pg_file=${pg_file##*/}; echo "${pg_file%.xml}"; fi
    done
  done
}
pg_firewalld() {
  pg_end=$(($(pg_seconds) + 2 * PATIENCE))
  # To others it says that it does not run.
  [ "$pg_admin" -eq 1 ] || { echo "Operation not permitted: only root can ask firewalld" >&2; return 126; }
  pg_runtime --state >/dev/null 2>&1; pg_state=$?
  if [ $pg_state -eq 252 ]; then echo "# pathguard running=no"; return 0; fi # NOT_RUNNING, firewall-cmd(1)
  [ $pg_state -eq 0 ] || { echo "firewalld does not answer (exit status $pg_state)" >&2; return $pg_state; }
  pg_default=$(pg_runtime --get-default-zone) || return
  pg_saved_default=$(sed -n 's/^DefaultZone=//p' $pg_etc/firewalld/firewalld.conf 2>/dev/null | tail -n 1)
  echo "# pathguard running=yes default=$pg_default saved_default=$pg_saved_default"
  for pg_scope in runtime permanent; do
    echo "= $pg_scope zones"; pg_$pg_scope --list-all-zones || return
    echo "= $pg_scope policies"; pg_$pg_scope --list-all-policies || return
    for pg_service in $(pg_defined $pg_etc/firewalld/services); do
      echo "= $pg_scope service-$pg_service"
      pg_$pg_scope --info-service="$pg_service" || [ $? -ne 124 ] || return 124 # not loaded yet
    done
    if [ $pg_scope = runtime ] || [ -e $pg_etc/firewalld/direct.xml ]; then
      for pg_part in rules passthroughs; do
        echo "= $pg_scope direct-$pg_part"; pg_$pg_scope --direct --get-all-$pg_part || return
      done
    fi
    pg_named=$(pg_defined $pg_etc/firewalld/ipsets /usr/lib/firewalld/ipsets)
    if [ $pg_scope = runtime ]; then pg_named=$(pg_runtime --get-ipsets) || return; fi
    for pg_set in $pg_named; do
      echo "= $pg_scope ipset-$pg_set"; pg_$pg_scope --ipset="$pg_set" --get-entries || return
    done
  done
}
pg_run_folder=/run; pg_etc=/etc
pg_units() { # unit...
  if [ -d $pg_run_folder/systemd/system ]; then # sd_booted(3)
    for pg_unit in "$@"; do
      $pg_limit systemctl show -p UnitFileState -p LoadState -p ExecStart "$pg_unit.service" | awk -v unit="$pg_unit" '
        /^UnitFileState=/ { state = substr($0, 15) }
        /^LoadState=/ { load = substr($0, 11) }
        /^ExecStart=/ { if (match($0, /argv\[\]=[^;]*/)) call = substr($0, RSTART + 7, RLENGTH - 7) }
        END { known = load == "not-found" ? "absent" : state ~ /^(enabled|alias)$/ ? "enabled" \
            : state ~ /^(disabled|masked)$/ ? "disabled" : "unknown" # static, generated, until the next boot, no answer
          print "unit " unit " " known " " call }'
    done
  elif [ -d $pg_run_folder/openrc ]; then
    for pg_unit in "$@"; do
      pg_state=disabled
      for pg_link in $pg_etc/runlevels/*/"$pg_unit"; do if [ -e "$pg_link" ]; then pg_state=enabled; fi; done
      if [ ! -e "$pg_etc/init.d/$pg_unit" ]; then pg_state=absent; fi
      echo "unit $pg_unit $pg_state"
    done
  else echo "no service manager that tells what it starts at boot" >&2; return 127; fi
}
""".replace("LARGEST", str(LARGEST)).replace("PATIENCE", str(PATIENCE))


def body(saved: dict[str, tuple[str, ...]]) -> list[str]:
    """The script's lines. ``saved``: where distributions keep the rules, by output name."""
    lines = [
        FUNCTIONS,
        f"pg_run boot_units 'pg_units {' '.join(UNITS)}'",
        f"pg_boot boot_nft pg_try_nft -- {' '.join(saved['saved_nft'])}",
    ]
    sets = " ".join(saved["saved_ipset"])
    lines.append(
        f'pg_sets=; for pg_file in {sets}; do [ -z "$pg_sets" ] && [ -e $pg_file ] && pg_sets=$pg_file; done; '
        # Before Linux 3.13 all network namespaces shared their ipsets.
        "case $(uname -r) in [0-3].*) pg_sets=;; esac"
    )
    for tool in ("iptables", "ip6tables"):
        lines.append(f"pg_boot boot_{tool} pg_try_tables {tool} -- {' '.join(saved[f'saved_{tool}'])}")
    lines += [
        "if [ -e /etc/ufw/ufw.conf ]; then",
        "  pg_run boot_ufw 'pg_try_ufw iptables'",
        "  pg_run boot_ufw6 'pg_try_ufw ip6tables 6'",
        "else",
        "  pg_none boot_ufw 'there is no /etc/ufw/ufw.conf'",
        "  pg_none boot_ufw6 'there is no /etc/ufw/ufw.conf'",
        "fi",
        "if pg_has firewall-cmd; then pg_run boot_firewalld pg_firewalld",
        "else pg_none boot_firewalld 'firewall-cmd is not installed'; fi",
    ]
    return lines
