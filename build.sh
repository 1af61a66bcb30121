#!/usr/bin/env bash
#
# postern: one script that builds, tests, runs and packages it.
#
#   ./build.sh build               modules, objs/postern (the CLI), unit tests
#   ./build.sh run [--dir DIR] [--port-base N] [--detach] [--empty]
#                                  a whole site in DIR (./run), ports from N
#                                  (10000) on: 10143 IMAP, 10025 SMTP ...
#   ./build.sh stop [--dir DIR]    stops that site, waits until nothing is left
#   ./build.sh test [FILE...]      everything a change must pass, or some tests;
#                                  ends with "N passed, N failed"
#   ./build.sh test clients        the heavy real clients and servers
#   ./build.sh unit [NAME...]      unit programs t/unit/NAME.c
#   ./build.sh asan build|unit|test|run|stop [...]
#                                  the same with ASan and UBSan, in objs/asan
#   ./build.sh fuzz NAME SECONDS   t/fuzz/NAME.c; prints executions and coverage
#   ./build.sh bench [NAME]        figures as TSV, peers beside them
#   ./build.sh tables [WORD]       the rows of the dispatch tables, with file
#   ./build.sh dump [NAME] < BYTES a wire structure, from bytes to text
#   ./build.sh package             Debian packages in objs/package
#   ./build.sh install             into the nginx of this machine
#   ./build.sh clean               removes objs/
#
# It needs Debian 12 and installs, without asking, the packages it lacks.
# Everything made goes to objs/ (POSTERN_OBJS names another place).

set -euo pipefail

top=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cd "$top"

objs=${POSTERN_OBJS:-objs}
jobs=${POSTERN_JOBS:-2}
flavour=plain

need_build="gcc make nginx nginx-dev libnginx-mod-stream libsqlite3-dev
    libzstd-dev zlib1g-dev libssl-dev libicu-dev libcrypt-dev libxml2-dev
    libical-dev"
need_run="openssl curl"
need_test="perl libio-socket-ssl-perl python3 openssl curl isync swaks sqlite3
    libxml2-utils python3-exchangelib"
need_clients="dovecot-imapd dovecot-lmtpd"
need_bench="wrk libgmime-3.0-dev pkg-config"
need_fuzz="clang llvm libclang-rt-14-dev"
need_package="dpkg-dev debhelper fakeroot"


die()
{
    echo "build.sh: $*" >&2
    exit 1
}


# The header comment of this file is the help.
usage()
{
    sed -n '3,/^$/ { s/^# \{0,1\}//p }' "$top/build.sh"
}


# Installs what dpkg does not know as installed.
need()
{
    local p missing="" sudo=""

    for p in "$@"; do
        case $(dpkg-query -W -f '${Status}' "$p" 2>/dev/null) in
            "install ok installed") ;;
            *) missing="$missing $p" ;;
        esac
    done

    [ -n "$missing" ] || return 0

    if [ "$(id -u)" != 0 ]; then
        command -v sudo >/dev/null \
            || die "as root: apt-get install --no-install-recommends$missing"
        sudo="sudo"
    fi

    echo "installing:$missing" >&2
    # shellcheck disable=SC2086
    DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -q \
        --no-install-recommends $missing >&2 \
    || { $sudo apt-get update -q >&2 &&
         DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -q \
             --no-install-recommends $missing >&2; } \
    || die "could not install:$missing"
}


# ---------------------------------------------------------------- the rooms

