# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A small firewall of each platform that lets the application at its database, with one entry to change."""

from __future__ import annotations

XR = """!! IOS XR Configuration 7.3.2
hostname x1
interface GigabitEthernet0/0/0/0
 ipv4 address 10.10.1.1 255.255.255.0
 ipv4 access-group F ingress
!
interface GigabitEthernet0/0/0/1
 ipv4 address 10.20.1.1 255.255.255.0
!
ipv4 access-list F
 10 permit tcp 10.10.1.0/24 host 10.20.1.10 eq 5432
 20 deny ipv4 any any
!
ipv4 access-list OTHER
 10 permit udp any any
!
end
"""
FORTIOS = """#config-version=FGT60F-7.2.0-FW-build1157:opmode=0:vdom=0
config system interface
    edit "port1"
        set ip 10.10.1.1 255.255.255.0
    next
    edit "port2"
        set ip 10.20.1.1 255.255.255.0
    next
end
config firewall address
    edit "app"
        set subnet 10.10.1.0 255.255.255.0
    next
    edit "a part"
        set subnet 10.10.1.64 255.255.255.192
    next
    edit "db"
        set subnet 10.20.1.10 255.255.255.255
    next
end
config firewall service custom
    edit "pg"
        set tcp-portrange 5432
    next
end
config firewall policy
    edit 1
        set name "app to db"
        set srcintf "port1"
        set dstintf "port2"
        set action accept
        set srcaddr "app"
        set dstaddr "db"
        set schedule "always"
        set service "pg"
    next
    edit 2
        set name "the rest"
        set srcintf "port1"
        set dstintf "port2"
        set srcaddr "all"
        set dstaddr "all"
        set schedule "always"
        set service "ALL"
    next
end
"""
PANOS = """set deviceconfig system hostname p1
set network interface ethernet ethernet1/1 layer3 ip 10.10.1.1/24
set network interface ethernet ethernet1/2 layer3 ip 10.20.1.1/24
set zone app network layer3 ethernet1/1
set zone db network layer3 ethernet1/2
set address app ip-netmask 10.10.1.0/24
set address part ip-netmask 10.10.1.64/26
set address db1 ip-netmask 10.20.1.10
set service pg protocol tcp port 5432
set rulebase security rules "app to db" from app to db source app destination db1 application any service pg action allow
set rulebase security rules rest from any to any source any destination any application any service any action deny
"""
PANOS_XML = """<?xml version="1.0"?>
<config version="10.1.0"><devices><entry name="localhost.localdomain">
<deviceconfig><system><hostname>p1</hostname></system></deviceconfig>
<network><interface><ethernet>
<entry name="ethernet1/1"><layer3><ip><entry name="10.10.1.1/24"/></ip></layer3></entry>
<entry name="ethernet1/2"><layer3><ip><entry name="10.20.1.1/24"/></ip></layer3></entry>
</ethernet></interface></network>
<vsys><entry name="vsys1">
<zone><entry name="app"><network><layer3><member>ethernet1/1</member></layer3></network></entry>
<entry name="db"><network><layer3><member>ethernet1/2</member></layer3></network></entry></zone>
<address><entry name="app"><ip-netmask>10.10.1.0/24</ip-netmask></entry>
<entry name="part"><ip-netmask>10.10.1.64/26</ip-netmask></entry>
<entry name="db1"><ip-netmask>10.20.1.10</ip-netmask><description>the "old" one</description></entry></address>
<service><entry name="pg"><protocol><tcp><port>5432</port></tcp></protocol></entry></service>
<rulebase><security><rules>
<entry name="app to db"><from><member>app</member></from><to><member>db</member></to><source><member>app</member></source>
<destination><member>db1</member></destination><application><member>any</member></application>
<service><member>pg</member></service><action>allow</action></entry>
<entry name="rest"><from><member>any</member></from><to><member>any</member></to><source><member>any</member></source>
<destination><member>any</member></destination><application><member>any</member></application>
<service><member>any</member></service><action>deny</action></entry>
</rules></security></rulebase></entry></vsys></entry></devices></config>
"""
JUNOS = """system { host-name j1; }
interfaces {
    ge-0/0/0 { unit 0 { family inet { filter { input F; } address 10.10.1.1/24; } } }
    ge-0/0/1 { unit 0 { family inet { address 10.20.1.1/24; } } }
}
firewall { family inet {
    filter F {
        term a { from { source-address { 10.10.1.0/24; } protocol tcp; destination-port 5432; } then { count c; accept; } }
        term z { then discard; }
    }
    filter OTHER { term all { then accept; } }
} }
"""
SRX = """set system host-name s1
set security zones security-zone app interfaces ge-0/0/0.0
set security zones security-zone db interfaces ge-0/0/1.0
set interfaces ge-0/0/0 unit 0 family inet address 10.10.1.1/24
set interfaces ge-0/0/1 unit 0 family inet address 10.20.1.1/24
set security address-book global address app 10.10.1.0/24
set security address-book global address part 10.10.1.64/26
set applications application pg protocol tcp
set applications application pg destination-port 5432
set security policies from-zone app to-zone db policy p1 match source-address app
set security policies from-zone app to-zone db policy p1 match destination-address any
set security policies from-zone app to-zone db policy p1 match application pg
set security policies from-zone app to-zone db policy p1 then permit
set security policies from-zone app to-zone db policy p2 match source-address any
set security policies from-zone app to-zone db policy p2 match destination-address any
set security policies from-zone app to-zone db policy p2 match application any
set security policies from-zone app to-zone db policy p2 then deny
"""
VYOS = """set interfaces ethernet eth0 address '10.10.1.1/24'
set interfaces ethernet eth1 address '10.20.1.1/24'
set firewall ipv4 forward filter default-action 'drop'
set firewall ipv4 forward filter rule 10 action 'accept'
set firewall ipv4 forward filter rule 10 protocol 'tcp'
set firewall ipv4 forward filter rule 10 source address '10.10.1.0/24'
set firewall ipv4 forward filter rule 10 destination port '5432'
set firewall ipv4 forward filter rule 20 action 'drop'
set firewall ipv4 name X default-action 'drop'
set firewall ipv4 name X rule 5 action 'accept'
"""
ASA = """ASA Version 9.12
hostname a1
interface GigabitEthernet0/0
 nameif inside
 security-level 100
 ip address 10.10.1.1 255.255.255.0
interface GigabitEthernet0/1
 nameif db
 security-level 50
 ip address 10.20.1.1 255.255.255.0
access-list F remark the door
access-list F extended permit tcp 10.10.1.0 255.255.255.0 host 10.20.1.10 eq 5432
access-list F extended permit icmp any any
access-list F extended deny ip any any
access-list OTHER extended permit udp any any
access-group F in interface inside
: end
"""
IOS = """version 15.2
hostname r1
interface GigabitEthernet0/0
 ip address 10.10.1.1 255.255.255.0
 ip access-group F in
interface GigabitEthernet0/1
 ip address 10.20.1.1 255.255.255.0
ip access-list extended F
 10 permit tcp 10.10.1.0 0.0.0.255 host 10.20.1.10 eq 5432
 20 deny ip any any
ip access-list extended OTHER
 10 permit udp any any
end
"""
