"""A few hundred rows that nobody would expect, collected by the daemon; the long form is `make soak`."""

from __future__ import annotations

import pytest

from tests.soak import hostile_rows
from tests.soak.stage import Stage

SEED = 2013


@pytest.mark.waits
def test_every_hostile_row_is_stored_as_it_was_sent_or_set_aside_and_no_neighbour_suffers(
    server, template, tmp_path
):
    [trial] = hostile_rows.trials(Stage(server, template, tmp_path, SEED, is_short=True))

    assert trial.wrong == ()
    assert trial.struck > 300
    assert 0 < trial.rejected < 40
