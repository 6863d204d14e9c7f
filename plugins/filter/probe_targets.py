# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which ports of a Docker host are probed, and where."""

from __future__ import annotations

DOCUMENTATION = r"""
name: probe_targets
short_description: What probe hosts connect to on a Docker host
version_added: 0.1.0
description:
  - Makes a list of places to probe out of what a Docker host reports, which may be anything if an attacker controls it.
  - A responder's port is taken if it is one of 20000 to 32767, or the one that was requested; of services 64 ports at
    most. What does not make sense is left out.
positional: addresses, families
options:
  _input:
    description: Ports of the responder by family, RV(dms.ipv6.probe_responder#module:ports).
    type: dict
    required: true
  addresses:
    description: Where the host is reached, by family. See P(dms.ipv6.probe_addresses#filter).
    type: dict
    required: true
  families:
    description: Over which protocols to probe.
    type: list
    elements: str
    required: true
  services:
    description:
      - Published ports that are probed as well, each a list of family and port, and of a container's own IPv6 address
        where clients connect to that.
    type: list
    elements: list
    default: []
  port:
    description: The responder's port that was requested, V(0) for none.
    type: int
    default: 0
  own_address:
    description: The responder's own IPv6 address, where it has one.
    type: str
    default: ""
  subnet:
    description: In which containers have addresses of their own. Anything but a CIDR means anywhere.
    type: str
    default: ""
seealso:
  - plugin: dms.ipv6.probe_addresses
    plugin_type: filter
author:
  - dms.ipv6 contributors (@dms-ipv6)
"""

EXAMPLES = r"""
- name: What to connect to
  ansible.builtin.debug:
    msg: "{{ {'ipv6': 24871} | dms.ipv6.probe_targets({'ipv6': '2001:2::25'}, ['ipv6'], services=[['ipv6', 25]]) }}"
    # [{"family": "ipv6", "host": "2001:2::25", "port": 24871, "service": false},
    #  {"family": "ipv6", "host": "2001:2::25", "port": 25, "service": true}]
"""

RETURN = r"""
_value:
  description: Where to connect to, each with C(family), C(host), C(port) and whether it is a C(service).
  type: list
  elements: dict
  sample: [{"family": "ipv6", "host": "2001:2::25", "port": 24871, "service": false}]
"""

import typing as t

from ansible_collections.dms.ipv6.plugins.module_utils.proof import targets

if t.TYPE_CHECKING:
    from collections.abc import Callable


def probe_targets(
    ports: t.Any,
    addresses: t.Any,
    families: t.Any,
    services: t.Any = (),
    port: t.Any = 0,
    own_address: t.Any = "",
    subnet: t.Any = "",
) -> list[dict[str, t.Any]]:
    """See DOCUMENTATION."""
    wanted = targets.Asked(addresses, families, int(port or 0), str(subnet or ""))
    return targets.targets(wanted, own_address, ports, services)


class FilterModule:
    """What Ansible looks for."""

    def filters(self) -> dict[str, Callable[..., t.Any]]:
        """The filters of this file."""
        return {"probe_targets": probe_targets}
