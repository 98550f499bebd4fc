"""A local ChronoTrack Live API: real race times, two invented accounts, a race that goes on while you ask.

How it hangs together: `build` makes a `world` from the carried `runners` and a seed; `publishing` shows
what of it is public at an instant; `api` answers requests, in the shape of one of the `variants` and with
`faults` where they are asked for; `truth` tells, on its own account, what must come out.

Where ChronoTrack's behaviour is not publicly known, the simulator assumes what follows; a word in
parentheses is the variant that lets it be otherwise:

- every scalar is a text (scalars), an absent value an empty one (empty), a race time HH:MM:SS.fff (times);
- times with fewer digits are cut off, not rounded, and ranked as they were before;
- a page has up to 1000 rows (largest_size), more are cut to it (oversize), and beyond the end there are
  none (beyond_end); query and request headers ask for pages, and the query wins (paging);
- every list, and no single resource, has the four headers (page_headers); one without rows has 0 pages;
- bracket=SEX and AGE are understood (bracket_keywords); an interval or bracket word that matches nothing
  gives an empty list;
- gender brackets are of type SEX (bracket_types), and a bracket's race is its race_id (bracket_owner);
- result rows have their entry's id (entry_ids), the name of the bracket that ranks them (bracket_names),
  and the columns that are asked for (columns);
- an archived event is listed and can be read by itself; everything in it answers 400 "Event is archived."
  (archived);
- unknown ids and other accounts' ids answer 404, events among them (unknown), wrong credentials 401
  (refusal), all with `{"error": ...}`;
- Basic takes the password clear or as either digest, the simple scheme as either digest (digests);
- a token lives for 259,199 seconds (token_life) and is the same until then;
- nothing is compressed (compression);
- equal times share a rank; lists come by race, course order and time;
- a leg that does not begin at the start line has its chip time as gun time, too;
- test entries never have results (test_results).

Faults are what any API may have; none of them is known of this one.
"""
