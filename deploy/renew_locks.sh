#!/bin/sh
# Renews the locked requirements beside this file from the *.in files: the newest releases that these allow, each with
# the SHA-256 of its files. Needs Python 3.11, for which they are made, and a package registry. Look at the difference before you commit.
set -eu
cd "$(dirname "$0")"
tools=$(mktemp -d)
trap 'rm -rf "$tools"' EXIT
"${PYTHON:-python3}" -m venv "$tools"
"$tools/bin/python" -m pip install --quiet pip-tools
version=$("$tools/bin/python" -c 'import sys; print("{}.{}".format(*sys.version_info))')
for name in build light service; do
    locked="$name-requirements.txt"
    "$tools/bin/pip-compile" --quiet --upgrade --generate-hashes --strip-extras --allow-unsafe --no-header \
        --no-emit-index-url --no-emit-find-links --no-emit-trusted-host --no-emit-options \
        --output-file "$tools/$locked" "$name.in"
    {
        echo "# Locked by hash, for pip install --require-hashes on Linux. Made from $name.in under Python $version;"
        echo "# renew it by: sh deploy/renew_locks.sh"
        cat "$tools/$locked"
    } > "$locked"
done
