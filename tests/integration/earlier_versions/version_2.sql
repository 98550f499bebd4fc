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

-- A change that has to wait for a busy table gives up rather than make its readers queue behind it.
SET lock_timeout = '10s';

-- 1. Refuse before anything is changed ---------------------------------------------------------------

-- The provider's id is 1 (specification), or what the session setting chronotrack_live.provider_id says:
--     PGOPTIONS='-c chronotrack_live.provider_id=14' psql ...
DO $$
DECLARE
    wanted integer := coalesce(nullif(current_setting('chronotrack_live.provider_id', true), ''), '1')::integer;
    missing text;
    owner_name text;
    unknown text;
BEGIN
    SELECT string_agg(name, ', ') INTO missing
    FROM unnest(ARRAY['timing_partners', 'providers', 'partner_provider_credentials', 'sync_history',
                      'ct_events', 'ct_participants', 'ct_results']) AS name
    WHERE to_regclass(name) IS NULL;
    IF missing IS NOT NULL THEN
        RAISE EXCEPTION 'This database lacks the host table(s) %; nothing was changed.', missing
            USING HINT = 'Connect to the Project88Hub database; on an empty one create the tables first: '
                         'chronotrack-live migrate --base.';
    END IF;

    SELECT name INTO owner_name FROM providers WHERE provider_id = wanted AND name <> 'ChronoTrack Live';
    IF owner_name IS NOT NULL AND NOT EXISTS (SELECT FROM providers WHERE name = 'ChronoTrack Live') THEN
        RAISE EXCEPTION 'provider_id % belongs to %; nothing was changed.', wanted, owner_name
            USING HINT = 'Choose a free id with the setting chronotrack_live.provider_id, for example '
                         'PGOPTIONS=''-c chronotrack_live.provider_id=14''.';
    END IF;

    SELECT string_agg(attname, ', ' ORDER BY attnum) INTO unknown
    FROM pg_attribute
    WHERE attrelid = to_regclass('unified_results') AND attnum > 0 AND NOT attisdropped
      AND attname <> ALL (ARRAY['source_provider', 'timing_partner_id', 'event_id', 'bib_number', 'first_name',
                                'last_name', 'gender', 'age', 'results_time', 'results_gun_time', 'overall_place',
                                'created_at', 'fetched_date', 'data_source', 'gender_place', 'division_place',
                                'result_status']);
    IF unknown IS NOT NULL THEN
        RAISE EXCEPTION 'unified_results has column(s) that this integration does not know: %; nothing was changed.',
            unknown
            USING HINT = 'Add them to this script, in section 1 and, with their expressions, in section 6.';
    END IF;
END
$$;

-- 2. Columns -----------------------------------------------------------------------------------------

-- The TCP writers know nothing of these columns, so each default is right for their rows.
ALTER TABLE ct_events
    ADD COLUMN IF NOT EXISTS data_source varchar(50) NOT NULL DEFAULT 'tcp_hardware',
    ADD COLUMN IF NOT EXISTS provider_event_id varchar(100),
    ADD COLUMN IF NOT EXISTS api_fetched_date timestamp,
    ADD COLUMN IF NOT EXISTS api_credentials_used varchar(255),
    ADD COLUMN IF NOT EXISTS updated_at timestamp,
    ADD COLUMN IF NOT EXISTS event_timezone varchar(100),
    ADD COLUMN IF NOT EXISTS duplicate_of varchar(100),
    ADD COLUMN IF NOT EXISTS additional_data jsonb;

-- start_date and end_date mirror the host's columns where it has them, so that TCP rows have them too.
DO $$
DECLARE
    pair text[];
