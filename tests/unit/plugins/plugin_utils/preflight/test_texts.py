# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values of the right type that no host could take."""

from __future__ import annotations

import typing as t
from pathlib import Path

import ansible_collections.dms.ipv6 as checkout
import pytest
import yaml
from ansible_collections.dms.ipv6.plugins.plugin_utils.preflight import texts

DEFAULTS = yaml.safe_load((Path(checkout.__path__[0]) / "roles/dms_ipv6/defaults/main.yml").read_text())


def fault(name: str, value: t.Any) -> str:
    return texts.fault(f"dms_ipv6_{name}", value, DEFAULTS[f"dms_ipv6_{name}"])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("subnet", "fd5c:1ab0:7e57:1::/64"),
        ("subnet", "auto"),
        ("address_pool", "auto"),
        ("fleet_prefix", "fd5c:1ab0:7e57::/48"),
        ("network", "mail_six.v6-2"),
        ("probe_image", "/srv/images/whoami.tar"),
        ("probe_image", "registry.example:5000/whoami:1"),
        ("metrics_path", "/var/lib/node_exporter/dms.prom"),
        ("confirm_reach", "[fd00::1]:443"),
        ("addresses", {"mail": "2001:2:0:1::25"}),
        ("probe_addresses", {"ipv6": "mail.example.com"}),
        ("containers", ["mail", "0f3a9c", "shop-web-1", "a.b_c"]),
        ("containers", "masked"),
        ("compose_files", ["/srv/mail/compose.yaml"]),
        ("allow_exposure", ["all", "25/tcp", "mail:53/udp"]),
        ("resolvers", ["192.168.1.1", "fe80::1%eth0"]),
        ("gai_conf_prefixes", ["fd5c:1ab0:7e57::/48"]),
        ("interface", "whatever"),
    ],
)
def test_a_value_that_can_be(name: str, value: t.Any) -> None:
    assert fault(name, value) == ""


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("subnet", "fd00::/129", "'fd00::/129' is not a CIDR"),
        ("subnet", "", "'' is not a CIDR"),
        ("subnet", "fd5c:1ab0:7e57:1::5/64", "has host bits set. Did you mean fd5c:1ab0:7e57:1::/64"),
        ("subnet", "10.0.0.0/8", "10.0.0.0/8 is IPv4"),
        ("subnet", 7, "'7' is not a CIDR"),
        ("address_pool", "2001:db8::/56", "reserved for documentation"),
        ("fleet_prefix", "fd5c:1ab0:7e57:1::/64", "is not a /48"),
        ("network", "", "'' is not a name that Docker takes"),
        ("network", "my net", "'my net' is not a name that Docker takes"),
        ("network", "-six", "'-six' is not a name"),
        ("probe_image", "Upper", "is not a name of an image"),
        ("metrics_path", "dms.prom", "'dms.prom' is not an absolute path"),
        ("confirm_reach", "monitor", "it is not HOST:PORT"),
        ("confirm_reach", "monitor:70000", "it is not HOST:PORT"),
        ("addresses", {"mail": "25"}, "'25' is not an IPv6 address"),
        ("probe_addresses", {"v6": "::1"}, "'v6' is not a family. Use ipv4 and ipv6"),
        ("containers", ["mail", "a b"], "'a b' is neither the name nor the id of a container"),
        ("containers", [""], "'' is neither"),
        ("compose_files", ["compose.yaml"], "'compose.yaml' is not an absolute path"),
        ("allow_exposure", [25], "'25' is none of `all`, `25/tcp`, `mail:25/tcp`"),
        ("resolvers", ["dns.example.com"], "'dns.example.com' is not an address"),
        ("gai_conf_prefixes", ["fe80::/10"], "fe80::/10 is neither a ULA nor global"),
    ],
)
def test_a_value_that_cannot_be(name: str, value: t.Any, words: str) -> None:
    """It is named as the user has set it."""
    found = fault(name, value)
    assert found.startswith(f"dms_ipv6_{name}: ") and words in found
    assert found.endswith(".")


def test_every_check_is_of_a_variable_that_exists() -> None:
    assert {*texts.WHOLE, *texts.EACH} <= {*DEFAULTS}
