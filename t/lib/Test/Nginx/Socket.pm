package Test::Nginx::Socket;

# Single HTTP requests as data blocks, in the convention of the library of
# this name that nginx module people know.  This is our own small
# implementation of the sections that the tests of postern use; a copy of the
# original put before it in PERL5LIB works too (docs/testing.md).
#
#     use Test::Nginx::Socket 'no_plan';
#     run_tests();
#     __DATA__
#     === TEST 1: says hello
#     --- config
#         location /hello { return 200 "hello\n"; }
#     --- request
#     GET /hello
#     --- response_body
#     hello
#
# A block's nginx runs on a free port in a directory of its own and goes on to
# the next block when that has the same configuration.  Any [alert], [crit] or
# [emerg] fails the block unless its error_log or no_error_log names one.

use strict;
use warnings;

use Exporter ();
use File::Path qw/ make_path /;
use IO::Select;
use IO::Socket::INET;
use Test::More;
use Time::HiRes qw/ sleep time /;

use Test::Nginx ();
use Test::Nginx::Block;
use Test::Postern::Watch qw/ wait_for bad_log_lines sanitizer_reports /;

our @ISA = qw/ Exporter /;
our @EXPORT = (@Test::More::EXPORT, qw/ run_tests repeat_each blocks
    master_on master_off workers worker_connections log_level no_shuffle
    no_root_location no_long_string server_port server_root html_dir timeout
    add_block_preprocessor env_to_nginx /);

my %set = (
    repeat_each => 1, workers => 1, worker_connections => 64,
    log_level   => $ENV{TEST_NGINX_LOG_LEVEL} || 'info',
    timeout     => $ENV{TEST_NGINX_TIMEOUT} || 5,
    master      => $ENV{TEST_NGINX_MASTER_PROCESS} || 'off',
    port        => $ENV{TEST_NGINX_SERVER_PORT} || $ENV{TEST_NGINX_PORT},
);

my ($blocks, @preprocessors, @environment);
my ($nginx, $running, $log_at) = (undef, '', 0);


sub import {
    my ($class, @args) = @_;

    strict->import();
    warnings->import();

    Test::More::plan(@args == 1 ? 'no_plan' : @args) if @args;
    $class->export_to_level(1, $class);
}


# ---------------------------------------------------------------- settings

sub setting {
    my ($name, @value) = @_;

    $set{$name} = $value[0] if @value;
    return $set{$name};
}

sub repeat_each        { return setting('repeat_each', @_); }
sub workers            { return setting('workers', @_); }
sub worker_connections { return setting('worker_connections', @_); }
sub log_level          { return setting('log_level', @_); }
sub timeout            { return setting('timeout', @_); }
sub master_on          { return setting('master', 'on'); }
sub master_off         { return setting('master', 'off'); }
sub no_root_location   { return setting('no_root_location', 1); }
sub no_shuffle         { }      # blocks run in their order here
sub no_long_string     { }
sub env_to_nginx       { push @environment, @_; return; }

sub server_port {
    $set{port} = $_[0] if @_;
    $set{port} = Test::Nginx::port(8084) unless defined $set{port};
    return $set{port};
}

sub server_root {
    $nginx = Test::Nginx->new() unless defined $nginx;
    return $nginx->testdir();
}

sub html_dir {
    return server_root() . '/html';
}

sub add_block_preprocessor(&) {
    push @preprocessors, $_[0];
}


sub blocks {
    if (!defined $blocks) {
        no warnings 'once';
        my $text = do { local $/; <main::DATA> };
        $blocks = [ Test::Nginx::Block->parse(defined $text ? $text : '') ];
    }

    return wantarray ? @$blocks : scalar @$blocks;
}


# ------------------------------------------------------------------ running

sub run_tests {
    for my $block (blocks()) {
        $_->($block) for @preprocessors;
        run_block($block) for 1 .. $set{repeat_each};
    }

    # With 'no_plan' the end of the run is a check of its own; with a plan it
    # can only fail the program (Test::Nginx).
    ok($nginx->finish(), 'no alerts, nothing left over')
        if defined $nginx && !Test::More->builder->expected_tests;
}


sub expand {
    my ($text) = @_;

    return '' unless defined $text;

    my %known = (
        TEST_NGINX_PORT        => server_port(),
        TEST_NGINX_SERVER_PORT => server_port(),
        TEST_NGINX_SERVER_ROOT => server_root(),
        TEST_NGINX_HTML_DIR    => html_dir(),
    );

    $text =~ s{\$(?:\{(TEST_NGINX_\w+)\}|(TEST_NGINX_\w+))}{
        my $name = $1 || $2;
        defined $known{$name} ? $known{$name}
            : defined $ENV{$name} ? $ENV{$name}
            : die "no $name in the environment\n"
    }ge;

    return $text;
}


