-- The rows that a rollback deletes from the host's tables, as a script that brings them in again; for psql -A -t.
--
-- Left out are the credentials, which are secret; the columns that PostgreSQL generates; and the operator's words
-- about events (ct_live_paused_events, ct_live_not_duplicates) with the rows that could not be stored.
\set ON_ERROR_STOP on

-- The marks are for the linter, which reads neither a transaction's modes nor a statement in psql's variable.
BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY; -- noqa

\echo '-- Live rows of ChronoTrack Live; after an install: psql -v ON_ERROR_STOP=1 -f THIS_FILE'
\echo 'BEGIN;'

-- A table's columns, and which of its rows are live, as the rollback says it. In the order of their foreign keys.
SELECT string_agg(
    format(
        E'SELECT %1$L;\nCOPY (SELECT %2$s FROM %3$I WHERE %4$s) TO STDOUT;\nSELECT %5$L;',
        format('COPY %I (%s) FROM stdin;', name, columns), columns, name, condition, '\.'),
    E'\n' ORDER BY position) AS each_table
FROM (VALUES
    (1, 'ct_events',
     'data_source <> ''tcp_hardware'' AND (data_source = ''chronotrack_live'' OR provider_event_id IS NOT NULL)'),
    (2, 'ct_races',
     'event_id IN (SELECT event_id FROM ct_events WHERE data_source <> ''tcp_hardware'' '
     'AND (data_source = ''chronotrack_live'' OR provider_event_id IS NOT NULL))'),
    (3, 'ct_participants',
     'data_source <> ''tcp_hardware'' AND (data_source = ''chronotrack_live'' OR provider_participant_id IS NOT NULL)'),
    (4, 'ct_results',
     'data_source <> ''tcp_hardware'' AND (data_source = ''chronotrack_live'' OR provider_result_id IS NOT NULL)'),
    (5, 'sync_history',
     'provider_id = (SELECT provider_id FROM providers WHERE name = ''ChronoTrack Live'')')
) AS live (position, name, condition)
CROSS JOIN LATERAL (
    SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) AS columns
    FROM pg_attribute
    WHERE attrelid = to_regclass(name) AND attnum > 0 AND NOT attisdropped AND attgenerated = ''
) AS listed
WHERE columns IS NOT NULL
\gset
:each_table -- noqa

\echo 'COMMIT;'
COMMIT;
