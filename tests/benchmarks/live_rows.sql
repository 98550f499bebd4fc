-- What the integration has brought in after seven months with 13 partners.
-- Runs after drawn_people.sql, in the same session.

SET jit = off;
SET synchronous_commit = off;

-- Every partner is collected.
INSERT INTO partner_provider_credentials (timing_partner_id, provider_id, principal, secret, additional_config)
SELECT timing_partner_id, provider_id, 'partner' || timing_partner_id || '@example.org',
    md5('partner' || timing_partner_id), '{"auth": "basic"}'
FROM timing_partners CROSS JOIN providers
WHERE providers.name = 'ChronoTrack Live';

-- Events from 200 days ago until three weeks from now. Every fortieth was delivered by TCP too, later on.
CREATE TEMPORARY TABLE drawn_live_events AS
SELECT
    g AS number,
    pg_temp.athletes((mod(g * 7919::bigint, size.events) + 0.5) / size.events, 400, 0.72, 20000) AS athletes,
    'ctlive:' || drawn.timing_partner_id || ':' || 500000 + g AS event_id,
    (500000 + g)::text AS provider_event_id,
    coalesce(twin.event_name, pg_temp.event_name(g * 7 + 3)) AS event_name,
    coalesce(twin.event_start_time, drawn.starts) AS event_start_time,
    coalesce(twin.event_start_time, drawn.starts) + interval '6 hours' AS event_end_time,
    coalesce(twin.event_start_time, drawn.starts) + interval '6 hours' AS end_date,
    'America/Los_Angeles' AS event_timezone,
    pg_temp.place(g) AS location,
    drawn.timing_partner_id,
    twin.event_id AS duplicate_of,
    jsonb_build_object('race_starts', jsonb_build_array(
        to_char(coalesce(twin.event_start_time, drawn.starts), 'YYYY-MM-DD"T"HH24:MI:SS'))) AS additional_data,
    'chronotrack_live' AS data_source,
    drawn.starts - interval '40 days' AS api_fetched_date,
    'partner_provider_credentials:' || drawn.timing_partner_id AS api_credentials_used,
    drawn.starts - interval '40 days' AS created_at,
    drawn.starts - interval '40 days' AS updated_at
FROM size, generate_series(1, size.events) AS g
CROSS JOIN LATERAL (
    SELECT
        1 + mod(g, size.partners) AS timing_partner_id,
        date_trunc('hour', localtimestamp) + interval '21 days'
            - (size.events - g) * (interval '221 days' / size.events) AS starts
) AS drawn
LEFT JOIN LATERAL (
    SELECT event_id, event_name, event_start_time
    FROM ct_events AS tcp
    WHERE mod(g, 40) = 0
      AND tcp.timing_partner_id = drawn.timing_partner_id
      AND tcp.event_start_time < least(drawn.starts, localtimestamp)
    ORDER BY tcp.event_start_time DESC
    LIMIT 1
) AS twin ON true;
CREATE TEMPORARY VIEW drawn_live_participants AS
SELECT
    'ctlive:' || timing_partner_id || ':' || number * 100000::bigint + n AS entry_id,
    event_id, provider_event_id,
    (number * 100000::bigint + n)::text AS provider_participant_id,
    (number * 10 + 1)::text AS race_id,
    pg_temp.first_name(number + n) || ' ' || pg_temp.last_name(number + n) AS entry_name,
    'IND' AS entry_type, 'CONF' AS entry_status, 'CONF' AS registration_status,
    (100 + n)::text AS entry_bib,
    pg_temp.age(number + n) AS entry_race_age,
    (number * 100000::bigint + n + 7)::text AS athlete_id,
    pg_temp.first_name(number + n) AS athlete_first_name,
    pg_temp.last_name(number + n) AS athlete_last_name,
    pg_temp.sex(number + n) AS athlete_sex,
    date '2010-01-01' - pg_temp.age(number + n) * 365 AS athlete_birthdate,
    'athlete' || number * 100000::bigint + n || '@mail.example.org' AS athlete_email,
    pg_temp.place(number + n) AS location,
    'F 30-34' AS division,
    jsonb_build_object('entry_tag', md5(n::text), 'wave_name', 'Wave ' || mod(n, 8)) AS additional_data,
    timing_partner_id, 'chronotrack_live' AS data_source, api_credentials_used,
    event_start_time - interval '10 days' AS api_fetched_date,
    event_start_time - interval '40 days' AS created_at,
    event_start_time - interval '10 days' AS updated_at
