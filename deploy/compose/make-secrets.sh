#!/usr/bin/env bash
# Makes the secrets that docker-compose.yml mounts, once: what is there is never overwritten.
# Argument: the name of the first referral source (default: referrals).
set -euo pipefail
umask 077

directory="$(dirname "${BASH_SOURCE[0]}")/secrets"
source_name="${1:-referrals}"

keep() { # keep NAME VALUE
  if [ -e "$directory/$1" ]; then
    echo "$1: kept"
    return
  fi
  printf '%s\n' "$2" >"$directory/$1"
  # The directory keeps other users of this machine out; a container sees the one file that it is given, as another user.
  chmod 0644 "$directory/$1"
  echo "$1: made"
}

if ! [[ "$source_name" =~ ^[a-z0-9][a-z0-9-]{0,63}$ ]]; then
  echo "the name of a source is made of a-z, 0-9 and dashes" >&2
  exit 2
fi
if [ -e "$directory/postgres_password" ] && [ ! -e "$directory/firstdose_keys" ]; then
  echo "firstdose_keys is gone, and with other keys the database cannot be read: put your copy back." >&2
  echo "To begin anew, remove all secrets and the volumes of the deployment." >&2
  exit 1
fi
chmod 0700 "$directory"
keep firstdose_keys "k1:$(openssl rand -base64 32)"
keep postgres_password "$(openssl rand -hex 24)"
keep firstdose_db_password "$(openssl rand -hex 24)"
keep temporal_db_password "$(openssl rand -hex 24)"
keep database_url "postgresql://firstdose:$(cat "$directory/firstdose_db_password")@postgres:5432/firstdose"
keep firstdose_sources "{\"$source_name\": \"whsec_$(openssl rand -base64 32)\"}"
