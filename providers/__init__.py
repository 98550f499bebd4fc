"""What the outside world says: adapters, their shared records and errors, and the pipeline."""
