#!/bin/sh
# Temporal's server takes its password from the environment only: read it from its file, then start as the image would.
set -eu

POSTGRES_PWD=$(cat /run/secrets/temporal_db_password)
export POSTGRES_PWD
exec /etc/temporal/entrypoint.sh
