# shellcheck shell=bash
#
# ./build.sh package and install: sourced by build.sh.


# The version is the number of commits: it grows with each of them.
package_version()
{
    local n

    n=$(git rev-list --count HEAD 2>/dev/null || echo 0)
    echo "${POSTERN_VERSION:-0.1.$n}-1"
}


# What the files of the package are, below $1; the same for an installation
# by hand.
package_files()
{
    local root=$1 f

    install -d "$root"/usr/lib/nginx/modules "$root"/usr/bin \
        "$root"/usr/share/nginx/modules-available "$root"/etc/nginx/postern \
        "$root"/etc/fail2ban/filter.d "$root"/etc/logrotate.d

    for f in ngx_postern_module ngx_stream_postern_module; do
        install -m 644 "$objs/$f.so" "$root/usr/lib/nginx/modules/"
        strip --strip-unneeded "$root/usr/lib/nginx/modules/$f.so"
    done

    install -m 755 -s "$objs/postern" "$root/usr/bin/postern"

    cat > "$root/usr/share/nginx/modules-available/mod-postern.conf" <<END
load_module modules/ngx_postern_module.so;
load_module modules/ngx_stream_postern_module.so;
END

    for f in postern stream stream-servers http http-limits; do
        install -m 644 "conf/$f.conf" "$root/etc/nginx/postern/"
    done

    install -m 644 conf/fail2ban/filter.d/postern.conf \
        "$root/etc/fail2ban/filter.d/postern.conf"
    install -m 644 conf/logrotate "$root/etc/logrotate.d/postern"
}


# Libraries as dpkg-shlibdeps finds them, and the ABI of Debian's nginx, so
# that an upgrade of nginx cannot load a foreign one.
package_depends()
{
    local root=$1 work=$2 abi

    abi=$(sed -n 's/^nginx:abi=//p' /usr/share/nginx/src/debian/* | head -1)
    [ -n "$abi" ] || die "nginx-dev does not say its ABI"

    mkdir -p "$work/debian"
    echo "Source: postern" > "$work/debian/control"
    ( cd "$work" && dpkg-shlibdeps -O --ignore-missing-info \
        "$root"/usr/lib/nginx/modules/*.so "$root/usr/bin/postern" \
        2>/dev/null ) | sed -n 's/^shlibs:Depends=//p' \
        | sed "s/\$/, $abi, nginx-common, libnginx-mod-stream, openssl, passwd/"
}


cmd_package()
{
    local version arch work root doc deb

    # shellcheck disable=SC2086
    need $need_build $need_package
    build_product
    [ -x "$objs/postern" ] || die "there is no CLI to package"

    version=$(package_version)
    arch=$(dpkg --print-architecture)
    mkdir -p "$objs/package"
    work=$(cd "$objs/package" && pwd)
    root=$work/root
    rm -rf "$root"

    package_files "$root"

    doc=$root/usr/share/doc/postern
    install -d "$doc" "$root/DEBIAN"
    install -m 644 conf/debian/README.Debian "$doc/README.Debian"
    install -m 644 LICENSE "$doc/copyright"
    printf 'postern (%s) unstable; urgency=medium\n\n  * %s\n\n -- %s  %s\n' \
        "$version" "Built from the tree; docs/changes has what changed." \
        "postern <postern@localhost>" "$(date -R)" \
        | gzip -9n > "$doc/changelog.Debian.gz"

    for f in postinst prerm postrm; do
        install -m 755 "conf/debian/$f" "$root/DEBIAN/$f"
    done

    ( cd "$root" && find etc -type f | sort | sed 's#^#/#' ) \
        > "$root/DEBIAN/conffiles"
    ( cd "$root" && find usr -type f -print0 | sort -z | xargs -0 md5sum ) \
        > "$root/DEBIAN/md5sums"

    cat > "$root/DEBIAN/control" <<END
Package: postern
Version: $version
Architecture: $arch
Maintainer: postern <postern@localhost>
Section: mail
Priority: optional
Installed-Size: $(du -sk "$root" | cut -f1)
Depends: $(package_depends "$root" "$work")
Recommends: nginx
Suggests: fail2ban
Description: groupware server inside nginx
 Two dynamic modules for Debian's nginx and the program postern: mailboxes,
 SMTP in and IMAP out, served by processes that nginx's own master supervises.
END

    deb=$work/postern_${version}_$arch.deb
    dpkg-deb --root-owner-group -Zxz --build "$root" "$deb" >/dev/null
    echo "$deb"
}


# Into the nginx of this machine, without dpkg: the files, then what postinst
# does.
cmd_install()
{
    [ "$(id -u)" = 0 ] || die "install needs root"

    # shellcheck disable=SC2086
    need $need_build $need_run libnginx-mod-stream
    build_product
    [ -x "$objs/postern" ] || die "there is no CLI to install"
    ! dpkg-query -W -f '${Status}' postern 2>/dev/null | grep -q ' installed' \
        || die "the package postern is installed: remove it first"

    # An administrator's files stay.
    local root f
    root=$(mktemp -d)
    package_files "$root"
    ( cd "$root" && find . -type f ) | while read -r f; do
        case $f in
            ./etc/*) [ -e "/$f" ] && continue ;;
        esac
        install -D -p -m "$(stat -c %a "$root/$f")" "$root/$f" "/$f.postern-new"
        mv "/$f.postern-new" "/$f"
    done
    rm -rf "$root"

    sh conf/debian/postinst configure
    echo
    sed -n '/^Installing/,$p' conf/debian/README.Debian
}
