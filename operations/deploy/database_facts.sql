-- What the deployment has to know of the hub's database, one line name=value each; for psql.
\set ON_ERROR_STOP on

\echo host=:HOST
\echo port=:PORT
\echo database=:DBNAME
SELECT 'role=' || current_user;
SELECT 'server=' || current_setting('server_version_num')::integer / 10000;

-- The host's tables that are not there.
SELECT 'lacking=' || coalesce(string_agg(name, ', '), '')
FROM unnest(ARRAY['timing_partners', 'providers', 'partner_provider_credentials', 'sync_history',
                  'ct_events', 'ct_participants', 'ct_results']) AS name
WHERE to_regclass(name) IS NULL;

-- What only its owner may change.
SELECT 'not_owned=' || coalesce(string_agg(oid::regclass::text, ', ' ORDER BY relname), '')
FROM pg_class
WHERE oid IN (to_regclass('ct_events'), to_regclass('ct_participants'), to_regclass('ct_results'),
              to_regclass('sync_history'), to_regclass('unified_results'))
  AND NOT pg_has_role(relowner, 'USAGE');

SELECT 'makes_roles=' || (rolsuper OR rolcreaterole) FROM pg_roles WHERE rolname = current_user;
SELECT 'roles=' || count(*) FROM pg_roles WHERE rolname IN ('chronotrack_live', 'chronotrack_live_monitor');

SELECT to_regclass('ct_live_migrations') IS NOT NULL OR to_regclass('ct_live_added_columns') IS NOT NULL AS is_ours,
       to_regclass('ct_live_migrations') IS NOT NULL AS has_ledger,
       -- Absent, or not for this role to read: then nothing is known.
       coalesce(has_table_privilege(to_regclass('ct_live_migrations'), 'SELECT'), false) AS reads_ledger,
       coalesce(has_any_column_privilege(to_regclass('providers'), 'SELECT'), false)
           AND coalesce(has_any_column_privilege(to_regclass('partner_provider_credentials'), 'SELECT'), false)
           AS reads_credentials
\gset
\echo ours=:is_ours
\if :reads_ledger
    SELECT 'version=' || max(version)
    FROM ct_live_migrations
    WHERE name = 'chronotrack_live_schema_extension';
\elif :has_ledger
    \echo version=unreadable
\else
    \echo version=none
\endif
\if :reads_credentials
    -- Whether a rollback would take away only what this run has brought.
    SELECT 'untouched=' || CASE WHEN :'is_ours' OR EXISTS (SELECT FROM providers WHERE name = 'ChronoTrack Live')
                           THEN 'f' ELSE 't' END;
    SELECT 'with_credentials=' || count(*)
    FROM partner_provider_credentials AS credentials
    JOIN providers ON providers.provider_id = credentials.provider_id AND providers.name = 'ChronoTrack Live';
\endif