# The include path of a room is the rule of DESIGN 2: what a room may not use
# it does not find.  directory/ stands in mailbox's list for ptn_auth.h alone,
# the acting user.
room_uses()
{
    local s="store/base"

    case $1 in
        store/base)      echo "$s" ;;
        store/mapi)      echo "$s store/mapi" ;;
        store/content)   echo "$s store/mapi store/content" ;;
        store/mailbox)   echo "$s store/mapi store/content store/mailbox" \
                              "store/directory" ;;
        store/directory) echo "$s store/directory" ;;
        store/pool)      echo "$s store/pool" ;;
        mail_stream/core)
                         echo "$(all_store) mail_stream/core" ;;
        mail_stream/*)   echo "$(all_store) mail_stream/core $1" ;;
        ngx_modules/*)   echo "$(all_store) ngx_modules/core $1" ;;
        *)               all_store ;;
    esac
}


all_store()
{
    echo store/base store/mapi store/content store/mailbox store/directory \
         store/delivery store/pool store/cli
}


rooms()
{
    find store ngx_modules mail_stream -mindepth 1 -maxdepth 1 -type d | sort
}


includes()
{
    local d

    for d in "$@"; do
        printf ' -I%s' "$d"
    done
}


# Library sources, by glob.  The CLI's main() is no library source.
sources()
{
    find store ngx_modules mail_stream -mindepth 2 -maxdepth 2 \
        -name 'ptn_*.c' ! -name 'ptn_cli_main.c' | sort
}


# Units, benches: one source, one program.
programs()
{
    if [ -d "$1" ]; then
        find "$1" -maxdepth 1 -name '*.c' | sort
    fi
}


# ------------------------------------------------------------ make rules

flags_for()
{
    local warn="-std=gnu11 -D_GNU_SOURCE -Wall -Wextra -Wshadow -fPIC -g"

    warn="$warn -I/usr/include/libxml2"

    case $1 in
        asan)
            echo "$warn -O1 -fno-omit-frame-pointer" \
                 "-fsanitize=address,undefined -fno-sanitize-recover=all"
            ;;
        fuzz)
            echo "$warn -O1 -fno-omit-frame-pointer" \
                 "-fsanitize=fuzzer-no-link,address,undefined" \
                 "-fno-sanitize-recover=all" \
                 "-fprofile-instr-generate -fcoverage-mapping"
            ;;
        *)
            echo "$warn -O2 -fstack-protector-strong -D_FORTIFY_SOURCE=2"
            ;;
    esac
}


link_flags_for()
{
    case $1 in
        asan) echo "-fsanitize=address,undefined" ;;
        fuzz) echo "-fsanitize=fuzzer,address,undefined" \
                   "-fprofile-instr-generate" ;;
        *)    echo "-Wl,-z,relro -Wl,-z,now" ;;
    esac
}


libs="-lsqlite3 -lzstd -lz -lxml2 -lssl -lcrypto -licui18n -licuuc -lcrypt -lical -lpthread -lm"


# Writes $1 only where its contents change, so that make sees real changes.
put()
{
    local new

    new=$(cat)
    if [ ! -f "$1" ] || [ "$new" != "$(cat "$1")" ]; then
        printf '%s\n' "$new" > "$1"
    fi
}


# $1: flavour, $2: where its objects go.
rules()
{
    local fl=$1 out=$2 room src o cc=gcc all=()

    [ "$fl" != fuzz ] || cc=clang

    mkdir -p "$out"
    sources | put "$out/sources.list"

    {
        cat <<END
CC = $cc
CFLAGS = $(flags_for "$fl") \$(EXTRA)
LFLAGS = $(link_flags_for "$fl") -Wl,--as-needed
LIBS = $libs
ALL_INC =$(includes $(rooms))

.DELETE_ON_ERROR:
.SECONDARY:
END

        for room in $(rooms); do
            cat <<END

$out/$room/%.o: $room/%.c $out/Makefile
	@mkdir -p \$(@D)
	\$(CC) \$(CFLAGS)$(includes $(room_uses "$room")) -MMD -MP -c -o \$@ \$<
END
        done

        echo
        for src in $(sources); do
            o=$out/${src%.c}.o
            all+=("$o")
            echo "LIB += $o"
        done

        cat <<END

# One archive for tests, and the two shares of the two nginx modules.
lib: $out/libptn.a

$out/libptn_core.a: \$(filter-out $out/mail_stream/% $out/store/cli/%,\$(LIB)) \\
    $out/sources.list
	@rm -f \$@
	ar rcs \$@ \$(filter %.o,\$^)

$out/libptn_stream.a: \$(filter $out/mail_stream/%,\$(LIB)) \\
    $out/sources.list
	@rm -f \$@
	ar rcs \$@ \$(filter %.o,\$^)

$out/libptn.a: \$(LIB) $out/sources.list
	@rm -f \$@
	ar rcs \$@ \$(LIB)
END

        if [ -f store/cli/ptn_cli_main.c ]; then
            cat <<END

cli: $out/postern

$out/postern: $out/store/cli/ptn_cli_main.o $out/libptn.a
	\$(CC) \$(CFLAGS) \$(LFLAGS) -o \$@ $out/store/cli/ptn_cli_main.o \\
	    $out/libptn.a \$(LIBS)

-include $out/store/cli/ptn_cli_main.d
END
        else
            printf '\ncli:\n'
        fi

        cat <<END

$out/unit/%: t/unit/%.c $out/libptn.a $out/Makefile
	@mkdir -p \$(@D)
	\$(CC) \$(CFLAGS) \$(ALL_INC) -It/unit -MMD -MP -MF \$@.d -o \$@ \$< \\
	    $out/libptn.a \$(LFLAGS) \$(LIBS)

$out/exchange/%: t/exchange/%.c $out/libptn.a $out/Makefile
	@mkdir -p \$(@D)
	\$(CC) \$(CFLAGS) \$(ALL_INC) -MMD -MP -MF \$@.d -o \$@ \$< \\
	    $out/libptn.a \$(LFLAGS) \$(LIBS)

$out/bench/%: t/bench/%.c $out/libptn.a $out/Makefile
	@mkdir -p \$(@D)
	\$(CC) \$(CFLAGS) \$(ALL_INC) -It/unit -MMD -MP -MF \$@.d -o \$@ \$< \\
	    $out/libptn.a \$(LFLAGS) \$(LIBS)

$out/bin/%: t/fuzz/%.c $out/libptn.a $out/Makefile
	@mkdir -p \$(@D)
	\$(CC) \$(CFLAGS) \$(ALL_INC) -It/unit -It/fuzz -MMD -MP -MF \$@.d \\
	    -o \$@ \$< $out/libptn.a \$(LFLAGS) \$(LIBS)

END

        printf 'units:'
        for src in $(programs t/unit); do
            printf ' %s' "$out/unit/$(basename "$src" .c)"
        done
        for src in $(programs t/exchange); do
            printf ' %s' "$out/exchange/$(basename "$src" .c)"
        done
        printf '\n\n'

        for o in "${all[@]}"; do
            echo "-include ${o%.o}.d"
        done
        echo "-include \$(wildcard $out/unit/*.d $out/exchange/*.d $out/bench/*.d \\
            $out/bin/*.d)"
    } | put "$out/Makefile"
}


# Where a flavour's objects go.
out_of()
{
    case $1 in
        plain) echo "$objs" ;;
        fuzz)  echo "$objs/fuzz" ;;
        *)     echo "$objs/$1" ;;
    esac
}


run_make()
{
    local out

    out=$(out_of "$flavour")
    rules "$flavour" "$out"
    make --no-print-directory -s -j"$jobs" -f "$out/Makefile" "$@"
}


# ---------------------------------------------------------------- commands

cmd_build()
{
    build_product
    run_make -k units
}


# What is installed: the modules and the CLI.
build_product()
{
    # shellcheck disable=SC2086
    need $need_build
    run_make lib
    build_modules
    run_make cli
    lacking "$(out_of "$flavour")"
    nginx_wrapper "$(cd "$(out_of "$flavour")" && pwd)"
}


# The distribution's nginx, its own configure, out of tree.  configure runs
# again only when the list of sources or the flags change.
build_modules()
{
    local out scratch opt ld names stamp so lib sos=()

    names=$(find ngx_modules mail_stream -name 'ngx_*.c' | sort)
    if [ ! -f ngx_modules/core/ngx_postern_module.c ]; then
        echo "no ngx_modules/core/ngx_postern_module.c: no nginx modules" >&2
        return 0
    fi

    out=$(cd "$(out_of "$flavour")" && pwd)
    scratch=$out/nginx
    run_make "$(out_of "$flavour")/libptn_core.a" \
        "$(out_of "$flavour")/libptn_stream.a"

    opt="$(flags_for "$flavour") -Wno-error=shadow -ffile-prefix-map=$top=."
    opt=${opt/-std=gnu11 -D_GNU_SOURCE/}
    ld=$(link_flags_for "$flavour")

    mkdir -p "$scratch"
    stamp=$(echo "$names"; find ngx_modules mail_stream store -name '*.h' | sort;
            cat config; echo "$opt $ld";
            dpkg-query -W -f '${Version}' nginx-dev)

    if [ ! -f "$scratch/out/Makefile" ] \
        || [ "$stamp" != "$(cat "$scratch/stamp" 2>/dev/null)" ]
    then
        ln -sfn /usr/share/nginx/src/auto "$scratch/auto"
        ln -sfn /usr/share/nginx/src/src "$scratch/src"
        ln -sfn /usr/share/nginx/src/configure "$scratch/configure"

        (
            cd "$scratch"
            # shellcheck disable=SC1091
            . /usr/share/nginx/src/conf_flags
            export POSTERN_CORE_LIB=$out/libptn_core.a
            export POSTERN_STREAM_LIB=$out/libptn_stream.a
            ASAN_OPTIONS=detect_leaks=0 ./configure \
                --with-cc-opt="$opt" --with-ld-opt="$ld" \
                "${NGX_CONF_FLAGS[@]}" \
                --with-stream=dynamic --with-stream_ssl_module \
                --add-dynamic-module="$top" --builddir="$scratch/out"
        ) > "$scratch/configure.log" 2>&1 \
            || { tail -20 "$scratch/configure.log" >&2
                 die "nginx's configure failed"; }

        echo "$stamp" > "$scratch/stamp"
    fi

    for so in ngx_postern_module ngx_stream_postern_module; do
        grep -q "^modules:.*/$so.so" "$scratch/out/Makefile" || continue

        lib=$out/libptn_core.a
        [ $so = ngx_postern_module ] || lib=$out/libptn_stream.a
        [ ! "$lib" -nt "$scratch/out/$so.so" ] || rm -f "$scratch/out/$so.so"
        sos+=("$scratch/out/$so.so")
    done

    make --no-print-directory -s -C "$scratch" -j"$jobs" -f out/Makefile \
        "${sos[@]}"

    for so in "${sos[@]}"; do
        [ ! "$so" -nt "$out/$(basename "$so")" ] || cp "$so" "$out/"
    done
}


