"""What the guide to the fifteenth provider says to do brings its rows into the hub."""

from __future__ import annotations

from tests.provider_fifteen import sundial_api as world
from tests.unit.documents import PROVIDER_15, blocks


def test_the_guides_statements_and_its_command_bring_an_api_into_the_hub(
    query, dsn, sundial_api, monkeypatch, tmp_path
):
    query("INSERT INTO timing_partners (company_name) VALUES ('Gnomon Timing')")
    [statements] = blocks(PROVIDER_15, "sql")
    query(
        statements.replace("https://api.sundial.example/v1", sundial_api.base_url)
        .replace("the password", world.PASSWORD)
        .replace("clerk@gnomon.test", world.LOGIN)
    )
    monkeypatch.setenv("DATABASE_URL", dsn)
    monkeypatch.setenv("CHRONOTRACK_LIVE_STATE", str(tmp_path))

    exec(compile(blocks(PROVIDER_15, "python")[-1], "provider-15.md", "exec"), {"__name__": "command"})

    shown = query("SELECT source_provider, count(*) AS results FROM unified_results GROUP BY source_provider")
    # One tally of the odd meeting cannot be read.
    results = len(sundial_api.tallies[world.FINISHED]) + len(sundial_api.tallies[world.ODD]) - 1
    assert shown == [{"source_provider": "Sundial Timing", "results": results}]
    assert query("SELECT reason FROM sync_history WHERE status NOT IN ('completed', 'partial')") == []
