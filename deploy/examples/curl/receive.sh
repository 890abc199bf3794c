#!/usr/bin/env bash
# A core system's receiver of callbacks in bash, openssl and curl: one HTTP request on standard input, its answer on
# standard output, as inetd, a systemd socket (`Accept=yes`) or socat start it:
#
#   export CALLBACK_SECRETS='whsec_...' GATEWAY_URL=http://127.0.0.1:8090/api/v1 GATEWAY_KEY=bhk_... INBOX=/var/lib/inbox
#   socat TCP-LISTEN:9000,reuseaddr,fork EXEC:./receive.sh
#
# CALLBACK_SECRETS has one secret, or two with a space between them while they are changed. It shows every step, and suits
# a trial: the secret is an argument of openssl, which other users of the machine can see.
set -euo pipefail

TOLERANCE=300 # seconds, as Standard Webhooks say
LONGEST=1048576

answer() { printf 'HTTP/1.1 %s\r\ncontent-length: 0\r\nconnection: close\r\n\r\n' "$1"; }
refuse() { answer "$1"; printf 'refused: %s\n' "$2" >&2; exit 0; }

folder=$(mktemp -d)
trap 'rm -rf -- "$folder"' EXIT

# The request's head; names of headers may be written in any case.
id='' sent='' signatures='' length=''
IFS= read -r request || exit 0
while IFS= read -r line && line=${line%$'\r'} && [[ -n $line ]]; do
    value=${line#*:} value=${value# }
    case ${line%%:*} in
        [Ww][Ee][Bb][Hh][Oo][Oo][Kk]-[Ii][Dd]) id=$value ;;
        [Ww][Ee][Bb][Hh][Oo][Oo][Kk]-[Tt][Ii][Mm][Ee][Ss][Tt][Aa][Mm][Pp]) sent=$value ;;
        [Ww][Ee][Bb][Hh][Oo][Oo][Kk]-[Ss][Ii][Gg][Nn][Aa][Tt][Uu][Rr][Ee]) signatures=$value ;;
        [Cc][Oo][Nn][Tt][Ee][Nn][Tt]-[Ll][Ee][Nn][Gg][Tt][Hh]) length=$value ;;
    esac
done
[[ $request == POST\ * ]] || refuse '405 Method Not Allowed' 'not a POST'
[[ $length =~ ^[0-9]{1,7}$ ]] && ((10#$length <= LONGEST)) || refuse '413 Content Too Large' 'no length, or too long'
# The id becomes the name of a file.
[[ $id =~ ^[A-Za-z0-9_-]{1,64}$ && $sent =~ ^[0-9]{1,12}$ ]] || refuse '401 Unauthorized' 'no id or no time'
head -c "$length" >"$folder/body"

age=$(($(date +%s) - 10#$sent))
((age <= TOLERANCE && age >= -TOLERANCE)) || refuse '401 Unauthorized' 'too old or too new'

# HMAC-SHA256 of what stands in a file under a key in hexadecimal digits.
hmac() { openssl dgst -sha256 -mac HMAC -macopt "hexkey:$1" -binary "$2" | openssl base64 -A; }
{ printf '%s.%s.' "$id" "$sent"; cat "$folder/body"; } >"$folder/signed"
# Comparing codes of both texts under a key of the moment tells nobody by its time where the texts differ.
moment=$(openssl rand -hex 32)
blind() { printf '%s' "$1" | openssl dgst -sha256 -mac HMAC -macopt "hexkey:$moment" -r; }
genuine=no
for secret in $CALLBACK_SECRETS; do
    key=$(printf '%s' "${secret#whsec_}" | openssl base64 -d -A | od -An -v -tx1 | tr -d ' \n')
    expected=$(blind "v1,$(hmac "$key" "$folder/signed")")
    for signature in $signatures; do
        [[ $(blind "$signature") == "$expected" ]] && genuine=yes
    done
done
[[ $genuine == yes ]] || refuse '401 Unauthorized' 'not signed with our secret'

# What is answered with 204 never comes again of itself, so it is on the disk first. A second time is no news.
mkdir -p -- "$INBOX"
if ! mkdir -- "$INBOX/$id" 2>/dev/null; then
    # Unless the first one was interrupted in between.
    [[ -e $INBOX/$id/body ]] && { answer '204 No Content'; exit 0; }
fi
cp -- "$folder/body" "$INBOX/$id/new" && mv -- "$INBOX/$id/new" "$INBOX/$id/body"
answer '204 No Content'
exec >&2 </dev/null

# The rest is work: what fails here has to be begun anew from the inbox, by a timer for instance.
field() { sed -n "s/.*\"$1\":\"\\([^\"]*\\)\".*/\\1/p" "$INBOX/$id/body"; }
call() { curl --silent --show-error --fail-with-body --max-time 30 --header "authorization: Bearer $GATEWAY_KEY" "$@"; }
kind=$(field type) guarantee=$(field guarantee_id)
printf 'received %s %s\n' "$kind" "$guarantee"
if [[ $kind == application.received || $kind == application.replaced ]]; then
    call --dump-header "$folder/head" "$GATEWAY_URL/guarantees/$guarantee" >"$INBOX/$id/guarantee"
    version=$(sed -n 's/^[Ee][Tt][Aa][Gg]: *//p' "$folder/head" | tr -d '\r')
    # The same key however often this callback is worked on, and the version that was looked at.
    call --request POST --header "idempotency-key: approval-$id" --header "if-match: $version" \
        --header 'content-type: application/json' --data '{}' "$GATEWAY_URL/guarantees/$guarantee/approval" >"$INBOX/$id/answer"
    printf 'approved %s\n' "$guarantee"
fi
touch -- "$INBOX/$id/done"
