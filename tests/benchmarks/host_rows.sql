-- The hub as it is before the integration comes: rows of 13 timing partners from five years of racing.
-- Runs after drawn_people.sql, in the same session.

SET maintenance_work_mem = '512MB';
SET jit = off;

-- 1. Tables of other integrations --------------------------------------------------------------------

-- What two other integrations deliver, as unified_results reads it (project88_database.md).
CREATE TABLE runsignup_results (
    event_id varchar(100), bib_number varchar(20), first_name varchar(100), last_name varchar(100),
    chip_time interval, clock_time interval, overall_place integer, gender_place integer, division_place integer,
    created_at timestamp DEFAULT now(), timing_partner_id integer
);
CREATE TABLE copernico_results (
    event_id varchar(100), participant_id varchar(100), bib_number varchar(20), first_name varchar(100),
    last_name varchar(100), total_time interval, overall_position integer, gender_place integer,
    division_place integer, timing_partner_id integer, created_at timestamp DEFAULT now()
);

-- The view of production, over all three; the first one's times are an interval or a text.
DROP VIEW IF EXISTS unified_results;
DO $$
BEGIN
    EXECUTE format('
        CREATE VIEW unified_results AS
        SELECT
            ''ChronoTrack''::varchar(50) AS source_provider, timing_partner_id, event_id, results_bib AS bib_number,
            results_first_name AS first_name, results_last_name AS last_name, results_sex AS gender, results_age AS age,
            results_time, results_gun_time, results_rank AS overall_place, created_at
        FROM ct_results
        UNION ALL
        SELECT
            ''RunSignUp''::varchar(50), timing_partner_id, event_id, bib_number, first_name, last_name, NULL, NULL,
            chip_time::%1$s, clock_time::%1$s, overall_place, created_at
        FROM runsignup_results
        UNION ALL
        SELECT
            ''Copernico''::varchar(50), timing_partner_id, event_id, bib_number, first_name, last_name, NULL, NULL,
            total_time::%1$s, NULL, overall_position, created_at
        FROM copernico_results',
        (SELECT format_type(atttypid, NULL) FROM pg_attribute
         WHERE attrelid = 'ct_results'::regclass AND attname = 'results_time'));
END
$$;

-- 2. Partners ----------------------------------------------------------------------------------------

-- The timing partners, and the providers in the order of production: id 1 is RunSignUp's.
INSERT INTO timing_partners (company_name)
SELECT 'Timing Partner ' || g FROM size, generate_series(1, size.partners) AS g;
INSERT INTO providers (name)
VALUES ('RunSignUp'), ('ChronoTrack'), ('Race Roster'), ('Haku'), ('Copernico');

-- 3. Rows to be drawn --------------------------------------------------------------------------------

-- Events of five years until three weeks from now; each of its athletes has 3 results, for all, the sex and the
-- age group, and every sixth a fourth for a bracket of the race's own.
CREATE TEMPORARY VIEW drawn_tcp_events AS
SELECT
    g AS number,
    pg_temp.athletes((mod(g * 7919::bigint, size.events) + 0.5) / size.events, 80, 0.69, 40000) AS athletes,
    (10000 + g)::text AS event_id,
    'tag' || g AS event_tag,
    pg_temp.event_name(g * 5) AS event_name,
    repeat('Come and run with us. ', 1 + mod(g, 12)) AS event_description,
    current_date + interval '21 days 7 hours 30 minutes'
        - (size.events - g) * (interval '1826 days' / size.events) AS event_start_time,
    current_date + interval '21 days 14 hours'
        - (size.events - g) * (interval '1826 days' / size.events) AS event_end_time,
    'https://events.example.org/' || g AS event_site_uri,
    true AS event_is_published,
    mod(g, 900)::text AS organization_id,
    'Running Club ' || mod(g, 900) AS organization_name,
    'race' AS event_type,
    pg_temp.place(g) AS location,
    -- The first partners have more than the last ones.
    1 + floor(size.partners * power(mod(g * 31, 997) / 997.0, 1.7))::integer AS timing_partner_id
FROM size, generate_series(1, size.events) AS g;
CREATE TEMPORARY VIEW drawn_tcp_races AS
SELECT
    (number * 10 + race)::text AS race_id, event_id, 'Race ' || race AS race_name, 'running' AS race_type,
    race * 5000 AS race_course_distance, event_start_time AS race_planned_start_time, timing_partner_id
FROM drawn_tcp_events, generate_series(1, 1 + mod(number, 3)) AS race;
CREATE TEMPORARY VIEW drawn_tcp_participants AS
SELECT
    (number * 100000::bigint + n)::text AS entry_id,
    event_id,
    (number * 10 + 1 + mod(n, 1 + mod(number, 3)))::text AS race_id,
    pg_temp.first_name(number + n) || ' ' || pg_temp.last_name(number + n) AS entry_name,
    'IND' AS entry_type,
    'CONF' AS entry_status,
    (100 + n)::text AS entry_bib,
    pg_temp.age(number + n) AS entry_race_age,
    (number * 100000::bigint + n + 7)::text AS athlete_id,
    pg_temp.first_name(number + n) AS athlete_first_name,
    pg_temp.last_name(number + n) AS athlete_last_name,
    pg_temp.sex(number + n) AS athlete_sex,
    date '2010-01-01' - pg_temp.age(number + n) * 365 AS athlete_birthdate,
    'athlete' || number * 100000::bigint + n || '@mail.example.org' AS athlete_email,
    '+1 555 ' || lpad(n::text, 7, '0') AS athlete_mobile_phone,
    pg_temp.place(number + n) AS location,
    timing_partner_id,
    event_start_time - interval '20 days' AS created_at
