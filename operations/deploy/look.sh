# shellcheck shell=bash
# What is there, what install would make, and what is needed that only the operator can get.

NEEDS=0   # for the operator to see to
MISSES=0  # for install or upgrade to make

there() { say "ok       $1"; }
needs() {
    NEEDS=$((NEEDS + 1))
    say "needed   $1"
}
misses() {
    MISSES=$((MISSES + 1))
    say "missing  $1"
}

look_at_machine() {
    local python tool
    if python=$(find_python); then
        there "$("$python" --version) ($python)"
    else
        needs "Python 3.11 or newer, with venv and outside of /root and /home (Debian: apt install python3-venv); PYTHON names one"
    fi
    for tool in psql pg_dump; do
        if command -v "$tool" >/dev/null; then
            there "$("$tool" --version)"
        else
            needs "$tool (Debian: apt install postgresql-client)"
        fi
    done
    if is_for_the_system && [ "$(id -u)" -ne 0 ]; then
        needs "root, for /opt and /etc: sudo, with DATABASE_URL or PG* kept (sudo -E); or --prefix"
    fi
    if [ "$SYSTEMD" = yes ] && ! systemd_answers; then
        needs "a running systemd; without one leave out --systemd and start $SOFTWARE/.venv/bin/chronotrack-live scheduler by hand"
    fi
    if [ ! -w . ]; then needs "a folder that can be written to, for the backups: cd to one"; fi
}

look_at_database() {
    local dumps
    case $NAMED in
        no)
            needs "a database: set DATABASE_URL or PG*, for the owner of the hub's tables"
            return
            ;;
        unreadable)
            needs "an address of the database that can be read, in DATABASE_URL or in $SETTINGS/environment"
            return
            ;;
    esac
    command -v psql >/dev/null || return 0
    if ! read_facts 2>"$WORK/refusal"; then
        needs "a database that answers: $(tail -n 1 "$WORK/refusal")"
        return
    fi
    there "PostgreSQL $(fact server), database $(fact database), as $(fact role)"
    if command -v pg_dump >/dev/null; then
        dumps=$(pg_dump --version | sed -E 's/^[^0-9]*([0-9]+).*/\1/')
        if [ "$dumps" -lt "$(fact server)" ]; then
            needs "pg_dump of PostgreSQL $(fact server) or newer, first on the PATH: version $dumps cannot save what this server has (Debian: apt install postgresql-client-$(fact server))"
        fi
    fi
    if [ "$SYSTEMD" = yes ] && [ "$(fact with_credentials)" = 0 ]; then
        needs "a timing partner with credentials, without which the daemon does not start: install without --systemd, then chronotrack-live credentials set"
    fi
    if [ -n "$(fact lacking)" ]; then
        needs "the host table(s) $(fact lacking): is this the Project88Hub database? On an empty one: chronotrack-live migrate --base"
    elif [ "$(fact version)" = unreadable ]; then
        needs "the owner of ct_live_migrations, which says what is there: connect as that role, or as a superuser"
        return
    elif is_migrated; then
        there "version $(fact version) of the extension, and the roles"
        return
    elif [ -n "$(fact not_owned)" ]; then
        needs "the owner of $(fact not_owned): connect as that role, or as a superuser"
    elif [ "$(fact roles)" -lt 2 ] && [ "$(fact makes_roles)" = false ]; then
        needs "a role that may create roles, or CREATE ROLE chronotrack_live LOGIN and CREATE ROLE chronotrack_live_monitor LOGIN by one"
    fi
    if [ "$(fact version)" = "$(wanted_version)" ]; then
        misses "the roles chronotrack_live and chronotrack_live_monitor"
    else
        misses "version $(wanted_version) of the extension (there: $(fact version))"
    fi
}

look_at_installation() {
    if is_for_the_system && ! getent passwd "$SERVICE_USER" >/dev/null; then misses "the user $SERVICE_USER"; fi
    if ! is_installed; then
        misses "the package in $SOFTWARE/.venv"
    elif ! does_run; then
        misses "a package that runs: what is in $SOFTWARE/.venv does not (its Python may be gone; install or upgrade builds it anew)"
    elif is_this_package; then
        there "the package in $SOFTWARE/.venv, version $VERSION"
    else
        misses "this checkout's package: another one is installed (upgrade brings this one)"
    fi
    if [ -e "$SETTINGS/environment" ]; then there "$SETTINGS/environment"; else misses "$SETTINGS/environment"; fi
    look_at_service
}

look_at_service() {
    if [ ! -e "$UNIT" ]; then
        if [ "$SYSTEMD" = yes ]; then misses "the service $UNIT"; else say "absent   the service (install --systemd brings it)"; fi
    elif ! systemd_answers; then
        misses "the service is in place, but no systemd runs here"
    elif systemctl is-active --quiet "$SERVICE"; then
        there "the service runs"
    else
        misses "the service is in place, but does not run (systemctl start $SERVICE)"
    fi
}

look_for_what_is_needed() {
    look_at_machine >"$WORK/looked"
    look_at_database >>"$WORK/looked"
    if [ "$NEEDS" -gt 0 ]; then
        grep '^needed' "$WORK/looked" >&2
        return 1
    fi
}

check() {
    look_at_machine
    look_at_database
    look_at_installation
    if [ "$NEEDS" -gt 0 ]; then
        say "Get what is needed first; install makes what is missing."
    elif [ "$MISSES" -gt 0 ]; then
        say "All that install needs is there; it makes what is missing."
    else
        say "Nothing is missing."
    fi
    [ $((NEEDS + MISSES)) -eq 0 ]
}

last_sign_of_life() {
    ask_hub -f "$CHECKOUT/operations/deploy/last_sign_of_life.sql" 2>/dev/null || say "not for the role $(fact role) to read"
}

status() {
    look_at_installation
    look_at_database
    if is_in_database; then
        say "last sign of life in sync_history (UTC): $(last_sign_of_life)"
    fi
    [ $((NEEDS + MISSES)) -eq 0 ]
}
