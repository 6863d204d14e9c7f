#!/usr/bin/python
# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: docker_ipv6_info
short_description: Read everything about a Docker host's IPv6 in one round trip
version_added: 0.1.0
description:
  - Returns the engine, the settings that are in force, the networks, what remote clients get at every published
    port, what is wrong, and what would have to change for a mode wanted. Changes nothing.
  - Needs nothing on the target but Python.
options:
  mode:
    description:
      - The mode for which to work out the RV(plan). V(audit) makes none, V(absent) takes back what this collection did.
    type: str
    choices: [audit, nat, absent]
    default: audit
  network:
    description: Name of the IPv6 network wanted.
    type: str
    default: dms-ipv6
  subnet:
    description: Its subnet, as for M(dms.ipv6.docker_ipv6_network).
    type: str
    default: auto
  prefix_length:
    description: Prefix length of a derived subnet, 48 to 126.
    type: int
    default: 64
  fleet_prefix:
    description: A /48 for all hosts, from which V(auto) derives.
    type: str
    default: ""
  containers:
    description: Names or ids of containers that must be on the network.
    type: list
    elements: str
    default: []
  attach:
    description:
      - V(network) connects the containers to the network.
      - V(default_bridge) gives the default bridge an IPv6 subnet, for containers that are started on it. They have to
        stop for that once.
    type: str
    choices: [network, default_bridge]
    default: network
  address_pool:
    description:
      - An IPv6 pool for networks that are created later, as a CIDR, or V(auto) for a ULA of the host's own. The IPv4
        pools stay as they are; the built-in ones are written out where the file names none.
      - From Docker Engine 27.0 on such networks then have IPv6 even if their creator does not ask for it.
      - Empty for none.
    type: str
    default: ""
  userland_proxy:
    description: The value wanted for the daemon's C(userland-proxy). By default the setting is left as it is.
    type: bool
  allow_container_restart:
    description: Whether the plan may stop running containers.
    type: bool
    default: false
extends_documentation_fragment:
  - dms.ipv6._attributes
  - dms.ipv6._attributes.engine
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
  idempotent:
    support: full
author:
  - dms.ipv6 contributors (@dms-ipv6)
"""

EXAMPLES = r"""
- name: See what is wrong on a host
  dms.ipv6.docker_ipv6_info:
  register: host

- name: See what would have to change
  dms.ipv6.docker_ipv6_info:
    mode: nat
    containers:
      - mailserver
  register: host
"""

RETURN = r"""
engine:
  description: The engine that runs.
  returned: success
  type: dict
  contains:
    version:
      description: Its version.
      type: str
      sample: 20.10.24
    config_path:
      description: Its configuration file.
      type: str
      sample: /etc/docker/daemon.json
    settings:
      description: Settings in force; null where nobody can tell.
      type: dict
      sample: {"ip6tables": true, "experimental": true, "userland-proxy": true, "live-restore": false}
addresses:
  description: Where clients reach this host, by family; a family that it does not have is missing.
  returned: success
  type: dict
  sample: {"ipv4": "198.18.7.2", "ipv6": "fd5c:1ab0:7::2"}
host_addresses:
  description: All addresses of the host, gateways of its networks included; M(dms.ipv6.remote_ip_probe) takes them.
  returned: success
  type: list
  elements: str
networks:
  description: The networks.
  returned: success
  type: list
  elements: dict
  sample: [{"name": "dms-ipv6", "driver": "bridge", "ipv6": true, "subnets": ["172.18.0.0/16",
    "fd5c:1ab0:7e57:1::/64"]}]
containers:
  description: Containers with published ports, and what a remote client gets at each.
  returned: success
  type: list
  elements: dict
  sample:
    - name: mailserver
      networks: [bridge]
      exposure: [{"port": 25, "protocol": "tcp", "host_port": 25, "family": "ipv6", "verdict": "masked", "by":
        "172.17.0.1"}]
findings:
  description: What is wrong.
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: Stable name of the finding.
      type: str
    severity:
      description: How bad it is (V(info), V(warning) or V(critical)).
      type: str
    evidence:
      description: What was seen, and where.
      type: str
    remedy:
      description: What to do about it.
      type: str
plan:
  description: What would have to change. Empty steps mean that the host is as wanted.
  returned: success, with O(mode) other than V(audit)
  type: dict
  contains:
    changed:
      description: Whether anything has to change.
      type: bool
    steps:
      description: The steps, as sentences.
      type: list
      elements: str
    config:
      description: Settings for M(dms.ipv6.docker_daemon_config).
      type: dict
    subnet:
      description: The subnet of the network.
      type: str
    networks:
      description: With O(mode=absent), the networks that go (V(absent)) or that containers leave (V(released)).
      type: list
      elements: dict
    packages:
      description: What the modules that carry the plan out need and the target lacks (V(docker), V(jsonschema)).
      type: list
      elements: str
    warnings:
      description: What the operator should know although it stops nothing.
      type: list
      elements: str
reverted:
  description: The last change that this host undid by itself, because nobody confirmed it.
  returned: if there is one
  type: dict
  sample: {"date": "2026-11-23T15:00:00Z", "reason": "not confirmed within 120 s", "failed": []}
proof:
  description: The last proof seen from other hosts that was recorded on this one.
  returned: if there is one
  type: dict
  sample: {"date": "2026-11-23T15:00:00Z", "result": "passed"}
summary:
  description: All of this in one sentence.
  returned: success
  type: str
