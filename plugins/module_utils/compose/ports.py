# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The narrow way to have IPv6 refused: services of a Compose project published on 0.0.0.0, which takes no IPv6 clients.

An IPv4 address in front of a port keeps every engine from 20.10 on from opening ``[::]`` for it, whatever network the
container is on. A container gets its ports when it is made, so it has to be re-created.
"""

from __future__ import annotations

import posixpath
import re
import typing as t
from dataclasses import dataclass

from ..change.file_steps import WriteFile
from ..change.plan import Plan, Steps, inverses
from ..core.refused import Refused
from ..daemon import address_pools
from ..state import docker_objects
from . import files as compose_files
from . import plan as compose_plan
from . import yaml_text
from .files import VARIABLE
from .steps import Recreate
from .yaml_text import Raw, Tagged

if t.TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from ..state.docker_objects import Container
    from ..state.host import Found
    from .plan import Files, Texts
    from .yaml_text import Document

    Target = tuple[t.Optional[range], str]

# Every address of the host, over IPv4.
ADDRESS = "0.0.0.0"  # noqa: S104 - it replaces the same in both families
NUMBERS = re.compile(r"[0-9]+(?:-[0-9]+)?")
IPV4 = re.compile(r"[0-9]+(?:\.[0-9]+){3}")
# An address is written here and is empty, by itself or in the default of a variable that stands for the whole entry.
EMPTY_ADDRESS = re.compile(r"(?P<before>(?:\$\{\w+:?-)?):")
# Of an entry: published on both families, on a named address, on a host port of the engine's choice, or who knows.
BOTH, ON_IPV4, ON_IPV6, RANDOM, UNCLEAR = "both", "ipv4", "ipv6", "random", "unclear"
WHY = "ports published on IPv4 only"


@dataclass(frozen=True)
class Entry:
    """A port entry of a service.

    Attributes:
        text: as in the file; the long syntax is put into the short one.
        kind: BOTH, ON_IPV4, ON_IPV6, RANDOM or UNCLEAR.
        target: container ports (None: a variable that is not known here) and protocol.
    """

    service: str
    index: int
    text: str
    kind: str
    target: Target

    def covers(self, port: docker_objects.Port) -> bool:
        """Whether it is what a container's published port came from."""
        ports, protocol = self.target
        return protocol == port.protocol and (ports is None or port.container_port in ports)


@dataclass(frozen=True)
class Edit:
    """One file of a project.

    Attributes:
        old: its bytes.
    """

    path: str
    old: bytes
    before: str
    after: str


@dataclass(frozen=True)
class PortsPlan(Plan):
    """What will be done for a project.

    Attributes:
        project: its name.
        services: whose ports are concerned.
        edits: of its files, those that stay the same included.
        waiting: services whose containers still take IPv6 clients until they are re-created.
        containers: that run of these services.
        env_files: with the project's variables, if not ``.env``.
    """

    project: str = ""
    services: tuple[str, ...] = ()
    edits: tuple[Edit, ...] = ()
    waiting: tuple[str, ...] = ()
    containers: tuple[Container, ...] = ()
    env_files: tuple[str, ...] = ()

    stepwise = False

    def back(self, done: int) -> Steps:
        """The old files, and then once more what was made by the new ones."""
        steps = self.steps[:done]
        return (*inverses(steps), *(step for step in steps if isinstance(step, Recreate)))

    @property
    def texts(self) -> Texts:
        """The files afterwards, in the order in which Compose merges them."""
        return [(edit.path, edit.after) for edit in self.edits]


def publish_on_ipv4(text: str, services: Collection[str], where: str) -> str:
    """The text of a Compose file with 0.0.0.0 in front of the ports of services, nothing else changed.

    Entries that name an address, and those without a host port, are left alone.

    Raises:
        Refused: the file is not understood, or it is unknown whether an entry names an address.
    """
    document = yaml_text.read(text, where)
    want = document.data
    for entry in entries(document, services):
        if entry.kind == UNCLEAR:
            problem = f"it is unknown here whether `{entry.text}` of service {entry.service} names an address"
            path = ("services", entry.service, "ports", entry.index)
            document.fail_at(path, problem, f"Write it yourself, such as {ADDRESS}:25:25 for 25:25")
        if entry.kind == BOTH:
            want = _with(want, ("services", entry.service, "ports", entry.index))
    return text if yaml_text.same(want, document.data) else yaml_text.sync(document, want)


def entries(document: Document, services: Collection[str]) -> list[Entry]:
    """The port entries of some services.

    Raises:
        Refused: what stands there is not a list of ports, or carries a tag.
    """
    found = []
    for name, service in _mapping(document, ("services",), document.data.get("services")).items():
        if name in services:
            ports = _mapping(document, ("services", name), service).get("ports")
            path = ("services", name, "ports")
            if isinstance(ports, Tagged):
                document.fail_at(path, f"`ports` carries the tag {ports.tag}, which is not edited", "Edit it yourself")
            if not isinstance(ports, (list, type(None))):
                document.fail_at(path, "`ports` must be a list")
            found += [_entry(document, name, index, value) for index, value in enumerate(ports or ())]
    return found


