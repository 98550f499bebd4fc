-- ChronoTrack Live: gives a timing partner its credentials, and shows those that there are.
--
-- Needs psql itself, unlike the other scripts. `chronotrack-live credentials set` does the same from a prompt,
-- and digests the password itself. May be run again: what is the same already is not written.
--
-- 1. The digest of the password: SHA-256 in hex. Type the password at a prompt; as an argument of a command
--    every user of the machine could read it, and the shell would keep it:
--
--        export CHRONOTRACK_LIVE_DIGEST=$(python3 -c 'import getpass, hashlib; print(hashlib.sha256(getpass.getpass().encode()).hexdigest())')
--
--    SHA-256 is what the integration's specification asks for. ChronoTrack's public API takes none: there it is
--    the SHA-1 (hashlib.sha1) with "auth": "simple" and "password_digest": "sha1" in config, or the password
--    itself with "auth": "oauth2" or "password_digest": "plain". A digest does for a login as the password
--    does: treat it as one.
--
-- 2. Two partners, one after the other:
--
--        psql -v ON_ERROR_STOP=1 -d project88_myappdb -v partner=7 -v principal=timing@harbour.example \
--             -f database/chronotrack_live_credentials_setup.sql
--        psql -v ON_ERROR_STOP=1 -d project88_myappdb -v partner=8 -v principal=timing@lakeside.example \
--             -v config='{"auth": "simple", "password_digest": "sha1", "client_id": "abcd1234", "rate_limit": 750}' \
--             -f database/chronotrack_live_credentials_setup.sql
--
--    with a digest of its own in the environment each. Or within psql, where \prompt asks for it:
--
--        \set partner 7
--        \set principal timing@harbour.example
--        \prompt 'Digest: ' digest
--        \i database/chronotrack_live_credentials_setup.sql
--
--    What is typed at \prompt is seen on the screen, and a digest does for a login as the password does.
--    psql -v digest=... works as well, but stands in the list of processes while it runs. A psql older than
--    15 cannot read the environment: use \prompt. A server that logs every statement logs the digest.
--
--    partner    the timing_partner_id
--    principal  the login
--    digest     of the password; where config says that the password itself is sent, the password
--    config     additional_config, a JSON object, whole; docs/settings.md has its fields. When it is not
--               given, what the partner has stays; a new one gets {}, which means the public API.
--
-- 3. Whether it is right: the queries at the end show what is kept, never a secret. Whether the API takes it:
--
--        chronotrack-live credentials test 7
--
--    A scheduler that runs takes it over within an interval (90 seconds, unless it is set to another), at once
--    after systemctl reload chronotrack-live-scheduler.
\set ON_ERROR_STOP on

-- What is given ---------------------------------------------------------------------------------------

\if :{?partner}
\else
    \set partner ''
\endif
\if :{?principal}
\else
    \set principal ''
\endif
\if :{?config}
\else
    \set config ''
\endif
\if :{?digest}
\else
    \getenv digest CHRONOTRACK_LIVE_DIGEST
\endif
\if :{?digest}
\else
    \set digest ''
\endif

-- By way of settings: psql's variables do not reach into a DO block, and what that one refuses the server logs
-- with the text of the statement, in which no digest stands then. \gset prints nothing.
SELECT
    set_config('chronotrack_live.given_partner', :'partner', false) AS partner,
    set_config('chronotrack_live.given_principal', :'principal', false) AS principal,
    set_config('chronotrack_live.given_digest', :'digest', false) AS digest,
    set_config('chronotrack_live.given_config', :'config', false) AS config
\gset
-- Nothing of it is left for the next partner of this session, also when this one is refused.
\unset partner
\unset principal
\unset digest
\unset config

-- Refuse, or write ------------------------------------------------------------------------------------

DO $$
DECLARE
    given_partner CONSTANT text := btrim(current_setting('chronotrack_live.given_partner'));
    given_principal CONSTANT text := btrim(current_setting('chronotrack_live.given_principal'));
    given_digest CONSTANT text := current_setting('chronotrack_live.given_digest');
    given_config CONSTANT text := btrim(current_setting('chronotrack_live.given_config'));
    missing CONSTANT text := concat_ws(
        ', ',
        CASE WHEN given_partner = '' THEN 'partner' END,
        CASE WHEN given_principal = '' THEN 'principal' END,
        CASE WHEN given_digest = '' THEN 'digest' END
    );
    live_provider integer;
    partner record;
    config jsonb;
    auth text;
    digest_name text;
    digits integer;
    added integer;
    changed integer;
