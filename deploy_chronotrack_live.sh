#!/usr/bin/env bash
# Installs ChronoTrack Live for Project88Hub on this machine and in the hub's database, and takes it out again.
#
# What is done step by step stands in operations/deploy/: run.sh (how a run says, asks and undoes), machine.sh,
# database.sh, service.sh and look.sh (what is there and what is missing).
set -Eeuo pipefail
shopt -s inherit_errexit

# Where the script itself is, however it was called.
unset CDPATH
CHECKOUT=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")" && pwd -P)
# shellcheck source=operations/deploy/run.sh
. "$CHECKOUT/operations/deploy/run.sh"
# shellcheck source=operations/deploy/machine.sh
. "$CHECKOUT/operations/deploy/machine.sh"
# shellcheck source=operations/deploy/database.sh
. "$CHECKOUT/operations/deploy/database.sh"
# shellcheck source=operations/deploy/service.sh
. "$CHECKOUT/operations/deploy/service.sh"
# shellcheck source=operations/deploy/look.sh
. "$CHECKOUT/operations/deploy/look.sh"

usage() {
    cat <<'END'
Usage: deploy_chronotrack_live.sh COMMAND [--systemd] [--dry-run] [--yes] [--prefix DIR]

  check      say all that is missing on this machine and in this database; change nothing
  install    a backup of the ct_ tables' schema (into this folder), the package in /opt/chronotrack-live/.venv,
             schema and roles, the settings in /etc/chronotrack-live/environment, the service file in /tmp
  upgrade    the same for another version of the package; restarts the service if it runs
  status     what is installed, whether the service runs, what the database says
  rollback   stop and remove the service, save the live rows (into this folder), take them, the extension and
             its roles out of the database
  uninstall  rollback, and everything on this machine as well: package, settings, state, user

  --systemd     install: the service in place, enabled and started; check: what that needs
  --dry-run     change nothing, print the commands that would
  --yes         answer every question with yes
  --prefix DIR  put below DIR what would go to /opt, /etc, /var/lib and /tmp; no system user. For trying it out;
                systemd is the machine's own there too

The database is the one that DATABASE_URL or libpq's PG* variables name, or else the settings file. All but check
and status want its tables' owner. PYTHON chooses the Python. Exit codes: 0 all well, 1 something is missing,
failed or was declined, 2 could not start.
END
}

misused() {
    complain "$1"
    usage >&2
    exit 2
}

COMMAND=
PREFIX=
DRY_RUN=no
YES=no
SYSTEMD=no
while [ $# -gt 0 ]; do
    case $1 in
        check | install | upgrade | status | rollback | uninstall)
            [ -z "$COMMAND" ] || misused "One command at a time: $COMMAND or $1."
            COMMAND=$1
            ;;
        --systemd) SYSTEMD=yes ;;
        --dry-run) DRY_RUN=yes ;;
        --yes) YES=yes ;;
        --prefix)
            [ $# -gt 1 ] && [ -d "$2" ] || misused "--prefix wants a folder that exists."
            PREFIX=$(cd "$2" && pwd -P)
            shift
            ;;
        -h | --help)
            usage
            exit 0
            ;;
        *) misused "This is neither a command nor an option: $1." ;;
    esac
    shift
done
[ -n "$COMMAND" ] || misused "Say what is to be done."
[ "$PREFIX" != / ] || misused "Leave --prefix out for the machine itself."
# A service file, and the commands of a virtual environment, take no others as they are.
[[ $PREFIX =~ ^[[:alnum:]/._+-]*$ ]] || misused "--prefix wants a path of letters, digits and / . _ + - alone."

# Where everything is. Below a prefix there is no system user: all of it is whoever's runs this.
SERVICE=chronotrack-live-scheduler.service
SERVICE_USER=chronotrack-live
SOFTWARE=$PREFIX/opt/chronotrack-live
SETTINGS=$PREFIX/etc/chronotrack-live
STATE=$PREFIX/var/lib/chronotrack-live
UNIT=$PREFIX/etc/systemd/system/$SERVICE
SPARE_UNIT=$PREFIX/tmp/$SERVICE
if [ -n "$PREFIX" ] && [ -e "${UNIT#"$PREFIX"}" ] && { [ "$SYSTEMD" = yes ] || [ -e "$UNIT" ]; }; then
    misused "This machine has the service itself, which systemd would take the one below $PREFIX for."
fi
STAMP=$(date +%Y%m%d_%H%M%S)
umask 022
begin