BEGIN
    FOREACH pair SLICE 1 IN ARRAY ARRAY[['start_date', 'event_start_time'], ['end_date', 'event_end_time']] LOOP
        IF EXISTS (SELECT FROM pg_attribute
                   WHERE attrelid = 'ct_events'::regclass AND attname = pair[2] AND NOT attisdropped) THEN
            EXECUTE format('ALTER TABLE ct_events ADD COLUMN IF NOT EXISTS %I timestamp '
                           'GENERATED ALWAYS AS (%I) STORED', pair[1], pair[2]);
        ELSE
            EXECUTE format('ALTER TABLE ct_events ADD COLUMN IF NOT EXISTS %I timestamp', pair[1]);
        END IF;
    END LOOP;
END
$$;

ALTER TABLE ct_participants
    ADD COLUMN IF NOT EXISTS data_source varchar(50) NOT NULL DEFAULT 'tcp_hardware',
    ADD COLUMN IF NOT EXISTS provider_event_id varchar(100),
    ADD COLUMN IF NOT EXISTS api_fetched_date timestamp,
    ADD COLUMN IF NOT EXISTS api_credentials_used varchar(255),
    ADD COLUMN IF NOT EXISTS updated_at timestamp,
    ADD COLUMN IF NOT EXISTS provider_participant_id varchar(100),
    ADD COLUMN IF NOT EXISTS registration_status varchar(50),
    ADD COLUMN IF NOT EXISTS division varchar(255),
    ADD COLUMN IF NOT EXISTS additional_data jsonb;

ALTER TABLE ct_results
    ADD COLUMN IF NOT EXISTS data_source varchar(50) NOT NULL DEFAULT 'tcp_hardware',
    ADD COLUMN IF NOT EXISTS provider_event_id varchar(100),
    ADD COLUMN IF NOT EXISTS api_fetched_date timestamp,
    ADD COLUMN IF NOT EXISTS api_credentials_used varchar(255),
    ADD COLUMN IF NOT EXISTS updated_at timestamp,
    ADD COLUMN IF NOT EXISTS provider_result_id varchar(100),
    ADD COLUMN IF NOT EXISTS participant_id varchar(100),
    ADD COLUMN IF NOT EXISTS chip_time interval,
    ADD COLUMN IF NOT EXISTS gun_time interval,
    ADD COLUMN IF NOT EXISTS overall_place integer,
    ADD COLUMN IF NOT EXISTS gender_place integer,
    ADD COLUMN IF NOT EXISTS division_place integer,
    ADD COLUMN IF NOT EXISTS division varchar(255),
    ADD COLUMN IF NOT EXISTS finish_time timestamp,
    ADD COLUMN IF NOT EXISTS split_times jsonb,
    ADD COLUMN IF NOT EXISTS result_status varchar(50),
    ADD COLUMN IF NOT EXISTS additional_data jsonb;

-- The guide's queries read the first three; the others account for a collection.
ALTER TABLE sync_history
    ADD COLUMN IF NOT EXISTS sync_type varchar(50),
    ADD COLUMN IF NOT EXISTS participants_synced integer,
    ADD COLUMN IF NOT EXISTS results_synced integer,
    ADD COLUMN IF NOT EXISTS error_category varchar(50),
    ADD COLUMN IF NOT EXISTS lateness_seconds numeric(12, 3);

-- 3. Tables of the integration's own -----------------------------------------------------------------

-- Rows of the API that could not be stored, whole and with the reason; `payload` is what the API sent.
CREATE TABLE IF NOT EXISTS ct_live_rejected_rows (
    rejected_row_id bigserial PRIMARY KEY,
    timing_partner_id integer NOT NULL REFERENCES timing_partners (timing_partner_id) ON DELETE CASCADE,
    provider_event_id varchar(100) NOT NULL,
    kind varchar(20) NOT NULL,
    api_id text NOT NULL,
    reason text NOT NULL,
    payload jsonb NOT NULL,
    first_seen timestamp NOT NULL,
    last_seen timestamp NOT NULL,
    times_seen integer NOT NULL DEFAULT 1,
    UNIQUE (timing_partner_id, provider_event_id, kind, api_id)
);

