#!/bin/sh
# Makes the namespace, and waits until the server knows it. Harmless when it is there.
set -eu

namespace=firstdose
# Closed workflows are kept 30 days; the record that stays is PostgreSQL's.
retention=720h
attempts=30

attempt=1
until temporal operator namespace describe --namespace "$namespace" >/dev/null 2>&1; do
  if [ "$attempt" -gt "$attempts" ]; then
    echo "namespace $namespace: the server does not make it" >&2
    exit 1
  fi
  temporal operator namespace create --namespace "$namespace" --retention "$retention" || true
  attempt=$((attempt + 1))
  sleep 2
done
echo "namespace $namespace: there"
