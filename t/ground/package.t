#!/usr/bin/env bash
#
# The Debian package: installed, switched on, upgraded, removed, installed
# again and purged, by dpkg and with a real nginx, in a scratch root: an overlay
# over this machine's own, with processes and a network of its own.

set -u
cd "$(dirname "$0")/../.." || exit 1

n=0
ok()        # name, command...
{
    local name=$1 out

    shift
    n=$((n + 1))
    if out=$("$@" 2>&1); then
        echo "ok $n - $name"
    else
        echo "not ok $n - $name"
        echo "#   $*" | head -3
        echo "$out" | tail -12 | sed 's/^/#   /'
    fi
}

not()
{
    ! "$@"
}

# A need is missing.  Root has all that this test needs, or the machine is not
# one to prove a package on: a failure.  Others are told that it did not run.
lack()
{
    if [ "$(id -u)" = 0 ]; then
        echo "not ok 1 - $*"
        echo "1..1"
        exit 1
    fi

    echo "# not run: $*; run it as root" >&2
    echo "1..0 # SKIP $*"
    exit 0
}

wait_until()
{
    local _

    for _ in $(seq 100); do
        "$@" >/dev/null 2>&1 && return 0
        sleep 0.1
    done
    return 1
}


# ---------------------------------------------------- inside the scratch root

master()    { cat /run/nginx.pid; }
runs()      { kill -0 "$(master)"; }
gone()      { [ ! -d "/proc/$1" ]; }
restarted() { [ "$(master)" != "$1" ] && wait_until gone "$1" && runs; }
loaded()    { grep -q ngx_postern_module.so "/proc/$(master)/maps"; }
quiet()     { ! grep -E '\[(alert|crit|emerg)\]' /var/log/nginx/error.log; }
said()      { grep -q "$1" /tmp/dpkg.log; }
dpkg_do()   { dpkg "$@" > /tmp/dpkg.log 2>&1 || { cat /tmp/dpkg.log; false; }; }
stores()    { pgrep -u postern >/dev/null; }

greets()
{
    local line

    exec 3<>"/dev/tcp/127.0.0.1/$1" || return 1
    IFS= read -r -t 5 -u 3 line
    exec 3>&-
    case $line in
        "$2"*) return 0 ;;
    esac
    echo "got: $line"
    return 1
}

signs_in()
{
    curl -s -k -u alice@example.test:secret imaps://127.0.0.1/INBOX >/dev/null
}

