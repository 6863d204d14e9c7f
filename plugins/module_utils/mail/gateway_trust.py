# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What hidden clients do to a mail server: who trusts the gateway as which they appear, and who punishes it."""

from __future__ import annotations

import ipaddress
import re
import textwrap
import typing as t
from dataclasses import dataclass

from ..core import verdict
from ..core.finding import CRITICAL, INFO, WARNING, Finding
from . import trusted_lists

if t.TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from ..core.ip import AnyAddress
    from ..exposure import published as exposure_published
    from ..state import docker_objects
    from . import programs as mail_programs

SMTP_PORTS = frozenset({25, 465, 587})
MAILBOX_PORTS = frozenset({110, 143, 993, 995, 4190})
MAIL_PORTS = SMTP_PORTS | MAILBOX_PORTS
# Where one of these comes first, permit_mynetworks lets no client through any more.
DECIDING = ("reject", "defer", "reject_unauth_destination", "defer_unauth_destination")
# What DMS's PERMIT_DOCKER=network stands for, whatever networks there are.
DOCKERS_OWN = ipaddress.IPv4Network("172.16.0.0/12")
ENABLE = "Run dms.ipv6.enable with this container in dms_ipv6_containers"
DISTRUST = "Set PERMIT_DOCKER to none or container, or narrow mynetworks, and re-create the container"


@dataclass(frozen=True)
class Situation:
    """A mail server's container on its host.

    Attributes:
        gateways: of all its networks.
        masked: its ports at which remote clients appear as a gateway now.
        masking: the gateways that they may appear as.
        hidden: who these clients are.
        dual: whether it has IPv6, or is to have it.
        shared: its networks with IPv6 that other containers are on.
    """

    container: docker_objects.Container
    gateways: tuple[AnyAddress, ...]
    masked: frozenset[int]
    masking: frozenset[AnyAddress]
    hidden: str
    dual: bool
    shared: tuple[docker_objects.Network, ...] = ()

    @property
    def name(self) -> str:
        """How the operator calls it."""
        return f"container {self.container.name}"

    @property
    def published(self) -> frozenset[int]:
        """Its own TCP ports that clients reach."""
        return frozenset(port.container_port for port in self.container.ports if port.protocol == "tcp")

    def hides(self, gateways: Iterable[AnyAddress]) -> bool:
        """Whether remote clients come under one of these addresses now: otherwise only programs on the host do."""
        return bool(self.masked) and any(gateway in self.masking for gateway in gateways)


@dataclass(frozen=True)
class TrustList:
    """A list of hosts for which a program makes an exception.

    Attributes:
        where: the setting.
        meaning: what the exception is, as a clause about the program.
    """

    id: str
    where: str
    entries: tuple[str, ...]
    meaning: str


def publishes_mail(container: docker_objects.Container) -> bool:
    """Whether a container is worth looking into."""
    return any(
        port.protocol == "tcp" and {port.container_port, port.host_port} & MAIL_PORTS for port in container.ports
    )


def situation(
    container: docker_objects.Container,
    networks: Iterable[docker_objects.Network],
    exposures: Iterable[exposure_published.Exposure],
    wanted: Iterable[str],
    members: Mapping[str, Collection[str]] | None = None,
) -> Situation:
    """Where a container stands.

    Args:
        container: as listed.
        networks: of the host.
        exposures: what remote clients get at the container's ports.
        wanted: names or ids of the containers that are to have IPv6.
        members: network -> names of its containers.
    """
    networks = tuple(networks)
    own = {endpoint.network for endpoint in container.endpoints}
    dual = {endpoint.network for endpoint in container.endpoints if endpoint.ipv6}
    texts = [text for endpoint in container.endpoints for text in (endpoint.gateway4, endpoint.gateway6)]
    texts += [text for network in networks if network.name in own for text in network.gateways]
    gateways = tuple(dict.fromkeys(ipaddress.ip_address(text.split("/")[0]) for text in texts if text))
    masked = [
        exposure for exposure in exposures if exposure.verdict == verdict.MASKED and exposure.port.protocol == "tcp"
    ]
    families = sorted({exposure.family for exposure in masked})
    # docker-proxy takes the container's own family where it has both, and IPv4 where it has nothing else.
    versions = {6 if family == "ipv6" and container.has_ipv6 else 4 for family in families}
    return Situation(
        container,
        gateways,
        frozenset(exposure.port.container_port for exposure in masked),
        frozenset(gateway for gateway in gateways if gateway.version in versions),
        f"{' and '.join(families)} clients".replace("ipv", "IPv"),
        container.has_ipv6 or bool({container.name, container.id} & set(wanted)),
        tuple(
            network for network in networks if network.name in dual and len((members or {}).get(network.name, ())) > 1
        ),
    )


