# shellcheck shell=bash
# What is on the machine: the system user, the package, its settings, its state folder.
#
# The package lies in a folder of its own for each installation, $SOFTWARE/releases/STAMP; $SOFTWARE/.venv points to
# the one that counts, so an upgrade takes one moment, and so does going back.

# Python 3.11 with what makes virtual environments. The daemon does not see /root and /home.
SUITABLE_PYTHON='
import ensurepip, sys, venv
hidden = sys.base_prefix.startswith(("/root/", "/home/")) and sys.argv[1] == ""
sys.exit(hidden or sys.version_info < (3, 11))
'

is_for_the_system() { [ -z "$PREFIX" ]; }

# Prints the first that will do.
find_python() {
    local name program
    for name in ${PYTHON:-python3 python3.14 python3.13 python3.12 python3.11}; do
        while read -r program; do
            if "$program" -c "$SUITABLE_PYTHON" "$PREFIX" 2>/dev/null; then
                printf '%s\n' "$program"
                return
            fi
        done < <(type -aP "$name")
    done
    return 1
}

# Which package: a digest over all its files as they are in the checkout, less what work in it leaves behind.
copy_package() {
    mkdir "$WORK/package"
    tar -C "$CHECKOUT" --exclude=__pycache__ -cf - \
        pyproject.toml README.md providers database schedulers backfill operations | tar -C "$WORK/package" -xf -
    (cd "$WORK/package" && find . -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum) \
        >"$WORK/package.sha256"
}

installed_version() { "$SOFTWARE/.venv/bin/chronotrack-live" --version 2>/dev/null | sed 's/.* //'; }

is_installed() { [ -x "$SOFTWARE/.venv/bin/chronotrack-live" ]; }

is_this_package() {
    [ -d "$WORK/package" ] || copy_package
    is_installed && cmp -s "$WORK/package.sha256" "$SOFTWARE/.venv/package.sha256"
}

refuse_another_version() {
    if is_installed && ! is_this_package; then
        complain "Another package is installed than this checkout's (there: $(installed_version))."
        return 1
    fi
}

refuse_without_installation() {
    if ! is_installed; then
        complain "Nothing is installed in $SOFTWARE."
        return 1
    fi
}

# make_folder FOLDER [OPTION OF mkdir]: with its parents.
make_folder() {
    if [ -d "$1" ]; then return; fi
    make_folder "$(dirname "$1")"
    run mkdir "$@"
    undo_with rmdir "$1"
}

# put_file SOURCE TARGET: in one moment, and never through a link that somebody has laid there.
put_file() {
    if [ -f "$2" ]; then
        cp -p "$2" "$WORK/$(basename "$2").$(basename "$(dirname "$2")")"
        undo_with mv -f "$WORK/$(basename "$2").$(basename "$(dirname "$2")")" "$2"
    elif [ -e "$2" ]; then
        complain "$2 is there, and is no file."
        return 1
    else
        make_folder "$(dirname "$2")"
        undo_with rm -f "$2"
    fi
    run install -T -m 0644 "$1" "$2"
}

make_user() {
    if ! is_for_the_system || getent passwd "$SERVICE_USER" >/dev/null; then
        return
    fi
    run useradd --system --user-group --home-dir "$STATE" --no-create-home --shell /usr/sbin/nologin "$SERVICE_USER"
    undo_with userdel "$SERVICE_USER"
    say "User: $SERVICE_USER is made."
}

# Leaves in RELEASE the folder whose commands the following steps run.
build_software() {
    if is_this_package; then
        RELEASE=$SOFTWARE/.venv
        say "Package: $(installed_version) of this checkout is in $SOFTWARE/.venv already."
        return
    fi
    RELEASE=$SOFTWARE/releases/$STAMP
    make_folder "$SOFTWARE/releases"
    undo_with rm -rf "$RELEASE"
    run "$(find_python)" -m venv "$RELEASE"
    run "$RELEASE/bin/python" -m pip install --quiet --disable-pip-version-check "$WORK/package[notify]"
    run cp "$WORK/package.sha256" "$CHECKOUT/README.md" "$RELEASE"
    say "Package: built in $RELEASE."
}

switch_software() {
    local before
    if [ "$RELEASE" = "$SOFTWARE/.venv" ]; then return; fi
    before=$(readlink "$SOFTWARE/.venv" || true)
    if [ -n "$before" ]; then
        undo_with point_to "$before"
    else
        undo_with rm -f "$SOFTWARE/.venv" "$SOFTWARE/README.md"
        run ln -s .venv/README.md "$SOFTWARE/README.md"
    fi
    run point_to "releases/$STAMP"
    say "Package: $SOFTWARE/.venv is now releases/$STAMP."
    forget_releases_but "$before" "releases/$STAMP"
}

point_to() {
    ln -s "$1" "$SOFTWARE/.venv.new"
    mv -fT "$SOFTWARE/.venv.new" "$SOFTWARE/.venv"
}

# What runs from the one before may still read its files; those before that go.
forget_releases_but() {
    local release
    for release in "$SOFTWARE"/releases/*/; do
        release=${release%/}
        case ${release#"$SOFTWARE/"} in
            "$1" | "$2") ;;
            *) later rm -rf "$release" ;;
        esac
    done
}

write_settings() {
    local file=$SETTINGS/environment owner=()
    if [ -e "$file" ]; then
        say "Settings: $file is there already, and stays as it is."
        return
    fi
    if is_for_the_system; then owner=(-o root -g "$SERVICE_USER"); fi
    make_folder "$SETTINGS"
    if [ "$DRY_RUN" = no ]; then
        "$RELEASE/bin/python" -P -m operations.settings_template \
            "$(fact host)" "$(fact port)" "$(fact database)" >"$WORK/environment"
    fi
    undo_with rm -f "$file"
    run install -T -m 0640 "${owner[@]}" "$WORK/environment" "$file"
    say "Settings: $file is written, with the daemon's role and no password."
}

make_state_folder() {
    if [ -d "$STATE" ]; then return; fi
    make_folder "$STATE" -m 0700
    if is_for_the_system; then run chown "$SERVICE_USER:$SERVICE_USER" "$STATE"; fi
    say "State: $STATE is made."
}

# Everything of ours that is a folder on this machine; it goes only when all else has gone well.
take_files_away() {
    local folder gone
    for folder in "$SOFTWARE" "$SETTINGS" "$STATE"; do
        if [ ! -d "$folder" ]; then continue; fi
        gone=$(dirname "$folder")/.$(basename "$folder").going
        undo_with mv -T "$gone" "$folder"
        run mv -T "$folder" "$gone"
        later rm -rf "$gone"
    done
    if [ -e "$SPARE_UNIT" ]; then later rm -f "$SPARE_UNIT"; fi
    if is_for_the_system && getent passwd "$SERVICE_USER" >/dev/null; then later userdel "$SERVICE_USER"; fi
    say "Package, settings, state and service file are taken away."
}
