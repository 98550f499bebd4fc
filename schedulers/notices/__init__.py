"""Tells people of changes: what is not as it should be, and what is well again."""
