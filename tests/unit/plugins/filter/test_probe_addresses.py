# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter probe_addresses."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.dms.ipv6.plugins.filter.probe_addresses import FilterModule

probe_addresses = FilterModule().filters()["probe_addresses"]


def test_addresses() -> None:
    reported = {"ipv6": "::1", "ipv4": "198.18.7.2"}
    assert probe_addresses(reported) == {"ipv4": "198.18.7.2"}
    assert probe_addresses(reported, {"ipv6": "mail"}, None) == {"ipv6": "mail", "ipv4": "198.18.7.2"}
    assert probe_addresses(reported, None, "2001:2::5", False) == {"ipv6": "2001:2::5"}


def test_no_dict() -> None:
    with pytest.raises(AnsibleFilterError, match="dms_ipv6_probe_addresses: '::1' is not a dictionary"):
        probe_addresses({}, "::1")
