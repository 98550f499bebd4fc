-- What the benchmark asks of the contenders' databases, and does there.

-- name: wait_for_the_disk
-- As on a server that nobody has set up: on the private one a commit does not wait.
ALTER DATABASE {database} SET synchronous_commit = on;

-- name: settle
-- Leave nothing for the autovacuum to do.
VACUUM (ANALYZE);

-- name: digest_of_ours
-- What is known of the finishers, in a few numbers.
SELECT
    (SELECT count(*) FROM {schema}.ct_participants)::bigint AS entries,
    count(*) AS finishers,
    sum(overall_place)::bigint AS overall,
    sum(gender_place)::bigint AS gender,
    sum(division_place)::bigint AS division,
    sum(extract(EPOCH FROM chip_time))::bigint AS seconds
FROM {schema}.ct_results
WHERE result_status = 'finished';

-- name: digest_of_theirs
-- The same of tables that are the API's lists.
SELECT
    (SELECT count(*) FROM {schema}.entries) AS entries,
    count(*) AS finishers,
    sum(results_rank::bigint)::bigint AS overall,
    (SELECT sum(results_rank::bigint) FROM {schema}.sex_places)::bigint AS gender,
    (SELECT sum(results_rank::bigint) FROM {schema}.age_places)::bigint AS division,
    sum(extract(EPOCH FROM results_time::interval))::bigint AS seconds
FROM {schema}.results
WHERE results_interval_full = '1';

-- name: count
-- Count a table's rows.
SELECT count(*) AS rows FROM {table};

-- name: columns
-- A table's columns, but for those that fill themselves.
SELECT column_name AS name, data_type IN ('text', 'character varying') AS is_text
FROM information_schema.columns
WHERE table_schema = {schema} AND table_name = {table}
    AND is_generated = 'NEVER' AND coalesce(column_default, '') NOT LIKE 'nextval%'
ORDER BY ordinal_position;

-- name: copy_our_event
-- Events of a month ago, whose rows the copied ones are to be.
INSERT INTO ct_events (
    event_id, event_name, event_start_time, event_end_time, timing_partner_id, data_source, provider_event_id
)
SELECT
    replace(event_id, '100000', (200000 + copy)::text), event_name || ' ' || copy,
    event_start_time - interval '30 days', event_end_time - interval '30 days', timing_partner_id,
    data_source, (200000 + copy)::text
FROM ct_events, generate_series(1, {copies}) AS copy;

-- name: copy_rows
-- Copy a table's rows so many times.
INSERT INTO {table} ({columns})
SELECT {copied} FROM {table}, generate_series(1, {copies}) AS copy;

-- name: rows_written
-- The rows that were inserted, updated or deleted so far: in the tables that are the purpose, and in others.
SELECT
    coalesce(sum(written) FILTER (WHERE NOT aside), 0)::bigint AS rows,
    coalesce(sum(written) FILTER (WHERE aside), 0)::bigint AS aside
FROM (
    SELECT
        n_tup_ins + n_tup_upd + n_tup_del AS written,
        schemaname LIKE '%\_staging' OR relname LIKE '\_dlt%' OR relname = 'sync_history' AS aside
    FROM pg_stat_user_tables
) AS tables;

-- name: others_connected
-- How many others are connected to the database.
SELECT count(*) AS others FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid();

-- name: checkpoint
-- Whatever is written from now on is logged with the whole pages that it touches, as it is at worst.
CHECKPOINT;

-- name: wal
-- The bytes of write-ahead log that the server has made so far.
SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::bigint AS bytes;

-- name: server
-- What the report says of the server.
SELECT
    current_setting('server_version') AS version,
    current_setting('shared_buffers') AS shared_buffers,
    pg_backend_pid() AS pid;
