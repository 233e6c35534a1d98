#!/usr/bin/env bash
# Starts simlb in a network of its own, where it has ports 80, 443 and 53, and runs a command there: names and ports are
# as on AWS, and every program finds the names of the hosted zones. Linux only. Both end with the command.
#
#   ./own-network.sh ./tutorial.sh
#   ./own-network.sh bash
set -euo pipefail
cd "$(dirname "$0")"

if [[ -z ${OWN_NETWORK:-} ]]; then
  OWN_NETWORK=yes exec unshare --map-root-user --net --mount -- ./own-network.sh "$@"
fi
folder=$(mktemp -d)
ip link set lo up
echo "nameserver 127.0.0.1" >"$folder/resolv.conf"
mount --bind "$folder/resolv.conf" /etc/resolv.conf # programs in here ask simlb's DNS server

simlb up --dns-port 53 >"$folder/simlb.txt" 2>&1 &
end() {
  kill $! 2>/dev/null || true
  wait $! || cat "$folder/simlb.txt" # what it said, unless all went well
  umount /etc/resolv.conf
  rm -r "$folder"
}
trap end EXIT
until grep -qs "Try in another terminal" "$folder/simlb.txt"; do
  kill -0 $! 2>/dev/null # stops here when simlb has ended
  sleep 0.1
done
"$@"
