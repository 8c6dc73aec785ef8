# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Logins over netmiko to a real sshd: what works, and one clear error for each thing that does not."""

from __future__ import annotations

import getpass
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.integration.gather_lab import FW1, access, by_password, error_of, password_of, run
from tests.integration.lab_fixture import Lab

Change = Callable[[str, str, str], None]


@pytest.fixture
def change(lab: Lab) -> Iterator[Change]:
    """Change something on a host for the length of a test: the command that does it, and the one that undoes it."""
    undo: list[tuple[str, str]] = []

    def apply(host: str, command: str, back: str) -> None:
        lab.run(host, command, check=True)
        undo.append((host, back))

    yield apply
    for host, command in reversed(undo):
        lab.run(host, command, check=True)


def restart_sshd(change: Change, options: str) -> None:
    stop = "kill $(cat /run/sshd.pid); while [ -e /run/sshd.pid ]; do sleep 0.1; done"
    change("fw1", f"{stop}; /usr/sbin/sshd {options}", f"{stop}; /usr/sbin/sshd")


def test_key_login_and_sudo_without_a_password(lab: Lab) -> None:
    assert run(lab, access(lab), become=True)["stdout"] == "root\n"


def test_without_become_the_command_runs_as_the_login_user(lab: Lab) -> None:
    assert run(lab, access(lab), become=False)["stdout"] == "ops\n"


def test_nobody_asked_for_become(lab: Lab) -> None:
    assert run(lab, access(lab, become=False), become=True)["stdout"] == "ops\n"


def test_exit_status_stderr_and_stdin_are_kept(lab: Lab) -> None:
    found = run(lab, access(lab), "cat; echo oops >&2; exit 3", stdin="line 1\nline 2", become=True)
    assert (found["rc"], found["stdout"], found["stderr"]) == (3, "line 1\nline 2", "oops\n")


def test_bulk_data_both_ways(lab: Lab) -> None:
    text = "0123456789abcdef" * (1 << 17)
    found = run(lab, access(lab), "cat", stdin=text, become=True)
    assert found["rc"] == 0
    assert found["stdout"] == text


def test_a_command_that_does_not_read_its_input(lab: Lab) -> None:
    assert run(lab, access(lab), "echo done", stdin="x" * (1 << 22), become=True)["stdout"] == "done\n"


def test_what_the_login_shell_prints_is_not_output(lab: Lab, change: Change) -> None:
    change("fw1", "echo 'echo Welcome; echo noise >&2' > /home/ops/.bashrc", "rm /home/ops/.bashrc")
    found = run(lab, access(lab), "echo mine")
    assert (found["stdout"], found["stderr"]) == ("mine\n", "")


def test_password_login_and_sudo_with_a_password(lab: Lab) -> None:
    found = run(lab, by_password(lab), "id -un; cat", stdin="input", become=True)
    assert found["stdout"] == "root\ninput"
    assert password_of(lab) not in str(found)


def test_password_login_as_plain_user(lab: Lab) -> None:
    assert run(lab, by_password(lab))["stdout"] == "opspw\n"


def test_a_known_sudo_password_that_is_not_asked_for_never_reaches_the_command(lab: Lab) -> None:
    found = run(lab, access(lab, become_password="hidden-secret"), "cat", stdin="input", become=True)
    assert (found["stdout"], found["stderr"]) == ("input", "")


def test_no_password_in_the_process_list(lab: Lab) -> None:
    found = run(
        lab, by_password(lab), "cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ | tr '\\0' '\\n'", become=True
    )
    assert "sudo" in found["stdout"]
    assert password_of(lab) not in found["stdout"]


def test_wrong_password(lab: Lab) -> None:
    found = run(lab, by_password(lab, password="wrong-secret"))
    assert found["kind"] == "UnreachableError"
    assert error_of(found).startswith("the host refuses the login\nwhere: fw1 (opspw@10.99.0.2 port 22)")
    assert "wrong-secret" not in found["error"]


def test_wrong_key(lab: Lab, tmp_path: Path) -> None:
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(tmp_path / "key")], check=True)
    assert "refuses the login" in error_of(run(lab, access(lab, key_file=str(tmp_path / "key"))))