sub configuration {
    my ($block) = @_;
    my $root = server_root();
    my $port = server_port();
    my ($main, $http, $config) = map { expand($block->get($_)) }
        qw/ main_config http_config config /;
    my $modules = join '', map { "load_module $_;\n" }
        split ' ', $ENV{TEST_NGINX_LOAD_MODULES} || '';
    my $env = join '', map { "env $_;\n" } @environment;
    my $location = $set{no_root_location} ? '' : <<"EOC";
        location / {
            root $root/html;
            index index.html index.htm;
        }
EOC

    return <<"EOC";
worker_processes $set{workers};
daemon on;
master_process $set{master};
error_log $root/error.log $set{log_level};
pid $root/nginx.pid;
$env$modules
$main

events {
    worker_connections $set{worker_connections};
}

http {
    access_log $root/access.log;
    client_body_temp_path $root/client_body_temp;
    default_type text/plain;
    keepalive_timeout 68;
    client_max_body_size 30m;

$http

    server {
        listen $port;
        server_name localhost;

$config

$location
    }
}
EOC
}


# The nginx of this block: the one that runs, or a new one.
sub start {
    my ($block) = @_;
    my $conf = configuration($block);

    write_user_files($block);

    if ($running ne $conf) {
        $nginx->stop() if $running;
        $running = '';
        $nginx->write_file('nginx.conf', $conf);
        $nginx->{_test_globals} = 'in the file';
        $nginx->run();
        $nginx->waitforsocket('127.0.0.1:' . server_port())
            or die "nginx does not listen\n";
        $running = $conf;
    }
}


# `>>> name` lines, each with the text of its file, below html/.
sub write_user_files {
    my ($block) = @_;
    my $dir = html_dir();

    make_path($dir);
    chmod 0755, $dir;
    $nginx->write_file('html/index.html', "It works!\n")
        unless -f "$dir/index.html";

    my $text = $block->get('user_files');
    return unless defined $text;

    for my $part (split /^(?=>>> )/m, expand($text)) {
        next unless $part =~ s/^>>> (\S+)[^\n]*\n//;
        $nginx->write_file("html/$1", $part);
    }
}


sub new_log {
    open my $f, '<', server_root() . '/error.log' or return '';
    seek $f, $log_at, 0;
    local $/;
    my $text = <$f>;
    return defined $text ? $text : '';
}


sub run_block {
    my ($block) = @_;
    my $name = $block->name;

    server_root();
    $log_at = -s server_root() . '/error.log' || 0;

    if (!eval { start($block); 1 }) {
        my $why = $@;
        if (exists $block->{section}{must_die}) {
            pass("$name - nginx refuses to start");
            check_log($block);
            return;
        }

        fail("$name - nginx starts");
        diag($why);
        $running = '';
        return;
    }

    if (exists $block->{section}{must_die}) {
        fail("$name - nginx refuses to start");
        return;
    }

    my $response = request($block);

    check_response($block, $response)
        unless exists $block->{section}{ignore_response};
    check_log($block);
}


# ----------------------------------------------------------------- request

# "METHOD URI [VERSION]", and below it the body.
sub request_bytes {
    my ($block) = @_;

    return expand($block->get('raw_request'))
        if defined $block->get('raw_request');

    my ($line, $body) = split /\n/, expand($block->get('request')), 2;
    $body = '' unless defined $body;
    chomp $body;

    my ($method, $uri, $version) = split ' ', $line;
    my @header = ("Host: localhost", "Connection: close");

    for my $extra (split /\n/, expand($block->get('more_headers'))) {
        $extra =~ s/\r\z//;
        next unless $extra =~ /^([^:]+):/;
        my $key = $1;
        @header = grep { !/^\Q$key\E:/i } @header;
        push @header, $extra;
    }

    push @header, 'Content-Length: ' . length $body
        if length $body && !grep { /^(?:content-length|transfer-encoding):/i }
                           @header;

    return join("\r\n", "$method " . (defined $uri ? $uri : '/') . ' '
                . ($version || 'HTTP/1.1'), @header) . "\r\n\r\n" . $body;
}


sub request {
    my ($block) = @_;
    my $limit = defined $block->get('timeout') ? $block->get('timeout')
                                               : $set{timeout};
    my $until = time() + ($limit =~ /^([\d.]+)ms/ ? $1 / 1000
                          : $limit =~ /^([\d.]+)/ ? $1 : 5);

    my $s = IO::Socket::INET->new(PeerAddr => '127.0.0.1:' . server_port())
        or return;

    local $SIG{PIPE} = 'IGNORE';
    $s->print(request_bytes($block));
    $s->blocking(0);

    my $raw = '';
    while ((my $left = $until - time()) > 0) {
        next unless IO::Select->new($s)->can_read($left);
        my $n = sysread $s, $raw, 65536, length $raw;
        next if !defined $n && $!{EWOULDBLOCK};
        last unless $n;
        last if complete($raw, request_bytes($block) =~ /^HEAD /);
    }

    return parse_response($raw);
}


