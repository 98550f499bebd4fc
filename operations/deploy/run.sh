# shellcheck shell=bash
# How a run goes: step by step, saying what it does, asking before data; when a step fails, all is undone.

STEP=    # the step that is under way; empty before the first, and when all is well
GO_ON=
UNDO=()  # the commands that take back what this run has done, the latest last
LATER=() # the commands for the end, when nothing can fail any more

say() { printf '%s\n' "$*"; }
complain() { printf '%s\n' "$*" >&2; }

# What a step has done; a dry run has done nothing.
did() { [ "$DRY_RUN" = yes ] || say "$1"; }

# Leaves in WORK a folder for this run alone, and sees that each of its ways out leads through end.
begin() {
    WORK=$(mktemp -d)
    trap end EXIT
    trap 'exit 130' INT TERM HUP
    trap 'exit 1' PIPE
}

# step FUNCTION HOW_TO_GO_ON: a function that does one thing and says what it did.
# It is not called as a condition: bash would go on after a command of it that fails.
step() {
    STEP=$1
    GO_ON=$2
    "$1"
}

# Two runs that change the same machine would take away what the other needs. The lock lies on the folder itself:
# it leaves no trace, and ends with this run however that ends.
refuse_a_second_run() {
    local lock
    if [ "$DRY_RUN" = yes ]; then return; fi
    exec {lock}<"${PREFIX:-/}"
    if ! flock --nonblock "$lock"; then
        complain "Another run of this script is at work on ${PREFIX:-this machine}."
        return 1
    fi
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
    elif [ -e "$file" ]; then
        complain "$file is there already."
        return 1
    else
        undo_with rm -f "$file"
        (umask 077 && "$@" >"$file")
    fi
}

# Said before what it undoes is done, so that a signal finds it; it must do no harm where that was not done.
undo_with() { [ "$DRY_RUN" = yes ] || UNDO+=("$(quoted "$@")"); }
later() { LATER+=("$(quoted "$@")"); }

quoted() {
    local words
    printf -v words ' %q' "$@"
    printf '%s' "${words# }"
}

# The command line that calls this script again for the same place, with another command.
this_script() {
    local sudo=()
    if is_for_the_system; then sudo=(sudo -E); fi
    quoted "${sudo[@]}" "$CHECKOUT/deploy_chronotrack_live.sh" ${PREFIX:+--prefix "$PREFIX"} "$@"
}

# Fails when the answer is not yes; a dry run asks nobody.
agreed() {
    local answer=
    if [ "$DRY_RUN" = yes ]; then
        say "    would ask: $1"
    elif [ "$YES" = no ]; then
        printf '%s Type yes: ' "$1"
        read -r answer 2>/dev/null || say ""
        [ "$answer" = yes ]
    fi
}

# What can be done only when nothing can fail any more. Whatever happens now, the rest of it is done all the same.
all_is_well() {
    local last left=()
    trap '' INT TERM HUP PIPE
    set +e
    STEP=
    for last in "${LATER[@]}"; do
        eval "run $last" || left+=("$last")
    done
    if [ ${#left[@]} -gt 0 ]; then
        complain "$COMMAND is done but for this, which is left to you:"
        printf '    %s\n' "${left[@]}" >&2
        exit 1
    fi
    if [ "$DRY_RUN" = yes ]; then say "This was a dry run: nothing has changed."; else say "$COMMAND: done."; fi
}

# The way out of every run, well or not.
end() {
    local status=$? index
    trap '' INT TERM HUP PIPE
    set +e
    if [ -n "$STEP" ]; then
        for ((index = ${#UNDO[@]} - 1; index >= 0; index--)); do
            eval "${UNDO[index]}" >/dev/null || complain "This could not be undone: ${UNDO[index]}"
        done
        if [ "$DRY_RUN" = yes ]; then
            complain "$COMMAND would stop at $STEP."
        else
            complain "$COMMAND stopped at $STEP; what it had done is undone."
        fi
        complain "$GO_ON"
        [ "$status" -eq 130 ] || status=1
    fi
    rm -rf "$WORK"
    exit "$status"
}
