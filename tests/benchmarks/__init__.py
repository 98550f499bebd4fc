"""Measurements that are too large for a test: run by hand, on a machine that does nothing else meanwhile."""
