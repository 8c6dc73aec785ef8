# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Routing tables as devices print them, in the forms that the vendors' command references show. Each has a default
route over 10.1.1.254, two ways to 10.5.0.0/16, and nothing for 10.9.0.0/16."""

from __future__ import annotations

IOS = """\
Codes: L - local, C - connected, S - static, R - RIP, M - mobile, B - BGP
       D - EIGRP, EX - EIGRP external, O - OSPF, IA - OSPF inter area
       N1 - OSPF NSSA external type 1, N2 - OSPF NSSA external type 2
       + - replicated route, % - next hop override, p - overrides from PfR
       & - replicated local route overrides by connected

Gateway of last resort is 10.1.1.254 to network 0.0.0.0

S*    0.0.0.0/0 [1/0] via 10.1.1.254
      10.0.0.0/8 is variably subnetted, 6 subnets, 3 masks
C        10.1.1.0/24 is directly connected, GigabitEthernet0/0
L        10.1.1.1/32 is directly connected, GigabitEthernet0/0
C        10.2.1.0/24 is directly connected, GigabitEthernet0/1
L        10.2.1.1/32 is directly connected, GigabitEthernet0/1
O IA     10.5.0.0/16 [110/20] via 10.2.1.2, 1w2d, GigabitEthernet0/1
                     [110/20] via 10.1.1.2, 00:12:13, GigabitEthernet0/0
S        10.9.0.0/16 is directly connected, Null0
D        10.10.0.0/16 is a summary, 00:01:02, Null0
S   +    10.11.0.0/16 [1/0] via 10.7.7.7 (RED)
      192.168.1.0/24 is subnetted, 2 subnets
B        192.168.1.0 [20/0] via 10.2.1.9, 3d04h
D*EX  172.16.0.0/12
           [170/100] via 10.2.1.7, 00:00:12, GigabitEthernet0/1

Routing Table: RED
Codes: L - local, C - connected

Gateway of last resort is not set

C        10.1.1.0/24 is directly connected, GigabitEthernet0/2
L        10.1.1.1/32 is directly connected, GigabitEthernet0/2
"""
IOS6 = """\
IPv6 Routing Table - default - 6 entries
Codes: C - Connected, L - Local, S - Static, U - Per-user Static route
       B - BGP, HA - Home Agent, MR - Mobile Router, R - RIP
S   ::/0 [1/0]
     via 2001:DB8:1::FE
C   2001:DB8:1::/64 [0/0]
     via GigabitEthernet0/0, directly connected
L   2001:DB8:1::1/128 [0/0]
     via GigabitEthernet0/0, receive
OE2 2001:DB8:5::/48 [110/20], tag 5
     via FE80::1, GigabitEthernet0/1
     via FE80::2, GigabitEthernet0/0
S   2001:DB8:9::/48 [1/0]
     via Null0, directly connected
L   FF00::/8 [0/0]
     via Null0, receive
"""
XR = """\
Wed Nov 18 12:00:00.123 UTC

Codes: C - connected, S - static, R - RIP, B - BGP, (>) - Diversion path
       D - EIGRP, EX - EIGRP external, O - OSPF, IA - OSPF inter area

Gateway of last resort is 10.1.1.254 to network 0.0.0.0

S*   0.0.0.0/0 [1/0] via 10.1.1.254, 1w2d
C    10.1.1.0/24 is directly connected, 1w2d, GigabitEthernet0/0/0/0
L    10.1.1.1/32 is directly connected, 1w2d, GigabitEthernet0/0/0/0
L    127.0.0.0/8 [0/0] via 0.0.0.0, 1w2d
O    10.5.0.0/16 [110/2] via 10.1.1.2, 00:12:13, GigabitEthernet0/0/0/0
                 [110/2] via 10.1.1.3, 00:12:13, GigabitEthernet0/0/0/0
B    10.6.0.0/24 [200/0] via 10.9.9.9 (nexthop in vrf default), 1w2d
S    10.9.0.0/16 is directly connected, 1w2d, Null0
C    2001:db8:1::/64 is directly connected,
      1w2d, GigabitEthernet0/0/0/0
O    2001:db8:5::/64
      [110/2] via fe80::1, 00:12:12, GigabitEthernet0/0/0/0
"""
ASA = """\
Codes: L - local, C - connected, S - static, R - RIP, M - mobile, B - BGP
       SI - Static InterVRF, BI - BGP InterVRF
Gateway of last resort is 10.1.1.254 to network 0.0.0.0

