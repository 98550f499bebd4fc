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
    set_config('tcp_keepalives_count', '3', false),
    -- Nobody else's lock and no statement may hold all partners up: where the operator says nothing, so long.
    (SELECT set_config(name, '30s', false) FROM pg_settings WHERE name = 'lock_timeout' AND setting = '0'),
    (SELECT set_config(name, '5min', false) FROM pg_settings WHERE name = 'statement_timeout' AND setting = '0'),
    -- The locks' connection is quiet while the API is read. PostgreSQL knows this setting from 14 on.
    (SELECT set_config(name, '0', false) FROM pg_settings WHERE name = 'idle_session_timeout');

-- name: statement_timeout
-- After how many seconds the server ends a statement of this session.
SELECT setting::float / 1000 AS seconds FROM pg_settings WHERE name = 'statement_timeout';

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

-- name: choose_provider_id
-- Tell the schema extension under which id this database is to know ChronoTrack Live.
SELECT set_config('chronotrack_live.provider_id', %(provider_id)s, false);

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
COPY {staged} ({columns}) FROM STDIN WITH (FORMAT text, DELIMITER {delimiter}, NULL '');

-- name: drop_repeated
-- Of the staged rows with the same key only the first one stays: a temporary table keeps their order. Without
-- this, each poll would take over whichever comes up last, and write. Nearly always there are none: that is found
-- without putting the rows in order.
WITH repeated AS (
    SELECT {key} FROM {staged} GROUP BY {key} HAVING count(*) > 1
)
DELETE FROM {staged} AS staged
USING (
    SELECT ctid, row_number() OVER (PARTITION BY {key} ORDER BY ctid) AS nth
    FROM {staged}
    WHERE ({key}) IN (SELECT {key} FROM repeated)
) AS numbered
WHERE staged.ctid = numbered.ctid AND numbered.nth > 1;

-- name: staged_and_kept
-- How many rows are staged, and whether the table has any of them. Each is looked for by itself: of a temporary
-- table no statistics tell how many rows it has, and a join may read all that the host has ever kept.
SELECT
    (SELECT count(*) FROM {staged}) AS staged,
    EXISTS (
        SELECT FROM {staged} AS staged
        CROSS JOIN LATERAL (SELECT FROM {table} AS kept WHERE {match} FETCH FIRST ROW ONLY) AS known
    ) AS any_kept;

-- name: insert_all
-- Insert what is staged into a table that has none of it. ON CONFLICT would cost a look into each unique index
-- and a log record for every row. In the order of the key: two events that bring the same rows at one moment wait
-- for each other, and do not deadlock.
INSERT INTO {table} ({columns}, created_at, api_fetched_date, updated_at, api_credentials_used)
SELECT {columns}, %(at)s, %(at)s, %(at)s, %(credentials)s
FROM {staged}
ORDER BY {key};

-- name: update_changed
-- Update the kept rows that differ from what was staged. One that does not differ is not written.
UPDATE {table} AS kept
SET {assignments}, api_fetched_date = %(at)s, updated_at = %(at)s, api_credentials_used = %(credentials)s
FROM {staged} AS staged
WHERE {match} AND ({kept_content}) IS DISTINCT FROM ({staged_content});

-- name: insert_new
-- Insert the staged rows that the table does not have, in the order of the key. The event's lock makes the
-- anti-join safe; ON CONFLICT is the last guard.
INSERT INTO {table} ({columns}, created_at, api_fetched_date, updated_at, api_credentials_used)
SELECT {staged_columns}, %(at)s, %(at)s, %(at)s, %(credentials)s
FROM {staged} AS staged
WHERE NOT EXISTS (SELECT FROM {table} AS kept WHERE {match})
ORDER BY {key}
ON CONFLICT DO NOTHING;

-- name: lock_partner_events
-- One importer of a partner's events from a provider at a time: until the transaction ends.
SELECT pg_advisory_xact_lock(hashtextextended(%(data_source)s || ' events of ' || %(partner)s, 0));

-- name: drop_staged_duplicates
-- Take out of the stage the events that TCP already delivered, unless they are kept as live ones already. A
-- similar name counts where %(similar)s says so.
DELETE FROM {staged} AS staged
USING {staged} AS same
CROSS JOIN LATERAL find_duplicate_chronotrack_event(
    same.event_name, same.event_start_time, same.timing_partner_id, same.provider_event_id, same.data_source,
    %(similar)s
) AS duplicate
WHERE staged.event_id = same.event_id
  AND NOT EXISTS (SELECT FROM ct_events AS kept WHERE kept.event_id = staged.event_id)
RETURNING
    staged.provider_event_id, staged.event_name, duplicate.event_id AS duplicate_of, duplicate.kind,
    duplicate.reason;

-- name: similar_events
-- The staged events whose names are only similar to that of a TCP event.
SELECT staged.provider_event_id, staged.event_name, twin.event_id AS similar_to, twin.reason
FROM {staged} AS staged
CROSS JOIN LATERAL find_duplicate_chronotrack_event(
    staged.event_name, staged.event_start_time, staged.timing_partner_id, staged.provider_event_id,
    staged.data_source
) AS twin
WHERE twin.kind = 'similar_name';

-- name: find_duplicate
-- The TCP event that an event of the API is the same as, and why.
SELECT event_id AS duplicate_of, kind, reason
FROM find_duplicate_chronotrack_event(
    %(event_name)s::varchar, %(start_time)s::timestamp, %(partner)s, %(provider_event_id)s::varchar,
    %(data_source)s::varchar, %(similar)s
);

