# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makers of what is found on a host, for tests that need only some of it."""

from __future__ import annotations

import ipaddress
import posixpath
import typing as t

from ansible_collections.dms.ipv6.plugins.module_utils.engine.io import api as engine_api
from ansible_collections.dms.ipv6.plugins.module_utils.network import steps as network_steps
from ansible_collections.dms.ipv6.plugins.module_utils.rollback import transaction
from ansible_collections.dms.ipv6.plugins.module_utils.state import definitions, docker_objects
from ansible_collections.dms.ipv6.plugins.module_utils.state import host as state_host
from ansible_collections.dms.ipv6.tests.unit.plugins.module_utils.daemon_model import PATH, Daemon

ULA = "fd5c:1ab0:7e57:1::/64"
MACHINE_ID = "0123456789abcdef0123456789abcdef"
# What auto derives from MACHINE_ID for the network dms-ipv6.
DERIVED = "fdad:f0b0:1d69:2bda::/64"
COMPOSE_FILE = "/srv/shop/compose.yaml"
PORT6 = docker_objects.Port(80, "tcp", "::", 8080)
PORT4 = docker_objects.Port(80, "tcp", "0.0.0.0", 8080)


def network(
    name: str = "dms-ipv6", subnets: t.Iterable[str] = ("172.18.0.0/16", ULA), **more: t.Any
) -> docker_objects.Network:
    values = tuple(ipaddress.ip_network(one) for one in subnets)
    fields: dict[str, t.Any] = {
        "id": f"{name}-id",
        "name": name,
        "driver": "bridge",
        "ipv6": any(one.version == 6 for one in values),
        "internal": False,
        "subnets": values,
        "gateways": (),
        "bridge": f"br-{name}",
        "options": {},
        "labels": {},
        **more,
    }
    return docker_objects.Network(**{"definition": definitions.of_network(as_inspected(fields)), **fields})


def as_inspected(fields: dict[str, t.Any]) -> dict[str, t.Any]:
    """A network of these fields as GET /networks has it."""
    gateways = {
        subnet: {"Gateway": one}
        for subnet in fields["subnets"]
        for one in fields["gateways"]
        if ipaddress.ip_address(one) in subnet
    }
    config = [{"Subnet": str(subnet), **gateways.get(subnet, {})} for subnet in fields["subnets"]]
    return {
        "Id": fields["id"],
        "Name": fields["name"],
        "Driver": fields["driver"],
        "EnableIPv6": fields["ipv6"],
        "Internal": fields["internal"],
        "Attachable": False,
        "ConfigOnly": False,
        "ConfigFrom": {"Network": ""},
        "Options": fields["options"],
        "Labels": fields["labels"],
        "IPAM": {"Driver": "default", "Options": {}, "Config": config},
    }


BRIDGE = network("bridge", ["172.17.0.0/16"], bridge="docker0")


def endpoint(name: str = "bridge", dual: bool = False, aliases: tuple[str, ...] = ()) -> docker_objects.Endpoint:
    six = ("fd5c:1ab0:7e57:1::2", "fd5c:1ab0:7e57:1::1") if dual else ("", "")
    settings = definitions.of_endpoint({"Aliases": list(aliases)}, "")
    return docker_objects.Endpoint(name, "172.17.0.2", six[0], "172.17.0.1", six[1], settings)


def container(name: str = "mail", *endpoints: docker_objects.Endpoint, **more: t.Any) -> docker_objects.Container:
    fields: dict[str, t.Any] = {
        "id": f"{name}-id",
        "name": name,
        "running": True,
        "network_mode": "bridge",
        "endpoints": endpoints or (endpoint(),),
        "ports": (PORT4, PORT6),
        "pid": 4711,
    }
    return docker_objects.Container(**{**fields, **more})


def of_compose(service: str, *endpoints: docker_objects.Endpoint, **more: t.Any) -> docker_objects.Container:
    """A container as Compose 2 makes it: its own labels, and those given."""
    path, project = more.pop("path", COMPOSE_FILE), more.pop("project", "shop")
    labels = {
        docker_objects.COMPOSE_PROJECT: project,
        docker_objects.COMPOSE_SERVICE: service,
        docker_objects.COMPOSE_FOLDER: posixpath.dirname(path),
        docker_objects.COMPOSE_FILES: path,
        **more.pop("labels", {}),
    }
    return container(f"{project}-{service}-1", *(endpoints or (endpoint(f"{project}_default"),)), labels=labels, **more)


def compose_network(key: str = "default", subnets: t.Iterable[str] = ("172.18.0.0/16",), **more: t.Any) -> t.Any:
    """A network as Compose 2 makes it for the project of of_compose()."""
    labels = {
        docker_objects.COMPOSE_PROJECT: "shop",
        docker_objects.COMPOSE_NETWORK: key,
        docker_objects.COMPOSE_HASH: "0123",
    }
    return network(more.pop("name", f"shop_{key}"), subnets, **{"labels": labels, **more})


