-- Every named statement of the integration. `-- name:` names it, the lines below say what it is for.
-- %(name)s are bound values; {name} are lists of identifiers that the store composes, because the host's
-- tables come in two shapes (see database/host_tables.py).

-- name: prepare_session
-- What each connection is set to, beyond what the operator may set with PGOPTIONS or ALTER ROLE: instants
-- are UTC, durations in the form that the driver reads; a dead client is noticed within a minute.
SELECT
    set_config('timezone', 'UTC', false),
    set_config('intervalstyle', 'postgres', false),
    set_config('client_min_messages', 'warning', false),
    set_config('tcp_keepalives_idle', '20', false),
    set_config('tcp_keepalives_interval', '10', false),
    set_config('tcp_keepalives_count', '3', false);

-- name: host_columns
-- The columns that a table has, with the length of its bounded texts.
SELECT
    attname AS name,
    CASE WHEN atttypid IN ('varchar'::regtype, 'bpchar'::regtype) AND atttypmod > 0 THEN atttypmod - 4 END
        AS max_length
FROM pg_attribute
WHERE attrelid = to_regclass(%(table)s) AND attnum > 0 AND NOT attisdropped AND attgenerated = '';

-- name: create_database
-- A database of the private server.
CREATE DATABASE {database};

-- name: drop_database
-- Away with a database of the private server, whoever is connected.
DROP DATABASE IF EXISTS {database} WITH (FORCE);

-- name: applied_migrations
-- What the ledger says was applied.
SELECT name, max(version) AS version FROM ct_live_migrations GROUP BY name;

-- name: partner_credentials
-- The partners that have credentials for this provider, with what the adapter needs of them.
SELECT
    c.partner_provider_credential_id AS credentials_id,
    c.timing_partner_id,
    p.company_name AS partner_name,
    c.provider_id,
    c.principal,
    c.secret,
    coalesce(c.additional_config, '{{}}'::jsonb) AS additional_config,
    replace(lower(providers.name), ' ', '_') AS data_source
FROM partner_provider_credentials c
JOIN providers USING (provider_id)
JOIN timing_partners p USING (timing_partner_id)
WHERE providers.name = %(provider_name)s
  AND (%(partners)s::integer[] IS NULL OR c.timing_partner_id = ANY (%(partners)s))
ORDER BY c.timing_partner_id;

-- name: provider_id
-- The id under which this database knows the provider.
SELECT provider_id FROM providers WHERE name = %(provider_name)s;

-- name: stage
-- A connection's own table, of the host's column types; empty again after each transaction.
CREATE TEMPORARY TABLE IF NOT EXISTS {staged} ON COMMIT DELETE ROWS AS
SELECT {columns} FROM {table} WITH NO DATA;

-- name: copy_staged
-- Fill a connection's own table; an empty field is NULL.
COPY {staged} ({columns}) FROM STDIN WITH (FORMAT csv);

-- name: update_changed
-- Update the kept rows that differ from what was staged. One that does not differ is not written.
UPDATE {table} AS kept
SET {assignments}, api_fetched_date = %(at)s, updated_at = %(at)s, api_credentials_used = %(credentials)s
FROM {staged} AS staged
WHERE {match} AND ({kept_columns}) IS DISTINCT FROM ({staged_columns});

-- name: insert_new
-- Insert the staged rows that the table does not have. The event's lock makes the anti-join safe;
-- ON CONFLICT is the last guard.
INSERT INTO {table} ({columns}, created_at, api_fetched_date, updated_at, api_credentials_used)
SELECT {staged_columns}, %(at)s, %(at)s, %(at)s, %(credentials)s
FROM {staged} AS staged
WHERE NOT EXISTS (SELECT FROM {table} AS kept WHERE {match})
ON CONFLICT DO NOTHING;

-- name: lock_partner_events
-- One importer of a partner's events from a provider at a time: until the transaction ends.
SELECT pg_advisory_xact_lock(hashtextextended(%(data_source)s || ' events of ' || %(partner)s, 0));

-- name: drop_staged_duplicates
-- Take out of the stage the events that TCP already delivered, unless they are kept as live ones already.
-- TCP's ids are ChronoTrack's: in this and the next two, no other provider's id says anything about them.
DELETE FROM {staged} AS staged
USING {staged} AS same
CROSS JOIN LATERAL find_duplicate_chronotrack_event(
    same.event_name, same.event_start_time, same.timing_partner_id,
    CASE WHEN same.data_source = 'chronotrack_live' THEN same.provider_event_id END
) AS duplicate
WHERE staged.event_id = same.event_id
  AND NOT EXISTS (SELECT FROM ct_events AS kept WHERE kept.event_id = staged.event_id)
RETURNING staged.provider_event_id, staged.event_name, duplicate.event_id AS duplicate_of, duplicate.reason;

-- name: find_duplicate
-- The TCP event that an event of the API is the same as, and why.
SELECT event_id AS duplicate_of, reason
FROM find_duplicate_chronotrack_event(
    %(event_name)s::varchar, %(start_time)s::timestamp, %(partner)s,
    CASE WHEN %(data_source)s = 'chronotrack_live' THEN %(provider_event_id)s::varchar END
);

