-- ChronoTrack Live: takes all that the integration brought out of the Project88Hub database again.
--
-- Stop the scheduler first, and save what is still wanted of the live rows: they go. Then
--     psql -v ON_ERROR_STOP=1 -d project88_myappdb -f database/chronotrack_live_rollback.sql
--
-- One transaction: when anything fails, nothing has changed. The host's tables and views are locked only at its
-- end, all at once, for as long as it takes to change the catalog. Run again, it finds nothing to do.
--
-- Plain views that are built on unified_results are made anew with it. What is kept of neither, and is warned of:
-- their INSTEAD OF triggers and the defaults of their columns. Indexes that others built on the columns that go, go.
\set ON_ERROR_STOP on

BEGIN;

-- Readers and writers queue behind a change that waits for a busy table. So a change waits half a second,
-- gives way to them, and tries again.
SET LOCAL lock_timeout = '500ms';
SET LOCAL statement_timeout = 0;
-- What is not there (any more) is no news.
SET LOCAL client_min_messages = warning;

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
    RAISE EXCEPTION 'A table was held by others for minutes on end; nothing was changed.'
        USING HINT = 'Run this script again when the database is less busy.';
END
$$;

-- The two tables that say what to take back, where an earlier rollback took them away.
CREATE TABLE IF NOT EXISTS ct_live_added_columns (table_name varchar(100), column_name varchar(100));
CREATE TABLE IF NOT EXISTS ct_live_replaced_views (name varchar(100), definition text);

-- unified_results, the views that are built on it, the views on those, and how far from it each one is.
CREATE TEMPORARY TABLE remade_views ON COMMIT DROP AS
WITH RECURSIVE built_on (oid, distance) AS (
    SELECT to_regclass('unified_results')::oid, 0
    UNION
    SELECT reader.ev_class, built_on.distance + 1
    FROM built_on
    JOIN pg_depend AS needs ON needs.refclassid = 'pg_class'::regclass AND needs.refobjid = built_on.oid
    JOIN pg_rewrite AS reader ON needs.classid = 'pg_rewrite'::regclass AND reader.oid = needs.objid
    WHERE reader.ev_class <> built_on.oid
)
SELECT
    pg_class.oid,
    pg_class.oid::regclass::text AS name,
    max(distance) AS distance,
    -- Without the column that the extension adds to it, unified_results is the host's own still: it got half way.
    CASE WHEN max(distance) > 0
              OR NOT EXISTS (SELECT FROM pg_attribute WHERE attrelid = pg_class.oid AND attname = 'result_status')
         THEN pg_get_viewdef(pg_class.oid)
         ELSE (SELECT definition FROM ct_live_replaced_views AS replaced WHERE replaced.name = 'unified_results')
    END AS definition,
    pg_get_userbyid(relowner) AS owner,
    reloptions AS options,
    obj_description(pg_class.oid, 'pg_class') AS remark
FROM built_on
JOIN pg_class ON pg_class.oid = built_on.oid
GROUP BY pg_class.oid, relowner, reloptions;

-- 1. Refuse before anything is changed ---------------------------------------------------------------

DO $$
DECLARE
    running text;
    built_on text;