def listening(four: t.Any = (("0.0.0.0", 80),), six: t.Any = (("::", 80),)) -> t.Any:
    """A service that listens in both families, or as given."""
    return lambda pid: {"ipv4": list(four), "ipv6": list(six)}


def apart(warnings: t.Iterable[str]) -> list[str]:
    """Warnings without those about containers that find each other over IPv6, which any two on a network give."""
    return [one for one in warnings if "reach each other over IPv6" not in one]


def ask(*known: docker_objects.Container, **more: t.Any) -> docker_objects.Ask:
    """Looks up these containers only; nothing else is queried unless the test says what the answer is."""

    def inspect(name: str) -> docker_objects.Container:
        return next(one for one in known if name in (one.name, one.id))

    fields: dict[str, t.Any] = {
        "inspect": inspect,
        "look": lambda name: next((one for one in known if name in (one.name, one.id)), None),
        "listeners": listening(),
        "sessions": lambda pid: [],
        "rules": lambda bridge: (),
        "forwarding_off": list,
        "udp": lambda pid: {"ipv4": [], "ipv6": []},
        "links": lambda pid: (),
        "steps": lambda entry: transaction.load_steps(entry) if entry else (),
    }
    return docker_objects.Ask(**{**fields, **more})


def host(daemon: Daemon | None = None, **more: t.Any) -> state_host.Found:
    engine = daemon or Daemon()
    fields: dict[str, t.Any] = {
        "daemon": engine.running(),
        "path": PATH,
        "raw": engine.content,
        "borrowed": False,
        "networks": (BRIDGE,),
        "members": {"bridge": ("mail",)},
        "containers": (container(),),
        "stopped": (),
        "taken": (),
        "ra_default": (),
        "accept_ra": {},
        "forwards": True,
        "sysctl_file": None,
        "record": {},
        "machine_id": MACHINE_ID,
        "paths": ("eth0",),
        "uplinks": (state_host.Uplink("eth0"),),
    }
    return state_host.Found(**{**fields, **more})


def carried_out(found: state_host.Found, steps: t.Iterable[t.Any]) -> state_host.Found:
    """The host once steps that are about networks were carried out; others change nothing here."""
    networks = {one.name: one for one in found.networks}
    everyone = {one.id: one for one in found.all_containers}
    for step in steps:
        if isinstance(step, network_steps.CreateNetwork):
            assert step.name not in networks
            networks[step.name] = docker_objects.network({"Id": f"{step.name}-id", **definitions.load(step.definition)})
        elif isinstance(step, network_steps.RemoveNetwork):
            assert not any(one.endpoint(step.name) for one in everyone.values())
            del networks[step.name]
        elif isinstance(step, (network_steps.ConnectContainer, network_steps.DisconnectContainer)):
            everyone[step.id] = _moved(everyone[step.id], step, networks)
    return found._replace(
        networks=tuple(networks.values()),
        containers=tuple(one for one in everyone.values() if one.running),
        stopped=tuple(one for one in everyone.values() if not one.running),
        members=members(everyone.values()),
    )


def _moved(
    found: docker_objects.Container, step: t.Any, networks: t.Mapping[str, docker_objects.Network]
) -> docker_objects.Container:
    there = found.endpoint(step.network)
    if isinstance(step, network_steps.DisconnectContainer):
        assert there
        return found._replace(endpoints=tuple(one for one in found.endpoints if one != there))
    assert not there
    joined = endpoint(step.network, networks[step.network].ipv6)._replace(settings=step.settings)
    return found._replace(endpoints=(*found.endpoints, joined))


def answers(
    images: t.Mapping[str, t.Any] | None = None,
    mounts: t.Iterable[dict[str, t.Any]] = (),
    device: str = "",
    listed: t.Iterable[dict[str, t.Any]] = (),
) -> t.Callable[[t.Any, str], t.Any]:
    """Docker.get() of an engine.

    Args:
        images: id -> its labels, or None for one that is gone; the others have none.
        mounts: of each container.
        device: of each volume.
        listed: all containers.
    """

    def get(self: t.Any, resource: str) -> t.Any:
        kind, _slash, name = resource.lstrip("/").partition("/")
        if resource.startswith("/containers/json"):
            return list(listed)
        if kind == "images":
            labels = (images or {}).get(name.rpartition("/")[0], {})
            if labels is None:
                raise engine_api.NotFound("no such image")
            return {"Config": {"Labels": labels or None}}
        known = {
            "info": {"DockerRootDir": "/var/lib/docker"},
            "volumes": {"Options": {"device": device} if device else None},
        }
        return known[kind] if kind in known else {"Id": name.rpartition("/")[0], "Mounts": list(mounts)}

    return get


def members(everyone: t.Iterable[docker_objects.Container]) -> dict[str, tuple[str, ...]]:
    """network -> names of those on it."""
    found: dict[str, tuple[str, ...]] = {}
    for one in sorted(everyone, key=lambda one: one.name):
        for place in one.endpoints:
            found[place.network] = (*found.get(place.network, ()), one.name)
    return found