def test_nothing_to_log_in_with(lab: Lab, tmp_path: Path) -> None:
    found = run(lab, access(lab, key_file=None), env={"HOME": str(tmp_path)})
    assert "there is nothing to log in with" in error_of(found)


def test_missing_key_file(lab: Lab, tmp_path: Path) -> None:
    error = error_of(run(lab, access(lab, key_file=str(tmp_path / "none"))))
    assert "private key can't be read: No such file or directory" in error


def test_key_file_that_is_no_key(lab: Lab, tmp_path: Path) -> None:
    (tmp_path / "key").write_text("no key at all\n")
    assert "private key" in error_of(run(lab, access(lab, key_file=str(tmp_path / "key"))))


def test_encrypted_key_with_and_without_its_passphrase(lab: Lab, tmp_path: Path) -> None:
    key = tmp_path / "ops"
    key.write_bytes((lab.ssh / "ops").read_bytes())
    key.chmod(0o600)
    subprocess.run(["ssh-keygen", "-q", "-p", "-N", "key-secret", "-P", "", "-f", str(key)], check=True)
    good = run(lab, access(lab, key_file=str(key), key_passphrase="key-secret"))
    assert good["stdout"] == "ops\n"
    assert "is encrypted" in error_of(run(lab, access(lab, key_file=str(key))))
    bad = run(lab, access(lab, key_file=str(key), key_passphrase="other-secret"))
    assert "other-secret" not in error_of(bad)


def test_wrong_sudo_password(lab: Lab) -> None:
    found = run(lab, by_password(lab, become_password="wrong-secret"), become=True)
    assert found["kind"] == "GatherError"
    assert error_of(found).startswith("sudo refuses the password")
    assert "wrong-secret" not in found["error"]


def test_sudo_needs_a_password_and_none_is_known(lab: Lab) -> None:
    assert "sudo needs a password" in error_of(run(lab, by_password(lab, become_password=None), become=True))


def test_not_in_sudoers(lab: Lab, change: Change) -> None:
    change("fw1", "mv /etc/sudoers.d/ops /etc/ops.off", "mv /etc/ops.off /etc/sudoers.d/ops")
    assert "may not do this by sudo" in error_of(run(lab, by_password(lab), become=True))


def test_sudo_is_not_installed(lab: Lab, change: Change) -> None:
    change("fw1", "mv /usr/bin/sudo /usr/bin/sudo.off", "mv /usr/bin/sudo.off /usr/bin/sudo")
    assert "sudo is not installed" in error_of(run(lab, access(lab), become=True))


def test_other_become_method(lab: Lab) -> None:
    assert "become_method 'doas' is not known" in error_of(
        run(lab, access(lab, become_method="doas"), become=True)
    )


def test_login_shell_that_runs_nothing(lab: Lab, change: Change) -> None:
    off = "sed -i '/^ops:/s,/bin/bash,/usr/sbin/nologin,' /etc/passwd"
    change("fw1", off, "sed -i '/^ops:/s,/usr/sbin/nologin,/bin/bash,' /etc/passwd")
    assert "the login shell does not start commands" in error_of(run(lab, access(lab)))


def test_account_without_a_terminal(lab: Lab, change: Change) -> None:
    restart_sshd(change, "-o PermitTTY=no")
    assert run(lab, access(lab), become=True)["stdout"] == "root\n"


# --- host keys


def no_keys(lab: Lab, more: str = "", **fields: object) -> dict[str, object]:
    return access(
        lab, ssh_args=f"-o UserKnownHostsFile=/dev/null -o GlobalKnownHostsFile=/dev/null {more}", **fields
    )


def test_unknown_host_key(lab: Lab) -> None:
    error = error_of(run(lab, no_keys(lab)))
    key = subprocess.run(
        ["ssh-keygen", "-lf", str(lab.ssh / "host_fw1.pub")], capture_output=True, text=True, check=True
    )
    assert "the host key is not known: ssh-ed25519" in error
    assert key.stdout.split()[1] in error
    assert "nothing was sent" in error


