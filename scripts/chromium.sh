#!/usr/bin/env bash
# Find Chromium for the browser tests; where it is missing and may be installed, install Debian's.
# Ends with 0 where it can't be had (the browser tests then say that they were skipped), in CI (CI=true) with 1.
set -euo pipefail

for name in "${CHROMIUM:-}" chromium chromium-browser google-chrome; do
    if [[ -n "$name" ]] && command -v "$name" >/dev/null; then exit 0; fi
done

missing() {
    echo "Chromium is missing: $1. Install it (Debian: apt-get install chromium), or name it: CHROMIUM=/path/to/it" >&2
    if [[ "${CI:-}" == true ]]; then exit 1; fi
    echo "The browser tests will be skipped." >&2
    exit 0
}

command -v apt-get >/dev/null || missing "this system has no apt-get"
as_root=()
if [[ "$(id -u)" != 0 ]]; then
    command -v sudo >/dev/null && sudo -n true 2>/dev/null || missing "installing it takes root, or sudo without a password"
    as_root=(sudo -n)
fi

install() {
    "${as_root[@]}" apt-get update -qq &&
        "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium >/dev/null
}
echo "Installing Debian's Chromium for the browser tests (CHROMIUM=/path/to/one uses another)." >&2
install || { sleep 5; install; } || missing "apt-get could not install it"
command -v chromium >/dev/null || missing "apt-get installed a package without the program"
