# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compose files: what they say of networks, and an IPv6 network written into the user's own text.

A file that is not fully understood is refused with line and column; it is never written.
"""

from __future__ import annotations

import difflib
import ipaddress
import re
import typing as t
from dataclasses import dataclass, field

from ..core import ip
from ..core.refused import Refused
from . import yaml_text
from .yaml_text import Document, Raw, Tagged

if t.TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

AVAILABLE = yaml_text.AVAILABLE
DEFAULT = "default"
# Docker's own name of the driver, and two ways to leave the choice to it.
BRIDGES = ("", "default", "bridge")
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
# Below `networks:` a key with x- is one of the user's own, which Compose passes over.
KEY = re.compile(r"(?!x-)[A-Za-z0-9_.-]+")
# ${NAME:-value}, ${NAME-value} and, without a value, ${NAME} and $NAME
VARIABLE = re.compile(r"\$\{\w+(?:(?::?-)(?P<value>[^{}]*)|(?!\w)[^{}]*)\}|\$\w+")
YES_NO = {"yes": True, "on": True, "y": True, "no": False, "off": False, "n": False}
RESET, OVERRIDE = "!reset", "!override"

Data = dict[str, t.Any]
Path = tuple[t.Union[str, int], ...]


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
        services: that get it; one without networks is given ``default`` too, which it was on until then.
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


@dataclass(frozen=True)
class Service:
    """What a service says of networks.

    Attributes:
        networks: key -> options of each network, numbers as text; None if the service names none, so is on ``default``.
        network_mode: empty if not given.
        ports: as in the file; the long syntax is put into the short one.
    """

    networks: Mapping[str, t.Any] | None
    network_mode: str
    ports: list[str]


@dataclass(frozen=True)
class Net:
    """A network of the file.

    Attributes:
        name: of the real network; empty if Compose makes one from the project's name and the key.
        subnets: as in the file, both families.
    """

    name: str
    external: bool
    enable_ipv6: bool
    subnets: tuple[str, ...]
    driver: str
    internal: bool


@dataclass(frozen=True)
class Project:
    """What the files of a project say together.

    Attributes:
        name: the top-level key; empty if not given.
        networks: those that are written down; ``default`` is there without it too.
    """

    name: str
    services: dict[str, Service]
    networks: dict[str, Net]


@dataclass
class _View:
    """Services and networks of several files, merged; the values as in the files."""

    documents: tuple[Document, ...]
    name: str = ""
    services: dict[str, Data] = field(default_factory=dict)
    networks: dict[str, Data] = field(default_factory=dict)
    partial: bool = False

    def fail(self, path: Path, problem: str, remedy: str) -> t.NoReturn:
        """Raise Refused with the place in the last file that has it."""
        holding = [document for document in self.documents if document.holds(path)] or list(self.documents)
        holding[-1].fail_at(path, problem, remedy)


def edit(text: str, wanted: Wanted, where: str) -> str:
    """The text of a Compose file with the network wanted; the same text if it says so already.

    Raises:
        Refused: the file is not understood, or the network cannot be had in it; nothing was changed.
    """
    document = _read(text, where)
    _refuse_without_services([document])
    return _write(document, (), wanted)


def override(base: str, text: str | None, wanted: Wanted, where: str) -> str:
    """The text of compose.override.yaml that gives the network wanted when Compose merges it over the base.

    Args:
        base: the text of the Compose file, which stays as it is.
        text: of the override file; None if there is none.
        wanted: the network.
        where: the override file; faults of the base are told as those of "the Compose file".

    Raises:
        Refused: a file is not understood, or the network cannot be had that way; nothing was changed.
    """
    below = _read(base, "the Compose file")
    document = _read(text or "", where)
    _refuse_without_services([below, document])
    return _write(document, (below,), wanted)


def project(texts: Sequence[tuple[str, str]]) -> Project:
    """What Compose files say of networks.

    Args:
        texts: pairs of path and text, in the order in which Compose merges them.

    Raises:
        Refused: one of them is not understood, or none has services.
    """
    documents = [_read(text, where) for where, text in texts]
    _refuse_without_services(documents)
    view = _merged(documents)
    services = {
        name: Service(_strings(service["networks"]), _text(service.get("network_mode")), service["ports"])
        for name, service in view.services.items()
    }
    return Project(view.name, services, {key: _net(key, entry) for key, entry in view.networks.items()})


def explicit_ipv4_ports(project: Project) -> list[tuple[str, str]]:
    """Pairs of service and port published on an IPv4 address by name, so never on IPv6."""
    return [(name, port) for name, service in project.services.items() for port in service.ports if _on_ipv4(port)]


def _on_ipv4(port: str) -> bool:
    host, colon, _rest = _filled(port).partition(":")
    return bool(colon) and re.fullmatch(r"[0-9]+(?:\.[0-9]+){3}", host) is not None


def _filled(text: str) -> str:
    """Text with the variables replaced by their defaults; one without a default stays."""
    return VARIABLE.sub(lambda found: found.group() if found["value"] is None else found["value"], text)


def _strings(value: t.Any) -> t.Any:
    """A value with the text of numbers and dates, which is what an address may look like."""
    if isinstance(value, dict):
        return {key: _strings(below) for key, below in value.items()}
    if isinstance(value, list):
        return [_strings(below) for below in value]
    return value.text if isinstance(value, Raw) else value


def _text(value: t.Any) -> str:
    if value is None or isinstance(value, bool):
        return {None: "", True: "true", False: "false"}[value]
    return str(value)


# --- what a file says


def _read(text: str, where: str) -> Document:
    """A text as a document whose parts that we look at have the types they must have."""
    document = yaml_text.read(text, where)
    for key, service in _mapping_at(document, ("services",), document.data.get("services", {}), False).items():
        path: Path = ("services", key)
        known = _mapping_at(document, path, service, False)
        _typed(document, (*path, "networks"), known.get("networks"), (dict, list, type(None)))
        _typed(document, (*path, "ports"), known.get("ports"), (list, type(None)))
    for key, network in _mapping_at(document, ("networks",), document.data.get("networks"), True).items():
        if key.startswith("x-"):
            continue
        path = ("networks", key)
        ipam = _mapping_at(document, (*path, "ipam"), _mapping_at(document, path, network, True).get("ipam"), True)
        path = (*path, "ipam", "config")
        config = _open(ipam.get("config"))
        _typed(document, path, config, (list, type(None)))
        for index, item in enumerate(config or ()):
            _typed(document, (*path, index), item, (dict,))
    return document


def _open(value: t.Any) -> t.Any:
    """A value without its tag; what ``!reset`` takes away is None."""
    if isinstance(value, Tagged):
        return None if value.tag == RESET else value.value
    return value


def _resets(value: t.Any) -> bool:
    """Whether a value takes the one in the files before away."""
    return isinstance(value, Tagged) and value.tag == RESET


def _replaces(value: t.Any) -> bool:
    """Whether a value takes the place of the one in the files before, instead of being merged with it."""
    return _resets(value) or (isinstance(value, Tagged) and value.tag == OVERRIDE)


def _mapping_at(document: Document, path: Path, value: t.Any, empty: bool) -> Data:
    """The value of a path, which must be a mapping; ``empty``: or nothing."""
    _typed(document, path, value, (dict, type(None)) if empty or _resets(value) else (dict,))
    value = _open(value)
    return value or {}


def _typed(document: Document, path: Path, value: t.Any, kinds: tuple[type, ...]) -> None:
    value = _open(value)
    if not isinstance(value, kinds):
        words = {dict: "a mapping", list: "a list", type(None): "nothing"}
        allowed = " or ".join(words[kind] for kind in kinds if kind in (dict, list))
        found = words.get(type(value), "a single value")  # which one may be secret
        place = f"entry {path[-1] + 1} of `{path[-2]}`" if isinstance(path[-1], int) else f"`{path[-1]}`"
        document.fail_at(path, f"{place} must be {allowed}; found is {found}")


def _refuse_without_services(documents: Sequence[Document]) -> None:
    if not any("services" in document.data for document in documents):
        documents[0].fail_at(("services",), "`services` is missing: this is no Compose file, or one of 2014")


def _merged(documents: Sequence[Document]) -> _View:
    """What Compose (2.24 and later) makes of the files, as far as networks go."""
    view = _View(tuple(documents))
    for document in documents:
        data = document.data
        view.name = _text(_open(data.get("name"))) or view.name
        view.partial = view.partial or "include" in data
        for name, service in (_open(data.get("services")) or {}).items():
            view.services[name] = _merged_service(view.services.get(name, {}), _open(service) or {})
            view.partial = view.partial or "extends" in (_open(service) or {})
        if _replaces(data.get("networks")):
            view.networks = {}
        for key, network in (_open(data.get("networks")) or {}).items():
            if not key.startswith("x-"):
                view.networks[key] = _merged_network(view.networks.get(key, {}), network)
    return view


def _merged_service(base: Data, over: Data) -> Data:
    base = {key: value for key, value in base.items() if not _replaces(over.get(key))}
    names: t.Any = _open(over.get("networks"))
    names = {_text(name): None for name in names} if isinstance(names, list) else _opened(names)
    ports = [_port(one) for one in _open(over.get("ports")) or ()]
    return {
        "networks": _deep(base.get("networks") or {}, names or {}) or None,
        "ports": list(dict.fromkeys([*base.get("ports", ()), *ports])),
        "network_mode": _open(over.get("network_mode", base.get("network_mode"))),
    }


def _merged_network(base: Data, over: t.Any) -> Data:
    result: Data = _deep(base, over) or {}
    ipam = None if _replaces(over) else (_open(over) or {}).get("ipam")
    config = None if _replaces(ipam) else (_open(ipam) or {}).get("config")
    old, new = (base.get("ipam") or {}).get("config"), _opened(config)
    if isinstance(old, list) and isinstance(new, list) and not _replaces(config):
        result["ipam"] = {**result["ipam"], "config": _merged_ipam(old, new)}
    return result


def _merged_ipam(base: list[Data], over: list[Data]) -> list[Data]:
    """The ``config`` that Compose makes of two, by its own odd rule: what only the base has is lost.

    An entry of the base takes over what it is merged with, wherever it stands already: with two of them the result
    may have one subnet twice. That is how Compose does it, so it is done here; nothing is written that needs it.
    """
    result: list[Data] = []
    for old in map(dict, base):
        for new in over:
            if new.get("subnet") not in [old.get("subnet"), *(one.get("subnet") for one in result)]:
                result.append(new)
                continue
            old.update(new)
            places = [index for index, one in enumerate(result) if one.get("subnet") == old.get("subnet")]
            if places:
                result[places[0]] = old
            else:
                result.append(old)
    return result


def _deep(base: t.Any, over: t.Any) -> t.Any:
    """Two values merged: mappings key by key, lists one behind the other, anything else replaced."""
    if _replaces(over):
        return _opened(over)
    over = _open(over)
    if isinstance(base, dict) and isinstance(over, dict):
        keys = [key for key in {**base, **over} if not _resets(over.get(key))]
        return {key: _deep(base.get(key), over.get(key)) for key in keys}
    if isinstance(base, list) and isinstance(over, list):
        return base + [one for one in _opened(over) if one not in base]
    return base if over is None else _opened(over)


def _opened(value: t.Any) -> t.Any:
    """A value without any tags in it; what ``!reset`` takes away is not there."""
    value = _open(value)
    if isinstance(value, dict):
        return {key: _opened(one) for key, one in value.items() if not _resets(one)}
    return [_opened(one) for one in value] if isinstance(value, list) else value


def _port(value: t.Any) -> str:
    """A port in the short syntax."""
    value = _opened(value)
    if not isinstance(value, dict):
        return _text(value)
    host, published, target = (_text(value.get(key)) for key in ("host_ip", "published", "target"))
    protocol = _text(value.get("protocol"))
    address = (f"[{host}]:" if ":" in host else f"{host}:") if host else ""
    middle = f"{published}:" if published or host else ""
    return f"{address}{middle}{target}" + (f"/{protocol}" if protocol not in ("", "tcp") else "")


def _net(key: str, entry: Data) -> Net:
    external, name = _external(entry)
    return Net(
        name or (key if external else ""),
        external,
        _truth(entry.get("enable_ipv6")) is True,
        tuple(_text(one["subnet"]) for one in _config(entry) if one.get("subnet")),
        _text(entry.get("driver")),
        _truth(entry.get("internal")) is True,
    )


def _external(entry: Data) -> tuple[bool, str]:
    """Whether a network is external, and its name; the old ``external: {name: x}`` counts."""
    external = entry.get("external")
    if isinstance(external, dict):
        return True, _text(external.get("name"))
    return _truth(external) is True, _text(entry.get("name"))


def _truth(value: t.Any) -> bool | None:
    """A boolean, also in the words of YAML 1.1; None for what Compose 1.29 refuses."""
    return YES_NO.get(value.text.lower()) if isinstance(value, Raw) else value if isinstance(value, bool) else None


def _config(entry: Data) -> list[Data]:
    return t.cast("list[Data]", (entry.get("ipam") or {}).get("config") or [])


# --- what it shall say


def _write(document: Document, below: tuple[Document, ...], wanted: Wanted) -> str:
    """The text of the last of some files that makes all of them together say what is wanted."""
    _refuse_unusable(wanted)
    before = _merged((*below, document))
    services, networks = _changes(before, wanted)
    want = _joined(document, before, services)
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
    after = _merged((*below, yaml_text.read(text, document.where)))
    expected = _memberships(before, services), {**before.networks, **networks}
    if not all(map(yaml_text.same, expected, (_memberships(after, {}), after.networks))):
        raise Refused("Compose would not merge it so that it says what is wanted", document.where, "Use edit: file")
    return text


def _refuse_unusable(wanted: Wanted) -> None:
    """Raise Refused for what cannot be written into any file."""
    key = wanted.key if isinstance(wanted, NamedNetwork) else DEFAULT
    if not KEY.fullmatch(key):
        raise Refused(f"'{key}' is no key of a network", "key", "Use letters, digits, _, . and -")
    name = "" if isinstance(wanted, DefaultNetwork) else wanted.name
    if not NAME.fullmatch(name) and (name or isinstance(wanted, ExternalNetwork)):
        raise Refused(f"'{name}' is no name of a network", "name", "Use letters, digits, _, . and -")
    if isinstance(wanted, NamedNetwork) and wanted.key == DEFAULT:
        raise Refused("`default` is the project's own network", "key", "Choose another key")
    if isinstance(wanted, NamedNetwork) and not wanted.services:
        raise Refused("without services Compose would not make the network", "services", "Name at least one")
    if not isinstance(wanted, ExternalNetwork):
        ip.subnet(wanted.subnet)


def _changes(view: _View, wanted: Wanted) -> tuple[dict[str, list[str]], dict[str, Data]]:
    """The networks that services are to be on in addition, and the entries of networks as they shall be."""
    if isinstance(wanted, NamedNetwork):
        services = {name: _missing(view, name, wanted.key) for name in wanted.services}
        return services, {wanted.key: _dual_stack(view, wanted.key, wanted.subnet, wanted.name)}
    users = [name for name, one in view.services.items() if _uses_default(one)]
    if not users and not view.partial:
        remedy = "Use a network with a key of its own, and name the services"
        view.fail(("services",), "no service is on the project's default network", remedy)
    if isinstance(wanted, DefaultNetwork):
        return {}, {DEFAULT: _dual_stack(view, DEFAULT, wanted.subnet, "")}
    return {}, {DEFAULT: _outside(view, wanted.name)}


def _uses_default(service: Data) -> bool:
    return not service.get("network_mode") and (service["networks"] is None or DEFAULT in service["networks"])


def _missing(view: _View, name: str, key: str) -> list[str]:
    """The networks that a service needs in its list."""
    service = view.services.get(name)
    if service is None:
        near = difflib.get_close_matches(name, view.services, n=1)
        known = ", ".join(sorted(view.services)) or "none"
        hint = f"; did you mean `{near[0]}`" if near else ""
        view.fail(("services",), f"there is no service `{name}` (there is: {known}){hint}", "Correct the name")
    mode = _text(service.get("network_mode"))
    if mode:
        problem = f"the service `{name}` runs with network_mode {mode}, so no network can be added to it"
        view.fail(("services", name, "network_mode"), problem, "Take it out of the list of services")
    if service["networks"] is None:
        if view.partial and any(document.holds(("services", name, "extends")) for document in view.documents):
            problem = f"the service `{name}` extends another, whose networks it may have"
            view.fail(("services", name, "extends"), problem, "Write `networks:` into the service itself")
        return [DEFAULT, key]
    return [] if key in service["networks"] else [key]


def _dual_stack(view: _View, key: str, subnet: str, name: str) -> Data:
    """The entry of a network with IPv6 and the subnet; everything else in it stays."""
    entry = view.networks.get(key, {})
    _refuse_unfit(view, key, entry)
    path: Path = ("networks", key)
    known = _text(entry.get("name"))
    if name and known not in ("", name):
        view.fail((*path, "name"), f"the network `{key}` is named {known}, not {name}", "Choose another key")
    state = entry.get("enable_ipv6")
    if state is not None and _truth(state) is None:
        problem = f'`enable_ipv6` is the text "{_text(state)}", which is no boolean to every Compose'
        view.fail((*path, "enable_ipv6"), problem, "Write true, without quotes, or remove the line")
    named = {"name": name} if name and not known else {}
    result = {**named, **entry, "enable_ipv6": True if _truth(state) is not True else state}
    if not _has_subnet(view, key, entry, subnet):
        result["ipam"] = {**(entry.get("ipam") or {}), "config": [*_config(entry), {"subnet": subnet}]}
    return result


def _refuse_unfit(view: _View, key: str, entry: Data) -> None:
    """Raise Refused for a network that cannot carry published ports over IPv6, or is not made by the file."""
    path: Path = ("networks", key)
    external, name = _external(entry)
    if external:
        problem = f"the network `{key}` is external ({name or key}): the file does not say how it is made"
        view.fail((*path, "external"), problem, "Enable IPv6 on that network itself")
    driver = _text(entry.get("driver"))
    if driver not in BRIDGES:
        problem = f"the network `{key}` has the driver {driver}; ports are published over IPv6 on bridge networks only"
        view.fail((*path, "driver"), problem, "Use a bridge network")
    if _truth(entry.get("internal")):
        problem = f"the network `{key}` is internal: no port is published on it"
        view.fail((*path, "internal"), problem, "Use a network that is not internal")


def _has_subnet(view: _View, key: str, entry: Data, subnet: str) -> bool:
    """Whether the network has the subnet; another IPv6 subnet is refused, as a bridge takes only one."""
    found = False
    for index, one in enumerate(_config(entry)):
        text = _text(one.get("subnet"))
        path = ("networks", key, "ipam", "config", index)
        version = _version(text)
        if text and version is None:
            view.fail(path, f"the subnet `{text}` may be IPv4 or IPv6", "Write it out")
        if version == 6:
            found = "$" not in text and ipaddress.ip_network(text, strict=False) == ipaddress.ip_network(subnet)
            if not found:
                problem = f"the network `{key}` has the IPv6 subnet {text}, and a bridge takes only one"
                view.fail(path, problem, "Change or remove it")
    return found


def _version(subnet: str) -> int | None:
    """4 or 6, also of a subnet with variables in it if the rest is enough to say."""
    text = _filled(subnet)
    try:
        return ipaddress.ip_network(text, strict=False).version
    except ValueError:
        rest = VARIABLE.sub("", text)
        return 6 if ":" in rest else 4 if "." in rest else None


def _outside(view: _View, name: str) -> Data:
    """The entry of the network ``default`` for an external network."""
    entry = view.networks.get(DEFAULT, {})
    path: Path = ("networks", DEFAULT)
    external = entry.get("external")
    other = [key for key in entry if key not in ("name", "external") and not key.startswith("x-")]
    if other:
        problem = f"the default network sets {', '.join(other)}, which an external network cannot"
        view.fail((*path, other[0]), problem, "Remove that first")
    if isinstance(external, dict):
        return {**entry, "external": {**external, "name": name}}
    if external is not None and _truth(external) is None:
        problem = f'`external` is the text "{_text(external)}", which is no boolean to every Compose'
        view.fail((*path, "external"), problem, "Write true, without quotes, or remove the line")
    if external is None and not entry.get("name"):
        return {"name": name, "external": True, **{key: one for key, one in entry.items() if key.startswith("x-")}}
    return {**entry, "name": name, "external": external if _truth(external) else True}


# --- how it is written into one of the files


def _with(data: t.Any, path: Sequence[str], value: t.Any) -> t.Any:
    """Data with another value at the end of a path; nothing of what was given is changed."""
    if not path:
        return value
    return {**(data or {}), path[0]: _with((data or {}).get(path[0]), path[1:], value)}


def _refuse_tagged(document: Document, path: Sequence[str]) -> t.Any:
    """The value at the end of a path, None if there is none. One with a tag on the way is not ours to edit."""
    value: t.Any = document.data
    for index, step in enumerate(path):
        value = value.get(step) if value else None
        if isinstance(value, Tagged):
            problem = f"`{step}` carries the tag {value.tag}, which is not edited"
            document.fail_at(tuple(path[: index + 1]), problem, "Make the change there yourself")
    return value


def _joined(document: Document, before: _View, services: Mapping[str, list[str]]) -> Data:
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
            config = [*(ipam.get("config") or _config(before)), *value["config"][len(_config(before)) :]]
            result["ipam"] = {**ipam, "config": config}
        elif not yaml_text.same(value, before.get(name)):
            result[name] = value
    return result


def _memberships(view: _View, more: Mapping[str, list[str]]) -> dict[str, Data | None]:
    """The networks of each service, and those that are to come."""
    had = {name: service["networks"] for name, service in view.services.items()}
    return {**had, **{name: {**(had[name] or {}), **dict.fromkeys(new)} for name, new in more.items()}}
