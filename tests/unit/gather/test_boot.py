# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What boot would load, tried in a network namespace of its own: nothing may ever be loaded elsewhere."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.gather import boot, frames, linux
from ansible_collections.pathguard.network.plugins.plugin_utils.model.raw import RawOutput
from tests.unit.gather.test_linux import tool

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="a network namespace of its own needs root")


def run(tmp_path: Path, line: str, *, setup: str = "", sandbox: str = "") -> RawOutput:
    """A line of the script in a namespace that stands for the host; tools from ``tmp_path`` come first.

    ``setup`` comes before it, ``sandbox`` even before the script.
    """
    script = f"PATH={tmp_path}:$PATH\n{linux.FUNCTIONS}\n{boot.FUNCTIONS}\npg_admin=1\n{setup}\n{line}"
    made = frames.script(script)
    done = subprocess.run(
        ["unshare", "-n", "-m", "sh", "-c", f"{sandbox}\nexec sh"] if sandbox else ["/bin/sh"],
        input=made.text,
        capture_output=True,
        text=True,
        check=False,
    )
    return frames.outputs(made, {"x": "command"}, done.stdout, done.stderr, "host")["x"]


def test_an_unshare_that_does_nothing_loads_nothing(tmp_path: Path) -> None:
    tool(tmp_path, "unshare", 'shift; exec "$@"')
    tool(tmp_path, "nft", f"touch {tmp_path}/was-run")
    found = run(tmp_path, "pg_run x 'pg_scratch \"nft -f /dev/null\"'")
    assert (found.rc, "no network namespace of its own" in found.stderr) == (126, True)
    assert not (tmp_path / "was-run").exists()


def test_without_unshare_or_rights_nothing_is_tried(tmp_path: Path) -> None:
    tool(tmp_path, "nft", f"touch {tmp_path}/was-run")
    line = "pg_run x 'pg_scratch nft'"
    missing = run(tmp_path, line, setup='pg_has() { [ "$1" != unshare ]; }')
    assert "unshare is not installed" in missing.stderr
    assert "Operation not permitted" in run(tmp_path, line, setup="pg_admin=0").stderr
    assert not (tmp_path / "was-run").exists()


@pytest.mark.parametrize(
    ("release", "loaded", "tried"),
    [
        ("3.10.0-1160.el7", 1, False),
        ("4.9.0-19-amd64", 1, False),
        ("4.10.0", 1, True),
        ("6.1.0", 1, True),
        ("3.10.0", 0, True),
    ],
)
def test_a_kernel_that_would_track_the_whole_hosts_connections_is_left_alone(
    tmp_path: Path, release: str, loaded: int, tried: bool
) -> None:
    tool(tmp_path, "uname", f"echo {release}")
    tool(tmp_path, "unshare", "echo tried")
    found = run(tmp_path, "pg_run x 'pg_scratch true'", setup=f"pg_kernel() {{ return {loaded}; }}")
    assert ("tried" in found.stdout, "track all connections" in found.stderr) == (tried, not tried)


def test_a_file_that_is_too_large_is_not_tried(tmp_path: Path) -> None:
    with (tmp_path / "saved").open("w") as file:
        file.truncate(boot.LARGEST + 1)
    found = run(tmp_path, f"pg_run x 'pg_try_nft {tmp_path}/saved'")
    assert (found.rc, "too large" in found.stderr) == (126, True)


def test_the_first_file_that_is_there(tmp_path: Path) -> None:
    (tmp_path / "second").write_text("")
    setup = 'show() { echo "$*"; }'
    line = f"pg_boot x show iptables -- {tmp_path}/first {tmp_path}/second"
    assert run(tmp_path, line, setup=setup).stdout == f"iptables {tmp_path}/second\n"
    assert run(tmp_path, f"pg_boot x show -- {tmp_path}/first").absent == f"there is no {tmp_path}/first"


@needs_root
def test_nft_reads_includes_and_variables_and_leaves_the_host_alone(tmp_path: Path) -> None:
    (tmp_path / "more.nft").write_text(
        'define apps = 10.0.1.0/24\ntable inet added {\nchain c {\niif "eth7" accept\n}\n}\n'
    )
    (tmp_path / "saved.nft").write_text(
        f'flush ruleset\ninclude "{tmp_path}/more.nft"\n'
        "table inet filter {\nchain f {\nip saddr $apps accept\n}\n}\n"
    )
    found = run(
        tmp_path,
        f"ip link add eth7 type bridge; ip link add \"a';id\" type bridge; pg_run x 'pg_try_nft {tmp_path}/saved.nft; nft list tables >&2'",
        sandbox="true",
    )
    assert found.stdout.startswith(f"# pathguard file={tmp_path}/saved.nft\ntable inet "), found.stderr
    assert "ip saddr 10.0.1.0/24 accept" in found.stdout
    assert 'iif "eth7" accept' in found.stdout, "an interface of the host is there"
    assert "table inet" not in found.stderr, "nothing was loaded into the host's own namespace"


