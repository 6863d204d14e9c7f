# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Prints what was read, is planned or was done, as plain text and not as JSON. No host is needed for it."""

from __future__ import annotations

import os
import shlex
import typing as t

from ansible import constants, context
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.action import ActionBase
from ansible_collections.dms.ipv6.plugins.plugin_utils import roll_out
from ansible_collections.dms.ipv6.plugins.plugin_utils.report.text import mapping, mappings, text, texts
from ansible_collections.dms.ipv6.plugins.plugin_utils.screen import audit, outcome, plan, probe_hosts

if t.TYPE_CHECKING:
    from collections.abc import Mapping

    Json = dict[str, t.Any]

READ, DNS, PROOFS, PROOF = "__dms_ipv6_host", "__dms_ipv6_dns", "__dms_ipv6_proofs", "__dms_ipv6_proof"
# These print data of their own, which other programs read: nothing may come between. It is in the result all the same.
DATA = ("json", "jsonl", "null")


class ActionModule(ActionBase):
    """Ansible's way in, on the controller."""

    _supports_check_mode = True
    _supports_async = False
    TRANSFERS_FILES = False

    def run(self, tmp: None = None, task_vars: Json | None = None) -> Json:
        """Print it; the lines are in the result as well."""
        super().run(tmp, task_vars)
        what, variables = str(self._task.args.get("what", "")), task_vars or {}
        if what not in SHOWN:
            return {"failed": True, "msg": f"what: {what} is none of {', '.join(SHOWN)}"}
        result: Json = {"changed": False, "_ansible_verbose_override": True}
        lines, more = SHOWN[what](variables, self)
        if lines and str(constants.DEFAULT_STDOUT_CALLBACK).rpartition(".")[2] not in DATA:
            self._display.display("\n".join(lines))
        return {**result, "msg": lines, **more}

    def value(self, variables: Mapping[str, t.Any], name: str, default: t.Any) -> t.Any:
        """A variable's value, which may be a template; one that is not known yet is as if it were not set."""
        try:
            return self._templar.template(variables.get(name, default))
        except Exception:  # what is wrong with it is said by the task that needs it
            return default

    def context(self, variables: Mapping[str, t.Any], mode: str = "") -> plan.Context:
        """What the run is, for a host with these variables."""
        named = self.value(variables, "dms_ipv6_containers", [])
        return plan.Context(
            mode=mode or str(self.value(variables, "dms_ipv6_mode", "nat")),
            containers=() if isinstance(named, str) else texts(named),
            every=isinstance(named, str),
            inventory=_inventory(),
            check=bool(self._task.check_mode),
            steps=self._display.verbosity > 0,
        )


def _inventory() -> str:
    """The inventory as the user typed it."""
    sources = context.CLIARGS.get("inventory") or ()
    here = os.getcwd() + os.sep
    return " ".join(
        f"-i {shlex.quote(source.removeprefix(here) if isinstance(source, str) else '')}" for source in sources
    )


def _hosts(variables: Mapping[str, t.Any], action: ActionModule) -> dict[str, tuple[Json, plan.Context]]:
    """Each host of the play that was read, and what the run is for it."""
    # The playbook's own mode counts for more than the inventory's; a host's variables do not have it.
    modes: t.Sequence[t.Any] = variables.get("__dms_ipv6_modes") or ()
    mode = str(modes[0]) if len(modes) == 1 else ""
    found = {}
    for name in variables.get("ansible_play_hosts", ()):
        own = variables["hostvars"][name]
        read = own.get(READ)
        if isinstance(read, dict) and mapping(read.get("plan")) and not read.get("failed"):
            found[name] = (read, action.context(own, mode))
    return found


def _plan(variables: Mapping[str, t.Any], action: ActionModule) -> tuple[list[str], Json]:
    """All hosts of the play: those with nothing to do, then the plans of the others."""
    hosts = _hosts(variables, action)
    return [*outcome.fleet(hosts), *plan.fleet(hosts)], {}


def _own_plan(variables: Mapping[str, t.Any], action: ActionModule) -> tuple[list[str], Json]:
    read = mapping(variables.get(READ))
    return plan.fleet({variables["inventory_hostname"]: (read, action.context(variables))}), {}


def _batch(variables: Mapping[str, t.Any], _action: ActionModule) -> tuple[list[str], Json]:
    names = ("ansible_play_hosts_all", "ansible_play_hosts", "ansible_play_batch")
    done = roll_out.progress(*(variables.get(name, []) for name in names))
    return plan.batch(done.batch, len(done.waiting), len(done.named)), {}


