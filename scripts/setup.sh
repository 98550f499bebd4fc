#!/bin/sh
# Makes the virtual environment with the package and its dependencies: setup.sh VENV EXTRAS
# Called by make; may be run again at any time.
set -eu

venv=$1
extras=$2

# The first of these that is Python 3.11 or newer; PYTHON chooses one.
find_python() {
    for name in ${PYTHON:-python3 python3.14 python3.13 python3.12 python3.11}; do
        if "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            echo "$name"
            return
        fi
    done
    echo "Python 3.11 or newer is needed and none was found; name one: make PYTHON=/path/to/python3" >&2
    return 1
}

make_venv() {
    if "$1" -m venv "$venv" >/dev/null 2>&1; then
        return
    fi
    # Debian ships venv without pip unless python3-venv is installed; a pip outside can fill it.
    rm -rf "$venv"
    if "$1" -m pip --version >/dev/null 2>&1 && "$1" -m venv --without-pip "$venv"; then
        "$1" -m pip --python "$venv/bin/python" install --quiet pip
        return
    fi
    echo "$1 cannot make a virtual environment; on Debian or Ubuntu: apt install python3-venv" >&2
    return 1
}

install_package() {
    echo "Installing the package and its dependencies into $venv (once) ..." >&2
    "$venv/bin/python" -m pip install -qq --editable ".[$extras]"
}

mkdir -p .cache
python=$(find_python)
[ -x "$venv/bin/python" ] || make_venv "$python"
install_package
