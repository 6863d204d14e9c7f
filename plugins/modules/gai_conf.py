#!/usr/bin/python
# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
module: gai_conf
short_description: Have a host try IPv6 first from a ULA
version_added: 0.1.0
description:
  - For a name that has addresses of both families, glibc tries IPv4 first where the host would connect from a ULA to a
    global IPv6 address, because it takes a ULA for one that no NAT translates. Where NAT66 does, as Docker does for its
    containers, the ULA's prefix can be given the label of global addresses in C(/etc/gai.conf), and IPv6 comes first.
  - One line replaces glibc's default table as a whole, so that table is written as well, unless there is one of the
    administrator's own, to which only what is missing is added. Comments, order, line ends, owner and mode stay. Every
    line that it writes ends with C(# dms.ipv6).
  - A line that says the contrary of what is wanted is refused, and so is one that glibc would leave out, or read in a
    way that cannot be meant. Nothing is changed then.
  - It is about connections from this host. Containers have a C(/etc/gai.conf) of their own. Connections from outside,
    Postfix (which asks DNS by itself) and programs on musl, such as in images of Alpine Linux, never look at it.
options:
  prefixes:
    description:
      - Prefixes from which, and to which, IPv6 is tried first, as CIDRs. Those that are not a ULA need no line.
      - Lines of an earlier run for other prefixes go.
      - Required with O(state=present).
    type: list
    elements: str
    aliases: [prefix]
  precedence:
    description:
      - Whether the prefixes also come before other IPv6 addresses as destinations, by a C(precedence) line each,
        together with glibc's whole table of precedences. A line alone would have C(localhost) mean 127.0.0.1.
      - It is of no use for anything else.
    type: bool
    default: false
  state:
    description: V(absent) takes our lines out, and leaves the file as it was before.
    type: str
    choices: [present, absent]
    default: present
  path:
    description: The file. glibc itself reads no other than the default.
    type: path
    default: /etc/gai.conf
  name:
    description:
      - A name that has addresses of both families, with which new processes show whether there is an effect.
      - Resolved for 10 seconds at most.
    type: str
    default: ""
extends_documentation_fragment:
  - dms.ipv6._attributes
  - dms.ipv6._attributes.engine
  - dms.ipv6._attributes.transaction
notes:
  - A process reads the file once. Those that run keep the old order until they are restarted.
  - A host on another C library than glibc is left alone, with a warning.
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: full
seealso:
  - name: gai.conf(5)
    description: The file's format.
    link: https://man7.org/linux/man-pages/man5/gai.conf.5.html
author:
  - dms.ipv6 contributors (@dms-ipv6)
"""

EXAMPLES = r"""
- name: Try IPv6 first from the addresses of Docker's networks, and see whether it is so
  dms.ipv6.gai_conf:
    prefixes:
      - fd5c:1ab0:7e57::/48
    name: www.example.com

- name: Have glibc's own order again
  dms.ipv6.gai_conf:
    state: absent
"""

RETURN = r"""
rolled_back:
  description: Whether the change failed and the old state was brought back.
  returned: always
  type: bool
steps:
  description: What was done, or would be in check mode, as sentences.
  returned: success
  type: list
  elements: str
  sample: ["write /etc/gai.conf: new processes try IPv6 first from fd5c:1ab0:7e57::/48"]
before:
  description: The addresses of O(name) as a new process got them before, the one to try first at the beginning.
  returned: success
  type: list
  elements: str
  sample: ["198.18.7.10", "2001:2:0:7::10"]
after:
  description: The same after it.
  returned: success, unless check mode left something undone
  type: list
  elements: str
  sample: ["2001:2:0:7::10", "198.18.7.10"]
source:
  description: From which address this host connects to the IPv6 address of O(name), or to global ones, if it can.
  returned: success
  type: str
  sample: fd5c:1ab0:7e57::1
effective:
  description: Whether new processes were seen to try IPv6 first for O(name) because of these lines.
  returned: success, with O(state=present), unless check mode left something undone
  type: bool
effect:
  description: What was seen, or why there is no effect, as a sentence. Without an effect it is a warning as well.
  returned: like RV(effective)
  type: str
  sample: "no effect: from 2001:2:0:7::11 to 2001:2:0:7::10 IPv6 comes first without these lines"
"""

from ansible_collections.dms.ipv6.plugins.module_utils.modules.python_guard import run_module  # first
from ansible_collections.dms.ipv6.plugins.module_utils.modules.gai_conf import RULES, SPEC, run


def main():  # type: () -> None
    """Ansible's way in."""
    run_module(SPEC, run, **RULES)


if __name__ == "__main__":
    main()
