#!/bin/sh
# Makes the virtual environment from envs/lock.txt and envs/lock-dev.txt, or leaves one that already matches them.
# Usage: envs/create.sh FOLDER      PYTHON=<interpreter> to choose one, WHEELS=<folder> to install without a network.
set -u
venv=$1
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
stamp="$venv/.locks"
locks=$(cat "$here/lock.txt" "$here/lock-dev.txt" "$here/../pyproject.toml" | cksum)

fail() {
    echo "hypersvg: $1" >&2
    exit 1
}

new_enough() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1
}

made() {
    [ -x "$venv/bin/hypersvg" ] && [ "$(cat "$stamp" 2>/dev/null)" = "$locks" ]
}

made && exit 0

if [ -n "${PYTHON:-}" ]; then
    command -v "$PYTHON" >/dev/null 2>&1 || fail "there is no interpreter PYTHON=$PYTHON"
    new_enough "$PYTHON" || fail "PYTHON=$PYTHON is $("$PYTHON" -V 2>&1), but Python 3.11 or newer is needed"
    python=$PYTHON
else
    python=
    for candidate in python3 python3.11 python3.12 python3.13 python; do
        new_enough "$candidate" && python=$candidate && break
    done
    [ -n "$python" ] || fail "Python 3.11 or newer is needed and none was found on the PATH; name one with PYTHON=..."
fi

# Two at once would install into one folder: the second waits here, and finds it made.
exec 9<"$here/lock.txt"
"$python" -c '
import fcntl, sys
try:
    fcntl.flock(9, fcntl.LOCK_EX | fcntl.LOCK_NB)
except BlockingIOError:
    print("hypersvg: another make is installing here; this one waits for it", file=sys.stderr, flush=True)
    fcntl.flock(9, fcntl.LOCK_EX)
except OSError:
    pass  # a disk without locks
'
made && exit 0

if ! new_enough "$venv/bin/python" || ! "$venv/bin/python" -m pip --version >/dev/null 2>&1; then
    echo "hypersvg: making $venv with $("$python" -V 2>&1); the packages take a few minutes" >&2
    "$python" -m venv --clear "$venv" >&2 || fail "$python could not make $venv; is its venv module installed?"
fi
rm -f "$stamp"

set -- --quiet --disable-pip-version-check
if [ -n "${WHEELS:-}" ]; then
    [ -d "$WHEELS" ] || fail "there is no folder WHEELS=$WHEELS"
    set -- "$@" --no-index -f "$WHEELS"
fi
log="$venv/install.log"
if ! "$venv/bin/python" -m pip install "$@" -r "$here/lock.txt" -r "$here/lock-dev.txt" >"$log" 2>&1; then
    missing=$(sed -n 's/^ERROR: No matching distribution found for \([^ ]*\).*/\1/p' "$log" | head -n 1)
    if [ -n "$missing" ] && [ -n "${WHEELS:-}" ]; then
        fail "WHEELS=$WHEELS holds no wheel of $missing for this Python; fill it with: pip download -r envs/lock.txt -r envs/lock-dev.txt -d <folder>"
    elif [ -n "$missing" ]; then
        fail "the package index has no $missing, or cannot be reached; without a network name a folder of wheels with WHEELS=<folder>"
    fi
    fail "the packages of envs/lock.txt could not be installed: $(grep -E '^ERROR' "$log" | head -n 1) (all of it in $log); without a network name a folder of wheels with WHEELS=<folder>"
fi
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-index --no-deps --no-build-isolation -e "$here/.." \
    >>"$log" 2>&1 || fail "the package itself could not be installed into $venv; see $log"
echo "$locks" >"$stamp"
