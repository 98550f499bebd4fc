# shellcheck shell=bash
# The scheduler under systemd: the unit of operations/systemd with this installation's paths.
#
# Where no unit is in place nothing is asked of systemd: below a prefix, the service of the machine is not ours.

RESTARTED=no

systemd_answers() { command -v systemctl >/dev/null && { ! is_for_the_system || [ -d /run/systemd/system ]; }; }

# Whether it is at work or being started, which one that fails is again and again.
is_up() {
    case $(systemctl is-active "$SERVICE" || true) in
        inactive | failed | unknown | "") return 1 ;;
    esac
}

# Where no systemd runs, a file is all that there is of the unit.
reload_systemd() {
    if systemd_answers; then run systemctl daemon-reload; fi
}

write_unit() {
    sed -e "s|/opt/chronotrack-live|$SOFTWARE|g" -e "s|/etc/chronotrack-live|$SETTINGS|g" \
        -e "s|%S/chronotrack-live|$STATE|g" \
        "$CHECKOUT/operations/systemd/$SERVICE" >"$WORK/unit"
}

# For the guide's `sudo cp /tmp/chronotrack-live-scheduler.service /etc/systemd/system/`.
write_spare_unit() {
    write_unit
    if is_in_place "$WORK/unit" "$SPARE_UNIT"; then return; fi
    put_file "$WORK/unit" "$SPARE_UNIT"
    did "Service: its file is $SPARE_UNIT."
}

# The very command that the service runs, with its settings alone; it only says what it would collect.
try_settings() {
    local file=$SETTINGS/environment as_daemon=()
    if [ "$DRY_RUN" = yes ]; then
        say "    would try: whether the daemon reaches its database with the settings in $file"
        return
    fi
    if ! grep -qE '^[[:space:]]*(DATABASE_URL|PG[A-Z]+)=' "$file" && [ ! -e "$SETTINGS/database_url" ]; then
        complain "$file names no database: write DATABASE_URL=... into it."
        return 1
    fi
    # A unit's credential is root's; the daemon has a copy of it from systemd.
    if is_for_the_system && [ ! -e "$SETTINGS/database_url" ]; then as_daemon=(runuser -u "$SERVICE_USER" --); fi
    "${as_daemon[@]}" env -i PATH="$PATH" HOME="$STATE" CHRONOTRACK_LIVE_STATE="$STATE" \
        CREDENTIALS_DIRECTORY="$SETTINGS" \
        "$SOFTWARE/.venv/bin/chronotrack-live" scheduler --settings "$file" --plan --hours 1 >/dev/null
    say "Settings: the daemon reaches its database with them."
}

put_unit_in_place() {
    write_unit
    if is_in_place "$WORK/unit" "$UNIT"; then return; fi
    undo_with reload_systemd
    put_file "$WORK/unit" "$UNIT"
    reload_systemd
    did "Service: $UNIT is in place."
}

start_service() {
    if ! systemctl is-enabled --quiet "$SERVICE"; then
        undo_with systemctl disable --quiet "$SERVICE"
        run systemctl enable --quiet "$SERVICE"
    fi
    if systemctl is-active --quiet "$SERVICE"; then
        say "Service: runs already."
        return
    fi
    undo_with systemctl stop "$SERVICE"
    run systemctl start "$SERVICE"
    did "Service: enabled and started."
}

restart_service() {
    if [ "$RELEASE" = "$SOFTWARE/.venv" ] || ! systemd_answers; then return; fi
    # One that is being started takes what is there now by itself.
    if ! systemctl is-active --quiet "$SERVICE"; then return; fi
    RESTARTED=yes
    run systemctl restart "$SERVICE"
    did "Service: started anew."
}

restart_what_was_restarted() {
    if [ "$RESTARTED" = yes ]; then systemctl restart "$SERVICE"; fi
}

stop_service() {
    if [ ! -e "$UNIT" ]; then return; fi
    if ! systemd_answers; then
        say "Service: no systemd runs here that could stop it; its file goes all the same."
        return
    fi
    if is_up; then undo_with systemctl start "$SERVICE"; fi
    run systemctl stop "$SERVICE"
    did "Service: stopped."
    if systemctl is-enabled --quiet "$SERVICE"; then
        undo_with systemctl enable --quiet "$SERVICE"
        run systemctl disable --quiet "$SERVICE"
    fi
}

take_unit_away() {
    local link
    link=$(dirname "$UNIT")/multi-user.target.wants/$SERVICE
    if [ ! -e "$UNIT" ]; then return; fi
    cp -p "$UNIT" "$WORK/unit.before"
    undo_with reload_systemd
    undo_with cp -p "$WORK/unit.before" "$UNIT"
    run rm "$UNIT"
    # Where systemctl could not disable it.
    if [ -L "$link" ]; then
        undo_with ln -sf "$(readlink "$link")" "$link"
        run rm "$link"
    fi
    reload_systemd
    if [ -e "$SPARE_UNIT" ]; then later rm -f "$SPARE_UNIT"; fi
    did "Service: removed."
}
