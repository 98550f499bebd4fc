"""A daemon whose state folder has no room for a while; the long form is `make soak`."""

from __future__ import annotations

import pytest

from tests.soak import full_disk
from tests.soak.stage import Stage

SEED = 2013


@pytest.mark.waits
def test_a_daemon_on_a_full_disk_says_so_and_goes_on_when_there_is_room_again(server, template, tmp_path):
    trials = list(full_disk.trials(Stage(server, template, tmp_path, SEED, is_short=True)))

    if trials[0].not_tried:
        pytest.skip(trials[0].not_tried)
    assert [trial.wrong for trial in trials] == [()]
    assert trials[0].struck > 1