@needs_root
@pytest.mark.parametrize(
    ("tool_name", "backend"), [("iptables", "iptables"), ("iptables-legacy", "iptables-legacy")]
)
def test_saved_rules_of_both_kinds_of_iptables(tmp_path: Path, tool_name: str, backend: str) -> None:
    for what in ("restore", "save"):
        source = shutil.which(
            {"iptables": "iptables-nft", "iptables-legacy": "iptables-legacy"}[tool_name] + f"-{what}"
        )
        assert source is not None
        tool(tmp_path, f"iptables-{what}", f'exec {source} "$@"')
    (tmp_path / "rules.v4").write_text(
        "*filter\n:FORWARD DROP\n-A FORWARD -s 10.0.1.7 -p tcp --dport 22 -j ACCEPT\nCOMMIT\n"
    )
    found = run(tmp_path, f"pg_run x 'pg_try_tables iptables {tmp_path}/rules.v4'")
    assert found.stdout.startswith(f"# pathguard file={tmp_path}/rules.v4 backend={backend}\n"), found.stderr
    assert "-A FORWARD -s 10.0.1.7/32 -p tcp -m tcp --dport 22 -j ACCEPT\n" in found.stdout


@needs_root
def test_saved_rules_may_name_saved_sets(tmp_path: Path) -> None:
    (tmp_path / "sets").write_text("create shop hash:ip\nadd shop 10.0.0.1\n")
    (tmp_path / "rules").write_text("*filter\n-A FORWARD -m set --match-set shop src -j ACCEPT\nCOMMIT\n")
    line = f"pg_run x 'pg_try_tables iptables {tmp_path}/rules'"
    found = run(tmp_path, line, setup=f"pg_sets={tmp_path}/sets")
    assert "-A FORWARD -m set --match-set shop src -j ACCEPT\n" in found.stdout, found.stderr
    without = run(tmp_path, line)
    assert without.rc not in (0, None)
    assert "shop" in without.stderr


def test_rules_that_would_load_a_filter_for_all_bridges_are_not_tried(tmp_path: Path) -> None:
    tool(tmp_path, "iptables-restore", f'[ "$1" = -V ] || touch {tmp_path}/was-run')
    tool(tmp_path, "iptables-save", "true")
    (tmp_path / "rules").write_text("*filter\n-A FORWARD -m physdev --physdev-is-bridged -j ACCEPT\nCOMMIT\n")
    line = f"pg_run x 'pg_try_tables iptables {tmp_path}/rules'"
    found = run(tmp_path, line, setup="pg_kernel() { return 1; }")
    assert (found.rc, "br_netfilter" in found.stderr) == (126, True)
    assert not (tmp_path / "was-run").exists()


@needs_root
def test_rules_about_bridge_ports_are_tried_where_the_kernel_filters_them_already(tmp_path: Path) -> None:
    tool(tmp_path, "iptables-restore", f'[ "$1" = -V ] || touch {tmp_path}/was-run')
    tool(tmp_path, "iptables-save", "true")
    (tmp_path / "rules").write_text("-A FORWARD -m physdev --physdev-is-bridged -j ACCEPT\n")
    line = f"pg_run x 'pg_try_tables iptables {tmp_path}/rules'"
    assert run(tmp_path, line, setup='pg_kernel() { [ "$1" = br_netfilter ]; }').rc == 0
    assert (tmp_path / "was-run").exists()


UFW = {
    "ufw/ufw.conf": "ENABLED=yes\n",
    "default/ufw": 'IPV6=yes\nDEFAULT_INPUT_POLICY="DROP"\nDEFAULT_OUTPUT_POLICY="ACCEPT"\nDEFAULT_FORWARD_POLICY="REJECT"\n',
    "ufw/before.rules": "*filter\n:ufw-before-input - [0:0]\n:ufw-before-output - [0:0]\n:ufw-before-forward - [0:0]\n"
    "-A ufw-before-input -i lo -j ACCEPT\n-A ufw-before-input -m conntrack --ctstate INVALID -j ufw-logging-deny\nCOMMIT\n",
    "ufw/after.rules": "*filter\n:ufw-after-input - [0:0]\n-A ufw-after-input -p udp --dport 137 -j ufw-skip-to-policy-input\nCOMMIT\n",
    "ufw/user.rules": "*filter\n:ufw-user-input - [0:0]\n:ufw-user-output - [0:0]\n:ufw-user-forward - [0:0]\n"
    "### tuple ### allow tcp 22 0.0.0.0/0 any 0.0.0.0/0 in\n-A ufw-user-input -p tcp --dport 22 -j ACCEPT\nCOMMIT\n",
}  # fmt: skip


