package Test::Postern;

# A whole site for one test: a `postern {}` block with its ROOT in the test's
# directory, the domain example.test with users, TLS, and the servers of the
# mail protocols, on free ports.
#
#     use Test::Postern;
#
#     my $p = Test::Postern->new(users => [qw/ alice bob /]);
#     $p->plan(3)->run();
#     my $imap = $p->imap_login('alice');
#     $p->deliver('alice', $message);
#
# It stands on the calls of Test::Nginx alone, ours or the original's.
#
# Arguments of new():
#     users     names in example.test, password "secret"  (alice, bob, carol)
#     postern   more directives of the postern {} block
#     http      contents of a `server` on port(8080); none: no http block
#     stream    more `server`s of the stream block
#     mail      0: no mail servers, no stream block but for `stream`
#     events    more directives of the events block
#     main      more directives at the top
#     daemon    1: with `daemon on`
#     workers   nginx workers (2)
#     setup     0: neither domain nor users
#
# Ports: port(8143) IMAP, 8993 IMAP in TLS, 8025 SMTP, 8587 submission, 8465
# submission in TLS, 8024 LMTP, 8080 HTTP.

use strict;
use warnings;

use Exporter qw/ import /;
use Test::More qw//;
use Time::HiRes qw/ time sleep /;

use Test::Postern::Env;
use Test::Nginx;
use Test::Postern::IMAP;
use Test::Postern::SMTP;
use Test::Postern::Watch qw/ adopt_orphans descendants wait_for /;

our @EXPORT = qw/ port wait_for http http_get http_head needs_root /;

our $PASSWORD = 'secret';
our $DOMAIN = 'example.test';


# The whole test needs root, for `what`.  Who is not root is told that it did
# not run; root has what it takes, or the test fails on its own.
sub needs_root {
    my ($what) = @_;

    return if $> == 0;

    Test::More::diag("not run: $what needs root");
    Test::More::plan(skip_all => "$what needs root");
}


sub new {
    my ($class, %args) = @_;

    adopt_orphans();

    my $t = Test::Nginx->new();
    my $self = bless {
        t       => $t,
        dir     => $t->testdir(),
        users   => [qw/ alice bob carol /],
        mail    => 1,
        setup   => 1,
        workers => 2,
        %args,
    }, $class;

    chmod 0755, $self->{dir};
    $self->{root} = "$self->{dir}/postern";

    # As root the store has a user of its own, and so have nginx's workers.
    $self->{user} = $> != 0 ? undef
                    : defined getpwnam('postern') ? 'postern' : 'daemon';

    return $self;
}


sub plan {
    my ($self, $n) = @_;

    $self->{t}->plan($n);
    return $self;
}


# Alerts that this test causes: lines of the error log that match `re`.
sub allow_alerts {
    my ($self, @re) = @_;

    if ($self->{t}{_allowed}) {
        push @{ $self->{t}{_allowed} }, @re;
    } else {
        $self->{t}->todo_alerts();
    }

    return $self;
}


sub nginx   { return $_[0]{t}; }
sub root    { return $_[0]{root}; }
sub testdir { return $_[0]{dir}; }
sub user    { return $_[0]{user}; }

sub address {
    my ($self, $name) = @_;

    return $name =~ /@/ ? $name : "$name\@$DOMAIN";
}


# ----------------------------------------------------------- configuration

sub write_conf {
    my ($self, %args) = @_;

    %$self = (%$self, %args);
    $self->{t}->write_file_expand('nginx.conf', $self->conf());
    return $self;
}


sub block {
    my ($self) = @_;
    my @lines = ("root $self->{root};");

    push @lines, "user $self->{user};" if defined $self->{user};
    push @lines, 'hostname mail.example.test;';
    push @lines, 'workers 2;', 'executors 2;';
    push @lines, 'log %%TESTDIR%%/postern.log;';

    # What a test says itself stands for the line of the same name above.
    for my $line (split /\n/, $self->{postern} || '') {
        next unless $line =~ /^\s*(\w+)/;
        my $name = $1;
        @lines = grep { !/^\Q$name\E\b/ } @lines;
        push @lines, $line;
    }

    return join "\n", map { "    $_" } @lines;
}


