# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ULA that a host derives, for inventories."""

from __future__ import annotations

DOCUMENTATION = r"""
name: ula
short_description: The ULA that a host derives for a Docker network
version_added: 0.1.0
description:
  - Derives an IPv6 prefix for private use (ULA, RFC 4193) from a text that is unique to a host and from a network's
    name, the same every time.
  - With a host's machine-id it is exactly what P(dms.ipv6.dms_ipv6#role) and M(dms.ipv6.docker_ipv6_network) choose on
    that host with V(auto), so an inventory can name it before any host is read.
positional: name, prefix_length, fleet_prefix
options:
  _input:
    description:
      - The host's machine-id, or any other text that is unique to it and does not change, such as its inventory name.
      - White space around it does not count.
    type: str
    required: true
  name:
    description: Name of the network.
    type: str
    default: dms-ipv6
  prefix_length:
    description: Prefix length of the subnet, 48 to 126.
    type: int
    default: 64
  fleet_prefix:
    description:
      - A ULA /48 for all hosts, from which the subnet is derived instead of a Global ID of the host's own.
      - With a prefix length of 64 that leaves 65,536 subnets, so two of 302 hosts have the same one with a chance of
        50 %. Check with P(dms.ipv6.collisions#filter), or take a prefix length such as 112.
    type: str
    default: ""
notes:
  - The fact C(machine_id) is read from C(/var/lib/dbus/machine-id) where that exists, the role reads
    C(/etc/machine-id) first. They are normally the same.
seealso:
  - plugin: dms.ipv6.collisions
    plugin_type: filter
  - plugin: dms.ipv6.carve
    plugin_type: filter
author:
  - dms.ipv6 contributors (@dms-ipv6)
"""

EXAMPLES = r"""
- name: The subnet that the role chooses on this host
  ansible.builtin.debug:
    msg: "{{ ansible_facts.machine_id | dms.ipv6.ula }}"

- name: A subnet that depends on nothing but the inventory
  ansible.builtin.set_fact:
    dms_ipv6_subnet: "{{ inventory_hostname | dms.ipv6.ula('dms-ipv6', prefix_length=112) }}"

- name: One within the /48 of a fleet
  ansible.builtin.debug:
    msg: "{{ machine_id | dms.ipv6.ula(prefix_length=112, fleet_prefix='fd5c:1ab0:7e57::/48') }}"
    # fd5c:1ab0:7e57:2bda:545c:a02:6c90:0/112
  vars:
    machine_id: 0123456789abcdef0123456789abcdef
"""

RETURN = r"""
_value:
  description: The subnet, a CIDR.
  type: str
  sample: fdad:f0b0:1d69:2bda::/64
"""

import typing as t

from ansible.errors import AnsibleFilterError
from ansible_collections.dms.ipv6.plugins.module_utils.core import ip, prefix_plan
from ansible_collections.dms.ipv6.plugins.module_utils.core.refused import Refused
from ansible_collections.dms.ipv6.plugins.module_utils.network import on_host as network_on_host

if t.TYPE_CHECKING:
    from collections.abc import Callable


def derived(unique: t.Any, name: t.Any, prefix_length: t.Any, fleet_prefix: t.Any) -> str:
    """The CIDR, worked out by the role's own function.

    Raises:
        Refused: no text, a prefix length out of range, or no ULA /48 for the fleet.
    """
    if not isinstance(unique, str) or not unique.strip():
        raise Refused(f"'{unique}' is not a text to derive a subnet from", "ula", "Give the host's machine-id")
    length = prefix_plan.whole_number(prefix_length, "prefix_length")
    wanted = network_on_host.NetworkOptions(str(name), prefix_length=length, fleet_prefix=str(fleet_prefix or ""))
    subnet = network_on_host.wanted_network(wanted, unique).subnet
    if subnet is None or not subnet.subnet_of(ip.ULA):
        raise Refused(f"{fleet_prefix} is not a ULA", "fleet_prefix", "Give a /48 that begins with fd")
    return str(subnet)


def ula(unique: t.Any, name: t.Any = "dms-ipv6", prefix_length: t.Any = 64, fleet_prefix: t.Any = "") -> str:
    """See DOCUMENTATION."""
    try:
        return derived(unique, name, prefix_length, fleet_prefix)
    except Refused as reason:
        raise AnsibleFilterError(str(reason)) from None


class FilterModule:
    """What Ansible looks for."""

    def filters(self) -> dict[str, Callable[..., t.Any]]:
        """The filters of this file."""
        return {"ula": ula}
