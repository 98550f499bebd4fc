-- The demo's own statements; see database/queries.sql for the form.

-- name: add_partner
-- A timing partner with its access to the API.
WITH partner AS (
    INSERT INTO timing_partners (company_name) VALUES (%(company_name)s) RETURNING timing_partner_id
)
INSERT INTO partner_provider_credentials
    (timing_partner_id, provider_id, principal, secret, additional_config)
SELECT partner.timing_partner_id, providers.provider_id, %(principal)s, %(secret)s, %(config)s
FROM partner CROSS JOIN providers
WHERE providers.name = 'ChronoTrack Live'
RETURNING timing_partner_id;

-- name: add_tcp_event
-- An event as the TCP integration delivers it: without any of the integration's columns.
INSERT INTO ct_events (event_id, event_name, event_start_time, timing_partner_id)
VALUES (%(event_id)s, %(event_name)s, %(start_time)s, %(partner)s);

-- name: add_tcp_results
-- Its results. Their entry ids are ChronoTrack's own, the same that the API uses.
INSERT INTO ct_results (
    event_id, race_id, entry_id, results_bib, results_first_name, results_last_name, results_sex,
    results_time, results_gun_time, results_rank, timing_partner_id
)
SELECT
    %(event_id)s, race_id, entry_id, bib, first_name, last_name, sex,
    make_interval(secs => chip_seconds), make_interval(secs => gun_seconds), overall_place, %(partner)s
FROM jsonb_to_recordset(%(athletes)s) AS athlete (
    entry_id text, race_id text, bib text, first_name text, last_name text, sex text,
    chip_seconds double precision, gun_seconds double precision, overall_place integer, status text
)
WHERE athlete.status IS NOT NULL;

-- name: tcp_fingerprint
-- A fingerprint of every TCP row, to show that nothing touches them.
SELECT
    (SELECT md5(string_agg(e::text, '|' ORDER BY event_id)) FROM ct_events e WHERE data_source = 'tcp_hardware')
    || (SELECT md5(string_agg(r::text, '|' ORDER BY id)) FROM ct_results r WHERE data_source = 'tcp_hardware')
    AS fingerprint;

-- name: standing
-- How the collected events stand: athletes by status, and the last collection.
SELECT
    e.event_id, e.event_name, e.start_date AS start_time, e.timing_partner_id,
    count(r.id) FILTER (WHERE r.result_status = 'finished') AS finished,
    count(r.id) FILTER (WHERE r.result_status = 'started') AS on_course,
    count(r.id) FILTER (WHERE r.result_status NOT IN ('finished', 'started')) AS others,
    (SELECT max(sync_time) FROM sync_history h WHERE h.event_id = e.event_id AND h.sync_type = 'results'
         AND h.status IN ('completed', 'partial')) AS last_collection
FROM ct_events e
LEFT JOIN ct_results r ON r.event_id = e.event_id
WHERE e.data_source = 'chronotrack_live' AND e.start_date <= %(now)s
GROUP BY e.event_id
ORDER BY count(r.id) DESC, e.event_id;

-- name: leaders
-- The first of an event's largest race.
SELECT results_first_name AS first_name, results_last_name AS last_name, results_bib AS bib, chip_time
FROM ct_results
WHERE event_id = %(event_id)s
  AND result_status = 'finished'
  AND race_id = (
      SELECT starter.race_id FROM ct_results AS starter WHERE starter.event_id = %(event_id)s
      GROUP BY starter.race_id ORDER BY count(*) DESC LIMIT 1
  )
ORDER BY overall_place
LIMIT 3;

-- name: new_finishers
-- Who has become a finisher of an event since an instant.
SELECT provider_result_id
FROM ct_results
WHERE event_id = %(event_id)s AND result_status = 'finished' AND api_fetched_date > %(since)s;

-- name: spent
-- What the collection has cost so far.
SELECT
    coalesce(sum(num_of_synced_records), 0) AS rows_written,
    coalesce(sum((data_snapshot ->> 'requests')::bigint), 0) AS requests,
    count(*) FILTER (WHERE sync_type = 'results') AS polls,
    count(*) FILTER (WHERE status = 'failed') AS failed
FROM sync_history;

-- name: kept_results
-- Every result that is kept of a partner's event, to be compared with the truth.
SELECT
    provider_result_id, results_bib, results_first_name, results_last_name, result_status, chip_time, gun_time,
    overall_place, gender_place, division_place, split_times
FROM ct_results
WHERE timing_partner_id = %(partner)s
  AND provider_event_id = %(provider_event_id)s
  AND data_source = 'chronotrack_live';

-- name: live_event_of
-- Whether a partner's event is kept as a live one.
SELECT event_id FROM ct_events
WHERE timing_partner_id = %(partner)s
  AND provider_event_id = %(provider_event_id)s
  AND data_source = 'chronotrack_live';
