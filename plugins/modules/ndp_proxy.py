#!/usr/bin/python
# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
module: ndp_proxy
short_description: Answer on the uplink for the global addresses of containers
version_added: 0.1.0
description:
  - A Docker network whose subnet is a part of the prefix on the host's own link needs a program that answers the
    router's neighbour solicitations (RFC 4861) for its containers. This module has the host do that, now and after
    every reboot.
  - Nothing of the kind is needed where the provider routes the subnet to the host; then it is refused.
  - Does not change forwarding, C(accept_ra), firewalls or Docker. Containers whose addresses Docker translates are
    not reached by this.
options:
  prefix:
    description:
      - The IPv6 subnet of the Docker network, a CIDR that is a part of an on-link prefix of O(interface).
      - Needed with O(state=present). With O(state=absent) and no prefix, everything of this module goes.
    type: str
  interface:
    description: The interface on whose link the host answers. By default that of the IPv6 default route.
    type: str
    default: ""
  addresses:
    description:
      - The fixed addresses of containers in O(prefix). V(kernel) and V(networkd) need each of them, because neither the
        kernel nor systemd-networkd answers for a whole prefix.
    type: list
    elements: str
    default: []
  backend:
    description:
      - V(kernel) keeps entries of the kernel (C(ip -6 neighbour add proxy)) and C(proxy_ndp) by a systemd unit. The
        kernel drops entries when the link is set down or IPv6 is switched off on it; the unit watches for that and
        has them back within milliseconds.
      - V(networkd) writes a drop-in (C(IPv6ProxyNDPAddress)) beside the C(.network) file by which systemd-networkd
        manages the interface, and reloads it. Tested with systemd 262.
      - V(ndppd) runs ndppd for the whole prefix by a systemd unit of its own, beside any that the administrator runs,
        whose C(/etc/ndppd.conf) is read and never written. It answers only for addresses that a container has. A
        network that is created again is found within 7 seconds. It has the interface receive all multicast packets,
        which a switch with MLD snooping may keep from it; the other two join the groups of their addresses.
      - V(auto) takes V(networkd) or V(kernel), in that order, if there are O(addresses), otherwise V(ndppd).
    type: str
    choices: [auto, kernel, networkd, ndppd]
    default: auto
  state:
    description:
      - V(present) has the host answer for the prefix, V(absent) takes back what this module did, and nothing else.
    type: str
    choices: [present, absent]
    default: present
requirements:
  - iproute2 on the target
  - ndppd on the target, for O(backend=ndppd)
extends_documentation_fragment:
  - dms.ipv6._attributes
  - dms.ipv6._attributes.engine
  - dms.ipv6._attributes.transaction
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: full
notes:
  - Refused, in one line and with nothing changed, are an interface that does not exist or has no global prefix; a
    prefix outside the link's, or all of it; one that covers an address of the host, a router, or a neighbour who is
    known or answers a query; a link whose prefix is longer than /64, because what is around it belongs to others; a
    host that does not forward IPv6 while C(ip-forward) is false; an C(/etc/ndppd.conf) that is not understood or
    answers for the same.
  - A prefix counts as dynamic, and is refused, if it is advertised with a valid lifetime of two hours or less.
    Routers that hand a delegated prefix on advertise 90 minutes at most (RFC 9096, ND_VALID_LIMIT); prefixes that are
    assigned for good are advertised for a day or more. What is read is the lifetime of the host's own addresses of
    that prefix (C(ip -6 address)), the longest counts, and without any that of the route. An address given by hand
    has no end, and so shows that the prefix is the host's for good. Temporary addresses (RFC 8981) say nothing about
    the prefix.
seealso:
  - module: dms.ipv6.docker_ipv6_network
author:
  - dms.ipv6 contributors (@dms-ipv6)
"""

EXAMPLES = r"""
- name: Answer for all containers on the Docker network
  dms.ipv6.ndp_proxy:
    prefix: 2001:2:0:1:d0c5::/80

- name: Answer for one container with a fixed address, without another daemon
  dms.ipv6.ndp_proxy:
    prefix: 2001:2:0:1:d0c5::/80
    interface: eth0
    addresses:
      - 2001:2:0:1:d0c5::25

- name: Answer no more
  dms.ipv6.ndp_proxy:
    prefix: 2001:2:0:1:d0c5::/80
    state: absent
"""

RETURN = r"""
rolled_back:
  description: Whether the change failed and the old state was brought back.
  returned: always
  type: bool
backend:
  description: What answers, or answered; empty if there was nothing to take back.
  returned: success
  type: str
  sample: kernel
interface:
  description: The interface on whose link it answers, or answered.
  returned: success
  type: str
  sample: eth0
steps:
  description: What was done, or would be in check mode, as sentences.
  returned: success
  type: list
  elements: str
  sample:
    - set net/ipv6/conf/eth0/proxy_ndp = 1 (was 0)
    - >-
      run dms-ipv6-ndp-2001:2:0:1:d0c5::-80.service, now and at every boot: it answers for 2001:2:0:1:d0c5::/80 on
      eth0
"""

from ansible_collections.dms.ipv6.plugins.module_utils.modules.python_guard import run_module  # first
from ansible_collections.dms.ipv6.plugins.module_utils.modules.ndp_proxy import RULES, SPEC, run


def main():  # type: () -> None
    """Ansible's way in."""
    run_module(SPEC, run, **RULES)


if __name__ == "__main__":
    main()
