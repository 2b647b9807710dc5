#!/usr/bin/env bash
# Bundles the part of ECharts that the pages use, and the licences of what is in it, into dashboard/vendor/.
set -euo pipefail
cd "$(dirname "$0")/../.."
modules=node_modules
version=$(node -p 'require("./package.json").devDependencies.echarts')
vendor=dashboard/vendor

licence() { # name, package, address, file
  printf '\n%s\n%s %s, %s\n%s\n\n' "$line" "$1" "$(node -p "require('./$modules/$2/package.json').version")" "$3" "$line"
  cat "$modules/$2/$4"
}
line=================================================================================

rm -f "$vendor"/echarts-*.min.js
npx esbuild dashboard/build/echarts.js --bundle --minify --format=esm --target=es2022 --legal-comments=none \
  --log-level=warning --outfile="$vendor/echarts-$version.min.js"
sed -i "s#vendor/echarts-[0-9.]*.min.js#vendor/echarts-$version.min.js#" dashboard/js/charts.js
{
  echo "echarts-$version.min.js is the following software, unchanged, bundled and minified by \"make vendor-echarts\"."
  licence "Apache ECharts" echarts https://echarts.apache.org NOTICE
  echo
  cat "$modules/echarts/LICENSE"
  licence zrender zrender https://github.com/ecomfe/zrender LICENSE
  licence tslib tslib https://github.com/microsoft/tslib LICENSE.txt
} >"$vendor/NOTICE.txt"
ls -l "$vendor"
