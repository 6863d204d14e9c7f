# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An IPv6 network written into Compose files, in the user's own text. What is not fully understood is never written."""

from __future__ import annotations

import difflib
import ipaddress
import re
import typing as t
from dataclasses import dataclass

from ..core import ip
from ..core.refused import Refused
from ..state import definitions
from . import files, yaml_text
from .yaml_text import Document, Tagged

if t.TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .files import Data, Path

# Docker's own name of the driver, and two ways to leave the choice to it.
BRIDGES = ("", "default", "bridge")
# How a network gets IPv6 that no file is edited for.
LIVE_WAY = "leave dms_ipv6_attach and dms_ipv6_compose_shape at their defaults, which replace the live network"
# Below `networks:` a key with x- is one of the user's own, which Compose passes over.
KEY = re.compile(r"(?!x-)[A-Za-z0-9_.-]+")


@dataclass(frozen=True)
class DefaultNetwork:
    """IPv6 on the project's own network ``default``."""

    subnet: str


@dataclass(frozen=True)
class NamedNetwork:
    """An IPv6 network next to those that some services have.

    Attributes:
        key: of the network in the file.
        subnet: its IPv6 prefix.
        services: that get it; one without networks is given ``default`` too, which it was on until then. Without any
            the network has to be in the file, and those on it stay there.
        name: of the real network; empty: Compose makes one from the project's name and the key.
    """

    key: str
    subnet: str
    services: tuple[str, ...]
    name: str = ""


@dataclass(frozen=True)
class ExternalNetwork:
    """A network that exists in place of the project's network ``default``."""

    name: str


Wanted = t.Union[DefaultNetwork, NamedNetwork, ExternalNetwork]


def edit(text: str, wanted: Wanted, where: str) -> str:
    """The text of a Compose file with the network wanted; the same text if it says so already.

    Raises:
        Refused: the file is not understood, or the network cannot be had in it; nothing was changed.
    """
    document = files.read(text, where)
    files.refuse_without_services([document])
    return _write(document, (), wanted)


def override(base: str, text: str | None, wanted: Wanted, where: str) -> str:
    """The text of compose.override.yaml that gives the network wanted when Compose merges it over the base.

    Args:
        base: the text of the Compose file, which stays as it is.
        text: of the override file; None if there is none.
        wanted: the network.
        where: the override file; faults of the base are named as those of "the Compose file".

    Raises:
        Refused: a file is not understood, or the network cannot be had that way; nothing was changed.
    """
    below = files.read(base, "the Compose file")
    document = files.read(text or "", where)
    files.refuse_without_services([below, document])
    return _write(document, (below,), wanted)


def edit_among(texts: Sequence[tuple[str, str]], path: str, wanted: Wanted, worked_out: files.Project | None) -> str:
    """The text of one of the files that Compose merges, which makes all of them together say what is wanted.

    Args:
        texts: pairs of path and text, in the order in which Compose merges them.
        path: of the one that is edited. Those behind it say nothing of the network.
        wanted: the network.
        worked_out: what Compose makes of the files as they are, None if it did not run.

    Raises:
        Refused: a file is not understood, or the network cannot be had that way; nothing was changed.
    """
    documents = tuple(files.read(text, where) for where, text in texts)
    files.refuse_without_services(documents)
    at = [where for where, _text in texts].index(path)
    return _write(documents[at], documents[:at], wanted, documents[at + 1 :], worked_out)


def _write(
    document: Document,
    below: tuple[Document, ...],
    wanted: Wanted,
    above: tuple[Document, ...] = (),
    worked_out: files.Project | None = None,
) -> str:
    """The text of one of some files that makes all of them together say what is wanted."""
    _refuse_unusable(wanted)
    before = files.merged((*below, document, *above))
    before.worked_out = worked_out
    services, networks = _changes(before, wanted)
    want = _joined(document, services)
    for key, entry in networks.items():
        if not yaml_text.same(entry, before.networks.get(key)):
            want = _with(want, ("networks", key), _entry(document, key, entry, before.networks.get(key, {})))
    if yaml_text.same(want, document.data):
        return document.text
    if below and not document.root and "version" in below[0].data:
        # Compose 1.29 merges only files of the same version.
        want = {"version": below[0].data["version"], **want}
    like = below[0] if below and not document.root else document
    newline = "\r\n" if "\r\n" in like.text else "\n"
    text = yaml_text.sync(document, want, yaml_text.style(like), newline)
    after = files.merged((*below, yaml_text.read(text, document.where), *above))
    expected = _memberships(before, services), {**before.networks, **networks}
    if not all(map(yaml_text.same, expected, (_memberships(after, {}), after.networks))):
        raise Refused("Compose would not merge it so that it says what is wanted", document.where, "Use edit: file")
    return text


