#!/bin/sh
# Make a virtual environment and install Skyrack into it, pinned by constraints.txt.
#
#     sh checks/set_up.sh ENVIRONMENT run|dev STAMP
#
# PYTHON names the interpreter; without it the newest tested one that works is taken.  The Makefile calls this when
# ENVIRONMENT/STAMP is missing; the stamp's name holds a checksum of the files that decide what is installed.
# Whatever goes wrong is said in one line; what pip printed is in ENVIRONMENT/setup.log.
set -u

environment=$1 purpose=$2 stamp=$3

case $environment in
    .venv*) ;;
    *) echo "skyrack: an environment's name starts with .venv, not '$environment'" >&2; exit 2 ;;
esac
case $purpose in
    run) extras=sim,ground ;;
    dev) extras=sim,ground,hil,dev ;;
    *) echo "skyrack: 'run' or 'dev', not '$purpose'" >&2; exit 2 ;;
esac

stop() {
    echo "skyrack: $*" >&2
    exit 1
}

# Prints the version.  Exit status 11: too old; 12: cannot make environments; anything else but 0: does not run.
probe='import sys
print("%d.%d.%d" % tuple(sys.version_info[:3]))
if sys.version_info < (3, 11):
    sys.exit(11)
try:
    import ensurepip, venv
except ImportError:
    sys.exit(12)
'

find_python() {
    old='' bare=''
    for candidate in ${PYTHON:-python3.13 python3.12 python3.11 python3}; do
        version=$("$candidate" -c "$probe" 2>/dev/null)
        case $? in
            0) python=$candidate; return ;;
            11) old="$version ($candidate)" ;;
            12) bare="$version ($candidate)" ;;
        esac
    done
    if [ -n "$bare" ]; then
        minor=${bare%% *}
        minor=${minor%.*}
        stop "Python $bare lacks venv or ensurepip; on Debian, Ubuntu and Raspberry Pi OS: sudo apt install python$minor-venv"
    elif [ -n "$old" ]; then
        stop "Python $old is too old: 3.11 or newer is needed; install one, or name it: make PYTHON=/path/to/python3 ..."
    elif [ -n "${PYTHON:-}" ]; then
        stop "'$PYTHON' does not run: PYTHON must name a Python 3.11 or newer"
    fi
    stop "no Python found (tried python3.13, python3.12, python3.11, python3): install Python 3.11 or newer"
}

# An environment that works is kept, unless the tree has moved since: its programs hold absolute paths.
usable() {
    [ "$(cat "$environment/made-in" 2>/dev/null || pwd)" = "$(pwd)" ] &&
        "$environment/bin/python" -c "$probe" >/dev/null 2>&1 &&
        "$environment/bin/python" -c 'import pip' 2>/dev/null
}

make_environment() {
    find_python
    rm -rf "$environment"
    mkdir -p "$environment" || stop "cannot write to $(pwd)"
    echo "skyrack: making $environment with Python $version"
    if ! "$python" -m venv "$environment" >"$environment/setup.log" 2>&1; then
        reason=$(tail -n 1 "$environment/setup.log")
        rm -rf "$environment"
        stop "$python -m venv failed: $reason"
    fi
    pwd >"$environment/made-in"
}

install() {
    echo "skyrack: installing what 'make $purpose' needs into $environment; the first time this takes a minute"
    log=$environment/setup.log
    PIP_DEFAULT_TIMEOUT=${PIP_DEFAULT_TIMEOUT:-30}
    PIP_RETRIES=${PIP_RETRIES:-2}
    PIP_DISABLE_PIP_VERSION_CHECK=1
    PIP_NO_INPUT=1
    export PIP_DEFAULT_TIMEOUT PIP_RETRIES PIP_DISABLE_PIP_VERSION_CHECK PIP_NO_INPUT
    "$environment/bin/python" -m pip install --no-compile --constraint constraints.txt --editable ".[$extras]" >"$log" 2>&1 && return
    # With retries off pip does not name the cause: an index that answers has some version of setuptools.
    unreachable='NewConnectionError|NameResolutionError|ConnectTimeoutError|ReadTimeoutError|ProxyError|SSLError|Connection refused|connection broken|Network is unreachable|Temporary failure in name resolution|setuptools.*from versions: none'
    if grep -qE "$unreachable" "$log"; then
        stop "the package index cannot be reached: check the network or pip's settings (details in $log)"
    fi
    stop "pip failed: $(grep -i '^ *error' "$log" | tail -n 1 | cut -c 1-200) (details in $log)"
}

rm -f "$environment"/ready-*
usable || make_environment
install
: >"$environment/$stamp"
