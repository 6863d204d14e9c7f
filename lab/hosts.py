# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's hosts: containers that run systemd and a Docker of their own."""

from __future__ import annotations

import io
import json
import tarfile
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from lab import bundles, engines, leftovers, mail
from lab.base import IMAGE_LABEL, LABEL, LabError, locked, say, state_dir, timed
from lab.engine import Engine
from lab.images import ensure_image, ensure_tar
from lab.inventory import Host, Lab
from lab.networks import Segment, ensure_network, free_numbers, network_name
from lab.responder import WHOAMI, whoami_archive

WORKERS = 8
BOOT_SECONDS = 120
# One command that waits inside: starting a command in a container costs far more than anything that it does here.
WAIT = f"""
until test -S /run/docker.sock; do sleep 0.2; done
until docker version >/dev/null 2>&1; do sleep 0.3; done
docker image inspect --format '{{{{.Id}}}}' {WHOAMI} 2>/dev/null || true
"""
ENGINE_LABEL = f"{LABEL}.engine"
OWN = "of its release"
ARCHIVE_IN_HOST = "/opt/dms-lab/whoami.tar"


def up(engine: Engine, lab: Lab) -> None:
    """Bring the lab into the state that the inventory names; what is there already is left alone."""
    client = engine.client()
    recipes = {host.recipe.tag: host.recipe for host in lab.hosts}
    # Two at a time: one build downloads while the other unpacks.
    in_parallel(lambda wanted: ensure_image(engine.client(), wanted), recipes.values(), workers=2)
    if any(host.mail for host in lab.hosts):
        ensure_tar(mail.RECIPE)
    # What is wrong with a file is said before there is a container.
    for bundle in {host.engine for host in lab.hosts if host.engine}:
        bundles.unpacked(bundle)
    archive = whoami_archive() if any(host.runs_docker for host in lab.hosts) else None
    with locked("networks"):
        for segment in lab.segments:
            ensure_network(client, lab.name, segment)
        _raise_limits(client, lab)
        created = _create_missing(client, lab)
    begin = time.monotonic()
    in_parallel(lambda host: _bring_up(engine, host, archive), lab.hosts)
    what = f"lab {lab.name}: {len(lab.hosts)} hosts ({len(created)} new) on {engine.url}"
    say(f"{what}, answering after {time.monotonic() - begin:.1f} s")


def in_parallel(work: Callable[[Any], None], items: Iterable[Any], workers: int = WORKERS) -> None:
    """Do the same for many at once; all are tried, then the first error is raised."""
    with ThreadPoolExecutor(workers) as pool:
        tasks = [pool.submit(work, item) for item in items]
    errors = [error for task in tasks if (error := task.exception()) is not None]
    if errors:
        for error in errors[1:]:
            say(f"also: {error}")
        raise errors[0]


def _create_missing(client: Any, lab: Lab) -> list[Host]:
    """Create the containers that are not there, each with an address of its own that a restart keeps."""
    existing = {item.name: item for item in client.containers.list(all=True, filters={"label": f"{LABEL}={lab.name}"})}
    for host in lab.hosts:
        if host.container in existing:
            _check_recipe(existing[host.container], host)
    missing = [host for host in lab.hosts if host.container not in existing]
    if not missing:
        return []
    free = {segment: free_numbers(client, lab.name, segment) for segment in lab.segments}
    info = client.info()
    for host in missing:
        endpoints = {segment: _endpoint(client, free[segment], host, segment) for segment in host.segments}
        _create(client, host, endpoints, info)
    return missing


def _check_recipe(container: Any, host: Host) -> None:
    have = container.attrs["Config"]["Image"]
    if have != host.recipe.tag:
        say(
            f"warning: {host.container} runs {have}, the inventory and the code now say {host.recipe.tag}: "
            "`down` and `up` to renew it"
        )
    label, wanted = container.labels.get(ENGINE_LABEL, ""), _engine_label(host)
    if label != wanted:
        say(f"warning: {host.container} has the engine {label or OWN}, and {wanted or OWN} is wanted: as above")


def _engine_label(host: Host) -> str:
    return host.engine.title if host.engine else ""


def _endpoint(client: Any, segment: Segment, host: Host, name: str) -> Any:
    if not segment.numbers:
        raise LabError(f"segment {name} of lab {host.lab} is full (240 hosts): use a second segment")
    number = segment.numbers.pop(0)
    return client.api.create_endpoint_config(
        ipv4_address=str(segment.v4[number]), aliases=[host.name], ipv6_address=str(segment.v6[int(str(number), 16)])
    )


