#!/bin/sh
# Installs facerec without torch into a new virtual environment, as the Dockerfile does:
#
#     sh deploy/light_install.sh VENV [light|service]
#
# What is installed is locked by hash (light-requirements.txt: the commands; service-requirements.txt: facerec serve and
# Postgres besides); facerec itself comes without its dependencies, of which torch is one. The environment holds no pip.
# Then:
#
#     VENV/bin/facerec verify a.jpg b.jpg --runtime RUNTIME
#
# RUNTIME is made once, where all of facerec is installed: facerec export dlib-resnet --runtime RUNTIME
set -eu
if [ $# -lt 1 ] || [ $# -gt 2 ] || [ -e "$1" ]; then
    echo "usage: light_install.sh VENV [light|service]; VENV must not exist" >&2
    exit 2
fi
venv=$1
locked=${2:-light}-requirements.txt
here=$(cd "$(dirname "$0")" && pwd)
if [ ! -f "$here/$locked" ]; then
    echo "light_install.sh: there is no $locked; choose light or service" >&2
    exit 2
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/build"
"$work/build/bin/python" -m pip install --quiet --require-hashes --only-binary :all: -r "$here/build-requirements.txt"
"$work/build/bin/python" -m pip wheel --quiet --no-deps --no-build-isolation --wheel-dir "$work" "$here/.."
"${PYTHON:-python3}" -m venv --without-pip "$venv"
into="$work/build/bin/python -m pip --python $venv/bin/python install --quiet"
# shellcheck disable=SC2086
$into --require-hashes --only-binary :all: -r "$here/$locked"
# shellcheck disable=SC2086
$into --no-deps --no-index "$work"/facerec-*.whl
