# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A configuration of Junos, whole and sound: what the damage starts from. It is longer than those of other platforms,
because its rules are on many lines, and so in a file of its own."""

from __future__ import annotations

JUNOS = """## Last commit: 2026-11-20 10:00:00 UTC by admin
version 21.4R3.15;
groups {
    final {
        firewall { family inet { filter <*> { term final { then { count final; discard; } } } } }
        interfaces { <ge-*> { unit <*> { family inet { filter { output OUT; } } } } }
    }
}
apply-groups final;
system { host-name edge1; }
interfaces {
    interface-range UPLINKS { member-range ge-0/0/2 to ge-0/0/3; unit 0 { family inet; } }
    ge-0/0/0 { unit 0 { family inet { filter { input SHOP; } address 10.9.1.1/30; } family inet6; } }
    ge-0/0/1 { unit 0 { family inet { filter { input-list [ OUT SHOP ]; } address 10.2.0.1/24; } } }
    lo0 { unit 0 { family inet { filter { input PROTECT; } address 192.0.2.1/32; } } }
}
policy-options {
    prefix-list APPS { 10.1.1.0/24; 10.1.8.0/24; }
    prefix-list OWN { apply-path "interfaces <*> unit <*> family inet address <*>"; }
}
firewall {
    policer slow { if-exceeding { bandwidth-limit 1m; burst-size-limit 15k; } then discard; }
    family inet {
        filter SHOP {
            /* the shop */
            term app {
                from {
                    source-prefix-list { APPS; }
                    source-address { 10.3.0.0/16; 10.3.7.0/24 except; }
                    protocol tcp;
                    destination-port [ https 8000-8010 ];
                }
                then { count app; accept; }
            }
            term back { from { protocol tcp; tcp-flags "(ack | rst) & !syn"; } then accept; }
            inactive: term old { from { protocol udp; } then accept; }
            term ping { from { protocol icmp; icmp-type echo-request; } then { policer slow; next term; } }
        }
        filter OUT { term all { then accept; } }
        filter PROTECT { term own { from { source-prefix-list { OWN; } } then accept; } }
    }
}
applications {
    application db { term a protocol tcp destination-port 5432; term b protocol tcp destination-port 6432-6440; }
    application-set shop { application db; application junos-https; }
}
security {
    address-book { global {
        address app1 10.1.1.7/32;
        address some { range-address 10.3.0.5 { to { 10.3.0.9; } } }
        address-set apps { address app1; address some; }
    } }
    nat {
        source { rule-set OUT { from zone trust; to zone untrust;
            rule r1 { match { source-address 10.1.0.0/16; } then { source-nat { interface; } } } } }
        static { rule-set IN { from zone untrust;
            rule r1 { match { destination-address 10.9.1.2/32; } then { static-nat { prefix { 10.2.0.10/32; } } } } } }
    }
    policies {
        from-zone trust to-zone untrust {
            policy shop {
                match { source-address apps; destination-address any; application shop; }
                then { permit; log { session-close; } }
            }
            policy rest { match { source-address any; destination-address any; application any; } then { deny; } }
        }
        global { policy dns { match { source-address any; destination-address any; application junos-dns-udp; }
            then { permit; } } }
        default-policy { deny-all; }
    }
    zones {
        security-zone trust {
            host-inbound-traffic { system-services { ssh; ping; } }
            interfaces { ge-0/0/0.0; }
        }
        security-zone untrust { interfaces { ge-0/0/1.0 { host-inbound-traffic { protocols { bgp; } } } } }
    }
}
set routing-instances RED instance-type virtual-router
set routing-instances RED interface ge-0/0/2.0
deactivate security policies global policy dns
"""