-- name: mark_duplicates
-- Live events (or one of them) whose TCP twin came later, or went again: keep duplicate_of true to what is
-- there now.
UPDATE ct_events AS live
SET duplicate_of = twin.event_id, updated_at = %(at)s
FROM ct_events AS same
LEFT JOIN LATERAL find_duplicate_chronotrack_event(
    same.event_name, same.event_start_time, same.timing_partner_id, same.provider_event_id, same.data_source,
    %(similar)s
) AS twin ON true
WHERE live.event_id = same.event_id
  AND live.timing_partner_id = %(partner)s
  AND live.event_id = coalesce(%(event_id)s, live.event_id)
  AND live.data_source = %(data_source)s
  AND live.duplicate_of IS DISTINCT FROM twin.event_id;

-- name: note_not_duplicate
-- Keep an operator's word that an event of the API and one of TCP are two.
INSERT INTO ct_live_not_duplicates (timing_partner_id, data_source, provider_event_id, tcp_event_id)
VALUES (%(partner)s, %(data_source)s, %(provider_event_id)s, %(tcp_event_id)s)
ON CONFLICT DO NOTHING;

-- name: forget_not_duplicate
-- Take that word back.
DELETE FROM ct_live_not_duplicates
WHERE timing_partner_id = %(partner)s
  AND data_source = %(data_source)s
  AND provider_event_id = %(provider_event_id)s
  AND tcp_event_id = %(tcp_event_id)s;

-- name: release_duplicate
-- A live event that stood aside for this TCP event does so no more.
UPDATE ct_events SET duplicate_of = NULL, updated_at = %(at)s
WHERE event_id = %(event_id)s AND duplicate_of = %(tcp_event_id)s;

-- name: duplicate_audit
-- What ct_live_duplicate_audit finds suspicious, of one partner or of all.
SELECT
    a.timing_partner_id, p.company_name AS partner_name, a.data_source, a.provider_event_id, a.event_name,
    a.start_date, a.twin_event_id, a.twin_name, a.twin_start_date, a.kind, a.reason, a.shown
FROM ct_live_duplicate_audit a
JOIN timing_partners p USING (timing_partner_id)
WHERE a.timing_partner_id = coalesce(%(partner)s, a.timing_partner_id)
ORDER BY a.timing_partner_id, a.start_date DESC NULLS FIRST, a.provider_event_id;

-- name: not_duplicates
-- The pairs that operators said are two events, with the names that they have now.
SELECT
    n.timing_partner_id, p.company_name AS partner_name, n.data_source, n.provider_event_id, live.event_name,
    n.tcp_event_id AS twin_event_id, tcp.event_name AS twin_name, n.noted_by, n.noted_at
FROM ct_live_not_duplicates n
JOIN timing_partners p USING (timing_partner_id)
LEFT JOIN ct_events live
    ON live.timing_partner_id = n.timing_partner_id
    AND live.data_source = n.data_source
    AND live.provider_event_id = n.provider_event_id
LEFT JOIN ct_events tcp ON tcp.event_id = n.tcp_event_id
WHERE n.timing_partner_id = coalesce(%(partner)s, n.timing_partner_id)
ORDER BY n.timing_partner_id, n.noted_at, n.provider_event_id;

-- name: known_pair
-- Whether the hub has ever met an event of the API (kept it, collected it, or left it out at the last discovery),
-- and whether the partner has the other event of the pair.
SELECT
    EXISTS (SELECT FROM ct_events WHERE event_id = %(event_id)s)
    OR EXISTS (SELECT FROM sync_history WHERE event_id = %(event_id)s AND timing_partner_id = %(partner)s)
    OR EXISTS (
        SELECT FROM ct_live_duplicate_audit
        WHERE timing_partner_id = %(partner)s
          AND data_source = %(data_source)s
          AND provider_event_id = %(provider_event_id)s
    )
    OR EXISTS (
        SELECT FROM ct_live_not_duplicates
        WHERE timing_partner_id = %(partner)s
          AND data_source = %(data_source)s
          AND provider_event_id = %(provider_event_id)s
    ) AS event,
    EXISTS (
        SELECT FROM ct_events
        WHERE event_id = %(tcp_event_id)s AND timing_partner_id = %(partner)s AND event_id <> %(event_id)s
    ) AS twin;

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

-- name: last_reading
-- The account of the reading of an event's results that was stored last. Whoever stores one holds the event, so
-- the numbers tell the order; the clocks of two hosts may be apart.
WITH readings AS MATERIALIZED (
    SELECT h.sync_history_id
    FROM sync_history h
    WHERE h.provider_id = %(provider_id)s
      AND h.timing_partner_id = %(partner)s
      AND h.sync_type IN ('results', 'backfill')
      AND h.event_id = %(event_id)s
      AND h.status IN ('completed', 'partial')
)
SELECT max(sync_history_id) AS sync_history_id FROM readings;

-- name: missed_results
-- How many results of the event are kept; how many of those that are as they were are not among them, because
-- somebody else took them; and which of the kept ones this reading does not have (those that are as they were,
-- and those whose rows were set aside, are no loss): in missed_again whom the last reading left in doubt, in
-- missed_first the others.
WITH doubted AS (
    SELECT jsonb_array_elements_text(h.data_snapshot -> 'unconfirmed_vanished') AS api_id
    FROM sync_history h
    WHERE h.sync_history_id = %(last_reading)s
      -- Earlier versions noted a number.
      AND jsonb_typeof(h.data_snapshot -> 'unconfirmed_vanished') = 'array'
), kept AS (
    SELECT provider_result_id AS api_id
    FROM ct_results
    WHERE event_id = %(event_id)s
      AND data_source = %(data_source)s
      AND result_status IS DISTINCT FROM 'removed'
), missed AS (
    SELECT api_id FROM kept
    EXCEPT
    SELECT provider_result_id FROM {staged}
    EXCEPT
    SELECT unnest(%(set_aside)s::text[])
    EXCEPT
    SELECT unnest(%(unchanged)s::text[])
), lost AS (
    SELECT unnest(%(unchanged)s::text[])
    EXCEPT
    SELECT api_id FROM kept
)
-- Sets throughout: a join of two long lists, one of which is taken for short, compares each with each.
SELECT
    (SELECT count(*) FROM kept) AS kept,
    (SELECT count(*) FROM lost) AS lost,
    ARRAY(SELECT api_id FROM missed INTERSECT SELECT api_id FROM doubted ORDER BY api_id) AS missed_again,
    ARRAY(SELECT api_id FROM missed EXCEPT SELECT api_id FROM doubted ORDER BY api_id) AS missed_first;