@needs_root
def test_ufw_as_it_starts(tmp_path: Path) -> None:
    for name, text in UFW.items():
        (tmp_path / "etc" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "etc" / name).write_text(text)
    # On top of the machine's /etc, for this process alone.
    sandbox = f"mount -t overlay none -o lowerdir={tmp_path}/etc:/etc /etc"
    found = run(tmp_path, "pg_run x 'pg_try_ufw iptables'", sandbox=sandbox)
    lines = found.stdout.splitlines()
    assert (
        lines[0] == "# pathguard file=/etc/ufw/user.rules backend=iptables enabled=yes ipv6=yes hooks=no"
    ), found.stderr
    assert [line for line in lines if line.startswith(":") and " - " not in line] == [
        ":INPUT DROP [0:0]",
        ":FORWARD DROP [0:0]",
        ":OUTPUT ACCEPT [0:0]",
    ]
    assert [line.split()[-1] for line in lines if line.startswith("-A INPUT ")] == [
        f"ufw-{part}-input"
        for part in ("before-logging", "before", "after", "after-logging", "reject", "track")
    ]
    assert [line for line in lines if line.startswith("-A ufw-")] == [
        "-A ufw-after-input -p udp -m udp --dport 137 -j ufw-skip-to-policy-input",
        "-A ufw-before-forward -j ufw-user-forward",
        "-A ufw-before-input -i lo -j ACCEPT",
        "-A ufw-before-input -m conntrack --ctstate INVALID -j ufw-logging-deny",
        "-A ufw-before-input -j ufw-user-input",
        "-A ufw-before-output -j ufw-user-output",
        "-A ufw-reject-forward -j REJECT --reject-with icmp-port-unreachable",
        "-A ufw-skip-to-policy-forward -j REJECT --reject-with icmp-port-unreachable",
        "-A ufw-skip-to-policy-input -j DROP",
        "-A ufw-skip-to-policy-output -j ACCEPT",
        "-A ufw-track-output -p tcp -m conntrack --ctstate NEW -j ACCEPT",
        "-A ufw-track-output -p udp -m conntrack --ctstate NEW -j ACCEPT",
        "-A ufw-user-input -p tcp -m tcp --dport 22 -j ACCEPT",
    ]
    (tmp_path / "etc" / "ufw" / "ufw.conf").write_text("ENABLED=no\n")
    assert "-A" not in run(tmp_path, "pg_run x 'pg_try_ufw iptables'", sandbox=sandbox).stdout


SYSTEMCTL = """case $* in
  *nftables.service) printf '%s\\n' 'ExecStart={ path=/usr/sbin/nft ; argv[]=/usr/sbin/nft -f /etc/nftables.conf ; ignore_errors=no }' \
    LoadState=loaded UnitFileState=enabled;;
  *ufw.service) printf '%s\\n' LoadState=loaded UnitFileState=disabled;;
  *) printf '%s\\n' LoadState=not-found UnitFileState=;;
esac"""


def test_units_of_systemd(tmp_path: Path) -> None:
    tool(tmp_path, "systemctl", SYSTEMCTL)
    (tmp_path / "systemd" / "system").mkdir(parents=True)
    found = run(tmp_path, "pg_run x 'pg_units nftables ufw firewalld'", setup=f"pg_run_folder={tmp_path}")
    assert [line.rstrip() for line in found.stdout.splitlines()] == [
        "unit nftables enabled /usr/sbin/nft -f /etc/nftables.conf",
        "unit ufw disabled",
        "unit firewalld absent",
    ]


@pytest.mark.parametrize(
    ("state", "told"),
    [
        ("enabled", "enabled"),
        ("masked", "disabled"),
        ("enabled-runtime", "unknown"),
        ("static", "unknown"),
        ("generated", "unknown"),
    ],
)
def test_only_what_lasts_over_a_boot_is_enabled(tmp_path: Path, state: str, told: str) -> None:
    tool(tmp_path, "systemctl", f"printf '%s\\n' LoadState=loaded UnitFileState={state}")
    (tmp_path / "systemd" / "system").mkdir(parents=True)
    found = run(tmp_path, "pg_run x 'pg_units nftables'", setup=f"pg_run_folder={tmp_path}")
    assert found.stdout.split() == ["unit", "nftables", told]


