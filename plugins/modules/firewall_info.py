# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
---
module: firewall_info
short_description: Gather firewalls, routes and listeners of one or many hosts
version_added: 0.1.0
description:
  - Reads a host's firewall rules as they are now, with its addresses, routes and listening sockets, and
    writes them to a snapshot file from which every analysis can be repeated offline.
  - Several hosts are gathered at once by one task, each with its own inventory variables, also hosts
    outside of the play.
  - Nothing is changed on any host. On Linux, nftables, iptables (both variants), ip6tables, ipset,
    ip(8) and ss(8) are read in one login, as root.
  - Of network devices the configuration, interfaces and routes are read in one login. Nothing but commands that show
    something is sent, beside C(enable) and what switches paging off for the session.
  - What may not be read is told in RV(firewalls), and every verdict that depends on it is C(unknown);
    it is never taken for an empty ruleset.
extends_documentation_fragment:
  - pathguard.network.attributes
  - pathguard.network.attributes.read_only
  - pathguard.network.attributes.each_host
  - pathguard.network.login
  - pathguard.network.login.hosts
  - pathguard.network.login.timeout
options:
  transport:
    description:
      - How a host is reached. V(netmiko) logs in by SSH with netmiko on the controller, V(connection)
        uses the host's Ansible connection (local, containers, ssh as Ansible does it), V(files)
        reads output that was saved before.
      - Network devices have no shell, so they are read by V(netmiko) and V(files) alone. V(auto) is V(netmiko)
        for them, whatever C(ansible_connection) says.
      - V(auto) is V(files) where O(files) is given, else V(netmiko) where the host's connection is an
        SSH one and netmiko is installed, else V(connection).
    type: str
    choices: [auto, netmiko, connection, files]
    default: auto
  files:
    description:
      - Saved output of one host, with O(transport=files). Commands that have no file are unknown.
      - A kind of firewall rules that has no file while another kind has one (C(iptables-legacy-save) beside
        C(nft -j list ruleset), say) is taken as none, and named in C(unreadable). It is unknown if a file
        that was given says that there are such rules, or if the files hold no rules at all. Give the file, or
        O(files[].absent).
      - An empty file, an error message and output that was cut short are errors. A configuration of a network
        device that can't be read, or that shows that it was cut short, is named in C(unreadable), and the task
        goes on.
    type: list
    elements: dict
    suboptions:
      command:
        description:
          - The command that the file is the output of, such as V(nft -j list ruleset) or V(iptables-save), or
            its short name, such as V(nft_json), V(iptables_nft), V(addresses), V(routes4).
          - Of network devices V(running_config) (or what the platform calls it, such as V(show running-config) or
            V(show configuration)), V(interfaces), V(routes4), V(routes6), V(startup_config). A configuration that
            was saved or rendered is a V(running_config).
          - Without V(nft -j list ruleset), the text of V(nft list ruleset) is read, or V(nft -f) (a script that
            includes no other file), with the rules that it loads into a kernel that has none.
        type: str
        required: true
      path:
        description: The file, relative to the playbook's folder. Either this or O(files[].absent) is needed.
        type: str
      absent:
        description: Somebody has looked, and the host has no such thing.
        type: bool
        default: false
  snapshot_dir:
    description:
      - Folder for the snapshot files, C(<host>.json) each, relative to the playbook's folder. Made if it
        is missing. Files are readable by their owner alone.
      - Without it nothing is written.
    type: str
  names:
    description:
      - Names that these hosts shall resolve, as C(getent ahosts) does, such as those of a policy's C(dns) endpoints.
        The answers are kept in C(names.yml) beside the snapshots, where M(pathguard.network.policy_validate) finds
        them; those of other hosts and names that are there stay.
      - Needs O(snapshot_dir), and hosts with a shell.
    type: list
    elements: str
    default: []
  return_state:
    description:
      - Return the whole normalised state as well. It can be large; reading the snapshot costs less.
    type: bool
    default: false
  boot:
    description:
      - Whether to find out what would be loaded at boot, for RV(firewalls). It makes no difference to verdicts.
      - On devices that have one, the startup configuration is read for it.
      - On Linux, saved rules are loaded into a network namespace of their own, which ends at once, and listed
        there. That takes about as long again as reading what runs, some hundredths of a second on most
        hosts and seconds with 20,000 rules; the kernel may load modules that the saved rules need.
    type: bool
    default: true
