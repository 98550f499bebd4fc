"""What is asked of the database at production size, and by whom."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Question:
    """A named statement of database/queries.sql or of questions.sql.

    Attributes:
        asker: who asks it.
        statement: its name.
        after: the statement of questions.sql that runs before it in its transaction.
        of: values that are other than `subjects` of questions.sql has them.
    """

    asker: str
    statement: str
    after: str | None = None
    of: Mapping[str, object] = field(default_factory=dict)


# As live_rows.sql numbers them; each has one of these partners.
_LIVE_EVENTS = [f"ctlive:{partner}:{500_000 + n}" for n in range(1, 601) for partner in range(1, 14)]

QUESTIONS = (
    # at the start of a command
    Question("scheduler", "applied_migrations"),
    Question("scheduler", "provider_id"),
    Question("scheduler", "partner_credentials"),
    Question("scheduler", "host_columns"),
    # at every pass over a partner's events
    Question("scheduler", "live_events"),
    # at every discovery
    Question("discovery", "discovery_account"),
    Question("discovery", "keep_known_race_starts", after="stage_events"),
    Question("discovery", "drop_staged_duplicates", after="stage_events"),
    Question("discovery", "similar_events", after="stage_events"),
    Question("discovery", "mark_duplicates", of={"event_id": None}),
    # at every poll of an event
    Question("poll", "drop_repeated", after="stage_results"),
    Question("poll", "missed_results", after="stage_results"),
    Question("poll", "keep_what_is_unsure", after="stage_results"),
    Question("poll", "update_changed", after="stage_results"),
    Question("poll", "insert_new", after="stage_results"),
    Question("poll", "mark_duplicates"),
    Question("poll", "count_rejected_rows"),
    Question("poll", "add_rejected_rows"),
    Question("poll", "clear_rejected_rows", after="stage_results"),
    Question("poll", "confirm_claim"),
    Question("poll", "due_state", of={"kind": "results"}),
    # once a day
    Question("scheduler", "fold_history"),
    # the backfill
    Question("backfill", "imported_events", of={"event_id": None}),
    Question("backfill", "tried_imports"),
    Question("backfill", "paused_events"),
    Question("backfill", "race_under_way", of={"until": "infinity"}),
    Question("backfill", "find_duplicate"),
    Question("backfill", "check_duplicate"),
    Question("backfill", "check_1000_duplicates"),
    # the operator's commands
    Question("operator", "partner_access"),
    Question("operator", "duplicate_audit", of={"partner": None}),
    Question("operator", "not_duplicates", of={"partner": None}),
    Question("operator", "known_pair"),
    Question("operator", "collected_partners"),
    Question("operator", "event_overview"),
    # the monitor
    Question("monitor", "partner_accounts"),
    Question("monitor", "collection_accounts", of={"event_ids": _LIVE_EVENTS}),
    Question("monitor", "last_sign_of_life"),
    Question("monitor", "last_instant_ahead"),
    Question("monitor", "operations_since"),
    Question("monitor", "rejected_row_counts"),
    Question("monitor", "event_counts"),
    Question("monitor", "row_counts"),
    # the deployment guide
    Question("guide", "guide_events_of_a_day"),
    Question("guide", "guide_duplicates"),
    Question("guide", "guide_history"),
    Question("guide", "guide_count_events"),
    Question("guide", "guide_count_participants"),
    Question("guide", "guide_count_results"),
    # the views
    Question("view", "live_events_of_a_partner"),
    Question("view", "live_participants_of_an_event"),
    Question("view", "live_results_of_an_event"),
    Question("view", "live_results_of_a_participant"),
    Question("view", "superseded_events"),
    Question("view", "audit_of_all_partners"),
    Question("view", "unified_results_of_a_live_event"),
    Question("view", "unified_results_of_a_tcp_event"),
    Question("view", "unified_results_of_a_bib"),
)
