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
    WHERE attrelid = to_regclass(wanted.table_name) AND attname = wanted.column_name AND NOT attisdropped
);

-- name: missing_relations
-- The tables, views and indexes of the extension that this database lacks, or whose building was interrupted.
SELECT name || CASE WHEN to_regclass(name) IS NULL THEN '' ELSE ' (built in part)' END AS part
FROM unnest(%(relations)s::text[]) AS name
WHERE to_regclass(name) IS NULL
   OR EXISTS (SELECT FROM pg_index WHERE indexrelid = to_regclass(name) AND NOT indisvalid);

-- name: lost_defaults
-- Of the tables that have a data_source: those whose rows of TCP would not get theirs any more, and what mends that.
SELECT
    table_name || '.data_source' AS part,
    concat_ws(' ',
        CASE WHEN NOT attnotnull THEN
            'UPDATE ' || table_name || ' SET data_source = ''tcp_hardware'' WHERE data_source IS NULL;' END,
        'ALTER TABLE ' || table_name || ' ' || concat_ws(', ',
            CASE WHEN NOT has_default THEN 'ALTER COLUMN data_source SET DEFAULT ''tcp_hardware''' END,
            CASE WHEN NOT attnotnull THEN 'ALTER COLUMN data_source SET NOT NULL' END) || ';') AS remedy
FROM unnest(ARRAY['ct_events', 'ct_participants', 'ct_results']) AS table_name
JOIN pg_attribute ON attrelid = to_regclass(table_name) AND attname = 'data_source' AND NOT attisdropped
LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
CROSS JOIN LATERAL (
    SELECT starts_with(coalesce(pg_get_expr(adbin, adrelid), ''), '''tcp_hardware''') AS has_default
) AS its
WHERE NOT (attnotnull AND has_default);

-- name: view_of_results
-- Whether unified_results, by its text, leaves out what stands aside for TCP's and what was removed, as the extension's
-- does; and whether the role that asks may see for itself, by a row that it adds.
SELECT
    strpos(definition, 'ct_live_superseded_events') > 0 AND strpos(definition, '''removed''') > 0 AS is_ours,
    has_table_privilege('unified_results', 'SELECT') AND EXISTS (
        SELECT FROM pg_attribute
        WHERE attrelid = 'ct_results'::regclass AND attname = 'id'
          AND atttypid IN ('integer'::regtype, 'bigint'::regtype)
    ) AS may_be_seen
FROM pg_get_viewdef('unified_results'::regclass) AS definition;

-- name: add_live_result
-- A live event with a result, which has a number of its own: none of the host's sequence is burnt.
WITH event AS (
    INSERT INTO ct_events (event_id, event_name, data_source)
    VALUES (%(event_id)s, %(event_id)s, 'chronotrack_live')
    RETURNING event_id
)
INSERT INTO ct_results (id, event_id, data_source)
OVERRIDING SYSTEM VALUE
SELECT (SELECT least(min(id), 0) - 1 FROM ct_results), event_id, 'chronotrack_live' FROM event;

-- name: shows_live_result
-- Whether unified_results shows the live result of that event.
SELECT EXISTS (
    SELECT FROM unified_results WHERE event_id = %(event_id)s AND data_source = 'chronotrack_live'
) AS shown;

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
SELECT EXISTS (SELECT FROM {view}) AS has_rows;

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
-- The last thing that a scheduler did. Tests of credentials that went well and backfills are others' work as well;
-- after a test that failed comes nothing of its own.
SELECT h.sync_time AS at, h.sync_type
FROM sync_history h
JOIN providers USING (provider_id)
WHERE providers.name = %(provider_name)s
  AND (h.sync_type IN ('events', 'participants', 'results')
       OR (h.sync_type = 'authentication' AND h.status = 'failed'))
ORDER BY h.sync_time DESC
LIMIT 1;
