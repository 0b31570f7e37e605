#!/bin/sh
# Run by the PostgreSQL image once, when its volume is new: a user of its own for the Temporal server, which
# creates its two databases itself and sees nothing of ours.
set -eu
psql --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" \
  --set password="$TEMPORAL_POSTGRES_PASSWORD" <<'SQL'
create role temporal login createdb password :'password';
revoke connect on database billing from public;
SQL