notes:
  - Logins use the inventory's connection variables (C(ansible_host), C(ansible_port), C(ansible_user),
    C(ansible_password), C(ansible_ssh_private_key_file), C(ansible_become) and its relatives),
    C(~/.ssh/config), the ssh agent, and what was typed at C(--ask-pass) and C(--ask-become-pass).
    There are no options for passwords.
  - The credentials that automation platforms give as C(ANSIBLE_NET_USERNAME), C(ANSIBLE_NET_PASSWORD),
    C(ANSIBLE_NET_SSH_KEYFILE) and C(ANSIBLE_NET_AUTH_PASS) are used where nothing else is set.
  - A password that a variable of one host holds is never used for another host.
  - Jump hosts (C(ProxyJump), C(ProxyCommand)) work in C(~/.ssh/config) and in C(ansible_ssh_common_args), with
    both transports.
  - On Linux the login needs a POSIX sh, and no Python. A login that sudo lets run single commands only is
    enough; docs/access.md of the collection has the lines for sudoers.
  - Inventories that were made for C(ansible.netcommon.network_cli) work as they are, with C(ansible_network_os),
    C(ansible_become) and its password for C(enable), C(ansible_command_timeout), C(ProxyCommand). Where that
    collection is not installed, Ansible can't run any task on such hosts; name them by O(hosts) in a play on
    localhost, or delegate the task there.
  - On devices O(timeout) is for silence, so that long configurations may take longer. Passwords, communities and
    keys in a configuration become stars before it gets into a snapshot.
  - Rules inside a container's own network namespace are not seen from the host that it runs on.
requirements:
  - netmiko (on the controller, for O(transport=netmiko))
seealso:
  - module: pathguard.network.path_probe
author:
  - PathGuard developers (@pathguard)
"""

EXAMPLES = r"""
- name: Read the firewall of each host of the play
  pathguard.network.firewall_info:
    snapshot_dir: snapshots
  become: true

- name: Read the firewalls on the way, at once, from a play on other hosts
  pathguard.network.firewall_info:
    hosts: "{{ groups['firewalls'] }}"
    snapshot_dir: snapshots
  become: true
  run_once: true

- name: Read network devices, from a play on localhost
  pathguard.network.firewall_info:
    hosts: "{{ groups['routers'] }}"
    snapshot_dir: snapshots
    timeout: 120

- name: Read output that somebody has saved
  pathguard.network.firewall_info:
    hosts: [fw7]
    transport: files
    files:
      - command: nft -j list ruleset
        path: saved/fw7-nft.json
      - command: iptables-legacy-save
        absent: true
      - command: ip -j address show
        path: saved/fw7-addresses.json
    snapshot_dir: snapshots
  delegate_to: localhost
  run_once: true
"""

RETURN = r"""
firewalls:
  description: The hosts that could be read, by name; hosts that could not are in RV(errors).
  returned: always
  type: dict
  contains:
    platform:
      description: What the host is.
      type: str
      sample: linux
    snapshot:
      description: Path of the snapshot file, or null.
      type: str
      sample: /srv/audit/snapshots/fw1.json
    fingerprint:
      description: Hashes of the rules, apart for those of declared dynamic owners such as docker.
      type: dict
      sample: {static: 9c1b, dynamic: e3b0}
    rulesets:
      description: How many rules each ruleset has.
      type: dict
      sample: {inet/filter/forward: 12}
    managers:
      description: How many rules each program has made that makes them again, such as docker, ufw or firewalld.
      type: dict
      sample: {docker: 14}
    boot:
      description:
        - Whether what runs is what would be loaded at boot.
        - C(matches) is V(same), V(differs) or V(unknown), C(reason) says why it is not the same.
      type: dict
      sample: {matches: differs, reason: "/etc/nftables.conf: inet/filter runs, and is not saved"}
    not_understood:
      description: What the analysis takes for unknown, with the reason; at most 50, the snapshot has all.
      type: list
      elements: dict
    unreadable:
      description: What could not be read, with the reason.
      type: list
      elements: dict
    state:
      description: The normalised state.
      type: dict
      returned: with O(return_state=true)
firewall:
  description: The same as in RV(firewalls), for a task that names a single host.
  returned: when there is one host
  type: dict
state:
  description: The normalised state, for a task that names a single host.
  returned: when there is one host, with O(return_state=true)
  type: dict
errors:
  description: Why a host could not be read, by host.
  returned: when a host could not be read
  type: dict
  sample: {fw2: the host refuses the login}
"""
