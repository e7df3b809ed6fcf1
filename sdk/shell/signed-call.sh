#!/usr/bin/env bash
# One signed call with curl and openssl:
#
#   DS_ACCESS_KEY=AK… DS_SECRET_KEY=… ./signed-call.sh POST https://host/v1/chat/complete body.json
#
# The body file may be "-" for standard input, or left out. Arguments after it go to curl (--cacert FILE).
set -euo pipefail
method=$1 url=$2 body=${3:-/dev/null}
shift $(($# < 3 ? $# : 3))

# The answer of openssl, without the name of what was read.
sha256() { openssl dgst -sha256 -r | cut -d' ' -f1; }

# HMAC-SHA256 by its definition (RFC 2104), hex: `openssl dgst -hmac KEY` would show the key to everybody
# who lists the machine's processes; printf is the shell's own and shows nothing. Keys over 64 bytes are not made.
hmac() {
  local inner='' outer='' byte index
  for ((index = 0; index < 64; index++)); do
    byte=0
    if ((index < ${#1})); then byte=$(LC_ALL=C printf '%d' "'${1:index:1}"); fi
    inner+=$(printf '\\x%02x' $((byte ^ 0x36)))
    outer+=$(printf '\\x%02x' $((byte ^ 0x5c)))
  done
  local first
  first=$( (printf '%b' "$inner" && printf '%s' "$2") | sha256 | sed 's/../\\x&/g')
  printf '%b' "$outer$first" | sha256
}

bytes=$(mktemp)
trap 'rm -f "$bytes"' EXIT
cat -- "$body" >"$bytes"

# What is signed: the path with its query as it is sent, without scheme and host.
rest=${url#*://}
path=/${rest#*/}
if [[ $rest != */* ]]; then path=/; fi
timestamp=$(date +%s)
nonce=$(openssl rand -hex 16)
text=$(printf '%s\n%s\n%s\n%s\n%s' "$method" "$path" "$timestamp" "$nonce" "$(sha256 <"$bytes")")

curl --silent --show-error --no-buffer --request "$method" "$url" "$@" \
  --header 'Content-Type: application/json' \
  --header "X-DS-AccessKey: $DS_ACCESS_KEY" \
  --header "X-DS-Timestamp: $timestamp" \
  --header "X-DS-Nonce: $nonce" \
  --header "X-DS-Signature: $(hmac "$DS_SECRET_KEY" "$text")" \
  $([[ -s $bytes ]] && printf '%s %s' --data-binary "@$bytes")
