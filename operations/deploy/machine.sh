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
    local name program names=(python3 python3.14 python3.13 python3.12 python3.11)
    if [ -n "${PYTHON:-}" ]; then names=("$PYTHON"); fi
    for name in "${names[@]}"; do
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

is_installed() { [ -L "$SOFTWARE/.venv" ] || [ -e "$SOFTWARE/.venv" ]; }

# Its Python may be gone with a release of the system. Leaves in VERSION which one runs, nothing when it does not.
does_run() {
    if [ -z "${VERSION+asked}" ]; then
        VERSION=$("$SOFTWARE/.venv/bin/chronotrack-live" --version 2>/dev/null) || VERSION=
        VERSION=${VERSION#chronotrack-live, version }
    fi
    [ -n "$VERSION" ]
}

is_this_package() {
    [ -d "$WORK/package" ] || copy_package
    cmp -s "$WORK/package.sha256" "$SOFTWARE/.venv/package.sha256" && does_run
}

# One that does not run is built anew, whatever it was.
refuse_another_version() {
    if does_run && ! is_this_package; then
        complain "Another package is installed than this checkout's (there: $VERSION)."
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
    undo_with remove_folder "$1"
    run mkdir "$@"
}

remove_folder() { [ ! -d "$1" ] || rmdir "$1"; }

# Whether a file has these words already, and nobody but us can change them.
is_in_place() { cmp -s "$1" "$2" && [ ! -L "$2" ] && [ -O "$2" ] && [ "$(stat -c %a "$2")" = 644 ]; }

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
    undo_with remove_user
    run useradd --system --user-group --home-dir "$STATE" --no-create-home --shell /usr/sbin/nologin "$SERVICE_USER"
    did "User: $SERVICE_USER is made."
}

remove_user() { ! getent passwd "$SERVICE_USER" >/dev/null || userdel "$SERVICE_USER"; }

# Leaves in RELEASE the folder whose commands the following steps run.
build_software() {
    if is_this_package; then
        RELEASE=$SOFTWARE/.venv
        say "Package: $VERSION of this checkout is in $SOFTWARE/.venv already."
        return
    fi
    RELEASE=$SOFTWARE/releases/$STAMP
    make_folder "$SOFTWARE/releases"
    undo_with rm -rf "$RELEASE"
    run "$(find_python)" -m venv "$RELEASE"
    run "$RELEASE/bin/python" -m pip install --quiet --disable-pip-version-check "$WORK/package[notify]"
    run cp "$WORK/package.sha256" "$CHECKOUT/README.md" "$RELEASE"
    did "Package: built in $RELEASE."
}

switch_software() {
    local before
    if [ "$RELEASE" = "$SOFTWARE/.venv" ]; then return; fi
    before=$(readlink "$SOFTWARE/.venv" || true)
    if [ -n "$before" ]; then
        undo_with point_to "$before"
    else
        undo_with rm -f "$SOFTWARE/.venv" "$SOFTWARE/README.md"
        run ln -sf .venv/README.md "$SOFTWARE/README.md"
    fi
    point_to "releases/$STAMP"
    did "Package: $SOFTWARE/.venv is now releases/$STAMP."
    forget_releases_but "$before" "releases/$STAMP"
}

point_to() {
    run rm -rf "$SOFTWARE/.venv.new" &&
        run ln -s "$1" "$SOFTWARE/.venv.new" &&
        run mv -fT "$SOFTWARE/.venv.new" "$SOFTWARE/.venv"
}

# What runs from the one before may still read its files; those before that go.
forget_releases_but() {
    local release
    for release in "$SOFTWARE"/releases/*/; do
        release=${release%/}
        [ -d "$release" ] || continue
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
            "$(fact host)" "$(fact port)" "$(fact database)" "$PGSERVICEFILE" >"$WORK/environment"
    fi
    undo_with rm -f "$file"
    run install -T -m 0640 "${owner[@]}" "$WORK/environment" "$file"
    did "Settings: $file is written, with the daemon's role and no password."
}

make_state_folder() {
    if [ ! -d "$STATE" ]; then
        make_folder "$STATE" -m 0700
        did "State: $STATE is made."
    fi
    if is_for_the_system; then give_state_to_user; fi
}

# A command that root ran may have left files there which lock the daemon out. Those of the private PostgreSQL are
# another user's, and stay; a file with two names may be somebody else's as well.
give_state_to_user() {
    local wrong=("$STATE" -xdev "(" -user root -o -nouser ")" -not "(" -type f -links +1 ")")
    if [ -d "$STATE" ] && [ -z "$(find "${wrong[@]}" -print -quit)" ]; then return; fi
    run find "${wrong[@]}" -exec chown --no-dereference "$SERVICE_USER:$SERVICE_USER" "{}" +
    did "State: all of it is the user's, $SERVICE_USER."
}

# Everything of ours that is a folder on this machine; it goes only when all else has gone well.
take_files_away() {
    local folder gone
    for folder in "$SOFTWARE" "$SETTINGS" "$STATE" "$UNIT.d"; do
        gone=$(dirname "$folder")/.$(basename "$folder").going
        # Of an uninstallation that was killed at its end.
        if [ -e "$gone" ]; then run rm -rf "$gone"; fi
        if [ ! -d "$folder" ]; then continue; fi
        undo_with put_back "$gone" "$folder"
        run mv -T "$folder" "$gone"
        later rm -rf "$gone"
    done
    if [ -e "$SPARE_UNIT" ]; then later rm -f "$SPARE_UNIT"; fi
    if is_for_the_system && getent passwd "$SERVICE_USER" >/dev/null; then later userdel "$SERVICE_USER"; fi
    did "Package, settings, state and service file are taken away."
}

put_back() { [ ! -d "$1" ] || mv -T "$1" "$2"; }
