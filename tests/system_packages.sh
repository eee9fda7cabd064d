#!/usr/bin/env bash
# What Qt, a virtual screen and drawing on it without a graphics card need of a Debian or Ubuntu. As root it installs what
# is missing; else it says what is. Without, the tests that need a screen are skipped.
set -uo pipefail
packages=(
    xvfb libegl1 libgl1 libgl1-mesa-dri libopengl0 libfontconfig1 libglib2.0-0 libdbus-1-3 libxkbcommon0
    libxkbcommon-x11-0 libxcb-cursor0 libxcb-icccm4 libxcb-image0 libxcb-keysyms1 libxcb-randr0 libxcb-render-util0
    libxcb-shape0 libxcb-xinerama0 libxcb-xkb1
)
command -v apt-get >/dev/null || exit 0
missing=()
for package in "${packages[@]}"; do
    # Newer ones have libglib2.0-0t64 in place of libglib2.0-0.
    found=$(dpkg-query -W -f '${Status}\n' "$package" "${package}t64" 2>/dev/null)
    case "$found" in *"install ok installed"*) ;; *) missing+=("$package") ;; esac
done
[ ${#missing[@]} -gt 0 ] || exit 0
install=(apt-get install -qq -y --no-install-recommends "${missing[@]}")
if [ "$(id -u)" = 0 ]; then
    export DEBIAN_FRONTEND=noninteractive
    said=$(apt-get update -qq 2>&1 && "${install[@]}" 2>&1) && exit 0
    printf '%s\n' "$said" >&2
fi
echo "For the tests that need a screen, as root: ${install[*]}"