def test_a_service_manager_that_does_not_answer_says_nothing(tmp_path: Path) -> None:
    tool(tmp_path, "systemctl", "echo 'Failed to connect to bus' >&2; exit 1")
    (tmp_path / "systemd" / "system").mkdir(parents=True)
    found = run(tmp_path, "pg_run x 'pg_units nftables'", setup=f"pg_run_folder={tmp_path}")
    assert found.stdout.split() == ["unit", "nftables", "unknown"]


def test_units_of_openrc(tmp_path: Path) -> None:
    for folder in ("openrc", "init.d", "runlevels/default", "runlevels/boot"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "init.d" / "nftables").write_text("")
    (tmp_path / "init.d" / "iptables").write_text("")
    (tmp_path / "runlevels" / "boot" / "iptables").write_text("")
    setup = f"pg_run_folder={tmp_path}; pg_etc={tmp_path}"
    found = run(tmp_path, "pg_run x 'pg_units nftables iptables ufw'", setup=setup)
    assert found.stdout == "unit nftables disabled\nunit iptables enabled\nunit ufw absent\n"


def test_units_where_nobody_can_be_asked(tmp_path: Path) -> None:
    found = run(tmp_path, "pg_run x 'pg_units nftables'", setup=f"pg_run_folder={tmp_path}")
    assert (found.rc, "no service manager" in found.stderr) == (127, True)


FIREWALL_CMD = """case $* in
  --state) ;;
  --get-default-zone) echo public;;
  *--list-all-zones) printf 'public\\n  target: default\\n  services: %s\\n\\n' "$1";;
  *--get-ipsets) echo shop;;
  *--ipset=shop*) echo 10.0.0.1;;
esac"""


def test_firewalld_is_asked_for_both_configurations(tmp_path: Path) -> None:
    for name in ("services/shop.xml", "ipsets/shop.xml", "direct.xml"):
        (tmp_path / "firewalld" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "firewalld" / name).write_text("")
    (tmp_path / "firewalld" / "firewalld.conf").write_text("# DefaultZone=x\nDefaultZone=work\n")
    etc = f"pg_etc={tmp_path}"
    tool(tmp_path, "firewall-cmd", FIREWALL_CMD)
    tool(tmp_path, "firewall-offline-cmd", FIREWALL_CMD.replace("$1", "of-files"))
    found = run(tmp_path, "pg_run x pg_firewalld", setup=etc)
    first = "# pathguard running=yes default=public saved_default=work\n= runtime zones\npublic\n"
    assert found.stdout.startswith(first)
    parts = ("zones", "policies", "service-shop", "direct-rules", "direct-passthroughs", "ipset-shop")
    assert [line for line in found.stdout.splitlines() if line.startswith("= ")] == [
        f"= {scope} {part}" for scope in ("runtime", "permanent") for part in parts
    ]
    # firewalld itself may not have noticed that a file was edited.
    assert "= permanent zones\npublic\n  target: default\n  services: of-files\n" in found.stdout
    (tmp_path / "firewall-offline-cmd").unlink()
    assert "  services: --permanent\n" in run(tmp_path, "pg_run x pg_firewalld", setup=etc).stdout
    tool(tmp_path, "firewall-cmd", "exit 252")
    assert run(tmp_path, "pg_run x pg_firewalld").stdout == "# pathguard running=no\n"


def test_firewalld_that_answers_only_in_part_is_not_compared(tmp_path: Path) -> None:
    tool(tmp_path, "firewall-cmd", f"case $* in *--list-all-policies) exit 2;; esac\n{FIREWALL_CMD}")
    assert run(tmp_path, "pg_run x pg_firewalld").rc == 2


def test_a_firewalld_that_takes_its_time_is_not_waited_for_with_each_answer(tmp_path: Path) -> None:
    tool(tmp_path, "firewall-cmd", FIREWALL_CMD)
    slow = f"pg_seconds() {{ printf '\\n\\n\\n' >>{tmp_path}/asked; wc -l <{tmp_path}/asked; }}"
    found = run(tmp_path, "pg_run x pg_firewalld", setup=slow)
    assert (found.rc, "does not tell all within" in found.stderr) == (124, True)
    assert "= permanent zones" not in found.stdout


def test_a_firewalld_that_does_not_answer_is_not_one_that_does_not_run(tmp_path: Path) -> None:
    tool(tmp_path, "firewall-cmd", "exit 1")
    found = run(tmp_path, "pg_run x pg_firewalld")
    assert (found.rc, found.stdout, "does not answer" in found.stderr) == (1, "", True)
