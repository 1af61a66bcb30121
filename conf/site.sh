# shellcheck shell=bash
#
# Sites of `./build.sh run` and `stop`: sourced by build.sh.
#
# A site is a directory: nginx.conf and the files of conf/ with the site's
# ports, postern/ (ROOT), logs/, tls.crt, nginx.pid.  It stays as it is from
# run to run; removing the directory removes the site.


site_dir=""
site_base=10000
site_user=""            # of the store; empty: everything runs as we do
site_password=secret
site_users="alice bob carol"


# The port that stands for a usual one.
site_port()
{
    echo $((site_base + $1))
}


site_pid()
{
    local pid

    pid=$(cat "$site_dir/nginx.pid" 2>/dev/null) || return 1
    [ -n "$pid" ] && kill -0 "$pid" 2>/dev/null || return 1
    grep -q nginx "/proc/$pid/comm" 2>/dev/null || return 1
    echo "$pid"
}


# $1: a process; prints it and all below it.
site_family()
{
    local pid

    echo "$1"
    for pid in $(cat /proc/"$1"/task/*/children 2>/dev/null); do
        site_family "$pid"
    done
}


site_absolute()
{
    case $site_dir in
        /*) ;;
        *)  site_dir=$PWD/$site_dir ;;
    esac
}


# As root the store is user postern, who has to get through to its ROOT.  A
# clone below /root does not let it: such a site lives in /var/lib instead,
# with a link where it was asked for.
site_place()
{
    local parent real

    mkdir -p "$(dirname "$site_dir")"
    parent=$(cd "$(dirname "$site_dir")" && pwd)

    if [ -n "$site_user" ] && [ ! -e "$site_dir" ] \
        && ! setpriv --reuid="$site_user" --regid="$site_user" --clear-groups \
            test -x "$parent"
    then
        real=/var/lib/postern-sites/$(echo "$site_dir" | cksum | cut -d' ' -f1)
        mkdir -p "$real"
        ln -sfn "$real" "$site_dir"
        echo "user $site_user cannot reach $parent: the site is in $real"
    fi

    mkdir -p "$site_dir/logs" "$site_dir/tmp"
    chmod 755 "$site_dir" "$site_dir/logs" "$site_dir/tmp"
    site_dir=$(cd "$site_dir" && pwd -P)
}


site_certificate()
{
    [ ! -f "$site_dir/tls.crt" ] || return 0

    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
        -days 3650 -subj /CN=mail.example.test \
        -addext subjectAltName=DNS:mail.example.test,DNS:localhost,IP:127.0.0.1 \
        -keyout "$site_dir/tls.key" -out "$site_dir/tls.crt" 2>/dev/null \
        || die "openssl could not make a certificate"
    chmod 600 "$site_dir/tls.key"
}


# $1: a file of conf/.  Its ports, paths and user become the site's.
site_expand()
{
    local user="" store="" out files

    out=$(cd "$(out_of "$flavour")" && pwd)
    if [ -n "$site_user" ]; then
        user="user www-data;"
        store="user      $site_user;"
    fi

    # No more than this machine allows.
    files=$(ulimit -Hn)
    [ "$files" != unlimited ] && [ "$files" -lt 65536 ] || files=65536

    # listen 143; and listen 127.0.0.1:24; alike.
    perl -pe '
        BEGIN { ($base, $dir, $objs, $user, $store, $files)
                    = splice @ARGV, 0, 6 }
        s/listen\s+(?:127\.0\.0\.1:)?(\d+)/"listen 127.0.0.1:" . ($base + $1)/e;
        s{/etc/postern/tls}{$dir/tls};
        s{/var/lib/postern;}{$dir/postern;};
        s{/var/log/postern/}{$dir/logs/};
        s{^(\s*)user\s+postern;}{$1$store};
        s{hostname\s+localhost}{hostname  mail.example.test};
        s{^USER$}{$user};
        s{65536}{$files};
        s{16384}{$files < 32768 ? int($files / 2) : 16384}e;
        s{include postern/([\w-]+\.conf);}{include $dir/$1;};
        s{\bMODULES/}{/usr/lib/nginx/modules/};
        s{\bOBJS/}{$objs/}; s{\bDIR/}{$dir/};
    ' "$site_base" "$site_dir" "$out" "$user" "$store" \
        "$files" "$1"
}


# The configuration is made anew with each start, so that it always fits the
# modules; what is added by hand belongs into DIR/local.conf (main level).
site_conf()
{
    local f

    for f in postern stream stream-servers http http-limits; do
        site_expand "conf/$f.conf" > "$site_dir/$f.conf"
    done

    {
        site_expand conf/site.conf
        [ ! -f "$site_dir/local.conf" ] || echo "include $site_dir/local.conf;"
    } > "$site_dir/nginx.conf"

    echo "$site_base" > "$site_dir/port-base"
}


site_cli()
{
    "$(out_of "$flavour")/postern" --root "$site_dir/postern" "$@"
}


# The domain and its users; the server does not run yet.
site_directory()
{
    local name

    mkdir -m 700 "$site_dir/postern"
    [ -z "$site_user" ] || chown "$site_user:" "$site_dir/postern"

    site_cli domain add example.test >/dev/null \
        || die "postern domain add failed"
    for name in $site_users; do
        echo "$site_password" \
            | site_cli user add "$name@example.test" --password-stdin \
                >/dev/null || die "postern user add failed"
    done
}


# Mail goes in as mail does: by SMTP, through the queue, to the mailbox.
site_sample()
{
    local f name n=0 got

    for f in conf/sample/*.eml; do
        n=$((n + 1))
        for name in $site_users; do
            curl -s --crlf --url "smtp://127.0.0.1:$(site_port 25)/localhost" \
                --mail-from "postmaster@example.test" \
                --mail-rcpt "$name@example.test" -T "$f" \
                || die "SMTP refused $f for $name (curl: $?)"
        done
    done

    for name in $site_users; do
        for _ in $(seq 100); do
            got=$(curl -s -k -u "$name@example.test:$site_password" \
                "imaps://127.0.0.1:$(site_port 993)/" \
                -X "STATUS INBOX (MESSAGES)" \
                | sed -n 's/.*MESSAGES \([0-9]*\).*/\1/p')
            [ "${got:-0}" -lt "$n" ] || break
            sleep 0.1
        done
        [ "${got:-0}" -ge "$n" ] \
            || die "${got:-0} of $n sample messages reached $name"
    done
}


# Until the server on a port greets with $2; the stores are up then.
site_wait()
{
    local port=$1 want=$2 line _

    for _ in $(seq 150); do
        line=$( (exec 3<>"/dev/tcp/127.0.0.1/$port" \
                 && IFS= read -r -t 5 -u 3 line && echo "$line") 2>/dev/null \
               || true)
        case $line in
            "$want"*) return 0 ;;
        esac
        sleep 0.1
    done

    tail -n 20 "$site_dir/logs/error.log" "$site_dir/logs/postern.log" >&2
    die "no greeting on port $port"
}


