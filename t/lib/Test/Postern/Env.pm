package Test::Postern::Env;

# Where a test finds what was built.  `./build.sh test` says so by environment
# variables, which are those of the two test libraries; a test that is run by
# hand (prove -It/lib t/imap/x.t) gets the same values from here.

use strict;
use warnings;

use Cwd qw/ abs_path /;
use File::Basename qw/ dirname /;

my $top = abs_path(dirname(__FILE__) . '/../../../..');

$ENV{POSTERN_TOP} = $top unless defined $ENV{POSTERN_TOP};
$ENV{POSTERN_OBJS} = "$top/objs" unless defined $ENV{POSTERN_OBJS};
$ENV{POSTERN_REF} = "$top/../shared/ref" unless defined $ENV{POSTERN_REF};

my $objs = $ENV{POSTERN_OBJS};

$ENV{TEST_NGINX_BINARY} = -x "$objs/bin/nginx" ? "$objs/bin/nginx"
                                                : '/usr/sbin/nginx'
    unless defined $ENV{TEST_NGINX_BINARY};

if (!defined $ENV{TEST_NGINX_LOAD_MODULES}) {
    my $stock = $ENV{TEST_NGINX_MODULES} || '/usr/lib/nginx/modules';

    $ENV{TEST_NGINX_LOAD_MODULES} = join ' ', grep { -f }
        "$stock/ngx_stream_module.so", "$objs/ngx_postern_module.so",
        "$objs/ngx_stream_postern_module.so";
}

$ENV{TEST_NGINX_GLOBALS} = join '', map { "load_module $_;\n" }
    split ' ', $ENV{TEST_NGINX_LOAD_MODULES}
    unless defined $ENV{TEST_NGINX_GLOBALS};


1;
