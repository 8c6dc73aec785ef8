# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Programs that write firewall rules: how their rules are changed so that the change lasts.

A rule that is changed behind such a program's back is gone when the program writes its rules the next time.
"""

from __future__ import annotations

from typing import NamedTuple


class Way(NamedTuple):
    """``how``: with what its rules are changed. ``until``: when a change made another way is lost."""

    how: str
    until: str


_RELOAD = "at its next reload"
_RESTART = "when it is restarted"
_SYNC = "when it next writes its rules"

# The values that ``managed_by`` can have in a state of a Linux host.
MANAGERS: dict[str, Way] = {
    "antrea": Way("a NetworkPolicy", _SYNC),
    "azure-npm": Way("a NetworkPolicy", _SYNC),
    "calico": Way("a NetworkPolicy, or calicoctl", _SYNC),
    "cilium": Way("a NetworkPolicy, or cilium's configuration", _SYNC),
    "cni": Way(
        "the CNI configuration, or the container's published ports", "when the container is restarted"
    ),
    "crowdsec": Way("cscli decisions", _RESTART),
    "docker": Way("the container's published ports and networks, or a rule in DOCKER-USER", _RESTART),
    "fail2ban": Way("fail2ban-client", _RESTART),
    "firewalld": Way("firewall-cmd --permanent, and a reload", _RELOAD),
    "fw4": Way("uci, in /etc/config/firewall, and a reload", _RELOAD),
    "incus": Way("incus network", _RESTART),
    "ip-masq-agent": Way("its ConfigMap", _SYNC),
    "istio": Way("the mesh's configuration", "when the pod is restarted"),
    "kube-proxy": Way("a Service or a NetworkPolicy", _SYNC),
    "kube-router": Way("a Service or a NetworkPolicy", _SYNC),
    "libvirt": Way("virsh net-edit", "when the network is restarted"),
    "lxd": Way("lxc network", _RESTART),
    "networkmanager": Way("nmcli", "when the connection is activated again"),
    "openvpn-as": Way("its administration pages, or sacli", _RESTART),
    "podman": Way("the container's published ports and networks", "when the container is restarted"),
    "proxmox": Way("pve-firewall, in /etc/pve/firewall", _SYNC),
    "shorewall": Way("/etc/shorewall, and shorewall reload", _RELOAD),
    "systemd": Way("the .network or .nspawn file", _RESTART),
    "tailscale": Way("tailscale set", _RESTART),
    "ufw": Way("ufw, or /etc/ufw/before.rules and after.rules", _RELOAD),
    "vyos": Way("configure and commit", "at the next commit"),
    "weave": Way("a NetworkPolicy", _SYNC),
    "wg-quick": Way("/etc/wireguard", "when the tunnel is started again"),
}


def advice(manager: str) -> str:
    """How to change a rule of ``manager``, in a sentence; empty for the administrator's own."""
    way = MANAGERS.get(manager)
    if way is None:
        return ""
    return f"owned by {manager}: change it with {way.how}, or the change is lost {way.until}"