"""

import dataclasses
import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.dms.ipv6.plugins.module_utils import (
    _daemon_json,
    _daemon_plan,
    _exposure,
    _found,
    _host_plan,
    _io_found,
    _io_kernel,
    _io_packages,
    _io_places,
)
from ansible_collections.dms.ipv6.plugins.module_utils._io_docker import SOCKET, Docker
from ansible_collections.dms.ipv6.plugins.module_utils._refused import Refused

SPEC: dict[str, t.Any] = {
    "mode": {"type": "str", "choices": ["audit", "nat", "absent"], "default": "audit"},
    "network": {"type": "str", "default": "dms-ipv6"},
    "subnet": {"type": "str", "default": "auto"},
    "prefix_length": {"type": "int", "default": 64},
    "fleet_prefix": {"type": "str", "default": ""},
    "containers": {"type": "list", "elements": "str", "default": []},
    "attach": {"type": "str", "choices": ["network", "default_bridge"], "default": "network"},
    "address_pool": {"type": "str", "default": ""},
    "userland_proxy": {"type": "bool"},
    "allow_container_restart": {"type": "bool", "default": False},
    "docker_socket": {"type": "path", "default": SOCKET},
}
SHOWN = ("ip6tables", "experimental", "userland-proxy", "live-restore")


def run(params: dict[str, t.Any]) -> dict[str, t.Any]:
    """Read the host; what the module returns."""
    wanted = _host_plan.Wanted(
        network=params["network"],
        subnet=params["subnet"],
        prefix_length=params["prefix_length"],
        fleet_prefix=params["fleet_prefix"],
        containers=tuple(params["containers"]),
        attach=params["attach"],
        address_pool=params["address_pool"],
        userland_proxy=params["userland_proxy"],
        consent=params["allow_container_restart"],
    )
    docker = Docker(params["docker_socket"])
    found = _io_found.read(docker)
    places = _io_places.read(found.networks)
    result: dict[str, t.Any] = {
        "changed": False,
        "engine": _engine_facts(found),
        "addresses": places.reached_at,
        "host_addresses": places.all,
        "networks": [_network_facts(one) for one in found.networks],
        "containers": [_container_facts(one, found) for one in found.containers if one.ports],
        "findings": [dataclasses.asdict(one) for one in _host_plan.findings(found, wanted)],
    }
    result.update({name: found.record[name] for name in ("proof", "reverted") if name in found.record})
    if params["mode"] == "nat":
        result["plan"] = _plan_facts(wanted, found, docker)
    elif params["mode"] == "absent":
        result["plan"] = _absent_facts(found, docker, params["allow_container_restart"])
    result["summary"] = _host_plan.summary(
        found.daemon.version, result.get("plan"), result["findings"], result.get("proof")
    )
    return result


def _plan_facts(wanted: _host_plan.Wanted, found: _host_plan.Found, docker: Docker) -> dict[str, t.Any]:
    text = _daemon_json.decode(found.raw or b"", found.path)
    plan = _host_plan.nat(
        wanted,
        found,
        lambda name: _found.inspected(docker.container(name)),
        _io_kernel.listeners,
        _daemon_json.read(text, found.path),
    )
    return {
        "changed": plan.changed,
        "steps": plan.sentences(),
        "config": plan.config,
        "subnet": str(_host_plan.subnet_after(plan.network, found)),
        "packages": _io_packages.missing() if plan.changed else [],
        "warnings": [*plan.daemon_plan.warnings, *plan.network_plan.warnings],
    }


def _absent_facts(found: _host_plan.Found, docker: Docker, consent: bool) -> dict[str, t.Any]:
    moved = {name: _io_found.inspect_all(docker, ids) for name, ids in found.record.get("moves", {}).items()}
    plan = _host_plan.absent(found, moved, lambda name: _found.inspected(docker.container(name)), consent)
    steps = plan.sentences()
    return {
        "changed": bool(steps),
        "steps": steps,
        "networks": [{"name": wanted.name, "state": wanted.state} for wanted, _plan in plan.networks],
        "packages": _io_packages.missing() if steps else [],
        "warnings": list(plan.daemon_plan.warnings),
    }


def _engine_facts(found: _host_plan.Found) -> dict[str, t.Any]:
    return {
        "version": str(found.daemon.version),
        "config_path": found.path,
        "unit": found.daemon.unit,
        "settings": {name: _daemon_plan.effective(name, found.daemon) for name in SHOWN},
    }


def _network_facts(network: _found.Network) -> dict[str, t.Any]:
    return {
        "name": network.name,
        "driver": network.driver,
        "ipv6": network.ipv6,
        "subnets": [str(one) for one in network.subnets],
        "bridge": network.bridge,
    }


def _container_facts(container: _found.Container, found: _host_plan.Found) -> dict[str, t.Any]:
    ip6tables, proxy = (_daemon_plan.effective(name, found.daemon) for name in ("ip6tables", "userland-proxy"))
    return {
        "name": container.name,
        "networks": [one.network for one in container.endpoints],
        "exposure": [
            {
                "port": one.port.container_port,
                "protocol": one.port.protocol,
                "host_port": one.port.host_port,
                "family": one.family,
                "verdict": one.verdict,
                "by": one.by,
            }
            for one in _exposure.exposures(container, ip6tables, proxy)
        ],
    }


def main() -> None:
    """Ansible's way in."""
    module = AnsibleModule(argument_spec=SPEC, supports_check_mode=True)
    try:
        result = run(module.params)
    except Refused as reason:
        module.fail_json(msg=str(reason))
    module.exit_json(**result)


if __name__ == "__main__":
    main()