-- name: leave_what_misses_rows
-- A reading that was not whole may have missed rows of an athlete whom it has: who has lost a finish or a split
-- by it is left as kept, until the next reading.
DELETE FROM {staged} AS staged
USING ct_results AS kept
WHERE kept.timing_partner_id = staged.timing_partner_id
  AND kept.data_source = staged.data_source
  AND kept.provider_result_id = staged.provider_result_id
  AND kept.result_status <> 'removed'
  AND (
      (coalesce(kept.chip_time, kept.gun_time) IS NOT NULL
          AND coalesce(staged.chip_time, staged.gun_time) IS NULL)
      OR EXISTS (
          SELECT FROM jsonb_path_query(kept.split_times, '$[*]') AS passed
          WHERE NOT staged.split_times
              @> jsonb_build_array(passed - ARRAY['chip_seconds', 'gun_seconds', 'rank'])
      )
  )
RETURNING staged.provider_result_id, staged.result_status;

-- name: say_who_is_out
-- What the entry list says of those who were left as kept: disqualified, say. It was whole, whatever the list of
-- results missed.
UPDATE ct_results AS kept
SET result_status = said.result_status, api_fetched_date = %(at)s, updated_at = %(at)s
FROM unnest(%(left_ids)s::text[], %(said_of_them)s::text[]) AS said (provider_result_id, result_status)
WHERE kept.timing_partner_id = %(partner)s
  AND kept.data_source = %(data_source)s
  AND kept.provider_result_id = said.provider_result_id
  AND said.result_status NOT IN ('started', 'finished')
  AND kept.result_status IS DISTINCT FROM said.result_status;

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
WHERE kept.timing_partner_id = staged.timing_partner_id
  AND kept.data_source = staged.data_source
  AND kept.provider_result_id = staged.provider_result_id
  AND kept.event_id = staged.event_id;

-- name: mark_removed
-- Results that the API does not publish any more stay, as removed.
UPDATE ct_results r
SET result_status = 'removed', api_fetched_date = %(at)s, updated_at = %(at)s
WHERE r.event_id = %(event_id)s
  AND r.data_source = %(data_source)s
  AND r.provider_result_id = ANY (%(removed)s);

-- name: count_rejected_rows
-- Rows of the API that could not be stored, again. A payload that is the same is not written anew.
UPDATE ct_live_rejected_rows AS kept
SET last_seen = %(at)s,
    times_seen = kept.times_seen + 1,
    reason = staged.reason,
    payload = CASE WHEN kept.payload = staged.payload THEN kept.payload ELSE staged.payload END
FROM jsonb_to_recordset(%(rows)s) AS staged (kind text, api_id text, reason text, payload jsonb)
WHERE kept.timing_partner_id = %(partner)s
  AND kept.data_source = %(data_source)s
  AND kept.provider_event_id = %(provider_event_id)s
  AND kept.kind = staged.kind
  AND kept.api_id = staged.api_id;

-- name: add_rejected_rows
-- Rows of the API that could not be stored, for the first time.
INSERT INTO ct_live_rejected_rows
    (timing_partner_id, data_source, provider_event_id, kind, api_id, reason, payload, first_seen, last_seen)
SELECT %(partner)s, %(data_source)s, %(provider_event_id)s, kind, api_id, reason, payload, %(at)s, %(at)s
FROM jsonb_to_recordset(%(rows)s) AS staged (kind text, api_id text, reason text, payload jsonb)
WHERE NOT EXISTS (
    SELECT FROM ct_live_rejected_rows AS kept
    WHERE kept.timing_partner_id = %(partner)s
      AND kept.data_source = %(data_source)s
      AND kept.provider_event_id = %(provider_event_id)s
      AND kept.kind = staged.kind
      AND kept.api_id = staged.api_id
)
ON CONFLICT DO NOTHING;

-- name: clear_rejected_rows
-- Away with kept rows of this kind that this reading did not set aside: those that came in well, and all of
-- them where the reading is whole.
DELETE FROM ct_live_rejected_rows AS kept
WHERE kept.timing_partner_id = %(partner)s
  AND kept.data_source = %(data_source)s
  AND kept.provider_event_id = %(provider_event_id)s
  AND kept.kind = %(kind)s
  AND kept.api_id NOT IN (SELECT unnest(%(set_aside)s::text[]))
  AND (
    %(whole)s
    OR kept.api_id IN (SELECT {api_id} FROM {staged})
    OR kept.api_id IN (SELECT unnest(%(unchanged)s::text[]))
  );

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
)
RETURNING sync_history_id;

-- name: fold_history
-- Fold the account of operations before an instant that found nothing new, or failed.
SELECT ct_live_fold_history(%(before)s) AS gone;

