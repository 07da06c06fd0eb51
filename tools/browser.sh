#!/bin/sh
# Installs Chromium and a Korean font for the browser test where that is possible without asking: on Debian, as root.
# Elsewhere the test is skipped and says so; it also takes any Chromium named by CHROMIUM.
set -u
[ -n "${CHROMIUM:-}" ] && exit 0
korean=$(fc-list :lang=ko 2>/dev/null | head -n 1)
[ -x /usr/bin/chromium ] && [ -n "$korean" ] && exit 0
[ "$(id -u)" = 0 ] && command -v apt-get >/dev/null || exit 0
echo "installing Chromium and a Korean font for the browser test ..."
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium fonts-noto-cjk fontconfig >/dev/null 2>&1
[ -x /usr/bin/chromium ] || echo "Chromium could not be installed; the browser test will be skipped"
exit 0
