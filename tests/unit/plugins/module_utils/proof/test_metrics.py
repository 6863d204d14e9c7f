# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A proof as Prometheus reads it, to the byte."""

from __future__ import annotations

import datetime

from ansible_collections.dms.ipv6.plugins.module_utils.core import verdict
from ansible_collections.dms.ipv6.plugins.module_utils.proof import metrics

NOW = datetime.datetime(2026, 11, 26, 2, 0, tzinfo=datetime.timezone.utc)
PASSED = """\
# HELP dms_ipv6_proof_timestamp_seconds When other hosts last probed this one.
# TYPE dms_ipv6_proof_timestamp_seconds gauge
dms_ipv6_proof_timestamp_seconds 1795658400
# HELP dms_ipv6_proof_result 1 for what the last proof amounts to.
# TYPE dms_ipv6_proof_result gauge
dms_ipv6_proof_result{expect="real",result="passed"} 1
dms_ipv6_proof_result{expect="real",result="failed"} 0
dms_ipv6_proof_result{expect="real",result="not verified"} 0
# HELP dms_ipv6_proof_probes Probes of the last proof, by what clients got.
# TYPE dms_ipv6_proof_probes gauge
dms_ipv6_proof_probes{family="ipv4",verdict="real"} 1
dms_ipv6_proof_probes{family="ipv6",verdict="real"} 2
"""


def test_a_proof() -> None:
    probes = [{"family": family, "verdict": "real"} for family in ("ipv6", "ipv4", "ipv6")]
    proof = verdict.proof([*probes, verdict.silent("far")], NOW)
    assert metrics.text(proof, NOW.timestamp()) == PASSED


def test_no_host_could_probe() -> None:
    text = metrics.text(verdict.proof([verdict.silent("far")], NOW, "refused"), NOW.timestamp())
    assert 'dms_ipv6_proof_result{expect="refused",result="not verified"} 1\n' in text
    assert "dms_ipv6_proof_probes{" not in text


def test_what_a_probe_host_says_is_one_label() -> None:
    hostile = {"family": 'ipv6"} 1\nup{x="', "verdict": "a\\b"}
    text = metrics.text(verdict.proof([hostile], NOW), NOW.timestamp())
    assert text.splitlines()[-1] == r'dms_ipv6_proof_probes{family="ipv6\"} 1\nup{x=\"",verdict="a\\b"} 1'
