# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Looks up what decides by which network, and by which file, a container that Compose made gets IPv6."""

from __future__ import annotations

import os
import typing as t
from dataclasses import replace

from ...core.refused import Refused
from ...network import on_host as network_on_host
from ...state import docker_objects
from ...system.io import files as system_files
from .. import files as compose_files
from .. import labels as compose_labels
from .. import plan as compose_plan
from .. import programs, ways
from ..choice import Chosen
from . import project as compose_project

if t.TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from ...engine.io.api import Docker
    from ...state.docker_objects import Ask, Container
    from ...state.host import Found
    from ..plan import ComposePlan, Wanted
    from ..programs import Program
    from ..ways import Way

# Of a Compose file, in which a program says that it wrote it.
HEAD = 400
NO_NETWORK = "none of its networks can have IPv6 for published ports, and our network is lost at the next `up`"


class Around(t.NamedTuple):
    """What ways depend on.

    Attributes:
        like: what is wanted for each project; its path does not count.
        named: paths of Compose files that the operator named; these are edited whatever writes them.
        real: containers that have IPv6 clients already, and by which network.
    """

    like: Wanted
    named: Collection[str]
    real: Mapping[str, str]
    found: Found
    docker: Docker
    ask: Ask


class _Group(t.NamedTuple):
    """Containers on one network of one project, and the files of that."""

    way: Way
    containers: tuple[Container, ...]
    names: tuple[str, ...]
    paths: tuple[str, ...]


def choose(containers: Iterable[str], around: Around) -> Chosen:
    """The ways of containers.

    Raises:
        Refused: a file is not understood, or something must not be done.
    """
    groups: dict[tuple[str, str], _Group] = {}
    rest, notes = [], []
    for name in containers:
        container = next(
            (candidate for candidate in around.found.all_containers if name in (candidate.name, candidate.id)), None
        )
        way = None
        composed = container is not None and docker_objects.COMPOSE_PROJECT in container.labels
        if container and composed:
            way = ways.of(container, around.found, around.like.network, around.real.get(name, ""))
        if container and way:
            paths = compose_plan.given_files(container.labels) if way.key else ()
            group = groups.get((way.network.name, way.key), _Group(way, (), (), paths))
            groups[way.network.name, way.key] = group._replace(
                containers=(*group.containers, container), names=(*group.names, name)
            )
        else:
            rest.append(name)
            notes += [f"container {name}: {NO_NETWORK}"] if composed else []
    return _together([_own(group, around) if group.way.key else _outside(group, around) for group in groups.values()],
                     rest, notes, around)  # fmt: skip


def _together(ways_: Iterable[Chosen], rest: list[str], notes: list[str], around: Around) -> Chosen:
    """All ways; a network that a project's plan brings needs no other, and files that were named come first."""
    chosen = [*ways_]
    projects = [project for choice in chosen for project in choice.projects]
    brought = {plan.network for _wanted, plan in projects if plan}
    chosen = [choice for choice in chosen if not brought & {network.network for network in choice.live}]
    known = {wanted.path for wanted, _plan in projects}
    projects += [(replace(around.like, path=path), None) for path in around.named if path not in known]
    order = [*around.named]
    projects.sort(key=lambda entry: order.index(entry[0].path) if entry[0].path in order else len(order))
    live = [network for choice in chosen for network in choice.live]
    all_notes = (*notes, *(note for choice in chosen for note in choice.notes))
    return Chosen(tuple(projects), tuple(live), tuple(rest), all_notes)


def _own(group: _Group, around: Around) -> Chosen:
    """The way by a network of the containers' own project: by the file that makes it, or without."""
    missing = [path for path in group.paths or ("",) if not os.path.isfile(path)]
    if missing:
        why = f"its Compose file {missing[0]} is not on this host" if missing[0] else "no label names its Compose file"
        return _live(group, around, why, _program(group, missing[0], around))
    group = _keyed(group) if compose_files.AVAILABLE else group
    wanted = _wanted(group, around)
    insisted = wanted.path in around.named or wanted.edit == compose_plan.OVERRIDE
    if not compose_files.AVAILABLE:
        program = None if insisted else _program(group, wanted.path, around)
        return _live(group, around, ways.whose(program, wanted.path), program) if program else _edited(wanted, None)
    net, worked_out, wanted = _says(wanted, around)
    written = worked_out.subnets if worked_out else net.subnets if net else ()
    lines = ways.variables(net, worked_out, group.way.network, _subnet(group, written, around)) if net else []
    if lines and not insisted:
        program = _program(group, wanted.path, around)
        note = ways.by_variable(group.containers[0], wanted.path, lines, program)
        return _replaced(group, around, written, (note,))
    try:
        plan = compose_project.plan(wanted, around.found, around.ask)
    except compose_plan.NotEdited as reason:
        if insisted:
            raise
        why = f"{reason.where}: {reason.problem}"
        return _live(group, around, why, _program(group, wanted.path, around), written)
    program = _program(group, wanted.path, around) if plan.edit.changed and not insisted else None
    if program:
        return _live(group, around, ways.whose(program, wanted.path), program, written)
    return _edited(wanted, plan)


