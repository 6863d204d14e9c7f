# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts with an engine from a static bundle, in the places and with the units that Docker's own packages have."""

from __future__ import annotations

import hashlib
import io
import tarfile
from pathlib import Path
from typing import IO, Any

from lab.base import LabError, image_dir, locked, timed
from lab.engines import Bundle

PROGRAMS = ("dockerd", "containerd", "containerd-shim-runc-v2", "runc", "docker-proxy", "docker-init", "docker", "ctr")
# Packed loosely: its purpose is to be unpacked at once.
PACK = f"""
for program in {" ".join(PROGRAMS)}; do
  path=$(command -v $program) || exit 1
  set -- "$@" "$path"
done
tar -chP --transform 's,.*/,docker/,' "$@" | gzip -1
"""
# containerd is a service of its own there, and dockerd is started for the first that opens its socket.
UNITS = {
    "containerd.service": """[Unit]
Description=containerd container runtime
Documentation=https://containerd.io
After=network.target local-fs.target dbus.service
[Service]
ExecStartPre=-/sbin/modprobe overlay
ExecStart=/usr/bin/containerd
Type=notify
Delegate=yes
KillMode=process
Restart=always
RestartSec=5
LimitNPROC=infinity
LimitCORE=infinity
TasksMax=infinity
OOMScoreAdjust=-999
[Install]
WantedBy=multi-user.target
""",
    "docker.socket": """[Unit]
Description=Docker Socket for the API
[Socket]
ListenStream=/run/docker.sock
SocketMode=0660
SocketUser=root
SocketGroup=docker
[Install]
WantedBy=sockets.target
""",
    "docker.service": """[Unit]
Description=Docker Application Container Engine
Documentation=https://docs.docker.com
After=network-online.target nss-lookup.target docker.socket firewalld.service containerd.service time-set.target
Wants=network-online.target containerd.service
Requires=docker.socket
StartLimitBurst=3
StartLimitIntervalSec=60
[Service]
Type=notify
ExecStart=/usr/bin/dockerd -H fd:// --containerd=/run/containerd/containerd.sock
ExecReload=/bin/kill -s HUP $MAINPID
TimeoutStartSec=0
RestartSec=2
Restart=always
LimitNPROC=infinity
LimitCORE=infinity
TasksMax=infinity
Delegate=yes
KillMode=process
OOMScoreAdjust=-500
[Install]
WantedBy=multi-user.target
""",
}
CONTAINERD_CONFIG = 'disabled_plugins = ["cri"]\n'
# With nftables dockerd does not switch forwarding on, and does not start without it. The option is a flag, so that
# a test that rewrites daemon.json, or removes an administrator's drop-ins, keeps the engine that it is about.
NFTABLES = {
    "etc/sysctl.d/80-docker.conf": "net.ipv4.ip_forward = 1\n",
    "usr/lib/systemd/system/docker.service.d/firewall-backend.conf": (
        "[Service]\nExecStartPre=/usr/sbin/sysctl -q -w net.ipv4.ip_forward=1\nExecStart=\n"
        "ExecStart=/usr/bin/dockerd -H fd:// --containerd=/run/containerd/containerd.sock --firewall-backend=nftables\n"
    ),
}
# The first place where the docker command looks for all users' plugins.
COMPOSE = "usr/local/lib/docker/cli-plugins/docker-compose"


def image_script() -> str:
    """What an image has so that only the programs are missing; for mmdebstrap's hook."""
    files = {f"usr/lib/systemd/system/{name}": text for name, text in UNITS.items()}
    files["etc/containerd/config.toml"] = CONTAINERD_CONFIG
    lines = ["echo 'g docker -' | chroot \"$1\" systemd-sysusers -"]
    for name, text in files.items():
        lines += [f'mkdir -p "$1/{Path(name).parent}"', f"cat > \"$1/{name}\" <<'EOF'\n{text}EOF"]
    lines.append(f'chroot "$1" systemctl enable {" ".join(UNITS)}')
    return "\n".join(lines) + "\n"


def unpacked(bundle: Bundle) -> Path:
    """The programs as an archive for the root of a host, made once."""
    if not bundle.path.is_file():
        raise LabError(f"{bundle.path}: there is no such file")
    with locked("bundle"):
        with bundle.path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()[:12]
        path = image_dir() / f"engine-{bundle.version}-{digest}.tar"
        if not path.exists():
            image_dir().mkdir(parents=True, exist_ok=True)
            with timed(f"engine {bundle.version}: unpacking {bundle.path.name}"):
                partial = path.with_suffix(".partial")
                try:
                    _convert(bundle.path, partial)
                    partial.rename(path)
                finally:
                    partial.unlink(missing_ok=True)
    return path


def _convert(source: Path, target: Path) -> None:
    missing = set(PROGRAMS)
    try:
        with tarfile.open(source, "r|gz") as old, tarfile.open(target, "w") as new:
            for member in old:
                folder, _slash, name = member.name.removeprefix("./").rpartition("/")
                content = old.extractfile(member) if folder == "docker" and member.isfile() else None
                if content is not None and name in missing:
                    missing.remove(name)
                    _add(new, f"usr/bin/{name}", content, member.size)
    except (tarfile.TarError, EOFError, OSError) as error:
        raise LabError(f"{source}: no archive as Docker publishes it: {error}") from error
    if missing:
        raise LabError(f"{source}: docker/{', docker/'.join(sorted(missing))} is missing: no bundle as Docker has it")


def _add(archive: tarfile.TarFile, name: str, content: IO[bytes], size: int, mode: int = 0o755) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = size, mode
    archive.addfile(entry, content)


def put_engine(container: Any, bundle: Bundle) -> None:
    """Put the programs, and what a variant needs, into a host that was not started yet."""
    with unpacked(bundle).open("rb") as archive:
        container.put_archive("/", archive)
    if bundle.nftables:
        container.put_archive("/", _packed({name: text.encode() for name, text in NFTABLES.items()}, 0o644))


def put_compose(container: Any, path: Path) -> None:
    """Put a Compose into a host, as a plugin of the docker command; it is found before the release's own."""
    container.put_archive("/", _packed({COMPOSE: path.read_bytes()}, 0o755))


def _packed(files: dict[str, bytes], mode: int) -> bytes:
    """An archive of these files and the folders that they are in."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for name, content in files.items():
            _add(archive, name, io.BytesIO(content), len(content), mode)
    return packed.getvalue()


def pack(container: Any, name: str, target: Path) -> None:
    """Make a bundle of the programs that a running host has; it does where that host's libraries are."""
    done = container.exec_run(["sh", "-c", PACK], stderr=False)
    if done.exit_code:
        raise LabError(f"{name}: its engine cannot be packed: one of {', '.join(PROGRAMS)} is not there")
    partial = target.with_suffix(".partial")
    partial.write_bytes(done.output)
    partial.rename(target)
