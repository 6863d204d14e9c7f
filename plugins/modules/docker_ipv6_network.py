#!/usr/bin/python
# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: docker_ipv6_network
short_description: Have an IPv6 bridge network with running containers on it
version_added: 0.1.0
description:
  - Creates, compares or removes a dual-stack bridge network. Networks are compared field by field, addresses as
    addresses.
  - Connects containers to it B(while they run). Nothing is re-created or restarted. Their established connections
    are cut, and new ones are refused for a fraction of a second while Docker moves the published ports.
  - Refuses what would cut off the host or the container's clients, and a subnet that overlaps another Docker
    network, a route or an address of the host (Docker itself does not look at those).
options:
  name:
    description: Name of the network.
    type: str
    required: true
  state:
    description: Whether the network should be there.
    type: str
    choices: [present, absent]
    default: present
  subnet:
    description:
      - The IPv6 subnet, a CIDR from /48 to /126.
      - V(auto) derives a ULA (RFC 4193) from the host's machine-id and the network's name, the same every time. An
        IPv6 subnet that the network already has is then kept.
    type: str
    default: auto
  prefix_length:
    description: Prefix length of a derived subnet, 48 to 126.
    type: int
    default: 64
  fleet_prefix:
    description: A /48 for all hosts, from which V(auto) derives instead of a Global ID of the host's own.
    type: str
    default: ""
  containers:
    description: Names or ids of containers that must be on the network. Others stay where they are.
    type: list
    elements: str
    default: []
requirements:
  - docker (Docker SDK for Python 4.1 or later, on the target)
extends_documentation_fragment:
  - dms.ipv6._attributes
  - dms.ipv6._attributes.engine
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: full
seealso:
  - module: dms.ipv6.docker_daemon_config
author:
  - dms.ipv6 contributors (@dms-ipv6)
"""

EXAMPLES = r"""
- name: Put the running mail server on an IPv6 network
  dms.ipv6.docker_ipv6_network:
    name: dms-ipv6
    containers:
      - mailserver

- name: The same with a subnet of one's own choice
  dms.ipv6.docker_ipv6_network:
    name: dms-ipv6
    subnet: fd5c:1ab0:7e57:1::/64
    containers:
      - mailserver

- name: Remove the network again
  dms.ipv6.docker_ipv6_network:
    name: dms-ipv6
    state: absent
"""

RETURN = r"""
subnet:
  description: The IPv6 subnet of the network.
  returned: success, with O(state=present)
  type: str
  sample: fd5c:1ab0:7e57:1::/64
steps:
  description: What was done, or would be in check mode, as sentences.
  returned: success
  type: list
  elements: str
  sample:
    - create network dms-ipv6 with fd5c:1ab0:7e57:1::/64
    - connect mailserver to network dms-ipv6 (while it runs; its established connections are cut)
"""

import contextlib
import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.dms.ipv6.plugins.module_utils import (
    _engine,
    _found,
    _host_plan,
    _io_files,
    _io_found,
    _io_kernel,
    _io_network,
)
from ansible_collections.dms.ipv6.plugins.module_utils._io_docker import SOCKET, Docker
from ansible_collections.dms.ipv6.plugins.module_utils._network import WantedNetwork
from ansible_collections.dms.ipv6.plugins.module_utils._refused import Refused

SPEC: dict[str, t.Any] = {
    "name": {"type": "str", "required": True},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "subnet": {"type": "str", "default": "auto"},
    "prefix_length": {"type": "int", "default": 64},
    "fleet_prefix": {"type": "str", "default": ""},
    "containers": {"type": "list", "elements": "str", "default": []},
    "docker_socket": {"type": "path", "default": SOCKET},
}


def wanted_network(params: dict[str, t.Any]) -> WantedNetwork:
    """What the options ask for."""
    wanted = _host_plan.Wanted(
        params["name"], params["subnet"], params["prefix_length"], params["fleet_prefix"], tuple(params["containers"])
    )
    network = _host_plan.wanted_network(wanted, _io_kernel.machine_id())
    return network.removed() if params["state"] == "absent" else network


def run(params: dict[str, t.Any], dry: bool) -> dict[str, t.Any]:
    """Read, plan, and carry out unless ``dry``; what the module returns."""
    wanted = wanted_network(params)
    docker = Docker(params["docker_socket"])
    with contextlib.nullcontext() if dry else _io_files.lock():
        found = _io_found.read(docker)
        _engine.refuse_too_old(found.daemon.version)
        containers = {name: _found.inspected(docker.container(name)) for name in wanted.containers}
        plan = _host_plan.plan_network(wanted, found, containers, _io_kernel.listeners)
        if plan.changed and not dry:
            _io_network.carry_out(plan, docker)
    result = {
        "changed": plan.changed,
        "diff": plan.diff(f"network {wanted.name}"),
        "steps": plan.sentences(),
        "warnings": list(plan.warnings),
    }
    return {**result, "subnet": str(_host_plan.subnet_after(wanted, found))} if wanted.present else result


def main() -> None:
    """Ansible's way in."""
    module = AnsibleModule(argument_spec=SPEC, supports_check_mode=True)
    try:
        result = run(module.params, module.check_mode)
    except Refused as reason:
        module.fail_json(msg=str(reason))
    for warning in result.pop("warnings"):
        module.warn(warning)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
