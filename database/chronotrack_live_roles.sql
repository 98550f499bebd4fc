-- ChronoTrack Live: a role for the integration with just what it needs, and one that only looks, for the monitor.
--
--     chronotrack_live          the scheduler, the backfill, `chronotrack-live credentials test`
--     chronotrack_live_monitor  the monitor: counts, history and what is suspicious; no secret, no athlete
--
-- Apply it after the extension, as the owner of the host's tables or as a superuser:
--     psql -v ON_ERROR_STOP=1 -d project88_myappdb -f database/chronotrack_live_roles.sql
-- One transaction: when anything fails, nothing has changed. Run it again after each new version of the extension:
-- it grants what is new. It takes nothing away, and leaves a role that is there as it is.
--
-- The roles have no password, so at first nobody can log in who has to give one. Either give them one, which
-- psql sends to the server as a digest only,
--     psql -d project88_myappdb -c '\password chronotrack_live'
-- or let an operating system's user in through the socket without one. The service's user is chronotrack-live, with a
-- hyphen, and the role is not: besides the line of pg_hba.conf it takes one of pg_ident.conf for each of the two,
--     local  project88_myappdb  chronotrack_live,chronotrack_live_monitor  peer map=chronotrack_live
--     chronotrack_live  chronotrack-live  chronotrack_live
--     chronotrack_live  nagios            chronotrack_live_monitor
-- where nagios stands for whoever runs the monitor.
\set ON_ERROR_STOP on

BEGIN;

-- 1. Refuse before anything is changed ---------------------------------------------------------------

DO $$
DECLARE
    absent text;
BEGIN
    -- Two who grant on one table at the same moment are an error to PostgreSQL.
    PERFORM pg_advisory_xact_lock(hashtextextended('chronotrack_live_roles', 88));

    IF to_regclass('ct_live_migrations') IS NULL THEN
        RAISE EXCEPTION 'This database lacks the extension; nothing was changed.'
            USING HINT = 'Apply it first: chronotrack-live migrate.';
    END IF;

    SELECT string_agg(name, ', ') INTO absent
    FROM unnest(ARRAY['chronotrack_live', 'chronotrack_live_monitor']) AS name
    WHERE to_regrole(name) IS NULL;
    IF absent IS NOT NULL AND NOT (SELECT rolsuper OR rolcreaterole FROM pg_roles WHERE rolname = current_user) THEN
        RAISE EXCEPTION 'The role % may not create roles, and there is no %; nothing was changed.',
            current_user, absent
            USING HINT = 'Run this script as a superuser, or let one create them first: CREATE ROLE ... LOGIN.';
    END IF;
END
$$;

-- 2. Roles -------------------------------------------------------------------------------------------

-- They belong to the whole server, where another database's session may create them at this very moment. The
-- comment tells the rollback which ones are ours to drop.
DO $$
DECLARE
    role_name text;
BEGIN
    FOREACH role_name IN ARRAY ARRAY['chronotrack_live', 'chronotrack_live_monitor'] LOOP
        CONTINUE WHEN to_regrole(role_name) IS NOT NULL;
        BEGIN
            EXECUTE format('CREATE ROLE %I LOGIN', role_name);
            EXECUTE format('COMMENT ON ROLE %I IS %L', role_name, 'Made by chronotrack_live_roles.sql');
        EXCEPTION WHEN duplicate_object OR unique_violation THEN
            NULL;
        END;
    END LOOP;
END
$$;

-- 3. Privileges --------------------------------------------------------------------------------------

-- What is not here (ct_races in shape C, what a later version brings) is left out. A list of columns stands where
-- a table has more than the role is to see.
--
-- Nothing here can tell rows apart: row-level security on the host's tables would bind the other integrations
-- too. So chronotrack_live can read the other integrations' rows of partner_provider_credentials, secrets
-- included, and can write the ct_ rows of TCP and of every partner. What keeps it from doing so are its
-- statements (queries.sql), all of which name partner, provider or data source, or the key of one live event.
DO $$
DECLARE
    wanted record;
    refused text[] := '{}';
