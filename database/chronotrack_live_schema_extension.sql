-- ChronoTrack Live: what the integration adds to the Project88Hub database.
--
-- Adds columns, indexes, views, functions, the provider and the ledger; changes no row that is there.
-- May be run again at any time. Apply it with
--     psql -v ON_ERROR_STOP=1 -d project88_myappdb -f database/chronotrack_live_schema_extension.sql
-- or with `chronotrack-live migrate`, which runs this same file.
--
-- Not in one transaction (psql --single-transaction): the indexes of large tables are built without
-- locking out their writers, which PostgreSQL does outside of one only.
--
-- Timestamps are UTC. Live rows have keys of their own, ctlive:<timing_partner_id>:<API id>, because
-- ChronoTrack's ids and the keys of the rows that are there share one number space. The rows of any other
-- provider's API have its data_source in place of ctlive.
\set ON_ERROR_STOP on

-- Readers and writers queue behind a change that waits for a busy table. So a change waits half a second,
-- gives way to them, and tries again.
CREATE OR REPLACE PROCEDURE pg_temp.patiently(change text) LANGUAGE plpgsql AS $$
BEGIN
    FOR attempt IN 1 .. 240 LOOP
        BEGIN
            EXECUTE change;
            RETURN;
        EXCEPTION WHEN lock_not_available THEN
            PERFORM pg_sleep(0.25 + random() / 2);
        END;
    END LOOP;
    RAISE EXCEPTION 'A table was held by others for minutes on end; what was done so far stays and does no harm.'
        USING HINT = 'Run this script again when the database is less busy: it goes on where it stopped.';
END
$$;

-- The columns that the host's tables gain. The TCP writers know nothing of them, so each default is right for
-- their rows, and none but the mirrored ones of ct_events needs the table rewritten.
CREATE OR REPLACE TEMPORARY VIEW wanted_columns (position, table_name, column_name, type, further, mirrors) AS VALUES
    (1, 'ct_events', 'data_source', 'varchar(50)', 'NOT NULL DEFAULT ''tcp_hardware''', NULL),
    (2, 'ct_events', 'provider_event_id', 'varchar(100)', '', NULL),
    (3, 'ct_events', 'api_fetched_date', 'timestamp', '', NULL),
    (4, 'ct_events', 'api_credentials_used', 'varchar(255)', '', NULL),
    (5, 'ct_events', 'updated_at', 'timestamp', '', NULL),
    (6, 'ct_events', 'event_timezone', 'varchar(100)', '', NULL),
    (7, 'ct_events', 'duplicate_of', 'varchar(100)', '', NULL),
    (8, 'ct_events', 'additional_data', 'jsonb', '', NULL),
    -- These mirror the host's columns where it has them, so that TCP rows have them too.
    (9, 'ct_events', 'start_date', 'timestamp', '', 'event_start_time'),
    (10, 'ct_events', 'end_date', 'timestamp', '', 'event_end_time'),
    (1, 'ct_participants', 'data_source', 'varchar(50)', 'NOT NULL DEFAULT ''tcp_hardware''', NULL),
    (2, 'ct_participants', 'provider_event_id', 'varchar(100)', '', NULL),
    (3, 'ct_participants', 'api_fetched_date', 'timestamp', '', NULL),
    (4, 'ct_participants', 'api_credentials_used', 'varchar(255)', '', NULL),
    (5, 'ct_participants', 'updated_at', 'timestamp', '', NULL),
    (6, 'ct_participants', 'provider_participant_id', 'varchar(100)', '', NULL),
    (7, 'ct_participants', 'registration_status', 'varchar(50)', '', NULL),
    (8, 'ct_participants', 'division', 'varchar(255)', '', NULL),
    (9, 'ct_participants', 'additional_data', 'jsonb', '', NULL),
    (1, 'ct_results', 'data_source', 'varchar(50)', 'NOT NULL DEFAULT ''tcp_hardware''', NULL),
    (2, 'ct_results', 'provider_event_id', 'varchar(100)', '', NULL),
    (3, 'ct_results', 'api_fetched_date', 'timestamp', '', NULL),
    (4, 'ct_results', 'api_credentials_used', 'varchar(255)', '', NULL),
    (5, 'ct_results', 'updated_at', 'timestamp', '', NULL),
    (6, 'ct_results', 'provider_result_id', 'varchar(100)', '', NULL),
    (7, 'ct_results', 'participant_id', 'varchar(100)', '', NULL),
    (8, 'ct_results', 'chip_time', 'interval', '', NULL),
    (9, 'ct_results', 'gun_time', 'interval', '', NULL),
    (10, 'ct_results', 'overall_place', 'integer', '', NULL),
    (11, 'ct_results', 'gender_place', 'integer', '', NULL),
    (12, 'ct_results', 'division_place', 'integer', '', NULL),
    (13, 'ct_results', 'division', 'varchar(255)', '', NULL),
    (14, 'ct_results', 'finish_time', 'timestamp', '', NULL),
    (15, 'ct_results', 'split_times', 'jsonb', '', NULL),
    (16, 'ct_results', 'result_status', 'varchar(50)', '', NULL),
    (17, 'ct_results', 'additional_data', 'jsonb', '', NULL),
    -- The guide's queries read the first three; the others account for a collection.
    (1, 'sync_history', 'sync_type', 'varchar(50)', '', NULL),
    (2, 'sync_history', 'participants_synced', 'integer', '', NULL),
    (3, 'sync_history', 'results_synced', 'integer', '', NULL),
    (4, 'sync_history', 'error_category', 'varchar(50)', '', NULL),
    (5, 'sync_history', 'lateness_seconds', 'numeric(12, 3)', '', NULL);

-- 1. Refuse before anything is changed ---------------------------------------------------------------

-- The provider's id is 1 (specification), or what the session setting chronotrack_live.provider_id says:
--     PGOPTIONS='-c chronotrack_live.provider_id=14' psql ...
-- (CHRONOTRACK_LIVE_PROVIDER_ID for `chronotrack-live migrate`). Whatever it is, all else finds the provider by
-- its name.
DO $$
DECLARE
    chosen text := nullif(current_setting('chronotrack_live.provider_id', true), '');
    known integer;
    wanted integer;
    newest record;
    found text;
