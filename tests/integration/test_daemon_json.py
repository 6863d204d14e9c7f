# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Malformed files, given to ourselves and to real dockerds: what we refuse and they take, or the other way round."""

from __future__ import annotations

import base64
import json

import pytest
from ansible_collections.dms.ipv6.plugins.module_utils.core.refused import Refused
from ansible_collections.dms.ipv6.plugins.module_utils.daemon import json_text

from lab import engines
from tests.integration.lab_host import Host
from tests.unit.plugins.module_utils.malformed import MALFORMED

# Reads base64 texts from standard input, one a line, and prints dockerd's exit code for each.
JUDGE = """
import base64, subprocess, sys
for line in sys.stdin:
    with open("/run/judged.json", "wb") as file:
        file.write(base64.b64decode(line))
    done = subprocess.run(["dockerd", "--validate", "--config-file", "/run/judged.json"], capture_output=True)
    print(done.returncode)
"""


@pytest.mark.parametrize("name", engines.each(word="validate"))
def test_dockerd_and_we_agree(hosts: dict[str, Host], name: str) -> None:
    """Whatever dockerd refuses, we refuse; where we are stricter, it is listed."""
    host = hosts[name]
    host.run(f"cat > /run/judge.py <<'END'\n{JUDGE}\nEND")
    texts = "\n".join(base64.b64encode(case.raw).decode() for case in MALFORMED)
    codes = host.run(f"python3 /run/judge.py <<'END'\n{texts}\nEND").split()
    assert len(codes) == len(MALFORMED)
    stricter = []
    for case, code in zip(MALFORMED, codes, strict=True):
        with pytest.raises(Refused):
            json_text.read(json_text.decode(case.raw, "daemon.json"), "daemon.json")
        if code == "0":
            stricter.append(f"{case.group}: {case.raw[:60]!r}")
    print(f"\n{name}: {len(codes)} malformed files refused; dockerd takes {len(stricter)} of them:")
    print("\n".join(f"  {one}" for one in stricter))
    assert len(stricter) < len(codes) / 4


def test_the_audit_works_with_a_file_that_cannot_be_understood(bookworm: Host) -> None:
    bookworm.run("printf '{\"debug\": true,}' > /etc/docker/daemon.json")
    try:
        result = bookworm.direct("docker_ipv6_info")
    finally:
        bookworm.run("rm /etc/docker/daemon.json")
    assert not result["failed"]
    assert [one["id"] for one in result["findings"] if one["id"] == "daemon_json_invalid"]
    assert "line 1, column 15" in json.dumps(result["findings"])