BEGIN
    FOR wanted IN
        WITH listed (role_name, table_name, privileges, columns) AS (VALUES
            ('chronotrack_live', 'timing_partners', 'SELECT', 'timing_partner_id company_name'),
            ('chronotrack_live', 'providers', 'SELECT', 'provider_id name'),
            ('chronotrack_live', 'partner_provider_credentials', 'SELECT',
             'partner_provider_credential_id timing_partner_id provider_id principal secret additional_config '
             'created_at updated_at'),
            -- Never DELETE or TRUNCATE: what the API does not publish any more is marked as removed.
            ('chronotrack_live', 'ct_events', 'SELECT, INSERT, UPDATE', NULL),
            ('chronotrack_live', 'ct_races', 'SELECT, INSERT, UPDATE', NULL),
            ('chronotrack_live', 'ct_participants', 'SELECT, INSERT, UPDATE', NULL),
            ('chronotrack_live', 'ct_results', 'SELECT, INSERT, UPDATE', NULL),
            -- An account is added to, not rewritten.
            ('chronotrack_live', 'sync_history', 'SELECT, INSERT', NULL),
            -- A rejected row goes when it comes in well.
            ('chronotrack_live', 'ct_live_rejected_rows', 'SELECT, INSERT, UPDATE, DELETE', NULL),
            ('chronotrack_live', 'ct_live_not_duplicates', 'SELECT', NULL),
            ('chronotrack_live', 'ct_live_paused_events', 'SELECT', NULL),
            ('chronotrack_live', 'ct_live_migrations', 'SELECT', NULL),
            ('chronotrack_live', 'ct_live_superseded_events', 'SELECT', NULL),
            -- For the monitor, where it is run with the scheduler's settings.
            ('chronotrack_live', 'ct_live_duplicate_audit', 'SELECT', NULL),

            ('chronotrack_live_monitor', 'timing_partners', 'SELECT', 'timing_partner_id company_name'),
            ('chronotrack_live_monitor', 'providers', 'SELECT', NULL),
            -- Whether a partner has credentials and how old they are, neither who it is nor the secret;
            -- additional_config may hold a client_secret.
            ('chronotrack_live_monitor', 'partner_provider_credentials', 'SELECT',
             'partner_provider_credential_id timing_partner_id provider_id created_at updated_at'),
            -- data_snapshot, error_details and callback_url are also the other integrations', whose content
            -- nobody here knows.
            ('chronotrack_live_monitor', 'sync_history', 'SELECT',
             'sync_history_id timing_partner_id provider_id event_id operation_type sync_type sync_direction '
             'sync_time status num_of_synced_records entries_success entries_failed participants_synced '
             'results_synced duration_seconds lateness_seconds error_category reason'),
            ('chronotrack_live_monitor', 'ct_events', 'SELECT', NULL),
            ('chronotrack_live_monitor', 'ct_races', 'SELECT', NULL),
            -- Enough to count athletes and to see how fresh they are; not who they are.
            ('chronotrack_live_monitor', 'ct_participants', 'SELECT',
             'entry_id event_id race_id timing_partner_id data_source provider_event_id provider_participant_id '
             'registration_status api_fetched_date created_at updated_at'),
            ('chronotrack_live_monitor', 'ct_results', 'SELECT',
             'id event_id race_id timing_partner_id data_source provider_event_id provider_result_id '
             'result_status api_fetched_date created_at updated_at'),
            ('chronotrack_live_monitor', 'ct_live_participants', 'SELECT',
             'participant_id event_id timing_partner_id provider_event_id provider_participant_id '
             'registration_status api_fetched_date created_at updated_at'),
            ('chronotrack_live_monitor', 'ct_live_results', 'SELECT',
             'result_id event_id event_name timing_partner_id provider_event_id provider_result_id '
             'result_status api_fetched_date created_at updated_at'),
            ('chronotrack_live_monitor', 'unified_results', 'SELECT',
             'source_provider timing_partner_id event_id created_at fetched_date data_source result_status'),
            -- Without payload, which is an athlete's row as the API sent it.
            ('chronotrack_live_monitor', 'ct_live_rejected_rows', 'SELECT',
             'timing_partner_id data_source provider_event_id kind api_id reason first_seen last_seen times_seen'),
            ('chronotrack_live_monitor', 'ct_live_events', 'SELECT', NULL),
            ('chronotrack_live_monitor', 'ct_live_superseded_events', 'SELECT', NULL),
            ('chronotrack_live_monitor', 'ct_live_duplicate_audit', 'SELECT', NULL),
            ('chronotrack_live_monitor', 'ct_live_not_duplicates', 'SELECT', NULL),
            ('chronotrack_live_monitor', 'ct_live_paused_events', 'SELECT', NULL),
            ('chronotrack_live_monitor', 'ct_live_migrations', 'SELECT', NULL)
        ),
        tables AS (
            SELECT listed.*, pg_class.oid, relowner, relnamespace, present.columns AS present
            FROM listed
            JOIN pg_class ON pg_class.oid = to_regclass(table_name)
            LEFT JOIN LATERAL (
                SELECT '(' || string_agg(quote_ident(attname), ', ') || ')' AS columns
                FROM pg_attribute
                WHERE attrelid = pg_class.oid AND attnum > 0 AND NOT attisdropped
                  AND attname = ANY (string_to_array(listed.columns, ' '))
            ) AS present ON true
        )
        -- `held`: by everybody, as a rule, so that it need not be granted where its owner is somebody else.
        SELECT role_name, format('%s %s ON %s', privileges, present, oid::regclass) AS privilege,
               relowner AS owner, false AS held
        FROM tables
        WHERE columns IS NULL OR present IS NOT NULL
        UNION ALL
        -- What the keys of new rows are drawn from.
        SELECT role_name, format('USAGE ON SEQUENCE %s', serial.oid::regclass), serial.relowner, false
        FROM tables
        JOIN pg_attrdef ON pg_attrdef.adrelid = tables.oid
        JOIN pg_depend ON pg_depend.classid = 'pg_attrdef'::regclass AND pg_depend.objid = pg_attrdef.oid
            AND pg_depend.refclassid = 'pg_class'::regclass
        JOIN pg_class AS serial ON serial.oid = pg_depend.refobjid AND serial.relkind = 'S'
        WHERE privileges LIKE '%INSERT%'
        UNION ALL
        SELECT role_name, format('EXECUTE ON FUNCTION %s', oid::regprocedure), proowner,
               has_function_privilege(role_name, oid, 'EXECUTE')
        FROM pg_proc
        CROSS JOIN unnest(ARRAY['chronotrack_live', 'chronotrack_live_monitor']) AS role_name
        WHERE pg_function_is_visible(oid)
          AND (proname IN ('check_duplicate_chronotrack_event', 'find_duplicate_chronotrack_event',
                           'ct_live_comparable_name')
               -- It rewrites the account, if only what nobody misses.
               OR (proname = 'ct_live_fold_history' AND role_name = 'chronotrack_live'))
        UNION ALL
        SELECT DISTINCT role_name, format('USAGE ON SCHEMA %I', nspname), nspowner,
               has_schema_privilege(role_name, pg_namespace.oid, 'USAGE')
        FROM tables
        JOIN pg_namespace ON pg_namespace.oid = relnamespace
        UNION ALL
        -- A reading is staged in a temporary table.
        SELECT role_name, format('%s ON DATABASE %I', needed, datname), datdba,
               has_database_privilege(role_name, pg_database.oid, needed)
        FROM (VALUES
            ('chronotrack_live', 'CONNECT'), ('chronotrack_live', 'TEMPORARY'),
            ('chronotrack_live_monitor', 'CONNECT')
        ) AS uses (role_name, needed)
        JOIN pg_database ON datname = current_database()
    LOOP
        IF pg_has_role(wanted.owner, 'USAGE') THEN
            EXECUTE format('GRANT %s TO %I', wanted.privilege, wanted.role_name);
        ELSIF NOT wanted.held THEN
            refused := array_append(refused, format(
                '%s (%I''s)', regexp_replace(wanted.privilege, '^.* ON ', ''), pg_get_userbyid(wanted.owner)));
        END IF;
    END LOOP;
    IF refused <> '{}' THEN
        RAISE EXCEPTION 'The role % may not grant what is needed on %; nothing was changed.', current_user,
            (SELECT string_agg(DISTINCT target, ', ') FROM unnest(refused) AS target)
            USING HINT = 'Run this script as the owner of these, or as a superuser.';
    END IF;
END
$$;

COMMIT;