-- name: live_events
-- A partner's live events that may still need something, with what the windows ask about: those that start, end
-- or have a race since an instant. A collection that failed is of interest where none went well after it.
SELECT
    e.event_id,
    e.timing_partner_id,
    e.provider_event_id,
    e.event_name AS name,
    e.start_date AS start_time,
    e.end_date AS end_time,
    races.starts AS race_starts,
    s.event_id IS NOT NULL AS superseded,
    last_results.sync_time AS last_collection,
    last_failed.sync_time AS last_failure,
    last_participants.sync_time AS last_participant_sync
FROM ct_events e
CROSS JOIN LATERAL (
    SELECT coalesce(array_agg(race_start::timestamp ORDER BY race_start::timestamp), '{{}}') AS starts
    FROM jsonb_array_elements_text(e.additional_data -> 'race_starts') AS race_start
) AS races
LEFT JOIN ct_live_superseded_events s ON s.event_id = e.event_id
LEFT JOIN LATERAL (
    SELECT sync_time FROM sync_history h
    WHERE h.provider_id = %(provider_id)s AND h.timing_partner_id = e.timing_partner_id
      AND h.sync_type = 'results' AND h.event_id = e.event_id AND h.status IN ('completed', 'partial')
    ORDER BY h.sync_time DESC LIMIT 1
) AS last_results ON true
LEFT JOIN LATERAL (
    SELECT sync_time FROM sync_history h
    WHERE h.provider_id = %(provider_id)s AND h.timing_partner_id = e.timing_partner_id
      AND h.sync_type = 'results' AND h.event_id = e.event_id AND h.status = 'failed'
      AND h.sync_time > coalesce(last_results.sync_time, '-infinity')
    ORDER BY h.sync_time DESC LIMIT 1
) AS last_failed ON true
LEFT JOIN LATERAL (
    SELECT sync_time FROM sync_history h
    WHERE h.provider_id = %(provider_id)s AND h.timing_partner_id = e.timing_partner_id
      AND h.sync_type = 'participants' AND h.event_id = e.event_id AND h.status IN ('completed', 'partial', 'skipped')
    ORDER BY h.sync_time DESC LIMIT 1
) AS last_participants ON true
WHERE e.timing_partner_id = %(partner)s
  AND e.data_source = %(data_source)s
  -- The races of the many that are long over are not even put in order.
  AND (greatest(e.start_date, e.end_date) >= %(since)s
       OR EXISTS (
           SELECT FROM jsonb_array_elements_text(e.additional_data -> 'race_starts') AS race_start
           WHERE race_start::timestamp >= %(since)s
       ))
ORDER BY e.start_date, e.event_id;

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
-- The API ids of a partner's events (or of one of them) that the backfill has brought in, but for those whose
-- lists moved, or left results, places or statuses in doubt: the next one asks for them again.
SELECT e.provider_event_id
FROM ct_events e
JOIN sync_history h ON h.event_id = e.event_id AND h.timing_partner_id = e.timing_partner_id
WHERE e.timing_partner_id = %(partner)s
  AND e.data_source = %(data_source)s
  AND h.provider_id = %(provider_id)s
  AND h.sync_type = 'backfill'
  AND h.status IN ('completed', 'partial')
  AND e.event_id = coalesce(%(event_id)s, e.event_id)
  AND h.data_snapshot ->> 'complete' IS DISTINCT FROM 'false'
  AND h.data_snapshot -> 'unconfirmed_vanished' IS NULL
  AND h.data_snapshot -> 'unsure' IS NULL;

-- name: paused_events
-- The API ids of a partner's events that an operator holds back.
SELECT e.provider_event_id
FROM ct_live_paused_events paused
JOIN ct_events e ON e.event_id = paused.event_id
WHERE e.timing_partner_id = %(partner)s
  AND e.data_source = %(data_source)s;

-- name: tried_imports
-- The keys of a partner's events that a backfill has tried to bring in, with or without success.
SELECT DISTINCT event_id
FROM sync_history
WHERE provider_id = %(provider_id)s
  AND timing_partner_id = %(partner)s
  AND sync_type = 'backfill'
  AND status <> 'skipped'
  AND event_id IS NOT NULL;

-- name: race_under_way
-- A live event of the partner of which a race, or without known races the event, starts within a span; those
-- that TCP delivers by now are not collected.
SELECT e.event_name AS name
FROM ct_events e
WHERE e.timing_partner_id = %(partner)s
  AND e.data_source = %(data_source)s
  AND EXISTS (
      SELECT FROM jsonb_array_elements_text(e.additional_data -> 'race_starts') AS race_start
      WHERE race_start::timestamp BETWEEN %(since)s AND %(until)s
      UNION ALL
      SELECT
      WHERE e.start_date BETWEEN %(since)s AND %(until)s
        AND coalesce(jsonb_array_length(e.additional_data -> 'race_starts'), 0) = 0
  )
  AND NOT EXISTS (SELECT FROM ct_live_superseded_events s WHERE s.event_id = e.event_id)
ORDER BY e.start_date, e.event_id
LIMIT 1;

-- name: serving_process
-- The server process that answers. Behind a pooler it is not the one that the connection was told of.
SELECT pg_backend_pid();

-- name: claim
-- Take the event's lock for a kind of work for this connection, or answer false at once.
SELECT pg_try_advisory_lock(hashtextextended(%(kind)s || ' of ' || %(event_id)s, 88)) AS claimed;

-- name: release_claim
-- Give the event's lock back.
SELECT pg_advisory_unlock(hashtextextended(%(kind)s || ' of ' || %(event_id)s, 88));

-- name: confirm_claim
-- Whether the connection that took the event's lock still holds it.
SELECT EXISTS (
    SELECT FROM pg_locks
    WHERE locktype = 'advisory'
      AND pid = %(holder)s
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
      AND ((classid::bigint << 32) | objid::bigint) = hashtextextended(%(kind)s || ' of ' || %(event_id)s, 88)
) AS held;

