# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the module smtp_relay_probe does."""

from __future__ import annotations

import dataclasses
import typing as t

from ..core.refused import Refused
from ..mail import relay
from ..mail.io import relay_test
from ..proof.io import probe

SPEC: dict[str, t.Any] = {
    "host": {"type": "str", "required": True},
    "port": {"type": "int", "default": 25},
    "family": {"type": "str", "choices": ["ipv4", "ipv6"], "default": "ipv6"},
    "recipient": {"type": "str", "default": relay.DEFAULT_RECIPIENT},
    "timeout": {"type": "int", "default": 15},
}


def run(params: dict[str, t.Any], _dry: bool = False) -> dict[str, t.Any]:
    """Ask once; what the module returns."""
    if not 1 <= params["port"] <= 65535:
        raise Refused(f"{params['port']} is not between 1 and 65535", "port")
    if params["timeout"] < 1:
        raise Refused("it is at least one second", "timeout")
    recipient = relay.recipient(params["recipient"])
    family = params["family"]
    place = probe.resolve(params["host"], params["port"], family)
    if probe.is_own(place, family):
        msg = f"{place[0]} is this host itself, which its own mail server has every reason to trust"
        verdict = relay.Relay(relay.UNKNOWN, client=str(place[0]), msg=msg)
    else:
        verdict = relay_test.probe(place, family, params["timeout"], recipient)
    return {"changed": False, "family": family, "host": params["host"], **dataclasses.asdict(verdict)}
