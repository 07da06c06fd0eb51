#!/bin/sh
# Check what lies here with the programs that will read it, where they are installed. Nothing is installed or changed.
# Exits with 1 if a check failed; a program that is not there is told and passed over.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0

told() { printf '%-8s %s\n' "$1" "$2"; }
check() { # name, command...
    name=$1; shift
    if "$@" >"$work/said" 2>&1; then told ok "$name"; else told FAILED "$name"; sed 's/^/    /' "$work/said"; failed=1; fi
}

# The unit, with programs and files that this machine has in the places of those that it may not have.
unit=$work/music-integrated-system.service
sed -e "s#^ExecStart=.*#ExecStart=$(command -v true)#" -e 's#^EnvironmentFile=.*##' -e "s#^User=.*#User=$(id -un)#" \
    -e "s#^Group=.*#Group=$(id -gn)#" -e 's#^WorkingDirectory=.*#WorkingDirectory=/#' -e 's#^Documentation=.*##' \
    "$here/music-integrated-system.service" > "$unit"
if command -v systemd-analyze >/dev/null; then
    check "systemd-analyze verify" sh -c 'said=$(systemd-analyze verify --man=no "$1" 2>&1) || { echo "$said"; exit 1; }
        if echo "$said" | grep -q "$(basename "$1")"; then echo "$said"; exit 1; fi' sh "$unit"
else
    told skipped "systemd-analyze is not installed"
fi

# The site, with a certificate made here and folders that may be written.
if command -v nginx >/dev/null && command -v openssl >/dev/null; then
    openssl req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=music.example.org \
        -keyout "$work/key.pem" -out "$work/cert.pem" >/dev/null 2>&1
    sed -e "s#/etc/letsencrypt/live/music.example.org/fullchain.pem#$work/cert.pem#" \
        -e "s#/etc/letsencrypt/live/music.example.org/privkey.pem#$work/key.pem#" \
        -e "s#/etc/nginx/music-integrated-system-proxy.conf#$here/nginx-proxy.conf#" \
        -e "s#/var/log/nginx/#$work/#" "$here/nginx.conf" > "$work/site.conf"
    printf 'pid %s/pid;\nerror_log %s/error.log;\nevents {}\nhttp { include %s/site.conf; }\n' \
        "$work" "$work" "$work" > "$work/nginx.conf"
    check "nginx -t" nginx -t -q -c "$work/nginx.conf" -p "$work"
else
    told skipped "nginx or openssl is not installed"
fi

# Debug mode reads the whole file and rotates nothing.
if command -v logrotate >/dev/null; then
    sed -e 's/^\( *su\) .*/\1 root root/' -e 's/music music/root root/' -e 's/www-data adm/root root/' \
        "$here/logrotate.conf" > "$work/logrotate.conf"
    chmod 600 "$work/logrotate.conf"
    check "logrotate -d" sh -c 'said=$(logrotate -d -s /dev/null "$1" 2>&1); ! echo "$said" | grep -i "^error" || exit 1' \
        sh "$work/logrotate.conf"
else
    told skipped "logrotate is not installed"
fi

if command -v docker >/dev/null && docker compose version >/dev/null 2>&1; then
    check "docker compose config" docker compose -f "$here/compose.yaml" --env-file "$here/compose.env.example" config -q
else
    told skipped "docker compose is not installed"
fi
exit $failed