BEGIN
    IF missing <> '' THEN
        RAISE EXCEPTION 'Missing: %; nothing was changed.', missing
            USING HINT = 'Give them with psql -v NAME=VALUE or \set NAME VALUE, the digest better with \prompt or in the '
                         'environment variable CHRONOTRACK_LIVE_DIGEST: the head of this script shows how.';
    END IF;

    IF to_regclass('partner_provider_credentials') IS NOT NULL AND to_regclass('ct_live_migrations') IS NOT NULL THEN
        SELECT provider_id INTO live_provider FROM providers WHERE name = 'ChronoTrack Live';
    END IF;
    IF live_provider IS NULL THEN
        RAISE EXCEPTION 'This database does not know ChronoTrack Live; nothing was changed.'
            USING HINT = 'Connect to the Project88Hub database, and apply '
                         'database/chronotrack_live_schema_extension.sql first.';
    END IF;

    SELECT timing_partner_id, company_name INTO partner
    FROM timing_partners WHERE timing_partner_id::text = given_partner;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'There is no timing partner %; nothing was changed.', given_partner
            USING HINT = 'Known: ' || coalesce(
                (SELECT string_agg(format('%s (%s)', timing_partner_id, company_name), ', ' ORDER BY timing_partner_id)
                 FROM timing_partners),
                'none; add a row to timing_partners first') || '.';
    END IF;

    BEGIN
        config := nullif(given_config, '')::jsonb;
    EXCEPTION WHEN data_exception THEN
        -- PostgreSQL's own words would repeat what stands there, and that may be a client_secret.
        RAISE EXCEPTION 'config is not JSON; nothing was changed.'
            USING HINT = 'Give a JSON object, in single quotes for the shell: -v config=''{"rate_limit": 750}''.';
    END;
    IF config IS NULL THEN
        SELECT additional_config INTO config
        FROM partner_provider_credentials
        WHERE timing_partner_id = partner.timing_partner_id AND provider_id = live_provider;
        config := coalesce(config, '{}');
    END IF;
    IF jsonb_typeof(config) <> 'object' THEN
        RAISE EXCEPTION 'config is a JSON %, not an object; nothing was changed.', jsonb_typeof(config)
            USING HINT = 'Give an object, such as -v config=''{"rate_limit": 750}''.';
    END IF;

    auth := coalesce(config ->> 'auth', 'basic');
    digest_name := coalesce(config ->> 'password_digest', CASE auth WHEN 'oauth2' THEN 'plain' ELSE 'sha256' END);
    IF auth NOT IN ('basic', 'simple', 'oauth2') OR digest_name NOT IN ('sha256', 'sha1', 'plain') THEN
        RAISE EXCEPTION 'auth or password_digest of config is unknown; nothing was changed.'
            USING HINT = 'auth is basic, simple or oauth2; password_digest is sha256, sha1 or plain.';
    END IF;
    IF auth = 'oauth2' AND digest_name <> 'plain' THEN
        RAISE EXCEPTION 'password_digest does not go with oauth2 in config; nothing was changed.'
            USING HINT = 'oauth2 sends the password itself: leave password_digest out, and give the password.';
    END IF;
    digits := CASE digest_name WHEN 'sha256' THEN 64 WHEN 'sha1' THEN 40 END;
    IF digits IS NOT NULL AND (length(given_digest) <> digits OR given_digest !~ '^[0-9a-fA-F]+$') THEN
        RAISE EXCEPTION 'digest is not the % of a password, which has % hexadecimal digits; nothing was changed.',
            digest_name, digits
            USING HINT = 'The head of this script shows how it is made. Where the API takes the password itself, '
                         'config says so with "password_digest": "plain" or "auth": "oauth2".';
    END IF;

    INSERT INTO partner_provider_credentials
        (timing_partner_id, provider_id, principal, secret, additional_config, created_at, updated_at)
    SELECT
        partner.timing_partner_id, live_provider, given_principal, given_digest, config,
        now() AT TIME ZONE 'UTC', now() AT TIME ZONE 'UTC'
    WHERE NOT EXISTS (
        SELECT FROM partner_provider_credentials
        WHERE timing_partner_id = partner.timing_partner_id AND provider_id = live_provider
    )
    ON CONFLICT DO NOTHING;
    GET DIAGNOSTICS added = ROW_COUNT;

    UPDATE partner_provider_credentials
    SET principal = given_principal,
        secret = given_digest,
        additional_config = config,
        updated_at = now() AT TIME ZONE 'UTC'
    WHERE timing_partner_id = partner.timing_partner_id
      AND provider_id = live_provider
      AND (principal, secret, coalesce(additional_config, '{}'))
          IS DISTINCT FROM (given_principal, given_digest, config);
    GET DIAGNOSTICS changed = ROW_COUNT;

    RAISE NOTICE 'The credentials of partner % (%) %.', partner.timing_partner_id, partner.company_name,
        CASE WHEN added > 0 THEN 'are added' WHEN changed > 0 THEN 'are changed' ELSE 'were so already' END;
