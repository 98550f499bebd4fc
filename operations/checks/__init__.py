"""The seven checks of an installation, against the database and the API that are configured."""
