# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A mail server as an image, made of Debian packages; it trusts networks as docker-mailserver does."""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lab.base import IMAGE_LABEL, LabError, timed
from lab.images import NO_REPOSITORY, Recipe, ensure_tar

MAIL = "dms-lab/mail:latest"
PACKAGES = (
    "postfix",
    "fail2ban",
    "nftables",
    "iproute2",
    "python3",
    "postfix-policyd-spf-python",
    "dnsmasq-base",
)
# PERMIT_DOCKER as in docker-mailserver's setup.d/networking.sh, its relay restrictions, its Fail2Ban settings.
START = r"""#!/bin/sh
set -e
own() { ip -o -4 addr show dev "${NETWORK_INTERFACE:-eth0}" | sed -n 's/.* inet \([0-9.]*\).*/\1/p' | head -n 1; }
connected() { ip -o -4 route show scope link | sed -n 's/^\([0-9./]*\) .*/\1/p'; }
case ${PERMIT_DOCKER:-none} in
  network) trusted=172.16.0.0/12 ;;
  host) trusted=$(own | cut -d . -f 1-2).0.0/16 ;;
  container) trusted=$(own)/32 ;;
  connected-networks) trusted=$(connected) ;;
  *) trusted= ;;
esac
test -z "$trusted" || trusted="127.0.0.0/8 [::1]/128 [fe80::]/64 $(echo $trusted)"
recipients="permit_sasl_authenticated, permit_mynetworks, reject_unauth_destination"
test -z "$SPF" || recipients="$recipients, check_policy_service unix:private/policyd-spf"
postconf -e "mynetworks=$trusted" "inet_protocols=${POSTFIX_INET_PROTOCOLS:-all}" inet_interfaces=all \
  myhostname=mail.example.test "mydestination=localhost, example.test" local_recipient_maps= default_transport=discard \
  "smtpd_relay_restrictions=permit_mynetworks permit_sasl_authenticated defer_unauth_destination" \
  "smtpd_recipient_restrictions=$recipients" \
  maillog_file=/var/log/mail.log smtpd_peername_lookup=no compatibility_level=3.6
postconf -F '*/*/chroot = n'
: >> /var/log/mail.log
if test -n "$SPF"; then
  postconf -M 'policyd-spf/unix=policyd-spf unix - n n - 0 spawn user=policyd-spf argv=/usr/bin/policyd-spf'
  dnsmasq --user=root --no-resolv --no-hosts --listen-address=127.0.0.1 --bind-interfaces --local=/test/ \
    --host-record=spf.test,192.0.2.1 --txt-record="spf.test,v=spf1 $SPF -all"
  echo 'nameserver 127.0.0.1' > /etc/resolv.conf
fi
if test -n "$FAIL2BAN"; then
  rm -f /etc/fail2ban/jail.d/*
  printf '[Init]\nblocktype = drop\n' > /etc/fail2ban/action.d/nftables-common.local
  cat > /etc/fail2ban/jail.local <<END
[DEFAULT]
bantime = 1w
findtime = 1w
maxretry = 6
ignoreip = 127.0.0.1/8
banaction = nftables-allports
[postfix]
enabled = true
mode = extra
backend = polling
logpath = /var/log/mail.log
END
  fail2ban-server -x -b
fi
exec postfix start-fg
"""
RECIPE = Recipe(
    "mail",
    "bookworm",
    PACKAGES,
    f'set -e\ncat > "$1/start" <<\'EOF\'\n{START}EOF\nchmod 755 "$1/start"\n{NO_REPOSITORY}',
    ('CMD ["/start"]', "EXPOSE 25", f"LABEL {IMAGE_LABEL}=mail"),
)
ARCHIVE = "/opt/dms-lab/mail.tar"


def load(container: Any, name: str) -> None:
    """Import the image into a host's own engine unless it is there."""
    if container.exec_run(["docker", "image", "inspect", RECIPE.tag]).exit_code == 0:
        return
    tar = ensure_tar(RECIPE)
    with timed(f"{name}: importing the mail server's image"):
        container.put_archive("/", _packed(tar))
        changes = [word for change in RECIPE.changes for word in ("--change", change)]
        for argv in (
            ["docker", "import", *changes, ARCHIVE, RECIPE.tag],
            ["docker", "tag", RECIPE.tag, MAIL],
            ["rm", ARCHIVE],
        ):
            done = container.exec_run(argv)
            if done.exit_code != 0:
                raise LabError(f"{name}: {' '.join(argv[:2])} failed:\n{done.output.decode(errors='replace')}")


def _packed(path: Path) -> Iterator[bytes]:
    """An archive with this one file in it, piece by piece: it is too big to be held in memory twice."""
    entry = tarfile.TarInfo(ARCHIVE.lstrip("/"))
    entry.size = path.stat().st_size
    yield entry.tobuf()
    with path.open("rb") as file:
        while piece := file.read(1 << 20):
            yield piece
    # Full blocks, and two empty ones for the end.
    yield bytes(-entry.size % tarfile.BLOCKSIZE + 2 * tarfile.BLOCKSIZE)
