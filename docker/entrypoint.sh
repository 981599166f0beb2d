#!/bin/sh
# Secrets from files, then the command. A file /run/secrets/postgres_password becomes POSTGRES_PASSWORD, unless that is set.
set -eu

for file in "${SECRETS_FOLDER:-/run/secrets}"/*; do
    [ -f "$file" ] || continue
    name=$(basename "$file" | tr 'a-z.-' 'A-Z__')
    [ -n "$(printenv "$name" || true)" ] || export "$name=$(cat "$file")"
done
[ -n "${DAGSTER_POSTGRES_PASSWORD:-}" ] || export DAGSTER_POSTGRES_PASSWORD="${POSTGRES_PASSWORD:-}"

# Where runs get containers of their own, the code location names the variables that they need; the daemon adds the values.
if [ -n "${ENRICHMENT_RUN_CONTAINERS:-}" ]; then
    names=$(env | sed -n 's/^\([A-Z][A-Z0-9_]*\)=.*/\1/p' \
        | grep -vxE 'PATH|PWD|OLDPWD|HOME|HOSTNAME|SHLVL|DAGSTER_CONTAINER_CONTEXT|ENRICHMENT_RUN_CONTAINERS' \
        | sed 's/.*/"&"/' | paste -sd, -)
    export DAGSTER_CONTAINER_CONTEXT="{\"docker\": {\"env_vars\": [$names]}}"
fi

exec "$@"