def _create(client: Any, host: Host, endpoints: dict[str, Any], info: dict[str, Any]) -> None:
    first, *others = host.segments
    options = client.api.create_host_config(
        network_mode=network_name(host.lab, first),
        dns=["127.0.0.1"],
        sysctls={"net.ipv6.conf.all.disable_ipv6": "0", "net.ipv6.conf.default.disable_ipv6": "0"},
        security_opt=_security(info),
        **(_machine_options(host, info) if host.runs_docker else {"cap_add": ["NET_ADMIN"]}),
    )
    # What the command line calls systempaths=unconfined; the SDK has no word for it.
    options.update(MaskedPaths=[], ReadonlyPaths=[])
    client.api.create_container(
        host.recipe.tag,
        hostname=host.name,
        name=host.container,
        host_config=options,
        labels={LABEL: host.lab, f"{LABEL}.host": host.name, ENGINE_LABEL: _engine_label(host)},
        stop_signal="SIGRTMIN+3" if host.runs_docker else None,
        volumes=["/var/lib/docker", "/var/lib/containerd"] if host.runs_docker else None,
        networking_config={"EndpointsConfig": {network_name(host.lab, first): endpoints[first]}},
    )
    for segment in others:
        _connect(client, host, segment, endpoints[segment])
    _put_programs(client, host)


def _put_programs(client: Any, host: Host) -> None:
    """What was given by hand, before the host is started."""
    container = client.containers.get(host.container)
    if host.engine:
        bundles.put_engine(container, host.engine)
    compose = engines.compose()
    if compose and host.runs_docker and not host.bare:
        bundles.put_compose(container, compose)


def _connect(client: Any, host: Host, segment: str, endpoint: dict[str, Any]) -> None:
    addresses = endpoint["IPAMConfig"]
    client.api.connect_container_to_network(
        host.container,
        network_name(host.lab, segment),
        aliases=[host.name],
        ipv4_address=addresses["IPv4Address"],
        ipv6_address=addresses["IPv6Address"],
    )


def _security(info: dict[str, Any]) -> list[str]:
    options = ["seccomp=unconfined"]
    if any("name=apparmor" in option for option in info.get("SecurityOptions") or []):
        options.append("apparmor=unconfined")
    return options


def _machine_options(host: Host, info: dict[str, Any]) -> dict[str, Any]:
    """What systemd and dockerd need. Not `privileged`: that takes CAP_SYS_RESOURCE, which not every machine has."""
    binds = [f"{_cgroup_tree(host, info)}:/sys/fs/cgroup:rw"]
    if Path("/lib/modules").is_dir():
        binds.append("/lib/modules:/lib/modules:ro")
    return {
        "cap_add": ["ALL"],
        "cap_drop": ["SYS_RESOURCE"],
        "device_cgroup_rules": ["a *:* rwm"],
        "tmpfs": {"/run": "", "/run/lock": "", "/tmp": ""},
        "binds": binds,
        # The host's tree is mounted, so the paths in /proc/PID/cgroup must be the host's as well.
        "cgroupns": "host",
    }


def _cgroup_tree(host: Host, info: dict[str, Any]) -> Path:
    """On a hybrid machine systemd ≥ 258 (sid) finds its way only in the v2 tree; on a v2 machine there is one tree."""
    hybrid = str(info.get("CgroupVersion", "1")) == "1" and (leftovers.CGROUPS / "unified").is_dir()
    return leftovers.CGROUPS / "unified" if hybrid and host.release == "sid" else leftovers.CGROUPS


def _bring_up(engine: Engine, host: Host, archive: tuple[Path, str] | None) -> None:
    client = engine.client()
    container = client.containers.get(host.container)
    if container.status != "running":
        container.start()
    if host.runs_docker and archive is not None:
        path, image_id = archive
        if _await_docker(container, host) != image_id:
            _load_whoami(container, host, path)
    if host.mail:
        mail.load(container, host.container)
    client.close()


