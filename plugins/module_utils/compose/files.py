# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Compose files say of networks, alone and together.

A file that is not fully understood is refused with line and column.
"""

from __future__ import annotations

import ipaddress
import re
import typing as t
from dataclasses import dataclass, field

from . import yaml_text
from .yaml_text import Document, Raw, Tagged

if t.TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

AVAILABLE = yaml_text.AVAILABLE
DEFAULT = "default"
# ${NAME:-value}, ${NAME-value} and, without a value, ${NAME} and $NAME
VARIABLE = re.compile(r"\$\{\w+(?:(?::?-)(?P<value>[^{}]*)|(?!\w)[^{}]*)\}|\$\w+")
TRUE = {"true": True, "yes": True, "on": True, "y": True}
YES_NO = {"yes": True, "on": True, "y": True, "no": False, "off": False, "n": False}
NAME_OF_VARIABLE = re.compile(r"\$\{?(?P<name>\w+)")
RESET, OVERRIDE = "!reset", "!override"

Data = dict[str, t.Any]
Path = tuple[t.Union[str, int], ...]


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
        variable: what stands for ``enable_ipv6`` if that is a variable; ``enable_ipv6`` is its default then.
    """

    name: str
    external: bool
    enable_ipv6: bool
    subnets: tuple[str, ...]
    driver: str
    internal: bool
    variable: str = ""

    @property
    def has_variables(self) -> bool:
        """Whether only Compose can say what becomes of it."""
        return bool(self.variable) or any("$" in text for text in (self.name, *self.subnets))


@dataclass(frozen=True)
class Project:
    """What the files of a project say together.

    Attributes:
        name: the top-level key; empty if not given.
        networks: those that are written down; ``default`` is there without it too.
        partial: whether other files are brought in, so that these do not say all.
    """

    name: str
    services: dict[str, Service]
    networks: dict[str, Net]
    partial: bool = False


@dataclass
class View:
    """Services and networks of several files, merged; the values as in the files.

    Attributes:
        worked_out: what Compose makes of the values, None if it did not run.
    """

    documents: tuple[Document, ...]
    name: str = ""
    services: dict[str, Data] = field(default_factory=dict)
    networks: dict[str, Data] = field(default_factory=dict)
    partial: bool = False
    worked_out: Project | None = None

    def fail(self, path: Path, problem: str, remedy: str) -> t.NoReturn:
        """Raise Refused with the place in the last file that has it."""
        holding = [document for document in self.documents if document.holds(path)] or list(self.documents)
        holding[-1].fail_at(path, problem, remedy)


def project(texts: Sequence[tuple[str, str]]) -> Project:
    """What Compose files say of networks.

    Args:
        texts: pairs of path and text, in the order in which Compose merges them.

    Raises:
        Refused: one of them is not understood, or none has services.
    """
    documents = [read(text, where) for where, text in texts]
    refuse_without_services(documents)
    view = merged(documents)
    services = {
        name: Service(_strings(service["networks"]), as_text(service.get("network_mode")), service["ports"])
        for name, service in view.services.items()
    }
    networks = {key: _net(key, entry) for key, entry in view.networks.items()}
    return Project(view.name, services, networks, view.partial)


def explicit_ipv4_ports(project: Project) -> list[tuple[str, str]]:
    """Pairs of service and port published on an IPv4 address by name, so never on IPv6."""
    return [(name, port) for name, service in project.services.items() for port in service.ports if _on_ipv4(port)]


def _on_ipv4(port: str) -> bool:
    host, colon, _rest = filled(port).partition(":")
    return bool(colon) and re.fullmatch(r"[0-9]+(?:\.[0-9]+){3}", host) is not None


def filled(text: str) -> str:
    """Text with the variables replaced by their defaults; one without a default stays."""
    return VARIABLE.sub(lambda found: found.group() if found["value"] is None else found["value"], text)


def lines_of_env(text: str, value: str) -> list[str]:
    """The line of .env by which a text with one variable in it becomes the value; none if no line does that."""
    names = list(NAME_OF_VARIABLE.finditer(text))
    found = VARIABLE.search(text)
    if len(names) != 1 or not found:
        return []
    before, behind = text[: found.start()], text[found.end() :]
    if not value.startswith(before) or not value.endswith(behind) or len(value) <= len(before) + len(behind):
        return []
    return [f"{names[0]['name']}={value[len(before) : len(value) - len(behind)]}"]