def findings(situation: Situation, facts: mail_programs.Facts, complete: bool = True) -> list[Finding]:
    """What is wrong with the mail server.

    Args:
        situation: where its container stands.
        facts: what its programs say.
        complete: whether that is all of it.
    """
    return [
        *_open_relay(situation, facts),
        *_banned(situation, facts),
        *_logged(situation, facts),
        *_trusting(situation, facts),
        *_strangers(situation, facts),
        *_protocols(situation, facts),
        *_stale(situation, facts),
        *_not_examined(situation, facts, complete),
    ]


def _open_relay(situation: Situation, facts: mail_programs.Facts) -> Iterator[Finding]:
    services = [
        service
        for service in facts.services
        if service.port in situation.published and relays_for_mynetworks(service.settings)
    ]
    trusted = [
        (service.port, gateway, entry)
        for service in services
        for gateway in situation.gateways
        if (entry := trusted_lists.match(gateway, trusted_lists.entries(service.settings.get("mynetworks", ""))))
    ]
    hidden = [place for place in trusted if place[0] in situation.masked and place[1] in situation.masking]
    permit = facts.environment.get("PERMIT_DOCKER", "")
    by = f", by PERMIT_DOCKER={permit}" if permit in ("host", "network", "connected-networks") else ""
    ports, gateways, entries = (_listed(column) for column in zip(*(hidden or trusted))) if trusted else ("", "", "")
    relays = f"from which Postfix sends mail to any address (mynetworks: {entries}{by})"
    if hidden:
        evidence = (
            f"open relay confirmed: {situation.name}, port {ports}: {situation.hidden} appear as {gateways}, {relays}"
        )
        yield Finding("open_relay", CRITICAL, evidence, f"{ENABLE}. {DISTRUST}")
    elif trusted:
        latent = f"no client is known to be masked now as {gateways}"
        evidence = f"open relay latent: {situation.name}, port {ports}: {latent}, {relays}"
        yield Finding("open_relay", WARNING, evidence, DISTRUST)
    unclear = trusted_lists.unclear(
        entry for service in services for entry in trusted_lists.entries(service.settings.get("mynetworks", ""))
    )
    if unclear and not hidden:
        evidence = f"{situation.name}: mynetworks of Postfix has {_listed(unclear)}, which only Postfix can look up"
        yield Finding("mynetworks_not_evaluated", INFO, evidence, "Ask `postmap -q` for each gateway")


def relays_for_mynetworks(settings: Mapping[str, str]) -> bool:
    """Whether a service of Postfix sends mail to any address for those in mynetworks (postconf(5))."""
    relay, recipient = (
        trusted_lists.entries(settings.get(f"smtpd_{kind}_restrictions", "")) for kind in ("relay", "recipient")
    )
    first = next((word for word in relay or recipient if word == "permit_mynetworks" or word in DECIDING), "")
    return first == "permit_mynetworks"


def _listed(values: Iterable[object]) -> str:
    """For a person to read, however many there are."""
    return textwrap.shorten(", ".join(dict.fromkeys(map(str, values))), 200, placeholder=" …")


def _banned(situation: Situation, facts: mail_programs.Facts) -> Iterator[Finding]:
    for gateway in situation.gateways:
        jails = [jail for jail, banned in facts.bans.items() if any(gateway in network for network in banned)]
        if jails:
            hidden = situation.hides([gateway])
            lost = f"all {situation.hidden} are" if hidden else "what comes under its address is"
            evidence = f"{situation.name}: Fail2Ban bans its gateway {gateway} (jail {_listed(jails)}): {lost} shut out"
            unban = f"`docker exec {situation.container.name} fail2ban-client unban {gateway}`"
            remedy = f"{ENABLE}, then run {unban}" if hidden else f"Run {unban}"
            advice = "do not put it into ignoreip, or no client that comes under it is ever banned"
            yield Finding("gateway_banned", CRITICAL if hidden else WARNING, evidence, f"{remedy}; {advice}")


