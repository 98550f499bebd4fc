-- What the benchmark asks beside database/queries.sql, and of what; see there for the form.

-- name: subjects
-- Of what is asked: the largest live event and its partner, a TCP event of usual size, one bib of many.
SELECT
    e.timing_partner_id AS partner, e.event_id, e.provider_event_id, e.event_name, e.start_date AS start_time,
    e.data_source, p.provider_id, p.name AS provider_name,
    localtimestamp AS at, localtimestamp - interval '72 hours' AS since,
    localtimestamp - interval '90 seconds' AS due, localtimestamp AS latest,
    localtimestamp - interval '48 hours' AS before,
    '1234' AS bib,
    (SELECT event_id FROM ct_events WHERE data_source = 'tcp_hardware' ORDER BY event_id OFFSET 10 LIMIT 1)
        AS tcp_event_id
FROM ct_events e
CROSS JOIN providers p
WHERE p.name = 'ChronoTrack Live'
  AND e.event_id = (
      SELECT event_id FROM ct_results WHERE data_source = 'chronotrack_live'
      GROUP BY event_id ORDER BY count(*) DESC LIMIT 1);

-- name: stage_events
-- A discovery that brings what is known.
CREATE TEMPORARY TABLE staged_ct_events ON COMMIT DROP AS
SELECT * FROM ct_events WHERE timing_partner_id = %(partner)s AND data_source = %(data_source)s;

-- name: stage_results
-- A poll that brings what is known.
CREATE TEMPORARY TABLE staged_ct_results ON COMMIT DROP AS
SELECT * FROM ct_results WHERE event_id = %(event_id)s;

-- name: check_duplicate
-- Whether TCP has an event.
SELECT check_duplicate_chronotrack_event(%(event_name)s, %(start_time)s, %(partner)s);

-- name: check_1000_duplicates
-- The same for a thousand events; a millisecond here is a microsecond each.
SELECT count(*) FILTER (WHERE check_duplicate_chronotrack_event(event_name, start_date, timing_partner_id))
FROM (SELECT * FROM ct_events LIMIT 1000) AS thousand;

-- name: guide_events_of_a_day
-- Events collected in last 24 hours.
SELECT COUNT(*) FROM ct_events
WHERE data_source = 'chronotrack_live'
AND created_at >= NOW() - INTERVAL '24 hours';

-- name: guide_duplicates
-- Check for duplicates with TCP data.
SELECT
    e1.event_name,
    e1.start_date,
    e1.data_source as ct_live_source,
    e2.data_source as tcp_source
FROM ct_events e1
JOIN ct_events e2 ON e1.timing_partner_id = e2.timing_partner_id
    AND LOWER(e1.event_name) = LOWER(e2.event_name)
    AND ABS(EXTRACT(EPOCH FROM (e1.start_date - e2.start_date))) < 86400
WHERE e1.data_source = 'chronotrack_live'
AND e2.data_source = 'tcp_hardware';

-- name: guide_history
-- Check sync history; the guide's provider_id is 1.
SELECT
    timing_partner_id,
    sync_type,
    status,
    participants_synced,
    results_synced,
    sync_time
FROM sync_history
WHERE provider_id = %(provider_id)s
AND sync_time >= NOW() - INTERVAL '24 hours'
ORDER BY sync_time DESC;

-- name: guide_count_events
-- Check recent data.
SELECT COUNT(*) FROM ct_events WHERE data_source = 'chronotrack_live';

-- name: guide_count_participants
-- Check recent data.
SELECT COUNT(*) FROM ct_participants WHERE data_source = 'chronotrack_live';

-- name: guide_count_results
-- Check recent data.
SELECT COUNT(*) FROM ct_results WHERE data_source = 'chronotrack_live';

-- name: live_events_of_a_partner
-- The view, for one partner.
SELECT * FROM ct_live_events WHERE timing_partner_id = %(partner)s;

-- name: live_participants_of_an_event
-- The view, for the first page of the largest event.
SELECT * FROM ct_live_participants WHERE event_id = %(event_id)s LIMIT 100;

-- name: live_results_of_an_event
-- The view, for the leaders of the largest event.
SELECT * FROM ct_live_results WHERE event_id = %(event_id)s ORDER BY overall_place LIMIT 100;

-- name: live_results_of_a_participant
-- The view, for one athlete.
SELECT * FROM ct_live_results WHERE event_id = %(event_id)s AND bib = %(bib)s;

-- name: superseded_events
-- The view, whole.
SELECT * FROM ct_live_superseded_events;

-- name: audit_of_all_partners
-- The view, whole.
SELECT * FROM ct_live_duplicate_audit;

-- name: unified_results_of_a_live_event
-- The race display, at the largest live event.
SELECT * FROM unified_results WHERE event_id = %(event_id)s ORDER BY overall_place LIMIT 100;

-- name: unified_results_of_a_tcp_event
-- The race display, at a TCP event.
SELECT * FROM unified_results WHERE event_id = %(tcp_event_id)s ORDER BY overall_place LIMIT 100;

-- name: unified_results_of_a_bib
-- Whoever looks for an athlete of a TCP event by bib.
SELECT * FROM unified_results WHERE event_id = %(tcp_event_id)s AND bib_number = %(bib)s;
