"""When: the time windows and the daemon that follows them."""