inside()
{
    local enabled=/etc/nginx/modules-enabled pid

    ip link set lo up
    rm -f /usr/sbin/policy-rc.d /run/nginx.pid /var/log/nginx/error.log

    # invoke-rc.d acts only where the machine is up.
    rm -f /usr/sbin/runlevel /sbin/runlevel
    printf '#!/bin/sh\necho N 2\n' > /usr/sbin/runlevel
    chmod 755 /usr/sbin/runlevel
    rm -rf /var/lib/postern /etc/postern /var/log/postern "$enabled"/*postern* \
        /etc/nginx/postern-removed
    userdel postern 2>/dev/null

    /etc/init.d/nginx start >/dev/null 2>&1
    ok 'nginx runs' wait_until runs
    pid=$(master)

    ok 'installs' dpkg_do -i /tmp/postern-1.deb
    ok 'nginx was restarted' restarted "$pid"
    ok 'has the modules loaded' loaded
    ok 'no port was opened' not greets 143 ''
    ok 'user postern exists' getent passwd postern
    ok 'ROOT belongs to postern alone' \
        test "$(stat -c '%U %a' /var/lib/postern)" = 'postern 700'
    ok 'the enabling link is there' test -L "$enabled/60-mod-postern.conf"
    ok 'a certificate was made' test -s /etc/postern/tls.crt

    # README.Debian, as it says.
    ln -s /etc/nginx/postern/postern.conf "$enabled/80-postern.conf"
    ln -s /etc/nginx/postern/stream.conf "$enabled/81-postern-stream.conf"
    ln -s /etc/nginx/postern/http.conf /etc/nginx/sites-enabled/postern.conf
    rm -f /etc/nginx/sites-enabled/default
    ok 'domain add' postern --root /var/lib/postern domain add example.test
    ok 'user add' sh -c 'echo secret | postern --root /var/lib/postern \
        user add alice@example.test --password-stdin'
    ok 'nginx -t with all of conf/' nginx -t
    ok 'restart' invoke-rc.d nginx restart
    ok 'IMAP greets' wait_until greets 143 '* OK'
    ok 'SMTP greets' wait_until greets 25 '220 '
    ok 'sign-in' wait_until signs_in
    ok 'status' sh -c 'curl -s http://127.0.0.1/postern/status | grep -q jobs'
    ok 'the store is user postern' stores
    ok 'nothing of ROOT for nginx workers' \
        not setpriv --reuid=www-data --clear-groups ls /var/lib/postern

    echo '# changed' >> /etc/nginx/postern/postern.conf
    pid=$(master)
    ok 'upgrades' dpkg_do --force-confold -i /tmp/postern-2.deb
    ok 'the upgrade restarted nginx' restarted "$pid"
    ok 'IMAP greets after it' wait_until greets 143 '* OK'
    ok 'sign-in after it' wait_until signs_in
    ok 'a changed file of conf/ stayed' \
        grep -q changed /etc/nginx/postern/postern.conf

    pid=$(master)
    ok 'is removed' dpkg_do -r postern
    ok 'nginx goes on without it' restarted "$pid"
    ok 'no module is loaded' not loaded
    ok 'no process of the store is left' wait_until not stores
    ok 'mail is there' test -d /var/lib/postern

    ok 'installs again' dpkg_do -i /tmp/postern-2.deb
    ok 'and serves what it served' wait_until signs_in

    # An administrator who took the link away is not overruled.
    rm "$enabled"/8?-postern*.conf "$enabled/60-mod-postern.conf"
    ok 'installs over itself' dpkg_do -i /tmp/postern-2.deb
    ok 'a link that was removed by hand stays so' \
        test ! -e "$enabled/60-mod-postern.conf"

    ok 'is purged' dpkg_do --purge postern
    ok 'purge says that mail is kept' said 'mail in /var/lib/postern is kept'
    ok 'mail is kept' test -s /var/lib/postern/directory.sqlite
    ok 'no link is left' not ls "$enabled"/*postern* /etc/nginx/postern-removed
    ok 'no log is left' test ! -e /var/log/postern
    ok 'nginx runs still' runs
    ok 'no alert in the error log' quiet

    echo "1..$n"
}

if [ "${1:-}" = inside ]; then
    inside
    exit 0
fi


# ----------------------------------------------------------------- outside

[ "$(id -u)" = 0 ] || lack 'a scratch root needs root'

tmp=$(mktemp -d)
trap 'rm -rf "$tmp" "$tmp.err"' EXIT

unshare -mpnf --propagation private sh -c '
    cd "$1" && mount -t tmpfs none . && cd "$1" && mkdir u w m \
    && mount -t overlay overlay -o lowerdir=/,upperdir=u,workdir=w m' \
    sh "$tmp" 2>"$tmp.err" || {
    sed 's/^/# /' "$tmp.err"
    lack 'a scratch root: no namespaces or overlay mounts on this machine'
}

for v in 1 2; do
    deb=$(POSTERN_VERSION=0.0.$v POSTERN_OBJS=${POSTERN_PLAIN_OBJS:-objs} \
        ./build.sh package 2>"$tmp/err" | tail -1)
    if [ ! -f "$deb" ]; then
        echo "not ok 1 - ./build.sh package"
        sed 's/^/# /' "$tmp/err"
        echo "1..1"
        exit 1
    fi
    cp "$deb" "$tmp/postern-$v.deb"
done

# shellcheck disable=SC2016
unshare -mpnf --propagation private bash -c '
    mkdir "$1/o" && cd "$1/o" && mount -t tmpfs none . && cd "$1/o" && mkdir u w m \
    && mount -t overlay overlay -o lowerdir=/,upperdir=u,workdir=w m \
    && mount -t proc proc m/proc && mount --rbind /dev m/dev \
    && mount -t tmpfs none m/run && mount -t tmpfs none m/tmp \
    && mkdir m/run/lock && chmod 1777 m/tmp \
    && cp "$1"/postern-?.deb "$2" m/tmp/ \
    && exec chroot m bash /tmp/package.t inside' \
    bash "$tmp" "$(realpath t/ground/package.t)"
