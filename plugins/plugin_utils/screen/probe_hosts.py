# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What probe hosts answered: whether they can prove anything, and whether a mail server relays for them.

Takes the results of a task in a loop over pairs of probe host and family. One without the module's own answer is of a
probe host that is out of reach, or cannot run a module.
"""

from __future__ import annotations

import typing as t

from ansible_collections.dms.ipv6.plugins.module_utils.core import verdict
from ansible_collections.dms.ipv6.plugins.plugin_utils.report.text import text

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    Results = Iterable[Mapping[str, t.Any]]

NO_ADDRESS = "this host has no IPv6 address at which they could (dms_ipv6_probe_addresses)"
UNKNOWN_ADDRESS = "this host has no address that is known"
LONGEST = 400


def ready(results: Results, required: bool) -> tuple[list[str], str]:
    """What keeps probe hosts from probing a host, and why the run ends there, empty if it goes on.

    Args:
        results: of remote_ip_probe with port 0.
        required: whether a proof over IPv6 must be possible.
    """
    answered, silent = _by_answer(results, "verdict")
    obstacles = [
        *silent,
        *(f"probe host {_pair(result)}: {_msg(result)}" for result in answered if not result.get("client")),
    ]
    able = {_item(result)[1] for result in answered if result.get("client")}
    if not required or "ipv6" in able:
        return obstacles, ""
    why = "; ".join(obstacles) or NO_ADDRESS
    return obstacles, f"dms_ipv6_require_proof is set, and no probe host can try over IPv6: {why}. Nothing was changed."


def relay(results: Results) -> tuple[list[str], str]:
    """What a mail server answered to probe hosts that asked it to relay, and why the host fails, empty if it does not.

    Args:
        results: of smtp_relay_probe.
    """
    answered, silent = _by_answer(results, "relay")
    lines = [*map(_msg, answered), *silent]
    if not answered:
        return lines, f"the relay test was not made: {'; '.join(silent) or UNKNOWN_ADDRESS}."
    accepted = "; ".join(_msg(result) for result in answered if result["relay"] == "accepted")
    cure = "Take the gateway's address out of what it trusts at once (Postfix mynetworks, PERMIT_DOCKER), then run"
    return lines, f"an open relay: {accepted}. {cure} dms.ipv6.enable." if accepted else ""


def _by_answer(results: Results, key: str) -> tuple[list[Mapping[str, t.Any]], list[str]]:
    """Those with an answer of the module's, and a sentence for each probe host without result."""
    tried = [result for result in results if "skipped" not in result]
    away = dict.fromkeys(_item(result)[0] for result in tried if key not in result)
    return [result for result in tried if key in result], [verdict.silent(name)["msg"] for name in away]


def _item(result: Mapping[str, t.Any]) -> tuple[str, str]:
    """Probe host and family."""
    name, family = (*(result.get("item") or ()), "", "")[:2]
    return text(name, LONGEST), text(family, 10)


def _pair(result: Mapping[str, t.Any]) -> str:
    return " over ".join(_item(result))


def _msg(result: Mapping[str, t.Any]) -> str:
    return text(result.get("msg"), LONGEST)
