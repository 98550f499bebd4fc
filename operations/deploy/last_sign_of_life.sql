-- When the integration last wrote down what it did; for psql.
SELECT coalesce(to_char(max(sync_time), 'YYYY-MM-DD HH24:MI:SS'), 'none yet')
FROM sync_history
JOIN providers USING (provider_id)
WHERE providers.name = 'ChronoTrack Live';
