# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which hosts of an inventory have subnets that overlap."""

from __future__ import annotations

DOCUMENTATION = r"""
name: collisions
short_description: Which hosts have subnets that overlap
version_added: 0.1.0
description:
  - Looks at the subnets of many hosts at once and says which two overlap, before anything is changed on any of them.
  - Hosts that were copied from one image with their machine-id derive one and the same subnet, so they show up here.
positional: limit
options:
  _input:
    description:
      - The subnets by host. A value is a CIDR or a list of CIDRs; a host without any has an empty list.
      - Subnets of one host may overlap. That is left to the module that makes them.
    type: dict
    required: true
  limit:
    description:
      - At most so many pairs are listed. An image that was copied 10,000 times makes 50 million pairs.
    type: int
    default: 100
seealso:
  - plugin: dms.ipv6.ula
    plugin_type: filter
author:
  - dms.ipv6 contributors (@dms-ipv6)
"""

EXAMPLES = r"""
- name: Stop where two hosts of the group docker have overlapping subnets
  ansible.builtin.assert:
    that: overlapping | length == 0
    fail_msg: "{{ overlapping | map(attribute='message') | join('; ') }}"
  vars:
    subnets: "{{ groups.docker | map('extract', hostvars, 'dms_ipv6_subnet') }}"
    overlapping: "{{ dict(groups.docker | zip(subnets)) | dms.ipv6.collisions }}"
  run_once: true
"""

RETURN = r"""
_value:
  description: A dictionary for each pair, in the order of the subnets. Empty if no two hosts collide.
  type: list
  elements: dict
  contains:
    hosts:
      description: The two hosts, the one with the wider subnet first.
      type: list
      elements: str
      sample: [mail1, mail2]
    subnets:
      description: Their subnets, in the same order.
      type: list
      elements: str
      sample: ["fd5c:1ab0:7e57:1::/64", "fd5c:1ab0:7e57:1::/64"]
    message:
      description: The same as a sentence, without a full stop.
      type: str
      sample: mail1 and mail2 both have fd5c:1ab0:7e57:1::/64
"""

import typing as t
from collections.abc import Iterable, Mapping

from ansible.errors import AnsibleFilterError
from ansible_collections.dms.ipv6.plugins.module_utils.core import ip, prefix_plan
from ansible_collections.dms.ipv6.plugins.module_utils.core.refused import Refused

if t.TYPE_CHECKING:
    import ipaddress
    from collections.abc import Callable, Iterator

REMEDY = "Give CIDRs; what `auto` means on a host is worked out by dms.ipv6.ula"


def claims(subnets: t.Any) -> Iterator[tuple[str, ipaddress.IPv6Network]]:
    """Pairs of host and subnet.

    Raises:
        Refused: not a dictionary, or a value that is not an IPv6 CIDR; the host is named.
    """
    if not isinstance(subnets, Mapping):
        raise Refused(f"{subnets!r} is not a dictionary of subnets by host", "collisions")
    for host, value in subnets.items():
        several = isinstance(value, Iterable) and not isinstance(value, (str, Mapping))
        for entry in value if several else (value,):
            yield str(host), ip.cidr(str(entry), str(host), REMEDY)


def pairs(subnets: t.Any, limit: t.Any) -> list[dict[str, t.Any]]:
    """The pairs as dictionaries, at most ``limit`` (1 or more) of them.

    Raises:
        Refused: see claims(), or the limit is none.
    """
    most = prefix_plan.whole_number(limit, "limit")
    if most < 1:
        raise Refused(f"{most} is less than 1", "limit")
    return [
        {
            "hosts": list(collision[:2]),
            "subnets": [str(collision[2]), str(collision[3])],
            "message": prefix_plan.collision_text(collision),
        }
        for collision in prefix_plan.collisions(claims(subnets), most)
    ]


def collisions(subnets: t.Any, limit: t.Any = 100) -> list[dict[str, t.Any]]:
    """See DOCUMENTATION."""
    try:
        return pairs(subnets, limit)
    except Refused as reason:
        raise AnsibleFilterError(str(reason)) from None


class FilterModule:
    """What Ansible looks for."""

    def filters(self) -> dict[str, Callable[..., t.Any]]:
        """The filters of this file."""
        return {"collisions": collisions}
