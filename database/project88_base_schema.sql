-- The host's tables that this integration reads and writes, for a database that has none.
--
-- Project88Hub owns these tables. On its own database this script is never needed and changes nothing:
-- every statement leaves alone what exists. Apply it to an empty database (demo, tests, rehearsal)
-- before chronotrack_live_schema_extension.sql.
\set ON_ERROR_STOP on

CREATE TABLE IF NOT EXISTS timing_partners (
    timing_partner_id serial PRIMARY KEY,
    company_name varchar(255) NOT NULL,
    access_password varchar(255),
    created_at timestamp DEFAULT now(),
    updated_at timestamp DEFAULT now()
);

CREATE TABLE IF NOT EXISTS providers (
    provider_id serial PRIMARY KEY,
    name varchar(100) NOT NULL UNIQUE,
    provider_type varchar(50),
    api_base_url varchar(255),
    rate_limit_per_hour integer DEFAULT 1000,
    created_at timestamp DEFAULT now()
);

CREATE TABLE IF NOT EXISTS partner_provider_credentials (
    partner_provider_credential_id serial PRIMARY KEY,
    provider_id integer REFERENCES providers (provider_id) ON DELETE CASCADE,
    timing_partner_id integer REFERENCES timing_partners (timing_partner_id) ON DELETE CASCADE,
    principal varchar(255),
    secret varchar(255),
    credential_type varchar(50),
    additional_config jsonb,
    created_at timestamp DEFAULT now(),
    updated_at timestamp DEFAULT now(),
    UNIQUE (timing_partner_id, provider_id)
);

CREATE TABLE IF NOT EXISTS sync_history (
    sync_history_id serial PRIMARY KEY,
    timing_partner_id integer REFERENCES timing_partners (timing_partner_id) ON DELETE CASCADE,
    provider_id integer REFERENCES providers (provider_id),
    event_id varchar(100),
    operation_type varchar(50),
    sync_direction varchar(50),
    sync_time timestamp DEFAULT now(),
    status varchar(20),
    num_of_synced_records integer,
    entries_success integer,
    entries_failed integer,
    error_details jsonb,
    data_snapshot jsonb,
    duration_seconds integer,
    callback_url varchar(255),
    reason text
);

CREATE TABLE IF NOT EXISTS ct_events (
    event_id varchar(100) PRIMARY KEY,
    event_tag varchar(100),
    event_name varchar(255),
    event_description text,
    event_start_time timestamp,
    event_end_time timestamp,
    event_site_uri varchar(255),
    event_is_published boolean,
    event_device_protocol varchar(100),
    event_external_id varchar(100),
    organization_id varchar(100),
    organization_name varchar(255),
    location jsonb,
    timing_partner_id integer REFERENCES timing_partners (timing_partner_id) ON DELETE CASCADE,
    created_at timestamp DEFAULT now()
);

CREATE TABLE IF NOT EXISTS ct_races (
    race_id varchar(100),
    event_id varchar(100) REFERENCES ct_events (event_id) ON DELETE CASCADE,
    race_tag varchar(100),
    race_name varchar(255),
    race_type varchar(50),
    race_subtype varchar(50),
    race_course_distance numeric,
    race_pref_distance_unit varchar(50),
    race_planned_start_time timestamp,
    race_planned_end_time timestamp,
    race_actual_start_time timestamp,
    race_actual_end_time timestamp,
    race_age_ref_time timestamp,
    timing_partner_id integer REFERENCES timing_partners (timing_partner_id) ON DELETE CASCADE,
    created_at timestamp DEFAULT now(),
    PRIMARY KEY (race_id, event_id)
);

CREATE TABLE IF NOT EXISTS ct_participants (
    entry_id varchar(100) PRIMARY KEY,
    event_id varchar(100) REFERENCES ct_events (event_id) ON DELETE CASCADE,
    race_id varchar(100),
    entry_external_id varchar(100),
    entry_name varchar(255),
    entry_type varchar(50),
    entry_status varchar(50),
    entry_bib varchar(20),
    entry_race_age integer,
    athlete_id varchar(100),
    athlete_first_name varchar(100),
    athlete_last_name varchar(100),
    athlete_sex varchar(10),
    athlete_birthdate date,
    athlete_email varchar(255),
    athlete_home_phone varchar(20),
    athlete_mobile_phone varchar(20),
    location jsonb,
    team_id varchar(100),
    team_name varchar(255),
    timing_partner_id integer REFERENCES timing_partners (timing_partner_id) ON DELETE CASCADE,
    created_at timestamp DEFAULT now(),
    credentials_used varchar(255)
);

CREATE TABLE IF NOT EXISTS ct_results (
    id serial PRIMARY KEY,
    event_id varchar(100) REFERENCES ct_events (event_id) ON DELETE CASCADE,
    race_id varchar(100),
    entry_id varchar(100),
    results_bib varchar(20),
    results_first_name varchar(100),
    results_last_name varchar(100),
    results_sex varchar(10),
    results_age integer,
    results_hometown varchar(100),
    results_state_code varchar(10),
    results_postal_code varchar(20),
    results_country_code varchar(10),
    results_time interval,
    results_gun_time interval,
    results_pace interval,
    results_gun_pace interval,
    results_rank integer,
    results_bracket_name varchar(100),
    results_primary_bracket_name varchar(100),
    timing_partner_id integer REFERENCES timing_partners (timing_partner_id) ON DELETE CASCADE,
    created_at timestamp DEFAULT now(),
    credentials_used varchar(255)
);

CREATE INDEX IF NOT EXISTS ct_participants_event_id ON ct_participants (event_id);
CREATE INDEX IF NOT EXISTS ct_results_event_id ON ct_results (event_id);

-- The race display and the dashboards read this view; the extension later adds columns at its end.
DO $$
BEGIN
    IF to_regclass('unified_results') IS NULL THEN
        CREATE VIEW unified_results AS
        SELECT
            'ChronoTrack'::varchar(50) AS source_provider,
            timing_partner_id,
            event_id,
            results_bib AS bib_number,
            results_first_name AS first_name,
            results_last_name AS last_name,
            results_sex AS gender,
            results_age AS age,
            results_time,
            results_gun_time,
            results_rank AS overall_place,
            created_at
        FROM ct_results;
    END IF;
END
$$;
