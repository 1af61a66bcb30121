package Test::Nginx;

# A small implementation of the calls of nginx's own test library that the
# tests of postern use, under the same names and with the same behaviour: a
# copy of the original put before this one in PERL5LIB works too
# (docs/testing.md).
#
#     my $t = Test::Nginx->new()->has(qw/http stream/)->plan(3);
#     $t->write_file_expand('nginx.conf', <<'EOC')->run();
#     %%TEST_GLOBALS%%
#     ...
#
# plan(n) adds two tests of its own, as the original does: "no alerts" (here
# also no [crit] and no [emerg]) and "no sanitizer errors" (here also nothing
# left over: no process, no shared memory).  A test without a plan is checked
# just the same, and fails by its exit status.

use strict;
use warnings;

use Exporter qw/ import /;
use File::Path qw/ rmtree /;
use File::Temp qw/ tempdir /;
use IO::Socket::INET;
use POSIX qw/ WNOHANG /;
use Scalar::Util qw/ weaken /;
use Socket qw/ CRLF /;
use Test::More qw//;

use Test::Postern::Env;
use Test::Postern::Watch qw/ adopt_orphans wait_gone bad_log_lines
    sanitizer_reports shm_names shm_left left_over_report wait_for
    descendants /;

our @EXPORT = qw/ log_in log_out http http_get http_head port /;
our @EXPORT_OK = qw/ http_start http_end http_content /;

our $NGINX = defined $ENV{TEST_NGINX_BINARY} ? $ENV{TEST_NGINX_BINARY}
    : '/usr/sbin/nginx';

our $POSTERN = 1;       # this copy, not the original

my (%ports, @instances, $built_with);


sub new {
    my ($class) = @_;

    Test::More::BAIL_OUT("no $NGINX binary found") unless -x $NGINX;

    my $self = bless {
        _pid      => $$,
        _alerts   => 1,
        _allowed  => [],
        _daemons  => [],
        _shm      => { shm_names() },
        _testdir  => tempdir('nginx-test-XXXXXXXXXX', TMPDIR => 1),
    }, $class;

    # Workers that are another user must get through to what is theirs.
    chmod 0755, $self->{_testdir};

    adopt_orphans();
    push @instances, $self;
    weaken($instances[-1]);

    return $self;
}


sub DESTROY {
    my ($self) = @_;
    local $?;

    $self->finish() if $self->{_pid} == $$;
}


# Objects that live as long as the program are checked before its exit status
# is decided.
END {
    my $status = $?;
    my $failed = 0;

    for my $self (grep { defined && $_->{_pid} == $$ } @instances) {
        $failed |= !$self->finish();
    }

    $? = $status ? $status : $failed ? 1 : 0;
}


# Stops everything and looks at what it left.  True when all was well.
sub finish {
    my ($self) = @_;

    return 1 if $self->{_finished}++;

    $self->stop();
    $self->stop_daemons();

    my @processes = wait_gone(5);
    my @shm = shm_left(%{ $self->{_shm} });
    my @alerts = bad_log_lines("$self->{_testdir}/error.log",
                               @{ $self->{_allowed} });
    my @errors = sanitizer_reports("$self->{_testdir}/error.log",
                                   glob "$self->{_testdir}/*.log");
    my $left = left_over_report(\@processes, \@shm);
    my $bad = join "\n", @errors, $left ? $left : ();

    if (Test::More->builder->expected_tests) {
        my $builder = Test::More->builder;

        $builder->todo_start('declared') unless $self->{_alerts};
        Test::More::is(join("\n", @alerts), '', 'no alerts');
        $builder->todo_end() unless $self->{_alerts};

        Test::More::is($bad, '', 'no sanitizer errors, nothing left over');
    }

    @alerts = () unless $self->{_alerts};

    if ((@alerts || $bad) && !Test::More->builder->expected_tests) {
        print STDERR "# $_\n" for @alerts, split /\n/, $bad;
    }

    print $self->read_file('error.log') if $ENV{TEST_NGINX_CATLOG};

    if ($ENV{TEST_NGINX_LEAVE}) {
        print STDERR "# left: $self->{_testdir}\n";
    } else {
        eval { rmtree($self->{_testdir}); };
    }

    return !@alerts && !$bad;
}


# ------------------------------------------------------------ declarations