S*       0.0.0.0 0.0.0.0 [1/0] via 10.1.1.254, inside
C        10.1.1.0 255.255.255.0 is directly connected, inside
L        10.1.1.1 255.255.255.255 is directly connected, inside
S        10.9.0.0 255.255.0.0 is directly connected, Null0
O        10.6.0.0 255.255.255.0
           [110/11] via 10.1.1.2, 00:12:00, inside
O        10.5.0.0 255.255.0.0 [110/11] via 10.1.1.2, 00:12:00, inside
                              [110/11] via 10.2.1.2, 00:12:00, dmz
V        10.8.8.1 255.255.255.255 connected by VPN (advertised), outside
"""
EOS = """\
VRF: default
Codes: C - connected, S - static, K - kernel,
       O - OSPF, IA - OSPF inter area, E1 - OSPF external type 1,
       L - VRF Leaked

Gateway of last resort:
 S        0.0.0.0/0 [1/0] via 10.1.1.254, Ethernet1

 C        10.1.1.0/24 is directly connected, Ethernet1
 O E2     10.5.0.0/16 [110/20] via 10.1.1.2, Ethernet1
                               via 10.2.1.2, Ethernet2
 B E      10.6.0.0/24 [200/0] via VTEP 10.9.9.9 VNI 100 router-mac 00:1c:73:aa:bb:cc local-interface Vxlan1
 S        10.9.0.0/16 is directly connected, Null0
 C L      10.3.0.0/24 is directly connected (source VRF RED), Ethernet9

VRF: RED
Codes: C - connected

Gateway of last resort is not set

 C        10.1.1.0/24 is directly connected, Ethernet7
 C        2001:db8::/64 [0/1]
           via Ethernet1, directly connected
"""
FORTIOS = """\
Codes: K - kernel, C - connected, S - static, R - RIP, B - BGP
       O - OSPF, IA - OSPF inter area
       * - candidate default

Routing table for VRF=0
S*      0.0.0.0/0 [10/0] via 10.1.1.254, port2, [1/0]
O       10.5.0.0/16 [110/2] via 10.1.1.2, port2, 00:12:13, [1/0]
                    [110/2] via 192.168.1.1, port1, 00:12:13, [1/0]
C       10.1.1.0/24 is directly connected, port2
S       10.8.0.0/24 [10/0] via vpn1 tunnel 203.0.113.4, [1/0]
B       10.2.0.0/24 [200/0] via 10.1.1.2 (recursive is directly connected, port2), 00:12:13, [1/0]
S       10.9.0.0/16 [254/0] is a summary, Null, [1/0]
C       192.168.1.0/24 is directly connected, port1
C       2001:db8::/64 via ::, port2, 02:10:00
S*      ::/0 [10/0] via fe80::1, port1, 02:11:00, [1024/0]
"""
VYOS = """\
Codes: K - kernel route, C - connected, L - local, S - static,
       > - selected route, * - FIB route, q - queued, r - rejected, b - backup
       t - trapped, o - offload failure

VRF default:
S>* 0.0.0.0/0 [1/0] via 10.1.1.254, eth0, weight 1, 00:12:13
C>* 10.1.1.0/24 is directly connected, eth0, weight 1, 00:12:13
L>* 10.1.1.1/32 is directly connected, eth0, weight 1, 00:12:13
O   10.1.1.0/24 [110/1] is directly connected, eth0, weight 1, 01:02:03
O>* 10.5.0.0/16 [110/20] via 10.1.1.2, eth0, weight 1, 01:02:03
  *                      via 10.2.1.2, eth1, weight 1, 01:02:03
S>  10.8.0.0/16 [1/0] via 10.7.7.7 (recursive), weight 1, 00:12:13
  *                    via 10.1.1.3, eth0, weight 1, 00:12:13
S>* 10.9.0.0/16 [1/0] unreachable (blackhole), weight 1, 00:12:13
S   10.3.0.0/16 [1/0] via 10.99.9.9 inactive, weight 1, 00:12:13
C>* fe80::/64 is directly connected, eth0, 00:12:13
"""
NXOS = """\
IP Route Table for VRF "default"
'*' denotes best ucast next-hop
'**' denotes best mcast next-hop
'[x/y]' denotes [preference/metric]
'%<string>' in via output denotes VRF <string>

0.0.0.0/0, ubest/mbest: 1/0
    *via 10.1.1.254, [1/0], 1w2d, static
10.1.1.0/24, ubest/mbest: 1/0, attached
    *via 10.1.1.1, Vlan10, [0/0], 1w2d, direct
