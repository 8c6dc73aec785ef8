# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Configurations of network devices, whole and sound, one a platform: what the damage starts from."""

from __future__ import annotations

from .fuzz_firewalls import FIREWALLS
from .fuzz_ios import IOS
from .fuzz_junos import JUNOS

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
EOS = """ip access-list SHOP
   counters per-entry
   10 remark the shop
   20 permit tcp 10.1.8.0/24 10.2.0.0/16 eq https 8443
   30 permit tcp 10.1.1.0 0.0.0.255 host 10.2.0.10 eq 5432 log
   40 deny tcp any any eq www
   50 permit tcp any any established
   60 permit icmp any any echo
   70 permit udp any gt 1023 any eq domain
ipv6 access-list SIX
   10 permit tcp 2001:db8:1::/64 any eq 443
traffic-policies
   field-set ipv4 prefix BAD
      10.66.0.0/16
   !
   field-set l4-port WEB
      80,8000-8010
   !
   traffic-policy EDGE
      match bad ipv4
         source prefix field-set BAD
         actions
            count bad
            drop
         !
      !
      match web ipv4
         destination prefix 10.9.0.0/16
         protocol tcp destination port field-set WEB
         protocol udp destination port 5000-5010
         actions
            drop
         !
      !
      match ipv4-all-default ipv4
interface Ethernet1
   no switchport
   ip address 10.9.1.1/30
   ip access-group SHOP in
   ipv6 access-group SIX in
   traffic-policy input EDGE
interface Ethernet2
   no switchport
   vrf RED
   traffic-policy output EDGE
system control-plane
   ip access-group SHOP in
"""
VYOS = """set firewall group address-group APPS address '10.1.8.0-10.1.8.255'
set firewall group network-group APPNETS network '10.1.1.0/24'
set firewall group port-group WEB port '443'
set firewall group port-group WEB port '8000-8010'
set firewall global-options state-policy established action 'accept'
set firewall global-options state-policy invalid action 'drop'
set firewall ipv4 forward filter default-action 'drop'
set firewall ipv4 forward filter rule 10 action 'jump'
set firewall ipv4 forward filter rule 10 inbound-interface name 'eth1'
set firewall ipv4 forward filter rule 10 jump-target 'SHOP'
set firewall ipv4 name SHOP default-action 'drop'
set firewall ipv4 name SHOP rule 20 action 'accept'
set firewall ipv4 name SHOP rule 20 destination address '10.2.0.0/16'
set firewall ipv4 name SHOP rule 20 destination group port-group 'WEB'
set firewall ipv4 name SHOP rule 20 protocol 'tcp'
set firewall ipv4 name SHOP rule 20 source group address-group 'APPS'
set firewall ipv4 name SHOP rule 30 action 'accept'
set firewall ipv4 name SHOP rule 30 destination port '5432'
set firewall ipv4 name SHOP rule 30 destination address '10.2.0.10'
set firewall ipv4 name SHOP rule 30 protocol 'tcp'
set firewall ipv4 name SHOP rule 30 source group network-group 'APPNETS'
set firewall ipv4 name SHOP rule 30 state new
set firewall ipv4 name SHOP rule 40 action 'drop'
set firewall ipv4 name SHOP rule 40 protocol 'tcp_udp'
set firewall ipv4 name SHOP rule 40 destination port '53,80'
set firewall ipv4 name SHOP rule 50 action 'accept'
set firewall ipv4 name SHOP rule 50 icmp type-name 'echo-request'
set firewall ipv4 name SHOP rule 50 protocol 'icmp'
set firewall ipv6 forward filter default-action 'drop'
set firewall ipv6 forward filter rule 10 action 'accept'
set firewall ipv6 forward filter rule 10 destination port '443'
set firewall ipv6 forward filter rule 10 protocol 'tcp'
set firewall ipv6 forward filter rule 10 source address '2001:db8:1::/64'
set interfaces ethernet eth1 address '10.9.1.1/30'
"""
ASA = """: Saved
:
ASA Version 9.8(1)
!
hostname fw
names
name 10.2.0.10 db1
interface GigabitEthernet0/0
 nameif outside
 security-level 0
 ip address 198.51.100.1 255.255.255.0
interface GigabitEthernet0/1
 nameif inside
 security-level 100
 ip address 10.2.0.1 255.255.0.0
object network apps
 subnet 10.1.8.0 255.255.255.0
object network one
 host 10.1.1.7
object network some
 range 10.3.0.5 10.3.0.9
object service web
 service tcp destination eq https
object-group network MORE
 network-object host 10.7.7.7
object-group network APPS
 network-object object apps
 network-object object one
 network-object object some
 group-object MORE
object-group service WEB tcp
 port-object eq https
 port-object range 8000 8010
object-group service MIXED
 service-object object web
 service-object udp source gt 1023 destination eq syslog
 service-object icmp echo 0
object-group icmp-type PINGS
 icmp-object echo
access-list SHOP remark the shop
access-list SHOP extended permit tcp object-group APPS 10.2.0.0 255.255.0.0 object-group WEB
access-list SHOP extended permit object-group MIXED object apps host db1 log notifications interval 300
access-list SHOP extended permit tcp 10.1.1.0 255.255.255.0 host db1 eq 5432
access-list SHOP extended permit ip any4 any4 inactive
access-list SHOP extended deny tcp any any eq www
access-list SHOP extended permit icmp any any object-group PINGS
access-list SHOP extended permit icmp any any echo
access-list SHOP extended permit udp any gt 1023 any eq domain
access-list SHOP extended permit tcp 2001:db8:1::/64 any eq https
access-list SHOP extended deny ip any any
access-group SHOP in interface outside
object network one
 nat (outside,inside) static 10.2.0.77
nat (inside,outside) source dynamic MORE interface
policy-map global_policy
 class inspection_default
  inspect icmp
service-policy global_policy global
Cryptochecksum:571d01b7b08342e35db838e9acec00f6
: end
"""
# By platform; a damaged one is read, and asked.
CONFIGURATIONS = {
    "arista_eos": EOS,
    "cisco_ios": IOS,
    "cisco_nxos": NXOS,
    "cisco_xr": XR,
    "cisco_asa": ASA,
    "juniper_junos": JUNOS,
    "vyos": VYOS,
    **FIREWALLS,
}