-- name: discovery_account
-- When a partner's discoveries and the tests of its credentials last began, by how they went; those before an
-- instant are of no interest, those after a later one were written before a clock was set back.
SELECT
    max(sync_time) FILTER (WHERE sync_type = 'events' AND status IN ('completed', 'partial')) AS discovered,
    max(sync_time) FILTER (
        WHERE sync_type = 'events' AND status = 'partial' AND data_snapshot ->> 'complete' = 'false'
    ) AS missed,
    max(sync_time) FILTER (WHERE status = 'failed' AND error_category IS DISTINCT FROM 'refused') AS failed,
    max(sync_time) FILTER (WHERE status = 'failed' AND error_category = 'refused') AS refused,
    max(sync_time) FILTER (WHERE sync_type = 'authentication' AND status = 'completed') AS accepted
FROM sync_history
WHERE provider_id = %(provider_id)s
  AND timing_partner_id = %(partner)s
  AND sync_type IN ('events', 'authentication')
  AND event_id IS NULL
  AND sync_time BETWEEN %(since)s AND %(latest)s;

-- name: due_state
-- Whether an event is paused, and whether an operation of a kind is accounted for that was to begin at a due
-- instant or later: a late one counts from when it was to begin, so that it does not pass for the one after it.
-- Lateness is kept in milliseconds.
SELECT
    EXISTS (SELECT FROM ct_live_paused_events WHERE event_id = %(event_id)s) AS paused,
    EXISTS (
        SELECT FROM sync_history h
        WHERE h.provider_id = %(provider_id)s
          AND h.timing_partner_id = %(partner)s
          AND h.sync_type = %(kind)s
          AND h.event_id = %(event_id)s
          AND h.status IN ('completed', 'partial')
          AND h.sync_time BETWEEN %(due)s AND %(latest)s
          AND h.sync_time - make_interval(secs => coalesce(h.lateness_seconds, 0)::float)
              >= %(due)s - interval '1 millisecond'
    ) AS done;

-- name: partner_access
-- Every timing partner with its credentials for a provider, if any, and how their last test went.
SELECT
    p.timing_partner_id,
    p.company_name AS partner_name,
    providers.provider_id,
    replace(lower(providers.name), ' ', '_') AS data_source,
    c.partner_provider_credential_id AS credentials_id,
    c.principal,
    c.secret,
    coalesce(c.additional_config, '{{}}'::jsonb) AS additional_config,
    coalesce(c.updated_at, c.created_at) AS changed_at,
    tested.sync_time AS tested_at,
    tested.status,
    tested.error_category,
    tested.reason
FROM timing_partners p
CROSS JOIN providers
LEFT JOIN partner_provider_credentials c USING (timing_partner_id, provider_id)
LEFT JOIN LATERAL (
    SELECT h.sync_time, h.status, h.error_category, h.reason
    FROM sync_history h
    WHERE h.provider_id = providers.provider_id
      AND h.timing_partner_id = p.timing_partner_id
      AND h.sync_type = 'authentication'
      AND h.event_id IS NULL
    ORDER BY h.sync_time DESC, h.sync_history_id DESC
    LIMIT 1
) AS tested ON true
WHERE providers.name = %(provider_name)s
ORDER BY p.timing_partner_id;

-- name: add_credentials
-- Give a partner that has none for a provider its credentials.
INSERT INTO partner_provider_credentials
    (timing_partner_id, provider_id, principal, secret, additional_config, created_at, updated_at)
SELECT %(partner)s, %(provider_id)s, %(principal)s, %(secret)s, %(config)s, %(at)s, %(at)s
WHERE NOT EXISTS (
    SELECT FROM partner_provider_credentials
    WHERE timing_partner_id = %(partner)s AND provider_id = %(provider_id)s
)
ON CONFLICT DO NOTHING;

-- name: change_credentials
-- Write a partner's credentials for a provider over those that are kept, where they differ.
UPDATE partner_provider_credentials
SET principal = %(principal)s, secret = %(secret)s, additional_config = %(config)s, updated_at = %(at)s
WHERE timing_partner_id = %(partner)s
  AND provider_id = %(provider_id)s
  AND (principal, secret, coalesce(additional_config, '{{}}'))
      IS DISTINCT FROM (%(principal)s, %(secret)s, %(config)s::jsonb);

-- name: remove_credentials
-- A partner's credentials for a provider, and no other row.
DELETE FROM partner_provider_credentials
WHERE timing_partner_id = %(partner)s AND provider_id = %(provider_id)s;

-- name: collected_partners
-- The partners that are collected through a provider, and whether the API refused their credentials when they
-- were last tested.
SELECT
    p.timing_partner_id,
    p.company_name AS name,
    coalesce(tested.error_category = 'refused', false) AS refused
FROM partner_provider_credentials c
JOIN providers USING (provider_id)
JOIN timing_partners p USING (timing_partner_id)
LEFT JOIN LATERAL (
    SELECT h.error_category FROM sync_history h
    WHERE h.provider_id = c.provider_id AND h.timing_partner_id = c.timing_partner_id
      AND h.sync_type = 'authentication' AND h.event_id IS NULL
    ORDER BY h.sync_time DESC LIMIT 1
) AS tested ON true
WHERE providers.name = %(provider_name)s
ORDER BY p.timing_partner_id;

