"""PostgreSQL: pool, stores, migrations."""