END
$$;

-- What is kept ----------------------------------------------------------------------------------------

-- Values are shown where they are possible only: what stands in the wrong field may be a secret.
\echo 'Credentials for ChronoTrack Live:'
SELECT
    p.timing_partner_id,
    p.company_name,
    c.principal,
    CASE
        WHEN kept.config ->> 'auth' IS NULL THEN 'basic'
        WHEN kept.config ->> 'auth' IN ('basic', 'simple', 'oauth2') THEN kept.config ->> 'auth'
        ELSE 'impossible'
    END AS auth,
    CASE
        WHEN coalesce(c.secret, '') = '' THEN 'missing'
        WHEN kept.config ->> 'auth' = 'oauth2' OR kept.config ->> 'password_digest' = 'plain'
            THEN 'the password itself'
        WHEN c.secret ~ '^[0-9a-fA-F]{64}$' THEN 'a SHA-256'
        WHEN c.secret ~ '^[0-9a-fA-F]{40}$' THEN 'a SHA-1'
        ELSE 'no digest'
    END AS secret_is,
    CASE
        WHEN coalesce(kept.config ->> 'base_url', '') = '' THEN 'https://api.chronotrack.com/api'
        WHEN kept.config ->> 'base_url' ~ '^https?://[^/@?#]+[^@?#]*$' THEN kept.config ->> 'base_url'
        ELSE 'impossible'
    END AS base_url,
    (SELECT string_agg(name, ', ' ORDER BY name) FROM jsonb_object_keys(kept.config) AS name) AS settings,
    coalesce(c.updated_at, c.created_at) AS changed_at
FROM partner_provider_credentials AS c
JOIN providers USING (provider_id)
JOIN timing_partners AS p USING (timing_partner_id)
CROSS JOIN LATERAL (
    SELECT CASE jsonb_typeof(c.additional_config) WHEN 'object' THEN c.additional_config ELSE '{}' END AS config
) AS kept
WHERE providers.name = 'ChronoTrack Live'
ORDER BY p.timing_partner_id;

\echo 'Timing partners without:'
SELECT p.timing_partner_id, p.company_name
FROM timing_partners AS p
WHERE NOT EXISTS (
    SELECT FROM partner_provider_credentials AS c
    JOIN providers USING (provider_id)
    WHERE c.timing_partner_id = p.timing_partner_id AND providers.name = 'ChronoTrack Live'
)
ORDER BY p.timing_partner_id;

\echo 'How their last test went:'
SELECT DISTINCT ON (h.timing_partner_id) h.timing_partner_id, h.sync_time, h.status, h.reason
FROM sync_history AS h
JOIN providers USING (provider_id)
WHERE providers.name = 'ChronoTrack Live' AND h.sync_type = 'authentication'
ORDER BY h.timing_partner_id, h.sync_time DESC, h.sync_history_id DESC;

SELECT count(set_config('chronotrack_live.given_' || name, '', false)) AS forgotten
FROM unnest(ARRAY['partner', 'principal', 'digest', 'config']) AS name
\gset
\unset forgotten