site_print()
{
    cat <<END

postern runs in $site_dir (pid $(site_pid || echo none))

  IMAP         imap://127.0.0.1:$(site_port 143)     STARTTLS
               imaps://127.0.0.1:$(site_port 993)
  submission   smtp://127.0.0.1:$(site_port 587)     STARTTLS
               smtps://127.0.0.1:$(site_port 465)
  SMTP         smtp://127.0.0.1:$(site_port 25)      for example.test
  LMTP         127.0.0.1:$(site_port 24)
  web          http://127.0.0.1:$(site_port 80)/  https://127.0.0.1:$(site_port 443)/

  logins       $(for n in $site_users; do printf '%s@example.test ' "$n"; done)
  password     $site_password

  curl -k -u alice@example.test:$site_password imaps://127.0.0.1:$(site_port 993)/INBOX

END

    if [ -n "$site_user" ]; then
        echo "nginx workers are user www-data, the store is user $site_user."
    else
        echo "Not root: everything runs as user $(id -un), so nginx workers" \
             "could read the mail."
    fi
}


cmd_run()
{
    local detach=0 empty=0 new=0 base="" pid

    site_dir=run
    while [ $# -gt 0 ]; do
        case $1 in
            --dir)       site_dir=${2:?--dir DIR}; shift ;;
            --port-base) base=${2:?--port-base N}; shift ;;
            --detach)    detach=1 ;;
            --empty)     empty=1 ;;
            *)           usage >&2; exit 2 ;;
        esac
        shift
    done

    # shellcheck disable=SC2086
    need $need_build $need_run
    build_product
    make_user
    [ "$(id -u)" != 0 ] || site_user=postern

    site_absolute
    site_place
    [ -z "$base" ] && base=$(cat "$site_dir/port-base" 2>/dev/null || true)
    [ -z "$base" ] || site_base=$base
    [[ $site_base =~ ^[0-9]+$ ]] && [ "$site_base" -le 60000 ] \
        || die "--port-base is a number up to 60000"

    if site_pid >/dev/null; then
        echo "it runs already:"
        site_print
        return 0
    fi

    site_certificate
    site_conf
    if [ ! -d "$site_dir/postern" ]; then
        new=1
        site_directory
    fi

    sanitizer_env
    "$(out_of "$flavour")/bin/nginx" -p "$site_dir" -c "$site_dir/nginx.conf" \
        -e "$site_dir/logs/error.log" \
        || die "nginx does not start; see $site_dir/logs/error.log"

    site_wait "$(site_port 143)" "* OK"
    site_wait "$(site_port 25)" "220 "
    [ $new = 0 ] || [ $empty = 1 ] || site_sample
    site_print

    [ $detach = 0 ] || return 0

    trap 'site_stop; exit 0' INT TERM
    echo "Ctrl-C stops it."
    while pid=$(site_pid); do
        sleep 1 &
        wait $! || true
    done
    echo "nginx is gone (pid ${pid:-unknown})"
}


# QUIT lets sessions end; nothing is left when this returns.
site_stop()
{
    local pid family left signal p _

    pid=$(site_pid) || { echo "nothing runs in $site_dir"; return 0; }
    family=$(site_family "$pid")

    for signal in QUIT TERM KILL; do
        [ $signal != KILL ] || family=$(echo "$family" | sort -u)
        if [ $signal = KILL ]; then
            # shellcheck disable=SC2086
            kill -KILL $family 2>/dev/null || true
        else
            kill -$signal "$pid" 2>/dev/null || true
        fi

        for _ in $(seq 100); do
            left=""
            for p in $family; do
                [ ! -d "/proc/$p" ] || grep -q '^State:.Z' "/proc/$p/status" \
                    2>/dev/null || left="$left $p"
            done
            [ -n "$left" ] || { echo "stopped"; return 0; }
            sleep 0.1
        done

        echo "still there after $signal:$left" >&2
    done

    die "could not stop$left"
}


cmd_stop()
{
    site_dir=run
    while [ $# -gt 0 ]; do
        case $1 in
            --dir) site_dir=${2:?--dir DIR}; shift ;;
            *)     usage >&2; exit 2 ;;
        esac
        shift
    done

    site_absolute
    [ -d "$site_dir" ] || die "no site in $site_dir"
    site_dir=$(cd "$site_dir" && pwd -P)
    site_stop
}
