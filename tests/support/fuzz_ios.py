# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Cisco IOS configuration, whole and sound: what the damage starts from."""

from __future__ import annotations

IOS = """Current configuration : 2012 bytes
!
version 16.4
hostname edge1
object-group network APPS
 host 10.1.1.7
 10.1.8.0 255.255.255.0
 range 10.3.0.5 10.3.0.9
 group-object MORE
object-group network MORE
 10.7.7.0 /24
object-group service WEB
 tcp eq 443
 tcp range 8000 8010
class-map type inspect match-any MAIL
 match protocol smtp
 match access-group name BAD
policy-map type inspect EDGE
 class type inspect MAIL
  drop log
 class class-default
  pass
zone security outside
zone security inside
zone-pair security IN source outside destination inside
 service-policy type inspect EDGE
interface GigabitEthernet1
 vrf forwarding PROD
 ip address 10.9.1.1 255.255.255.252
 ip access-group SHOP in
 ipv6 traffic-filter SIX in
 ip nat outside
 zone-member security outside
interface GigabitEthernet2
 ip address 10.2.0.1 255.255.0.0
 ip access-group 120 out
 ip nat inside
 zone-member security inside
ip nat inside source list 10 interface GigabitEthernet1 overload
access-list 10 permit 10.2.0.0 0.0.255.255
access-list 120 deny udp any any eq domain
access-list 120 permit ip any any
ip access-list extended BAD
 permit tcp any any eq 25
ip access-list extended SHOP
 remark the shop
 permit object-group WEB object-group APPS 10.2.0.0 0.0.255.255
 permit tcp 10.1.1.0 0.0.0.255 host 10.2.0.10 eq 5432 log
 deny tcp any any eq www
 permit tcp any any established
 permit icmp any any echo
 permit udp any gt 1023 any eq domain
ipv6 access-list SIX
 permit tcp 2001:db8:1::/64 any eq 443 sequence 10
line vty 0 4
 access-class 10 in
end
"""