def _refuse_unusable(wanted: Wanted) -> None:
    """Raise Refused for what cannot be written into any file."""
    key = wanted.key if isinstance(wanted, NamedNetwork) else files.DEFAULT
    if not KEY.fullmatch(key):
        raise Refused(f"'{key}' is not a valid key of a network", "key", "Use letters, digits, _, . and -")
    name = "" if isinstance(wanted, DefaultNetwork) else wanted.name
    if not definitions.NAME.fullmatch(name) and (name or isinstance(wanted, ExternalNetwork)):
        raise Refused(f"'{name}' is not a valid name of a network", "name", "Use letters, digits, _, . and -")
    if isinstance(wanted, NamedNetwork) and wanted.key == files.DEFAULT:
        raise Refused("`default` is the project's own network", "key", "Choose another key")
    if not isinstance(wanted, ExternalNetwork):
        ip.subnet(wanted.subnet)


def _changes(view: files.View, wanted: Wanted) -> tuple[dict[str, list[str]], dict[str, Data]]:
    """The networks that services are to be on in addition, and the entries of networks as they shall be."""
    if isinstance(wanted, NamedNetwork):
        if not wanted.services and wanted.key not in view.networks:
            raise Refused("without services Compose would not make the network", "services", "Name at least one")
        services = {name: _missing(view, name, wanted.key) for name in wanted.services}
        return services, {wanted.key: _dual_stack(view, wanted.key, wanted.subnet, wanted.name)}
    users = [name for name, service in view.services.items() if _uses_default(service)]
    if not users and not view.partial:
        remedy = f"Use a network with a key of its own, and name the services, or {LIVE_WAY}"
        view.fail(("services",), "no service is on the project's default network", remedy)
    if isinstance(wanted, DefaultNetwork):
        return {}, {files.DEFAULT: _dual_stack(view, files.DEFAULT, wanted.subnet, "")}
    return {}, {files.DEFAULT: _outside(view, wanted.name)}


def _uses_default(service: Data) -> bool:
    return not service.get("network_mode") and (service["networks"] is None or files.DEFAULT in service["networks"])


def _missing(view: files.View, name: str, key: str) -> list[str]:
    """The networks that a service needs in its list."""
    service = view.services.get(name)
    if service is None:
        near = difflib.get_close_matches(name, view.services, n=1)
        known = ", ".join(sorted(view.services)) or "none"
        hint = f"; did you mean `{near[0]}`" if near else ""
        view.fail(("services",), f"there is no service `{name}` (there is: {known}){hint}", "Correct the name")
    mode = files.as_text(service.get("network_mode"))
    if mode:
        problem = f"the service `{name}` runs with network_mode {mode}, so no network can be added to it"
        view.fail(("services", name, "network_mode"), problem, "Take it out of the list of services")
    if service["networks"] is None:
        if view.partial and any(document.holds(("services", name, "extends")) for document in view.documents):
            problem = f"the service `{name}` extends another, whose networks it may have"
            view.fail(("services", name, "extends"), problem, "Write `networks:` into the service itself")
        return [files.DEFAULT, key]
    return [] if key in service["networks"] else [key]


def _dual_stack(view: files.View, key: str, subnet: str, name: str) -> Data:
    """The entry of a network with IPv6 and the subnet; everything else in it stays."""
    entry = view.networks.get(key, {})
    _refuse_unfit(view, key, entry)
    path: Path = ("networks", key)
    known = files.as_text(entry.get("name"))
    if name and known not in ("", name):
        view.fail((*path, "name"), f"the network `{key}` is named {known}, not {name}", "Choose another key")
    state = entry.get("enable_ipv6")
    if state is not None and files.truth(state) is None:
        _refuse_text(view, key, files.as_text(state))
    else:
        state = True if files.truth(state) is not True else state
    named = {"name": name} if name and not known else {}
    result = {**named, **entry, "enable_ipv6": state}
    if not _has_subnet(view, key, entry, subnet):
        result["ipam"] = {**(entry.get("ipam") or {}), "config": [*files.ipam_config(entry), {"subnet": subnet}]}
    return result


def _refuse_text(view: files.View, key: str, text: str) -> None:
    """Raise Refused if ``enable_ipv6`` is not a boolean, unless Compose makes true of its variable."""
    worked_out = view.worked_out.networks.get(key) if view.worked_out else None
    if "$" in text and worked_out and worked_out.enable_ipv6:
        return
    path: Path = ("networks", key, "enable_ipv6")
    if "$" in text:
        remedy = f"Set {' and '.join(files.lines_of_env(text, 'true'))} in .env, or {LIVE_WAY}"
        view.fail(path, f'`enable_ipv6` is the text "{text}", whose value is not the file\'s to say', remedy)
    problem = f'`enable_ipv6` is the text "{text}", which not every Compose takes as a boolean'
    view.fail(path, problem, "Write true, without quotes, or remove the line")


def _refuse_unfit(view: files.View, key: str, entry: Data) -> None:
    """Raise Refused for a network that cannot carry published ports over IPv6, or is not made by the file."""
    path: Path = ("networks", key)
    external, name = files.external(entry)
    if external:
        problem = f"the network `{key}` is external ({name or key}): the file does not say how it is made"
        view.fail((*path, "external"), problem, f"Enable IPv6 on that network itself: {LIVE_WAY}")
    driver = files.as_text(entry.get("driver"))
    if driver not in BRIDGES:
        problem = f"the network `{key}` has the driver {driver}; ports are published over IPv6 on bridge networks only"
        view.fail((*path, "driver"), problem, "Use a bridge network")
    if files.truth(entry.get("internal")):
        problem = f"the network `{key}` is internal: no port is published on it"
        view.fail((*path, "internal"), problem, "Use a network that is not internal")


