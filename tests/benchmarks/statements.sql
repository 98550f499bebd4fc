-- The benchmark's own small statements; see database/queries.sql for the form.

-- name: tell
-- Let the scripts know how large everything is to be.
SELECT
    set_config('benchmark.partners', %(partners)s::text, false),
    set_config('benchmark.events', %(events)s::text, false),
    set_config('benchmark.others', %(others)s::text, false),
    set_config('benchmark.bare', %(bare)s::text, false);

-- name: databases
-- What is there already.
SELECT datname FROM pg_database;

-- name: rename_database
-- Give a database that is whole its name.
ALTER DATABASE {database} RENAME TO {whole};

-- name: copy_database
-- A copy, by the file.
CREATE DATABASE {copy} TEMPLATE {host} STRATEGY file_copy;

-- name: wait_for_the_disk
-- As on a server that nobody has set up: on the private one a commit does not wait.
ALTER DATABASE {copy} SET synchronous_commit = on;

-- name: server
-- What the report says of the server.
SELECT
    current_setting('server_version') AS version,
    current_setting('shared_buffers') AS shared_buffers,
    pg_size_pretty(pg_database_size(current_database())) AS size;

-- name: row_counts
-- Rows of the large tables, by their statistics.
SELECT relname AS name, reltuples::bigint AS rows, pg_size_pretty(pg_total_relation_size(oid)) AS size
FROM pg_class
WHERE relname IN ('ct_events', 'ct_participants', 'ct_results', 'sync_history', 'runsignup_results',
                  'copernico_results')
  AND relkind = 'r' AND relnamespace = 'public'::regnamespace
ORDER BY relname;

-- name: recent_tcp_events
-- Where the TCP writers are at work: the events of these days.
SELECT event_id, timing_partner_id AS partner
FROM ct_events
WHERE event_id NOT LIKE 'ctlive:%%'
ORDER BY event_start_time DESC
LIMIT 200;

-- name: insert_result
-- A finish, as the TCP integration delivers it.
INSERT INTO ct_results (
    event_id, results_bib, results_first_name, results_last_name, results_sex, results_age, results_time,
    results_gun_time, results_rank, timing_partner_id
) VALUES (
    %(event_id)s, %(bib)s, 'Siobhan', 'van der Berg', 'F', 41, '00:43:12.214', '00:43:15.100', %(bib)s, %(partner)s
);

-- name: insert_participant
-- A late entry.
INSERT INTO ct_participants (
    entry_id, event_id, race_id, entry_name, entry_status, entry_bib, athlete_first_name, athlete_last_name,
    athlete_sex, athlete_birthdate, timing_partner_id
) VALUES (
    %(entry_id)s, %(event_id)s, '1', 'Siobhan van der Berg', 'CONF', %(bib)s, 'Siobhan', 'van der Berg', 'F',
    '1984-02-29', %(partner)s
);

-- name: copy_results
-- A box that was offline delivers what it has read.
COPY ct_results (event_id, results_bib, results_time, results_rank, timing_partner_id) FROM STDIN WITH (FORMAT csv);

-- name: update_event
-- The race director moves the start.
UPDATE ct_events SET event_start_time = event_start_time + interval '1 second' WHERE event_id = %(event_id)s;

-- name: read_unified_results
-- The race display shows the leaders.
SELECT * FROM unified_results WHERE event_id = %(event_id)s ORDER BY overall_place LIMIT 100;