def _keyed(group: _Group) -> _Group:
    """The same with the network's key in the files; Compose 1.29 labels one with a name of its own with that name."""
    path = group.paths[0]
    files = compose_project.read(path, group.paths if len(group.paths) > 1 else ())
    networks = compose_files.project(files.texts()).networks
    keys = [key for key, net in networks.items() if net.name == group.way.network.name]
    known = group.way.key in networks or not keys
    return group if known else group._replace(way=group.way._replace(key=keys[0]))


def _wanted(group: _Group, around: Around) -> Wanted:
    """The project, with its network as shape ``default``, or as ``named`` without any service that is new to it."""
    services = tuple(
        dict.fromkeys(container.labels.get(docker_objects.COMPOSE_SERVICE, "") for container in group.containers)
    )
    named = [path for path in group.paths if path in around.named]
    wanted = replace(
        around.like,
        path=(named or group.paths)[0],
        files=group.paths if len(group.paths) > 1 else (),
        project=group.containers[0].labels[docker_objects.COMPOSE_PROJECT],
        must=services,
    )
    if group.way.key == compose_files.DEFAULT:
        return replace(wanted, services=services)
    return replace(wanted, shape=compose_plan.NAMED, network=group.way.key)


def _says(wanted: Wanted, around: Around) -> tuple[compose_files.Net | None, compose_files.Net | None, Wanted]:
    """What the files say of the network, what Compose makes of that, and the project with the file that has it."""
    files = compose_project.read(wanted.path, wanted.files)
    texts = files.texts()
    if wanted.files and wanted.path not in around.named:
        wanted = replace(wanted, path=compose_plan.holder(texts, wanted.key))
    net = compose_files.project(texts).networks.get(wanted.key)
    worked_out = None
    if compose_plan.needs_compose(files, wanted.key):
        worked_out = compose_project.of_compose(texts, compose_plan.env_files(wanted.path, around.found))
    return net, worked_out.networks.get(wanted.key) if worked_out else None, wanted


def _outside(group: _Group, around: Around) -> Chosen:
    """The way by a network that the containers' project did not make; its files go on naming it."""
    network = group.way.network
    project, key, path = ways.defined_by(network, around.found)
    notes: tuple[str, ...] = ()
    if project and not ways.lasts(network, around.found) and not _knows(path, key):
        notes = (ways.unknown_to(network, around.found, _subnet(group, (), around)),)
    return _replaced(group, around, (), notes)


def _knows(path: str, key: str) -> bool:
    """Whether another project's file says that its network has IPv6."""
    if not path or not os.path.isfile(path) or not compose_files.AVAILABLE:
        return False
    try:
        net = compose_files.project(compose_project.read(path).texts()).networks.get(key)
    except Refused:
        return False
    return bool(net and net.enable_ipv6)


def _edited(wanted: Wanted, plan: ComposePlan | None) -> Chosen:
    return Chosen(((wanted, plan),), (), (), ())


def _live(group: _Group, around: Around, why: str, program: Program | None, written: Collection[str] = ()) -> Chosen:
    """The network is replaced, and no file is edited."""
    way = group.way
    subnet = _subnet(group, written, around)
    lasts = ways.lasts(way.network, around.found)
    note = () if lasts else (ways.unedited(group.containers[0], why, way, subnet, program),)
    return _replaced(group, around, written, note)


def _replaced(group: _Group, around: Around, written: Collection[str], notes: tuple[str, ...]) -> Chosen:
    subnet = ways.subnet_of(group.way.network, written, around.like.subnet)
    return Chosen((), (ways.Live(group.way.network.name, group.names, subnet),), (), notes)


def _subnet(group: _Group, written: Collection[str], around: Around) -> str:
    """The IPv6 subnet that the network has in the end."""
    network, like = group.way.network, around.like
    options = network_on_host.NetworkOptions(
        network.name, ways.subnet_of(network, written, like.subnet), like.prefix_length, like.fleet_prefix
    )
    wanted = network_on_host.wanted_network(options, around.found.machine_id)
    return str(network_on_host.subnet_after(wanted, around.found))


def _program(group: _Group, path: str, around: Around) -> Program | None:
    """Who writes the Compose file, None for its administrator."""
    folder = os.path.dirname(path)
    exists = os.path.isfile(path)
    labels = group.containers[0].labels
    return programs.of(
        programs.Place(
            path,
            labels.get(docker_objects.COMPOSE_PROJECT, ""),
            labels,
            os.listdir(folder) if exists else (),
            (system_files.read(path) or b"")[:HEAD].decode(errors="replace") if exists else "",
            [*_writers(folder, around.docker)] if exists else (),
        )
    )


def _writers(folder: str, docker: Docker) -> Iterator[str]:
    """Images of the containers that can write to a folder."""
    for container in docker.containers():
        sources = [mount.get("Source") or "" for mount in container.get("Mounts") or () if mount.get("RW")]
        if compose_labels.inside([folder], [source for source in sources if source != "/"]):
            yield str(container.get("Image") or "")
