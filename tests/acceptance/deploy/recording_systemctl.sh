#!/bin/sh
# Stands in for systemctl where no systemd runs: it notes what it is told and remembers what it was told.
# SYSTEMCTL_NOTES is its folder; it fails once, at the verb that SYSTEMCTL_FAILS_AT names.
set -eu
cd "$SYSTEMCTL_NOTES"
verb=$1
case $verb in
    is-active)
        for state in active activating; do
            if [ -e "$state" ]; then break; fi
            state=inactive
        done
        if [ "$2" != --quiet ]; then echo "$state"; fi
        exec test "$state" = active
        ;;
    is-enabled) exec test -e enabled ;;
esac
echo "$verb" >>told
if [ "$verb" = "${SYSTEMCTL_FAILS_AT:-}" ] && [ ! -e failed ]; then
    touch failed
    exit 1
fi
case $verb in
    start | restart) touch active ;;
    stop) rm -f active activating ;;
    enable) touch enabled ;;
    disable) rm -f enabled ;;
esac
