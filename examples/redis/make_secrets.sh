#!/bin/sh
# make_secrets.sh FOLDER [TENANT]: passwords of a reader, an indexer and Redis' operator, their rules, a key for the index.
set -eu
folder=$1 tenant=${2:-acme}
rules=$(dirname "$0")/users.acl

# Closed to others on this host; the files inside are readable, for containers run as users of their own.
mkdir -m 700 "$folder"
umask 022
random() { head -c 32 /dev/urandom | od -An -v -tx1 | tr -d ' \n'; }

for user in reader indexer operator; do
  random >"$folder/${user}_password"
done
echo "$(random)" >"$folder/protected_key"

# Redis is told a hash of each password, never the password.
sed -e "s/:acme:/:$tenant:/g" "$rules" |
  while read -r user name rest; do
    if [ -f "$folder/${name}_password" ]; then
      rest="$rest #$(sha256sum <"$folder/${name}_password" | cut -d ' ' -f 1)"
    fi
    echo "$user $name $rest"
  done >"$folder/users.acl"
echo "$folder: passwords of reader, indexer and operator, users.acl, protected_key (keep a copy of it elsewhere)"