def test_changed_host_key(lab: Lab, tmp_path: Path) -> None:
    other = (lab.ssh / "host_fw2.pub").read_text().split()[:2]
    (tmp_path / "known").write_text(f"{FW1} {' '.join(other)}\n")
    login = access(lab, ssh_args=f"-o UserKnownHostsFile={tmp_path}/known", host_keys="accept-new")
    found = run(lab, login)
    assert error_of(found).startswith("the host key has changed to ssh-ed25519 SHA256:")
    assert found["kind"] == "UnreachableError"


def test_no_credential_is_sent_to_an_unknown_host(lab: Lab, change: Change) -> None:
    restart_sshd(change, "-o LogLevel=DEBUG1 -E /tmp/sshd.log")
    login = by_password(lab, ssh_args="-o UserKnownHostsFile=/dev/null -o GlobalKnownHostsFile=/dev/null")
    assert "not known" in error_of(run(lab, login))
    log = lab.run("fw1", "cat /tmp/sshd.log", check=True).stdout
    assert "Connection from" in log
    assert "userauth-request" not in log
    assert "opspw" not in log


@pytest.mark.parametrize(
    "fields",
    [{"host_keys": "off"}, {"host_keys": "accept-new"}, {}],
    ids=["off", "accept-new", "by ssh's own option"],
)
def test_host_keys_need_not_be_known_when_somebody_says_so(lab: Lab, fields: dict[str, str]) -> None:
    more = "" if fields else "-o StrictHostKeyChecking=accept-new"
    assert run(lab, no_keys(lab, more, **fields))["stdout"] == "ops\n"


def test_asking_for_strict_outranks_ssh_options(lab: Lab) -> None:
    assert "not known" in error_of(run(lab, no_keys(lab, "-o StrictHostKeyChecking=no", host_keys="strict")))


def test_hashed_and_aliased_known_hosts(lab: Lab, tmp_path: Path) -> None:
    key = " ".join((lab.ssh / "host_fw1.pub").read_text().split()[:2])
    known = tmp_path / "known"
    known.write_text(f"the-firewall {key}\n")
    subprocess.run(["ssh-keygen", "-q", "-H", "-f", str(known)], check=True, capture_output=True)
    assert known.read_text().startswith("|1|")
    login = access(lab, ssh_args=f"-o UserKnownHostsFile={known} -o HostKeyAlias=the-firewall")
    assert run(lab, login)["stdout"] == "ops\n"


# --- ssh configuration


def config(lab: Lab, tmp_path: Path, text: str) -> str:
    path = tmp_path / ".ssh" / "config"
    path.parent.mkdir(exist_ok=True)
    path.write_text(
        f"{text}\nHost *\n  UserKnownHostsFile {lab.ssh}/known_hosts\n  IdentityAgent none\n  User ops\n  IdentityFile {lab.ssh}/ops\n"
    )
    return str(path)


def test_the_users_ssh_config(lab: Lab, tmp_path: Path) -> None:
    config(lab, tmp_path, f"Host gateway\n  HostName {FW1}\n  Port 22")
    login = {"name": "fw1", "address": "gateway", "timeout": 20, "connect_timeout": 5}
    assert run(lab, login, "id -un; hostname", env={"HOME": str(tmp_path)})["stdout"] == "ops\nfw1\n"


def test_inventory_outranks_ssh_config(lab: Lab, tmp_path: Path) -> None:
    file = config(lab, tmp_path, f"Host gateway\n  HostName {FW1}\n  Port 2222\n  User nobody")
    login = {"name": "fw1", "address": "gateway", "ssh_args": f"-F {file}", "port": 22, "user": "ops"}
    assert run(lab, login)["stdout"] == "ops\n"


@pytest.mark.parametrize("how", ["ProxyJump fw1", "ProxyCommand ssh -F {file} -W %h:%p fw1"])
def test_over_a_jump_host(lab: Lab, change: Change, tmp_path: Path, how: str) -> None:
    admit = f"inet filter input ip saddr {FW1} tcp dport 22 accept"
    drop_first = "nft delete rule inet filter input handle $(nft -a list chain inet filter input | sed -n 's/.*saddr 10.99.0.2 .*# handle //p')"
    change("db1", f"nft insert rule {admit}", drop_first)
    file = tmp_path / ".ssh" / "config"
    target = f"Host target\n  HostName 10.99.0.10\n  {how.format(file=file)}"
    config(lab, tmp_path, f"Host fw1\n  HostName {FW1}\n{target}")
    login = {"name": "db1", "address": "target", "ssh_args": f"-F {file}", "connect_timeout": 10}
    name, connection = run(lab, login, "hostname; echo $SSH_CONNECTION")["stdout"].splitlines()
    assert name == "db1"
    assert connection.startswith(FW1), "the connection comes from the jump host"


