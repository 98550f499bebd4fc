-- The host's tables in shape C, as its "current schema" document has them (project88_database.md).
CREATE TABLE timing_partners (
    timing_partner_id serial PRIMARY KEY, company_name varchar(255) NOT NULL, access_password varchar(255),
    created_at timestamp DEFAULT now(), updated_at timestamp DEFAULT now());
CREATE TABLE providers (
    provider_id serial PRIMARY KEY, name varchar(100) NOT NULL UNIQUE, provider_type varchar(50),
    api_base_url varchar(255), rate_limit_per_hour integer DEFAULT 1000, created_at timestamp DEFAULT now());
CREATE TABLE partner_provider_credentials (
    partner_provider_credential_id serial PRIMARY KEY, provider_id integer REFERENCES providers,
    timing_partner_id integer REFERENCES timing_partners ON DELETE CASCADE, principal varchar(255),
    secret varchar(255), credential_type varchar(50), additional_config jsonb,
    created_at timestamp DEFAULT now(), updated_at timestamp DEFAULT now(),
    UNIQUE (timing_partner_id, provider_id));
CREATE TABLE sync_history (
    sync_history_id serial PRIMARY KEY,
    timing_partner_id integer REFERENCES timing_partners ON DELETE CASCADE, provider_id integer REFERENCES providers, event_id varchar(100), operation_type varchar(50),
    sync_direction varchar(50), sync_time timestamp DEFAULT now(), status varchar(20),
    num_of_synced_records integer, entries_success integer, entries_failed integer, error_details jsonb,
    data_snapshot jsonb, duration_seconds integer, callback_url varchar(255), reason text);
CREATE TABLE ct_events (
    event_id varchar(100) PRIMARY KEY, event_name varchar(255), event_start_time timestamp,
    event_type varchar(50), location jsonb,
    timing_partner_id integer REFERENCES timing_partners ON DELETE CASCADE,
    created_at timestamp DEFAULT now(), credentials_used varchar(255));
CREATE TABLE ct_participants (
    entry_id varchar(100) PRIMARY KEY, event_id varchar(100), race_id varchar(100),
    entry_external_id varchar(100), entry_name varchar(255), entry_type varchar(50), entry_status varchar(50),
    entry_bib varchar(20), entry_race_age integer, athlete_id varchar(100), athlete_first_name varchar(100),
    athlete_last_name varchar(100), athlete_sex varchar(20), athlete_birthdate date,
    athlete_email varchar(255), athlete_home_phone varchar(20), athlete_mobile_phone varchar(20),
    location jsonb, team_id varchar(100), team_name varchar(255),
    timing_partner_id integer REFERENCES timing_partners ON DELETE CASCADE,
    created_at timestamp DEFAULT now(), credentials_used varchar(255));
CREATE TABLE ct_results (
    id serial PRIMARY KEY, event_id varchar(100) REFERENCES ct_events ON DELETE CASCADE,
    results_bib varchar(20), results_first_name varchar(100), results_last_name varchar(100),
    results_sex varchar(10), results_age integer, results_time varchar(50), results_gun_time varchar(50),
    results_rank integer, timing_partner_id integer REFERENCES timing_partners ON DELETE CASCADE,
    created_at timestamp DEFAULT now(), credentials_used varchar(255));
