# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What each construct of nft means: the rule as the host lists it, what it asks of a flow, what it does.

The rules are those of ``tests/fixtures/linux/constructs.nft``, loaded into a kernel and listed by nft 1.0.6.
A rule that becomes several has several entries here, in order.
"""

from __future__ import annotations

from typing import Any

# One case a line, so that it reads as a table.
# fmt: off
Case = tuple[str, dict[str, Any], dict[str, Any]]

FORWARD: list[Case] = [
    ('accept', {}, {'verdict': 'accept'}),
    ('drop', {}, {'verdict': 'drop'}),
    ('counter packets 0 bytes 0 log prefix "seen {{ x }}: " accept comment "{{ lookup(\'pipe\', \'id\') }} # handle 7"', {}, {'verdict': 'accept', 'comment': "{{ lookup('pipe', 'id') }} # handle 7"}),
    ('ip saddr 10.10.1.5 accept', {'src': ['10.10.1.5'], 'family': 4}, {'verdict': 'accept'}),
    ('ip saddr 10.10.1.0/24 accept', {'src': ['10.10.1.0/24'], 'family': 4}, {'verdict': 'accept'}),
    ('ip saddr 10.10.1.0-10.10.1.9 accept', {'src': ['10.10.1.0/29', '10.10.1.8/31'], 'family': 4}, {'verdict': 'accept'}),
    ('ip saddr != 10.10.1.0/24 drop', {'all': [{'family': ['ipv4']}, {'not': {'src': ['10.10.1.0/24'], 'family': 4}}]}, {'verdict': 'drop'}),
    ('ip saddr { 10.10.1.5, 10.20.0.0/16, 10.30.0.1-10.30.0.9 } accept', {'src': ['10.10.1.5', '10.20.0.0/16', '10.30.0.1', '10.30.0.2/31', '10.30.0.4/30', '10.30.0.8/31'], 'family': 4}, {'verdict': 'accept'}),
    ('ip saddr != { 10.10.1.5, 10.20.0.0/16 } drop', {'all': [{'family': ['ipv4']}, {'not': {'src': ['10.10.1.5', '10.20.0.0/16'], 'family': 4}}]}, {'verdict': 'drop'}),
    ('ip saddr > 10.0.0.0 accept', {"src": ["10.0.0.1-255.255.255.255"], "family": 4}, {'verdict': 'accept'}),
    ('ip saddr & 0.0.255.0 == 0.0.1.0 drop', {'masked': 'src', 'value': 256, 'mask': 65280, 'family': 4}, {'verdict': 'drop'}),
    ('ip saddr @apps ip daddr != 10.20.1.10 accept', {'all': [{'set': 'inet/fw/apps', 'fields': ['src']}, {'family': ['ipv4']}, {'not': {'dst': ['10.20.1.10'], 'family': 4}}]}, {'verdict': 'accept'}),
    ('ip saddr != @apps drop', {'all': [{'family': ['ipv4']}, {'not': {'set': 'inet/fw/apps', 'fields': ['src']}}]}, {'verdict': 'drop'}),
    ('ip saddr @guests accept', {'set': 'inet/fw/guests', 'fields': ['src']}, {'verdict': 'accept'}),
    ('ip6 saddr fd00:10:1::/64 ip6 daddr fd00:20:1::10 accept', {'all': [{'src': ['fd00:10:1::/64'], 'family': 6}, {'dst': ['fd00:20:1::10'], 'family': 6}]}, {'verdict': 'accept'}),
    ('ip6 saddr != fd00::/8 drop', {'all': [{'family': ['ipv6']}, {'not': {'src': ['fd00::/8'], 'family': 6}}]}, {'verdict': 'drop'}),
    ('ip saddr 0.0.0.0/0 accept', {'src': ['0.0.0.0/0'], 'family': 4}, {'verdict': 'accept'}),
    ('tcp dport 5432 accept', {'all': [{'protocol': ['tcp']}, {'dst_port': ['5432']}]}, {'verdict': 'accept'}),
    ('tcp dport != 5432 drop', {'all': [{'protocol': ['tcp']}, {'not': {'dst_port': ['5432']}}]}, {'verdict': 'drop'}),
    ('tcp dport { 80, 443, 8000-8010 } accept', {'all': [{'protocol': ['tcp']}, {'dst_port': ['80', '443', '8000-8010']}]}, {'verdict': 'accept'}),
    ('tcp dport < 1024 drop', {'all': [{'protocol': ['tcp']}, {'dst_port': ['0-1023']}]}, {'verdict': 'drop'}),
    ('tcp dport >= 1024 drop', {'all': [{'protocol': ['tcp']}, {'dst_port': ['1024-65535']}]}, {'verdict': 'drop'}),
    ('tcp sport 0-65535 tcp dport 65535 accept', {'all': [{'protocol': ['tcp']}, {'src_port': ['0-65535']}, {'dst_port': ['65535']}]}, {'verdict': 'accept'}),
    ('udp dport 53 udp sport != 0-1023 accept', {'all': [{'protocol': ['udp']}, {'dst_port': ['53']}, {'not': {'src_port': ['0-1023']}}]}, {'verdict': 'accept'}),
    ('th dport 53 accept', {'all': [{'protocol': ['tcp', 'udp', 'dccp', 'sctp', 'udplite']}, {'dst_port': ['53']}]}, {'verdict': 'accept'}),
    ('meta l4proto { tcp, udp } th dport 53 accept', {'all': [{'protocol': ['tcp', 'udp']}, {'protocol': ['tcp', 'udp', 'dccp', 'sctp', 'udplite']}, {'dst_port': ['53']}]}, {'verdict': 'accept'}),
    ('meta l4proto != tcp drop', {'not': {'protocol': ['tcp']}}, {'verdict': 'drop'}),
    ('meta l4proto 200 accept', {'protocol': ['200']}, {'verdict': 'accept'}),
    ('ip protocol icmp accept', {'all': [{'family': ['ipv4']}, {'protocol': ['icmp']}]}, {'verdict': 'accept'}),
    ('ip6 nexthdr tcp accept', {'all': [{'family': ['ipv6']}, {'protocol': ['tcp']}]}, {'verdict': 'accept'}),
    ('sctp dport 5060 accept', {'all': [{'protocol': ['sctp']}, {'dst_port': ['5060']}]}, {'verdict': 'accept'}),
    ('icmp type echo-request accept', {'all': [{'family': ['ipv4']}, {'protocol': ['icmp']}, {'icmp_type': ['8']}]}, {'verdict': 'accept'}),
    ('icmp type { echo-reply, destination-unreachable } accept', {'all': [{'family': ['ipv4']}, {'protocol': ['icmp']}, {'icmp_type': ['0', '3']}]}, {'verdict': 'accept'}),
    ('icmp type destination-unreachable icmp code frag-needed accept', {'all': [{'family': ['ipv4']}, {'protocol': ['icmp']}, {'icmp_type': ['3']}, {'icmp_code': ['4']}]}, {'verdict': 'accept'}),
    ('icmp type @pings accept', {'all': [{'family': ['ipv4']}, {'protocol': ['icmp']}, {'icmp_type': ['0', '8']}]}, {'verdict': 'accept'}),
    ('icmpv6 type { packet-too-big, nd-neighbor-solicit } accept', {'all': [{'family': ['ipv6']}, {'protocol': ['icmpv6']}, {'icmp_type': ['2', '135']}]}, {'verdict': 'accept'}),
    ('tcp flags syn / fin,syn,rst,ack accept', {'all': [{'protocol': ['tcp']}, {'masked': 'tcp_flags', 'value': 2, 'mask': 23, 'family': 0}]}, {'verdict': 'accept'}),
    ('tcp flags syn,ack accept', {'all': [{'protocol': ['tcp']}, {'not': {'masked': 'tcp_flags', 'value': 0, 'mask': 18, 'family': 0}}]}, {'verdict': 'accept'}),
    ('tcp flags != syn drop', {'all': [{'protocol': ['tcp']}, {'not': {'tcp_flags': ['2']}}]}, {'verdict': 'drop'}),
    ('tcp flags ! syn drop', {'all': [{'protocol': ['tcp']}, {'masked': 'tcp_flags', 'value': 0, 'mask': 2, 'family': 0}]}, {'verdict': 'drop'}),
    ('tcp flags { syn | ack, syn } accept', {'all': [{'protocol': ['tcp']}, {'tcp_flags': ['2', '18']}]}, {'verdict': 'accept'}),
    ('ct state established,related accept', {'connection': ['established', 'related']}, {'verdict': 'accept'}),
    ('ct state new accept', {'connection': ['new']}, {'verdict': 'accept'}),
    ('ct state != new drop', {'not': {'connection': ['new']}}, {'verdict': 'drop'}),
    ('ct state ! established drop', {'not': {'connection': ['established']}}, {'verdict': 'drop'}),
    ('ct state != { established, new } drop', {'not': {'connection': ['established', 'new']}}, {'verdict': 'drop'}),
    ('ct state vmap { invalid : drop, established : accept, related : accept }', {}, {'verdict': {'map': [{'match': {'connection': ['invalid']}, 'verdict': {'kind': 'drop'}}, {'match': {'connection': ['established']}, 'verdict': {'kind': 'accept'}}, {'match': {'connection': ['related']}, 'verdict': {'kind': 'accept'}}]}}),
    ('ct mark 0x00000001 accept', {'all': [{'connection': ['new', 'established', 'related']}, {'ct_mark': ['1']}]}, {'verdict': 'accept'}),
    ('ct mark & 0x000000ff == { 0x00000001, 0x00000002 } accept', {'all': [{'connection': ['new', 'established', 'related']}, {'any': [{'masked': 'ct_mark', 'value': 1, 'mask': 255, 'family': 0}, {'masked': 'ct_mark', 'value': 2, 'mask': 255, 'family': 0}]}]}, {'verdict': 'accept'}),
    ('ct direction original accept', {'all': [{'connection': ['new', 'established', 'related']}, {'any': [{'connection': ['new']}, {'unknown': 'the direction within a known connection is not followed', 'key': 'ct direction original'}]}]}, {'verdict': 'accept'}),
    ('ct direction reply accept', {'all': [{'connection': ['new', 'established', 'related']}, {'connection': ['established', 'related']}, {'not': {'unknown': 'the direction within a known connection is not followed', 'key': 'ct direction original'}}]}, {'verdict': 'accept'}),
    ('ct status dnat accept', {'all': [{'connection': ['new', 'established', 'related']}, {'unknown': 'whether a connection was translated is not followed', 'key': 'ct status dnat'}]}, {'verdict': 'accept'}),
    ('ct status assured accept', {'all': [{'connection': ['new', 'established', 'related']}, {'unknown': 'ct status assured is not modelled', 'key': 'ct status assured'}]}, {'verdict': 'accept'}),
    ('iifname "app0" oifname { "db0", "mgmt0" } accept', {'all': [{'in_interface': ['app0']}, {'out_interface': ['db0', 'mgmt0']}]}, {'verdict': 'accept'}),
    ('iifname "app*" accept', {'in_interface': ['app*']}, {'verdict': 'accept'}),
    ('iifname != "app0" drop', {'not': {'in_interface': ['app0']}}, {'verdict': 'drop'}),
    ('iifname @links accept', {'set': 'inet/fw/links', 'fields': ['in_interface']}, {'verdict': 'accept'}),
    ('iif "lo" accept', {'in_interface': ['lo']}, {'verdict': 'accept'}),
    ('iifgroup "default" accept', {'in_interface': ['lo', 'app0']}, {'verdict': 'accept'}),
    ('meta nfproto ipv6 drop', {'family': ['ipv6']}, {'verdict': 'drop'}),
    ('meta protocol ip accept', {'family': ['ipv4']}, {'verdict': 'accept'}),
    ('meta protocol arp drop', {'any': []}, {'verdict': 'drop'}),
    ('meta mark 0x00000010 accept', {'mark': ['16']}, {'verdict': 'accept'}),
    ('meta mark & 0x000000ff == 0x00000012 accept', {'masked': 'mark', 'value': 18, 'mask': 255, 'family': 0}, {'verdict': 'accept'}),
    ('meta mark set 0x00000023', {}, {'verdict': 'continue', 'effects': [{'kind': 'set', 'field': 'mark', 'value': 35}]}),
    ('meta mark set meta mark & 0x000000ff', {}, {'verdict': 'continue', 'effects': [{'kind': 'set', 'field': 'mark', 'value': None}]}),
    ('ct mark set meta mark', {}, {'verdict': 'continue', 'effects': [{'kind': 'set', 'field': 'ct_mark', 'value': None}]}),
    ('tcp dport 22 meta mark set 0x00000001 ip saddr 10.10.1.5 accept', {'all': [{'protocol': ['tcp']}, {'dst_port': ['22']}]}, {'verdict': 'continue', 'effects': [{'kind': 'set', 'field': 'mark', 'value': 1}]}),
    ('tcp dport 22 meta mark set 0x00000001 ip saddr 10.10.1.5 accept', {'all': [{'protocol': ['tcp']}, {'dst_port': ['22']}, {'src': ['10.10.1.5'], 'family': 4}]}, {'verdict': 'accept'}),
    ('meta mark 0x00000000 meta mark set 0x00000001 tcp dport 22 accept', {'mark': ['0']}, {'verdict': 'continue', 'effects': [{'kind': 'set', 'field': 'mark', 'value': 1}]}),
    ('meta mark 0x00000000 meta mark set 0x00000001 tcp dport 22 accept', {'all': [{'unknown': 'the rule changes what it asked about before', 'key': "before the change: In(field='mark', ranges=((0, 0),), family=0)"}, {'protocol': ['tcp']}, {'dst_port': ['22']}]}, {'verdict': 'accept'}),
    ('meta mark set ip saddr map @by_source accept', {'src': ['10.10.1.5'], 'family': 4}, {'verdict': 'accept', 'effects': [{'kind': 'set', 'field': 'mark', 'value': 1}]}),
    ('meta mark set ip saddr map @by_source accept', {'src': ['10.10.1.14'], 'family': 4}, {'verdict': 'accept', 'effects': [{'kind': 'set', 'field': 'mark', 'value': 2}]}),
    ('ip saddr . tcp dport @services accept', {'all': [{'protocol': ['tcp']}, {'set': 'inet/fw/services', 'fields': ['src', 'dst_port']}]}, {'verdict': 'accept'}),
    ('ip saddr . tcp dport { 10.10.1.5 . 22, 10.10.1.14 . 80-90 } accept', {'all': [{'protocol': ['tcp']}, {'any': [{'all': [{'src': ['10.10.1.5'], 'family': 4}, {'dst_port': ['22']}]}, {'all': [{'src': ['10.10.1.14'], 'family': 4}, {'dst_port': ['80-90']}]}]}]}, {'verdict': 'accept'}),
    ('ip daddr . tcp dport vmap { 10.20.1.10 . 5432 : accept, 10.20.0.0/16 . 1-1023 : goto refuse }', {}, {'verdict': {'map': [{'match': {'all': [{'protocol': ['tcp']}, {'dst': ['10.20.1.10'], 'family': 4}, {'dst_port': ['5432']}]}, 'verdict': {'kind': 'accept'}}, {'match': {'all': [{'protocol': ['tcp']}, {'dst': ['10.20.0.0/16'], 'family': 4}, {'dst_port': ['1-1023']}]}, 'verdict': {'kind': 'goto', 'chain': 'inet/fw/refuse'}}]}}),
    ('tcp dport vmap @by_port', {}, {'verdict': {'map': [{'match': {'all': [{'protocol': ['tcp']}, {'dst_port': ['22']}]}, 'verdict': {'kind': 'accept'}}, {'match': {'all': [{'protocol': ['tcp']}, {'dst_port': ['80-90']}]}, 'verdict': {'kind': 'jump', 'chain': 'inet/fw/web'}}, {'match': {'all': [{'protocol': ['tcp']}, {'not': {'any': [{'all': [{'protocol': ['tcp']}, {'dst_port': ['22']}]}, {'all': [{'protocol': ['tcp']}, {'dst_port': ['80-90']}]}]}}]}, 'verdict': {'kind': 'drop'}}]}}),
    ('add @seen { ip saddr } accept', {'family': ['ipv4']}, {'verdict': 'accept'}),
    ('update @seen { ip saddr limit rate 3/minute } accept', {'all': [{'family': ['ipv4']}, {'unknown': "update @seen { ip saddr limit rate 3/minute burst 5 }: what a set's element limits depends on earlier packets", 'key': 'inet/fw/forward: update @seen { ip saddr limit rate 3/minute burst 5 }'}]}, {'verdict': 'accept', 'not_understood': ['update @seen { ip saddr limit rate 3/minute burst 5 }']}),
    ('ip saddr @seen drop', {'set': 'inet/fw/seen', 'fields': ['src']}, {'verdict': 'drop'}),
    ('fib daddr type local accept', {'dst': ['10.10.1.1'], 'family': 4}, {'verdict': 'accept'}),
    ('fib daddr type { local, broadcast } accept', {'dst': ['10.10.1.1', '10.10.1.255'], 'family': 4}, {'verdict': 'accept'}),
    ('fib saddr . iif oif missing drop', {'unknown': 'fib saddr . iif oif false is not modelled', 'key': 'fib saddr . iif oif false'}, {'verdict': 'drop', 'not_understood': ['fib saddr . iif oif false']}),
    ('meta pkttype { broadcast, multicast } drop', {'any': [{'dst': ['10.10.1.255'], 'family': 4}, {'any': [{'dst': ['224.0.0.0/4'], 'family': 4}, {'dst': ['ff00::/8'], 'family': 6}]}]}, {'verdict': 'drop'}),
    ('limit rate 10/second accept', {'unknown': 'limit rate 10/second burst 5: limit depends on earlier packets', 'key': 'inet/fw/forward: limit rate 10/second burst 5'}, {'verdict': 'accept', 'not_understood': ['limit rate 10/second burst 5']}),
    ('limit rate 10/second accept', {'unknown': 'limit rate 10/second burst 5: limit depends on earlier packets', 'key': 'inet/fw/forward: limit rate 10/second burst 5 (2)'}, {'verdict': 'accept', 'not_understood': ['limit rate 10/second burst 5']}),
    ('quota over 10 mbytes drop', {'unknown': 'quota over 10 mbytes: quota depends on earlier packets', 'key': 'inet/fw/forward: quota over 10 mbytes'}, {'verdict': 'drop', 'not_understood': ['quota over 10 mbytes']}),
    ('ct count over 10 drop', {'unknown': 'ct count over 10: ct count depends on earlier packets', 'key': 'inet/fw/forward: ct count over 10'}, {'verdict': 'drop', 'not_understood': ['ct count over 10']}),
    ('meta skuid 0 accept', {'unknown': 'meta skuid 0 is not modelled', 'key': 'meta skuid 0'}, {'verdict': 'accept', 'not_understood': ['meta skuid 0']}),
    ('meta skuid != 0 drop', {'not': {'unknown': 'meta skuid 0 is not modelled', 'key': 'meta skuid 0'}}, {'verdict': 'drop', 'not_understood': ['meta skuid 0']}),
    ('ip dscp cs1 accept', {'all': [{'family': ['ipv4']}, {'unknown': 'ip dscp cs1 is not modelled', 'key': 'ip dscp cs1'}]}, {'verdict': 'accept', 'not_understood': ['ip dscp cs1']}),
    ('tcp option maxseg size set 1400 accept', {}, {'verdict': 'accept'}),
    ('ip frag-off & 8191 != 0 drop', {'all': [{'family': ['ipv4']}, {'not': {'unknown': 'ip frag-off & 8191 0 is not modelled', 'key': 'ip frag-off & 8191 0'}}]}, {'verdict': 'drop', 'not_understood': ['ip frag-off & 8191 0']}),
    ('numgen random mod 3 0 drop', {'unknown': '{"numgen": {"mod": 3, "mode": "random", "offset": 0}} 0 is not modelled', 'key': 'inet/fw/forward: {"numgen": {"mod": 3, "mode": "random", "offset": 0}} 0'}, {'verdict': 'drop', 'not_understood': ['{"numgen": {"mod": 3, "mode": "random", "offset": 0}} 0']}),
    ('numgen random mod 3 0 drop', {'unknown': '{"numgen": {"mod": 3, "mode": "random", "offset": 0}} 0 is not modelled', 'key': 'inet/fw/forward: {"numgen": {"mod": 3, "mode": "random", "offset": 0}} 0 (2)'}, {'verdict': 'drop', 'not_understood': ['{"numgen": {"mod": 3, "mode": "random", "offset": 0}} 0']}),
    ('ip saddr set 192.0.2.9 accept', {}, {'verdict': 'accept', 'effects': [{'kind': 'unknown', 'detail': 'ip saddr set 192.0.2.9'}]}),
    ('udp dport 53 notrack', {'all': [{'protocol': ['udp']}, {'dst_port': ['53']}]}, {'verdict': 'continue', 'effects': [{'kind': 'notrack'}]}),
    ('jump web', {}, {'verdict': {'kind': 'jump', 'chain': 'inet/fw/web'}}),
]
EARLY: list[Case] = [
    ('iifname "app0" ip saddr 10.10.1.0/24 return', {'all': [{'in_interface': ['app0']}, {'src': ['10.10.1.0/24'], 'family': 4}]}, {'verdict': 'return'}),
]
TRANSLATE: list[Case] = [
    ('tcp dport 80 dnat ip to 10.20.1.10:8080', {'all': [{'protocol': ['tcp']}, {'dst_port': ['80']}, {'family': ['ipv4']}]}, {'verdict': 'accept', 'effects': [{'kind': 'dnat', 'family': 4, 'address': [169083146, 169083146], 'port': [8080, 8080]}]}),
    ('tcp dport 81 dnat ip to 10.20.1.10-10.20.1.19:8080-8090', {'all': [{'protocol': ['tcp']}, {'dst_port': ['81']}, {'family': ['ipv4']}]}, {'verdict': 'accept', 'effects': [{'kind': 'dnat', 'family': 4, 'address': [169083146, 169083155], 'port': [8080, 8090]}]}),
    ('tcp dport 82 redirect to :8080', {'all': [{'protocol': ['tcp']}, {'dst_port': ['82']}]}, {'verdict': 'accept', 'effects': [{'kind': 'redirect', 'port': [8080, 8080]}]}),
    ('tcp dport 83 dnat ip6 to [fd00:20:1::10]:80', {'all': [{'protocol': ['tcp']}, {'dst_port': ['83']}, {'family': ['ipv6']}]}, {'verdict': 'accept', 'effects': [{'kind': 'dnat', 'family': 6, 'address': [336294685468886125226941603873508294672, 336294685468886125226941603873508294672], 'port': [80, 80]}]}),
    ('dnat ip to tcp dport map { 84 : 10.20.1.10 . 8084, 85 : 10.20.1.11 . 8085 }', {'all': [{'family': ['ipv4']}, {'protocol': ['tcp']}, {'dst_port': ['84']}]}, {'verdict': 'accept', 'effects': [{'kind': 'dnat', 'family': 4, 'address': [169083146, 169083146], 'port': [8084, 8084]}]}),
    ('dnat ip to tcp dport map { 84 : 10.20.1.10 . 8084, 85 : 10.20.1.11 . 8085 }', {'all': [{'family': ['ipv4']}, {'protocol': ['tcp']}, {'dst_port': ['85']}]}, {'verdict': 'accept', 'effects': [{'kind': 'dnat', 'family': 4, 'address': [169083147, 169083147], 'port': [8085, 8085]}]}),
]
HIDE: list[Case] = [
    ('oifname "wan0" masquerade', {'out_interface': ['wan0']}, {'verdict': 'accept', 'effects': [{'kind': 'masquerade'}]}),
    ('snat ip to 192.0.2.9', {'family': ['ipv4']}, {'verdict': 'accept', 'effects': [{'kind': 'snat', 'family': 4, 'address': [3221225993, 3221225993]}]}),
]
AT_DEVICE: list[Case] = [
    ('attached to lo', {'not': {'in_interface': ['lo']}}, {'verdict': 'accept'}),
    ('accept', {}, {'verdict': 'accept'}),
]
WEB: list[Case] = [
    ('tcp dport 8443 goto refuse', {'all': [{'protocol': ['tcp']}, {'dst_port': ['8443']}]}, {'verdict': {'kind': 'goto', 'chain': 'inet/fw/refuse'}}),
    ('return', {}, {'verdict': 'return'}),
]
REFUSE: list[Case] = [
    ('meta l4proto tcp reject with tcp reset', {'all': [{'protocol': ['tcp']}, {'protocol': ['tcp']}]}, {'verdict': 'reject'}),
    ('reject with icmpx admin-prohibited', {}, {'verdict': 'reject'}),
    ('reject with icmp host-unreachable', {'family': ['ipv4']}, {'verdict': 'reject'}),
    ('reject', {}, {'verdict': 'reject'}),
]
