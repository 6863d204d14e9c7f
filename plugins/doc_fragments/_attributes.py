# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation that several modules share."""

from __future__ import annotations


class ModuleDocFragment:
    """Attributes of every module, and options that several have: of an engine, of a host's mode, of a transaction."""

    DOCUMENTATION = r"""
options: {}
attributes:
  check_mode:
    description: Can run in check_mode and return changed status prediction without modifying target.
  diff_mode:
    description: Will return details on what has changed (or possibly needs changing in check_mode), when in diff
      mode.
  idempotent:
    description: When run twice in a row outside check mode, with the same arguments, the second invocation
      indicates no change.
"""

    ENGINE = r"""
options:
  docker_socket:
    description: Path of the Docker Engine's socket on the target.
    type: path
    default: /var/run/docker.sock
notes:
  - Runs on the Docker host itself, as root, because it reads the daemon's process and the kernel's tables.
  - Works with Docker Engine 20.10 to 29 and Python 3.9 or later on the target.
"""

    TRANSACTION = r"""
options:
  transaction:
    description: Id of the transaction of this run that M(dms.ipv6.host_transaction) armed; this change becomes part
      of it.
    type: str
    default: ""
"""

    READING = r"""
options:
  mode:
    description:
      - The mode for which to work out the RV(plan). V(audit) makes none, V(absent) takes back what this collection did.
      - V(routed) gives containers public addresses, at which clients reach them without translation.
      - V(prevent) has IPv6 clients refused. Options that are about a network, a subnet or a pool contradict it.
    type: str
    choices: [audit, nat, routed, prevent, absent]
    default: audit
  mail:
    description:
      - Whether to look into containers that publish a mail port (25, 110, 143, 465, 587, 993, 995 or 4190), and to add
        to the findings what hidden clients do to a mail server there, that is who trusts the gateway as which they
        appear (Postfix, Rspamd, OpenDKIM, OpenDMARC, Dovecot), and who bans or rejects it (Fail2Ban, SPF).
      - Runs one command in each of them, which only reads, for 20 seconds at most. Programs that are not there are no
        finding.
      - It runs as the container's own user, with a shell and programs of the container's image. What that user may not
        read is said in the finding C(not_examined), see O(mail_as_root).
    type: bool
    default: false
  mail_as_root:
    description:
      - Whether that command runs as root in the container, also where the container runs as another user. An image that
        you do not trust gets root in its container by that, with the capabilities that the container has.
    type: bool
    default: false
    version_added: 0.1.0
  names:
    description:
      - Names that the host itself connects to. One of which it tries an IPv4 address first, because a ULA is in the
        way, is a finding.
      - Each is resolved for 10 seconds at most.
    type: list
    elements: str
    default: []
"""

    HOST = r"""
options:
  network:
    description: Name of the IPv6 network wanted.
    type: str
    default: dms-ipv6
  subnet:
    description: Its subnet, as for M(dms.ipv6.docker_ipv6_network).
    type: str
    default: auto
  addresses:
    description:
      - With O(mode=routed), the public address of a container, by its name. By default one that is derived from the
        name, so that it stays the same if the container is re-created.
    type: dict
    default: {}
  interface:
    description: With O(mode=routed), the uplink. By default the interface with the IPv6 default route.
    type: str
    default: ""
  ndp_backend:
    description:
      - With O(mode=routed), who answers the router's neighbour solicitations if the subnet is a part of the uplink's
        own prefix.
    type: str
    choices: [auto, kernel, networkd, ndppd]
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
  select:
    description:
      - With O(mode=nat) and O(mode=routed), V(masked) and V(all) choose the containers on the host itself, and
        O(containers) does not count. V(named) takes O(containers).
      - V(masked) are those whose IPv6 clients are masked, and those that this collection has changed. One that has real
        clients already is left as it is, and is proven.
      - V(all) are all containers with a network of their own and a port that is published for IPv6 clients.
      - Where there is no such container, there is nothing to do.
    type: str
    choices: [named, masked, all]
    default: named
    version_added: 0.1.0
  attach:
    description:
      - V(network) connects the containers to the network.
      - V(compose) writes IPv6 into the files of Compose projects, those of O(compose_files) and those that the
        containers were made from, and gives what runs of them the same, see M(dms.ipv6.compose_network).
      - V(auto) gives containers that Compose made IPv6 by the network that they are on, because they are masked again
        after the next C(up) otherwise, and connects the others to the network. The project's network C(default) comes
        first, then another one of its file, then one from outside, which is replaced with all containers on it. The
        file says so as well, unless a variable says it, or another program writes the file.
      - V(default_bridge) gives the default bridge an IPv6 subnet, for containers that are started on it. They have to
        stop for that once.
    type: str
    choices: [auto, network, default_bridge, compose]
    default: auto
  compose_files:
    description: Absolute paths of the Compose files of projects that get IPv6, as a whole.
    type: list
    elements: path
    default: []
  compose_shape:
    description: Where in a project, see O(dms.ipv6.compose_network#module:shape).
    type: str
    choices: [default, named, external]
    default: default
  compose_services:
    description: Services that get the network with O(compose_shape=named). By default those of O(containers).
    type: list
    elements: str
    default: []
  compose_edit:
    description: Which file is written, see O(dms.ipv6.compose_network#module:edit).
    type: str
    choices: [file, override]
    default: file
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
  prevent_compose:
    description:
      - With O(mode=prevent), the narrow way. Ports are published on C(0.0.0.0) in the files of Compose projects, those
        of O(compose_files) and those that O(containers) were made from, see M(dms.ipv6.compose_ports). The daemon is
        left alone.
      - The containers have to be re-created for that, which takes O(allow_container_restart).
    type: bool
    default: false
  allow_container_restart:
    description: Whether the plan may stop running containers.
    type: bool
    default: false
  allow_exposure:
    description:
      - Ports of this host that may become open to every IPv6 client although its firewall closes them today, as
        C(25/tcp), C(mail:25/tcp) with the name of a container, or V(all). Packets that Docker translates go past UFW,
        firewalld, and chains of hook input (nftables, ip6tables), so a plan that opens other ports is refused. A
        chain whose effect is unclear counts as closing.
      - The modules that carry a plan out do not ask again. If you use
        them directly, check this yourself first.
    type: list
    elements: str
    default: []
  allow_forwarding:
    description:
      - Interfaces, or V(all), whose networks may be reached through this host once it forwards IPv6 for Docker.
      - A plan is refused if the host does not forward IPv6 today, nothing would drop what others send to the network of
        another interface than the uplink, and that is not named here.
      - The modules that carry a plan out do not ask again.
    type: list
    elements: str
    default: []
  allow_leak:
    description:
      - Names of containers that may get an IPv6 way out beside a tunnel. A container on a network that gets IPv6 gets
        a default route, and what its VPN carries is often IPv4 alone.
      - A plan is refused if such a container is not named here, and has no IPv6 today. It counts if it has
        C(/dev/net/tun), or another interface than Docker's. Others that run on its network (C(network_mode) is
        C(container:NAME), C(service:NAME) in a Compose file) are named with it.
      - The modules that carry a plan out name them in a warning and do not ask again.
    type: list
    elements: str
    default: []
  gai_conf:
    description:
      - Whether the plan of mode V(nat) has new processes of the host try IPv6 first from the ULAs of the networks, see
        M(dms.ipv6.gai_conf). If not, C(/etc/gai.conf) is left alone.
    type: bool
    default: false
  gai_conf_precedence:
    description: With O(gai_conf), see O(dms.ipv6.gai_conf#module:precedence).
    type: bool
    default: false
  gai_conf_prefixes:
    description:
      - With O(gai_conf), further prefixes from which IPv6 is tried first, such as that of the host's own uplink.
    type: list
    elements: str
    default: []
"""
