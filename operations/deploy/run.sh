# shellcheck shell=bash
# How a run goes: step by step, saying what it does, asking before data; when a step fails, all is undone.

STEP=
GO_ON=
UNDO=()  # the commands that take back what this run has done, the latest last
LATER=() # the commands for the end, when nothing can fail any more

say() { printf '%s\n' "$*"; }
complain() { printf '%s\n' "$*" >&2; }

# step FUNCTION HOW_TO_GO_ON: a function that does one thing and says what it did.
# It is not called as a condition: bash would go on after a command of it that fails.
step() {
    STEP=$1
    GO_ON=$2
    "$1"
}

# run COMMAND...: whatever changes anything goes through here.
run() {
    if [ "$DRY_RUN" = yes ]; then
        printf '    would run: %s\n' "$(quoted "$@")"
    else
        "$@"
    fi
}

# run_into FILE COMMAND...: the same, with what it prints in a file that only its owner may read.
run_into() {
    local file=$1
    shift
    if [ "$DRY_RUN" = yes ]; then
        printf '    would run: %s > %s\n' "$(quoted "$@")" "$file"
    else
        undo_with rm -f "$file"
        (umask 077 && "$@" >"$file")
    fi
}

undo_with() { [ "$DRY_RUN" = yes ] || UNDO+=("$(quoted "$@")"); }
later() { LATER+=("$(quoted "$@")"); }

quoted() {
    local words
    printf -v words ' %q' "$@"
    printf '%s' "${words# }"
}

# Fails when the answer is not yes; a dry run asks nobody.
agreed() {
    local answer=
    if [ "$DRY_RUN" = yes ]; then
        say "    would ask: $1"
    elif [ "$YES" = no ]; then
        printf '%s Type yes: ' "$1"
        read -r answer || say ""
        [ "$answer" = yes ]
    fi
}

all_is_well() {
    local last
    STEP=
    UNDO=()
    for last in "${LATER[@]}"; do
        eval "run $last"
    done
    if [ "$DRY_RUN" = yes ]; then say "This was a dry run: nothing has changed."; else say "$COMMAND: done."; fi
}

# The way out of every run, well or not.
end() {
    local status=$? index
    trap '' INT TERM HUP
    set +e
    if [ "$status" -ne 0 ] && [ -n "$STEP" ]; then
        for ((index = ${#UNDO[@]} - 1; index >= 0; index--)); do
            eval "${UNDO[index]}" || complain "This could not be undone: ${UNDO[index]}"
        done
        complain "$COMMAND stopped at $STEP; what it had done is undone."
        complain "$GO_ON"
        [ "$status" -eq 130 ] || status=1
    fi
    rm -rf "$WORK"
    exit "$status"
}