def _has_subnet(view: files.View, key: str, entry: Data, subnet: str) -> bool:
    """Whether the network has the subnet; another IPv6 subnet is refused, because a bridge takes only one."""
    found = False
    for index, config in enumerate(files.ipam_config(entry)):
        written = files.as_text(config.get("subnet"))
        text = _value(view, key, written)
        path = ("networks", key, "ipam", "config", index)
        version = files.ip_version(text)
        if text and version is None:
            view.fail(path, f"the subnet `{text}` may be IPv4 or IPv6", "Write it out")
        if version == 6:
            found = "$" not in text and ipaddress.ip_network(text, strict=False) == ipaddress.ip_network(subnet)
            if not found:
                problem = f"the network `{key}` has the IPv6 subnet {text}, and a bridge takes only one"
                lines = " and ".join(files.lines_of_env(written, subnet))
                remedy = f"Set {lines} in .env, or {LIVE_WAY}" if lines else "Change or remove it"
                view.fail(path, problem, remedy)
    return found


def _value(view: files.View, key: str, text: str) -> str:
    """What Compose makes of the text of a subnet, or the text itself if that is not known."""
    worked_out = view.worked_out.networks.get(key) if view.worked_out else None
    written = [files.as_text(entry.get("subnet")) for entry in files.ipam_config(view.networks[key])]
    return files.worked_out(written, worked_out).get(text, text)


def _outside(view: files.View, name: str) -> Data:
    """The entry of the network ``default`` for an external network."""
    entry = view.networks.get(files.DEFAULT, {})
    path: Path = ("networks", files.DEFAULT)
    external = entry.get("external")
    other = [key for key in entry if key not in ("name", "external") and not key.startswith("x-")]
    if other:
        problem = f"the default network sets {', '.join(other)}, which an external network cannot"
        view.fail((*path, other[0]), problem, "Remove that first")
    if isinstance(external, dict):
        return {**entry, "external": {**external, "name": name}}
    if external is not None and files.truth(external) is None:
        problem = f'`external` is the text "{files.as_text(external)}", which not every Compose takes as a boolean'
        view.fail((*path, "external"), problem, "Write true, without quotes, or remove the line")
    if external is None and not entry.get("name"):
        return {"name": name, "external": True, **{key: value for key, value in entry.items() if key.startswith("x-")}}
    return {**entry, "name": name, "external": external if files.truth(external) else True}


# --- how it is written into one of the files


def _with(data: t.Any, path: Sequence[str], value: t.Any) -> t.Any:
    """Data with another value at the end of a path; nothing of what was given is changed."""
    if not path:
        return value
    return {**(data or {}), path[0]: _with((data or {}).get(path[0]), path[1:], value)}


def _refuse_tagged(document: Document, path: Sequence[str]) -> t.Any:
    """The value at the end of a path, None if there is none. One with a tag on the way is not edited."""
    value: t.Any = document.data
    for index, step in enumerate(path):
        value = value.get(step) if value else None
        if isinstance(value, Tagged):
            problem = f"`{step}` carries the tag {value.tag}, which is not edited"
            document.fail_at(tuple(path[: index + 1]), problem, "Make the change there yourself")
    return value


def _joined(document: Document, services: Mapping[str, list[str]]) -> Data:
    """The document's data with more networks for services, in the syntax that each service uses."""
    want = document.data
    for name, new in services.items():
        path = ("services", name, "networks")
        own = _refuse_tagged(document, path) if new else None
        if new:
            more = {**own, **dict.fromkeys(new)} if own and isinstance(own, dict) else [*(own or ()), *new]
            want = _with(want, path, more)
    return want


def _entry(document: Document, key: str, entry: Data, before: Data) -> Data:
    """What the document has to say of a network so that it is as wanted.

    A network that is in other files only is written down whole: Compose 1.29 takes the last file's entry alone, and
    later ones lose subnets that only the first file has.
    """
    own = _refuse_tagged(document, ("networks", key))
    if not own:
        return {name: value for name, value in entry.items() if not name.startswith("x-")}
    result = dict(own)
    for name, value in entry.items():
        if name == "ipam" and not yaml_text.same(value, before.get(name)):
            _refuse_tagged(document, ("networks", key, "ipam", "config"))
            ipam = own.get("ipam") or {}
            config = [
                *(ipam.get("config") or files.ipam_config(before)),
                *value["config"][len(files.ipam_config(before)) :],
            ]
            result["ipam"] = {**ipam, "config": config}
        elif not yaml_text.same(value, before.get(name)):
            result[name] = value
    return result


def _memberships(view: files.View, more: Mapping[str, list[str]]) -> dict[str, Data | None]:
    """The networks of each service, and those that are to come."""
    had = {name: service["networks"] for name, service in view.services.items()}
    return {**had, **{name: {**(had[name] or {}), **dict.fromkeys(new)} for name, new in more.items()}}
