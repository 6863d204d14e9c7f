# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What docker_ipv6_info read from a host, as far as a report shows it."""

from __future__ import annotations

import dataclasses
import typing as t
from dataclasses import dataclass

from ansible_collections.dms.ipv6.plugins.module_utils.core import verdict as core_verdict
from ansible_collections.dms.ipv6.plugins.module_utils.core.finding import Place
from ansible_collections.dms.ipv6.plugins.module_utils.modes import report

from .text import mapping, mappings, text, texts

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    Json = Mapping[str, t.Any]

# The worst that a client may get comes first.
WORST_FIRST = ("masked", "unexpected", "timeout", "unknown", "refused", "real")
MODES = ("audit", "nat", "routed", "prevent", "absent")
FAMILIES = ("ipv6", "ipv4")


@dataclass(frozen=True, order=True)
class Port:
    """A port that clients reach: published on the host, or at the container's own address.

    Attributes:
        address: the container's own, empty for a published port.
        host_port: 0 if it is not published.
    """

    container: str
    address: str
    host_port: int
    port: int
    protocol: str


@dataclass(frozen=True)
class Got:
    """What a client gets there, as predicted."""

    verdict: str
    by: str = ""
    cause: str = ""


@dataclass(frozen=True)
class Finding:
    """As the modules return it; ``place`` is the published port that it is about, in its parts, if it is about one."""

    id: str
    severity: str
    evidence: str
    remedy: str
    place: dict[str, str] | None = None


@dataclass(frozen=True)
class Proof:
    """What clients on other hosts saw.

    Attributes:
        this_run: whether it is of this run, or an earlier one's that the host keeps.
        probes: each with its words, ``probe_host`` empty where the host does not remember it.
    """

    result: str
    expect: str
    date: str
    this_run: bool
    probes: tuple[Mapping[str, str], ...] = ()
    faults: tuple[str, ...] = ()


@dataclass(frozen=True)
class Read:
    """One look at a host.

    Attributes:
        named: the containers that the run is about; all if none is named.
        networks: container -> its networks.
        ports: port -> family -> what a client gets.
        reverted: the last change that the host undid by itself, empty if there is none.
        expected: what IPv6 clients get once the plan is carried out, where that differs from today.
    """

    engine: str
    mode: str
    subnets: tuple[str, ...]
    named: tuple[str, ...]
    networks: Mapping[str, tuple[str, ...]]
    ports: Mapping[Port, Mapping[str, Got]]
    findings: tuple[Finding, ...]
    warnings: tuple[str, ...]
    proof: Proof | None
    reverted: Mapping[str, str]
    expected: Mapping[Port, Got] = dataclasses.field(default_factory=dict)

    def about(self) -> dict[Port, str]:
        """What IPv6 clients get at the containers that the run is about."""
        named = {port.container for port in self.ports}.intersection(self.named)
        return {
            port: families["ipv6"].verdict
            for port, families in sorted(self.ports.items())
            if "ipv6" in families and (not named or port.container in named)
        }

    def predicted(self) -> str:
        """The worst of that; empty without any port."""
        got = set(self.about().values())
        return next((verdict for verdict in WORST_FIRST if verdict in got), "unknown" if got else "")

    def afterwards(self) -> Read:
        """The host as it is expected to be once its plan is carried out."""
        places = {port: {**self.ports.get(port, {}), "ipv6": got} for port, got in self.expected.items()}
        return dataclasses.replace(self, ports={**self.ports, **places})

    def masked(self) -> list[str]:
        """Where IPv6 clients are masked, in words."""
        hidden = (port for port, verdict in self.about().items() if verdict == core_verdict.MASKED)
        return [f"{exposure.container} {exposure.port}/{exposure.protocol}" for exposure in hidden]


def read(result: Json, arguments: Json) -> Read:
    """A result of docker_ipv6_info or docker_ipv6, reduced. Whatever is not as expected is left out.

    Args:
        result: as the host gave it.
        arguments: as the task gave them to the module.
    """
    plan = mapping(result.get("plan"))
    containers = mappings(result.get("containers"))
    return Read(
        engine=text(mapping(result.get("engine")).get("version"), 60),
        mode=_known(arguments.get("mode", MODES[0]), MODES),
        subnets=texts(plan.get("subnets")) or _subnets(result),
        named=texts(arguments.get("containers")),
        networks={text(container.get("name"), 200): texts(container.get("networks")) for container in containers},
        ports=_ports(containers),
        findings=findings(result),
        warnings=texts(plan.get("warnings")),
        proof=proof(result.get("proof"), this_run=False),
        reverted={
            name: text(value, 300)
            for name, value in mapping(result.get("reverted")).items()
            if name in ("date", "reason")
        },
        expected=_expected(mapping(plan.get("effects"))),
    )


def _place(said: Json) -> dict[str, str] | None:
    return {part: text(said.get(part)) for part in Place._fields} if said else None


def findings(result: Json) -> tuple[Finding, ...]:
    """The findings of any module that returns some, the worst first."""
    found = [
        Finding(
            text(finding.get("id")),
            text(finding.get("severity")),
            text(finding.get("evidence")),
            text(finding.get("remedy")),
            _place(mapping(finding.get("place"))),
        )
        for finding in mappings(result.get("findings"))
    ]
    return tuple(sorted(found, key=lambda finding: (_severity(finding.severity), finding.id, finding.evidence)))


def proof(value: object, this_run: bool) -> Proof | None:
    """A proof as probe_responder returns it, or as a host keeps it."""
    found = mapping(value)
    if not found.get("result"):
        return None
    probes = ({name: text(part, 400) for name, part in probe.items()} for probe in mappings(found.get("probes")))
    words = {name: text(found.get(name), 60) for name in ("result", "expect", "date")}
    expect = words["expect"] or "real"
    # A task that was skipped has no verdict and no reason.
    tried = tuple(probe for probe in probes if probe.get("verdict") or probe.get("msg"))
    return Proof(words["result"], expect, words["date"], this_run, tried, texts(found.get("faults")))


def _severity(word: str) -> int:
    return report.SEVERITIES.index(word) if word in report.SEVERITIES else len(report.SEVERITIES)


def _subnets(result: Json) -> tuple[str, ...]:
    networks = (network for network in mappings(result.get("networks")) if network.get("ipv6"))
    return tuple(subnet for network in networks for subnet in texts(network.get("subnets")) if ":" in subnet)


def _ports(containers: Iterable[Json]) -> dict[Port, dict[str, Got]]:
    result: dict[Port, dict[str, Got]] = {}
    for container in containers:
        name = text(container.get("name"), 200)
        for exposure in [*mappings(container.get("exposure")), *mappings(container.get("direct"))]:
            place = Port(
                name,
                text(exposure.get("address"), 60),
                _number(exposure.get("host_port")),
                _number(exposure.get("port")),
                text(exposure.get("protocol"), 10),
            )
            got = Got(*(text(exposure.get(key), 100) for key in ("verdict", "by", "cause")))
            if exposure.get("family") in FAMILIES:
                result.setdefault(place, {})[exposure["family"]] = got
    return result


def _expected(effects: Json) -> dict[Port, Got]:
    return {
        Port(
            text(entry.get("container"), 200),
            "",
            _number(entry.get("host_port")),
            _number(entry.get("port")),
            text(entry.get("protocol"), 10),
        ): Got(*(text(entry.get(key), 100) for key in ("verdict", "by")))
        for entry in mappings(effects.get("expected"))
    }


def _number(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 65535 else 0


def _known(value: object, words: tuple[str, ...]) -> str:
    return next((word for word in words if word == value), "")