# Names of ours that the modules want and nobody has: nginx would refuse to
# load them, so the build says it first.
lacking()
{
    local names

    [ -f "$1/ngx_postern_module.so" ] || return 0
    names=$(cd "$1" && comm -23 \
        <(nm -D --undefined-only -- *.so | grep -o '\bptn_\w*' | sort -u) \
        <(nm -D --defined-only -- *.so | grep -o '\bptn_\w*' | sort -u))

    [ -z "$names" ] || die "the modules lack: $(echo $names)"
}


cmd_unit()
{
    local out name list=()

    # shellcheck disable=SC2086
    need $need_build perl
    out=$(out_of "$flavour")

    if [ $# -eq 0 ]; then
        for name in $(programs t/unit); do
            list+=("$out/unit/$(basename "$name" .c)")
        done
    else
        for name in "$@"; do
            name=$(basename "$name" .c)
            [ -f "t/unit/$name.c" ] || die "no t/unit/$name.c"
            list+=("$out/unit/$name")
        done
    fi

    [ ${#list[@]} -gt 0 ] || { echo "no unit programs"; return 0; }

    run_make -k "${list[@]}" || true
    sanitizer_env
    prove -j"$jobs" -e '' "${list[@]}"
}


# An nginx for tests and `run`: the distribution's, told about sanitizers.  Its
# -V names no module as dynamic, so that a test library does not load all that
# Debian could install; the modules of a test are in TEST_NGINX_GLOBALS.
nginx_wrapper()
{
    local out=$1 preload=""

    mkdir -p "$out/bin"
    if [ "$flavour" = asan ]; then
        preload="export LD_PRELOAD=$(gcc -print-file-name=libasan.so)
export ASAN_OPTIONS=detect_odr_violation=0:detect_leaks=0:exitcode=99
export UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1"
    fi

    put "$out/bin/nginx" <<END
#!/bin/bash
if [ "\$*" = -V ]; then
    exec /usr/sbin/nginx -V 2> >(sed 's/=dynamic//g' >&2)
fi
$preload
exec -a "\$0" /usr/sbin/nginx "\$@"
END
    chmod +x "$out/bin/nginx"
}


test_env()
{
    local out

    out=$(cd "$(out_of "$flavour")" && pwd)
    nginx_wrapper "$out"
    export POSTERN_TOP=$top POSTERN_OBJS=$out POSTERN_REF=$top/../shared/ref
    export POSTERN_FLAVOUR=$flavour
    export TEST_NGINX_BINARY=$out/bin/nginx
    unset TEST_NGINX_GLOBALS TEST_NGINX_LOAD_MODULES
    sanitizer_env
}


cmd_test()
{
    local name list=()

    # shellcheck disable=SC2086
    need $need_build $need_run $need_test
    [ -d "$top/../shared/ref/mail" ] || die "tests read ../shared/ref, which" \
        "is not there: 0 passed, 1 failed"

    # A build that failed is a failed check; what was built is tested still.
    # shellcheck disable=SC2046
    "$top/build.sh" $([ "$flavour" = plain ] || echo "$flavour") build \
        || export POSTERN_BUILD_FAILED=1
    make_user

    if [ "${1:-}" = clients ] && [ $# -eq 1 ]; then
        # shellcheck disable=SC2086
        need $need_clients
        mapfile -t list < <(find t/clients -name '*.t' | sort)
    elif [ $# -gt 0 ]; then
        for name in "$@"; do
            mapfile -t -O "${#list[@]}" list < <(test_files "$name")
        done
    else
        mapfile -t list < <(test_files t)
    fi

    [ ${#list[@]} -gt 0 ] || die "no such test: 0 passed, 1 failed"
    test_env
    perl t/lib/run.pl "${list[@]}"
}


# Test programs of a file, a folder, or the name of a unit program.
test_files()
{
    local out src

    out=$(out_of "$flavour")
    case $1 in
        t)
            for src in $(programs t/unit); do
                echo "$out/unit/$(basename "$src" .c)"
            done
            find t -name '*.t' ! -path 't/clients/*' | sort
            ;;
        t/unit/*.c|t/unit|t/unit/)
            for src in $(find "$1" -name '*.c' | sort); do
                echo "$out/unit/$(basename "$src" .c)"
            done
            ;;
        *)
            if [ -d "$1" ]; then
                find "$1" -name '*.t' | sort
            elif [ -f "$1" ]; then
                echo "$1"
            elif [ -f "t/unit/$1.c" ]; then
                echo "$out/unit/$1"
            else
                die "no test $1"
            fi
            ;;
    esac
}


# As root, mail belongs to a system user of its own (DESIGN 4).
make_user()
{
    [ "$(id -u)" = 0 ] || return 0
    getent passwd postern >/dev/null || \
        useradd --system --user-group --home-dir /nonexistent --no-create-home \
            --shell /usr/sbin/nologin postern
}


sanitizer_env()
{
    [ "$flavour" = asan ] || return 0
    export ASAN_OPTIONS="detect_odr_violation=0:abort_on_error=0:exitcode=99"
    export UBSAN_OPTIONS="print_stacktrace=1:halt_on_error=1"
}


cmd_asan()
{
    local what=${1:-}

    flavour=asan
    case $what in
        build|unit|test|run|stop)
            shift
            "cmd_$what" "$@"
            ;;
        *)
            usage
            exit 2
            ;;
    esac
}


# The parser's files: those the target names in a line `Covers: FILE...`,
# else ptn_NAME*.c wherever it lives.
fuzz_covers()
{
    local list

    list=$(sed -n 's/^.*Covers: *\([^*]*\).*/\1/p' "t/fuzz/$1.c")
    # shellcheck disable=SC2086
    if [ -n "$list" ]; then
        ls $list
    else
        find store ngx_modules mail_stream -name "ptn_$1*.c"
    fi
}


cmd_fuzz()
{
    local name=${1:-} seconds=${2:-} out work corpus=() rc=0 covers

    [ -n "$name" ] && [ -n "$seconds" ] || { usage; exit 2; }
    [ -f "t/fuzz/$name.c" ] || die "no t/fuzz/$name.c; there are:" \
        "$(programs t/fuzz | xargs -rn1 basename | tr '\n' ' ')"

    # shellcheck disable=SC2086
    need $need_build $need_fuzz
    flavour=fuzz
    out=$(out_of fuzz)
    run_make "$out/bin/$name"

    work=$out/run/$name
    mkdir -p "$work/found"
    [ ! -d "t/fuzz/corpus/$name" ] || corpus=("t/fuzz/corpus/$name")
    rm -f "$work"/*.profraw "$work/log"

    LLVM_PROFILE_FILE="$work/%p.profraw" \
    UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1 \
        "$out/bin/$name" -max_total_time="$seconds" -timeout=10 \
        -rss_limit_mb=2048 -print_final_stats=1 -verbosity=1 \
        -artifact_prefix="$work/" "$work/found" "${corpus[@]}" \
        > "$work/log" 2>&1 || rc=$?

    if [ $rc -ne 0 ]; then
        tail -40 "$work/log"
        die "fuzz $name: FOUND something, input in $work"
    fi

    llvm-profdata merge -o "$work/all.profdata" "$work"/*.profraw
    covers=$(fuzz_covers "$name" || true)
    # shellcheck disable=SC2086
    [ -z "$covers" ] || llvm-cov report "$out/bin/$name" \
        -instr-profile="$work/all.profdata" $covers 2>/dev/null \
        | awk '/^-+$/ { next }
               /^Filename/ { next }
               NF >= 10 { printf "coverage\t%s\t%d of %d lines\t%s\n",
                          $1, $8 - $9, $8, $10 }'
    sed -n 's/^stat::number_of_executed_units: */executions\t/p' "$work/log"
    echo "fuzz $name: $seconds s, nothing found"
}


# t/bench/NAME.pl (or .sh) is a bench; C programs beside it are its tools.
cmd_bench()
{
    local f list=()

    # shellcheck disable=SC2086
    need $need_build $need_test $need_bench
    cmd_build
    make_user

    if [ $# -eq 0 ]; then
        mapfile -t list < <(find t/bench -name '*.pl' -o -name '*.sh' | sort)
    else
        f=$(find t/bench -name "$1.pl" -o -name "$1.sh" | head -1)
        [ -n "$f" ] || die "no bench $1; there are:" \
            "$(find t/bench -name '*.pl' -o -name '*.sh' | sed 's#.*/##
                s#\..*##' | sort | tr '\n' ' ')"
        list=("$f")
        shift
    fi

    for f in $(programs t/bench); do
        run_make "$objs/bench/$(basename "$f" .c)"
    done

    test_env
    for f in "${list[@]}"; do
        case $f in
            *mail*) # shellcheck disable=SC2086
                    need $need_clients ;;
            *hop*)  need wrk ;;
        esac
        case $f in
            *.pl) perl -It/lib "$f" "$objs" "$@" ;;
            *)    sh "$f" "$objs" "$@" ;;
        esac
    done
}


# Rows of arrays of constant tables (STYLE 6), as they stand in the sources.
cmd_tables()
{
    find store ngx_modules mail_stream -name '*.c' | sort | xargs perl -ne '
        BEGIN { $word = shift @ARGV }
        if (/^(?:static\s+)?(?:const\s+)?((?:ptn|ngx)_\w+_t)\s+(\w+)\[.*\]\s*=/) {
            $table = $2; $row = "";
        } elsif (defined $table && /^\};/) {
            undef $table;
        } elsif (defined $table && /^\s+\S/ && !m{^\s*/?\*}) {
            s/^\s+|\s+$//g;
            $row .= length $row ? " $_" : $_;
            if (($row =~ tr/{(//) == ($row =~ tr/})//)) {
                print "$ARGV:$.\t$table\t$row\n"
                    if $row =~ /\w/ && "$table $row" =~ /\Q$word\E/i;
                $row = "";
            }
        }
        close ARGV if eof;
    ' "${1:-}"
}


# By the program that walks all wire tables in tests.
cmd_dump()
{
    # shellcheck disable=SC2086
    need $need_build
    run_make "$objs/unit/wire"

    if [ $# -eq 0 ]; then
        grep -rho '^PTN_WIRE(ptn_\w*' store ngx_modules mail_stream \
            | sed 's/.*(ptn_//' | sort
    else
        "$objs/unit/wire" --dump "$1"
    fi
}


# ------------------------------------------------------------------- sites

# shellcheck source=conf/site.sh
. "$top/conf/site.sh"
# shellcheck source=conf/debian/package.sh
. "$top/conf/debian/package.sh"


cmd_clean()
{
    rm -rf "$objs"
}


main()
{
    local what=${1:-}

    [ $# -eq 0 ] || shift
    case $what in
        build|unit|test|asan|fuzz|run|stop|bench|tables|dump|package|install|clean)
            "cmd_$what" "$@"
            ;;
        ""|help|-h|--help)
            usage
            ;;
        *)
            usage >&2
            exit 2
            ;;
    esac
}


main "$@"
