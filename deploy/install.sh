#!/usr/bin/env bash
# Installs the binary, /etc/sallyport and the systemd unit. Run it again to upgrade: a configuration
# that is there stays. DESTDIR=DIR installs into a folder instead, for packages and for trying out.
set -euo pipefail

project=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
binary=${BINARY:-$project/.build/release/sallyport}
root=${DESTDIR:-}

fail() {
    printf 'error: %s\n' "$*" >&2
    exit 1
}

[ -x "$binary" ] || fail "$binary is missing; build it: swift build -c release --static-swift-stdlib"
[ -n "$root" ] || [ "$(id -u)" -eq 0 ] || fail "root is needed to install into / (or set DESTDIR)"

if [ -z "$root" ] && ! id sallyport >/dev/null 2>&1; then
    useradd --system --user-group --no-create-home --home-dir /nonexistent \
        --shell /usr/sbin/nologin sallyport
fi

install -D -m 0755 "$binary" "$root/usr/bin/sallyport"
install -D -m 0644 "$project/deploy/sallyport.service" \
    "$root/usr/lib/systemd/system/sallyport.service"
install -D -m 0644 "$project/docs/operations.md" "$root/usr/share/doc/sallyport/operations.md"
install -D -m 0644 "$project/Config/reference.yaml" "$root/usr/share/doc/sallyport/reference.yaml"

# Certificates' keys will lie here: nobody but root and the service reads it.
install -d -m 0750 "$root/etc/sallyport"
if [ ! -e "$root/etc/sallyport/sallyport.yaml" ]; then
    install -m 0640 "$project/Config/sallyport.yaml" "$root/etc/sallyport/sallyport.yaml"
fi

if [ -n "$root" ]; then
    printf 'installed into %s\n' "$root"
    exit 0
fi
chgrp -R sallyport /etc/sallyport
if [ -d /run/systemd/system ]; then
    systemctl daemon-reload
fi
cat <<'NEXT'
installed. Next:
  edit /etc/sallyport/sallyport.yaml and put the certificate and its key beside it
  chown root:sallyport /etc/sallyport/app.key && chmod 640 /etc/sallyport/app.key
  sudo -u sallyport sallyport check --config /etc/sallyport/sallyport.yaml
  systemctl enable --now sallyport
NEXT
