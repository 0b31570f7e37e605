#!/bin/sh
# Creates the databases of the Temporal server, or brings them up to the schema of this version of the image. Safe to
# run again: what is there is left alone. The connection comes from SQL_PLUGIN, SQL_HOST, SQL_USER and so on.
set -eu
prepare() {
  temporal-sql-tool --database "$1" create-database
  temporal-sql-tool --database "$1" setup-schema --version 0.0
  temporal-sql-tool --database "$1" update-schema --schema-name "postgresql/v12/$2"
}
prepare temporal temporal
prepare temporal_visibility visibility
echo 'The schema of the Temporal server is up to date.'
