# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where probes reach a Docker host."""

from __future__ import annotations

DOCUMENTATION = r"""
name: probe_addresses
short_description: Where probe hosts may reach a Docker host
version_added: 0.1.0
description:
  - Chooses an address for each family. A Docker host that an attacker controls reports what it likes, and probe hosts
    connect to it; so what it reports is taken only where the operator gave nothing, and only if it can be the address
    of another host, which loopback, link-local, multicast and the like are not.
  - What the operator gave comes first. Then the inventory's address and the reported one, public ones first, because
    many hosts are managed over a private network on which no client is.
positional: given, inventory, trust
options:
  _input:
    description: What the host reports, RV(dms.ipv6.docker_ipv6_info#module:addresses).
    type: dict
    required: true
  given:
    description: What the operator gave, address or name by family.
    type: dict
    default: {}
  inventory:
    description: The inventory's address of the host. A name counts for nothing.
    type: str
    default: ""
  trust:
    description: Whether what the host reports is taken at all.
    type: bool
    default: true
seealso:
  - plugin: dms.ipv6.probe_targets
    plugin_type: filter
author:
  - dms.ipv6 contributors (@dms-ipv6)
"""

EXAMPLES = r"""
- name: Where to connect to
  ansible.builtin.debug:
    msg: "{{ {'ipv4': '198.18.7.2', 'ipv6': '::1'} | dms.ipv6.probe_addresses(given={'ipv6': '2001:2::25'}) }}"
    # {"ipv4": "198.18.7.2", "ipv6": "2001:2::25"}
"""

RETURN = r"""
_value:
  description: Address, or a name that was given, by family. A family without one is missing.
  type: dict
  sample: {"ipv4": "198.18.7.2", "ipv6": "2001:2::25"}
"""

import typing as t

from ansible.errors import AnsibleFilterError
from ansible_collections.dms.ipv6.plugins.module_utils.proof import targets

if t.TYPE_CHECKING:
    from collections.abc import Callable


def probe_addresses(reported: t.Any, given: t.Any = None, inventory: t.Any = "", trust: t.Any = True) -> dict[str, str]:
    """See DOCUMENTATION."""
    if given and not isinstance(given, dict):
        raise AnsibleFilterError(f"dms_ipv6_probe_addresses: {given!r} is not a dictionary. Give an address by family.")
    return targets.addresses(reported, given or {}, str(inventory or ""), bool(trust))


class FilterModule:
    """What Ansible looks for."""

    def filters(self) -> dict[str, Callable[..., t.Any]]:
        """The filters of this file."""
        return {"probe_addresses": probe_addresses}