-- Version 2: whose API it was. Another provider's row may have the same ids.
ALTER TABLE ct_live_rejected_rows
    ADD COLUMN IF NOT EXISTS data_source varchar(50) NOT NULL DEFAULT 'chronotrack_live',
    DROP CONSTRAINT IF EXISTS ct_live_rejected_rows_timing_partner_id_provider_event_id_k_key;
CREATE UNIQUE INDEX IF NOT EXISTS ct_live_rejected_rows_once
    ON ct_live_rejected_rows (timing_partner_id, data_source, provider_event_id, kind, api_id);

CREATE TABLE IF NOT EXISTS ct_live_migrations (
    name varchar(100) NOT NULL,
    version integer NOT NULL,
    applied_at timestamp NOT NULL DEFAULT (now() AT TIME ZONE 'UTC'),
    PRIMARY KEY (name, version)
);

-- The host's views as they were before they were first replaced, to go back to them. Owner and grants of a
-- view stay when it is replaced.
CREATE TABLE IF NOT EXISTS ct_live_replaced_views (
    name varchar(100) PRIMARY KEY,
    definition text NOT NULL,
    replaced_at timestamp NOT NULL DEFAULT (now() AT TIME ZONE 'UTC')
);

-- 4. Indexes -----------------------------------------------------------------------------------------

-- Built concurrently, so that writers go on. One that was interrupted leaves an invalid index, which
-- IF NOT EXISTS would take for done: away with it first.
DO $$
DECLARE
    broken regclass;
BEGIN
    FOR broken IN
        SELECT indexrelid::regclass
        FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid
        WHERE NOT indisvalid
          AND indrelid = ANY (ARRAY['ct_events', 'ct_participants', 'ct_results', 'sync_history']::regclass[])
          AND relname IN ('ct_events_provider_event', 'ct_participants_provider_participant',
                          'ct_results_provider_result', 'ct_events_duplicate_check',
                          'ct_participants_live_event', 'ct_results_live_event', 'sync_history_live')
    LOOP
        EXECUTE format('DROP INDEX %s', broken);
    END LOOP;
END
$$;

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

-- Answers check_duplicate_chronotrack_event().
CREATE INDEX CONCURRENTLY IF NOT EXISTS ct_events_duplicate_check
    ON ct_events (timing_partner_id, lower(event_name), event_start_time)
    WHERE data_source = 'tcp_hardware';

-- A live event's rows: what a poll compares with. Partial, so that TCP writers pay nothing for them.
CREATE INDEX CONCURRENTLY IF NOT EXISTS ct_participants_live_event
    ON ct_participants (event_id) WHERE data_source = 'chronotrack_live';
CREATE INDEX CONCURRENTLY IF NOT EXISTS ct_results_live_event
    ON ct_results (event_id) WHERE data_source = 'chronotrack_live';

-- The last sync of an event or partner: what the scheduler computes its next due instants from.
CREATE INDEX CONCURRENTLY IF NOT EXISTS sync_history_live
    ON sync_history (provider_id, timing_partner_id, sync_type, event_id, sync_time DESC)
    WHERE sync_type IS NOT NULL;

-- 5. Functions ---------------------------------------------------------------------------------------

-- The TCP event that an API event is the same as, and why; no row when there is none.
CREATE OR REPLACE FUNCTION find_duplicate_chronotrack_event(
    p_event_name varchar,
    p_event_date timestamp,
    p_timing_partner_id integer,
    p_provider_event_id varchar
) RETURNS TABLE (event_id varchar, reason text)
LANGUAGE sql STABLE AS $$
    (SELECT e.event_id, 'same ChronoTrack id'
     FROM ct_events e
     WHERE e.event_id = p_provider_event_id
       AND e.timing_partner_id = p_timing_partner_id
       AND e.data_source = 'tcp_hardware')
    UNION ALL
    (SELECT e.event_id, 'same name, starts within 24 hours'
     FROM ct_events e
     WHERE e.timing_partner_id = p_timing_partner_id
       AND e.data_source = 'tcp_hardware'
       AND lower(e.event_name) = lower(p_event_name)
       AND e.event_start_time > p_event_date - interval '86400 seconds'
       AND e.event_start_time < p_event_date + interval '86400 seconds'
     ORDER BY abs(extract(epoch FROM e.event_start_time - p_event_date))
     LIMIT 1)
    LIMIT 1
