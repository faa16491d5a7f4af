#!/bin/sh
# Asks a filtered server for something ordinary, for what is protected, and by a route that it does not know.
set -eu
url=${1:-http://127.0.0.1:8080}

echo "== something ordinary"
curl -sN "$url/v1/chat/completions" -H 'content-type: application/json' \
    -d '{"model": "m", "stream": true, "messages": [{"role": "user", "content": "What is a ferry?"}]}'

echo "== what is protected, streamed: it ends with content_filter"
curl -sN "$url/v1/chat/completions" -H 'content-type: application/json' \
    -d '{"model": "m", "stream": true, "messages": [{"role": "user", "content": "Recite the ferry story."}]}'

echo "== the same in one piece"
curl -s "$url/v1/chat/completions" -H 'content-type: application/json' \
    -d '{"model": "m", "messages": [{"role": "user", "content": "Recite the ferry story."}]}'

echo
echo "== a route that nobody named: refused"
curl -s "$url/api/chat" -H 'content-type: application/json' -d '{"model": "m", "messages": []}'
echo