-- name: event_overview
-- A provider's live events with what an operator asks about each: all of them, or those that start, end or have
-- a race since an instant, or those of some keys. What is noted of instants after `latest`, where that is said, is
-- left out.
SELECT
    e.event_id,
    e.timing_partner_id,
    p.company_name AS partner_name,
    e.provider_event_id,
    e.event_name AS name,
    e.start_date AS start_time,
    e.end_date AS end_time,
    races.starts AS race_starts,
    CASE WHEN s.event_id IS NOT NULL THEN e.duplicate_of END AS superseded_by,
    paused.paused_by,
    paused.paused_at,
    last_results.sync_time AS last_collection,
    last_results.status AS last_status,
    last_results.error_category AS last_category,
    last_results.reason AS last_reason,
    last_participants.sync_time AS last_participant_sync,
    (SELECT count(*) FROM ct_results r
     WHERE r.event_id = e.event_id AND r.data_source = e.data_source
       AND r.result_status IS DISTINCT FROM 'removed') AS results
FROM ct_events e
JOIN providers ON e.data_source = replace(lower(providers.name), ' ', '_')
JOIN timing_partners p USING (timing_partner_id)
LEFT JOIN ct_live_superseded_events s ON s.event_id = e.event_id
LEFT JOIN ct_live_paused_events paused ON paused.event_id = e.event_id
CROSS JOIN LATERAL (
    SELECT coalesce(array_agg(race_start::timestamp ORDER BY race_start::timestamp), '{{}}') AS starts
    FROM jsonb_array_elements_text(e.additional_data -> 'race_starts') AS race_start
) AS races
LEFT JOIN LATERAL (
    SELECT h.sync_time, h.status, h.error_category, h.reason FROM sync_history h
    WHERE h.provider_id = providers.provider_id AND h.timing_partner_id = e.timing_partner_id
      AND h.sync_type = 'results' AND h.event_id = e.event_id
      AND h.error_category IS DISTINCT FROM 'collected_elsewhere'
      AND (%(latest)s::timestamp IS NULL OR h.sync_time <= %(latest)s)
    ORDER BY h.sync_time DESC LIMIT 1
) AS last_results ON true
LEFT JOIN LATERAL (
    SELECT h.sync_time FROM sync_history h
    WHERE h.provider_id = providers.provider_id AND h.timing_partner_id = e.timing_partner_id
      AND h.sync_type = 'participants' AND h.event_id = e.event_id
      AND h.status IN ('completed', 'partial', 'skipped')
    ORDER BY h.sync_time DESC LIMIT 1
) AS last_participants ON true
WHERE providers.name = %(provider_name)s
  AND (%(since)s::timestamp IS NULL
       OR greatest(e.start_date, e.end_date, (SELECT max(start) FROM unnest(races.starts) AS start)) >= %(since)s)
  AND (%(event_ids)s::text[] IS NULL OR e.event_id = ANY (%(event_ids)s))
ORDER BY e.start_date, e.event_id;

-- name: pause_event
-- Hold a live event back; nothing where it is held back already.
INSERT INTO ct_live_paused_events (event_id, paused_at)
SELECT event_id, %(at)s FROM ct_events WHERE event_id = %(event_id)s
ON CONFLICT DO NOTHING;

-- name: resume_event
-- Let an event go on, and note when: nobody is late with what came due while it was held back.
WITH resumed AS (
    DELETE FROM ct_live_paused_events WHERE event_id = %(event_id)s RETURNING event_id
)
UPDATE ct_events SET updated_at = %(at)s FROM resumed WHERE ct_events.event_id = resumed.event_id;

-- name: server_standing
-- What the monitor says of the server: which database it is, how large, and how many connections there are.
SELECT
    current_database() AS name,
    current_user AS role,
    current_setting('server_version') AS version,
    pg_database_size(current_database()) AS size,
    (SELECT numbackends FROM pg_stat_database WHERE datname = current_database()) AS connections,
    (SELECT sum(numbackends) FROM pg_stat_database)::integer AS connections_of_server,
    current_setting('max_connections')::integer AS max_connections;

-- name: partner_accounts
-- The partners that are collected through a provider: how the last test of their credentials went, their last
-- discovery, and how often in a row the looks for events have failed since, but for refusals. Whoever writes a
-- row by hand with now() writes the wall clock of the database's own zone: what changed_at is then is
-- changed_local. What is noted of instants after `latest` was noted before a clock was set back.
SELECT
    p.timing_partner_id,
    p.company_name AS name,
    coalesce(c.updated_at, c.created_at) AS changed_at,
    coalesce(c.updated_at, c.created_at) AT TIME ZONE
        (SELECT reset_val FROM pg_settings WHERE name = 'TimeZone') AT TIME ZONE 'UTC' AS changed_local,
    tested.sync_time AS tested_at,
    tested.status AS tested_status,
    tested.error_category AS tested_category,
    tested.reason AS tested_reason,
    looked.sync_time AS looked_at,
    discovered.sync_time AS discovered_at,
    failed.count AS failures,
    failed.reason AS failure_reason
FROM partner_provider_credentials c
JOIN providers USING (provider_id)
JOIN timing_partners p USING (timing_partner_id)
LEFT JOIN LATERAL (
    SELECT h.sync_time, h.status, h.error_category, h.reason FROM sync_history h
    WHERE h.provider_id = c.provider_id AND h.timing_partner_id = c.timing_partner_id
      AND h.sync_type = 'authentication' AND h.event_id IS NULL AND h.sync_time <= %(latest)s
    ORDER BY h.sync_time DESC LIMIT 1
) AS tested ON true
LEFT JOIN LATERAL (
    SELECT h.sync_time FROM sync_history h
    WHERE h.provider_id = c.provider_id AND h.timing_partner_id = c.timing_partner_id
      AND h.sync_type = 'events' AND h.event_id IS NULL AND h.sync_time <= %(latest)s
    ORDER BY h.sync_time DESC LIMIT 1
) AS looked ON true
LEFT JOIN LATERAL (
    SELECT h.sync_time FROM sync_history h
    WHERE h.provider_id = c.provider_id AND h.timing_partner_id = c.timing_partner_id
      AND h.sync_type = 'events' AND h.event_id IS NULL AND h.status IN ('completed', 'partial')
      AND h.sync_time <= %(latest)s
    ORDER BY h.sync_time DESC LIMIT 1
) AS discovered ON true
CROSS JOIN LATERAL (
    SELECT count(*), (array_agg(h.reason ORDER BY h.sync_time DESC))[1] AS reason FROM sync_history h
    WHERE h.provider_id = c.provider_id AND h.timing_partner_id = c.timing_partner_id
      AND h.sync_type IN ('authentication', 'events') AND h.event_id IS NULL
      AND h.status = 'failed' AND h.error_category IS DISTINCT FROM 'refused'
      AND h.sync_time > coalesce(discovered.sync_time, '-infinity') AND h.sync_time <= %(latest)s
) AS failed
WHERE providers.name = %(provider_name)s
ORDER BY p.timing_partner_id;

