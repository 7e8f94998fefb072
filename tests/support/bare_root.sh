#!/usr/bin/env bash
# A bare Debian 12 as a tar, made by debootstrap from this machine's own package sources. One that is there is kept.
#   tests/support/bare_root.sh FILE.tar
set -euo pipefail
[ $# = 1 ] || { sed -n '2,3s/^# *//p' "$0"; exit 2; }
[ -s "$1" ] && exit 0
command -v debootstrap > /dev/null || apt-get install -y -q --no-install-recommends debootstrap
source=$(apt-get indextargets --format '$(REPO_URI)' 'Codename: bookworm' 'Component: main' | head -1)
[ -n "$source" ] || { echo 'bare_root: no source of Debian 12 packages: run apt-get update' >&2; exit 1; }
root=$(mktemp -d)
chmod 755 "$root"
trap 'rm -rf "$root"' EXIT
debootstrap --variant=minbase bookworm "$root" "$source"
# Like the images of Debian: packages bring neither their documents nor what apt keeps.
rm -rf "$root"/var/cache/apt/archives/*.deb "$root"/var/lib/apt/lists/*
find "$root/usr/share/doc" "$root/usr/share/man" -mindepth 1 ! -type d ! -name copyright -delete
find "$root/usr/share/locale" -mindepth 1 -delete
printf 'path-exclude /usr/share/%s/*\n' doc man locale > "$root/etc/dpkg/dpkg.cfg.d/slim"
mkdir -p "$(dirname "$1")"
tar -C "$root" --exclude='./proc/*' --exclude='./sys/*' -cf "$1.new" .
mv "$1.new" "$1"
