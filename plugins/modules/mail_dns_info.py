#!/usr/bin/python
# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
module: mail_dns_info
short_description: Read what DNS says about a mail server and IPv6
version_added: 0.1.0
description:
  - Tells whether names have AAAA records, by the word of every authoritative server, and whether they name this host.
  - Tells for the address that mail is sent from whether PTR and SPF cover it.
  - Asks name servers only, changes nothing, and never fails because of what it finds.
  - A name is V(absent) only if servers say so (no such name, no such record). A server that refuses, fails or does not
    answer makes it V(unknown).
options:
  names:
    description: Fully qualified names that clients connect to. MX targets of O(domain) are added.
    type: list
    elements: str
  domain:
    description: The mail domain, whose MX targets and, with O(outbound), SPF record are looked up.
    type: str
  outbound:
    description:
      - The IPv6 address that the host sends mail from, for PTR and SPF. Addresses reserved for documentation are
        refused.
    type: str
  addresses:
    description:
      - The host's own IPv6 addresses. With any given, AAAA records must name one of them; a prefix length is not looked
        at.
    type: list
    elements: str
    default: []
  expect:
    description: Whether the names should have an AAAA record. It decides which findings there are, nothing else.
    type: str
    choices: [any, absent, present]
    default: any
  resolvers:
    description:
      - Addresses of resolvers. All are queried for each name, and the first one that answers for everything else. By
        default those that the host uses, which may know names from a table of their own (C(/etc/hosts), say).
    type: list
    elements: str
    default: []
  port:
    description: Port of the resolvers, 1 to 65535.
    type: int
    default: 53
  authoritative_port:
    description: Port of authoritative servers, which is only ever another one in tests.
    type: int
    default: 53
  timeout:
    description:
      - Time limit for each question, in seconds. Servers are queried side by side, twice each. One that has answered
        nothing at all is given up.
    type: int
    default: 5
requirements:
  - dnspython 2.0 or later (Debian's C(python3-dnspython))
extends_documentation_fragment:
  - dms.ipv6._attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
  idempotent:
    support: full
notes:
  - In SPF records macros, C(exists) and C(ptr) are not evaluated; where they could change the result it is V(unknown).
  - RV(findings) are C(aaaa_present) with O(expect=absent), C(aaaa_missing) with O(expect=present), C(aaaa_unknown),
    C(aaaa_wrong_host), C(dns64), C(ptr_missing), C(ptr_mismatch), C(ptr_unknown), C(spf_misses_ipv6) and
    C(spf_unknown).
seealso:
  - module: dms.ipv6.docker_ipv6_info
author:
  - dms.ipv6 contributors (@dms-ipv6)
"""

EXAMPLES = r"""
- name: Nothing may lead IPv6 clients here
  dms.ipv6.mail_dns_info:
    names:
      - mail.example.com
    domain: example.com
    expect: absent
  register: dns

- name: Show what is wrong
  ansible.builtin.debug:
    var: dns.findings

- name: Before IPv6 is switched on, AAAA, PTR and SPF must be right
  dms.ipv6.mail_dns_info:
    names:
      - mail.example.com
    domain: example.com
    addresses: "{{ ansible_facts.all_ipv6_addresses }}"
    outbound: "{{ ansible_facts.default_ipv6.address }}"
    expect: present
"""

RETURN = r"""
names:
  description: Each name and MX target.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: The name.
      type: str
      sample: mail.example.com
    mx:
      description: Whether it is an MX target of O(domain).
      type: bool
    status:
      description:
        - Whether it has an AAAA record (V(present), V(absent) or V(unknown)).
        - One server that has any makes it V(present). V(absent) takes a clear word from all authoritative servers, or
          from all resolvers where no authoritative server can be reached.
      type: str
      sample: absent
    asked:
      description: Whose word decided. V(authoritative) if any authoritative server answered, otherwise V(resolver).
      type: str
      sample: authoritative
    addresses:
      description: The addresses of its AAAA records.
      type: list
      elements: str
    ttl:
      description: For how many seconds clients may use such an address that they have just received; V(0) without any.
      type: int
      sample: 600
    chain:
      description: The names that CNAME records led to.
      type: list
      elements: str
    made_up:
      description: Addresses that resolvers made up (DNS64). They are not in RV(names[].addresses).
      type: list
      elements: str
    servers:
      description: What each server said.
      type: list
      elements: dict
      sample:
        - {"server": "ns1.example.com", "address": "198.18.0.53", "kind": "authoritative", "name": "mail.example.com",
          "outcome": "no_data", "addresses": [], "ttl": 0, "detail": ""}
      contains:
        server:
          description: Its name; empty for a resolver.
          type: str
        address:
          description: Which server was queried; empty if its address is not known.
          type: str
        kind:
          description: V(resolver) or V(authoritative).
          type: str
        name:
          description: The name queried, which may be the target of a CNAME record.
          type: str
        outcome:
          description:
            - V(answer), V(no_data) and V(no_such_name) are clear, V(alias) leads on to another name.
            - V(refused), V(failed), V(timeout), V(unreachable), V(no_authority), V(invalid) and V(loop) say nothing.
          type: str
        addresses:
          description: The addresses in the answer.
          type: list
          elements: str
        ttl:
          description: Their time to live, in seconds.
          type: int
        detail:
          description: What went wrong.
          type: str
mx:
  description: Where mail for O(domain) is delivered to.
  returned: with O(domain)
  type: dict
  contains:
    status:
      description: Whether it has MX records (V(present), V(absent) or V(unknown)).
      type: str
    targets:
      description: Their names in order of preference, or the domain itself if it has no MX record.
      type: list
      elements: str
    implicit:
      description: Whether the domain itself is the target for want of MX records.
      type: bool
    detail:
      description: Why there are none.
      type: str
ptr:
  description: The reverse name of O(outbound).
  returned: with O(outbound)
  type: dict
  contains:
    status:
      description:
        - V(confirmed) if one of its names has the address as AAAA, otherwise V(mismatch), V(missing) or V(unknown).
      type: str
      sample: confirmed
    names:
      description: Its names.
      type: list
      elements: str
    detail:
      description: Why it is not known.
      type: str
spf:
  description: What the SPF record of O(domain) says about O(outbound).
  returned: with O(domain) and O(outbound)
  type: dict
  contains:
    status:
      description: V(pass), V(fail), V(softfail), V(neutral), V(none) or V(permerror) as in RFC 7208, or V(unknown).
      type: str
      sample: pass
    record:
      description: The record.
      type: str
      sample: v=spf1 mx -all
    by:
      description: The term that decided.
      type: str
      sample: mx
    detail:
      description: What is wrong with the record, or why it is not known.
      type: str
findings:
  description: What is wrong.
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: Stable name of the finding.
      type: str
      sample: aaaa_present
    severity:
      description: How bad it is (V(info), V(warning) or V(critical)).
      type: str
    evidence:
      description: What was seen, and where. For AAAA records it says for how long clients may still use them.
      type: str
    remedy:
      description: What to do about it.
      type: str
table:
  description: The findings as lines that a person can read, the worst first.
  returned: success
  type: list
  elements: str
summary:
  description: All of this in one sentence.
  returned: success
  type: str
  sample: "mail.example.com: AAAA absent (authoritative); 0 findings"
"""

from ansible_collections.dms.ipv6.plugins.module_utils.modules.python_guard import run_module  # first
from ansible_collections.dms.ipv6.plugins.module_utils.modules.mail_dns_info import RULES, SPEC, run


def main():  # type: () -> None
    """Ansible's way in."""
    run_module(SPEC, run, **RULES)


if __name__ == "__main__":
    main()