-- name: collection_accounts
-- How the collections of some live events went up to an instant: the last one that went well, the lateness of the
-- last one of these that was due, the last one that wrote anything, how often in a row it failed since, how many
-- in a row were whole in no part of their lists (a row that is set aside makes a collection partial as well), and
-- how the last hour's ended. The same of the entry lists, as far as they failed.
SELECT
    e.event_id,
    greatest(e.created_at, e.updated_at) AS known_since,
    -- Counted, by an index: whether there is any, PostgreSQL may look for in the whole table.
    (SELECT count(*) FROM ct_participants p
     WHERE p.event_id = e.event_id AND p.data_source = e.data_source) > 0 AS has_entries,
    collected.sync_time AS collected_at,
    due.lateness_seconds::float AS lateness,
    changed.sync_time AS changed_at,
    failed.count AS failures,
    failed.reason AS failure_reason,
    moved.count AS partials,
    hour.failures AS failures_of_hour,
    hour.collections AS collections_of_hour,
    unread.count AS entry_failures,
    unread.reason AS entry_failure_reason
FROM ct_events e
JOIN providers ON e.data_source = replace(lower(providers.name), ' ', '_')
LEFT JOIN LATERAL (
    SELECT h.sync_time FROM sync_history h
    WHERE h.provider_id = providers.provider_id AND h.timing_partner_id = e.timing_partner_id
      AND h.sync_type = 'results' AND h.event_id = e.event_id AND h.status IN ('completed', 'partial')
      AND h.sync_time <= %(latest)s
    ORDER BY h.sync_time DESC LIMIT 1
) AS collected ON true
LEFT JOIN LATERAL (
    SELECT h.lateness_seconds FROM sync_history h
    WHERE h.provider_id = providers.provider_id AND h.timing_partner_id = e.timing_partner_id
      AND h.sync_type = 'results' AND h.event_id = e.event_id AND h.status IN ('completed', 'partial')
      AND h.lateness_seconds IS NOT NULL AND h.sync_time <= %(latest)s
    ORDER BY h.sync_time DESC LIMIT 1
) AS due ON true
LEFT JOIN LATERAL (
    SELECT h.sync_time FROM sync_history h
    WHERE h.provider_id = providers.provider_id AND h.timing_partner_id = e.timing_partner_id
      AND h.sync_type = 'results' AND h.event_id = e.event_id AND h.status IN ('completed', 'partial')
      AND h.num_of_synced_records > 0 AND h.sync_time <= %(latest)s
    ORDER BY h.sync_time DESC LIMIT 1
) AS changed ON true
CROSS JOIN LATERAL (
    SELECT count(*), (array_agg(h.reason ORDER BY h.sync_time DESC))[1] AS reason FROM sync_history h
    WHERE h.provider_id = providers.provider_id AND h.timing_partner_id = e.timing_partner_id
      AND h.sync_type = 'results' AND h.event_id = e.event_id AND h.status = 'failed'
      AND h.sync_time > coalesce(collected.sync_time, '-infinity') AND h.sync_time <= %(latest)s
) AS failed
LEFT JOIN LATERAL (
    SELECT h.sync_time FROM sync_history h
    WHERE h.provider_id = providers.provider_id AND h.timing_partner_id = e.timing_partner_id
      AND h.sync_type = 'results' AND h.event_id = e.event_id
      AND (h.status = 'completed' OR (h.status = 'partial' AND h.entries_failed > 0))
      AND h.sync_time <= %(latest)s
    ORDER BY h.sync_time DESC LIMIT 1
) AS whole ON true
CROSS JOIN LATERAL (
    SELECT count(*) FROM sync_history h
    WHERE h.provider_id = providers.provider_id AND h.timing_partner_id = e.timing_partner_id
      AND h.sync_type = 'results' AND h.event_id = e.event_id AND h.status = 'partial'
      AND h.sync_time > coalesce(whole.sync_time, '-infinity') AND h.sync_time <= %(latest)s
) AS moved
CROSS JOIN LATERAL (
    SELECT count(*) FILTER (WHERE h.status = 'failed') AS failures, count(*) AS collections FROM sync_history h
    WHERE h.provider_id = providers.provider_id AND h.timing_partner_id = e.timing_partner_id
      AND h.sync_type = 'results' AND h.event_id = e.event_id AND h.status IN ('completed', 'partial', 'failed')
      AND h.sync_time > %(latest)s::timestamp - interval '1 hour' AND h.sync_time <= %(latest)s
) AS hour
LEFT JOIN LATERAL (
    SELECT h.sync_time FROM sync_history h
    WHERE h.provider_id = providers.provider_id AND h.timing_partner_id = e.timing_partner_id
      AND h.sync_type = 'participants' AND h.event_id = e.event_id
      AND h.status IN ('completed', 'partial', 'skipped') AND h.sync_time <= %(latest)s
    ORDER BY h.sync_time DESC LIMIT 1
) AS read ON true
CROSS JOIN LATERAL (
    SELECT count(*), (array_agg(h.reason ORDER BY h.sync_time DESC))[1] AS reason FROM sync_history h
    WHERE h.provider_id = providers.provider_id AND h.timing_partner_id = e.timing_partner_id
      AND h.sync_type = 'participants' AND h.event_id = e.event_id AND h.status = 'failed'
      AND h.sync_time > coalesce(read.sync_time, '-infinity') AND h.sync_time <= %(latest)s
) AS unread
WHERE providers.name = %(provider_name)s
  AND e.event_id = ANY (%(event_ids)s);