install_all() {
    step refuse_a_second_run "Wait until it has ended, then run this again."
    step look_for_what_is_needed "Get what is needed, then run this again; check shows all of it at any time."
    step refuse_another_version "Run: $(this_script upgrade)"
    step back_up_schema "See that pg_dump can read the ct_ tables and this folder can be written to, then run this again."
    step make_user "See that useradd works, then run this again."
    step build_software "See that pip can get what pyproject.toml asks for (PIP_INDEX_URL, PIP_FIND_LINKS), then run this again."
    step migrate_database "Do what the database's words above ask for, then run this again."
    step switch_software "See that $SOFTWARE can be written to, then run this again."
    step write_settings "See that $SETTINGS can be written to, then run this again."
    step make_state_folder "See that $STATE can be made, then run this again."
    step write_spare_unit "See that $SPARE_UNIT can be written to, then run this again."
    if [ "$SYSTEMD" = yes ]; then
        step try_settings "Run this again without --systemd, see to the settings in $SETTINGS/environment, then again with --systemd."
        step put_unit_in_place "See that $UNIT can be written to and systemctl answers, then run this again."
        step start_service "Run this again without --systemd, and see why the daemon does not start: sudo journalctl -u $SERVICE"
    fi
    all_is_well
    if [ "$SYSTEMD" = no ] && [ "$DRY_RUN" = no ]; then say_what_is_next; fi
}

say_what_is_next() {
    say "Next, with the database named as now: give each partner (PARTNER is its timing_partner_id) its credentials, see to"
    say "the daemon's database in $SETTINGS/environment, and let the service begin:"
    say "    $SOFTWARE/.venv/bin/chronotrack-live credentials set PARTNER --principal LOGIN"
    say "    $(this_script install --systemd)"
}

upgrade_all() {
    step refuse_a_second_run "Wait until it has ended, then run this again."
    step look_for_what_is_needed "Get what is needed, then run this again; check shows all of it at any time."
    step refuse_without_installation "Run: $(this_script install)"
    # First of all, so that it comes last, when the package and the unit of before are back.
    undo_with restart_what_was_restarted
    step back_up_schema "See that pg_dump can read the ct_ tables and this folder can be written to, then run this again."
    step build_software "See that pip can get what pyproject.toml asks for (PIP_INDEX_URL, PIP_FIND_LINKS), then run this again."
    step migrate_database "Do what the database's words above ask for, then run this again: it goes on where it stopped."
    step switch_software "See that $SOFTWARE can be written to, then run this again."
    step make_state_folder "See that $STATE can be made, then run this again."
    step write_spare_unit "See that $SPARE_UNIT can be written to, then run this again."
    if [ -e "$UNIT" ]; then
        step put_unit_in_place "See that $UNIT can be written to and systemctl answers, then run this again."
        step restart_service "See why the daemon does not start: sudo journalctl -u $SERVICE"
    fi
    all_is_well
}

roll_back_all() {
    step refuse_a_second_run "Wait until it has ended, then run this again."
    step look_for_rollback "Name the database by DATABASE_URL or PG*, as the owner of its tables, then run this again."
    step agree_to_lose_live_rows "Run this again and answer yes, or add --yes."
    step stop_service "See what systemctl says, then run this again."
    step take_unit_away "See that $UNIT can be removed, then run this again."
    step back_up_live_rows "See that this folder can be written to and has room for the live rows, then run this again."
    step take_out_of_database "Do what the database's words above ask for, then run this again."
    all_is_well
}

uninstall_all() {
    step refuse_a_second_run "Wait until it has ended, then run this again."
    step look_for_rollback "Name the database by DATABASE_URL or PG*, as the owner of its tables, then run this again. To leave
a database alone that is not there any more, take its address out of $SETTINGS/environment
(and $SETTINGS/database_url, where it is there) first."
    step agree_to_uninstall "Run this again and answer yes, or add --yes."
    step stop_service "See what systemctl says, then run this again."
    step take_unit_away "See that $UNIT can be removed, then run this again."
    step take_files_away "See that these folders can be moved, then run this again."
    step back_up_live_rows "See that this folder can be written to and has room for the live rows, then run this again."
    step take_out_of_database "Do what the database's words above ask for, then run this again."
    all_is_well
}

find_database
case $COMMAND in
    check) check ;;
    install) install_all ;;
    upgrade) upgrade_all ;;
    status) status ;;
    rollback) roll_back_all ;;
    uninstall) uninstall_all ;;
esac
