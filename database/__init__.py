"""How it is kept: the schema, the named SQL and the store."""