def _audit(variables: Mapping[str, t.Any], action: ActionModule) -> tuple[list[str], Json]:
    """A host as it is; the task fails where a finding is as bad as dms_ipv6_fail_on says."""
    name, read = variables["inventory_hostname"], mapping(variables.get(READ))
    found = [*mappings(read.get("findings")), *mappings(mapping(variables.get(DNS)).get("findings"))]
    why = audit.bad(found, str(action.value(variables, "dms_ipv6_fail_on", "never")))
    return audit.host(name, read, action.context(variables).containers), {
        "failed": True,
        "msg": f"{name}: {why}",
    } if why else {}


def _dns(variables: Mapping[str, t.Any], _action: ActionModule) -> tuple[list[str], Json]:
    """What DNS says of a host's names."""
    dns = mapping(variables.get(DNS))
    return audit.dns(variables["inventory_hostname"], dns), {}


def _ready(variables: Mapping[str, t.Any], action: ActionModule) -> tuple[list[str], Json]:
    """What keeps probe hosts from probing a host; the task fails where a proof is required and cannot be made."""
    required = boolean(action.value(variables, "dms_ipv6_require_proof", False), strict=False)
    return _answered(variables, *probe_hosts.ready(_results(variables, "__dms_ipv6_ways"), required))


def _relay(variables: Mapping[str, t.Any], _action: ActionModule) -> tuple[list[str], Json]:
    """What a mail server answered to probe hosts; the task fails for an open relay, and where none could ask."""
    return _answered(variables, *probe_hosts.relay(_results(variables, "__dms_ipv6_relay")))


def _results(variables: Mapping[str, t.Any], name: str) -> list[Mapping[str, t.Any]]:
    return mappings(mapping(variables.get(name)).get("results"))


def _answered(variables: Mapping[str, t.Any], lines: list[str], why: str) -> tuple[list[str], Json]:
    name = variables["inventory_hostname"]
    return [f"{name}: {line}" for line in lines], {"failed": True, "msg": f"{name}: {why}"} if why else {}


def _outcome(variables: Mapping[str, t.Any], action: ActionModule) -> tuple[list[str], Json]:
    read, name = mapping(variables.get(READ)), variables["inventory_hostname"]
    proofs = mapping(mapping(variables.get(PROOFS)).get("proofs"))
    has_probe_hosts = bool(action.value(variables, "dms_ipv6_probe_hosts", []))
    lines = outcome.host(name, read, action.context(variables), proofs, has_probe_hosts)
    effect = text(read.get("effect"))
    return [*([f"{name}: {effect}"] if effect else []), *lines], {}


def _proof(variables: Mapping[str, t.Any], _action: ActionModule) -> tuple[list[str], Json]:
    """What clients on other hosts saw on a network; the result keeps it together with the networks before."""
    proof = mapping(variables.get(PROOF))
    earlier = mapping(mapping(variables.get(PROOFS)).get("proofs"))
    probed = _results(variables, "__dms_ipv6_probes")
    places = {_place(probe): probe for probe in probed}
    probes = []
    for probe in mappings(proof.get("probes")):
        item: t.Sequence[t.Any] = mapping(places.get(_place(probe))).get("item") or ("", {})
        service = bool(mapping(item[1]).get("service"))
        probes.append({**probe, "probe_host": probe.get("probe_host") or text(item[0], 200), "service": service})
    network = text(variables.get("__dms_ipv6_network"), 200)
    kept = {name: proof.get(name) for name in ("result", "expect", "date")}
    return outcome.proof(probes), {"proofs": {**earlier, network: {**kept, "probes": probes}}}


def _place(probe: Mapping[str, t.Any]) -> tuple[str, ...]:
    """What a host leaves as it is of a probe: it may judge again what the client of a real service was seen as."""
    return tuple(text(probe.get(name), 200) for name in ("family", "port", "client"))


SHOWN: dict[str, t.Callable[[Mapping[str, t.Any], ActionModule], tuple[list[str], Json]]] = {
    "plan": _plan,
    "own_plan": _own_plan,
    "batch": _batch,
    "audit": _audit,
    "dns": _dns,
    "ready": _ready,
    "relay": _relay,
    "proof": _proof,
    "outcome": _outcome,
}
