"""Galleries in a PostgreSQL database, for several machines at once; any server from version 14 on, no extension."""
