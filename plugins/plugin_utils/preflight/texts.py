# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a value can be what its variable is for: a prefix, an address, a name, a path. The modules' readers judge."""

from __future__ import annotations

import posixpath
import typing as t

from ansible_collections.dms.ipv6.plugins.module_utils.change.io import confirm
from ansible_collections.dms.ipv6.plugins.module_utils.core import ip
from ansible_collections.dms.ipv6.plugins.module_utils.core.refused import Refused
from ansible_collections.dms.ipv6.plugins.module_utils.engine import image_name
from ansible_collections.dms.ipv6.plugins.module_utils.exposure import newly_open
from ansible_collections.dms.ipv6.plugins.module_utils.host import gai_conf
from ansible_collections.dms.ipv6.plugins.module_utils.mail import dns_findings
from ansible_collections.dms.ipv6.plugins.module_utils.network import on_host
from ansible_collections.dms.ipv6.plugins.module_utils.state import definitions

if t.TYPE_CHECKING:
    from collections.abc import Callable, Mapping

FAMILIES = ("ipv4", "ipv6")


def fault(name: str, value: t.Any, default: t.Any) -> str:
    """What is wrong with a value of the right type, in a sentence or two; empty for a value that can be.

    Args:
        name: of the variable.
        value: of the type that the variable has.
        default: of the variable, which is always right.
    """
    if value == default:
        return ""
    try:
        if name in WHOLE:
            WHOLE[name](value if isinstance(value, dict) else str(value))
        if name in EACH and isinstance(value, (list, tuple)):
            for entry in value:
                EACH[name](str(entry))
    except Refused as reason:
        return str(Refused(reason.problem, name, reason.remedy))
    return ""


def _subnet(text: str) -> None:
    if text != "auto":
        ip.subnet(text)


def _network(text: str) -> None:
    if not definitions.NAME.fullmatch(text):
        raise Refused(f"'{text}' is not a name that Docker takes", "", "Use letters, digits, `_`, `.` and `-`")


def _container(text: str) -> None:
    if not definitions.NAME.fullmatch(text):
        raise Refused(f"'{text}' is neither the name nor the id of a container", "", "See `docker ps`")


def _image(text: str) -> None:
    if not posixpath.isabs(text):  # of an archive
        image_name.parse(text)


def _absolute(text: str) -> None:
    if not posixpath.isabs(text):
        raise Refused(f"'{text}' is not an absolute path", "", "Give the whole path on the Docker host")


def _port(text: str) -> None:
    if text != newly_open.ALL and not newly_open.ENTRY.fullmatch(text):
        raise Refused(f"'{text}' is none of `all`, `25/tcp`, `mail:25/tcp`")


def _addresses(values: Mapping[str, str]) -> None:
    """Of containers, by their names."""
    dns_findings.ipv6_addresses(map(str, values.values()), "")


def _by_family(values: Mapping[str, str]) -> None:
    for family in values:
        if family not in FAMILIES:
            raise Refused(f"'{family}' is not a family", "", f"Use {' and '.join(FAMILIES)}")


WHOLE: Mapping[str, Callable[[t.Any], object]] = {
    "dms_ipv6_subnet": _subnet,
    "dms_ipv6_address_pool": _subnet,
    "dms_ipv6_fleet_prefix": on_host.fleet_network,
    "dms_ipv6_network": _network,
    "dms_ipv6_probe_image": _image,
    "dms_ipv6_metrics_path": _absolute,
    "dms_ipv6_confirm_reach": confirm.target_of,
    "dms_ipv6_addresses": _addresses,
    "dms_ipv6_probe_addresses": _by_family,
}
EACH: Mapping[str, Callable[[t.Any], object]] = {
    "dms_ipv6_containers": _container,
    "dms_ipv6_compose_files": _absolute,
    "dms_ipv6_allow_exposure": _port,
    "dms_ipv6_resolvers": lambda text: dns_findings.resolver_addresses([text]),
    "dms_ipv6_gai_conf_prefixes": lambda text: gai_conf.wanted([text]),
}
