#!/usr/bin/env bash
# Builds the layer that the transform function needs, without Docker: wheels for AWS Lambda's platform, stripped, and
# zipped so that two builds give the same file. https://docs.aws.amazon.com/lambda/latest/dg/python-layers.html
set -euo pipefail

# The platform of the function that uses the layer: tests/contract/test_transform_contract.py holds both together.
PYTHON_VERSION=3.14
ARCHITECTURE=aarch64

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
REQUIREMENTS=$ROOT/lambdas/requirements.txt
OUTPUT=$ROOT/dist/fastavro-lib.zip
OBJECT_KEY=var/fastavro-lib.zip

usage() {
  cat <<END
Usage: ./build-aws-lambda-layer-package.sh [BUCKET]

Builds dist/fastavro-lib.zip, the layer with the packages of lambdas/requirements.txt for
Python $PYTHON_VERSION on $ARCHITECTURE, and prints its path, size and SHA-256.
With BUCKET, the name of an S3 bucket of yours, also uploads it to s3://BUCKET/$OBJECT_KEY.

It needs python3 with pip, or uv. With llvm-strip or aarch64-linux-gnu-strip on the PATH the
layer gets about five times smaller; the same tools give the same file.
END
}

fail() {
  echo "error: $*" >&2
  exit 1
}

first_command() {
  local name
  for name in "$@"; do
    if command -v "$name"; then return; fi
  done
  return 1
}

check_bucket() {
  [[ $1 =~ ^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$ ]] ||
    fail "BUCKET must be a bucket's name: 3-63 lower-case letters, digits, dots and hyphens (got '$1')"
  command -v aws >/dev/null ||
    fail "the upload to s3://$1 needs the AWS CLI, and there is no 'aws' on the PATH; without BUCKET the layer is built only"
}

install_packages() {
  local target=$1 uv
  if uv=$(first_command "$ROOT/.venv/bin/uv" uv); then
    local install=("$uv" pip install --quiet --python "$PYTHON" --target "$target" --link-mode copy
      --python-platform "$ARCHITECTURE-manylinux2014" --python-version "$PYTHON_VERSION"
      --only-binary :all: --no-deps --require-hashes -r "$REQUIREMENTS")
    # The hashes say what the packages are, so a cached copy is as good as a downloaded one.
    "${install[@]}" --offline 2>/dev/null || "${install[@]}"
  else
    "$PYTHON" -m pip install --quiet --target "$target" --no-compile --implementation cp \
      --platform "manylinux2014_$ARCHITECTURE" --python-version "$PYTHON_VERSION" \
      --only-binary :all: --no-deps --require-hashes -r "$REQUIREMENTS"
  fi
}

# What stays of a distribution's metadata is its METADATA and its licenses: all that a running function can ask for.
trim() {
  local target=$1
  rm -rf "$target/bin" "$target/.lock"
  find "$target" -type d \( -name tests -o -name __pycache__ \) -prune -exec rm -rf {} +
  find "$target" -type f -name '*.pyi' -delete
  find "$target" -type f -path '*.dist-info/*' ! -name METADATA ! -path '*/licenses/*' -delete
}

strip_symbols() {
  local target=$1 native=() strip
  if [[ $(uname -s)-$(uname -m) == "Linux-$ARCHITECTURE" ]]; then native=(strip); fi
  if strip=$(first_command llvm-strip "$ARCHITECTURE-linux-gnu-strip" ${native[@]+"${native[@]}"}); then
    find "$target" -type f -name '*.so' -exec "$strip" --strip-unneeded {} +
  else
    echo "note: neither llvm-strip nor $ARCHITECTURE-linux-gnu-strip is on the PATH; the layer keeps its debug symbols" >&2
  fi
}

# python's zipfile takes a folder's entries in sorted order, with the date (in local time) and the mode of each file.
pack() {
  local build=$1
  find "$build/python" -type d -exec chmod 755 {} +
  find "$build/python" -type f -exec chmod 644 {} +
  find "$build/python" -exec env TZ=UTC touch -t 198001010000.00 {} +
  (cd "$build" && TZ=UTC "$PYTHON" -m zipfile -c layer.zip python)
}

sha256() {
  if command -v sha256sum >/dev/null; then sha256sum "$1"; else shasum -a 256 "$1"; fi | cut -d ' ' -f 1
}

main() {
  if [[ ${1-} == -h || ${1-} == --help ]]; then
    usage
    return
  fi
  [[ $# -le 1 ]] || fail "there is one argument at most, BUCKET (got $#: $*)"
  if [[ $# -eq 1 ]]; then check_bucket "$1"; fi
  PYTHON=$(first_command "$ROOT/.venv/bin/python" python3) || fail "there is no python3 on the PATH"

  mkdir -p "$ROOT/dist"
  BUILD=$(mktemp -d "$ROOT/dist/.layer.XXXXXX")
  trap 'rm -rf "$BUILD"' EXIT
  install_packages "$BUILD/python" ||
    fail "the packages of lambdas/requirements.txt could not be installed for Python $PYTHON_VERSION on $ARCHITECTURE"
  trim "$BUILD/python"
  strip_symbols "$BUILD/python"
  pack "$BUILD"
  mv -f "$BUILD/layer.zip" "$OUTPUT"

  echo "layer:  $OUTPUT"
  echo "size:   $(wc -c <"$OUTPUT" | tr -d ' ') bytes"
  echo "sha256: $(sha256 "$OUTPUT")"
  if [[ $# -eq 1 ]]; then
    aws s3 cp --only-show-errors "$OUTPUT" "s3://$1/$OBJECT_KEY" || fail "the upload to s3://$1/$OBJECT_KEY did not succeed"
    echo "upload: s3://$1/$OBJECT_KEY"
  fi
}

main "$@"