BEGIN
    -- Version 3 began to note what it adds. Not knowing that, this script would take half of it away.
    IF to_regclass('ct_live_migrations') IS NOT NULL AND NOT EXISTS (SELECT FROM ct_live_added_columns) THEN
        RAISE EXCEPTION 'This version of the extension noted nowhere what it has added; nothing was changed.'
            USING HINT = 'Migrate first (chronotrack-live migrate, or psql -f database/'
                         'chronotrack_live_schema_extension.sql), which notes it; then run this script again.';
    END IF;

    -- One that was stopped this very moment is given two seconds to be gone.
    FOR attempt IN 1 .. 10 LOOP
        PERFORM pg_stat_clear_snapshot();
        SELECT string_agg(format('process %s of %s', pid, usename), ', ') INTO running
        FROM pg_stat_activity
        WHERE datname = current_database() AND application_name = 'chronotrack-live' AND pid <> pg_backend_pid();
        EXIT WHEN running IS NULL;
        PERFORM pg_sleep(0.2);
    END LOOP;
    IF running IS NOT NULL THEN
        RAISE EXCEPTION 'The integration is at work (%); nothing was changed.', running
            USING HINT = 'Stop it first: sudo systemctl stop chronotrack-live-scheduler.service.';
    END IF;

    -- What somebody built on what goes would have to go with it: not for this script to decide.
    SELECT string_agg(DISTINCT reader.oid::regclass::text, ', ') INTO built_on
    FROM pg_depend AS needs
    JOIN pg_rewrite ON pg_rewrite.oid = needs.objid AND needs.classid = 'pg_rewrite'::regclass
    JOIN pg_class AS reader ON reader.oid = pg_rewrite.ev_class
    LEFT JOIN pg_attribute AS used ON used.attrelid = needs.refobjid AND used.attnum = needs.refobjsubid
    WHERE needs.refclassid = 'pg_class'::regclass
      AND reader.oid <> needs.refobjid
      AND reader.relname <> ALL (ARRAY['unified_results', 'ct_live_events', 'ct_live_participants',
                                       'ct_live_results', 'ct_live_superseded_events',
                                       'ct_live_duplicate_audit'])
      AND (needs.refobjid = ANY (ARRAY[to_regclass('ct_live_events'), to_regclass('ct_live_participants'),
                                       to_regclass('ct_live_results'), to_regclass('ct_live_superseded_events'),
                                       to_regclass('ct_live_duplicate_audit')])
           OR (needs.refobjid::regclass::text, used.attname::text)
              IN (SELECT table_name, column_name FROM ct_live_added_columns)
           -- A materialized view holds rows, and where there was no unified_results nothing can be built on it.
           OR (needs.refobjid IN (SELECT oid FROM remade_views) AND (
               reader.relkind <> 'v'
               OR (SELECT definition FROM remade_views WHERE distance = 0) IS NULL
               OR (needs.refobjid = to_regclass('unified_results')
                   AND used.attname IN ('data_source', 'gender_place', 'division_place', 'result_status')))));
    IF built_on IS NOT NULL THEN
        RAISE EXCEPTION 'Built on what this script takes away: %; nothing was changed.', built_on
            USING HINT = 'Drop these views, or rebuild them without it, and run this script again.';
    END IF;
END
$$;

-- 2. Rows ----------------------------------------------------------------------------------------------

-- Live rows have the id that their API gave them; whatever else is not TCP's is somebody else's, and stays.
CREATE OR REPLACE PROCEDURE pg_temp.take_live_rows() LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM ct_live_added_columns WHERE table_name = 'ct_events') THEN
        RETURN;
    END IF;
    DELETE FROM ct_results
    WHERE data_source <> 'tcp_hardware' AND (data_source = 'chronotrack_live' OR provider_result_id IS NOT NULL);
    DELETE FROM ct_participants
    WHERE data_source <> 'tcp_hardware' AND (data_source = 'chronotrack_live' OR provider_participant_id IS NOT NULL);
    IF to_regclass('ct_races') IS NOT NULL THEN
        DELETE FROM ct_races USING ct_events AS live
        WHERE live.event_id = ct_races.event_id AND live.data_source <> 'tcp_hardware'
          AND (live.data_source = 'chronotrack_live' OR live.provider_event_id IS NOT NULL);
    END IF;
    DELETE FROM ct_events
    WHERE data_source <> 'tcp_hardware' AND (data_source = 'chronotrack_live' OR provider_event_id IS NOT NULL);
END
$$;
CALL pg_temp.take_live_rows();

DELETE FROM sync_history USING providers
WHERE providers.provider_id = sync_history.provider_id AND providers.name = 'ChronoTrack Live';
DELETE FROM partner_provider_credentials USING providers
WHERE providers.provider_id = partner_provider_credentials.provider_id AND providers.name = 'ChronoTrack Live';
DELETE FROM providers WHERE name = 'ChronoTrack Live';

-- 3. Views and functions -----------------------------------------------------------------------------