BEGIN
    SELECT string_agg(name, ', ') INTO found
    FROM unnest(ARRAY['timing_partners', 'providers', 'partner_provider_credentials', 'sync_history',
                      'ct_events', 'ct_participants', 'ct_results']) AS name
    WHERE to_regclass(name) IS NULL;
    IF found IS NOT NULL THEN
        RAISE EXCEPTION 'This database lacks the host table(s) %; nothing was changed.', found
            USING HINT = 'Connect to the Project88Hub database; on an empty one create the tables first: '
                         'chronotrack-live migrate --base.';
    END IF;

    IF getdatabaseencoding() <> 'UTF8' THEN
        RAISE EXCEPTION 'This database keeps its texts in %; nothing was changed.', getdatabaseencoding()
            USING HINT = 'Athletes have names from everywhere: the integration needs a database in UTF8.';
    END IF;

    SELECT string_agg(oid::regclass::text, ', ') INTO found
    FROM pg_class
    WHERE oid IN ('ct_events'::regclass, 'ct_participants'::regclass, 'ct_results'::regclass, 'sync_history'::regclass)
      AND relkind <> 'r';
    IF found IS NOT NULL THEN
        RAISE EXCEPTION '% is no ordinary table (but partitioned, foreign or a view); nothing was changed.', found;
    END IF;

    IF to_regclass('ct_live_migrations') IS NOT NULL THEN
        SELECT version INTO newest FROM ct_live_migrations
        WHERE name = 'chronotrack_live_schema_extension' ORDER BY version DESC LIMIT 1;
        IF newest.version > 5 THEN
            RAISE EXCEPTION 'This database has version % of the extension, this script is version 5; nothing was changed.',
                newest.version
                USING HINT = 'Use the script of the software that is installed for this database.';
        END IF;
    ELSIF to_regclass('ct_live_added_columns') IS NULL THEN
        -- Nothing of ours is here yet, so what has one of our names is somebody else's.
        SELECT string_agg(name, ', ') INTO found
        FROM unnest(ARRAY['ct_live_events', 'ct_live_participants', 'ct_live_results', 'ct_live_superseded_events',
                          'ct_live_duplicate_audit', 'ct_live_rejected_rows', 'ct_live_not_duplicates',
                          'ct_live_paused_events', 'ct_live_replaced_views',
                          'ct_events_provider_event', 'ct_participants_provider_participant',
                          'ct_results_provider_result', 'ct_events_duplicate_check', 'ct_events_tcp_start',
                          'ct_events_by_source', 'ct_events_duplicate_of', 'ct_participants_by_source',
                          'ct_results_by_source', 'ct_participants_of_event', 'ct_results_of_event',
                          'sync_history_live', 'sync_history_of_provider']) AS name
        WHERE to_regclass(name) IS NOT NULL;
        SELECT concat_ws(', ', found, string_agg(oid::regprocedure::text, ', ')) INTO found
        FROM pg_proc
        WHERE pg_function_is_visible(oid)
          AND proname IN ('check_duplicate_chronotrack_event', 'find_duplicate_chronotrack_event',
                          'ct_live_comparable_name', 'ct_live_fold_history');
        IF found <> '' THEN
            RAISE EXCEPTION 'There is a % that is not of this integration; nothing was changed.', found
                USING HINT = 'Rename it, with ALTER ... RENAME TO, and run this script again.';
        END IF;
    END IF;

    -- A column of one of our names may be there already: it is used as it is, if it can be.
    SELECT string_agg(format('%s.%s, which is to be %s %s', table_name, column_name, type, further), '; ') INTO found
    FROM wanted_columns
    JOIN pg_attribute ON attrelid = to_regclass(table_name) AND attname = column_name AND NOT attisdropped
    JOIN pg_type ON pg_type.oid = atttypid
    LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
    WHERE NOT (atttypid = type::regtype OR (typcategory = 'S' AND type LIKE 'varchar%'))
       OR (column_name = 'data_source'
           AND NOT (attnotnull AND coalesce(pg_get_expr(adbin, adrelid), '') LIKE '''tcp_hardware''%'));
    IF found IS NOT NULL THEN
        RAISE EXCEPTION 'There is already a column %; nothing was changed.', found
            USING HINT = 'Rename it, or make it so: rows without a data_source are taken for those of TCP.';
    END IF;

    IF chosen !~ '^0*[1-9][0-9]{0,8}$' THEN
        RAISE EXCEPTION 'chronotrack_live.provider_id is %, not a positive whole number; nothing was changed.', chosen;
    END IF;
    SELECT provider_id INTO known FROM providers WHERE name = 'ChronoTrack Live';
    wanted := coalesce(chosen::integer, known, 1);
    IF known <> wanted THEN
        RAISE EXCEPTION 'ChronoTrack Live has provider_id % in this database, not %; nothing was changed.', known, wanted
            USING HINT = 'Its credentials and history have that id: leave the setting chronotrack_live.provider_id '
                         '(CHRONOTRACK_LIVE_PROVIDER_ID) out.';
    END IF;
    SELECT name INTO found FROM providers WHERE provider_id = wanted AND name <> 'ChronoTrack Live';
    IF found IS NOT NULL THEN
        RAISE EXCEPTION 'provider_id % belongs to %; nothing was changed.', wanted, found
            USING HINT = format(
                'Choose a free id (%s is one): CHRONOTRACK_LIVE_PROVIDER_ID=%1$s for chronotrack-live migrate, '
                'PGOPTIONS=''-c chronotrack_live.provider_id=%1$s'' for psql.',
                (SELECT max(provider_id) + 1 FROM providers));
    END IF;

    -- A view can be given more columns while others are built on it. Anything else can not.
    SELECT format('%s is a %s%s', oid::regclass, CASE relkind WHEN 'm' THEN 'materialized view' ELSE 'table' END,
                  (SELECT ', and built on it: ' || string_agg(DISTINCT reader.ev_class::regclass::text, ', ')
                   FROM pg_depend AS needs
                   JOIN pg_rewrite AS reader ON reader.oid = needs.objid
                   WHERE needs.classid = 'pg_rewrite'::regclass AND needs.refobjid = pg_class.oid
                     AND reader.ev_class <> pg_class.oid))
    INTO found
    FROM pg_class
    WHERE oid = to_regclass('unified_results') AND relkind <> 'v';
    IF found IS NOT NULL THEN
        RAISE EXCEPTION '%; it cannot be replaced without dropping it, so nothing was changed.', found
            USING HINT = 'Rename it (ALTER ... unified_results RENAME TO ...): what is built on it goes on working, '
                         'and this script makes the view.';
    END IF;
    SELECT string_agg(attname, ', ' ORDER BY attnum) INTO found
    FROM pg_attribute
    WHERE attrelid = to_regclass('unified_results') AND attnum > 0 AND NOT attisdropped
      AND attname <> ALL (ARRAY['source_provider', 'timing_partner_id', 'event_id', 'bib_number', 'first_name',
                                'last_name', 'gender', 'age', 'results_time', 'results_gun_time', 'overall_place',
                                'created_at', 'fetched_date', 'data_source', 'gender_place', 'division_place',
                                'result_status']);
    IF found IS NOT NULL THEN
        RAISE EXCEPTION 'unified_results has column(s) that this integration does not know: %; nothing was changed.',
            found
            USING HINT = 'Add them to this script, in section 1 and, with their expressions, in section 6.';
    END IF;

    SELECT string_agg(lack, ', ') INTO found
    FROM (
        SELECT format('CREATE on schema %I', current_schema()) AS lack
        WHERE NOT has_schema_privilege(current_schema(), 'CREATE')
        UNION ALL
        -- Adding a column, building an index or replacing a view is its owner's.
        SELECT format('ownership of %s (it is %I''s)', oid::regclass, pg_get_userbyid(relowner))
        FROM pg_class
        WHERE oid IN (to_regclass('ct_events'), to_regclass('ct_participants'), to_regclass('ct_results'),
                      to_regclass('sync_history'), to_regclass('unified_results'))
          AND NOT pg_has_role(relowner, 'USAGE')
        UNION ALL
        SELECT 'REFERENCES on timing_partners' WHERE NOT has_table_privilege('timing_partners', 'REFERENCES')
        UNION ALL
        SELECT format('%s on providers', privilege)
        FROM unnest(ARRAY['SELECT', 'INSERT']) AS privilege
        WHERE NOT has_table_privilege('providers', privilege)
        UNION ALL
        SELECT format('UPDATE on %s', pg_get_serial_sequence('providers', 'provider_id'))
        WHERE NOT has_sequence_privilege(pg_get_serial_sequence('providers', 'provider_id'), 'UPDATE')
        UNION ALL
        -- Readers of a view read its tables with its owner's privileges.
        SELECT format('SELECT on %s for %I', name, reader)
        FROM unnest(ARRAY['ct_results', 'runsignup_results', 'copernico_results']) AS name
        CROSS JOIN coalesce(
            (SELECT pg_get_userbyid(relowner) FROM pg_class WHERE oid = to_regclass('unified_results')),
            current_user
        ) AS reader
        WHERE to_regclass(name) IS NOT NULL AND NOT has_table_privilege(reader, name, 'SELECT')
    ) AS lacks;
    IF found IS NOT NULL THEN
        RAISE EXCEPTION 'The role % lacks: %; nothing was changed.', current_user, found
            USING HINT = 'Run this script as the owner of the host''s tables, or as a superuser.';
    END IF;

    -- Whoever waited here for the other one would keep its concurrent index builds waiting for him. A session that
    -- failed further down has it still.
    IF NOT EXISTS (SELECT FROM pg_locks WHERE pid = pg_backend_pid() AND locktype = 'advisory' AND objsubid = 1
                   AND (classid::bigint << 32) | objid::bigint = hashtextextended('chronotrack_live_schema_extension', 88))
        AND NOT pg_try_advisory_lock(hashtextextended('chronotrack_live_schema_extension', 88))
    THEN
        RAISE EXCEPTION 'Another session is applying this script right now; nothing was changed.'
            USING HINT = 'Wait for it to end, then run this script again.';
    END IF;

    -- What is no reason to refuse, and still to be known.
    SELECT string_agg(DISTINCT reader.ev_class::regclass::text, ', ') INTO found
    FROM pg_depend AS needs
    JOIN pg_rewrite AS reader ON reader.oid = needs.objid
    JOIN pg_class ON pg_class.oid = reader.ev_class AND relkind = 'm'
    WHERE needs.classid = 'pg_rewrite'::regclass AND needs.refobjid = to_regclass('unified_results');
    IF found IS NOT NULL THEN
        RAISE WARNING 'Built on unified_results: %. It goes on working, but a rollback will want it dropped first.', found;
    END IF;
    SELECT string_agg(DISTINCT pubname, ', ') INTO found
    FROM pg_publication_tables
    WHERE tablename IN ('ct_events', 'ct_participants', 'ct_results', 'sync_history') AND schemaname = current_schema();
    IF found IS NOT NULL THEN
        RAISE WARNING 'Published by %: a subscriber stops until its tables have the new columns as well.', found;
    END IF;
END
$$;

SET lock_timeout = '500ms';
-- The building of an index takes as long as it takes.
SET statement_timeout = 0;
-- What is there already, or not there any more, is no news.
SET client_min_messages = warning;

-- 2. Columns -----------------------------------------------------------------------------------------

-- What this script adds to the host's tables: the rollback takes away just that.
CREATE TABLE IF NOT EXISTS ct_live_added_columns (
    table_name varchar(100) NOT NULL,
    column_name varchar(100) NOT NULL,
    PRIMARY KEY (table_name, column_name)
);

-- One table at a time, each in a transaction of its own.
DO $$
DECLARE
    -- Version 3 began to note what is added; what an earlier one added was noted nowhere.
    unnoted CONSTANT boolean := to_regclass('ct_live_migrations') IS NOT NULL
        AND NOT EXISTS (SELECT FROM ct_live_added_columns);
    host record;
BEGIN
    FOR host IN
        SELECT
            wanted.table_name,
            string_agg(
                format('ADD COLUMN %I %s', wanted.column_name, CASE
                    WHEN mirrored.attname IS NULL THEN wanted.type || ' ' || wanted.further
                    ELSE format('timestamp GENERATED ALWAYS AS (%I) STORED', mirrored.attname)
                END),
                ', ' ORDER BY wanted.position
            ) FILTER (WHERE present.attname IS NULL) AS additions,
            array_agg(wanted.column_name) FILTER (WHERE present.attname IS NULL OR unnoted) AS added
        FROM wanted_columns AS wanted
        LEFT JOIN pg_attribute present
            ON present.attrelid = wanted.table_name::regclass AND present.attname = wanted.column_name
            AND NOT present.attisdropped
        LEFT JOIN pg_attribute mirrored
            ON mirrored.attrelid = wanted.table_name::regclass AND mirrored.attname = wanted.mirrors
            AND NOT mirrored.attisdropped
        GROUP BY wanted.table_name
    LOOP
        IF host.additions IS NOT NULL THEN
            CALL pg_temp.patiently(format('ALTER TABLE %I %s', host.table_name, host.additions));
        END IF;
        INSERT INTO ct_live_added_columns SELECT host.table_name, unnest(host.added) ON CONFLICT DO NOTHING;
        COMMIT;
    END LOOP;
END
$$;

-- 3. Tables of the integration's own -----------------------------------------------------------------

-- Rows of the API that could not be stored, whole and with the reason; `payload` is what the API sent.
CALL pg_temp.patiently($change$
CREATE TABLE IF NOT EXISTS ct_live_rejected_rows (
    timing_partner_id integer NOT NULL REFERENCES timing_partners (timing_partner_id) ON DELETE CASCADE,
    provider_event_id varchar(100) NOT NULL,
    kind varchar(20) NOT NULL,
    api_id text NOT NULL,
    reason text NOT NULL,
    payload jsonb NOT NULL,
    first_seen timestamp NOT NULL,
    last_seen timestamp NOT NULL,
    times_seen integer NOT NULL DEFAULT 1,
    data_source varchar(50) NOT NULL DEFAULT 'chronotrack_live'
)
$change$);

-- Version 2 told the providers' rows apart, version 4 gave up a serial that each poll burned values of.
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_constraint WHERE conrelid = 'ct_live_rejected_rows'::regclass AND contype = 'p'
                   AND array_length(conkey, 1) = 5) THEN
        CALL pg_temp.patiently($change$
            ALTER TABLE ct_live_rejected_rows
                ADD COLUMN IF NOT EXISTS data_source varchar(50) NOT NULL DEFAULT 'chronotrack_live',
                DROP CONSTRAINT IF EXISTS ct_live_rejected_rows_timing_partner_id_provider_event_id_k_key,
                DROP COLUMN IF EXISTS rejected_row_id;
            DROP INDEX IF EXISTS ct_live_rejected_rows_once;
            ALTER TABLE ct_live_rejected_rows
                ADD PRIMARY KEY (timing_partner_id, data_source, provider_event_id, kind, api_id)
        $change$);
    END IF;
END
$$;

-- An operator's word that an event of the API is another than the event `tcp_event_id`, however much they look
-- like one. That is an event of TCP; or, where the API seems to publish an event twice, the other live one.
CALL pg_temp.patiently($change$
CREATE TABLE IF NOT EXISTS ct_live_not_duplicates (
    timing_partner_id integer NOT NULL REFERENCES timing_partners (timing_partner_id) ON DELETE CASCADE,
    data_source varchar(50) NOT NULL,
    provider_event_id varchar(100) NOT NULL,
    tcp_event_id varchar(100) NOT NULL,
    noted_by varchar(255) NOT NULL DEFAULT session_user,
    noted_at timestamp NOT NULL DEFAULT (now() AT TIME ZONE 'UTC'),
    PRIMARY KEY (timing_partner_id, data_source, provider_event_id, tcp_event_id)
)
$change$);

-- Events that an operator holds back: their due instants pass without work until he lets them go on. Whoever
-- deletes an event takes the row with it; for that it refers to ct_events, which waits for those who write there.
CALL pg_temp.patiently($change$
CREATE TABLE IF NOT EXISTS ct_live_paused_events (
    event_id varchar(100) PRIMARY KEY REFERENCES ct_events (event_id) ON DELETE CASCADE,
    paused_by varchar(255) NOT NULL DEFAULT session_user,
    paused_at timestamp NOT NULL DEFAULT (now() AT TIME ZONE 'UTC')
)
$change$);

-- The ledger: what was applied when, and by which version of the software (which versions before 4 did not say).
CREATE TABLE IF NOT EXISTS ct_live_migrations (
    name varchar(100) NOT NULL,
    version integer NOT NULL,
    applied_at timestamp NOT NULL DEFAULT (now() AT TIME ZONE 'UTC'),
    software_version varchar(50),
    PRIMARY KEY (name, version)
);
ALTER TABLE ct_live_migrations ADD COLUMN IF NOT EXISTS software_version varchar(50);

-- The host's views as they were before they were first replaced, to go back to them. Owner and grants of a
-- view stay when it is replaced.
CREATE TABLE IF NOT EXISTS ct_live_replaced_views (
    name varchar(100) PRIMARY KEY,
    definition text NOT NULL,
    replaced_at timestamp NOT NULL DEFAULT (now() AT TIME ZONE 'UTC')
);

-- 4. Indexes -----------------------------------------------------------------------------------------

-- Built concurrently, so that writers go on; that waits for whoever reads now, and nobody waits for it.
SET lock_timeout = 0;

-- One that was interrupted is invalid, and IF NOT EXISTS would take it for done. The last two were version 3's.
SELECT format('DROP INDEX CONCURRENTLY %s', indexrelid::regclass)
FROM pg_index
JOIN pg_class ON pg_class.oid = indexrelid
WHERE indrelid IN ('ct_events'::regclass, 'ct_participants'::regclass, 'ct_results'::regclass, 'sync_history'::regclass)
  AND (
    (NOT indisvalid AND relname IN (
        'ct_events_provider_event', 'ct_participants_provider_participant', 'ct_results_provider_result',
        'ct_events_duplicate_check', 'ct_events_tcp_start', 'ct_events_by_source', 'ct_events_duplicate_of',
        'ct_participants_by_source', 'ct_results_by_source',
        'ct_participants_of_event', 'ct_results_of_event', 'sync_history_live', 'sync_history_of_provider'))
    OR relname IN ('ct_participants_live_event', 'ct_results_live_event')
  )
\gexec

-- One row an API id, partner and source. Rows of other sources have no API id and are not in them.
CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS ct_events_provider_event
    ON ct_events (timing_partner_id, data_source, provider_event_id)
    WHERE provider_event_id IS NOT NULL;
CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS ct_participants_provider_participant
    ON ct_participants (timing_partner_id, data_source, provider_participant_id)
    WHERE provider_participant_id IS NOT NULL;
CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS ct_results_provider_result
    ON ct_results (timing_partner_id, data_source, provider_result_id)
    WHERE provider_result_id IS NOT NULL;

-- Answer check_duplicate_chronotrack_event() and its richer sister.
CREATE INDEX CONCURRENTLY IF NOT EXISTS ct_events_duplicate_check
    ON ct_events (timing_partner_id, lower(event_name), event_start_time)
    WHERE data_source = 'tcp_hardware';
CREATE INDEX CONCURRENTLY IF NOT EXISTS ct_events_tcp_start
    ON ct_events (timing_partner_id, event_start_time)
    WHERE data_source = 'tcp_hardware';

-- The live events, and those that stand aside: few among many.
CREATE INDEX CONCURRENTLY IF NOT EXISTS ct_events_by_source
    ON ct_events (data_source, timing_partner_id) WHERE data_source <> 'tcp_hardware';
CREATE INDEX CONCURRENTLY IF NOT EXISTS ct_events_duplicate_of
    ON ct_events (duplicate_of) WHERE duplicate_of IS NOT NULL;

-- A live event's rows: what a poll compares with, and what is counted by source. Without TCP's rows, so that
-- their writers pay nothing for them.
CREATE INDEX CONCURRENTLY IF NOT EXISTS ct_participants_by_source
    ON ct_participants (data_source, event_id) WHERE data_source <> 'tcp_hardware';
CREATE INDEX CONCURRENTLY IF NOT EXISTS ct_results_by_source
    ON ct_results (data_source, event_id) WHERE data_source <> 'tcp_hardware';

-- The last sync of an event or partner: what the scheduler computes its next due instants from.
CREATE INDEX CONCURRENTLY IF NOT EXISTS sync_history_live
    ON sync_history (provider_id, timing_partner_id, sync_type, event_id, sync_time DESC)
    WHERE sync_type IS NOT NULL;

-- Whoever asks for one event's rows, or deletes an event, reads whole tables where event_id has no index; and the
-- guide asks for a provider's history of a day. The host may have such indexes under names of its own.
SELECT format('CREATE INDEX CONCURRENTLY %I ON %I (%s)', wanted.index_name, wanted.table_name, wanted.columns)
FROM (VALUES
    ('ct_participants', 'ct_participants_of_event', 'event_id'),
    ('ct_results', 'ct_results_of_event', 'event_id'),
    ('sync_history', 'sync_history_of_provider', 'provider_id, sync_time')
) AS wanted (table_name, index_name, columns)
WHERE NOT EXISTS (
    SELECT FROM pg_index
    WHERE indrelid = wanted.table_name::regclass AND indisvalid AND indpred IS NULL
      -- Both sides end in a comma, so that an index of more columns serves as well.
      AND starts_with(
          (SELECT string_agg(coalesce(attname, '?'), ', ' ORDER BY place) || ', '
           FROM unnest(indkey) WITH ORDINALITY AS part (number, place)
           LEFT JOIN pg_attribute ON attrelid = indrelid AND attnum = part.number AND attnum > 0),
          wanted.columns || ', ')
)
\gexec

SET lock_timeout = '500ms';

-- 5. Functions ---------------------------------------------------------------------------------------

-- What is left of an event's name when two who write it differently are to agree: words without case, accents,
-- punctuation, years and counts ("12th annual"), distances in one spelling, in alphabetical order. '' when
-- nothing is left.
CREATE OR REPLACE FUNCTION ct_live_comparable_name(p_event_name text) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    words text := p_event_name;
BEGIN
    -- Lower case comes late: in the locale C it exists for what is left of a letter without its accent only.
    words := regexp_replace(normalize(words, NFKD), '[\u0300-\u036f\u2018\u2019\u00b4]', '', 'g');
    words := regexp_replace(replace(words, chr(223), 'ss'), '[\u00e6\u00c6]', 'ae', 'g');
    words := translate(words, chr(248) || chr(216) || chr(322) || chr(321) || chr(273) || chr(272), 'oolldd');
    words := regexp_replace(words, '[\u0080-\u00bf\u2000-\u206f\u3000-\u303f]', ' ', 'g');
    words := replace(replace(lower(words), '''', ''), '&', ' and ');
    words := regexp_replace(words, '([0-9])[.,]([0-9])', '\1p\2', 'g');
    words := regexp_replace(words, '[\x01-\x2f\x3a-\x40\x5b-\x60\x7b-\x7f]+', ' ', 'g');
    words := regexp_replace(words, '([0-9]) *(kilomet(er|re)s?|kms?|k)\M', '\1k', 'g');
    words := regexp_replace(words, '([0-9]) *(miles?|milers?|mi)\M', '\1mi', 'g');
    words := regexp_replace(words, '\m((19|20)[0-9][0-9]|([0-9]+(st|nd|rd|th) )?annual)\M', ' ', 'g');
    RETURN coalesce((
        SELECT string_agg(DISTINCT word, ' ' ORDER BY word)
        FROM (SELECT part COLLATE "C" AS word FROM string_to_table(words, ' ') AS part WHERE part <> '') AS parts
    ), '');
END
$$;

-- The TCP event that an API event is the same as, its kind (same_id, same_name, similar_name; the surest counts)
-- and the reason in words; no row when there is none, or when an operator said that the two are not the same.
-- Names that are only similar are for a person to look at: see ct_live_duplicate_audit. Ids of another source
-- than chronotrack_live are not ChronoTrack's.
BEGIN;
DROP FUNCTION IF EXISTS find_duplicate_chronotrack_event(varchar, timestamp, integer, varchar);
CREATE OR REPLACE FUNCTION find_duplicate_chronotrack_event(
    p_event_name varchar,
    p_event_date timestamp,
    p_timing_partner_id integer,
    p_provider_event_id varchar,
    p_data_source varchar DEFAULT 'chronotrack_live',
    p_similar boolean DEFAULT true
) RETURNS TABLE (event_id varchar, kind text, reason text)
LANGUAGE sql STABLE AS $$
    SELECT twin.event_id, twin.kind, twin.reason
    FROM (
        (SELECT e.event_id, 'same_id' AS kind, 'same ChronoTrack id' AS reason
         FROM ct_events e
         WHERE e.event_id = p_provider_event_id
           AND p_data_source = 'chronotrack_live'
           AND e.timing_partner_id = p_timing_partner_id
           AND e.data_source = 'tcp_hardware')
        UNION ALL
        (SELECT e.event_id, 'same_name', 'same name, starts within 24 hours'
         FROM ct_events e
         WHERE e.timing_partner_id = p_timing_partner_id
           AND e.data_source = 'tcp_hardware'
           AND lower(e.event_name) = lower(p_event_name)
           AND e.event_start_time > p_event_date - interval '86400 seconds'
           AND e.event_start_time < p_event_date + interval '86400 seconds'
         ORDER BY abs(extract(epoch FROM e.event_start_time - p_event_date)), e.event_id)
        UNION ALL
        (SELECT e.event_id, 'similar_name', format('similar name ("%s"), starts within 24 hours', e.event_name)
         FROM ct_events e
         WHERE p_similar
           AND e.timing_partner_id = p_timing_partner_id
           AND e.data_source = 'tcp_hardware'
           AND e.event_start_time > p_event_date - interval '86400 seconds'
           AND e.event_start_time < p_event_date + interval '86400 seconds'
           AND ct_live_comparable_name(e.event_name) = nullif(ct_live_comparable_name(p_event_name), '')
         ORDER BY abs(extract(epoch FROM e.event_start_time - p_event_date)), e.event_id)
    ) AS twin
    WHERE NOT EXISTS (
        SELECT FROM ct_live_not_duplicates AS other
        WHERE other.timing_partner_id = p_timing_partner_id
          AND other.data_source = p_data_source
          AND other.provider_event_id = p_provider_event_id
          AND other.tcp_event_id = twin.event_id
    )
    LIMIT 1
$$;
COMMIT;

-- Whether TCP already delivered an event of this name (in any case) that starts less than 24 hours apart.
CREATE OR REPLACE FUNCTION check_duplicate_chronotrack_event(
    p_event_name varchar,
    p_event_date timestamp,
    p_timing_partner_id integer
) RETURNS boolean
LANGUAGE sql STABLE AS $$
    SELECT EXISTS (
        SELECT FROM ct_events e
        WHERE e.timing_partner_id = p_timing_partner_id
          AND e.data_source = 'tcp_hardware'
          AND lower(e.event_name) = lower(p_event_name)
          AND e.event_start_time > p_event_date - interval '86400 seconds'
          AND e.event_start_time < p_event_date + interval '86400 seconds'
    )
$$;

-- Fold the account of frequent operations that are over: of those before an instant that found nothing new, only
-- the last one of a day, event and type stays; of those that failed, or whose event the API has locked away or does
-- not know, the last one of a day, event, type and error category; and of those that were partial and wrote nothing
-- the last one of a day, event and type that notes the same problem. The scheduler reads the last ones, the store
-- the one with the highest number: that one stays, at the last one's sync_time, for the clocks of two hosts may be
-- apart. Its data_snapshot says under "folded" how many it stands for and under "folded_since" when the first of
-- them began (not where version 4 folded some of them, which did not note it), duration_seconds how long they took
-- together. Returns how many rows went.
--
-- Never a row that wrote, nor one that notes anything but what it cost and what could not be read: whom a reading
-- left in doubt, above all. Neither one of another integration, whose rows lack that note, nor one that a table of
-- the host's refers to; where such a table may not be read, nothing is folded, with a warning that names it.
--
-- SECURITY DEFINER, because the daemon may add to the account and not rewrite it: this is the one thing that it
-- may take out of it. So that no caller can have anything else done, nothing is looked up where he could put
-- something of his own (PostgreSQL's operators, the host's table by its full name, no policy of a table that refers
-- to it), and the function is the table's owner's, not that of a superuser who runs this script.
DO $do$
DECLARE
    full_name text;
    table_owner text;
BEGIN
    SELECT format('%I.%I', nspname, relname), pg_get_userbyid(relowner) INTO full_name, table_owner
    FROM pg_class
    JOIN pg_namespace ON pg_namespace.oid = relnamespace
    WHERE pg_class.oid = 'sync_history'::regclass;
    EXECUTE format($create$
CREATE OR REPLACE FUNCTION ct_live_fold_history(p_before timestamp) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET row_security = off AS $fold$
DECLARE
    gone integer;
    refers record;
    referred bigint[] := '{}';
BEGIN
    -- Two daemons fold one after the other: each would count what the other one takes away.
    PERFORM pg_advisory_xact_lock(hashtextextended('ct_live_fold_history', 88));
    -- The host may refer to rows of its own table: with those that are referred to, nothing is done.
    FOR refers IN
        SELECT conrelid::regclass AS at,
            string_agg(format('theirs.%%I = ours.%%I', theirs.attname, ours.attname), ' AND ') AS matching
        FROM pg_constraint
        CROSS JOIN LATERAL unnest(conkey, confkey) AS pair (theirs, ours)
        JOIN pg_attribute AS theirs ON theirs.attrelid = conrelid AND theirs.attnum = pair.theirs
        JOIN pg_attribute AS ours ON ours.attrelid = confrelid AND ours.attnum = pair.ours
        WHERE confrelid = %2$L::regclass AND contype = 'f'
        GROUP BY pg_constraint.oid, conrelid
    LOOP
        BEGIN
            EXECUTE format(
                'SELECT $1 || array_agg(ours.sync_history_id::bigint) FROM %%s AS theirs JOIN %%s AS ours ON %%s',
                refers.at, %2$L, refers.matching)
            INTO referred USING referred;
        EXCEPTION WHEN insufficient_privilege THEN
            RAISE WARNING 'The history is not folded: %% refers to its rows and may not be read by %%.',
                refers.at, current_user
                USING HINT = format('GRANT SELECT ON %%s TO %%I, with USAGE on its schema.', refers.at, current_user);
            RETURN 0;
        END;
    END LOOP;
    WITH polls AS (
        SELECT
            sync_history_id,
            sync_history_id = max(sync_history_id) OVER day AS stays,
            count(*) OVER day AS rows_of_day,
            max(sync_time) OVER day AS last_time,
            sum(coalesce((data_snapshot ->> 'folded')::integer, 1)) OVER day AS folded,
            CASE WHEN NOT bool_or(data_snapshot ? 'folded' AND NOT data_snapshot ? 'folded_since') OVER day THEN
                min(coalesce((data_snapshot ->> 'folded_since')::timestamp, sync_time)) OVER day
            END AS folded_since,
            sum(duration_seconds) OVER day AS duration
        FROM %1$s
        CROSS JOIN LATERAL (
            SELECT CASE WHEN jsonb_typeof(data_snapshot) = 'object' THEN data_snapshot - ARRAY[
                'requests', 'bytes_read', 'rows_read', 'waited_seconds', 'answering_seconds',
                'participants', 'results', 'folded', 'folded_since'] END AS notes
        ) AS noted
        WHERE sync_time < p_before
          AND sync_type IN ('authentication', 'events', 'participants', 'results')
          AND num_of_synced_records = 0
          AND notes ? 'errors'
          AND CASE status
            WHEN 'failed' THEN error_category IS NOT NULL
            WHEN 'skipped' THEN error_category IN ('archived', 'not_found')
            WHEN 'partial' THEN
                notes - ARRAY['errors', 'retries', 'complete', 'repeated', 'unsure', 'problems'] = '{}'
            WHEN 'completed' THEN entries_failed = 0
                AND notes -> 'errors' = '{}' AND notes - ARRAY['errors', 'retries', 'complete'] = '{}'
          END
          AND sync_history_id <> ALL (referred)
        WINDOW day AS (
            PARTITION BY provider_id, timing_partner_id, event_id, sync_type, status, error_category, sync_time::date,
                CASE status WHEN 'partial' THEN notes || jsonb_build_object('rejected', entries_failed) END)
    ), kept AS (
        UPDATE %1$s AS history
        SET duration_seconds = polls.duration,
            sync_time = polls.last_time,
            data_snapshot = history.data_snapshot - 'folded_since' || jsonb_strip_nulls(jsonb_build_object(
                'folded', polls.folded, 'folded_since', polls.folded_since))
        FROM polls
        WHERE polls.sync_history_id = history.sync_history_id AND polls.stays AND polls.rows_of_day > 1
    ), folded AS (
        DELETE FROM %1$s AS history
        USING polls
        WHERE polls.sync_history_id = history.sync_history_id AND NOT polls.stays
        RETURNING 1
    )
    SELECT count(*) INTO gone FROM folded;
    RETURN gone;
END
$fold$
    $create$, full_name, full_name);
    REVOKE EXECUTE ON FUNCTION ct_live_fold_history(timestamp) FROM PUBLIC;
    IF (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN
        EXECUTE format('ALTER FUNCTION ct_live_fold_history(timestamp) OWNER TO %I', table_owner);
    END IF;
END
$do$;

-- 6. Views -------------------------------------------------------------------------------------------

CALL pg_temp.patiently($change$
CREATE OR REPLACE VIEW ct_live_events AS
SELECT
    event_id, timing_partner_id, provider_event_id, event_name, start_date, end_date, event_timezone,
    location, duplicate_of, api_fetched_date, api_credentials_used, created_at, updated_at
FROM ct_events
WHERE data_source = 'chronotrack_live'
$change$);

CALL pg_temp.patiently($change$
CREATE OR REPLACE VIEW ct_live_participants AS
SELECT
    entry_id AS participant_id, event_id, timing_partner_id, provider_event_id, provider_participant_id,
    entry_bib AS bib, athlete_first_name AS first_name, athlete_last_name AS last_name, athlete_sex AS sex,
    entry_race_age AS age, division, registration_status, location, additional_data,
    api_fetched_date, created_at, updated_at
FROM ct_participants
WHERE data_source = 'chronotrack_live'
$change$);

CALL pg_temp.patiently($change$
CREATE OR REPLACE VIEW ct_live_results AS
SELECT
    r.id AS result_id, r.event_id, e.event_name, r.timing_partner_id, r.provider_event_id,
    r.provider_result_id, r.participant_id, r.results_bib AS bib, r.results_first_name AS first_name,
    r.results_last_name AS last_name, r.results_sex AS sex, r.results_age AS age, r.division,
    r.result_status, r.chip_time, r.gun_time, r.overall_place, r.gender_place, r.division_place,
    r.finish_time, r.split_times, r.additional_data, r.api_fetched_date, r.created_at, r.updated_at
FROM ct_results r
JOIN ct_events e ON e.event_id = r.event_id
WHERE r.data_source = 'chronotrack_live'
$change$);

-- Live events that stand aside because TCP delivers the same event by now, with results.
CALL pg_temp.patiently($change$
CREATE OR REPLACE VIEW ct_live_superseded_events AS
SELECT live.event_id, live.timing_partner_id, live.duplicate_of
FROM ct_events live
WHERE live.duplicate_of IS NOT NULL
  AND EXISTS (SELECT FROM ct_results tcp WHERE tcp.event_id = live.duplicate_of)
$change$);
-- Whoever may read unified_results reads this on the way, and under his own name where that is a security_invoker.
GRANT SELECT ON ct_live_superseded_events TO PUBLIC;

-- What is suspicious: events of an API that TCP has too, or seems to have (`shown` says what unified_results
-- shows of the two), those that were left out for it, and events that an API publishes twice. A pair leaves this
-- list when one of the two goes, or by `chronotrack-live events not-duplicate`.
CALL pg_temp.patiently($change$
CREATE OR REPLACE VIEW ct_live_duplicate_audit AS
SELECT
    live.timing_partner_id, live.data_source, live.provider_event_id, live.event_name, live.start_date,
    twin.event_id AS twin_event_id, tcp.event_name AS twin_name, tcp.start_date AS twin_start_date,
    twin.kind, twin.reason,
    CASE
        WHEN superseded.event_id IS NOT NULL THEN 'TCP'
        WHEN live.duplicate_of IS NOT NULL THEN 'API until TCP has results'
        ELSE 'both'
    END AS shown
FROM ct_events live
CROSS JOIN LATERAL find_duplicate_chronotrack_event(
    live.event_name, live.start_date, live.timing_partner_id, live.provider_event_id, live.data_source
) AS twin
JOIN ct_events tcp ON tcp.event_id = twin.event_id
LEFT JOIN ct_live_superseded_events superseded ON superseded.event_id = live.event_id
WHERE live.data_source <> 'tcp_hardware'
UNION ALL
SELECT
    live.timing_partner_id, live.data_source, live.provider_event_id, live.event_name, live.start_date,
    other.event_id, other.event_name, other.start_date,
    'published_twice', format('%s has it as event %s as well', other.data_source, other.provider_event_id), 'both'
FROM ct_events live
JOIN ct_events other
    ON other.timing_partner_id = live.timing_partner_id
    AND lower(other.event_name) = lower(live.event_name)
    AND abs(extract(epoch FROM other.start_date - live.start_date)) < 86400
    AND other.event_id > live.event_id
WHERE live.data_source <> 'tcp_hardware'
  AND other.data_source <> 'tcp_hardware'
  -- One that stands aside for TCP is in the list above.
  AND live.duplicate_of IS NULL
  AND other.duplicate_of IS NULL
  AND NOT EXISTS (
      SELECT FROM ct_live_not_duplicates AS apart
      WHERE apart.timing_partner_id = live.timing_partner_id
        AND (
            (apart.data_source, apart.provider_event_id, apart.tcp_event_id)
            = (live.data_source, live.provider_event_id, other.event_id)
            OR (apart.data_source, apart.provider_event_id, apart.tcp_event_id)
            = (other.data_source, other.provider_event_id, live.event_id)
        )
  )
UNION ALL
-- What the last discovery of each partner left out.
SELECT
    discovery.timing_partner_id, discovery.data_source, skipped.provider_event_id, skipped.event_name, NULL,
    skipped.duplicate_of, tcp.event_name, tcp.start_date, skipped.kind, skipped.reason, 'TCP'
FROM (
    SELECT c.timing_partner_id, lower(replace(p.name, ' ', '_')) AS data_source, h.data_snapshot
    FROM partner_provider_credentials c
    JOIN providers p USING (provider_id)
    CROSS JOIN LATERAL (
        SELECT data_snapshot FROM sync_history
        WHERE provider_id = c.provider_id AND timing_partner_id = c.timing_partner_id
          AND sync_type = 'events' AND event_id IS NULL AND status IN ('completed', 'partial')
        ORDER BY sync_time DESC
        LIMIT 1
    ) AS h
) AS discovery
CROSS JOIN LATERAL jsonb_to_recordset(
    CASE WHEN jsonb_typeof(discovery.data_snapshot -> 'duplicates') = 'array'
        THEN discovery.data_snapshot -> 'duplicates' ELSE '[]' END
) AS skipped (provider_event_id text, event_name text, duplicate_of text, kind text, reason text)
JOIN ct_events tcp ON tcp.event_id = skipped.duplicate_of
WHERE NOT EXISTS (
    SELECT FROM ct_live_not_duplicates AS apart
    WHERE apart.timing_partner_id = discovery.timing_partner_id
      AND apart.data_source = discovery.data_source
      AND apart.provider_event_id = skipped.provider_event_id
      AND apart.tcp_event_id = skipped.duplicate_of
)
$change$);

-- unified_results keeps every column's name, order and type (readers depend on them) and gains four at
-- its end. It is put together from the tables that this database has. A column that the view already
-- has is cast to its existing type, without which PostgreSQL refuses to replace it.
DO $$
DECLARE
    -- column, and what ct_results, runsignup_results and copernico_results may call it ('': they have none)
    columns text[] := ARRAY[
        ['source_provider', '', '', ''],
        ['timing_partner_id', 'timing_partner_id', 'timing_partner_id', 'timing_partner_id'],
        ['event_id', 'event_id', 'event_id', 'event_id'],
        ['bib_number', 'results_bib', 'bib_number', 'bib_number'],
        ['first_name', 'results_first_name', 'first_name', 'first_name'],
        ['last_name', 'results_last_name', 'last_name', 'last_name'],
        ['gender', 'results_sex', 'gender', 'gender'],
        ['age', 'results_age', 'age', 'age'],
        ['results_time', 'results_time', 'chip_time', 'total_time'],
        ['results_gun_time', 'results_gun_time', 'clock_time', ''],
        ['overall_place', 'results_rank', 'overall_place', 'overall_position,overall_place'],
        ['created_at', 'created_at', 'created_at', 'created_at'],
        ['fetched_date', 'created_at', 'created_at', 'created_at'],
        ['data_source', '', '', ''],
        ['gender_place', 'gender_place', 'gender_place', 'gender_place'],
        ['division_place', 'division_place', 'division_place', 'division_place'],
        ['result_status', 'result_status', '', '']];
    sources text[] := ARRAY['ct_results', 'runsignup_results', 'copernico_results'];
    titles text[] := ARRAY[
        'CASE r.data_source WHEN ''tcp_hardware'' THEN ''ChronoTrack'' '
        'WHEN ''chronotrack_live'' THEN ''ChronoTrack Live'' '
        'ELSE initcap(replace(r.data_source, ''_'', '' '')) END', '''RunSignUp''', '''Copernico'''];
    sources_as_data text[] := ARRAY['r.data_source', '''runsignup''', '''copernico'''];
    conditions text[] := ARRAY[
        ' WHERE r.data_source = ''tcp_hardware'' OR (r.result_status IS DISTINCT FROM ''removed'''
        ' AND r.event_id NOT IN (SELECT event_id FROM ct_live_superseded_events))', '', ''];
    view_oid oid := to_regclass('unified_results');
    options text := (SELECT array_to_string(reloptions, ', ') FROM pg_class WHERE oid = to_regclass('unified_results'));
    parts text[] := '{}';
    listed text;
BEGIN
    FOR s IN 1 .. array_length(sources, 1) LOOP
        CONTINUE WHEN to_regclass(sources[s]) IS NULL;
        SELECT string_agg(
                   format(
                       -- A text that is no duration ("DNF") must not stop whoever reads the view.
                       CASE WHEN wanted.type = 'interval' AND expression.is_text
                           THEN '(CASE WHEN %1$s ~ ''^[0-9]+(:[0-9]{2}){1,2}([.][0-9]+)?$'' THEN %1$s END)::%2$s AS %3$I'
                           ELSE '(%1$s)::%2$s AS %3$I'
                       END,
                       expression.text, wanted.type, columns[i][1]),
                   ', ' ORDER BY coalesce(a.attnum, 1000 + i))
        INTO listed
        FROM generate_subscripts(columns, 1) AS i
        LEFT JOIN pg_attribute a ON a.attrelid = view_oid AND a.attname = columns[i][1] AND a.attnum > 0
        CROSS JOIN LATERAL (
            SELECT coalesce(
                format_type(a.atttypid, a.atttypmod),
                CASE
                    -- An interval, or the text that shape C keeps, which need not be one.
                    WHEN columns[i][1] IN ('results_time', 'results_gun_time') THEN (
                        SELECT format_type(atttypid, atttypmod) FROM pg_attribute
                        WHERE attrelid = 'ct_results'::regclass AND attname = 'results_time')
                    WHEN columns[i][1] IN ('created_at') THEN 'timestamp'
                    WHEN columns[i][1] IN ('data_source', 'result_status', 'source_provider') THEN 'varchar(50)'
                    WHEN columns[i][1] IN ('timing_partner_id', 'age', 'overall_place', 'gender_place',
                                           'division_place') THEN 'integer'
                    ELSE 'varchar(255)'
                END) AS type
        ) AS wanted
        LEFT JOIN LATERAL (
            SELECT attname, atttypid FROM pg_attribute
            WHERE attrelid = to_regclass(sources[s]) AND attnum > 0 AND NOT attisdropped
              AND attname = ANY (string_to_array(columns[i][s + 1], ','))
            ORDER BY array_position(string_to_array(columns[i][s + 1], ','), attname::text)
            LIMIT 1
        ) AS source ON true
        CROSS JOIN LATERAL (
            SELECT
                CASE columns[i][1]
                    WHEN 'source_provider' THEN titles[s]
                    WHEN 'data_source' THEN sources_as_data[s]
                    ELSE coalesce('r.' || quote_ident(source.attname), 'NULL')
                END AS text,
                source.atttypid IN ('varchar'::regtype, 'text'::regtype) AS is_text
        ) AS expression
        -- The fetching instant is called created_at or fetched_date: the existing view's word counts.
        WHERE a.attnum IS NOT NULL
           OR columns[i][1] NOT IN ('created_at', 'fetched_date')
           OR (view_oid IS NULL AND columns[i][1] = 'created_at');
        parts := parts || format('SELECT %s FROM %I r%s', listed, sources[s], conditions[s]);
    END LOOP;
    INSERT INTO ct_live_replaced_views (name, definition)
    SELECT 'unified_results', pg_get_viewdef(view_oid)
    WHERE view_oid IS NOT NULL
      AND NOT EXISTS (SELECT FROM pg_attribute WHERE attrelid = view_oid AND attname = 'result_status')
    ON CONFLICT DO NOTHING;
    CALL pg_temp.patiently(
        'CREATE OR REPLACE VIEW unified_results '
        -- Without them, what the view was made with (security_invoker, say) would be lost.
        || coalesce('WITH (' || options || ') ', '')
        || 'AS ' || array_to_string(parts, ' UNION ALL '));
END
$$;

-- 7. The provider, and the ledger --------------------------------------------------------------------

INSERT INTO providers (provider_id, name, provider_type, api_base_url, rate_limit_per_hour)
SELECT
    coalesce(nullif(current_setting('chronotrack_live.provider_id', true), '')::integer, 1),
    'ChronoTrack Live', 'timing', 'https://api.chronotrack.com/api', 90000
WHERE NOT EXISTS (SELECT FROM providers WHERE name = 'ChronoTrack Live');

-- An id given by hand leaves the sequence behind.
DO $$
BEGIN
    PERFORM setval(pg_get_serial_sequence('providers', 'provider_id'), max(provider_id))
    FROM providers
    HAVING max(provider_id) > coalesce(pg_sequence_last_value(pg_get_serial_sequence('providers', 'provider_id')), 0);
END
$$;

INSERT INTO ct_live_migrations (name, version, software_version)
VALUES ('chronotrack_live_schema_extension', 5, '0.2.0')
ON CONFLICT DO NOTHING;

RESET lock_timeout;
RESET statement_timeout;
RESET client_min_messages;
DO $$
BEGIN
    PERFORM pg_advisory_unlock(hashtextextended('chronotrack_live_schema_extension', 88));
END
$$;
\echo ChronoTrack Live: version 5 of the extension is applied.