def _logged(situation: Situation, facts: mail_programs.Facts) -> Iterator[Finding]:
    for gateway in situation.gateways:
        seen = facts.seen.get(str(gateway))
        if seen is None:
            continue
        hidden = situation.hides([gateway])
        since = f"from {seen.first} to {seen.last}"
        evidence = f"{situation.name}: {seen.lines} lines of its log name the gateway {gateway} as the client, {since}"
        remedy = ENABLE if hidden else "Nothing is masked now: programs on the host itself come under this address too"
        rejected = f"its mail was rejected {seen.rejected} times"
        yield Finding("gateway_in_log", WARNING if hidden else INFO, f"{evidence}; {rejected}", remedy)
        if seen.spf:
            rejected = f"SPF rejected mail {seen.spf} times, because it came from its gateway {gateway}"
            evidence = f"{situation.name}: {rejected}"
            yield Finding("spf_rejected_gateway", CRITICAL if hidden else INFO, f"{evidence}, {since}", remedy)


def _trusting(situation: Situation, facts: mail_programs.Facts) -> Iterator[Finding]:
    for trust in _trust_lists(facts):
        entries = {gateway: trusted_lists.match(gateway, trust.entries) for gateway in situation.gateways}
        trusted = {gateway: entry for gateway, entry in entries.items() if entry}
        if trusted:
            hidden = situation.hides(trusted)
            evidence = (
                f"{situation.name}: {trust.meaning} {_listed(trusted)} ({trust.where}: {_listed(trusted.values())})"
            )
            remedy = f"{ENABLE}, or take the gateway out of the list" if hidden else "Take the gateway out of the list"
            yield Finding(trust.id, WARNING if hidden else INFO, evidence, remedy)


def _strangers(situation: Situation, facts: mail_programs.Facts) -> Iterator[Finding]:
    """Lists that have a network's IPv4 subnet alone: containers on it connect over IPv6 first, and are strangers."""
    mynetworks = trusted_lists.entries(facts.postfix.get("mynetworks", ""))
    postfix = TrustList("trusts_ipv4_subnet_only", "mynetworks", mynetworks, "Postfix relays for")
    for network in situation.shared:
        four = [subnet for subnet in network.subnets if subnet.version == 4]
        for listed in (postfix, *_trust_lists(facts)):
            trusted = [subnet for subnet in four if trusted_lists.covers(listed.entries, subnet)]
            missing = [subnet for subnet in network.subnets6 if not trusted_lists.covers(listed.entries, subnet)]
            if trusted and missing:
                yield Finding(
                    "trusts_ipv4_subnet_only",
                    WARNING,
                    f"{situation.name}: {listed.meaning} {_listed(trusted)} of network {network.name}"
                    f" ({listed.where}), and not its IPv6 subnet {_listed(missing)}, from which its containers come"
                    " first",
                    f"Add {_listed(missing)} to {listed.where} if containers there are to be trusted; in mynetworks the"
                    " address stands in brackets",
                )


def _trust_lists(facts: mail_programs.Facts) -> Iterator[TrustList]:
    rspamd = {name: facts.rspamd.get(name, ()) for name in ("local_addrs", "local_networks", "secure_ip")}
    # Rspamd's own words: local_networks is an alias for local_addrs.
    local = rspamd["local_addrs"] + rspamd["local_networks"]
    yield TrustList("rspamd_trusts_gateway", "local_addrs", local, "Rspamd skips SPF and other checks for")
    needs = "Rspamd's controller needs no password from"
    yield TrustList("rspamd_trusts_gateway", "secure_ip", rspamd["secure_ip"], needs)
    yield TrustList("opendkim_trusts_gateway", "InternalHosts", facts.opendkim, "OpenDKIM signs mail that comes from")
    yield TrustList("opendmarc_trusts_gateway", "IgnoreHosts", facts.opendmarc, "OpenDMARC checks no mail from")
    for setting in ("login_trusted_networks", "haproxy_trusted_networks"):
        listed = trusted_lists.entries(facts.dovecot.get(setting, ""))
        yield TrustList("dovecot_trusts_gateway", setting, listed, "Dovecot believes any client address named by")