-- A view cannot lose columns: it is made anew as it was, and gets back its owner, its grants, its comments and
-- what it was made with. Without an earlier definition there was none, and there is none again.
CREATE TEMPORARY TABLE grants_on_views ON COMMIT DROP AS
SELECT name, privilege_type, grantee, is_grantable, NULL::name AS column_name
FROM remade_views
JOIN pg_class ON pg_class.oid = remade_views.oid, aclexplode(relacl)
WHERE grantee <> relowner
UNION ALL
SELECT name, privilege_type, grantee, is_grantable, attname
FROM remade_views
JOIN pg_attribute ON attrelid = remade_views.oid, aclexplode(attacl);

CREATE TEMPORARY TABLE remarks_on_columns ON COMMIT DROP AS
SELECT name, attname AS column_name, description AS remark
FROM remade_views
JOIN pg_attribute ON attrelid = remade_views.oid
JOIN pg_description ON classoid = 'pg_class'::regclass AND objoid = attrelid AND objsubid = attnum;

DO $$
DECLARE
    lost text;
BEGIN
    SELECT string_agg(what, ', ' ORDER BY what) INTO lost
    FROM (
        SELECT format('the trigger %s of %s', tgname, name) AS what
        FROM remade_views
        JOIN pg_trigger ON tgrelid = remade_views.oid
        UNION ALL
        SELECT format('the default of %s.%s', name, attname)
        FROM remade_views
        JOIN pg_attrdef ON adrelid = remade_views.oid
        JOIN pg_attribute ON attrelid = adrelid AND attnum = adnum
    ) AS not_kept;
    IF lost IS NOT NULL THEN
        RAISE WARNING 'Not made anew with its view: %.', lost;
    END IF;
END
$$;

-- All locks at once or none: nothing is held while something else is waited for. The tables come first, in the
-- order of a writer, who holds the table of his row when its foreign key asks for the event; then the views, whose
-- readers hold the tables already.
DO $$
DECLARE
    remade_names text := (SELECT string_agg(name, ', ') FROM remade_views);
    remade record;
    allowed record;
    described record;
BEGIN
    IF NOT EXISTS (SELECT FROM ct_live_added_columns) THEN
        RETURN;
    END IF;
    CALL pg_temp.patiently(
        'LOCK TABLE ct_results, ct_participants, ct_events, sync_history, timing_partners IN ACCESS EXCLUSIVE MODE;'
        || coalesce('DROP VIEW ' || remade_names || ';', '')
        || 'DROP VIEW IF EXISTS ct_live_duplicate_audit, ct_live_superseded_events, ct_live_results, '
           'ct_live_participants, ct_live_events');
    -- What came while the locks were waited for.
    CALL pg_temp.take_live_rows();
    FOR remade IN SELECT * FROM remade_views WHERE definition IS NOT NULL ORDER BY distance, name LOOP
        EXECUTE format('CREATE VIEW %s %s AS %s', remade.name,
            coalesce('WITH (' || array_to_string(remade.options, ', ') || ')', ''), remade.definition);
        EXECUTE format('ALTER VIEW %s OWNER TO %I', remade.name, remade.owner);
        FOR allowed IN
            SELECT * FROM grants_on_views
            WHERE name = remade.name AND (column_name IS NULL OR column_name IN (
                SELECT attname FROM pg_attribute WHERE attrelid = remade.name::regclass))
        LOOP
            EXECUTE format(
                'GRANT %s %s ON %s TO %s %s',
                allowed.privilege_type,
                coalesce('(' || quote_ident(allowed.column_name) || ')', ''),
                remade.name,
                CASE allowed.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(allowed.grantee)) END,
                CASE WHEN allowed.is_grantable THEN 'WITH GRANT OPTION' ELSE '' END);
        END LOOP;
        IF remade.remark IS NOT NULL THEN
            EXECUTE format('COMMENT ON VIEW %s IS %L', remade.name, remade.remark);
        END IF;
        FOR described IN
            SELECT * FROM remarks_on_columns
            WHERE name = remade.name AND column_name IN (
                SELECT attname FROM pg_attribute WHERE attrelid = remade.name::regclass)
        LOOP
            EXECUTE format('COMMENT ON COLUMN %s.%I IS %L', remade.name, described.column_name, described.remark);
        END LOOP;
    END LOOP;
