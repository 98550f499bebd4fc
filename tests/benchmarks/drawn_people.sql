-- What every drawn row is made of, and how it gets into its table. Rows differ by arithmetic, not by chance: each
-- build is the same. A drawn_ view says what a row looks like in the columns of shape M; a host of shape C gets
-- those of them that it has.

-- How large everything is to be, as the session is told.
CREATE TEMPORARY TABLE size AS
SELECT
    current_setting('benchmark.partners')::integer AS partners,
    current_setting('benchmark.events')::integer AS events,
    current_setting('benchmark.others')::integer AS others,
    current_setting('benchmark.bare')::boolean AS bare;

-- Insert what a drawn_ view holds, in the columns that the table has; nothing without the table.
CREATE FUNCTION pg_temp.fill(filled text, drawn text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    columns text;
BEGIN
    SELECT string_agg(quote_ident(has.attname), ', ') INTO columns
    FROM pg_attribute AS has
    JOIN pg_attribute AS brings USING (attname)
    WHERE has.attrelid = to_regclass(filled) AND has.attnum > 0 AND has.attgenerated = ''
      AND brings.attrelid = drawn::regclass AND brings.attnum > 0;
    IF columns IS NOT NULL THEN
        EXECUTE format('INSERT INTO %1$I (%2$s) SELECT %2$s FROM %3$I', filled, columns, drawn);
    END IF;
END
$$;

CREATE FUNCTION pg_temp.first_name(n bigint) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT (ARRAY['Ava', 'Liam', 'Sophie', 'Noah', 'Emma', 'Oliver', 'Charlotte', 'James', 'Amelia', 'William',
                  'Maria Jose', 'Benjamin', 'Harper', 'Lucas', 'Anne-Sophie', 'Theodore', 'Jo', 'Maximilian',
                  'Siobhan', 'Christopher', 'Alejandra', 'Bo', 'Elizabeth'])[1 + mod(n * 31, 23)]
$$;
CREATE FUNCTION pg_temp.last_name(n bigint) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT (ARRAY['Smith', 'Johnson', 'Garcia', 'Miller', 'Davis', 'Rodriguez', 'Martinez', 'Hernandez', 'Lopez',
                  'Wilson', 'Anderson', 'Thomas', 'Li', 'Moore', 'Fitzgerald-Jones', 'Lee', 'Perez', 'Thompson',
                  'White', 'Harris', 'Sanchez', 'Clark', 'van der Berg', 'Lewis', 'Robinson', 'Walker', 'Ng',
                  'Papadopoulos', 'Oyelaran'])[1 + mod(n * 17, 29)]
$$;
CREATE FUNCTION pg_temp.sex(n bigint) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT (ARRAY['M', 'F', 'F', 'M', 'F', 'M', 'M', 'F', 'X'])[1 + mod(n * 5, 9)]
$$;
CREATE FUNCTION pg_temp.age(n bigint) RETURNS integer LANGUAGE sql STABLE AS $$
    SELECT (14 + mod(n * 13, 29) + mod(n * 7, 31))::integer
$$;
CREATE FUNCTION pg_temp.place(n bigint) RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT jsonb_build_object(
        'street', 1 + mod(n * 37, 900) || ' Harbour Street',
        'city', (ARRAY['Springfield', 'Riverside', 'Salem', 'Georgetown', 'Lakeside', 'Port Arthur'])[1 + mod(n, 6)],
        'region', (ARRAY['OR', 'CA', 'TX', 'ME', 'NY', 'ON', 'FL'])[1 + mod(n, 7)],
        'postal_code', lpad(mod(n * 7919, 99999)::text, 5, '0'),
        'country', 'US')
$$;
-- A race's athletes by its rank among the races, 0 the smallest and 1 the largest: a long tail from 20 on.
CREATE FUNCTION pg_temp.athletes(rank numeric, spread numeric, tail numeric, largest integer) RETURNS integer
LANGUAGE sql STABLE AS $$
    SELECT least(largest, round(20 + spread * (power(1 - rank, -tail) - 1)))::integer
$$;
CREATE FUNCTION pg_temp.event_name(n bigint) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT (ARRAY['Harbour City', 'Lakeside', 'Springfield', 'Riverbend', 'Mount Hope', 'Georgetown', 'Cape', 'Old Mill',
                  'Canyon', 'Seven Bridges', 'St. Patrick''s Day', 'Veterans Day', 'Frostbite', 'Firecracker',
                  'Saint-Jean', 'Turkey Trot', 'Grand Union', 'Pioneer'])[1 + mod(n, 18)]
        || (ARRAY[' 5K', ' 10K', ' Half Marathon', ' Marathon', ' Triathlon', ' Relay', ' Trail Run', ' Fun Run'
                  ' presented by the Chamber of Commerce', ' Duathlon', ' Mile', ' 50K'])[1 + mod(n / 18, 11)]
        || (ARRAY['', ' Festival', ' and Walk', ' Classic'])[1 + mod(n / 198, 4)]
$$;