-- name: last_sign_of_life
-- When the scheduler last accounted for anything, up to an instant. A test that went well is no sign: `check` and
-- `credentials test` make such as well, and after the scheduler's own comes the look for events. One that failed
-- is: nothing comes after it.
SELECT sync_time AS at
FROM sync_history
WHERE provider_id = (SELECT provider_id FROM providers WHERE name = %(provider_name)s)
  AND (sync_type IN ('events', 'participants', 'results') OR (sync_type = 'authentication' AND status = 'failed'))
  AND sync_time <= %(latest)s
ORDER BY sync_time DESC
LIMIT 1;

-- name: last_instant_ahead
-- The last instant after another one for which anything is accounted for, null where there is none.
SELECT max(sync_time) AS at
FROM sync_history
WHERE provider_id = (SELECT provider_id FROM providers WHERE name = %(provider_name)s)
  AND sync_time > %(latest)s;

-- name: operations_since
-- The deployment guide's question to sync_history, counted: what was done for each partner, and how it ended.
SELECT
    timing_partner_id,
    sync_type,
    status,
    error_category AS category,
    count(*) AS operations,
    coalesce(sum(participants_synced), 0) AS participants,
    coalesce(sum(results_synced), 0) AS results,
    max(sync_time) AS last
FROM sync_history
WHERE provider_id = (SELECT provider_id FROM providers WHERE name = %(provider_name)s)
  AND sync_time >= %(since)s
GROUP BY timing_partner_id, sync_type, status, error_category
ORDER BY timing_partner_id, sync_type, status, error_category;

-- name: rejected_row_counts
-- How many rows of each partner are set aside, by kind, and how many of them were seen since an instant.
SELECT
    timing_partner_id,
    kind,
    count(*) AS rows,
    count(*) FILTER (WHERE last_seen >= %(since)s) AS lately,
    max(last_seen) AS last
FROM ct_live_rejected_rows
WHERE data_source = (SELECT replace(lower(name), ' ', '_') FROM providers WHERE name = %(provider_name)s)
GROUP BY timing_partner_id, kind
ORDER BY timing_partner_id, kind;

-- name: event_counts
-- Two of the deployment guide's questions to ct_events for each partner: how many live events came in since an
-- instant, and how many TCP has under the same name within a day.
SELECT
    live.timing_partner_id,
    count(*) FILTER (WHERE live.created_at >= %(since)s) AS new,
    count(*) FILTER (WHERE EXISTS (
        SELECT FROM ct_events tcp
        WHERE tcp.data_source = 'tcp_hardware'
          AND tcp.timing_partner_id = live.timing_partner_id
          AND lower(tcp.event_name) = lower(live.event_name)
          AND abs(extract(epoch FROM live.start_date - tcp.start_date)) < 86400
    )) AS also_in_tcp
FROM ct_events live
WHERE live.data_source = (SELECT replace(lower(name), ' ', '_') FROM providers WHERE name = %(provider_name)s)
GROUP BY live.timing_partner_id
ORDER BY live.timing_partner_id;

-- name: row_counts
-- Rows by data_source. Those of APIs are counted, by their indexes. TCP's are counted as well where the table is
-- small (a megabyte); of those that are many it is said how many PostgreSQL takes them for, as its planner does, by
-- what it last saw of a page; null where it never looked.
WITH live (table_name, data_source, rows) AS (
    SELECT 'ct_participants', data_source, count(*) FROM ct_participants
    WHERE data_source <> 'tcp_hardware' GROUP BY data_source
    UNION ALL
    SELECT 'ct_results', data_source, count(*) FROM ct_results
    WHERE data_source <> 'tcp_hardware' GROUP BY data_source
), sizes AS (
    SELECT
        relname AS table_name,
        pg_relation_size(oid) <= 1048576 AS is_small,
        CASE WHEN relpages > 0 AND reltuples >= 0 THEN
            reltuples / relpages * pg_relation_size(oid) / current_setting('block_size')::integer
        END AS rows
    FROM pg_class
    WHERE oid IN ('ct_participants'::regclass, 'ct_results'::regclass)
)
SELECT 'ct_events' AS table_name, data_source, count(*) AS rows, false AS estimated
FROM ct_events GROUP BY data_source
UNION ALL
SELECT table_name, data_source, rows, false FROM live
UNION ALL
SELECT
    table_name,
    'tcp_hardware',
    -- In this order: a table that is not small is never read.
    CASE
        WHEN NOT is_small AND sizes.rows IS NULL THEN NULL
        WHEN NOT is_small THEN
            greatest(0, sizes.rows - coalesce((SELECT sum(rows) FROM live WHERE live.table_name = sizes.table_name), 0))
        WHEN table_name = 'ct_results' THEN (SELECT count(*) FROM ct_results WHERE data_source = 'tcp_hardware')
        ELSE (SELECT count(*) FROM ct_participants WHERE data_source = 'tcp_hardware')
    END::bigint,
    NOT is_small
FROM sizes
ORDER BY table_name, data_source;
