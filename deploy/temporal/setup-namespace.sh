#!/bin/sh
# Makes the Namespace and the search attribute that enrollments are found by. Safe to run again. When it fails, e.g.
# because the server is still starting, compose runs it again.
set -eu
if ! temporal operator namespace describe --namespace "$TEMPORAL_NAMESPACE" > /dev/null 2>&1; then
  temporal operator namespace create --namespace "$TEMPORAL_NAMESPACE" --retention "$RETENTION"
fi
if ! temporal operator search-attribute list --namespace "$TEMPORAL_NAMESPACE" | grep -qw EnrollmentStatus; then
  temporal operator search-attribute create --namespace "$TEMPORAL_NAMESPACE" \
    --name EnrollmentStatus --type Keyword
fi
echo "Namespace $TEMPORAL_NAMESPACE is ready."
