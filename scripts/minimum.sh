#!/bin/sh
# Tests with the lowest version of each dependency that pyproject.toml allows: minimum.sh UV VENV EXTRAS
# Called by make. The virtual environment is made anew each time, by a tool that needs seconds for it.
# Without Python 3.11 there is nothing to test: that is well at a desk, and fails where CI is set to anything.
set -eu

uv=$1
venv=$2
extras=$3

# Where each dependency meets something real: HTTP, PostgreSQL, files, processes, people who are to be told.
tests='
    tests/contract/test_choosing_events.py
    tests/integration/client
    tests/integration/notices/test_notices_courier.py
    tests/integration/test_pipeline.py
    tests/integration/test_postgres_binaries.py
    tests/integration/test_simulator_pypi_client.py
    tests/integration/test_store.py
    tests/acceptance/test_commands.py
    tests/acceptance/test_metrics_endpoint.py
    tests/acceptance/test_scheduler_once.py
    tests/unit/test_audit.py
    tests/unit/test_backfill_report.py
    tests/unit/test_clock.py
    tests/unit/test_documents_of_operations.py
    tests/unit/test_logs.py
    tests/unit/test_rate_limit.py
    tests/unit/test_times.py
'

make_venv() {
    rm -rf "$venv"
    "$uv" venv --quiet --python "$1" "$venv"
    # The index that pip asks, and the certificates of this machine.
    UV_DEFAULT_INDEX=${UV_DEFAULT_INDEX:-${PIP_INDEX_URL:-https://pypi.org/simple}} \
        UV_SYSTEM_CERTS=1 UV_NATIVE_TLS=1 \
        "$uv" pip install --quiet --python "$venv/bin/python" \
        --resolution lowest-direct --editable ".[$extras]"
}

# A newer Python has no packages of so low a version.
if ! python=$("$uv" python find --no-python-downloads 3.11 2>/dev/null); then
    if [ -n "${CI:-}" ]; then
        echo "The lowest versions are those for Python 3.11, and none is here: install it." >&2
        exit 1
    fi
    echo "Skipped: the lowest versions are those for Python 3.11, and none is here." >&2
    exit 0
fi
echo "Installing the lowest versions into $venv ..." >&2
make_venv "$python"
"${MAKE:-make}" --no-print-directory style BIN="$venv/bin" MYPY_CACHE="$venv/mypy"
# shellcheck disable=SC2086 # a list of files, one a line
"$venv/bin/pytest" --numprocesses="${WORKERS:-2}" --dist=worksteal $tests
