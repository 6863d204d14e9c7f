# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""IPv6 for a Compose project: written into its files, and given to its running containers in the same change.

The live network keeps the name and the labels that Compose looks for, without the hash by which 2.40 would take it for
another one and re-create it. So a later ``docker compose up -d`` finds reality as its file says (measured with Compose
1.29.2, 2.26.1 and 2.40.3).
"""

from __future__ import annotations

import ipaddress
import posixpath
import re
import typing as t
from dataclasses import dataclass, replace

from ..change.file_steps import WriteFile
from ..change.plan import Plan
from ..core import ip
from ..core.refused import Refused
from ..daemon import json_text
from ..network import on_host as network_on_host
from ..network import plan as network_plan
from ..state import docker_objects
from . import edits as compose_edits
from . import files as compose_files

if t.TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from ..state.docker_objects import Ask, Container, Network
    from ..state.host import Found

    Texts = list[tuple[str, str]]

DEFAULT, NAMED, EXTERNAL = "default", "named", "external"
FILE, OVERRIDE = "file", "override"
# Compose finds these by itself, and merges the first override file that stands beside; with -f it reads what is named.
BY_ITSELF = ("compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml")
OVERRIDES = (
    "compose.override.yml",
    "compose.override.yaml",
    "docker-compose.override.yml",
    "docker-compose.override.yaml",
)
BOM = "\ufeff"
PROJECT_NAME = re.compile(
    r"^[ \t]*(?:export[ \t]+)?COMPOSE_PROJECT_NAME[ \t]*=[ \t]*(?P<value>\"[^\"\n]*\"|'[^'\n]*'|[^\s#]*)", re.MULTILINE
)


@dataclass(frozen=True)
class Wanted:
    """What the caller asks for.

    Attributes:
        path: of the project's Compose file, absolute.
        shape: ``default`` (IPv6 on the project's own network), ``named`` (one more network for some services) or
            ``external`` (a network made outside in place of the project's own).
        network: key of a named network, name of an external one.
        subnet: CIDR, or ``auto``.
        prefix_length: of a derived subnet.
        fleet_prefix: a /48 for all hosts, or empty.
        services: that get a named network; without any those that are on it get IPv6.
        edit: ``file``, or ``override`` to leave that alone and write the override file beside it.
        project: its name, where its containers do not tell; empty to find out.
        must: services that have to be on the network in the end.
        files: all files of the project in the order in which Compose merges them, where it was given several by name.
    """

    path: str
    shape: str = DEFAULT
    network: str = "dms-ipv6"
    subnet: str = "auto"
    prefix_length: int = 64
    fleet_prefix: str = ""
    services: tuple[str, ...] = ()
    edit: str = FILE
    project: str = ""
    must: tuple[str, ...] = ()
    files: tuple[str, ...] = ()

    @property
    def joined_shape(self) -> str:
        """The shape, but ``default`` where no service gets another network than it has."""
        return DEFAULT if self.shape == NAMED and not self.services else self.shape

    @property
    def key(self) -> str:
        """Of the network in the file."""
        return self.network if self.shape == NAMED else compose_files.DEFAULT


@dataclass(frozen=True)
class Targets:
    """Who gets IPv6 by way of Compose files, and which containers do not."""

    projects: tuple[Wanted, ...]
    containers: tuple[str, ...]


@dataclass(frozen=True)
class Files:
    """A project's files as they are: the Compose file, and the override file beside it.

    Attributes:
        override_path: where it is or would be; empty if Compose would not read one.
        override: None if there is none.
        given: where Compose was given several files by name, all of them in order, ``path`` among them.
    """

    path: str
    raw: bytes
    override_path: str = ""
    override: bytes | None = None
    given: tuple[tuple[str, bytes], ...] = ()

    def texts(self) -> Texts:
        """Pairs of path and text, in the order in which Compose merges them."""
        if self.given:
            return [(path, decode(raw, path)) for path, raw in self.given]
        over = [] if self.override is None else [(self.override_path, decode(self.override, self.override_path))]
        return [(self.path, decode(self.raw, self.path)), *over]


@dataclass(frozen=True)
class Edit:
    """The files' part: one file with another text.

    Attributes:
        old: its bytes, None for a new file.
        texts: of all files, afterwards, in the order in which Compose merges them.
    """

    path: str
    old: bytes | None
    before: str
    after: str
    texts: Texts

    @property
    def changed(self) -> bool:
        """Whether the file has to be written."""
        return self.before != self.after


@dataclass(frozen=True)
class ComposePlan:
    """What will be done for a project.

    Attributes:
        project: its name.
        network: name of the real network; ``lives`` whether it is there, or will be, without an ``up``.
        subnet: of the network.
        services: on the network, by the files.
        containers: of the project.
        plan: the file's step and the network's.
        before: the texts of all files, as they are.
    """

    project: str
    network: str
    lives: bool
    subnet: str
    services: tuple[str, ...]
    containers: tuple[Container, ...]
    edit: Edit
    plan: Plan
    before: Texts


@dataclass(frozen=True)
class _Project:
    """A project as found: its name, its containers, what its files say, and its network, if that exists.

    Attributes:
        on_host: its network there, None if there is none.
        worked_out: what Compose makes of the files, None if it did not run.
    """

    name: str
    containers: tuple[Container, ...]
    says: compose_files.Project
    network: str
    on_host: Network | None
    worked_out: compose_files.Project | None


class NotEdited(Refused):
    """The file cannot, or must not, be edited so that it says what is wanted. What runs is another matter."""


def decode(raw: bytes, path: str) -> str:
    """The text of a file, a byte order mark kept."""
    text = json_text.decode(raw, path)
    return BOM + text if raw.startswith(BOM.encode()) else text


def beside(path: str, present: Iterable[str]) -> str:
    """Path of the override file that Compose merges with a Compose file: the one that exists, or that could be.

    Args:
        path: of the Compose file.
        present: names of the files in its folder.
    """
    folder, name = posixpath.split(path)
    if name not in BY_ITSELF:
        return ""
    stem, suffix = posixpath.splitext(name)
    names = set(present)
    found = [override for override in OVERRIDES if override in names]
    return posixpath.join(folder, found[0] if found else f"{stem}.override{suffix}")


def targets(
    attach: str,
    like: Wanted,
    files: Iterable[str],
    containers: Iterable[str],
    found: Found,
    exists: Callable[[str], bool],
) -> Targets:
    """The projects of files that are named, and of containers that Compose made: it would undo any other way.

    Args:
        attach: ``compose`` refuses other containers, ``auto`` leaves them, and those whose file is not on this host.
        like: what is wanted for each project; its path does not count.
        files: paths of Compose files.
        containers: names or ids.
        found: what was read from the host.
        exists: whether a file is there.

    Raises:
        Refused: with ``compose``, a container that has no Compose file here, or nothing to do.
    """
    projects = {path: replace(like, path=path) for path in files}
    rest = []
    for name in containers:
        container = next((known for known in found.all_containers if name in (known.name, known.id)), None)
        path, reason = made_from(container.labels if container else {}, exists)
        if container and path:
            project = projects.get(path) or replace(
                like, path=path, project=container.labels[docker_objects.COMPOSE_PROJECT]
            )
            must = tuple(dict.fromkeys((*project.must, container.labels[docker_objects.COMPOSE_SERVICE])))
            projects[path] = replace(project, must=must, services=like.services or must)
        elif attach == network_on_host.COMPOSE:
            raise Refused(reason, f"container {name}", "Name its file in dms_ipv6_compose_files, or use another attach")
        else:
            rest.append(name)
    if attach == network_on_host.COMPOSE and not projects:
        raise Refused("there is neither a Compose file nor a container", "attach", "Give dms_ipv6_compose_files")
    return Targets(tuple(projects.values()), tuple(rest))


def made_from(labels: Mapping[str, str], exists: Callable[[str], bool]) -> tuple[str, str]:
    """Path of the Compose file that a container was made from; empty, with the reason, if there is none to edit."""
    folder, files = labels.get(docker_objects.COMPOSE_FOLDER, ""), labels.get(docker_objects.COMPOSE_FILES, "")
    if not {docker_objects.COMPOSE_PROJECT, docker_objects.COMPOSE_SERVICE} <= labels.keys() or not folder or not files:
        return "", "it was not made by Compose"
    path, *more = (posixpath.join(folder, file) for file in files.split(","))
    if any(other not in (posixpath.join(folder, name) for name in OVERRIDES) for other in more):
        return "", f"it was made from several files ({files})"
    return (path, "") if exists(path) else ("", f"its Compose file {path} is not on this host")


def named_files(labels: Mapping[str, str]) -> tuple[str, ...]:
    """Paths of all files that a container was made from, in the order in which Compose merges them."""
    folder, files = labels.get(docker_objects.COMPOSE_FOLDER, ""), labels.get(docker_objects.COMPOSE_FILES, "")
    return tuple(posixpath.join(folder, file) for file in files.split(",")) if folder and files else ()


def given_files(labels: Mapping[str, str]) -> tuple[str, ...]:
    """The same, except an override file that Compose finds by itself."""
    path, *more = named_files(labels) or ("",)
    return (path, *more) if any(other not in _overrides(path) for other in more) else (path,) if path else ()


def env_files(path: str, found: Found) -> tuple[str, ...]:
    """Paths of the files that Compose was given with ``--env-file`` for the containers of a Compose file.

    Raises:
        Refused: they differ from container to container, so that one call of Compose cannot be right for all.
    """
    given = {
        tuple(posixpath.join(labels[docker_objects.COMPOSE_FOLDER], file) for file in files.split(",") if file)
        for labels in (container.labels for container in found.all_containers)
        if path in named_files(labels)
        for files in (labels.get(docker_objects.COMPOSE_ENV_FILES, ""),)
    }
    if len(given) > 1:
        said = " and ".join(sorted(", ".join(files) or ".env alone" for files in given))
        raise Refused(
            f"its containers were made with different --env-file ({said})",
            path,
            "Run `docker compose --env-file FILE up -d` first",
        )
    return next(iter(given), ())


def _overrides(path: str) -> list[str]:
    return [posixpath.join(posixpath.dirname(path), name) for name in OVERRIDES]


def plan(
    wanted: Wanted, files: Files, found: Found, ask: Ask, worked_out: compose_files.Project | None = None
) -> ComposePlan:
    """The plan for a project.

    Args:
        wanted: what is asked for.
        files: the project's files, as they are.
        found: what was read from the host.
        ask: looks up what is needed only of those that change.
        on_host: its network there, None if there is none.
        worked_out: what Compose makes of the files, see needs_compose().

    Raises:
        NotEdited: the network cannot be had in the file.
        Refused: a file is not understood, or the live change must not be done.
    """
    project = _project(wanted, files, found, worked_out)
    network = _wanted_network(wanted, project, found)
    edit, after, services = _edited(wanted, files, str(network.subnet), project)
    live = _live(wanted, project, network, found, ask)
    like = files.path if edit.old is None else ""
    write = (WriteFile(edit.path, edit.after.encode(), _why(wanted), edit.old, True, like),)
    return ComposePlan(
        project.name,
        network.name,
        bool(project.on_host or live.steps),
        str(network.subnet),
        services,
        project.containers,
        edit,
        Plan(
            live.before,
            live.after,
            (*(write if edit.changed else ()), *live.steps),
            (*live.warnings, *_on_ipv4_only(after, services)),
        ),
        files.texts(),
    )


def _edited(
    wanted: Wanted, files: Files, subnet: str, project: _Project
) -> tuple[Edit, compose_files.Project, tuple[str, ...]]:
    """The files' part, what they say then, and the services that are on the network then.

    Raises:
        NotEdited: it cannot be had.
    """
    try:
        edit = _edit(wanted, files, subnet, project.worked_out)
        after = compose_files.project(edit.texts)
        _refuse_taken_back(wanted, after, edit.path, project.worked_out)
        services = _services(wanted, after, project)
        _refuse_left_out(wanted, services)
    except Refused as reason:
        raise NotEdited(reason.problem, reason.where, reason.remedy) from None
    return edit, after, services


def needs_compose(files: Files, key: str) -> bool:
    """Whether only Compose can say what becomes of a network of the files, because of variables or other files."""
    says = compose_files.project(files.texts())
    net = says.networks.get(key)
    return says.partial or bool(net and net.has_variables)


def holder(texts: Texts, key: str) -> str:
    """Path of the file that has a network: the last one, as it is merged over the others; the first one for none."""
    holding = [path for path, text in texts if compose_files.read(text, path).holds(("networks", key))]
    return holding[-1] if holding else texts[0][0]


def _project(wanted: Wanted, files: Files, found: Found, worked_out: compose_files.Project | None) -> _Project:
    says = compose_files.project(files.texts())
    name = project_name(wanted, says.name, found)
    containers = tuple(
        container for container in found.all_containers if container.labels.get(docker_objects.COMPOSE_PROJECT) == name
    )
    if wanted.shape == EXTERNAL:
        real = wanted.network
    else:
        entry = (worked_out or says).networks.get(wanted.key) or says.networks.get(wanted.key)
        real = (entry.name if entry else "") or f"{name}_{wanted.key}"
    labels = network_labels(name, wanted.key)
    existing = [
        network for network in found.networks if wanted.shape != EXTERNAL and labels.items() <= network.labels.items()
    ]
    existing += [network for network in found.networks if network.name == real]
    return _Project(
        name, containers, says, existing[0].name if existing else real, existing[0] if existing else None, worked_out
    )


def project_name(wanted: Wanted, said: str, found: Found) -> str:
    """The project's name: as given, as its containers have it, as the file says, or after the file's folder."""
    if wanted.project:
        return wanted.project
    folder, file = posixpath.split(wanted.path)
    labels = [
        container.labels
        for container in found.all_containers
        if container.labels.get(docker_objects.COMPOSE_FOLDER) == folder
    ]
    named = [label for label in labels if file in _files_of(label)] or labels
    names = sorted(
        {
            of_container[docker_objects.COMPOSE_PROJECT]
            for of_container in named
            if docker_objects.COMPOSE_PROJECT in of_container
        }
    )
    if len(names) > 1:
        raise Refused(f"the projects {' and '.join(names)} run from it", wanted.path, "Give project_name")
    return names[0] if names else named_by_itself(wanted.path, said)


def named_by_itself(path: str, said: str, env: str = "", old: bool = False) -> str:
    """The name that Compose gives a project that does not run, worked out without Compose.

    Args:
        path: of the Compose file.
        said: by the file.
        env: the text of the file .env beside it.
        old: whether it is Compose 1, which knows no name in the file, and leaves _ and - at the front.

    Raises:
        Refused: it is a variable.
    """
    values = [found["value"] for found in PROJECT_NAME.finditer(env)]
    name = (values[-1].strip("\"'") if values else "") or ("" if old else said)
    if "$" in name:
        raise Refused(f"the project's name is a variable ({name})", path, "Give project_name")
    name = re.sub(r"[^a-z0-9_-]", "", (name or posixpath.basename(posixpath.dirname(path))).lower())
    name = name or "default" if old else name.lstrip("_-")
    if not name:
        raise Refused("Compose finds no name for the project in that of its folder", path, "Give project_name")
    return name


def _files_of(labels: Mapping[str, str]) -> list[str]:
    """Names of the files that a container was made from; 1.29 notes them without their folder."""
    return [posixpath.basename(file) for file in labels.get(docker_objects.COMPOSE_FILES, "").split(",")]


def network_labels(project: str, key: str) -> dict[str, str]:
    """What Compose looks for on a network of its own."""
    return {docker_objects.COMPOSE_PROJECT: project, docker_objects.COMPOSE_NETWORK: key}


def _wanted_network(wanted: Wanted, project: _Project, found: Found) -> network_plan.WantedNetwork:
    """The live network: with the subnet given, or the one in the files, or the one it has, or one derived."""
    joining = _joining(wanted, project, found)
    options = network_on_host.NetworkOptions(
        project.network, wanted.subnet, wanted.prefix_length, wanted.fleet_prefix, joining
    )
    network = network_on_host.wanted_network(options, found.machine_id)
    subnets = _subnets(wanted.key, project) if wanted.shape != EXTERNAL else ()
    written = [subnet for subnet in subnets if compose_files.ip_version(subnet) == 6]
    kept = _written(written[0], wanted) if written and network.derived else None
    live = project.on_host.subnets6 if project.on_host and project.on_host.ipv6 else ()
    if network.derived and kept is None and live and not ip.special(live[0]):
        kept = live[0]
    labels = () if wanted.shape == EXTERNAL else tuple(network_labels(project.name, wanted.key).items())
    return network_plan.WantedNetwork(
        network.name, kept or network.subnet, network.derived and not kept, network.containers, labels=labels
    )


def _subnets(key: str, project: _Project) -> tuple[str, ...]:
    """Of a network by the files, with variables replaced by what Compose makes of them."""
    worked_out = project.worked_out.networks.get(key) if project.worked_out else None
    entry = project.says.networks.get(key)
    return worked_out.subnets if worked_out else entry.subnets if entry else ()


def _written(text: str, wanted: Wanted) -> ipaddress.IPv6Network:
    """The IPv6 subnet that a file has."""
    where = f"{wanted.path}, network {wanted.key}"
    try:
        return ip.subnet(text, where)
    except Refused as reason:
        remedy = "Remove it there, and one of this host's own is written"
        if "$" in text:
            remedy = f"Write it out, install Compose, which works it out, or {compose_edits.LIVE_WAY}"
        raise NotEdited(reason.problem, where, remedy) from None


def _joining(wanted: Wanted, project: _Project, found: Found) -> tuple[str, ...]:
    """Containers that have to be connected: on the project's own network all of them are already."""
    if wanted.shape == NAMED:
        chosen = [
            container
            for container in project.containers
            if container.labels.get(docker_objects.COMPOSE_SERVICE) in wanted.services
        ]
    elif wanted.shape == EXTERNAL:
        labels = network_labels(project.name, compose_files.DEFAULT).items()
        own = [
            f"{project.name}_{compose_files.DEFAULT}",
            *(network.name for network in found.networks if labels <= network.labels.items()),
        ]
        chosen = [container for container in project.containers if any(container.endpoint(name) for name in own)]
    else:
        chosen = []
    return tuple(sorted(container.name for container in chosen))


def _edit(wanted: Wanted, files: Files, subnet: str, worked_out: compose_files.Project | None) -> Edit:
    """One of the files with the network written into it."""
    change: compose_edits.Wanted
    if wanted.shape == NAMED:
        change = compose_edits.NamedNetwork(wanted.network, subnet, wanted.services)
    else:
        change = (
            compose_edits.ExternalNetwork(wanted.network)
            if wanted.shape == EXTERNAL
            else compose_edits.DefaultNetwork(subnet)
        )
    texts = files.texts()
    if wanted.edit == FILE:
        before = dict(texts)[files.path]
        # An override file beside it says what it says; whether it takes the change back is looked at afterwards.
        alone = texts if files.given else [(files.path, before)]
        after = compose_edits.edit_among(alone, files.path, change, worked_out)
        return Edit(
            files.path, files.raw, before, after, [(path, after if path == files.path else x) for path, x in texts]
        )
    if not files.override_path:
        names = " or ".join(BY_ITSELF)
        raise Refused(f"Compose reads an override file only beside {names}", files.path, "Use edit: file")
    (path, base), *over = texts
    existing = over[0][1] if over else None
    after = compose_edits.override(base, existing, change, files.override_path)
    return Edit(
        files.override_path, files.override, existing or "", after, [(path, base), (files.override_path, after)]
    )


def _refuse_taken_back(
    wanted: Wanted, after: compose_files.Project, path: str, worked_out: compose_files.Project | None
) -> None:
    """Raise Refused if the override file undoes what was written into the other."""
    entry = after.networks.get(wanted.key)
    says = worked_out.networks.get(wanted.key) if worked_out and entry and entry.variable else entry
    well = entry and (entry.external if wanted.shape == EXTERNAL else says and says.enable_ipv6)
    services = wanted.services if wanted.shape == NAMED else ()
    well = well and all(_is_on(after.services[name], wanted.key) for name in services)
    if not well:
        raise Refused("the override file beside it takes the change back", path, "Use edit: override")


def _services(wanted: Wanted, after: compose_files.Project, project: _Project) -> tuple[str, ...]:
    """Services on the network, by the files; of those that other files bring in, by Compose, or by what runs."""
    known = dict(after.services)
    if after.partial and project.worked_out:
        known = {**known, **project.worked_out.services}
    services = {name for name, service in known.items() if _is_on(service, wanted.key)}
    if after.partial and wanted.shape != EXTERNAL:
        services |= {
            container.labels.get(docker_objects.COMPOSE_SERVICE, "")
            for container in project.containers
            if project.on_host and container.endpoint(project.on_host.name)
        } & {*wanted.must}
    return tuple(sorted(services))


def _refuse_left_out(wanted: Wanted, services: Iterable[str]) -> None:
    """Raise Refused if a service that the change is for does not get the network."""
    left_out = sorted({*wanted.must}.difference(services))
    if left_out:
        problem = f"{', '.join(left_out)} is not on the project's network {wanted.key}"
        raise Refused(problem, wanted.path, f"Use the shape {NAMED}, which puts it on one more network")


def _is_on(service: compose_files.Service, key: str) -> bool:
    """Whether a service is on a network, by the files."""
    if service.network_mode:
        return False
    return key == compose_files.DEFAULT if service.networks is None else key in service.networks


def _live(wanted: Wanted, project: _Project, network: network_plan.WantedNetwork, found: Found, ask: Ask) -> Plan:
    """The live part; a project that does not run gets its network from its next ``up``, an external one from us."""
    if project.on_host is None and not network.containers and wanted.shape != EXTERNAL:
        return Plan("", "")
    containers = {name: ask.inspect(name) for name in network.containers}
    return network_on_host.plan_network(network, found, containers, ask)


def _why(wanted: Wanted) -> str:
    """What is written into the file, in a few words."""
    return {
        DEFAULT: "IPv6 on the project's own network",
        NAMED: f"network {wanted.network} with IPv6 for {', '.join(wanted.services)}"
        if wanted.services
        else f"IPv6 on the network {wanted.network}",
        EXTERNAL: f"the external network {wanted.network} in place of the project's own",
    }[wanted.shape]


def _on_ipv4_only(says: compose_files.Project, services: Iterable[str]) -> tuple[str, ...]:
    """A sentence for each port that stays without IPv6, whatever network its service is on."""
    return tuple(
        f"service {name} publishes {port} on an IPv4 address by name: IPv6 clients do not reach it"
        for name, port in compose_files.explicit_ipv4_ports(says)
        if name in services
    )


def recreated(plan: ComposePlan, shape: str, hashes: Mapping[str, str] | None) -> list[str]:
    """The services that the next ``docker compose up -d`` re-creates.

    Args:
        plan: of the project.
        shape: see Wanted.
        hashes: service -> config hash of the new files, by Compose itself; None if it has none: then those that are
            on another network by the files than when they were made.
    """
    remade = {
        container.labels[docker_objects.COMPOSE_SERVICE]: container.labels.get(docker_objects.COMPOSE_HASH, "")
        for container in plan.containers
        if docker_objects.COMPOSE_SERVICE in container.labels
    }
    if hashes is None:
        return sorted(name for name in remade if shape != DEFAULT and name in plan.services)
    return sorted(name for name, old in remade.items() if name in plan.services and hashes.get(name, old) != old)
