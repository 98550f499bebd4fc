#!/usr/bin/env bash
# Boots a systemd of its own over this machine's files: what it and its services change lies in memory and is
# gone with it. It shares the network with this machine, and nothing else. Wants root.
set -euo pipefail

exec unshare --mount --pid --fork --kill-child --uts --ipc --cgroup bash -euo pipefail -c '
    mount --make-rprivate /
    mount -t tmpfs tmpfs /mnt
    mkdir /mnt/changes /mnt/work /mnt/root
    mount -t overlay -o lowerdir=/,upperdir=/mnt/changes,workdir=/mnt/work overlay /mnt/root
    cd /mnt/root
    mount -t proc proc proc
    mount --rbind /sys sys
    mount -t cgroup2 cgroup2 sys/fs/cgroup
    mount --rbind /dev dev
    mount -t tmpfs tmpfs run
    mount -t tmpfs tmpfs tmp
    mkdir old
    pivot_root . old
    umount -l old
    exec env -i container=other PATH=/usr/sbin:/usr/bin:/sbin:/bin \
        /lib/systemd/systemd --system --unit=basic.target --log-target=null
'
