#!/usr/bin/python
# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
module: smtp_relay_probe
short_description: See from a client host whether a mail server relays for it
version_added: 0.1.0
description:
  - Runs on a client host. Talks SMTP to a mail server, and asks it to take mail for a domain that is not its own. A
    server that says yes to a stranger is an open relay.
  - Stops before C(DATA), and takes the recipient back with C(RSET). No mail is ever sent.
  - Only the answer to C(RCPT TO) is looked at. A server that trusts the address that it sees logs nothing then, so its
    log proves nothing.
  - Never fails because of a verdict; what to make of it is up to the play.
options:
  host:
    description: Address or name of the mail server. Refused are the same as in M(dms.ipv6.remote_ip_probe).
    type: str
    required: true
  port:
    description: Its TCP port, 1 to 65535.
    type: int
    default: 25
  family:
    description: Over which protocol to connect.
    type: str
    choices: [ipv4, ipv6]
    default: ipv6
  recipient:
    description:
      - Address to ask for. Its domain must be one that is reserved for tests (RFC 2606, RFC 6761), and not one that the
        server takes mail for. The default never exists anywhere, in no private DNS either, so it reaches no mailbox.
      - A server that looks the domain up before it decides may say no for that reason; give a name below V(test) that
        its DNS has.
    type: str
    default: victim@dms-ipv6.invalid
  timeout:
    description:
      - Time limit for the connection, and again for each answer, in seconds. Postfix's postscreen lets a client it does
        not know wait for six.
    type: int
    default: 15
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
  - Run it on a host that the server has no reason to trust. One with an address in 172.16.0.0/12 is trusted by a DMS
    with C(PERMIT_DOCKER=network), and the Docker host itself reaches it through a gateway, so both prove nothing.
  - It talks to the server in check mode as well.
seealso:
  - module: dms.ipv6.remote_ip_probe
author:
  - dms.ipv6 contributors (@dms-ipv6)
"""

EXAMPLES = r"""
- name: Ask the mail server to relay
  dms.ipv6.smtp_relay_probe:
    host: mail.example.com
    family: ipv6
  delegate_to: client.example.com
  register: relay

- name: It must not
  ansible.builtin.assert:
    that: relay.relay == 'denied'
"""

RETURN = r"""
relay:
  description:
    - V(accepted), the server would relay for this client.
    - V(denied), it answered the recipient with any 4xx or 5xx.
    - V(timeout), no connection, no greeting or no answer within the time limit. A server that has banned the client, or
      the gateway it appears as, takes the connection and sends no greeting.
    - V(refused), the connection was refused, by a closed port or a firewall.
    - V(unknown), anything else; the server was not asked for the recipient, or gave no SMTP answer.
  returned: success
  type: str
  sample: denied
code:
  description: The reply that decided, V(0) without one.
  returned: success
  type: int
  sample: 454
text:
  description: Its text.
  returned: success
  type: str
  sample: "4.7.1 <victim@dms-ipv6.invalid>: Relay access denied"
banner:
  description: What the server greeted with; empty if it did not.
  returned: success
  type: str
  sample: 220 mail.example.com ESMTP
client:
  description: The address of the probe's own socket; empty if it was never connected.
  returned: success
  type: str
  sample: fd5c:1ab0:7e57:99::5
family:
  description: Over which protocol it connected.
  returned: success
  type: str
  sample: ipv6
msg:
  description: The verdict in a sentence.
  returned: success
  type: str
  sample: "the server does not relay: 454 4.7.1 <victim@dms-ipv6.invalid>: Relay access denied"
"""

from ansible_collections.dms.ipv6.plugins.module_utils.modules.python_guard import run_module  # first
from ansible_collections.dms.ipv6.plugins.module_utils.modules.smtp_relay_probe import SPEC, run


def main():  # type: () -> None
    """Ansible's way in."""
    run_module(SPEC, run)


if __name__ == "__main__":
    main()