FROM drawn_live_events, generate_series(1, athletes) AS n;
CREATE TEMPORARY VIEW drawn_live_results AS
SELECT
    event_id, provider_event_id,
    (number * 10 + 1)::text AS race_id,
    'ctlive:' || timing_partner_id || ':' || number * 100000::bigint + n AS entry_id,
    'ctlive:' || timing_partner_id || ':' || number * 100000::bigint + n AS participant_id,
    (number * 100000::bigint + n)::text AS provider_result_id,
    (100 + n)::text AS results_bib,
    pg_temp.first_name(number + n) AS results_first_name,
    pg_temp.last_name(number + n) AS results_last_name,
    pg_temp.sex(number + n) AS results_sex,
    pg_temp.age(number + n) AS results_age,
    make_interval(secs => 1100 + n * 0.731) AS results_time,
    make_interval(secs => 1104 + n * 0.731) AS results_gun_time,
    make_interval(secs => 1100 + n * 0.731) AS chip_time,
    make_interval(secs => 1104 + n * 0.731) AS gun_time,
    n AS results_rank, n AS overall_place, 1 + n / 2 AS gender_place, 1 + n / 12 AS division_place,
    'F 30-34' AS division,
    event_start_time + make_interval(secs => 1104 + n * 0.731) AS finish_time,
    jsonb_build_array(
        jsonb_build_object('interval_id', number * 10 + 1, 'name', '5K', 'chip_seconds', 300 + n * 0.2,
                           'gun_seconds', 304 + n * 0.2, 'rank', n),
        jsonb_build_object('interval_id', number * 10 + 2, 'name', '10K', 'chip_seconds', 620 + n * 0.4,
                           'gun_seconds', 624 + n * 0.4, 'rank', n),
        jsonb_build_object('interval_id', number * 10 + 3, 'name', 'Halfway', 'chip_seconds', 820 + n * 0.6,
                           'gun_seconds', 824 + n * 0.6, 'rank', n)) AS split_times,
    CASE WHEN mod(n, 60) = 0 THEN 'dnf' WHEN mod(n, 300) = 1 THEN 'removed' ELSE 'finished' END AS result_status,
    timing_partner_id, 'chronotrack_live' AS data_source, api_credentials_used,
    event_start_time + interval '6 hours' AS api_fetched_date,
    event_start_time + interval '1 hour' AS created_at,
    event_start_time + interval '6 hours' AS updated_at
FROM drawn_live_events, generate_series(1, athletes) AS n
WHERE event_start_time < localtimestamp;
-- Every poll of an event's window, every daily entry list, every look at a partner's events and credentials: four a
-- day, 800 in the time that brings 600 events.
CREATE TEMPORARY VIEW drawn_live_history AS
SELECT
    done.*, provider.provider_id, done.sync_type AS operation_type, 'pull' AS sync_direction,
    num_of_synced_records AS entries_success, 0 AS entries_failed, num_of_synced_records AS results_synced,
    0 AS participants_synced, 12 AS duration_seconds, 0.4 AS lateness_seconds,
    jsonb_build_object(
        'complete', true, 'requests', 34, 'bytes_read', 9431022, 'rows_read', 31044, 'waited_seconds', 0.0,
        'answering_seconds', 8.214, 'errors', jsonb_build_object(), 'retries', jsonb_build_object()) AS data_snapshot
FROM (
    SELECT timing_partner_id, event_id, 'results' AS sync_type, 'completed' AS status, 0 AS num_of_synced_records,
        event_start_time + CASE WHEN poll < 200 THEN interval '5 minutes' + poll * interval '90 seconds'
                                ELSE (poll - 195) * interval '1 hour' END AS sync_time
    FROM drawn_live_events, generate_series(0, 267) AS poll
    UNION ALL
    SELECT timing_partner_id, event_id, 'participants', 'completed', 3, event_start_time - day * interval '1 day'
    FROM drawn_live_events, generate_series(0, 40) AS day
    UNION ALL
    SELECT timing_partner_id, event_id, 'backfill', 'completed', 800, event_start_time + interval '90 days'
    FROM drawn_live_events
    WHERE mod(number, 3) = 0
    UNION ALL
    SELECT timing_partner_id, NULL, sync_type, CASE WHEN mod(look, 97) = 0 THEN 'failed' ELSE 'completed' END, 0,
        localtimestamp - look * interval '6 hours'
    FROM size, timing_partners, generate_series(0, size.events * 4 / 3) AS look, unnest(ARRAY['events', 'authentication']) AS sync_type
) AS done
CROSS JOIN (SELECT provider_id FROM providers WHERE name = 'ChronoTrack Live') AS provider
WHERE done.sync_time < localtimestamp;
CREATE TEMPORARY VIEW drawn_live_rejected_rows AS
SELECT
    timing_partner_id, 'chronotrack_live' AS data_source, provider_event_id, 'result' AS kind, n::text AS api_id,
    'results_time is no time' AS reason, jsonb_build_object('results_time', 'DNS', 'results_bib', n) AS payload,
    event_start_time AS first_seen, event_start_time + interval '6 hours' AS last_seen, 270 AS times_seen
FROM drawn_live_events, generate_series(1, 3) AS n;

SELECT pg_temp.fill('ct_events', 'drawn_live_events');
SELECT pg_temp.fill('ct_participants', 'drawn_live_participants');
SELECT pg_temp.fill('ct_results', 'drawn_live_results');
SELECT pg_temp.fill('sync_history', 'drawn_live_history');
SELECT pg_temp.fill('ct_live_rejected_rows', 'drawn_live_rejected_rows');

-- As autovacuum would in seven months.
VACUUM ANALYZE;