sub has {
    my ($self, @features) = @_;

    for my $feature (@features) {
        Test::More::plan(skip_all => "no $feature available")
            unless $self->has_module($feature);
    }

    return $self;
}


sub has_module {
    my ($self, $feature) = @_;

    $built_with = `$NGINX -V 2>&1` unless defined $built_with;

    # What is built in unless it was left out, and what must be asked for.
    return 1 if $feature =~ /^(?:http|proxy|fastcgi|uwsgi|scgi|rewrite|gzip
        |access|auth_basic|map|limit_conn|limit_req|upstream\w*)$/x
        && $built_with !~ /--without-http(?:_\Q$feature\E_module)?(?=\s|$)/;

    return 1 if $feature =~ /^unix$/;
    return 1 if $feature eq 'stream' && $built_with =~ /--with-stream\b/;
    return 1 if $feature eq 'mail' && $built_with =~ /--with-mail\b/;
    return 1 if $built_with =~ /--with-\Q$feature\E(?:_module)?\b/;
    return 1 if $feature =~ s/^ssl$/http_ssl/
        && $built_with =~ /--with-http_ssl_module/;

    return 1 if ($ENV{TEST_NGINX_GLOBALS} || '')
        =~ /load_module\s+[^;]*\Q$feature\E[-\w]*\.so\s*;/;

    return $built_with =~ /$feature/ ? 1 : 0;
}


sub has_daemon {
    my ($self, $daemon) = @_;

    for my $dir (split(/:/, $ENV{PATH} || ''), '/usr/sbin', '/sbin') {
        return $self if -x "$dir/$daemon";
    }

    Test::More::plan(skip_all => "no $daemon found");
}


sub plan {
    my ($self, $plan) = @_;

    Test::More::plan(tests => $plan + 2);
    return $self;
}


# Alerts of this test are known: they are reported, and fail nothing.
sub todo_alerts {
    my ($self) = @_;

    $self->{_alerts} = 0;
    return $self;
}


# ------------------------------------------------------------------ running

sub command {
    my ($self) = @_;

    return ($NGINX, '-p', "$self->{_testdir}/", '-c', 'nginx.conf',
            '-e', 'error.log',
            $self->{_test_globals} ? () : ('-g', $self->log_globals()));
}


sub log_globals {
    my ($self) = @_;
    my $level = $ENV{TEST_NGINX_VERBOSE} ? 'debug' : 'info';

    return "pid $self->{_testdir}/nginx.pid; "
           . "error_log $self->{_testdir}/error.log $level;";
}


sub run {
    my ($self, $conf) = @_;

    if (defined $conf) {
        open my $f, '<', $conf or die "Can't open $conf: $!\n";
        local $/;
        $self->write_file_expand('nginx.conf', <$f>);
    }

    unlink "$self->{_testdir}/nginx.pid";

    my $pid = fork();
    die "Unable to fork(): $!\n" unless defined $pid;

    if ($pid == 0) {
        exec($self->command()) or POSIX::_exit(127);
    }

    $self->waitforfile("$self->{_testdir}/nginx.pid", $pid)
        or die "Can't start nginx\n" . $self->log_tail();

    $self->{_started} = 1;
    return $self;
}


sub log_tail {
    my ($self) = @_;
    my @lines = split /^/, -f "$self->{_testdir}/error.log"
        ? $self->read_file('error.log') : '';

    return join '', map { "# $_" } splice @lines, @lines > 20 ? -20 : 0;
}


sub dump_config {
    my ($self) = @_;
    my $command = join ' ', map { "'$_'" } $self->command(), '-T';

    return qx/$command 2>&1/;
}


sub master_pid {
    my ($self) = @_;

    return $self->read_file('nginx.pid') =~ /(\d+)/ ? $1 : undef;
}


sub reload {
    my ($self) = @_;

    kill 'HUP', $self->master_pid() if $self->{_started};
    return $self;
}


sub stop {
    my ($self) = @_;

    return $self unless $self->{_started};
    $self->{_started} = 0;

    # The master may have died, or another one may have taken over.
    return $self unless -s "$self->{_testdir}/nginx.pid";
    my $pid = $self->master_pid() or return $self;

    for my $signal (qw/ QUIT TERM KILL /) {
        kill $signal, $pid or last;
        last if wait_for {
            waitpid($pid, WNOHANG) != 0
                && !grep { $_->{pid} == $pid } descendants($$)
        } $signal eq 'QUIT' ? 30 : 10;

        Test::More::diag("nginx did not stop on $signal");
    }

    return $self;
}


