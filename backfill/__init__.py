"""Which of the past: what to import, and the command that does it."""