-- name: mark_duplicates
-- Live events (or one of them) whose TCP twin came later, or went again: keep duplicate_of true to what is
-- there now.
UPDATE ct_events AS live
SET duplicate_of = twin.event_id, updated_at = %(at)s
FROM ct_events AS same
LEFT JOIN LATERAL find_duplicate_chronotrack_event(
    same.event_name, same.event_start_time, same.timing_partner_id,
    CASE WHEN same.data_source = 'chronotrack_live' THEN same.provider_event_id END
) AS twin ON true
WHERE live.event_id = same.event_id
  AND live.timing_partner_id = %(partner)s
  AND live.event_id = coalesce(%(event_id)s, live.event_id)
  AND live.data_source = %(data_source)s
  AND live.duplicate_of IS DISTINCT FROM twin.event_id;

-- name: update_races
-- Update the races of a partner's live events that differ from what was read.
UPDATE ct_races AS kept
SET {assignments}
FROM jsonb_populate_recordset(NULL::ct_races, %(races)s) AS staged
WHERE kept.race_id = staged.race_id
  AND kept.event_id = staged.event_id
  AND ({kept_columns}) IS DISTINCT FROM ({staged_columns});

-- name: insert_races
-- Insert the races of a partner's live events that are new; an event that was left out gets none.
INSERT INTO ct_races ({columns})
SELECT {columns}
FROM jsonb_populate_recordset(NULL::ct_races, %(races)s) AS staged
WHERE EXISTS (SELECT FROM ct_events AS event WHERE event.event_id = staged.event_id)
  AND NOT EXISTS (
    SELECT FROM ct_races AS kept WHERE kept.race_id = staged.race_id AND kept.event_id = staged.event_id
)
ON CONFLICT DO NOTHING;

-- name: count_vanished
-- How many results of the event were kept before this poll, how many of them it did not see (those whose
-- rows were set aside are no loss), and whether the complete poll before it could not believe such a loss.
SELECT
    count(*) AS kept,
    count(*) FILTER (WHERE staged.provider_result_id IS NULL AND r.provider_result_id <> ALL (%(set_aside)s))
        AS vanished,
    coalesce((
        SELECT h.data_snapshot ? 'unconfirmed_vanished'
        FROM sync_history h
        WHERE h.provider_id = %(provider_id)s
          AND h.timing_partner_id = %(partner)s
          AND h.sync_type = 'results'
          AND h.event_id = %(event_id)s
          AND h.data_snapshot @> '{{"complete": true}}'
        ORDER BY h.sync_time DESC, h.sync_history_id DESC
        LIMIT 1
    ), false) AS doubted_before
FROM ct_results r
LEFT JOIN {staged} AS staged USING (provider_result_id)
WHERE r.event_id = %(event_id)s
  AND r.data_source = %(data_source)s
  AND r.result_status IS DISTINCT FROM 'removed';

-- name: keep_what_is_unsure
-- What a reading missed because its pages moved, or because it failed: a finisher keeps the last place that
-- is known, and who was out of the race or disqualified stays so until a whole entry list says otherwise.
UPDATE {staged} AS staged
SET gender_place = CASE
        WHEN %(gender_place_unsure)s AND staged.result_status = 'finished'
        THEN coalesce(staged.gender_place, kept.gender_place)
        ELSE staged.gender_place
    END,
    division_place = CASE
        WHEN %(division_place_unsure)s AND staged.result_status = 'finished'
        THEN coalesce(staged.division_place, kept.division_place)
        ELSE staged.division_place
    END,
    result_status = CASE
        WHEN %(status_unsure)s
            AND staged.result_status IN ('finished', 'started')
            AND kept.result_status NOT IN ('finished', 'started', 'removed')
        THEN kept.result_status
        ELSE staged.result_status
    END
FROM ct_results AS kept
WHERE kept.event_id = %(event_id)s
  AND kept.data_source = %(data_source)s
  AND kept.provider_result_id = staged.provider_result_id;

-- name: mark_removed
-- Results that the API does not publish any more stay, as removed.
UPDATE ct_results r
SET result_status = 'removed', api_fetched_date = %(at)s, updated_at = %(at)s
WHERE r.event_id = %(event_id)s
  AND r.data_source = %(data_source)s
  AND r.result_status IS DISTINCT FROM 'removed'
  AND r.provider_result_id <> ALL (%(set_aside)s)
  AND NOT EXISTS (SELECT FROM {staged} AS staged WHERE staged.provider_result_id = r.provider_result_id);

-- name: keep_rejected_rows
-- Rows of the API that could not be stored, once each, with how often they came.
INSERT INTO ct_live_rejected_rows AS kept
    (timing_partner_id, data_source, provider_event_id, kind, api_id, reason, payload, first_seen, last_seen)