def _mapping(document: Document, path: tuple[str, ...], value: t.Any) -> dict[str, t.Any]:
    if value is not None and not isinstance(value, dict):
        document.fail_at(path, f"`{path[-1]}` must be a mapping")
    return value or {}


def _entry(document: Document, service: str, index: int, value: t.Any) -> Entry:
    if isinstance(value, dict):
        return _long(service, index, value)
    if not isinstance(value, (str, Raw)):
        document.fail_at(("services", service, "ports", index), "a port must be text, a number or a mapping")
    text = str(value)
    address, host, target, protocol = _parts(text)
    if address == "" and EMPTY_ADDRESS.match(text):
        address = None
    return Entry(service, index, text, _kind(address, host, target), (_ports(target), protocol))


def _long(service: str, index: int, value: dict[str, t.Any]) -> Entry:
    """An entry in the long syntax."""
    host_ip, published, target, protocol = (
        _plain(value.get(name)) for name in ("host_ip", "published", "target", "protocol")
    )
    ports = (_ports(_filled(target)), protocol or "tcp")
    if host_ip:
        kind = _of_address(_filled(host_ip))
        return Entry(service, index, f"{host_ip}, port {published or target}", kind, ports)
    kind = BOTH if published else RANDOM
    return Entry(service, index, f"{published}:{target}" if published else target, kind, ports)


def _plain(value: t.Any) -> str:
    return "" if value is None else str(value)


def _filled(text: str) -> str:
    """Text with each variable replaced by its default, or by ``$`` where it has none."""
    return VARIABLE.sub(lambda found: "$" if found["value"] is None else found["value"], text)


def _parts(text: str) -> tuple[str | None, str | None, str, str]:
    """Address, host port, container port and protocol of the short syntax; None for what is not given."""
    filled = _filled(text)
    rest, _slash, protocol = filled.partition("/")
    rest, colon, target = rest.rpartition(":")
    if not colon:
        return None, None, target, protocol or "tcp"
    address, colon, host = rest.rpartition(":")
    return (address if colon else None), host, target, protocol or "tcp"


def _kind(address: str | None, host: str | None, target: str) -> str:
    if address is None and not host:
        return RANDOM if NUMBERS.fullmatch(target) else UNCLEAR
    if address is not None:
        return _of_address(address)
    return BOTH if NUMBERS.fullmatch(host or "") else UNCLEAR


def _of_address(address: str) -> str:
    """What an address in front of a port means; a variable may be empty, and then it means both families."""
    if ":" in address:
        return ON_IPV6
    return ON_IPV4 if IPV4.fullmatch(address) else UNCLEAR


def _ports(text: str) -> range | None:
    if not NUMBERS.fullmatch(text):
        return None
    first, _dash, last = text.partition("-")
    return range(int(first), int(last or first) + 1)


def _with(data: t.Any, path: tuple[str | int, ...]) -> t.Any:
    """Data with the address in front of the port at the end of a path; nothing of what was given is changed."""
    if not path:
        return {**data, "host_ip": ADDRESS} if isinstance(data, dict) else _on_ipv4(str(data))
    if isinstance(data, list):
        return [_with(value, path[1:]) if index == path[0] else value for index, value in enumerate(data)]
    return {key: _with(value, path[1:]) if key == path[0] else value for key, value in data.items()}


def _on_ipv4(text: str) -> str:
    """An entry of the short syntax with the address in front of it, or in the place of an empty one."""
    empty = EMPTY_ADDRESS.match(text)
    return f"{empty['before']}{ADDRESS}{text[empty.end() - 1 :]}" if empty else f"{ADDRESS}:{text}"


def plan(wanted: compose_plan.Wanted, files: Files, found: Found, recreate: bool) -> PortsPlan:
    """The plan for a project.

    Args:
        wanted: its file and its name; the services, none for all of them.
        files: the project's files, as they are.
        found: what was read from the host.
        recreate: whether Compose may re-create the containers.

    Raises:
        Refused: a file is not understood, or what runs is not what it says.
    """
    says = compose_files.project(files.texts())
    services = _services(wanted, says)
    edits = tuple(
        Edit(path, raw or b"", text, publish_on_ipv4(text, services, path))
        for (path, text), raw in zip(files.texts(), (files.raw, files.override))
    )
    project = compose_plan.project_name(wanted, says.name, found)
    said = [entry for edit in edits for entry in entries(yaml_text.read(edit.after, edit.path), services)]
    containers = tuple(_of_project(project, services, found))
    waiting = _waiting(containers, said, wanted.path)
    env_files = compose_plan.env_files(wanted.path, found)
    steps: Steps = _writes(edits)
    if waiting and recreate:
        folder, name = posixpath.split(wanted.path)
        file = "" if name in compose_plan.BY_ITSELF else wanted.path
        steps = (*steps, Recreate(folder, file, project, waiting, env_files))
    return PortsPlan(
        "",
        "",
        steps,
        (*_left(said), *_later(waiting, recreate), *_unreadable(found, steps)),
        project,
        services,
        edits,
        waiting,
        containers,
        env_files,
    )