$$;

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

-- 6. Views -------------------------------------------------------------------------------------------

CREATE OR REPLACE VIEW ct_live_events AS
SELECT
    event_id, timing_partner_id, provider_event_id, event_name, start_date, end_date, event_timezone,
    location, duplicate_of, api_fetched_date, api_credentials_used, created_at, updated_at
FROM ct_events
WHERE data_source = 'chronotrack_live';

CREATE OR REPLACE VIEW ct_live_participants AS
SELECT
    entry_id AS participant_id, event_id, timing_partner_id, provider_event_id, provider_participant_id,
    entry_bib AS bib, athlete_first_name AS first_name, athlete_last_name AS last_name, athlete_sex AS sex,
    entry_race_age AS age, division, registration_status, location, additional_data,
    api_fetched_date, created_at, updated_at
FROM ct_participants
WHERE data_source = 'chronotrack_live';

CREATE OR REPLACE VIEW ct_live_results AS
SELECT
    r.id AS result_id, r.event_id, e.event_name, r.timing_partner_id, r.provider_event_id,
    r.provider_result_id, r.participant_id, r.results_bib AS bib, r.results_first_name AS first_name,
    r.results_last_name AS last_name, r.results_sex AS sex, r.results_age AS age, r.division,
    r.result_status, r.chip_time, r.gun_time, r.overall_place, r.gender_place, r.division_place,
    r.finish_time, r.split_times, r.additional_data, r.api_fetched_date, r.created_at, r.updated_at
FROM ct_results r
JOIN ct_events e ON e.event_id = r.event_id
WHERE r.data_source = 'chronotrack_live';

-- Live events that stand aside because TCP delivers the same event by now, with results.
CREATE OR REPLACE VIEW ct_live_superseded_events AS
SELECT live.event_id, live.timing_partner_id, live.duplicate_of
FROM ct_events live
WHERE live.duplicate_of IS NOT NULL
  AND EXISTS (SELECT FROM ct_results tcp WHERE tcp.event_id = live.duplicate_of);

-- unified_results keeps every column's name, order and type (readers depend on them) and gains four at
-- its end. It is put together from the tables that this database has. A column that the view already
-- has is cast to its existing type, without which PostgreSQL refuses to replace it.
DO $$
DECLARE
    -- column, then its expression for ct_results, runsignup_results and copernico_results
    columns text[] := ARRAY[
        ['source_provider',
         'CASE r.data_source WHEN ''tcp_hardware'' THEN ''ChronoTrack'' '
         'WHEN ''chronotrack_live'' THEN ''ChronoTrack Live'' '
         'ELSE initcap(replace(r.data_source, ''_'', '' '')) END',
         '''RunSignUp''', '''Copernico'''],
        ['timing_partner_id', 'r.timing_partner_id', 'r.timing_partner_id', 'r.timing_partner_id'],
        ['event_id', 'r.event_id', 'r.event_id', 'r.event_id'],
        ['bib_number', 'r.results_bib', 'r.bib_number', 'r.bib_number'],
        ['first_name', 'r.results_first_name', 'r.first_name', 'r.first_name'],
        ['last_name', 'r.results_last_name', 'r.last_name', 'r.last_name'],
        ['gender', 'r.results_sex', 'NULL', 'NULL'],
        ['age', 'r.results_age', 'NULL', 'NULL'],
        ['results_time', 'r.results_time', 'r.chip_time', 'r.total_time'],
        ['results_gun_time', 'r.results_gun_time', 'r.clock_time', 'NULL'],
        ['overall_place', 'r.results_rank', 'r.overall_place', 'r.overall_position'],
        ['created_at', 'r.created_at', 'r.created_at', 'r.created_at'],
        ['fetched_date', 'r.created_at', 'r.created_at', 'r.created_at'],
        ['data_source', 'r.data_source', '''runsignup''', '''copernico'''],
        ['gender_place', 'r.gender_place', 'r.gender_place', 'r.gender_place'],
        ['division_place', 'r.division_place', 'r.division_place', 'r.division_place'],
        ['result_status', 'r.result_status', 'NULL', 'NULL']];
    sources text[] := ARRAY['ct_results', 'runsignup_results', 'copernico_results'];
    conditions text[] := ARRAY[
        ' WHERE r.data_source = ''tcp_hardware'' OR (r.result_status IS DISTINCT FROM ''removed'''
        ' AND r.event_id NOT IN (SELECT event_id FROM ct_live_superseded_events))', '', ''];
    view_oid oid := to_regclass('unified_results');
    parts text[] := '{}';
    listed text;
