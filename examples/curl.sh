#!/bin/sh
# The HTTP API in curl, step by step. Start a server with `npm start`, then, elsewhere:
#
#     sh examples/curl.sh
#     BASE_URL=http://localhost:3000 sh examples/curl.sh   # another server, in open mode
#
# Shows what it asks and what comes back, and ends with an error where that isn't as told here.
set -eu

api="${BASE_URL:-http://localhost:5000}/api/sync"
# A name that nobody else has, so that nobody else's messages come between.
user="curl-$$"
# What a server without an `authenticate` of its own believes; an admin may publish to others.
token="dev:$user:admin"
answer=''

step() {
  printf '\n# %s\n' "$1"
}

# Asks by curl with these arguments, and keeps the answer, with its status in a last line.
ask() {
  printf '$ curl'
  for part in -H "Authorization: Bearer $token" "$@"; do
    case $part in
      *[!A-Za-z0-9:/._=-]*) printf " '%s'" "$part" ;;
      *) printf ' %s' "$part" ;;
    esac
  done
  answer=$(curl -sS -m 30 -H "Authorization: Bearer $token" -w 'HTTP %{http_code}' "$@")
  printf '\n%s\n' "$answer"
}

post() {
  ask -H 'Content-Type: application/json' "$@"
}

# Ends here unless the answer has all of these in it, in this order.
expect() {
  rest=$answer
  for part in "$@"; do
    case $rest in
      *"$part"*) rest=${rest#*"$part"} ;;
      *)
        printf 'This is not as told: there is no %s\n' "$part" >&2
        exit 1
        ;;
    esac
  done
}

# The cursor that an answer ends with.
cursor_of_answer() {
  printf '%s\n' "$answer" | sed -n 's/.*"cursor":"\([^"]*\)".*/\1/p'
}

step 'Where does the log stand? The cursor is a position in it: keep it.'
ask "$api/poll?since=now"
expect '"messages":[]' '"cursor":' 'HTTP 200'
cursor=$(cursor_of_answer)

step 'Send a message to yourself. 201: the log has it.'
post "$api/send" -d '{"type":"order.created","payload":{"id":7}}'
expect '"messageId":' '"duplicate":false' 'HTTP 201'

step 'Send one to everyone. "recipients" counts the connections that are open now.'
post "$api/broadcast" -d '{"type":"system.announcement","payload":{"message":"Lunch"}}'
expect '"recipients":' 'HTTP 201'

step 'Read on from your cursor: both are there, in order.'
ask "$api/poll?since=$cursor"
expect '"type":"order.created"' '"type":"system.announcement"' '"resync":false'
cursor=$(cursor_of_answer)

step 'Hand back the cursor that came with them: nothing is repeated.'
ask "$api/poll?since=$cursor"
expect '"messages":[]' '"resync":false'

step 'Long-poll: held until there is something, which is in a second.'
(
  sleep 1
  curl -sS -o /dev/null -H "Authorization: Bearer $token" -H 'Content-Type: application/json' \
    -d '{"type":"order.ready","payload":{"id":7}}' "$api/send"
) &
ask "$api/poll?since=$cursor&wait=20"
wait
expect '"type":"order.ready"'

step 'The same as Server-Sent Events. It would go on; -m 1 ends it after a second.'
ask -N -m 1 "$api/stream?since=$cursor" 2>/dev/null || true
expect 'event: connected' 'event: message' '"type":"order.ready"'
ask "$api/poll?since=$cursor"
cursor=$(cursor_of_answer)

step 'Tell all that is connected as you to fetch its state anew …'
ask -X POST "$api/force"
expect '"recipients":0' 'HTTP 202'

step '… and whoever was away is told when it comes back: "resync", with the reason.'
ask "$api/poll?since=$cursor"
expect '"resync":true' '"reason":"forced"'

step 'A retry with the same Idempotency-Key publishes nothing again …'
post "$api/send" -H "Idempotency-Key: $user" -d '{"type":"order.paid"}'
expect '"duplicate":false' 'HTTP 201'
post "$api/send" -H "Idempotency-Key: $user" -d '{"type":"order.paid"}'
expect '"duplicate":true' 'HTTP 200'

step '… and the key can not be used for something else.'
post "$api/send" -H "Idempotency-Key: $user" -d '{"type":"order.cancelled"}'
expect '"code":"idempotency_conflict"' 'HTTP 422'

step 'Errors have a code, and say what would be right.'
post "$api/send" -d '{"type":"7 orders"}'
expect '"code":"invalid_message"' '"path":"type"' 'HTTP 400'

step 'Without the role admin, others are out of reach.'
token="dev:$user"
post "$api/broadcast" -d '{"type":"system.announcement"}'
expect '"code":"forbidden"' 'HTTP 403'

printf '\nAll of it was as told.\n'
