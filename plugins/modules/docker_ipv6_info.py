#!/usr/bin/python
# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
module: docker_ipv6_info
short_description: Read everything about a Docker host's IPv6 in one round trip
version_added: 0.1.0
description:
  - Returns the engine, the settings that are in force, the networks, what remote clients get at every published
    port, what is wrong, and what would have to change for a mode wanted. Changes nothing.
  - Needs nothing on the target but Python.
  - Its action plugin runs M(dms.ipv6.docker_ipv6_full_info) where more is wanted than the audit of ports or V(nat),
    or the host needs more. What is returned is the same.
extends_documentation_fragment:
  - dms.ipv6._attributes
  - dms.ipv6._attributes.reading
  - dms.ipv6._attributes.engine
  - dms.ipv6._attributes.host
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
      description: Settings in force; null if they are not known.
      type: dict
      sample: {"ip6tables": true, "experimental": true, "userland-proxy": true, "live-restore": false}
addresses:
  description: Where clients reach this host, by family; a family that it does not have is missing. Never a temporary or
    deprecated address.
  returned: success
  type: dict
  sample: {"ipv4": "198.18.7.2", "ipv6": "fd5c:1ab0:7::2"}
outbound:
  description: The IPv6 address from which this host connects to others; empty if it has no way there.
  returned: success
  type: str
  sample: fd5c:1ab0:7::2
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
  description: Containers that a remote client may reach, and what it gets.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Its name.
      type: str
    networks:
      description: The networks that it is on.
      type: list
      elements: str
    exposure:
      description:
        - What a client gets at the host's address, for each published port in both families.
        - C(verdict) is V(real), V(masked) (the container sees C(by) instead), V(refused), V(timeout) or V(unknown),
          and C(cause) a stable word for why it is not V(real).
      type: list
      elements: dict
      sample: [{"host_port": 25, "port": 25, "protocol": "tcp", "family": "ipv6", "verdict": "masked", "by":
        "172.17.0.1", "cause": "no_ipv6_address"}]
    direct:
      description:
        - The same for a client that has a route to the container's own IPv6 address, for each published port and each
          other one that is listened on. Empty if no other host has one, as with a ULA in gateway mode C(nat).
      type: list
      elements: dict
      sample: []
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
    place:
      description: The published port, in its parts, so that findings with one cause can be shown as one.
      returned: for findings about one published port
      type: dict
      contains:
        container:
          description: Its name.
          type: str
        port:
          description: Port of the container, with its protocol.
          type: str
          sample: 25/tcp
        clients:
          description: Of which family.
          type: str
          sample: IPv6 clients
        what:
          description: What happens to them.
          type: str
          sample: appear as
        seen_as:
          description: The gateway that they appear as; empty if they do not.
          type: str
          sample: 172.18.0.1
        because:
          description: Why; empty if RV(findings[].place.what) says it.
          type: str
          sample: the container has no IPv6 address
table:
  description: Ports and findings as lines that a person can read, the worst finding first.
  returned: success
  type: list
  elements: str
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
    effects:
      description:
        - What people notice of the steps; empty if there are none. C(docker) is V(restarted), V(reloaded) or empty.
          C(stopped), C(moved) and C(recreated) name containers that are stopped and started, lose their open
          connections, and services that Compose re-creates now.
        - C(networks) has those V(created), V(replaced) and V(removed), C(written) each file with the keys or the number
          of lines that differ. C(later) has what the next C(docker compose up -d) re-creates because of the change.
        - C(expected) has each published port at which IPv6 clients get something else than today.
      type: dict
    config:
      description: Settings for M(dms.ipv6.docker_daemon_config).
      type: dict
    subnets:
      description: The IPv6 subnets of all networks that are concerned.
      type: list
      elements: str
    network:
      description: The network for M(dms.ipv6.docker_ipv6_network), V(bridge) for the default bridge, empty for none.
      type: str
    containers:
      description: The containers for it.
      type: list
      elements: str
    compose:
      description: Options for M(dms.ipv6.compose_network), for each project; with O(mode=prevent) for
        M(dms.ipv6.compose_ports).
      type: list
      elements: dict
    gai_conf:
      description:
        - Options for M(dms.ipv6.gai_conf), C(prefixes) and C(precedence), none if it is not wanted.
        - With O(mode=absent), C(paths) are the files from which its lines go.
      type: dict
    prove_on:
      description: The networks on which a proof is due.
      type: list
      elements: str
    addresses:
      description: With O(mode=routed), the public address of each container. DNS must name it.
      type: dict
      sample: {"mailserver": "2001:2:0:b1::c2f0:9a11"}
    firewall:
      description: Options for M(dms.ipv6.routed_firewall), empty where there is nothing for it to do.
      type: dict
    ndp:
      description:
        - Options for M(dms.ipv6.ndp_proxy), for each call. There is none where a router leads the subnet to this host.
        - A prefix that the network gives up comes first, with C(state=absent).
      type: list
      elements: dict
    responder:
      description: With O(mode=routed), the address of the responder of a proof.
      type: str
    families:
      description:
        - Over which a responder proves it. In the others the host's own firewall closes the way to it.
        - Without iptables only IPv6.
      type: list
      elements: str
    ports:
      description:
        - TCP ports of the containers wanted that are to be probed as well, each as a list of family and host port.
        - With O(mode=routed), family, port and address for one at a container's own address.
      type: list
      elements: list
      sample: [["ipv6", 25, "2001:2:0:b1::c2f0:9a11"], ["ipv4", 25]]
    expect:
      description: With O(mode=prevent), what IPv6 clients are to get, V(refused).
      type: str
    address:
      description: With O(mode=prevent), the address on which a responder has to be published, empty for all.
      type: str
    waiting:
      description: With O(prevent_compose), services that take IPv6 clients until Compose re-creates them.
      type: list
      elements: str
    files:
      description: With O(mode=absent), the Compose files that M(dms.ipv6.compose_network) edited and that come back.
      type: list
      elements: str
    networks:
      description:
        - With O(mode=absent), the networks that go (V(absent)) or that containers leave (V(released)).
        - With O(mode=nat), options for M(dms.ipv6.docker_ipv6_network) for each network of a container of Compose
          that is replaced while it runs, and no file is edited. RV(plan.warnings) say what to write where.
      type: list
      elements: dict
    packages:
      description: What the modules that carry the plan out need and the target lacks (V(docker), V(jsonschema),
        V(ruamel.yaml), V(nftables)).
      type: list
      elements: str
    warnings:
      description: What the operator should know although it stops nothing.
      type: list
      elements: str
reverted:
  description: The last change that this host undid by itself, because it was not confirmed.
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

from ansible_collections.dms.ipv6.plugins.module_utils.modules.python_guard import run_module  # first
from ansible_collections.dms.ipv6.plugins.module_utils.modules.docker_ipv6_info import SPEC, run


def main():  # type: () -> None
    """Ansible's way in."""
    run_module(SPEC, run)


if __name__ == "__main__":
    main()
