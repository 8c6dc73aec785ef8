# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Configurations of network devices, whole and sound, one a platform: what the damage starts from."""

from __future__ import annotations

NXOS = """!Command: show running-config
version 9.3(3)
hostname leaf1
object-group ip address APPS
  10 host 10.1.1.7
  20 10.1.8.0/24
  30 10.3.0.0 0.0.255.255
object-group ip port WEB
  10 eq 443
  20 range 8000 8010
ip access-list SHOP
  statistics per-entry
  10 remark the shop
  20 permit tcp addrgroup APPS 10.2.0.0/16 portgroup WEB
  30 permit tcp 10.1.1.0 0.0.0.255 host 10.2.0.10 eq 5432 log
  40 deny tcp any any eq www
  50 permit tcp any any established
  60 permit icmp any any echo
  70 permit udp any gt 1023 any eq domain
ipv6 access-list SIX
  10 permit tcp 2001:db8:1::/64 any eq 443
vlan access-map GUARD 10
  match ip address SHOP
  action forward
vlan filter GUARD vlan-list 10-12
interface Vlan10
  vrf member PROD
  ip address 10.1.1.1/24
  ip access-group SHOP in
interface Ethernet1/1
  no switchport
  ip address 10.9.1.1/30
  ip access-group SHOP in
  ipv6 traffic-filter SIX in
interface Ethernet1/3
  no switchport
interface Ethernet1/2
  switchport
  switchport access vlan 10
  ip port access-group SHOP in
interface mgmt0
  vrf member management
  ip address 192.0.2.5/24
line vty
"""
XR = """Mon Nov 23 01:00:00.123 UTC
!! IOS XR Configuration 7.3.2
hostname edge1
object-group network ipv4 APPS
 host 10.1.1.7
 10.1.8.0/24
 range 10.3.0.5 10.3.0.9
 object-group MORE
!
object-group network ipv4 MORE
 host 10.7.7.7
!
object-group port WEB
 eq 443
 range 8000 8010
!
ipv4 access-list SHARED
 10 deny ipv4 host 10.66.0.1 any
!
ipv4 access-list SHOP
 10 remark the shop
 20 permit tcp net-group APPS 10.2.0.0/16 port-group WEB
 30 permit tcp 10.1.1.0 0.0.0.255 host 10.2.0.10 eq 5432 log
 40 deny tcp any any eq www icmp-off
 50 permit tcp any any established
 60 permit icmp any any echo
 70 permit tcp any any match-any +ack +rst
!
ipv6 access-list SIX
 10 permit tcp 2001:db8:1::/64 any eq 443
!
interface Bundle-Ether1
 vrf PROD
 ipv4 address 10.9.1.1 255.255.255.252
 ipv4 access-group common SHARED SHOP ingress
 ipv6 access-group SIX ingress
!
interface GigabitEthernet0/0/0/1
 bundle id 1 mode active
!
interface GigabitEthernet0/0/0/2
 ipv4 access-group SHOP egress hardware-count
!
interface GigabitEthernet0/0/0/3
 ipv4 address 10.2.0.1 255.255.255.0
!
end
"""
# By platform; a damaged one is read, and asked.
CONFIGURATIONS = {"cisco_nxos": NXOS, "cisco_xr": XR}
