# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Configurations of firewalls with policies between zones, whole and sound: what the damage starts from."""

from __future__ import annotations

FORTIOS = """#config-version=FGT60F-7.2.5-FW-build1517-230606:opmode=0:vdom=0:user=admin
config system global
    set hostname "edge"
end
config system interface
    edit "port1"
        set vdom "root"
        set ip 10.1.0.1 255.255.0.0
        set type physical
    next
    edit "port2"
        set ip 10.2.0.1 255.255.0.0
        set status up
    next
end
config system zone
    edit "servers"
        set interface "port2"
    next
end
config firewall address
    edit "app"
        set type ipmask
        set subnet 10.1.1.0 255.255.255.0
    next
    edit "some"
        set type iprange
        set start-ip 10.1.8.0
        set end-ip 10.1.8.99
    next
end
config firewall addrgrp
    edit "apps"
        set member "app" "some"
        set comment "app \\"servers\\""
    next
end
config firewall service custom
    edit "postgres"
        set tcp-portrange 5432
    next
end
config firewall vip
    edit "shop"
        set extip 10.1.0.9
        set extintf "port1"
        set mappedip "10.2.0.9"
        set portforward enable
        set extport 443
        set mappedport 8443
    next
end
config firewall policy
    edit 1
        set name "blocked"
        set srcintf "port1"
        set dstintf "servers"
        set action deny
        set srcaddr "some"
        set dstaddr "all"
        set schedule "always"
        set service "HTTP" "DNS"
    next
    edit 2
        set srcintf "port1"
        set dstintf "servers"
        set action accept
        set srcaddr "apps"
        set dstaddr "all"
        set schedule "always"
        set service "postgres" "PING"
        set nat enable
    next
    edit 3
        set srcintf "port1"
        set dstintf "servers"
        set action accept
        set srcaddr "all"
        set dstaddr "shop"
        set schedule "always"
        set service "ALL"
    next
end
"""
PANOS = """set deviceconfig system hostname edge
set network interface ethernet ethernet1/1 layer3 ip 10.1.0.1/16
set network interface ethernet ethernet1/2 layer3 ip 10.2.0.1/16
set zone users network layer3 ethernet1/1
set zone servers network layer3 [ ethernet1/2 ]
set address app ip-netmask 10.1.1.0/24
set address some ip-range 10.1.8.0-10.1.8.99
set address-group apps static [ app some ]
set service postgres protocol tcp port 5432
set rulebase nat rules out from users
set rulebase nat rules out to servers
set rulebase nat rules out source app
set rulebase nat rules out destination any
set rulebase nat rules out service any
set rulebase nat rules out source-translation dynamic-ip-and-port translated-address 10.2.0.99
set rulebase security rules blocked from users
set rulebase security rules blocked to servers
set rulebase security rules blocked source some
set rulebase security rules blocked destination any
set rulebase security rules blocked application any
set rulebase security rules blocked service [ service-http service-https ]
set rulebase security rules blocked action deny
set rulebase security rules "app to db" from users
set rulebase security rules "app to db" to servers
set rulebase security rules "app to db" source apps
set rulebase security rules "app to db" destination 10.2.0.0/16
set rulebase security rules "app to db" application any
set rulebase security rules "app to db" service postgres
set rulebase security rules "app to db" action allow
set rulebase security rules ping from users
set rulebase security rules ping to servers
set rulebase security rules ping source any
set rulebase security rules ping destination any
set rulebase security rules ping application [ ping ssh ]
set rulebase security rules ping service application-default
set rulebase security rules ping action allow
set rulebase default-security-rules rules intrazone-default action deny
"""
PANOS_XML = """<?xml version="1.0"?>
<config version="10.1.0" urldb="paloaltonetworks">
  <shared>
    <service>
      <entry name="postgres"><protocol><tcp><port>5432</port></tcp></protocol></entry>
    </service>
  </shared>
  <devices>
    <entry name="localhost.localdomain">
      <network>
        <interface>
          <ethernet>
            <entry name="ethernet1/1"><layer3><ip><entry name="10.1.0.1/16"/></ip></layer3></entry>
            <entry name="ethernet1/2"><layer3><ip><entry name="10.2.0.1/16"/></ip></layer3></entry>
          </ethernet>
        </interface>
      </network>
      <vsys>
        <entry name="vsys1">
          <zone>
            <entry name="users"><network><layer3><member>ethernet1/1</member></layer3></network></entry>
            <entry name="servers"><network><layer3><member>ethernet1/2</member></layer3></network></entry>
          </zone>
          <address>
            <entry name="app"><ip-netmask>10.1.1.0/24</ip-netmask></entry>
            <entry name="some"><ip-range>10.1.8.0-10.1.8.99</ip-range></entry>
          </address>
          <address-group>
            <entry name="apps"><static><member>app</member><member>some</member></static></entry>
          </address-group>
          <rulebase>
            <security>
              <rules>
                <entry name="blocked">
                  <from><member>users</member></from>
                  <to><member>servers</member></to>
                  <source><member>some</member></source>
                  <destination><member>any</member></destination>
                  <application><member>any</member></application>
                  <service><member>service-http</member><member>service-https</member></service>
                  <action>deny</action>
                </entry>
                <entry name="app to db">
                  <from><member>users</member></from>
                  <to><member>servers</member></to>
                  <source><member>apps</member></source>
                  <destination><member>10.2.0.0/16</member></destination>
                  <application><member>any</member></application>
                  <service><member>postgres</member></service>
                  <action>allow</action>
                </entry>
              </rules>
            </security>
          </rulebase>
        </entry>
      </vsys>
    </entry>
  </devices>
</config>
"""
# By platform.
FIREWALLS = {"fortinet": FORTIOS, "paloalto_panos": PANOS}