# Ends at its length also where a test keeps the connection alive.
sub complete {
    my ($raw, $head) = @_;

    return 0 unless $raw =~ /^(.*?)\r\n\r\n(.*)/s;
    my ($header, $body) = ($1, $2);

    return 1 if $head || $header =~ m{^HTTP/\S+ (?:204|304)};
    return length $body >= $1 if $header =~ /^content-length:\s*(\d+)/mi;
    return $body =~ /(?:^|\n)0\r\n\r\n\z/
        if $header =~ /^transfer-encoding:\s*chunked/mi;
    return 0;
}


sub parse_response {
    my ($raw) = @_;

    return unless $raw =~ m{^HTTP/\S+ (\d{3})[^\r\n]*\r\n(.*?\r\n)?\r\n}s;

    my %response = (code => $1, raw_header => $2 || '', header => {});

    for my $line (split /\r\n/, $response{raw_header}) {
        push @{ $response{header}{lc $1} }, $2 if $line =~ /^([^:]+):\s*(.*)/;
    }

    $response{body} = Test::Nginx::http_content($raw);
    return \%response;
}


# ------------------------------------------------------------------ checks

sub header_lines {
    my ($text) = @_;

    return grep { /\S/ } split /\n/, expand($text);
}


sub check_response {
    my ($block, $r) = @_;
    my $name = $block->name;
    my $code = $r ? $r->{code} : '';
    my $body = $r ? $r->{body} : undef;

    $body = '' unless defined $body;

    if (defined(my $like = $block->get('error_code_like'))) {
        chomp $like;
        like($code, qr/$like/sm, "$name - status code ok");
    } else {
        my $want = $block->get('error_code');
        $want = 200 unless defined $want;
        $want =~ s/\s+//g;
        is($code, $want, "$name - status code ok");
    }

    for my $line (header_lines($block->get('response_headers'))) {
        if ($line =~ /^!\s*(\S+)/) {
            unlike($r ? $r->{raw_header} : '', qr/^\Q$1\E\s*:/mi,
                   "$name - header $1 not present");
            next;
        }

        my ($key, $want) = $line =~ /^([^:]+):\s*(.*)/ or next;
        is(join(', ', @{ $r ? $r->{header}{lc $key} || [] : [] }), $want,
           "$name - header $key ok");
    }

    for my $line (header_lines($block->get('response_headers_like'))) {
        my ($key, $want) = $line =~ /^([^:]+):\s*(.*)/ or next;
        like(join(', ', @{ $r ? $r->{header}{lc $key} || [] : [] }),
             qr/^$want$/, "$name - header $key like ok");
    }

    if (defined(my $want = $block->get('response_body'))) {
        is($body, expand($want), "$name - response_body ok");
    }

    if (defined(my $like = $block->get('response_body_like'))) {
        $like =~ s/\n\z// unless ref $like;
        like($body, qr/$like/sm, "$name - response_body_like ok");
    }

    if (defined(my $unlike = $block->get('response_body_unlike'))) {
        $unlike =~ s/\n\z// unless ref $unlike;
        unlike($body, qr/$unlike/sm, "$name - response_body_unlike ok");
    }
}


sub patterns {
    my ($value) = @_;

    return () unless defined $value;
    return ref $value eq 'ARRAY' ? @$value : $value if ref $value;
    return grep { length } split /\n+/, expand($value);
}


sub matches {
    my ($text, $pattern) = @_;

    return ref $pattern ? $text =~ $pattern : index($text, $pattern) >= 0;
}


sub check_log {
    my ($block) = @_;
    my $name = $block->name;
    my @want = patterns($block->get('error_log'));
    my @not = patterns($block->get('no_error_log'));

    sleep($block->get('wait')) if defined $block->get('wait');

    # A line may be written after the response was sent.
    for my $pattern (@want) {
        my $found = wait_for { matches(new_log(), $pattern) } 3;
        ok($found,
           "$name - pattern \"$pattern\" matches a line in error.log");
    }

    my $log = new_log();

    for my $pattern (@not) {
        my ($hit) = grep { matches($_, $pattern) } split /\n/, $log;
        is($hit, undef,
           "$name - pattern \"$pattern\" matches no line in error.log");
    }

    # Declared ones are known; any other fails the block.
    for my $level (qw/ alert crit emerg /) {
        if (grep { index($_, "[$level") >= 0 } @want) {
            push @{ $nginx->{_allowed} }, qr/\[$level\]/;
        }
    }

    push @{ $nginx->{_allowed} }, map { ref $_ ? $_ : qr/\Q$_\E/ } @want;

    my @bad = grep { /\[(?:alert|crit|emerg)\]/ } split /\n/, $log;
    for my $line (@bad) {
        next if grep { $line =~ $_ } @{ $nginx->{_allowed} };
        fail("$name - undeclared: $line");
    }
}


1;