def _writes(edits: Iterable[Edit]) -> Steps:
    return tuple(
        WriteFile(edit.path, edit.after.encode(), WHY, edit.old, True) for edit in edits if edit.after != edit.before
    )


def _services(wanted: compose_plan.Wanted, says: compose_files.Project) -> tuple[str, ...]:
    """The services that are concerned, all with ports if none is named."""
    for name in wanted.services:
        if name not in says.services:
            known = ", ".join(sorted(says.services))
            raise Refused(f"there is no service `{name}` (there is: {known})", wanted.path, "Correct the name")
    return wanted.services or tuple(name for name, service in says.services.items() if service.ports)


def _of_project(project: str, services: Collection[str], found: Found) -> Iterator[Container]:
    for container in found.containers:
        labels = container.labels
        if (
            labels.get(docker_objects.COMPOSE_PROJECT) == project
            and labels.get(docker_objects.COMPOSE_SERVICE) in services
        ):
            yield container


def _waiting(containers: Iterable[Container], said: Iterable[Entry], path: str) -> tuple[str, ...]:
    """Services whose containers have ports on IPv6 that the files no longer put there."""
    waiting: dict[str, None] = {}
    for container in containers:
        service = container.labels[docker_objects.COMPOSE_SERVICE]
        own = [entry for entry in said if entry.service == service]
        for port in (port for port in container.ports if ":" in port.host_ip):
            sources = [entry for entry in own if entry.covers(port)]
            if not sources:
                problem = (
                    f"container {container.name} publishes port {port.container_port}/{port.protocol} on IPv6, and"
                )
                raise Refused(f"{problem} its service {service} does not say so here", path, "Edit it where it is said")
            if all(entry.kind == ON_IPV4 for entry in sources):
                waiting[service] = None
    return tuple(waiting)


def _left(said: Iterable[Entry]) -> Iterator[str]:
    """Entries that are left alone and take IPv6 clients."""
    for port in said:
        if port.kind == RANDOM:
            yield f"service {port.service} publishes {port.text} on a random host port, on IPv6 as well: left alone"
        if port.kind == ON_IPV6:
            yield f"service {port.service} publishes {port.text} on an IPv6 address by name: left alone"


def _unreadable(found: Found, steps: Steps) -> Iterator[str]:
    """Networks that Compose 5 cannot list, so that it re-creates nothing."""
    odd = (
        [network.name for network in found.networks if network.odd_gateway]
        if any(isinstance(s, Recreate) for s in steps)
        else []
    )
    if odd:
        yield (
            f"the engine tells the gateway of {', '.join(odd)} with a prefix length, {address_pools.UNREADABLE}:"
            f" {address_pools.REMEDY}"
        )


def _later(waiting: tuple[str, ...], recreate: bool) -> Iterator[str]:
    if waiting and not recreate:
        names = ", ".join(waiting)
        yield (
            f"IPv6 clients of {names} are refused only once the next `docker compose up -d` has re-created it"
            " (dms_ipv6_allow_container_restart lets this run do so)"
        )


def elsewhere(texts: Texts) -> str:
    """The key by which files bring in others, empty if none does."""
    for path, text in texts:
        document = yaml_text.read(text, path)
        services = _mapping(document, ("services",), document.data.get("services")).values()
        extends = [service.get("extends") for service in services if isinstance(service, dict)]
        if "include" in document.data:
            return "include"
        if any(isinstance(extend, dict) and "file" in extend for extend in extends):
            return "extends"
    return ""


def unlike(plan: PortsPlan, hashes: Iterable[dict[str, str] | None]) -> list[str]:
    """Services that would come back as something else than they are, beside their ports.

    Args:
        plan: of the project.
        hashes: service -> config hash by Compose itself, of each state of the files that containers may be made from.
    """
    known = [hashe for hashe in hashes if hashe is not None]
    found = []
    for container in plan.containers:
        service, fingerprint = (
            container.labels.get(label, "") for label in (docker_objects.COMPOSE_SERVICE, docker_objects.COMPOSE_HASH)
        )
        if service in plan.waiting and fingerprint not in [hashes.get(service) for hashes in known]:
            found.append(service)
    return list(dict.fromkeys(found))
