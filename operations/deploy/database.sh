# shellcheck shell=bash
# What is in the hub's database: backups before, schema and roles, and all of it out again.
#
# Passwords stand in no argument: psql, pg_dump and chronotrack-live find the database through libpq's own means,
# a service file that only this run can read.

SCRIPTS=$CHECKOUT/database
EXTENSION=chronotrack_live_schema_extension
# As long as a busy hub keeps pg_dump from a table.
LOCK_PATIENCE=30s

# Leaves in NAMED whether something names a database: yes, no, or unreadable where that cannot be known.
find_database() {
    local python file answer=0
    NAMED=unreadable
    FACTS=
    if ! python=$(find_python); then
        complain "The database's address cannot be read without Python 3.11 or newer; PYTHON names one."
        return
    fi
    # It loses its name before there is a password in it: it ends with this run, however that ends.
    exec {file}<>"$WORK/pg_service.conf"
    rm "$WORK/pg_service.conf"
    "$python" "$CHECKOUT/operations/libpq_service.py" "$SETTINGS/environment" >&"$file" || answer=$?
    case $answer in
        0) NAMED=yes ;;
        3) NAMED=no ;;
    esac
    if [ "$NAMED" = yes ]; then
        unset DATABASE_URL
        export PGSERVICEFILE=/dev/fd/$file PGSERVICE=chronotrack_live
        export PGCONNECT_TIMEOUT=${PGCONNECT_TIMEOUT:-10}
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
    did "Backup: the schema of the ct_ tables is in $file."
}

migrate_database() {
    if is_migrated; then
        say "Database: version $(fact version) of the extension and its roles are there already."
        return
    fi
    # Only where nothing of the integration was before: a newer version on an older one stays, and does no harm.
    if [ "$(fact untouched)" = t ]; then undo_with take_out_again; fi
    run "$RELEASE/bin/chronotrack-live" migrate --roles
    did "Database: version $(wanted_version) of the extension and the roles are there."
}

take_out_again() {
    if [ "$(ask_hub -c "SELECT to_regclass('ct_live_added_columns') IS NOT NULL")" = t ]; then
        ask_hub -f "$SCRIPTS/chronotrack_live_rollback.sql"
    fi
}

# For rollback and uninstall, before anything is stopped or taken away.
look_for_rollback() {
    case $NAMED in
        yes) read_facts ;;
        unreadable)
            complain "Which database is meant cannot be read, so nothing is taken away."
            return 1
            ;;
        no)
            if [ "$COMMAND" = rollback ]; then
                complain "No database is named."
                return 1
            fi
            ;;
    esac
    if is_in_database && [ -n "$(fact not_owned)" ]; then
        complain "It takes the owner of $(fact not_owned) to take ChronoTrack Live out: connect as that role, or as a superuser."
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
    if [ "$NAMED" = yes ]; then
        agree_to_lose_live_rows
    else
        agreed "No database is named: whatever of ChronoTrack Live is in one STAYS there."
    fi
}

back_up_live_rows() {
    local file=chronotrack_live_rows_$STAMP.sql
    if ! is_in_database; then return; fi
    run_into "$file" psql -X -q -A -t -v ON_ERROR_STOP=1 -f "$CHECKOUT/operations/deploy/live_rows.sql"
    did "Backup: the live rows are in $file; after another install, psql -f brings them in again."
}

take_out_of_database() {
    if ! is_in_database; then return; fi
    run psql -X -q -v ON_ERROR_STOP=1 -f "$SCRIPTS/chronotrack_live_rollback.sql"
    did "Database: all that ChronoTrack Live brought is out of it."
}
