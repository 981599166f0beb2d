"""Backup and restore: our tables by PostgreSQL's own programs, the bots' collections, and whether both are whole."""
