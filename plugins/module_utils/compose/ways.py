# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""By which network a container that Compose made gets IPv6 if you named none, and what its owner has to know.

Its project's network ``default`` if it is on that, else another network of its project, else one from outside. That
network is replaced while it runs, and the project's file says so too, unless the file must not be edited.
"""

from __future__ import annotations

import typing as t

from ..core import ip
from ..core.refused import Refused
from ..network import steps as network_steps
from ..state import definitions, docker_objects
from . import files as compose_files
from . import plan as compose_plan

if t.TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from ..change.plan import Plan
    from ..state.docker_objects import Container, Network
    from ..state.host import Found
    from .programs import Program


class Way(t.NamedTuple):
    """A network by which a container can have IPv6.

    Attributes:
        key: of the network in the files of the container's own project, empty for a network from outside.
    """

    network: Network
    key: str


class Live(t.NamedTuple):
    """A network that is replaced while it runs, and no file is edited.

    Attributes:
        containers: those of them that were named.
        subnet: CIDR, or ``auto``.
    """

    network: str
    containers: tuple[str, ...]
    subnet: str


def of(container: Container, found: Found, ours: str = "", real: str = "") -> Way | None:
    """The network by which a container gets IPv6, None if none of its networks can carry a published port over IPv6.

    Args:
        container: that Compose made.
        found: what was read.
        ours: the network that the operator names, which it may be on already.
        real: the one by which it has IPv6 clients already.
    """
    project = container.labels.get(docker_objects.COMPOSE_PROJECT, "")
    ways = []
    for network in found.networks:
        ours_alone = network_steps.LABEL in network.labels and docker_objects.COMPOSE_PROJECT not in network.labels
        able = network.name == real or (not ours_alone and _able(network, found))
        if container.endpoint(network.name) and able:
            own = network.labels.get(docker_objects.COMPOSE_PROJECT) == project
            ways.append(Way(network, network.labels.get(docker_objects.COMPOSE_NETWORK, "") if own else ""))

    def order(way: Way) -> tuple[t.Any, ...]:
        endpoint = container.endpoint(way.network.name)
        priority = definitions.load(endpoint.settings).get("GwPriority", 0) if endpoint else 0
        name = way.network.name
        # Of several alike, the one that its published ports lead to today.
        return name != real, name != ours, way.key != compose_files.DEFAULT, not way.key, -priority, name

    return min(ways, key=order, default=None)


def _able(network: Network, found: Found) -> bool:
    """Whether a network can have IPv6 for published ports."""
    body = definitions.load(network.definition or "{}")
    return (
        network.driver == "bridge"
        and not network.internal
        and network.name not in docker_objects.PREDEFINED
        and sum(1 for candidate in found.networks if candidate.name == network.name) == 1
        and not body.get("ConfigFrom")
        and body.get("IPAM", {}).get("Driver", "default") == "default"
    )


def lasts(network: Network, found: Found) -> bool:
    """Whether the network has IPv6 by others than us, so that what made it knows of it."""
    ours = found.record.get("replaced", {}).get(network.name)
    return network.ipv6 and not (ours and definitions.same_network(network.definition, ours["after"]))


def subnet_of(network: Network, written: Collection[str], given: str) -> str:
    """The IPv6 subnet of a network that is replaced: as requested, as it has it, or as its file has it."""
    if given != "auto":
        return given
    if network.ipv6 and network.subnets6 and not ip.special(network.subnets6[0]):
        return given
    known = [text for text in map(compose_files.filled, written) if _is_subnet(text)]
    return known[0] if known else given


def _is_subnet(text: str) -> bool:
    try:
        ip.subnet(text)
    except Refused:
        return False
    return True


def lines(key: str, subnet: str) -> str:
    """What a Compose file has to say of a network, in one line."""
    return f'networks: {{{key}: {{enable_ipv6: true, ipam: {{config: [{{subnet: "{subnet}"}}]}}}}}}'


def variables(net: compose_files.Net, worked_out: compose_files.Net | None, network: Network, subnet: str) -> list[str]:
    """The lines of .env by which a network of a file has IPv6, none if no variable keeps it from that.

    If Compose does not say it, a network without IPv6 shows that its variable is not what its default says.
    """
    enabled = worked_out.enable_ipv6 if worked_out else net.enable_ipv6 and network.ipv6
    if not net.variable or enabled:
        return []
    result = compose_files.lines_of_env(net.variable, "true")
    six = [text for text in net.subnets if "$" in text and compose_files.ip_version(text) == 6]
    values = compose_files.worked_out(net.subnets, worked_out)
    for text in six:
        if not _is_subnet(values.get(text, compose_files.filled(text))):
            result += compose_files.lines_of_env(text, subnet)
    return result


def by_variable(container: Container, path: str, said: list[str], program: Program | None) -> str:
    """A network whose IPv6 is a variable of its file."""
    name = program.env if program else container.labels.get(docker_objects.COMPOSE_ENV_FILES) or ".env"
    return (
        f"container {container.name}: whether its network has IPv6 is a variable of {path}, which is left alone: set"
        f" `{'` and `'.join(said)}` in {name}, because the next `up` that makes the network again takes IPv6 away"
    )


def unedited(container: Container, why: str, way: Way, subnet: str, program: Program | None) -> str:
    """A file that is left alone, and what to write where instead."""
    project = container.labels.get(docker_objects.COMPOSE_PROJECT, "")
    form = program.form.format(project=project) if program else "the file of its project"
    return (
        f"container {container.name} of Compose project {project}: {why}, so no file is edited: put"
        f" `{lines(way.key, subnet)}` into {form}, because IPv6 is gone once the network is made again"
    )


def whose(program: Program, path: str) -> str:
    return f"its Compose file {path} is {program.name}'s"


def defined_by(network: Network, found: Found) -> tuple[str, str, str]:
    """Project, key, and path of the Compose file that makes a network; the path is empty where nothing tells it."""
    project = network.labels.get(docker_objects.COMPOSE_PROJECT, "")
    members = [
        container
        for container in found.all_containers
        if project and container.labels.get(docker_objects.COMPOSE_PROJECT) == project
    ]
    paths = [path for container in members for path in compose_plan.named_files(container.labels)[:1]]
    return project, network.labels.get(docker_objects.COMPOSE_NETWORK, ""), paths[0] if paths else ""


def unknown_to(network: Network, found: Found, subnet: str) -> str:
    """The file of another project that makes the network, and does not know of its IPv6."""
    project, key, path = defined_by(network, found)
    names = [
        container.name
        for container in found.all_containers
        if container.labels.get(docker_objects.COMPOSE_PROJECT) == project
    ]
    how = f", or name {names[0]} in dms_ipv6_containers as well, and it is written there" if names else ""
    return (
        f"network {network.name} is made by {path or 'a file'} of Compose project {project}, which does not know of"
        f" IPv6 yet: put `{lines(key, subnet)}` there{how}"
    )


def shared(plan: Plan, projects: Collection[str], found: Found) -> Iterator[str]:
    """Who else is on a network that a plan replaces, if they are not all of the projects that it is for."""
    gone = {step.name for step in plan.steps if isinstance(step, network_steps.RemoveNetwork)}
    for network in found.networks:
        members = (
            [container for container in found.all_containers if container.endpoint(network.name)]
            if network.name in gone
            else []
        )
        if {*map(_project, members)} - {*projects} or len({*map(_project, members)}) > 1:
            on_it = ", ".join(f"{container.name} ({_project(container) or 'no project'})" for container in members)
            yield f"network {network.name} is replaced with all containers on it, of other projects too: {on_it}"


def _project(container: Container) -> str:
    return container.labels.get(docker_objects.COMPOSE_PROJECT, "")