def _await_docker(container: Any, host: Host) -> str:
    """Wait until the host's engine answers; returns the id of the whoami image that it has, or nothing."""
    answer = container.exec_run(["timeout", str(BOOT_SECONDS), "sh", "-c", WAIT])
    if answer.exit_code == 0:
        return str(answer.output.decode().strip())
    container.reload()
    if container.status != "running":
        tail = container.logs(tail=30).decode(errors="replace")
        raise LabError(f"{host.container} stopped by itself. Its last words:\n{tail}")
    journal = container.exec_run(["journalctl", "--boot", "--no-pager", "--lines=40"]).output.decode(errors="replace")
    raise LabError(
        f"{host.container}: its Docker did not answer within {BOOT_SECONDS} s. The end of its journal:\n{journal}"
    )


def _load_whoami(container: Any, host: Host, archive: Path) -> None:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        tar.add(archive, arcname=ARCHIVE_IN_HOST.lstrip("/"))
    container.put_archive("/", packed.getvalue())
    done = container.exec_run(["docker", "load", "--input", ARCHIVE_IN_HOST])
    if done.exit_code != 0:
        words = done.output.decode(errors="replace")
        raise LabError(f"{host.container}: docker load {ARCHIVE_IN_HOST} failed:\n{words}")


def _raise_limits(client: Any, lab: Lab) -> None:
    """Every host takes inotify instances and keys of the same few users; some 18 hosts use up the defaults."""
    # Another lab may be going down at this moment.
    running = client.containers.list(all=True, filters={"label": LABEL}, ignore_removed=True)
    count = len({container.name for container in running} | {host.container for host in lab.hosts})
    for name, least in (
        ("fs/inotify/max_user_instances", 12 * count),
        ("kernel/keys/maxkeys", 12 * count),
    ):
        path, note = Path("/proc/sys") / name, state_dir() / "sysctls.json"
        old = int(path.read_text())
        if old >= least:
            continue
        try:
            path.write_text(str(least))
        except OSError:
            say(
                f"warning: {name.replace('/', '.')} is {old}; {count} hosts need {least}: "
                f"run `sysctl -w {name.replace('/', '.')}={least}` as root"
            )
            continue
        before = json.loads(note.read_text()) if note.exists() else {}
        note.write_text(json.dumps({**before, name: before.get(name, old)}))
        say(f"{name.replace('/', '.')}: {old} -> {least} for {count} hosts; `down` puts {before.get(name, old)} back")


def restore_limits() -> None:
    """Put the kernel limits back that a big lab raised."""
    note = state_dir() / "sysctls.json"
    if note.exists():
        for name, old in json.loads(note.read_text()).items():
            (Path("/proc/sys") / name).write_text(str(old))
        note.unlink()


UNPAUSE = "docker ps -q --filter status=paused 2>/dev/null | xargs -r docker unpause"


def down(engine: Engine, lab: str | None) -> None:
    """Remove a lab (None: every lab) with its volumes and networks, by label: the inventory may have changed."""
    client = engine.client()
    label = LABEL if lab is None else f"{LABEL}={lab}"
    containers = client.containers.list(all=True, filters={"label": label})
    with timed(f"removing {'all labs' if lab is None else f'lab {lab}'}: {len(containers)} containers"):
        in_parallel(_remove, containers)
        for network in client.networks.list(filters={"label": label}):
            network.remove()


def _remove(container: Any) -> None:
    # A process that is frozen cannot be killed, so neither can the host that it is on.
    if container.status == "running":
        container.exec_run(["sh", "-c", UNPAUSE])
    container.remove(v=True, force=True)


def labs(engine: Engine) -> dict[str, list[str]]:
    """The labs on this engine with their containers and states."""
    found: dict[str, list[str]] = {}
    for network in engine.client().networks.list(filters={"label": LABEL}):
        found.setdefault(network.attrs["Labels"][LABEL], [])
    for item in engine.client().containers.list(all=True, filters={"label": LABEL}, ignore_removed=True):
        endpoints = item.attrs["NetworkSettings"]["Networks"].values()
        addresses = [
            address for end in endpoints for address in (end["IPAddress"], end["GlobalIPv6Address"]) if address
        ]
        found.setdefault(item.labels[LABEL], []).append(f"{item.name} {item.status} {' '.join(addresses)}")
    return {name: sorted(lines) for name, lines in sorted(found.items())}


def remove_images(engine: Engine) -> None:
    """Remove the imported images; the cached tars stay."""
    client = engine.client()
    for image in client.images.list(filters={"label": IMAGE_LABEL}):
        client.images.remove(image.id, force=True)