def worked_out(written: Sequence[str], net: Net | None) -> dict[str, str]:
    """Subnets as they are written -> what Compose makes of them; nothing where that is not known."""
    return dict(zip(written, net.subnets)) if net and len(written) == len(net.subnets) else {}


def ip_version(subnet: str) -> int | None:
    """4 or 6, also of a subnet with variables in it if the rest is enough to say."""
    text = filled(subnet)
    try:
        return ipaddress.ip_network(text, strict=False).version
    except ValueError:
        rest = VARIABLE.sub("", text)
        return 6 if ":" in rest else 4 if "." in rest else None


def _strings(value: t.Any) -> t.Any:
    """A value with the text of numbers and dates, which is what an address may look like."""
    if isinstance(value, dict):
        return {key: _strings(below) for key, below in value.items()}
    if isinstance(value, list):
        return [_strings(below) for below in value]
    return value.text if isinstance(value, Raw) else value


def as_text(value: t.Any) -> str:
    if value is None or isinstance(value, bool):
        return {None: "", True: "true", False: "false"}[value]
    return str(value)


# --- what a file says


def read(text: str, where: str) -> Document:
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


def refuse_without_services(documents: Sequence[Document]) -> None:
    if not any("services" in document.data for document in documents):
        documents[0].fail_at(("services",), "`services` is missing: this is not a Compose file, or one of 2014")


def merged(documents: Sequence[Document]) -> View:
    """What Compose (2.24 and later) makes of the files, as far as networks go."""
    view = View(tuple(documents))
    for document in documents:
        data = document.data
        view.name = as_text(_open(data.get("name"))) or view.name
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
    names = {as_text(name): None for name in names} if isinstance(names, list) else _opened(names)
    ports = [_port(entry) for entry in _open(over.get("ports")) or ()]
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
            if new.get("subnet") not in [old.get("subnet"), *(config.get("subnet") for config in result)]:
                result.append(new)
                continue
            old.update(new)
            places = [index for index, config in enumerate(result) if config.get("subnet") == old.get("subnet")]
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
        return base + [entry for entry in _opened(over) if entry not in base]
    return base if over is None else _opened(over)


def _opened(value: t.Any) -> t.Any:
    """A value without any tags in it; what ``!reset`` takes away is not there."""
    value = _open(value)
    if isinstance(value, dict):
        return {key: _opened(item) for key, item in value.items() if not _resets(item)}
    return [_opened(item) for item in value] if isinstance(value, list) else value


def _port(value: t.Any) -> str:
    """A port in the short syntax."""
    value = _opened(value)
    if not isinstance(value, dict):
        return as_text(value)
    host, published, target = (as_text(value.get(key)) for key in ("host_ip", "published", "target"))
    protocol = as_text(value.get("protocol"))
    address = (f"[{host}]:" if ":" in host else f"{host}:") if host else ""
    middle = f"{published}:" if published or host else ""
    return f"{address}{middle}{target}" + (f"/{protocol}" if protocol not in ("", "tcp") else "")


def _net(key: str, entry: Data) -> Net:
    is_external, name = external(entry)
    state = entry.get("enable_ipv6")
    variable = state if isinstance(state, str) and "$" in state else ""
    return Net(
        name or (key if is_external else ""),
        is_external,
        (TRUE.get(filled(variable).lower()) if variable else truth(state)) is True,
        tuple(as_text(config["subnet"]) for config in ipam_config(entry) if config.get("subnet")),
        as_text(entry.get("driver")),
        truth(entry.get("internal")) is True,
        variable,
    )


def external(entry: Data) -> tuple[bool, str]:
    """Whether a network is external, and its name; the old ``external: {name: x}`` counts."""
    value = entry.get("external")
    if isinstance(value, dict):
        return True, as_text(value.get("name"))
    return truth(value) is True, as_text(entry.get("name"))


def truth(value: t.Any) -> bool | None:
    """A boolean, also in the words of YAML 1.1; None for what Compose 1.29 refuses."""
    return YES_NO.get(value.text.lower()) if isinstance(value, Raw) else value if isinstance(value, bool) else None


def ipam_config(entry: Data) -> list[Data]:
    return t.cast("list[Data]", (entry.get("ipam") or {}).get("config") or [])