sub run_daemon {
    my ($self, $code, @args) = @_;

    my $pid = fork();
    die "Can't fork daemon: $!\n" unless defined $pid;

    if ($pid == 0) {
        if (ref($code) eq 'CODE') {
            $code->(@args);
            POSIX::_exit(0);
        }

        exec($code, @args) or POSIX::_exit(127);
    }

    push @{ $self->{_daemons} }, $pid;
    return $self;
}


sub stop_daemons {
    my ($self) = @_;

    while (defined(my $pid = shift @{ $self->{_daemons} })) {
        for my $signal (qw/ TERM KILL /) {
            kill $signal, $pid;
            last if wait_for { waitpid($pid, WNOHANG) != 0 } 5;
        }
    }

    return $self;
}


sub waitforfile {
    my ($self, $file, $pid) = @_;
    my ($exited, $status);

    # A daemon's first process exits with 0 before the file is there.
    wait_for {
        return 1 if -s $file;

        if ($pid && !$exited && waitpid($pid, WNOHANG) > 0) {
            ($exited, $status) = (time(), $?);
        }

        return $exited && ($status != 0 || time() - $exited > 2);
    } 60;

    return -s $file ? 1 : 0;
}


sub waitforsocket {
    my ($self, $peer) = @_;

    return wait_for {
        IO::Socket::INET->new(Proto => 'tcp', PeerAddr => $peer) ? 1 : 0
    } 30;
}


# ------------------------------------------------------------------- files

sub testdir {
    my ($self) = @_;

    return $self->{_testdir};
}


sub read_file {
    my ($self, $name) = @_;

    open my $f, '<', "$self->{_testdir}/$name" or die "Can't open $name: $!";
    local $/;
    my $content = <$f>;
    return defined $content ? $content : '';
}


sub write_file {
    my ($self, $name, $content) = @_;

    open my $f, '>', "$self->{_testdir}/$name"
        or die "Can't create $name: $!";
    binmode $f;
    print $f $content;
    close $f or die "Can't write $name: $!";

    return $self;
}


sub write_file_expand {
    my ($self, $name, $content) = @_;

    $content =~ s/%%TEST_GLOBALS%%/$self->test_globals()/ge;
    $content =~ s/%%TEST_GLOBALS_HTTP%%/$self->test_globals_http()/ge;
    $content =~ s/%%TEST_GLOBALS_STREAM%%/$self->test_globals_stream()/ge;
    $content =~ s/%%TESTDIR%%/$self->{_testdir}/g;
    $content =~ s/127\.0\.0\.1:(8\d\d\d)/'127.0.0.1:' . port($1)/ge;
    $content =~ s/%%PORT_(\d+)%%/port($1)/ge;

    return $self->write_file($name, $content);
}


sub test_globals {
    my ($self) = @_;

    if (!defined $self->{_test_globals}) {
        my $s = $self->log_globals() . "\n";

        $s =~ s/; /;\n/g;
        $s .= "$ENV{TEST_NGINX_GLOBALS}\n" if $ENV{TEST_NGINX_GLOBALS};

        # As the original: dynamic modules of the distribution.
        my $modules = $ENV{TEST_NGINX_MODULES} || '/usr/lib/nginx/modules';
        $s = "load_module $modules/ngx_stream_module.so;\n$s"
            if $self->has_module('stream=dynamic')
               && $s !~ /ngx_stream_module\.so/;

        $self->{_test_globals} = $s;
    }

    return $self->{_test_globals};
}


sub test_globals_http {
    my ($self) = @_;
    my $dir = $self->{_testdir};

    return "root $dir;\naccess_log $dir/access.log;\n"
        . join('', map { "${_}_temp_path $dir/${_}_temp;\n" }
               qw/ client_body fastcgi proxy uwsgi scgi /)
        . ($ENV{TEST_NGINX_GLOBALS_HTTP} || '');
}


sub test_globals_stream {
    return $ENV{TEST_NGINX_GLOBALS_STREAM} || '';
}


# -------------------------------------------------------------------- ports

