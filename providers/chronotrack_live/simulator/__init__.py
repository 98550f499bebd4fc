"""A local ChronoTrack Live API: real race times, two invented accounts, a race that goes on while you ask.

How it hangs together: `build` makes a `world` from the carried `runners` and a seed; `publishing` shows
what of it is public at an instant; `api` answers requests; `truth` tells, on its own account, what must
come out.

Where ChronoTrack's behaviour is not publicly known, the simulator assumes:

- an archived event is listed and can be read by itself; everything in it answers 400 "Event is archived.";
- unknown ids and other accounts' ids answer 404, wrong credentials 401, both with `{"error": ...}`;
- an interval or bracket word that matches nothing gives an empty list;
- equal times share a rank; lists come by race, course order and time; an absent value is an empty text;
- a leg that does not begin at the start line has its chip time as gun time, too;
- test entries never have results;
- a list without rows has 0 pages.
"""