10.1.1.1/32, ubest/mbest: 1/0, attached
    *via 10.1.1.1, Vlan10, [0/0], 1w2d, local
10.1.1.3/32, ubest/mbest: 1/0, attached
    *via 10.1.1.3, Vlan10, [0/0], 1w2d, hsrp
10.5.0.0/16, ubest/mbest: 2/0
    *via 10.1.1.2, Eth1/2, [110/41], 1w2d, ospf-1, intra
    *via 10.2.1.2, Vlan20, [110/41], 1w2d, ospf-1, type-2, tag 5
     via 10.2.1.9, Vlan20, [200/0], 1w2d, bgp-65000, internal, tag 65001
10.9.0.0/16, ubest/mbest: 1/0
    *via Null0, [1/0], 1w2d, static
10.6.0.0/16, ubest/mbest: 1/0
    *via 10.3.3.3%RED, [20/0], 1w2d, bgp-65000, external, tag 65001
10.7.0.0/16, ubest/mbest: 1/0
    *via 10.4.4.4%default, [200/0], 1w2d, bgp-65000, internal, tag 65001 (evpn) segid: 50000 tunnelid: 0xa040404 encap: VXLAN
"""
JUNOS = """\
inet.0: 7 destinations, 8 routes (7 active, 0 holddown, 0 hidden)
+ = Active Route, - = Last Active, * = Both

0.0.0.0/0          *[Static/5] 1w0d 01:00:00
                    > to 10.1.1.254 via ge-0/0/0.0
10.1.1.0/24        *[Direct/0] 1w0d 01:00:00
                    > via ge-0/0/0.0
10.1.1.1/32        *[Local/0] 1w0d 01:00:00
                      Local via ge-0/0/0.0
10.5.0.0/16        *[OSPF/10] 00:12:00, metric 2
                      to 10.1.1.2 via ge-0/0/0.0
                    > to 10.2.1.2 via ge-0/0/1.0
                    [BGP/170] 1d 00:00:00, localpref 100
                      AS path: 65001 I, validation-state: unverified
                    > to 10.3.3.3 via ge-0/0/2.0
10.9.0.0/16        *[Static/5] 1w0d 01:00:00
                      Discard
10.8.0.0/16        *[Static/5] 1w0d 01:00:00
                      to table RED.inet.0
224.0.0.5/32       *[OSPF/10] 1w0d 01:00:00, metric 1
                      MultiRecv

RED.inet.0: 1 destinations, 1 routes (1 active, 0 holddown, 0 hidden)
+ = Active Route, - = Last Active, * = Both

10.1.1.0/24        *[Direct/0] 1w0d 01:00:00
                    >  via ge-0/0/5.0

mpls.0: 1 destinations, 1 routes (1 active, 0 holddown, 0 hidden)
0                  *[MPLS/0] 1w0d, metric 1
                      to table inet.0

inet6.0: 1 destinations, 1 routes (1 active, 0 holddown, 0 hidden)

2001:db8:1:2:3:4:5:6/128
                   *[Local/0] 1w0d 01:00:00
                       Local via ge-0/0/0.0
"""
PANOS = """\
flags: A:active, ?:loose, C:connect, H:host, S:static, ~:internal, R:rip, O:ospf, B:bgp,
       Oi:ospf intra-area, Oo:ospf inter-area, O1:ospf ext-type-1, O2:ospf ext-type-2, E:ecmp, M:multicast


VIRTUAL ROUTER: default (id 1)
  ==========
destination                                 nexthop                                 metric flags      age   interface          next-AS
0.0.0.0/0                                   10.1.1.254                              10     A S              ethernet1/1
10.1.1.0/24                                 10.1.1.1                                0      A C              ethernet1/1
10.1.1.1/32                                 0.0.0.0                                 0      A H
10.9.0.0/16                                 discard                                 10     A S
10.5.0.0/16                                 10.1.1.2                                       A B   E    1234  ethernet1/1        65001
10.5.0.0/16                                 10.1.1.3                                       A B   E    1234  ethernet1/1        65001
10.4.0.0/16                                 10.1.1.9                                110      Oi       1234  ethernet1/1
10.6.0.0/16                                 vr two                                  10     A S
total routes shown: 8
"""

BY_PLATFORM = {
    "cisco_ios": IOS,
    "cisco_xr": XR,
    "cisco_asa": ASA,
    "arista_eos": EOS,
    "fortinet": FORTIOS,
    "vyos": VYOS,
    "cisco_nxos": NXOS,
    "juniper_junos": JUNOS,
    "paloalto_panos": PANOS,
}
