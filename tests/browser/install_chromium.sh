#!/usr/bin/env bash
# A Chromium for the browser tests, if this machine has none: Debian's where apt-get may install, else Playwright's.
set -euo pipefail
for name in chromium chromium-browser google-chrome google-chrome-stable; do
  if command -v "$name" >/dev/null; then exit 0; fi
done
playwright=$(dirname "$0")/../../.venv/bin/playwright
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  packages=(chromium fonts-liberation)
  export DEBIAN_FRONTEND=noninteractive
  apt-get install -y -qq --no-install-recommends "${packages[@]}" >/dev/null 2>&1 && exit 0
  if apt-get update -qq && apt-get install -y -qq --no-install-recommends "${packages[@]}" >/dev/null; then exit 0; fi
fi
if "$playwright" install chromium; then exit 0; fi
echo "The browser tests need Chromium: install chromium or google-chrome, so that it is on the PATH." >&2
exit 1
