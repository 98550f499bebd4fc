"""What a run does when the database is lost on the way."""

from __future__ import annotations

from backfill.outcome import End
from providers.errors import DatabaseUnavailable
from tests.integration.backfill.past_provider import ends


class Database:
    """Does not answer a number of times; then all that a provider has to say goes well again."""

    def __init__(self, provider, away):
        self._provider, self._away = provider, away
        provider.wrong = {e.provider_event_id: DatabaseUnavailable("gone") for e in provider.events}
        self.asked = 0

    def __call__(self):
        self.asked += 1
        if self.asked <= self._away:
            raise DatabaseUnavailable("gone")
        self._provider.wrong = {}


def test_a_database_that_is_lost_for_a_while_ends_nothing_and_what_failed_for_it_is_tried_again(
    provide, go, capsys
):
    provider = provide(100)
    database = Database(provider, away=2)

    result = go(provider, answers=database)

    assert (ends(result), result.troubles, result.left) == ([End.IMPORTED] * 100, [], 0)
    assert provider.read <= 100 + 10  # no more are begun while it is away
    said = capsys.readouterr().err
    assert said.count("The database does not answer: nothing is begun until it does, for 5 minutes") == 1
    assert said.count("The database answers again") == 1


def test_a_list_for_which_the_database_was_lost_is_asked_for_again(provide, go):
    provider = provide(3)
    provider.listing_fails = DatabaseUnavailable("gone")

    def answers():
        provider.listing_fails = None

    result = go(provider, answers=answers)

    assert (ends(result), result.troubles) == ([End.IMPORTED] * 3, [])


def test_a_database_that_stays_away_ends_the_run_with_what_to_do(provide, go):
    provider = provide(100)

    result = go(provider, answers=Database(provider, away=1_000), patience=0)

    [trouble] = result.troubles
    assert (trouble.category, trouble.partner) == ("database", None)
    assert "when the database answers" in trouble.advice
    assert trouble.untried == result.left == 100 - len(result.outcomes)
    assert End.IMPORTED not in ends(result)


def test_a_run_that_waits_for_the_database_can_be_interrupted(provide, prepared):
    provider = provide(30)
    database = Database(provider, away=1_000)

    def answers():
        run.interrupt()
        database()

    run = prepared(provider, answers=answers)
    result = run.go()

    assert (result.interrupted, result.troubles) == (True, [])
    assert result.left + ends(result).count(End.FAILED) == 30


def test_an_event_for_which_the_database_is_lost_each_time_fails_at_last_and_alone(provide, go):
    provider = provide(5)
    provider.wrong = {"1002": DatabaseUnavailable("gone")}

    result = go(provider)

    [failed] = [o for o in result.outcomes if o.end is End.FAILED]
    assert (failed.event_id, failed.category) == ("1002", "database")
    assert provider.read == 4 + 3
    assert ends(result).count(End.IMPORTED) == 4