def test_proxy_command_that_fails(lab: Lab) -> None:
    login = access(lab)
    login["ssh_args"] += " -o ProxyCommand=\"sh -c 'echo the jump host is closed >&2; exit 1'\""
    assert "the proxy command can't connect: the jump host is closed" in error_of(run(lab, login))


def test_ssh_arguments_that_cannot_be_read(lab: Lab) -> None:
    assert "ssh arguments can't be read" in error_of(run(lab, access(lab, ssh_args="-o 'User=ops")))


def test_ssh_config_that_is_not_there(lab: Lab) -> None:
    assert "does not exist" in error_of(run(lab, access(lab, ssh_args="-F /nowhere/config")))


def test_agent(lab: Lab) -> None:
    done = subprocess.run(["ssh-agent", "-s"], capture_output=True, text=True, check=True)
    env = dict(line.split(";")[0].split("=") for line in done.stdout.splitlines() if "=" in line)
    try:
        subprocess.run(
            ["ssh-add", "-q", str(lab.ssh / "ops")], env=env | {"PATH": "/usr/bin:/bin"}, check=True
        )
        login = access(lab, key_file=None, ssh_args=f"-o UserKnownHostsFile={lab.ssh}/known_hosts")
        assert run(lab, login, env=env)["stdout"] == "ops\n"
    finally:
        subprocess.run(
            ["ssh-agent", "-k"], env=env | {"PATH": "/usr/bin:/bin"}, check=True, capture_output=True
        )


# --- hosts that do not answer


def test_connection_refused(lab: Lab) -> None:
    found = run(lab, access(lab, address="127.0.0.1", port=2298))
    assert "the connection is refused" in error_of(found)
    assert found["kind"] == "UnreachableError"


def test_host_that_is_down(lab: Lab) -> None:
    found = run(lab, access(lab, address="10.99.0.250", connect_timeout=2))
    assert any(
        text in error_of(found) for text in ("does not answer within 2 s", "there is no way to the host")
    )
    assert found["seconds"] < 10


def test_packets_that_are_dropped(lab: Lab) -> None:
    found = run(lab, access(lab, port=2222, connect_timeout=2))
    assert "the host does not answer within 2 s" in error_of(found)
    assert found["seconds"] < 10


def test_no_route(lab: Lab) -> None:
    assert "no route to the host's network" in error_of(
        run(lab, access(lab, address="192.0.2.1", connect_timeout=2))
    )


def test_name_that_cannot_be_resolved(lab: Lab) -> None:
    assert "can't be resolved" in error_of(run(lab, access(lab, address="nowhere.invalid")))


def test_server_that_never_speaks(lab: Lab) -> None:
    login = access(lab, address="127.0.0.1", port=2299, connect_timeout=2)
    found = run(lab, login, silent=True)
    assert "SSH server" in error_of(found)
    assert found["seconds"] < 15


def test_command_that_takes_too_long(lab: Lab) -> None:
    found = run(lab, access(lab), "sleep 60", timeout=1.0, become=True)
    assert error_of(found).startswith("a command has not ended after 1 s")
    assert found["seconds"] < 10


def test_command_killed_by_a_signal(lab: Lab) -> None:
    assert run(lab, access(lab), "kill -KILL $$")["rc"] is None


def test_connection_lost_while_a_command_runs(lab: Lab) -> None:
    found = run(lab, access(lab), "pkill -KILL -f '^sshd: ops'; sleep 5", become=True)
    assert "connection was lost" in error_of(found)


def test_default_user_is_the_local_one(lab: Lab, tmp_path: Path) -> None:
    login = access(lab, user=None, key_file=str(lab.ssh / "ops"))
    assert f"{getpass.getuser()}@{FW1}" in error_of(run(lab, login, env={"HOME": str(tmp_path)}))
