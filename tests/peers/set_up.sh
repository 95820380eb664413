#!/bin/sh
# Make the peers' environment: sh tests/peers/set_up.sh [ENVIRONMENT]
# Some seconds; does nothing when it stands.  Exit status 1 and one line when the package index cannot be reached.
set -u
environment=${1:-.venv-peers}
stamp=$environment/ready-$(cksum <tests/peers/requirements.txt | tr -dc 0-9)
[ -e "$stamp" ] && exit 0
python=${PYTHON:-python3}
for candidate in .venv/bin/python "$python"; do
    if "$candidate" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
        python=$candidate
        break
    fi
done
# One that was made without a package index is tried again, not made again.
if ! "$environment/bin/python" -m pip --version >/dev/null 2>&1; then
    rm -rf "$environment"
    echo "skyrack: making $environment, the peers of the tests"
    "$python" -m venv "$environment" || exit 1
fi
rm -f "$environment"/ready-*
if "$environment/bin/python" -m pip install --quiet --disable-pip-version-check --no-input --no-compile --no-deps \
    --retries 0 --timeout 10 --requirement tests/peers/requirements.txt >"$environment/setup.log" 2>&1; then
    : >"$stamp"
else
    echo "skyrack: the peers cannot be installed, their tests are skipped (details in $environment/setup.log)" >&2
    exit 1
fi
