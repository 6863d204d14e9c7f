# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A part of a host's prefix for its containers, for inventories."""

from __future__ import annotations

DOCUMENTATION = r"""
name: carve
short_description: A part of a host's IPv6 prefix for its containers
version_added: 0.1.0
description:
  - Chooses a part of the prefix that a provider gave a host, such as a /80 of a /64, in which none of the given
    addresses lies. The answer is the same every time for the same arguments.
  - It is never the first part, for C(::1) and the like are routers and hosts, and never the whole prefix.
  - No host is read. What is not in O(avoid) is not known.
positional: prefix_length, avoid, name
options:
  _input:
    description: The host's prefix, a CIDR, usually a /64.
    type: str
    required: true
  prefix_length:
    description:
      - Prefix length of the part, longer than that of the prefix, 49 to 126.
      - Below Docker 28 the default bridge takes at most 80. Other networks take any.
    type: int
    required: true
  avoid:
    description:
      - Addresses and networks that the part must not contain or overlap, such as the host's address and its router's.
      - An address with a prefix length, as C(ip address) shows it, counts as the address. IPv4 does not count.
      - Must not have what the part itself brings along (the gateway of the Docker network is an address of the host
        once the network exists, so it is in the fact C(all_ipv6_addresses)), or the next run chooses another part.
    type: list
    elements: str
    default: []
  name:
    description:
      - A name from which the place is derived. It is the same place in whatever prefix of that length.
      - Hosts that share one prefix need a name each, or all of them get the same part.
    type: str
    default: ""
seealso:
  - plugin: dms.ipv6.collisions
    plugin_type: filter
  - plugin: dms.ipv6.ula
    plugin_type: filter
author:
  - dms.ipv6 contributors (@dms-ipv6)
"""

EXAMPLES = r"""
- name: A /80 of the host's /64
  ansible.builtin.debug:
    msg: "{{ '2001:2:0:1::/64' | dms.ipv6.carve(80, avoid=[router, host], name='dms-ipv6') }}"
    # 2001:2:0:1:a6a3::/80
  vars:
    router: "2001:2:0:1::1"
    host: "2001:2:0:1:5054:ff:fe12:3456"

- name: Hosts that share one /64 get a part each
  ansible.builtin.set_fact:
    dms_ipv6_subnet: "{{ '2001:2:0:1::/64' | dms.ipv6.carve(80, avoid=[ansible_host], name=inventory_hostname) }}"
"""

RETURN = r"""
_value:
  description: The part, a CIDR.
  type: str
  sample: 2001:2:0:1:a6a3::/80
"""

import typing as t
from collections.abc import Iterable, Mapping

from ansible.errors import AnsibleFilterError
from ansible_collections.dms.ipv6.plugins.module_utils.core import ip, prefix_plan
from ansible_collections.dms.ipv6.plugins.module_utils.core.refused import Refused

if t.TYPE_CHECKING:
    from collections.abc import Callable


def carved(prefix: t.Any, prefix_length: t.Any, avoid: t.Any, name: t.Any) -> str:
    """The CIDR of the part.

    Raises:
        Refused: an argument is of the wrong type, or see prefix_plan.carve().
    """
    if isinstance(avoid, (str, Mapping)) or not isinstance(avoid, Iterable):
        raise Refused(f"{avoid!r} is not a list", "avoid", prefix_plan.REMEDY_AVOID)
    host_prefix = ip.cidr(str(prefix), "carve", prefix_plan.REMEDY_PREFIX)
    length = prefix_plan.whole_number(prefix_length, "prefix_length")
    occupied = [prefix_plan.occupied(str(text)) for text in avoid]
    return str(prefix_plan.carve(host_prefix, length, occupied, str(name)))


def carve(prefix: t.Any, prefix_length: t.Any, avoid: t.Any = (), name: t.Any = "") -> str:
    """See DOCUMENTATION."""
    try:
        return carved(prefix, prefix_length, avoid, name)
    except Refused as reason:
        raise AnsibleFilterError(str(reason)) from None


class FilterModule:
    """What Ansible looks for."""

    def filters(self) -> dict[str, Callable[..., t.Any]]:
        """The filters of this file."""
        return {"carve": carve}
