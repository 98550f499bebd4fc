"""What is promised whatever happens, tried: faults of every kind, and what the database holds after each."""