END
$$;

DROP FUNCTION IF EXISTS
    find_duplicate_chronotrack_event(varchar, timestamp, integer, varchar),
    find_duplicate_chronotrack_event(varchar, timestamp, integer, varchar, varchar, boolean),
    check_duplicate_chronotrack_event(varchar, timestamp, integer),
    ct_live_comparable_name(text),
    ct_live_fold_history(timestamp);

-- 4. Columns with their indexes, and the indexes of the host's columns -------------------------------

DO $$
DECLARE
    host record;
BEGIN
    FOR host IN
        SELECT table_name, string_agg(format('DROP COLUMN IF EXISTS %I', column_name), ', ') AS losses
        FROM ct_live_added_columns
        GROUP BY table_name
    LOOP
        EXECUTE format('ALTER TABLE %I %s', host.table_name, host.losses);
    END LOOP;
END
$$;

DROP INDEX IF EXISTS ct_participants_of_event, ct_results_of_event, sync_history_of_provider;

-- 5. Tables of the integration's own -----------------------------------------------------------------

DROP TABLE IF EXISTS
    ct_live_rejected_rows, ct_live_not_duplicates, ct_live_paused_events, ct_live_migrations, ct_live_replaced_views,
    ct_live_added_columns;

-- 6. Roles -------------------------------------------------------------------------------------------

-- What chronotrack_live_roles.sql granted on the host's tables is taken back, and a role that it made goes, unless
-- something else on this server needs it. Not by DROP OWNED: that would take what the role may do in other
-- databases, and what it owns. Whoever may not do this is told so, and everything else is done all the same.
DO $$
DECLARE
    ours record;
    granted text;
BEGIN
    FOR ours IN
        SELECT oid, rolname, shobj_description(oid, 'pg_authid') AS remark
        FROM pg_roles
        WHERE rolname IN ('chronotrack_live', 'chronotrack_live_monitor')
    LOOP
        BEGIN
            FOR granted IN
                SELECT DISTINCT CASE
                    WHEN relkind = 'S' THEN format('SEQUENCE %s', objid::regclass)
                    WHEN relname IS NOT NULL THEN format('TABLE %s', objid::regclass)
                    WHEN nspname IS NOT NULL THEN format('SCHEMA %I', nspname)
                    ELSE format('DATABASE %I', datname)
                END
                FROM pg_shdepend
                LEFT JOIN pg_class ON classid = 'pg_class'::regclass AND pg_class.oid = objid
                LEFT JOIN pg_namespace ON classid = 'pg_namespace'::regclass AND pg_namespace.oid = objid
                LEFT JOIN pg_database ON classid = 'pg_database'::regclass AND pg_database.oid = objid
                WHERE refclassid = 'pg_authid'::regclass AND refobjid = ours.oid AND deptype = 'a'
                  AND (datname = current_database()
                       OR (dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
                           AND (nspname IS NOT NULL OR relkind = 'S' OR relname IN (
                               'timing_partners', 'providers', 'partner_provider_credentials', 'sync_history',
                               'ct_events', 'ct_races', 'ct_participants', 'ct_results', 'unified_results'))))
            LOOP
                EXECUTE format('REVOKE ALL ON %s FROM %I', granted, ours.rolname);
            END LOOP;
            IF ours.remark = 'Made by chronotrack_live_roles.sql' THEN
                BEGIN
                    EXECUTE format('DROP ROLE %I', ours.rolname);
                EXCEPTION WHEN dependent_objects_still_exist THEN
                    NULL;
                END;
            END IF;
        EXCEPTION WHEN OTHERS THEN
            RAISE WARNING 'The role % stays as it is: %', ours.rolname, SQLERRM;
        END;
    END LOOP;
END
$$;

COMMIT;
\echo ChronoTrack Live is taken out of this database.
