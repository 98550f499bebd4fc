-- The weekend's own statements; see database/queries.sql for the form.

-- name: add_partner
-- A timing partner with its access to the API.
WITH partner AS (
    INSERT INTO timing_partners (company_name) VALUES (%(company_name)s) RETURNING timing_partner_id
)
INSERT INTO partner_provider_credentials
    (timing_partner_id, provider_id, principal, secret, additional_config)
SELECT partner.timing_partner_id, providers.provider_id, %(principal)s, %(secret)s, %(config)s
FROM partner CROSS JOIN providers
WHERE providers.name = 'ChronoTrack Live'
RETURNING timing_partner_id;

-- name: make_account
-- Where every row of the history is kept as it was written: the daemon folds its own when they are two days old.
CREATE TABLE weekend_account AS SELECT * FROM sync_history WITH NO DATA;

-- name: make_keeper
-- Keeps a row of the history, whoever writes it.
CREATE FUNCTION weekend_keep() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public
AS 'BEGIN INSERT INTO weekend_account SELECT NEW.*; RETURN NULL; END';

-- name: keep_account
-- Keep every row from now on.
CREATE TRIGGER weekend_keep AFTER INSERT ON sync_history FOR EACH ROW EXECUTE FUNCTION weekend_keep();

-- name: account
-- What was done, in the order in which it was written.
SELECT
    sync_history_id AS number,
    timing_partner_id AS partner,
    event_id,
    sync_type,
    sync_time AS at,
    sync_time - make_interval(secs => lateness_seconds::float) AS planned,
    status,
    duration_seconds AS seconds,
    reason
FROM weekend_account
ORDER BY sync_history_id;

-- name: how_many
-- How many collections there were until now.
SELECT count(*) AS collections FROM weekend_account WHERE sync_type = 'results';

-- name: kept_results
-- Every result that is kept of a partner's event.
SELECT * FROM ct_results WHERE event_id = %(event_id)s;

-- name: kept_entries
-- The API ids of the entries that are kept of a partner's event.
SELECT provider_participant_id AS entry_id FROM ct_participants WHERE event_id = %(event_id)s;
