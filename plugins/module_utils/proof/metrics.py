# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A proof as Prometheus reads it from a file, for a watch over its age and its result."""

from __future__ import annotations

import collections
import typing as t

from ..core import verdict as core_verdict

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

RESULTS = (core_verdict.PASSED, core_verdict.FAILED, core_verdict.NOT_VERIFIED)


def text(proof: Mapping[str, t.Any], now: float) -> str:
    """The file of a proof.

    Args:
        proof: as core_verdict.proof() makes it.
        now: when it was made, in seconds since 1970.
    """
    results = [({"expect": proof["expect"], "result": result}, int(result == proof["result"])) for result in RESULTS]
    got = collections.Counter((probe["family"], probe["verdict"]) for probe in proof["probes"] if probe["family"])
    probes = [({"family": family, "verdict": verdict}, count) for (family, verdict), count in sorted(got.items())]
    return "".join(
        [
            _metric("proof_timestamp_seconds", "When other hosts last probed this one.", [({}, round(now))]),
            _metric("proof_result", "1 for what the last proof amounts to.", results),
            _metric("proof_probes", "Probes of the last proof, by what clients got.", probes),
        ]
    )


def _metric(name: str, words: str, samples: Iterable[tuple[dict[str, str], int]]) -> str:
    head = f"# HELP dms_ipv6_{name} {words}\n# TYPE dms_ipv6_{name} gauge\n"
    return head + "".join(f"dms_ipv6_{name}{_labels(labels)} {value}\n" for labels, value in samples)


def _labels(labels: Mapping[str, str]) -> str:
    # What a probe says comes from another host, so it may hold anything.
    escaped = {name: value.translate({92: r"\\", 34: r"\"", 10: r"\n"}) for name, value in labels.items()}
    return "{" + ",".join(f'{name}="{value}"' for name, value in escaped.items()) + "}" if escaped else ""
