# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the Engine API would have to be sent to get a network, or a container's place on it, exactly as it is found.

Definitions are JSON text with sorted keys: values that can be compared, kept in a step, and written to disk.
"""

from __future__ import annotations

import ipaddress
import json
import re
import typing as t

from . import routed_mode

if t.TYPE_CHECKING:
    Json = dict[str, t.Any]

# Compose compares this hash with its file and re-creates the network, losing aliases, if they differ (2.40).
# As dockerd wants names of containers and networks (moby, daemon/names); an id looks the same.
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
COMPOSE_HASH = "com.docker.compose.config-hash"
# What an inspect says of a network and a create takes.
NETWORK_FIELDS = (
    "Name", "Driver", "Internal", "Attachable", "ConfigOnly", "ConfigFrom", "EnableIPv4", "EnableIPv6",
    "Options", "Labels",
)  # fmt: skip
SUBNET_FIELDS = ("Subnet", "IPRange", "Gateway", "AuxiliaryAddresses")
# What an inspect says of a container's place on a network and a connect takes. GwPriority came with API 1.48.
ENDPOINT_FIELDS = ("IPAMConfig", "Links", "DriverOpts", "GwPriority")


def dump(value: Json) -> str:
    """One text for one meaning."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def load(text: str) -> Json:
    """The JSON of a definition."""
    return t.cast("Json", json.loads(text))


def of_network(inspected: Json) -> str:
    """The body of POST /networks/create for a network of GET /networks."""
    ipam = inspected.get("IPAM") or {}
    body = {name: inspected[name] for name in NETWORK_FIELDS if inspected.get(name) not in (None, "", {}, [])}
    if not (body.get("ConfigFrom") or {}).get("Network"):
        body.pop("ConfigFrom", None)
    body["IPAM"] = {
        "Driver": ipam.get("Driver") or "default",
        "Options": ipam.get("Options") or {},
        "Config": [_subnet(entry) for entry in ipam.get("Config") or []],
    }
    return dump(body)


def _subnet(config: Json) -> Json:
    found = {name: config[name] for name in SUBNET_FIELDS if config.get(name)}
    found.update({name: _without_host_bits(found[name]) for name in ("Subnet", "IPRange") if name in found})
    if "IPRange" in found and _is_wider(found["IPRange"], found.get("Subnet", "")):
        del found["IPRange"]
    if "Gateway" in found:
        # Before 28 an IPv6 gateway may be reported with a prefix length, which a create does not take.
        found["Gateway"] = found["Gateway"].split("/")[0]
    return found


def _without_host_bits(prefix: str) -> str:
    """A prefix as engines from 25.0 on want it; before, 172.30.0.1/16 was taken for 172.30.0.0/16 (moby#47331)."""
    try:
        return str(ipaddress.ip_network(prefix, strict=False))
    except ValueError:
        return prefix


def _is_wider(part: str, whole: str) -> bool:
    """Whether a range is not within its subnet, which engines before 25.0 passed over."""
    try:
        inner, outer = ipaddress.ip_network(part), ipaddress.ip_network(whole)
    except ValueError:
        return False
    return inner.prefixlen < outer.prefixlen and outer.network_address in inner


def new_network(name: str, subnet: str, labels: Json, options: Json | None = None) -> str:
    """A dual-stack bridge network with this IPv6 subnet; the rest is left to the engine."""
    body = {"Name": name, "Driver": "bridge", "EnableIPv6": True, "Labels": labels}
    if options:
        body["Options"] = options
    return dump({**body, "IPAM": {"Driver": "default", "Config": [{"Subnet": subnet}]}})


def with_ipv6(definition: str, subnet: str, options: Json | None = None) -> str:
    """The same network with this IPv6 subnet instead of the one it may have, and these options of mode ``routed``."""
    body = load(definition)
    old = body.get("Options", {})
    ours = routed_mode.ours(body.get("Name", ""), old)
    body["Options"] = {**{name: value for name, value in old.items() if name not in ours}, **(options or {})}
    if not body["Options"]:
        del body["Options"]
    config = [entry for entry in body["IPAM"]["Config"] if ":" not in entry.get("Subnet", "")]
    body["IPAM"]["Config"] = [*config, {"Subnet": subnet}]
    body["EnableIPv6"] = True
    body["Labels"] = {name: value for name, value in body.get("Labels", {}).items() if name != COMPOSE_HASH}
    return dump(body)


def subnets(definition: str) -> list[str]:
    """The subnets of a network's definition."""
    return [entry["Subnet"] for entry in load(definition)["IPAM"]["Config"] if entry.get("Subnet")]


def same_network(first: str, other: str) -> bool:
    """Whether two definitions give the same network, as far as both say something: an engine adds what is not said.

    What is empty or false is the same as what is not said.
    """
    left, right = load(first), load(other)
    # An older version of this collection has written them down with host bits.
    config = [{_without_host_bits(part["Subnet"]) for part in body["IPAM"]["Config"]} for body in (left, right)]
    return config[0] == config[1] and all(
        (left.get(name) or None) == (right.get(name) or None)
        for name in ("Driver", "EnableIPv6", "Internal", "Options", "Labels")
    )


def of_endpoint(settings: Json, container_id: str, mac: str = "") -> str:
    """The EndpointConfig of POST /networks/NAME/connect for an entry of a container's NetworkSettings.Networks.

    Args:
        settings: the entry.
        container_id: of the container.
        mac: the MAC address that its user gave it there; the one in the entry may be of the engine's own choice.
    """
    config = {name: settings[name] for name in ENDPOINT_FIELDS if settings.get(name)}
    ipam = {name: value for name, value in (config.pop("IPAMConfig", None) or {}).items() if value}
    # 20.10 adds the short container id by itself to every endpoint.
    aliases = [alias for alias in settings.get("Aliases") or () if alias != container_id[:12]]
    more = (("IPAMConfig", ipam), ("Aliases", aliases), ("MacAddress", mac))
    config.update({name: value for name, value in more if value})
    return dump(config)


def with_address(definition: str, address: str) -> str:
    """The same place with this IPv6 address, or with one of the engine's choice if it is empty."""
    body = load(definition)
    ipam = {name: value for name, value in body.pop("IPAMConfig", {}).items() if name != "IPv6Address"}
    ipam.update({"IPv6Address": address} if address else {})
    return dump({**body, **({"IPAMConfig": ipam} if ipam else {})})


def address6(definition: str) -> str:
    """The IPv6 address that a place asks for, empty for one of the engine's choice."""
    found = load(definition).get("IPAMConfig", {}).get("IPv6Address", "")
    return str(ipaddress.ip_address(found)) if found else ""


def with_aliases(definition: str) -> str:
    """Only the names of an endpoint: what a container keeps while it is elsewhere for a moment."""
    return dump({name: value for name, value in load(definition).items() if name == "Aliases"})


def static_addresses(definition: str) -> list[ipaddress.IPv4Address | ipaddress.IPv6Address]:
    """The addresses that an endpoint asks for."""
    ipam = load(definition).get("IPAMConfig", {})
    return [ipaddress.ip_address(ipam[name]) for name in ("IPv4Address", "IPv6Address") if name in ipam]