SELECT %(partner)s, %(data_source)s, %(provider_event_id)s, kind, api_id, reason, payload, %(at)s, %(at)s
FROM jsonb_to_recordset(%(rows)s) AS staged (kind text, api_id text, reason text, payload jsonb)
ON CONFLICT (timing_partner_id, data_source, provider_event_id, kind, api_id) DO UPDATE
SET reason = EXCLUDED.reason,
    payload = EXCLUDED.payload,
    last_seen = EXCLUDED.last_seen,
    times_seen = kept.times_seen + 1;

-- name: add_history
-- Account for one operation.
INSERT INTO sync_history (
    timing_partner_id, provider_id, event_id, operation_type, sync_type, sync_direction, sync_time, status,
    num_of_synced_records, entries_success, entries_failed, participants_synced, results_synced,
    duration_seconds, lateness_seconds, error_category, error_details, data_snapshot, reason
) VALUES (
    %(partner)s, %(provider_id)s, %(event_id)s, %(sync_type)s, %(sync_type)s, 'pull', %(at)s, %(status)s,
    %(written)s, %(seen)s, %(rejected)s, %(participants)s, %(results)s,
    %(duration)s, %(lateness)s, %(error_category)s, %(error_details)s, %(statistics)s, %(reason)s
);

-- name: live_events
-- A partner's live events that may still need something, with what the windows ask about. Those of
-- %(late_races)s have a race that starts late enough, whatever the event's own dates say.
SELECT
    e.event_id,
    e.timing_partner_id,
    e.provider_event_id,
    e.event_name AS name,
    e.start_date AS start_time,
    e.end_date AS end_time,
    s.event_id IS NOT NULL AS superseded,
    last_results.sync_time AS last_collection,
    last_participants.sync_time AS last_participant_sync
FROM ct_events e
LEFT JOIN ct_live_superseded_events s USING (event_id)
LEFT JOIN LATERAL (
    SELECT sync_time FROM sync_history h
    WHERE h.provider_id = %(provider_id)s AND h.timing_partner_id = e.timing_partner_id
      AND h.sync_type = 'results' AND h.event_id = e.event_id AND h.status IN ('completed', 'partial', 'failed')
    ORDER BY h.sync_time DESC LIMIT 1
) AS last_results ON true
LEFT JOIN LATERAL (
    SELECT sync_time FROM sync_history h
    WHERE h.provider_id = %(provider_id)s AND h.timing_partner_id = e.timing_partner_id
      AND h.sync_type = 'participants' AND h.event_id = e.event_id AND h.status IN ('completed', 'partial', 'skipped')
    ORDER BY h.sync_time DESC LIMIT 1
) AS last_participants ON true
WHERE e.timing_partner_id = %(partner)s
  AND e.data_source = %(data_source)s
  AND (greatest(e.start_date, e.end_date) >= %(since)s OR e.event_id = ANY (%(late_races)s))
ORDER BY e.start_date, e.event_id;

-- name: race_starts
-- When the races of a partner's live events start, or are to start.
SELECT e.event_id, race_start::timestamp AS start_time
FROM ct_events e
CROSS JOIN LATERAL jsonb_array_elements_text(e.additional_data -> 'race_starts') AS race_start
WHERE e.timing_partner_id = %(partner)s
  AND e.data_source = %(data_source)s;

-- name: keep_known_race_starts
-- An event whose races could not be read this time keeps the starts that are known.
UPDATE {staged} AS staged
SET additional_data = coalesce(staged.additional_data, '{{}}') || jsonb_build_object(
        'race_starts', kept.additional_data -> 'race_starts')
FROM ct_events AS kept
WHERE kept.event_id = staged.event_id
  AND kept.additional_data ? 'race_starts'
  AND NOT coalesce(staged.additional_data, '{{}}') ? 'race_starts';

-- name: imported_events
-- The API ids of a partner's events that the backfill has brought in, but for those whose lists moved.
SELECT e.provider_event_id
FROM ct_events e
JOIN sync_history h ON h.event_id = e.event_id AND h.timing_partner_id = e.timing_partner_id
WHERE e.timing_partner_id = %(partner)s
  AND e.data_source = %(data_source)s
  AND h.provider_id = %(provider_id)s
  AND h.sync_type = 'backfill'
  AND h.status IN ('completed', 'partial')
  AND h.data_snapshot ->> 'complete' IS DISTINCT FROM 'false';

-- name: claim
-- Take the event's lock for this connection, or answer false at once.
SELECT pg_try_advisory_lock(hashtextextended(%(event_id)s, 88)) AS claimed;

-- name: release_claim
-- Give the event's lock back.
SELECT pg_advisory_unlock(hashtextextended(%(event_id)s, 88));

-- name: confirm_claim
-- Whether the connection that took the event's lock still holds it.
SELECT EXISTS (
    SELECT FROM pg_locks
    WHERE locktype = 'advisory'
      AND pid = %(holder)s
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
      AND ((classid::bigint << 32) | objid::bigint) = hashtextextended(%(event_id)s, 88)
) AS held;
