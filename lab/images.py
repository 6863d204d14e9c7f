# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's images: built from Debian packages of the machine's own mirror, never pulled from a registry."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from lab.base import IMAGE_LABEL, LabError, find_tool, image_dir, locked, need_tools, run, timed
from lab.bundles import image_script
from lab.engines import HOSTS as RELEASES

# The one place that says which packages an image has.
SYSTEM = ("systemd", "systemd-sysv", "dbus", "procps", "kmod", "iproute2", "iptables", "nftables", "ca-certificates")
PYTHON = ("python3", "python3-apt")  # python3-apt: without it Ansible's apt module tries the network
BUSYBOX = ("busybox-static",)
ENGINE = ("docker.io", "docker-cli")
REMOTE = ("openssh-server",)  # off until a scenario starts it
# Installed by the role where they are missing.
WRITERS = ("python3-docker", "python3-jsonschema", "python3-ruamel.yaml")
DNS = ("python3-dnspython",)
# Brings some of the writers along, so a bare host goes without it.
COMPOSE = ("docker-compose",)
PACKAGES: dict[str, tuple[str, ...]] = {
    "bookworm": (*SYSTEM, *PYTHON, "docker.io", *BUSYBOX, *REMOTE),
    "trixie": (*SYSTEM, *PYTHON, "docker.io", *BUSYBOX, *REMOTE, "docker-cli"),
    "sid": (*SYSTEM, *PYTHON, "docker.io", *BUSYBOX, *REMOTE, "docker-cli"),
    # A client can also be a router, and a controller that comes over SSH.
    "client": ("python3", "iproute2", "iputils-ping", "curl", "procps", "ca-certificates", "radvd", "openssh-client"),
}
SUITES = {"client": "bookworm"}

# Nothing in a host may act on its own: no clock server, no package timer, no firewall, no login prompt.
MASKED = (
    "apt-daily.timer",
    "apt-daily-upgrade.timer",
    "dpkg-db-backup.timer",
    "e2scrub_all.timer",
    "fstrim.timer",
    "systemd-timesyncd.service",
    "console-getty.service",
    "getty@tty1.service",
    "e2scrub_reap.service",
)
DISABLED = (
    "firewalld.service",
    "ufw.service",
    "systemd-networkd.service",
    "systemd-networkd-wait-online.service",
    "systemd-resolved.service",
    "ssh.service",
    "ssh.socket",
)

# dockerd gives its containers a public resolver where the host names only loopback ones. The gateway's address
# answers "port unreachable" at once, so that a lookup fails quickly and stays in the lab.
RESOLVER = r"""#!/bin/sh
gateway=$(ip -4 route show default | sed -n 's/^default via \([^ ]*\).*/\1/p' | head -n 1)
test -n "$gateway" || exit 0
grep -q "nameserver $gateway" /etc/resolv.conf && exit 0
printf 'nameserver %s\noptions timeout:1 attempts:1\n' "$gateway" >> /etc/resolv.conf
"""
RESOLVER_UNIT = """[Unit]
Description=Name a resolver that stays inside the lab
Before=docker.service
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/local/sbin/dms-lab-resolver
[Install]
WantedBy=multi-user.target
"""
BARE_REPOSITORY = """
chroot "$1" apt-get install --download-only --yes --no-install-recommends {packages}
mkdir -p "$1/opt/repo"
mv "$1"/var/cache/apt/archives/*.deb "$1/opt/repo/"
chroot "$1" /bin/sh -c 'cd /opt/repo && for deb in *.deb; do
  dpkg-deb --field "$deb"
  printf "Filename: ./%s\\nSize: %s\\n" "$deb" "$(stat -c %s "$deb")"
  printf "SHA256: %s\\n\\n" "$(sha256sum < "$deb" | cut -c1-64)"
done > Packages'
rm -rf "$1"/var/lib/apt/lists/*
rm -f "$1"/etc/apt/sources.list.d/*
echo "deb [trusted=yes] file:/opt/repo ./" > "$1/etc/apt/sources.list"
chroot "$1" apt-get update
"""
NO_REPOSITORY = """
rm -rf "$1"/var/lib/apt/lists/*
rm -f "$1"/etc/apt/sources.list.d/*
echo "# The lab has no network: there is nothing to install from." > "$1/etc/apt/sources.list"
"""


@dataclass(frozen=True)
class Recipe:
    """All that decides what an image holds; its hash is part of every name."""

    name: str
    suite: str
    packages: tuple[str, ...]
    script: str
    changes: tuple[str, ...]

    @property
    def digest(self) -> str:
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()[:12]

    @property
    def tag(self) -> str:
        return f"dms-lab/{self.name}:{self.digest}"

    @property
    def tar(self) -> Path:
        return image_dir() / f"{self.name}-{architecture()}-{self.digest}.tar"


def architecture() -> str:
    """Debian's name of this machine's architecture."""
    machine = platform.machine()
    return {"x86_64": "amd64", "aarch64": "arm64"}.get(machine, machine)