BEGIN
    IF EXISTS (SELECT FROM pg_attribute WHERE attrelid = to_regclass('copernico_results')
               AND attname = 'overall_place' AND NOT attisdropped) THEN
        columns := (SELECT array_agg(ARRAY[columns[i][1], columns[i][2], columns[i][3],
                                           replace(columns[i][4], 'overall_position', 'overall_place')] ORDER BY i)
                    FROM generate_subscripts(columns, 1) AS i);
    END IF;

    FOR s IN 1 .. array_length(sources, 1) LOOP
        CONTINUE WHEN to_regclass(sources[s]) IS NULL;
        SELECT string_agg(
                   format('(%s)::%s AS %I', columns[i][s + 1], coalesce(
                       format_type(a.atttypid, a.atttypmod),
                       CASE
                           -- An interval, or the text that shape C keeps, which need not be one.
                           WHEN columns[i][1] IN ('results_time', 'results_gun_time') THEN times.type
                           WHEN columns[i][1] IN ('created_at') THEN 'timestamp'
                           WHEN columns[i][1] IN ('data_source', 'result_status', 'source_provider') THEN 'varchar(50)'
                           WHEN columns[i][1] IN ('timing_partner_id', 'age', 'overall_place', 'gender_place',
                                                  'division_place') THEN 'integer'
                           ELSE 'varchar(255)'
                       END), columns[i][1]),
                   ', ' ORDER BY coalesce(a.attnum, 1000 + i))
        INTO listed
        FROM generate_subscripts(columns, 1) AS i
        CROSS JOIN (
            SELECT format_type(atttypid, atttypmod) AS type FROM pg_attribute
            WHERE attrelid = 'ct_results'::regclass AND attname = 'results_time'
        ) AS times
        LEFT JOIN pg_attribute a ON a.attrelid = view_oid AND a.attname = columns[i][1] AND a.attnum > 0
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
    EXECUTE 'CREATE OR REPLACE VIEW unified_results AS ' || array_to_string(parts, ' UNION ALL ');
END
$$;

-- 7. The provider, and the ledger --------------------------------------------------------------------

INSERT INTO providers (provider_id, name, provider_type, api_base_url, rate_limit_per_hour)
SELECT
    coalesce(nullif(current_setting('chronotrack_live.provider_id', true), ''), '1')::integer,
    'ChronoTrack Live', 'timing', 'https://api.chronotrack.com/api', 90000
WHERE NOT EXISTS (SELECT FROM providers WHERE name = 'ChronoTrack Live');

-- An id given by hand leaves the sequence behind.
SELECT setval(pg_get_serial_sequence('providers', 'provider_id'), max(provider_id))
FROM providers
HAVING max(provider_id) > coalesce(pg_sequence_last_value(pg_get_serial_sequence('providers', 'provider_id')), 0);

INSERT INTO ct_live_migrations (name, version)
VALUES ('chronotrack_live_schema_extension', 2)
ON CONFLICT DO NOTHING;

RESET lock_timeout;
