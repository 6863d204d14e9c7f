# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names of images, as Docker's reference grammar has them."""

from __future__ import annotations

import pytest
from ansible_collections.dms.ipv6.plugins.module_utils.core.refused import Refused
from ansible_collections.dms.ipv6.plugins.module_utils.engine import image_name

DIGEST = "sha256:" + "0a" * 32


@pytest.mark.parametrize(
    ("text", "name", "version", "found_by"),
    [
        ("whoami", "whoami", "latest", "whoami:latest"),
        ("traefik/whoami", "traefik/whoami", "latest", "traefik/whoami:latest"),
        ("traefik/whoami:v1.11.0", "traefik/whoami", "v1.11.0", "traefik/whoami:v1.11.0"),
        ("registry.corp/whoami", "registry.corp/whoami", "latest", "registry.corp/whoami:latest"),
        ("registry.corp:5000/whoami", "registry.corp:5000/whoami", "latest", "registry.corp:5000/whoami:latest"),
        ("registry.corp:5000/a/b/c:1.10", "registry.corp:5000/a/b/c", "1.10", "registry.corp:5000/a/b/c:1.10"),
        ("localhost:5000/whoami:1", "localhost:5000/whoami", "1", "localhost:5000/whoami:1"),
        ("Registry.Corp/whoami:1", "Registry.Corp/whoami", "1", "Registry.Corp/whoami:1"),
        ("[2001:2::5]:5000/whoami:1", "[2001:2::5]:5000/whoami", "1", "[2001:2::5]:5000/whoami:1"),
        (f"x@{DIGEST}", "x", DIGEST, f"x@{DIGEST}"),
        (f"x:tag@{DIGEST}", "x", DIGEST, f"x@{DIGEST}"),
        (f"registry.corp:5000/x:tag@{DIGEST}", "registry.corp:5000/x", DIGEST, f"registry.corp:5000/x@{DIGEST}"),
        ("a__b/c-_.d".replace("-_.", "--"), "a__b/c--d", "latest", "a__b/c--d:latest"),
        ("x:_UPPER.1-2", "x", "_UPPER.1-2", "x:_UPPER.1-2"),
        (DIGEST, "", "latest", DIGEST),
    ],
)
def test_names(text: str, name: str, version: str, found_by: str) -> None:
    found = image_name.parse(text)
    assert (found.name, found.version, str(found)) == (name, version, found_by)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " x",
        "x ",
        "X",
        "x:",
        "x:.tag",
        "x:" + "t" * 129,
        "x@sha256:123",
        "x@",
        "a//b",
        "a/",
        "/a",
        "a..b",
        "a___b",
        "registry.corp:port/x",
        "http://registry.corp/x",
        "x:1:2",
        "x?all=1",
        "x\n",
        "../x",
        "x" * 256,
        "é",
        f"sha256:{'0' * 64}@{DIGEST}x",
    ],
)
def test_what_is_none(text: str) -> None:
    with pytest.raises(Refused, match="is not a name of an image"):
        image_name.parse(text)
