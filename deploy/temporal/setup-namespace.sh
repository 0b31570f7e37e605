#!/bin/sh
# Makes the Namespace, or sets its retention to what is said now, and the search attributes that enrollments are found by.
# Safe to run again. When it fails, e.g. because the server is still starting, compose runs it again.
set -eu
if temporal operator namespace describe --namespace "$TEMPORAL_NAMESPACE" > /dev/null 2>&1; then
  temporal operator namespace update --namespace "$TEMPORAL_NAMESPACE" --retention "$RETENTION"
else
  temporal operator namespace create --namespace "$TEMPORAL_NAMESPACE" --retention "$RETENTION"
fi
has() {
  temporal operator search-attribute list --namespace "$TEMPORAL_NAMESPACE" | grep -qw "$1"
}
create() {
  temporal operator search-attribute create --namespace "$TEMPORAL_NAMESPACE" "$@"
}
has EnrollmentStatus || create --name EnrollmentStatus --type Keyword
has PastDueSince || create --name PastDueSince --type Datetime
has WaitsFor || create --name WaitsFor --type KeywordList
echo "Namespace $TEMPORAL_NAMESPACE is ready."