def _protocols(situation: Situation, facts: mail_programs.Facts) -> Iterator[Finding]:
    for program, setting, text, ports in (
        ("Postfix", "inet_protocols", facts.postfix.get("inet_protocols", ""), SMTP_PORTS),
        ("Dovecot", "listen", facts.dovecot.get("listen", ""), MAILBOX_PORTS),
    ):
        variable = f"{program.upper()}_INET_PROTOCOLS"
        chosen = facts.environment.get(variable, "")
        families = _families(text or chosen)
        if not families or not ports & situation.published or families == {4, 6}:
            continue
        only, lost = (4, 6) if families == {4} else (6, 4)
        if lost == 6 and not situation.dual:
            continue
        said = [f"{setting} = {text}"] if text else []
        said += [f"{variable}={chosen}"] if chosen else []
        evidence = f"{situation.name}: {program} listens on IPv{only} only ({_listed(said)})"
        remedy = f"Set {variable}=all and re-create the container" if chosen else f"Let {setting} name both families"
        yield Finding("inet_protocols_conflict", WARNING, f"{evidence}, so IPv{lost} clients are refused", remedy)


def _families(text: str) -> set[int]:
    """Of ``all``, ``ipv4``, ``ipv6``, and of Dovecot's addresses."""
    words = trusted_lists.entries(text)
    found = {4 for word in words if word in ("all", "ipv4", "*") or re.fullmatch(r"[\d.]+", word)}
    return found | {6 for word in words if word in ("all", "ipv6") or ":" in word}


def _stale(situation: Situation, facts: mail_programs.Facts) -> Iterator[Finding]:
    permit = facts.environment.get("PERMIT_DOCKER", "")
    computed = _dms_trusts(permit, facts)
    listed = [trusted_lists.network(entry) for entry in trusted_lists.entries(facts.postfix.get("mynetworks", ""))]
    trusts = {network for network in listed if isinstance(network, ipaddress.IPv4Network) and not network.is_loopback}
    if not computed or not facts.postfix or facts.patched or computed == trusts:
        return
    now, then = (_listed(sorted(networks)) or "no network" for networks in (trusts, computed))
    evidence = f"{situation.name}: DMS worked out at its start that Postfix trusts {now}"
    evidence = f"{evidence}; re-created, it would be {then} (PERMIT_DOCKER={permit})"
    yield Finding("stale_until_recreated", WARNING, evidence, DISTRUST)


def _dms_trusts(permit: str, facts: mail_programs.Facts) -> set[ipaddress.IPv4Network]:
    """What docker-mailserver would add to mynetworks if it started now (its setup.d/networking.sh)."""
    every = [address for own in facts.addresses.values() for address in own]
    # Interfaces get new names at a re-creation, so a single one will be the one that DMS looks at.
    own = facts.addresses.get(facts.environment.get("NETWORK_INTERFACE", "eth0"), every if len(every) == 1 else ())
    if permit == "network":
        return {DOCKERS_OWN}
    if permit == "connected-networks":
        return {address.network for address in every}
    if permit == "container":
        return {ipaddress.IPv4Network(address.ip) for address in own[:1]}
    if permit == "host":
        return {ipaddress.IPv4Network((address.ip, 16), strict=False) for address in own[:1]}
    return set()


def _not_examined(situation: Situation, facts: mail_programs.Facts, complete: bool) -> Iterator[Finding]:
    if facts.denied:
        what = f"{_listed(facts.denied)} not readable as the container's user"
        evidence = f"{situation.name}: {what}, so not all could be seen"
        remedy = "Set dms_ipv6_mail_as_root (mail_as_root) if you trust the image with that"
        yield Finding("not_examined", INFO, evidence, remedy)
    if complete and not facts.silent:
        return
    who = f"{_listed(facts.silent)} did not" if complete else "its shell said too much, or did not"
    evidence = f"{situation.name}: {who} answer in time, so not all could be seen"
    yield Finding("not_examined", INFO, evidence, "See whether the container is overloaded, then try again")
