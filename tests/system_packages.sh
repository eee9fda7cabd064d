#!/usr/bin/env bash
# What Qt, a virtual screen and drawing on it without a graphics card need of a Debian or Ubuntu. As root it installs what
# is missing; else it says what is, and the tests that need a screen are skipped.
set -euo pipefail
packages=(
    xvfb libegl1 libgl1 libgl1-mesa-dri libopengl0 libfontconfig1 libglib2.0-0 libdbus-1-3 libxkbcommon0
    libxkbcommon-x11-0 libxcb-cursor0 libxcb-icccm4 libxcb-image0 libxcb-keysyms1 libxcb-randr0 libxcb-render-util0
    libxcb-shape0 libxcb-xinerama0 libxcb-xkb1
)
command -v apt-get >/dev/null || exit 0
missing=()
for package in "${packages[@]}"; do
    # Ubuntu 24.04 has libglib2.0-0t64 in place of libglib2.0-0.
    found=$(dpkg-query -W -f '${Status}\n' "$package" "${package}t64" 2>/dev/null || true)
    case "$found" in *"install ok installed"*) ;; *) missing+=("$package") ;; esac
done
[ ${#missing[@]} -gt 0 ] || exit 0
if [ "$(id -u)" = 0 ]; then
    apt-get update -q
    DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "${missing[@]}"
else
    echo "For the tests that need a screen: sudo apt-get install --no-install-recommends ${missing[*]}"
fi
