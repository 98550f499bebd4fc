-- What a rollback takes away, a line each; for psql.
\set ON_ERROR_STOP on

SELECT count(*) || ' events' FROM ct_events WHERE data_source = 'chronotrack_live';
SELECT count(*) || ' participants' FROM ct_participants WHERE data_source = 'chronotrack_live';
SELECT count(*) || ' results' FROM ct_results WHERE data_source = 'chronotrack_live';