sub conf {
    my ($self) = @_;
    my $daemon = $self->{daemon} ? 'on' : 'off';
    my ($main, $events) = map { defined $_ ? $_ : '' }
        @{$self}{qw/ main events /};
    my $user = $> == 0 && ($self->{main} || '') !~ /^\s*user\b/m
               ? "user nobody nogroup;\n" : '';

    return <<"EOF" . $self->stream_conf() . $self->http_conf();

%%TEST_GLOBALS%%

daemon $daemon;
worker_processes $self->{workers};
$user$main

events {
    worker_connections 4096;
    $events
}

postern {
${\ $self->block() }
}
EOF
}


sub stream_conf {
    my ($self) = @_;
    my $servers = defined $self->{stream} ? $self->{stream} : '';

    return '' unless $self->{mail} || length $servers;

    $servers = <<'EOF' . $servers if $self->{mail};
    server { listen 127.0.0.1:8143; postern_imap; postern_starttls on; }
    server { listen 127.0.0.1:8993 ssl; postern_imap; }
    server { listen 127.0.0.1:8025; postern_smtp smtp; postern_starttls on; }
    server { listen 127.0.0.1:8587; postern_smtp submission;
             postern_starttls on; }
    server { listen 127.0.0.1:8465 ssl; postern_smtp submission; }
    server { listen 127.0.0.1:8024; postern_smtp lmtp; }
EOF

    return <<"EOF";

stream {
    %%TEST_GLOBALS_STREAM%%

    ssl_certificate     %%TESTDIR%%/tls.crt;
    ssl_certificate_key %%TESTDIR%%/tls.key;
    ssl_protocols       TLSv1.2 TLSv1.3;

$servers
}
EOF
}


sub http_conf {
    my ($self) = @_;

    return '' unless defined $self->{http};

    return <<"EOF";

http {
    %%TEST_GLOBALS_HTTP%%
    client_max_body_size 200m;

    server {
        listen 127.0.0.1:8080;
$self->{http}
    }
}
EOF
}


# --------------------------------------------------------------- run, stop

sub run {
    my ($self) = @_;

    $self->certificate();
    $self->write_conf();
    $self->setup() if $self->{setup};
    $self->{t}->run();
    $self->{started} = 1;
    $self->wait_ready();

    return $self;
}


# The listening sockets exist before the stores do.
sub wait_ready {
    my ($self) = @_;

    return unless $self->{mail};

    my $ok = wait_for {
        my $imap = eval { Test::Postern::IMAP->new() } or return 0;
        my $greeting = $imap->timeout(2)->response();
        return defined $greeting && $greeting =~ /^\* OK/;
    } 60;

    die "no greeting from IMAP\n" . $self->log_tail() unless $ok;
}


sub log_tail {
    my ($self) = @_;
    my $tail = '';

    for my $name (qw/ error.log postern.log /) {
        next unless -f "$self->{dir}/$name";
        my @lines = split /^/, $self->{t}->read_file($name);
        $tail .= join '', map { "# $name: $_" }
            splice @lines, @lines > 15 ? -15 : 0;
    }

    return $tail;
}


sub stop {
    my ($self) = @_;

    $self->{t}->stop();
    return $self;
}


sub certificate {
    my ($self) = @_;
    my $dir = $self->{dir};

    return if -f "$dir/tls.crt";

    my $out = `openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 \\
        -nodes -days 30 -subj /CN=mail.example.test \\
        -addext subjectAltName=DNS:mail.example.test,DNS:localhost \\
        -keyout $dir/tls.key -out $dir/tls.crt 2>&1`;
    die "openssl: $out" if $?;
}


# The domain and its users, made by the CLI while no server runs.
sub setup {
    my ($self) = @_;

    return if -d $self->{root};

    mkdir $self->{root}, 0700 or die "mkdir: $!";
    if (defined $self->{user}) {
        my (undef, undef, $uid, $gid) = getpwnam($self->{user});
        chown $uid, $gid, $self->{root};
    }

    $self->cli_ok('domain', 'add', $DOMAIN);
    $self->add_user($_) for @{ $self->{users} };
}


sub add_user {
    my ($self, $name, $password) = @_;

    $self->cli_ok({ input => (defined $password ? $password : $PASSWORD)
                             . "\n" },
                  'user', 'add', $self->address($name), '--password-stdin');
    return $self;
}


# ---------------------------------------------------------------- the CLI

