-- The checks' own statements; see database/queries.sql for the form.

-- name: hub
-- Which database answers, and as whom.
SELECT
    current_database() AS database,
    current_user AS role,
    current_setting('server_version') AS server_version;

-- name: missing_columns
-- The columns of the extension that this database lacks.
SELECT table_name || '.' || column_name AS part
FROM jsonb_to_recordset(%(columns)s) AS wanted (table_name text, column_name text)
WHERE NOT EXISTS (
    SELECT FROM pg_attribute
    WHERE attrelid = to_regclass(table_name) AND attname = column_name AND NOT attisdropped
);

-- name: missing_relations
-- The tables, views and indexes of the extension that this database lacks, or whose building was interrupted.
SELECT name || CASE WHEN to_regclass(name) IS NULL THEN '' ELSE ' (built in part)' END AS part
FROM unnest(%(relations)s::text[]) AS name
WHERE to_regclass(name) IS NULL
   OR EXISTS (SELECT FROM pg_index WHERE indexrelid = to_regclass(name) AND NOT indisvalid);

-- name: missing_functions
-- The functions of the extension that this database lacks.
SELECT name || '()' AS part
FROM unnest(%(functions)s::text[]) AS name
WHERE NOT EXISTS (SELECT FROM pg_proc WHERE proname = name AND pg_function_is_visible(oid));

-- name: lacking_privileges
-- What the daemon's work needs and the role that asks lacks.
SELECT DISTINCT format('%%s on %%s', privilege, wanted.table_name) AS privilege
FROM jsonb_to_recordset(%(privileges)s) AS wanted (table_name text, privilege text, column_name text)
-- Shape C has no ct_races, and a host may lack a column that is not needed.
JOIN pg_class ON pg_class.oid = to_regclass(wanted.table_name)
LEFT JOIN pg_attribute ON attrelid = pg_class.oid AND attname = wanted.column_name AND NOT attisdropped
WHERE CASE
    WHEN wanted.column_name IS NULL THEN NOT has_table_privilege(pg_class.oid, wanted.privilege)
    ELSE NOT has_column_privilege(pg_class.oid, attnum, wanted.privilege)
END
UNION
-- What the keys of new rows are drawn from.
SELECT format('USAGE on the sequence of %%s', wanted.table_name)
FROM jsonb_to_recordset(%(privileges)s) AS wanted (table_name text, privilege text)
JOIN pg_attrdef ON adrelid = to_regclass(wanted.table_name)
JOIN pg_depend ON pg_depend.classid = 'pg_attrdef'::regclass AND pg_depend.objid = pg_attrdef.oid
    AND pg_depend.refclassid = 'pg_class'::regclass
JOIN pg_class AS serial ON serial.oid = pg_depend.refobjid
WHERE wanted.privilege = 'INSERT'
  -- In this order: what is no sequence must not be asked about.
  AND CASE WHEN serial.relkind = 'S' THEN NOT has_sequence_privilege(serial.oid, 'USAGE') END
UNION
SELECT format('EXECUTE on %%s()', proname)
FROM pg_proc
WHERE pg_function_is_visible(oid)
  AND proname = ANY (%(functions)s)
  AND NOT has_function_privilege(oid, 'EXECUTE')
UNION
SELECT 'TEMPORARY on the database'
WHERE NOT has_database_privilege(current_database(), 'TEMPORARY')
ORDER BY privilege;

-- name: readable_views
-- Those of some views that the role that asks may read: the daemon's role reads tables, for the most part.
SELECT name FROM unnest(%(views)s::text[]) AS name WHERE has_any_column_privilege(to_regclass(name), 'SELECT');

-- name: view_answers
-- Let a view find its first row.
SELECT FROM {view} LIMIT 1;

-- name: functions_answer
-- Let the functions answer that only read. Nothing that any event has is asked for.
SELECT
    NOT check_duplicate_chronotrack_event('', 'epoch'::timestamp, 0)
    AND NOT EXISTS (SELECT FROM find_duplicate_chronotrack_event('', 'epoch'::timestamp, 0, ''))
    AND ct_live_comparable_name('Harbour 5 km 2026') = ct_live_comparable_name('5K Harbour') AS right_ones;

-- name: add_tcp_twin
-- An event as the TCP integration delivers it: without any of the integration's columns.
INSERT INTO ct_events (event_id, event_name, event_start_time, timing_partner_id)
VALUES (%(event_id)s, %(event_name)s, %(start_time)s, %(partner)s);

-- name: is_duplicate
-- What the specification's function says of an event.
SELECT check_duplicate_chronotrack_event(
    %(event_name)s::varchar, %(start_time)s::timestamp, %(partner)s
) AS is_duplicate;

-- name: last_work
-- The last thing that a scheduler did. Tests of credentials and backfills are others' work as well.
SELECT h.sync_time AS at, h.sync_type
FROM sync_history h
JOIN providers USING (provider_id)
WHERE providers.name = %(provider_name)s AND h.sync_type IN ('events', 'participants', 'results')
ORDER BY h.sync_time DESC
LIMIT 1;
