"""This project beside what one would use instead: the same lists and PostgreSQL, each in its own process."""