# Runs `postern --root ROOT ARGS`; ({ input => ... }, ARGS) feeds stdin.
# Returns (exit status, what it printed, errors included).
sub cli {
    my ($self, @args) = @_;
    my %opt = ref $args[0] ? %{ shift @args } : ();
    my ($in, $out) = map { "$self->{dir}/cli.$$.$_" } qw/ in out /;

    open my $f, '>', $in or die "$in: $!";
    print $f defined $opt{input} ? $opt{input} : '';
    close $f;

    my $pid = fork();
    die "fork: $!" unless defined $pid;

    if ($pid == 0) {
        open STDIN, '<', $in or POSIX::_exit(126);
        open STDOUT, '>', $out or POSIX::_exit(126);
        open STDERR, '>&', \*STDOUT or POSIX::_exit(126);
        exec("$ENV{POSTERN_OBJS}/postern", '--root', $self->{root}, @args)
            or POSIX::_exit(127);
    }

    waitpid($pid, 0);
    my $status = $? & 127 ? -1 : $? >> 8;

    open $f, '<', $out or die "$out: $!";
    local $/;
    my $printed = <$f>;
    unlink $in, $out;

    return ($status, defined $printed ? $printed : '');
}


sub cli_ok {
    my ($self, @args) = @_;
    my ($status, $out) = $self->cli(@args);
    my @words = grep { !ref } @args;

    die "postern @words: exit $status\n$out" if $status != 0;
    return $out;
}


# Counters by name, from `postern status --prometheus`.
sub status {
    my ($self) = @_;
    my %value;

    for my $line (split /\n/, $self->cli_ok('status', '--prometheus')) {
        $value{$1} = $2 if $line =~ /^(\w+(?:\{[^}]*\})?)\s+(\S+)$/;
    }

    return \%value;
}


# ---------------------------------------------------------------- clients

sub imap {
    my ($self, %args) = @_;

    return Test::Postern::IMAP->new(%args);
}


# Signed in over TLS; dies when that fails.
sub imap_login {
    my ($self, $name, $password) = @_;
    my $imap = Test::Postern::IMAP->new(SSL => 1);

    $imap->login($self->address($name),
                 defined $password ? $password : $PASSWORD)
        or die "IMAP login of $name failed\n" . $self->log_tail();

    return $imap;
}


sub smtp {
    my ($self, %args) = @_;

    return Test::Postern::SMTP->new(%args);
}


sub lmtp {
    my ($self, %args) = @_;

    return Test::Postern::SMTP->new(PeerAddr => '127.0.0.1:' . port(8024),
                                  %args);
}


sub submission {
    my ($self, $name, $password) = @_;
    my $smtp = Test::Postern::SMTP->new(SSL => 1);

    require MIME::Base64;
    $smtp->read();
    $smtp->command('EHLO client.example.test');
    my $reply = $smtp->command('AUTH PLAIN ' . MIME::Base64::encode_base64(
        join("\0", '', $self->address($name),
             defined $password ? $password : $PASSWORD), ''));
    die "AUTH of $name failed\n" . $self->log_tail()
        unless ($reply || '') =~ /^235/;

    return $smtp;
}


# Into the INBOX of `name` by LMTP: it is there when this returns.
sub deliver {
    my ($self, $name, $message, $from) = @_;
    my $lmtp = $self->lmtp();

    $lmtp->timeout(60);
    $lmtp->read();
    $lmtp->command('LHLO test');

    my @replies = $lmtp->message(
        defined $from ? $from : 'sender@elsewhere.test',
        $self->address($name), $message, lmtp => 1);
    die "LMTP: @replies" . $self->log_tail()
        unless ($replies[-1] || '') =~ /^250/;

    $lmtp->command('QUIT');
    return $self;
}


# -------------------------------------------------------------- processes

# Living processes of this test by the start of their title: "store", "clerk",
# "worker", "master".
sub pids {
    my ($self, $kind) = @_;
    my @pids;

    for my $p (descendants($$)) {
        open my $f, '<', "/proc/$p->{pid}/cmdline" or next;
        my $line = <$f>;
        next unless defined $line;
        $line =~ s/\0.*//s;
        push @pids, $p->{pid} if $line =~ /^(?:nginx|postern): .*\b$kind\b/;
    }

    return sort { $a <=> $b } @pids;
}


1;
