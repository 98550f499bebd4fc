"""A local ChronoTrack Live API: real race times, two invented accounts, a race that goes on while you ask."""
