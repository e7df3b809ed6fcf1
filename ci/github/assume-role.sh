#!/usr/bin/env bash
# Writes the job's identity to where AWS' SDKs look for it (AWS_WEB_IDENTITY_TOKEN_FILE): the role is taken by
# every program itself, for as long as it needs it, and no key is stored anywhere.
set -euo pipefail
umask 077
curl --fail --silent --show-error --max-time 30 \
  --header "Authorization: bearer $ACTIONS_ID_TOKEN_REQUEST_TOKEN" \
  "$ACTIONS_ID_TOKEN_REQUEST_URL&audience=sts.amazonaws.com" |
  node -e 'process.stdin.once("data", (text) => process.stdout.write(JSON.parse(text).value))' > "$RUNNER_TEMP/identity"
test -s "$RUNNER_TEMP/identity"
