#!/bin/sh
# Brings Temporal's two databases to the schema of this version. Harmless when they have it; runs before every upgrade.
set -eu

SQL_PASSWORD=$(cat /run/secrets/temporal_db_password)
export SQL_PASSWORD

for pair in temporal:temporal temporal_visibility:visibility; do
  database=${pair%%:*}
  schema=/etc/temporal/schema/postgresql/v12/${pair##*:}/versioned
  sql_tool="temporal-sql-tool --plugin postgres12 --endpoint postgres --port 5432 --user temporal --database $database"
  # A version that is newer than the first is left as it is.
  $sql_tool setup-schema --version 0.0
  $sql_tool update-schema --schema-dir "$schema"
done
