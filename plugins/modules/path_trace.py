# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
---
module: path_trace
short_description: Follow a flow hop by hop through the gathered network
version_added: 0.1.0
description:
  - Follows one flow, or a set of flows, through the snapshots of a network, from the source host's routes
    and output rules over every router and firewall to the destination host's input rules and listening
    socket, and its replies back. For each hop it tells the interfaces, the route, translations, and the
    rule that decides, verbatim.
  - Where routes have several next hops, every way is followed. A flow counts as permitted only if each
    way lets it and its replies pass.
  - A dead end says where and why, be it a rule, a missing route, a route that refuses, a routing loop,
    source validation, or a next hop that was not gathered.
  - Of a set of flows, the answer has the parts by where they end, exactly. What can't be known is reported
    as unknown, with the reason.
  - It is the same walk by which M(pathguard.network.policy_validate) proves the paths of a policy.
  - Nothing is gathered and no host is logged in to. Runs once for all hosts of the play.
extends_documentation_fragment:
  - pathguard.network.attributes
  - pathguard.network.attributes.read_only
  - pathguard.network.attributes.once
options:
  flow:
    description:
      - The flow, as a mapping. What is left out may be anything, but for C(src_port).
      - C(src), C(dst) are addresses, prefixes or ranges (or a list of these), a host of the inventory, a list
        of hosts, or a group. A host stands for the address that routing chooses towards the other end.
      - C(dst_port) is a number, a range such as V(1024-65535), a list, or the name of a service, such as
        V(postgresql). C(src_port) is V(1024-65535) unless given, from which clients send.
      - C(protocol) is a name or a number, and is implied by the name of a service.
      - C(icmp_type), C(icmp_code) and C(in_interface) may be given, too.
    type: dict
    required: true
  snapshots:
    description:
      - The snapshots of the hosts, as the folder that holds them or a list of files. See
        O(pathguard.network.firewall_info#module:snapshot_dir).
      - A relative path is relative to the playbook's folder.
    type: raw
    required: true
  host:
    description:
      - Where the flow begins. By default it begins at the hosts that have the source addresses, and flows
        from other addresses come in where the routers' routes lead to these.
    type: str
  in_interface:
    description:
      - By which interface of O(host) the flow comes in. Without it, it is one of the host's own.
    type: str
  groups:
    description:
      - Names of groups and their hosts, for the flow's ends. By default the inventory's groups.
    type: dict
notes:
  - The result reaches only the first host of the play, unless the task also says C(run_once=true).
  - The task does not fail where a flow is denied. Assert RV(verdict) for that.
  - A port where nobody listens is told by RV(hops[].listening) and in RV(msg). The verdict is about the network.
seealso:
  - module: pathguard.network.firewall_info
  - module: pathguard.network.policy_validate
  - module: pathguard.network.path_probe
author:
  - PathGuard developers (@pathguard)
"""

EXAMPLES = r"""
- name: From an application host to its database
  pathguard.network.path_trace:
    flow: {src: app01, dst: db1, dst_port: postgresql}
    snapshots: snapshots/now
  run_once: true
  register: trace

- name: Show it, a line for each hop
  ansible.builtin.debug:
    msg: "{{ trace.msg.splitlines() }}"
  run_once: true

- name: Which part of a network gets there
  pathguard.network.path_trace:
    flow: {src: 10.10.1.0/24, dst: 10.20.1.10, protocol: tcp, dst_port: 5432}
    snapshots: snapshots/now
  run_once: true
  register: trace

- name: From the Internet, by the firewall's outer interface
  pathguard.network.path_trace:
    flow: {src: 198.51.100.0/24, dst: 192.0.2.10, protocol: tcp, dst_port: 443}
    host: fw1
    in_interface: wan0
    snapshots:
      - snapshots/now/fw1.json
      - snapshots/now/web1.json
  run_once: true
"""

RETURN = r"""
verdict:
  description:
    - V(permit) if all of the flow gets there and its replies come back, on every way; V(deny) if none of it
      certainly does; V(unknown) if that is not known of any of it; else V(mixed).
  returned: when the flow and the snapshots could be read
  type: str
  sample: permit
msg:
  description: The trace as text, a line for each hop of the first ways.
  returned: always
  type: str
flows:
  description: The flows that were followed, as a list of disjoint parts.
  returned: when the flow and the snapshots could be read
  type: list
  elements: dict
  sample: [{src: [10.10.1.5], dst: [10.20.1.10], protocol: [tcp], src_port: [1024-65535], dst_port: ["5432"]}]
parts:
  description: The flows by where they end, disjoint; what is cut off first, then what is not known.
  returned: when the flow and the snapshots could be read
  type: list
  elements: dict
  contains:
    verdict:
      description: V(permit), V(deny) or V(unknown).
      type: str
    flows:
      description: The part.
      type: list
      elements: dict
    pairs:
      description: How many pairs of source and destination address it has.
      type: int
    ends:
      description:
        - Where it ends on its ways. Each has C(host), C(hook) (V(route) where no rule decides), C(direction)
          (V(new), V(reply), V(established)), C(verdict), C(reason) and C(rules).
      type: list
      elements: dict
hops:
  description: Each host on each way, in order.
  returned: when the flow and the snapshots could be read
  type: list
  elements: dict
  contains:
    way:
      description: The number of the way in RV(ways).
      type: int
    direction:
      description: V(new) for the way there, V(reply) for that of the replies.
      type: str
    host:
      description: The host, by its inventory name.
      type: str
    in_interface:
      description: By which interface it took the packets; empty for its own.
      type: str
    out_interface:
      description: By which interface it sent them on; empty where they ended.
      type: str
    flows:
      description: The packets as they came.
      type: list
      elements: dict
    route:
      description:
        - What routing chose. C(route) and C(rule) are the route and the policy routing rule in the words of
          C(ip route) and C(ip rule), C(to) the destinations that it is about. C(legs) has each next hop with
          its C(interface) and C(gateway), or the C(reason) why there is none.
      type: list
      elements: dict
    nat:
      description:
        - Translations on this host, with what they changed C(before) and C(after), the C(hook), the C(rules)
          that say so (none where a reply's is undone), and whether the result is C(known).
      type: list
      elements: dict
    decisions:
      description: What the rules of each C(hook) did, with C(verdict), C(rules), C(reason) and C(flows).
      type: list
      elements: dict
    rule:
      description:
        - The rule that decides, with C(host), C(ruleset), C(chain), C(position) (0 is the default action),
          verbatim C(text), and C(handle) or C(line).
      type: dict
    next:
      description: Who takes the packets, with C(host) and C(interface) (empty if not gathered) and C(gateway).
      type: dict
    listening:
      description:
        - Where they are delivered, whether somebody is C(listening) (V(yes), V(no), V(partly), V(unknown)),
          and C(text) about it.
      type: dict
    verdict:
      description: What became of the packets here.
      type: str
    reason:
      description: Why, where the way ends here.
      type: str
ways:
  description:
    - Each way that flows take, the worst first, each followed by those of its replies. A way has its number
      (C(way)), C(direction), C(hosts), C(verdict), C(hook), C(reason), C(rules), C(flows), and of replies, the
      way that they answer (C(answers)).
  returned: when the flow and the snapshots could be read
  type: list
  elements: dict
ways_left_out:
  description: How many more ways there are than RV(ways) has. They count in RV(parts) and RV(verdict).
  returned: when the flow and the snapshots could be read
  type: int
notes:
  description: What was chosen or is missing.
  returned: when the flow and the snapshots could be read
  type: list
  elements: str
"""