FROM drawn_tcp_events, generate_series(1, athletes) AS n;
CREATE TEMPORARY VIEW drawn_tcp_results AS
SELECT
    event_id,
    (number * 10 + 1 + mod(n, 1 + mod(number, 3)))::text AS race_id,
    (number * 100000::bigint + n)::text AS entry_id,
    (100 + n)::text AS results_bib,
    pg_temp.first_name(number + n) AS results_first_name,
    pg_temp.last_name(number + n) AS results_last_name,
    pg_temp.sex(number + n) AS results_sex,
    pg_temp.age(number + n) AS results_age,
    'Springfield, OR' AS results_hometown,
    'OR' AS results_state_code,
    'US' AS results_country_code,
    make_interval(secs => 1100 + n * 0.731 + mod(n, 7) * 0.113) AS results_time,
    make_interval(secs => 1104 + n * 0.731 + mod(n, 7) * 0.119) AS results_gun_time,
    make_interval(secs => 220 + mod(n, 400) * 0.5) AS results_pace,
    1 + n / (CASE bracket WHEN 1 THEN 1 WHEN 2 THEN 2 ELSE 12 END) AS results_rank,
    (ARRAY['Overall', 'Sex', 'Age 30-34', 'Masters'])[bracket] AS results_bracket_name,
    'Age 30-34' AS results_primary_bracket_name,
    timing_partner_id,
    event_start_time + make_interval(secs => 1100 + n * 0.731) AS created_at
FROM drawn_tcp_events, generate_series(1, athletes) AS n,
    generate_series(1, 3 + (mod(n, 6) = 0)::integer) AS bracket;

-- What other integrations have delivered, and the history of their syncs.
CREATE TEMPORARY VIEW drawn_other_results AS
SELECT
    'r' || n / 200 AS event_id, 'p' || n AS participant_id, (1 + mod(n, 200))::text AS bib_number,
    pg_temp.first_name(n) AS first_name, pg_temp.last_name(n) AS last_name,
    make_interval(secs => 1200 + mod(n, 200) * 7.5) AS chip_time,
    make_interval(secs => 1203 + mod(n, 200) * 7.5) AS clock_time,
    make_interval(secs => 1200 + mod(n, 200) * 7.5) AS total_time,
    (1 + mod(n, 200))::integer AS overall_place, (1 + mod(n, 200))::integer AS overall_position,
    (1 + mod(n, 100))::integer AS gender_place, (1 + mod(n, 12))::integer AS division_place,
    (1 + mod(n, size.partners))::integer AS timing_partner_id
FROM size, generate_series(1::bigint, size.others) AS n;
CREATE TEMPORARY VIEW drawn_other_history AS
SELECT
    1 + mod(n, size.partners) AS timing_partner_id, (ARRAY[1, 3, 4])[1 + mod(n, 3)] AS provider_id,
    'r' || mod(n, 1500) AS event_id, 'sync' AS operation_type, 'pull' AS sync_direction,
    localtimestamp - (size.others - n) * (interval '400 days' / size.others) AS sync_time,
    CASE WHEN mod(n, 50) = 0 THEN 'failed' ELSE 'success' END AS status, mod(n, 90) AS num_of_synced_records,
    mod(n, 20) AS duration_seconds
FROM size, generate_series(1, size.others) AS n;

-- 4. Rows --------------------------------------------------------------------------------------------

-- Take indexes and constraints off the two large tables, to be made anew when their rows are there: that is
-- many times as fast as keeping them up row by row.
CREATE TEMPORARY TABLE parked AS
SELECT
    contype = 'f' AS last,
    format('ALTER TABLE %s ADD CONSTRAINT %I %s', conrelid::regclass, conname, pg_get_constraintdef(oid)) AS remake,
    format('ALTER TABLE %s DROP CONSTRAINT %I', conrelid::regclass, conname) AS remove
FROM pg_constraint
WHERE conrelid IN ('ct_participants'::regclass, 'ct_results'::regclass) AND contype IN ('p', 'f')
UNION ALL
SELECT NULL, NULL, format('DROP INDEX %s', indexrelid::regclass)
FROM pg_index
WHERE indrelid IN ('ct_participants'::regclass, 'ct_results'::regclass) AND NOT indisprimary;
DO $$
DECLARE
    change text;
BEGIN
    FOR change IN SELECT remove FROM parked LOOP
        EXECUTE change;
    END LOOP;
END
$$;

SELECT pg_temp.fill('ct_events', 'drawn_tcp_events');
SELECT pg_temp.fill('ct_races', 'drawn_tcp_races');
SELECT pg_temp.fill('ct_participants', 'drawn_tcp_participants');
SELECT pg_temp.fill('ct_results', 'drawn_tcp_results');
SELECT pg_temp.fill('runsignup_results', 'drawn_other_results');
SELECT pg_temp.fill('copernico_results', 'drawn_other_results');
SELECT pg_temp.fill('sync_history', 'drawn_other_history');

-- 5. Constraints and indexes -------------------------------------------------------------------------

DO $$
DECLARE
    change text;
BEGIN
    FOR change IN SELECT remake FROM parked WHERE remake IS NOT NULL ORDER BY last LOOP
        EXECUTE change;
    END LOOP;
END
$$;

-- What most hosts have, and a bare one has not.
DO $$
BEGIN
    IF NOT (SELECT bare FROM size) THEN
        CREATE INDEX ct_participants_event_id ON ct_participants (event_id);
        CREATE INDEX ct_results_event_id ON ct_results (event_id);
        CREATE INDEX runsignup_results_event_id ON runsignup_results (event_id);
        CREATE INDEX copernico_results_event_id ON copernico_results (event_id);
    END IF;
END
$$;

VACUUM ANALYZE;