def recipe(image: str, bare: bool = False, more: tuple[str, ...] = (), bundle: bool = False) -> Recipe:
    """How the image of a `lab_image` value is made, with more packages (`lab_packages`) for those that want them.

    For a ``bundle`` it has everything but an engine.
    """
    suite = SUITES.get(image, image)
    if image not in RELEASES:
        command = ["/bin/sh", "-c", "trap 'exit 0' TERM; while :; do sleep 3600 & wait $!; done"]
        packages = (*PACKAGES[image], *more)
        return Recipe(_name(image, more), suite, packages, "set -e\n" + NO_REPOSITORY, (f"CMD {json.dumps(command)}",))
    script = "set -e\n" + _host_setup()
    packages = (*PACKAGES[image], *more)
    if bundle:
        packages = tuple(package for package in packages if package not in ENGINE)
        script += image_script()
    if bare:
        script += BARE_REPOSITORY.format(packages=" ".join(WRITERS + DNS))
    else:
        packages += WRITERS + COMPOSE
        script += NO_REPOSITORY
    changes = ('CMD ["/lib/systemd/systemd"]', "ENV container=docker")
    suffixes = (*more, *(["bare"] if bare else []), *(["bundle"] if bundle else []))
    return Recipe(_name(image, suffixes), suite, packages, script, changes)


def _name(image: str, suffixes: tuple[str, ...]) -> str:
    return "-".join((image, *suffixes))


def _host_setup() -> str:
    name = "dms-lab-resolver"
    lines = [
        f"cat > \"$1/usr/local/sbin/{name}\" <<'EOF'\n{RESOLVER}EOF",
        f'chmod 755 "$1/usr/local/sbin/{name}"',
        f"cat > \"$1/etc/systemd/system/{name}.service\" <<'EOF'\n{RESOLVER_UNIT}EOF",
        f'chroot "$1" systemctl enable {name}',
    ]
    lines += [f'ln -sf /dev/null "$1/etc/systemd/system/{masked}"' for masked in MASKED]
    lines += [f'chroot "$1" systemctl disable {name} >/dev/null 2>&1 || true' for name in DISABLED]
    # Every host gets a machine-id of its own at its first boot.
    lines += [
        ': > "$1/etc/machine-id"',
        'rm -f "$1/var/lib/dbus/machine-id"',
        'mkdir -p "$1/var/lib/dbus"',
        'ln -s /etc/machine-id "$1/var/lib/dbus/machine-id"',
    ]
    return "\n".join(lines) + "\n"


def ensure_tar(wanted: Recipe) -> Path:
    """The image's tar, built unless the cache has it."""
    with locked(f"image-{wanted.name}"):
        if not wanted.tar.exists():
            image_dir().mkdir(parents=True, exist_ok=True)
            for old in image_dir().glob(f"{wanted.name}-{architecture()}-*.tar"):
                old.unlink()
            need_tools({"mmdebstrap": "mmdebstrap"})
            with timed(f"{wanted.name}: building the image from Debian packages"):
                _build(wanted)
    return wanted.tar


def _build(wanted: Recipe) -> None:
    with tempfile.TemporaryDirectory(prefix="dms-lab-") as folder:
        hook = Path(folder) / "hook"
        hook.write_text("#!/bin/sh\n" + wanted.script)
        hook.chmod(0o755)
        partial = wanted.tar.with_suffix(".partial")
        argv = [
            "mmdebstrap",
            "--quiet",
            "--variant=minbase",
            "--format=tar",
            f"--include={','.join(wanted.packages)}",
            '--aptopt=Acquire::Check-Valid-Until "false"',
            '--aptopt=Acquire::Languages "none"',
            *(f"--aptopt={line}" for line in _apt_proxies()),
            *(f"--dpkgopt=path-exclude=/usr/share/{part}/*" for part in ("doc", "man", "locale", "info")),
            # The hook leaves the package lists as the image wants them.
            "--skip=cleanup/apt/lists",
            f"--customize-hook={hook}",
            wanted.suite,
            str(partial),
            debian_mirror(),
        ]
        try:
            run(argv, f"building {wanted.name}")
            partial.rename(wanted.tar)
        finally:
            partial.unlink(missing_ok=True)


def debian_mirror() -> str:
    """The Debian mirror that this machine uses itself."""
    own = os.environ.get("DMS_IPV6_DEBIAN_MIRROR")
    if own:
        return own
    if find_tool("apt-get") is not None:
        ask = ["apt-get", "indextargets", "--format", "$(ORIGIN) $(REPO_URI) $(RELEASE)", "Created-By: Packages"]
        rows = [row.split() for row in run(ask, "reading apt's sources").splitlines()]
        mirrors = [row[1] for row in rows if len(row) == 3 and row[0] == "Debian" and "-" not in row[2]]
        if mirrors:
            return mirrors[0]
    raise LabError(
        "apt on this machine names no Debian mirror (run `apt-get update` first if it should): "
        "set DMS_IPV6_DEBIAN_MIRROR to the address of one"
    )


def _apt_proxies() -> list[str]:
    if find_tool("apt-config") is None:
        return []
    lines = run(["apt-config", "dump"], "reading apt's settings").splitlines()
    return [line for line in lines if line.lower().startswith(("acquire::http::proxy ", "acquire::https::proxy "))]


def ensure_image(client: Any, wanted: Recipe) -> None:
    """Import the image into the engine unless it is there."""
    if client.images.list(name=wanted.tag):
        return
    tar = ensure_tar(wanted)
    with locked(f"import-{wanted.name}"):
        if client.images.list(name=wanted.tag):
            return
        with timed(f"{wanted.name}: importing the image"):
            name, _colon, tag = wanted.tag.partition(":")
            changes = [*wanted.changes, f"LABEL {IMAGE_LABEL}={wanted.name}"]
            answer = client.api.import_image_from_file(str(tar), repository=name, tag=tag, changes=changes)
            if not client.images.list(name=wanted.tag):
                raise LabError(f"the engine did not take {tar}: {answer}. Delete that file and try again.")