# The port that stands for `num` in this test: itself when free, else another
# one.  A UDP socket on the same number keeps it from other tests.
sub port {
    my ($num, %opts) = @_;

    if (!defined $ports{$num}) {
        my $port = $num;
        my ($lock, $probe);

        for (1 .. 200) {
            $lock = IO::Socket::INET->new(Proto => 'udp',
                LocalAddr => "127.0.0.1:$port");
            $probe = $lock && IO::Socket::INET->new(Proto => 'tcp',
                LocalAddr => "127.0.0.1:$port", Listen => 1, Reuse => 1);
            last if $probe;
            # not 8xxx, which write_file_expand would take for a number again
            $port = 10000 + int rand 18000;
        }

        die "no free port for $num\n" unless $probe;
        $ports{$num} = { port => $port, socket => $lock };
    }

    return $opts{socket} ? $ports{$num}{socket} : $ports{$num}{port};
}


# --------------------------------------------------------------------- log

sub log_core {
    my ($prefix, $msg) = @_;

    return unless $ENV{TEST_NGINX_VERBOSE} && defined $msg;

    $msg = substr($msg, 0, 2048) . "(... of " . length($msg) . " bytes)"
        if length($msg) > 2048;

    for my $line (split /\n/, $msg) {
        $line =~ s/([^\x20-\x7e])/sprintf('\\x%02x', ord($1))/ge;
        print "# $prefix $line\n";
    }
}


sub log_out {
    log_core('>>', @_);
}


sub log_in {
    log_core('<<', @_);
}


# -------------------------------------------------------------------- http

sub http_get {
    my ($url, %extra) = @_;

    return http("GET $url HTTP/1.0" . CRLF . "Host: localhost" . CRLF . CRLF,
                %extra);
}


sub http_head {
    my ($url, %extra) = @_;

    return http("HEAD $url HTTP/1.0" . CRLF . "Host: localhost" . CRLF . CRLF,
                %extra);
}


sub http {
    my ($request, %extra) = @_;

    my $s = http_start($request, %extra);

    return $s if $extra{start} || !defined $s;
    return http_end($s, %extra);
}


# Runs `code` under a time limit; a failure is logged and gives undef.
sub guarded(&) {
    my ($code) = @_;

    my $r = eval {
        local $SIG{ALRM} = sub { die "timeout\n" };
        local $SIG{PIPE} = sub { die "sigpipe\n" };
        alarm(30);
        my $got = $code->();
        alarm(0);
        $got;
    };
    alarm(0);

    log_in("died: $@") if $@;
    return $r;
}


sub http_start {
    my ($request, %extra) = @_;

    return guarded {
        my $s = $extra{socket} || IO::Socket::INET->new(
            Proto    => 'tcp',
            PeerAddr => '127.0.0.1:' . port($extra{SSL} ? 8443 : 8080),
            %extra
        )
            or die "Can't connect to nginx: $!\n";

        start_ssl($s, %extra) if $extra{SSL};

        log_out($request);
        $s->print($request);

        select undef, undef, undef, $extra{sleep} if $extra{sleep};
        return '' if $extra{aborted};

        if ($extra{body}) {
            log_out($extra{body});
            $s->print($extra{body});
        }

        return $s;
    };
}


sub start_ssl {
    my ($s, %extra) = @_;

    require IO::Socket::SSL;
    IO::Socket::SSL->start_SSL($s,
        SSL_verify_mode => IO::Socket::SSL::SSL_VERIFY_NONE(), %extra)
        or die IO::Socket::SSL::errstr() . "\n";
}


sub http_end {
    my ($s) = @_;

    my $reply = guarded {
        local $/;
        my $all = $s->getline();
        $s->close();
        return $all;
    };

    log_in($reply);
    return $reply;
}


# The body of a response, without its transfer coding.
sub http_content {
    my ($text) = @_;

    return unless defined $text && $text =~ /^(.*?)\x0d?\x0a\x0d?\x0a(.*)/s;
    my ($header, $rest) = ($1, $2);

    return $rest unless $header =~ /^transfer-encoding:\s*chunked/mi;

    my $body = '';
    while ($rest =~ s/^([0-9a-fA-F]+)[^\x0a]*\x0a//) {
        my $n = hex $1 or last;
        $body .= substr($rest, 0, $n, '');
        $rest =~ s/^\x0d?\x0a//;
    }

    return $body;
}


1;
