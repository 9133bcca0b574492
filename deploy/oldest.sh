#!/bin/sh
# Installs facerec and its extras with the oldest versions of what they ask for, into a virtual environment, and runs the
# tests of recognition, galleries and audits there: sh deploy/oldest.sh VENV [PYTEST OPTION]...
#
# pip knows only the newest versions; uv resolves to the oldest.
set -eu
venv=$1
shift
here=$(cd "$(dirname "$0")/.." && pwd)
if [ ! -x "$venv/bin/python" ]; then
    "${PYTHON:-python3}" -m venv "$venv"
    "$venv/bin/python" -m pip install --quiet uv
    "$venv/bin/uv" pip install --quiet --python "$venv/bin/python" --resolution lowest-direct "$here[all]"
    "$venv/bin/uv" pip install --quiet --python "$venv/bin/python" pytest pytest-timeout hypothesis
fi
cd "$here"
exec "$venv/bin/python" -m pytest -p no:cacheprovider --override-ini filterwarnings=default \
    tests/align tests/audits tests/detect tests/embed tests/gallery tests/measure tests/photos tests/quality tests/types \
    tests/test_recognizer.py "$@"
