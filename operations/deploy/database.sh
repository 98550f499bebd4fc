# shellcheck shell=bash
# What is in the hub's database: backups before, schema and roles, and all of it out again.
#
# Passwords stand in no argument: psql, pg_dump and chronotrack-live find the database through libpq's own means,
# PG* variables or a service file that only this run can read.

SCRIPTS=$CHECKOUT/database
EXTENSION=chronotrack_live_schema_extension
# As long as a busy hub keeps pg_dump from a table.
LOCK_PATIENCE=30s

# Leaves NAMED=yes when something names a database.
find_database() {
    local python
    NAMED=no
    FACTS=
    python=$(find_python) || return 0
    if ! (umask 077 && "$python" "$CHECKOUT/operations/libpq_service.py" "$SETTINGS/environment" >"$WORK/pg_service.conf"); then
        return 0
    fi
    NAMED=yes
    unset DATABASE_URL
    export PGCONNECT_TIMEOUT=${PGCONNECT_TIMEOUT:-10}
    # Empty: the PG* variables are there, and do by themselves.
    if [ -s "$WORK/pg_service.conf" ]; then
        export PGSERVICEFILE=$WORK/pg_service.conf PGSERVICE=chronotrack_live
    fi
}

ask_hub() { psql -X -q -A -t -v ON_ERROR_STOP=1 "$@"; }

# Leaves in FACTS what database_facts.sql says.
read_facts() { FACTS=$(ask_hub -f "$CHECKOUT/operations/deploy/database_facts.sql"); }

fact() { sed -n "s/^$1=//p" <<<"$FACTS"; }

wanted_version() {
    sed -n "s/^VALUES ('$EXTENSION', \([0-9]*\),.*/\1/p" "$SCRIPTS/$EXTENSION.sql"
}

is_migrated() { [ "$(fact version)" = "$(wanted_version)" ] && [ "$(fact roles)" = 2 ]; }

# As in the deployment guide, into the folder where the operator is.
back_up_schema() {
    local file=chronotrack_live_backup_$STAMP.sql
    if is_migrated; then return; fi
    run_into "$file" pg_dump --schema-only --lock-wait-timeout="$LOCK_PATIENCE" \
        --table=ct_events --table=ct_races --table=ct_participants --table=ct_results
    say "Backup: the schema of the ct_ tables is in $file."
}

migrate_database() {
    if is_migrated; then
        say "Database: version $(fact version) of the extension and its roles are there already."
        return
    fi
    # Only where nothing of the integration was before: a newer version on an older one stays, and does no harm.
    if [ "$(fact untouched)" = t ]; then undo_with take_out_again; fi
    run "$RELEASE/bin/chronotrack-live" migrate --roles
    say "Database: version $(wanted_version) of the extension and the roles are there."
}

take_out_again() {
    if [ "$(ask_hub -c "SELECT to_regclass('ct_live_added_columns') IS NOT NULL")" = t ]; then
        ask_hub -f "$SCRIPTS/chronotrack_live_rollback.sql"
    fi
}

# For rollback and uninstall. Where no database is named there is nothing to take out of one.
look_for_rollback() {
    if [ "$NAMED" = yes ]; then
        read_facts
    elif [ "$COMMAND" = rollback ]; then
        complain "No database is named."
        return 1
    fi
}

is_in_database() { [ -n "$FACTS" ] && [ "$(fact ours)" = t ]; }

agree_to_lose_live_rows() {
    if ! is_in_database; then
        say "Database: nothing of ChronoTrack Live is in it."
        return
    fi
    ask_hub -f "$CHECKOUT/operations/deploy/live_counts.sql"
    agreed "All this goes out of the database $(fact database), with the extension, the credentials and the roles."
}

agree_to_uninstall() {
    agreed "The package, the settings, the state folder $STATE and the service go from this machine."
    agree_to_lose_live_rows
}

back_up_live_rows() {
    local file=chronotrack_live_rows_$STAMP.sql
    if ! is_in_database; then return; fi
    run_into "$file" psql -X -q -A -t -v ON_ERROR_STOP=1 -f "$CHECKOUT/operations/deploy/live_rows.sql"
    say "Backup: the live rows are in $file; after another install, psql -f brings them in again."
}

take_out_of_database() {
    if ! is_in_database; then return; fi
    run psql -X -q -v ON_ERROR_STOP=1 -f "$SCRIPTS/chronotrack_live_rollback.sql"
    say "Database: as it was before ChronoTrack Live."
}
