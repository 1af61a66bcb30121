package Test::Postern::Pool;

# What the tests of the pool share: a site with debug jobs and no mail, jobs
# over HTTP, load that runs while something else happens, figures of
# processes.
#
#     my $p = pool(workers => 2);
#     $p->plan(3)->run();
#     wait_stores(2);
#     my ($status, $body) = job('sleep', ms => 100, slot => 1);
#
#     my $load = load_start(2);
#     ...
#     my $r = load_stop($load);     # { ok, errors => [...], ms => [...] }

use strict;
use warnings;

use Exporter qw/ import /;
use IO::Select;
use IO::Socket::INET;
use JSON::PP qw/ decode_json /;
use POSIX qw/ WNOHANG /;
use Test::More qw//;
use Time::HiRes qw/ time sleep /;

use Test::Postern;
use Test::Postern::Watch qw/ descendants wait_for /;

our @EXPORT = qw/ pool job job_start job_end job_pid request request_start
    status_json wait_stores store_pids load_start load_stop percentile rss
    port wait_for http_get alive descendants /;


# Arguments are those of Test::Postern->new(), and `http`: more locations.
sub pool {
    my (%args) = @_;
    my $http = delete $args{http};
    my $postern = delete $args{postern};

    return Test::Postern->new(
        mail => 0, setup => 0,
        postern => "debug_jobs on;\n" . (defined $postern ? $postern : ''),
        http => "
        location /debug { postern_debug; }
        location /status { postern_status; }
        location /ok { return 200 'ok'; }
        " . (defined $http ? $http : ''),
        %args);
}


# ------------------------------------------------------------------- http

# Begins a request on a connection of its own; undef when refused.
sub request_start {
    my ($text) = @_;

    my $s = IO::Socket::INET->new(Proto => 'tcp',
        PeerAddr => '127.0.0.1:' . port(8080)) or return;

    $s->autoflush(1);
    local $SIG{PIPE} = 'IGNORE';
    print $s $text;
    return $s;
}


# Reads to the end: (status, body); status 0: no answer within `seconds`.
sub read_reply {
    my ($s, $seconds) = @_;
    my $until = time() + (defined $seconds ? $seconds : 20);
    my $select = IO::Select->new($s);
    my $all = '';

    while ((my $left = $until - time()) > 0) {
        next unless $select->can_read($left);
        my $n = sysread $s, $all, 262144, length $all;
        last unless $n;
    }

    return (0, $all) unless $all =~ m{^HTTP/1\.\d (\d+)[^\r]*\r\n(.*?)\r\n\r\n}s;
    my ($status, $head) = ($1, $2);
    my $body = substr $all, $+[0];

    if ($head =~ /^content-length: (\d+)/mi && length $body < $1) {
        return (0, $body);
    }

    if ($head =~ /^transfer-encoding: chunked/mi) {
        my $plain = '';
        my $whole = 0;
        while ($body =~ s/^([0-9a-f]+)\r\n//i) {
            my $n = hex $1;
            if ($n == 0) { $whole = 1; last; }
            $plain .= substr $body, 0, $n, '';
            $body =~ s/^\r\n//;
        }
        return ($whole ? $status : 0, $plain);
    }

    return ($status, $body);
}


sub request {
    my ($text, $seconds) = @_;
    my $s = request_start($text) or return (0, 'refused');

    return read_reply($s, $seconds);
}


sub job_start {
    my ($name, %args) = @_;
    my $body = delete $args{body};
    my $query = join '&', "job=$name", map { "$_=$args{$_}" } sort keys %args;
    my $head = defined $body ? 'POST' : 'GET';

    $head .= " /debug?$query HTTP/1.1\r\nHost: localhost\r\n"
             . "Connection: close\r\n";
    $head .= 'Content-Length: ' . length($body) . "\r\n" if defined $body;

    return request_start("$head\r\n" . (defined $body ? $body : ''));
}


sub job_end {
    my ($s, $seconds) = @_;

    return $s ? read_reply($s, $seconds) : (0, 'refused');
}


sub job {
    my ($name, %args) = @_;
    my $seconds = delete $args{seconds};

    return job_end(scalar job_start($name, %args), $seconds);
}


# The process that serves a slot.
sub job_pid {
    my ($slot) = @_;
    my ($status, $body) = job('pid', slot => $slot);

    return $status == 200 && $body =~ /^(\d+)/ ? $1 : 0;
}


sub status_json {
    my (undef, $body) = request("GET /status?format=json HTTP/1.0\r\n\r\n", 5);

    return eval { decode_json($body) } || { stores => [] };
}


# Waits until `n` stores and the clerk serve, and only they.
sub wait_stores {
    my ($n, $seconds) = @_;

    return wait_for {
        my $st = status_json();
        return @{ $st->{stores} } == $n && $st->{clerk}
            && !grep { !$_->{pid} || !alive($_->{pid}) } @{ $st->{stores} };
    } defined $seconds ? $seconds : 30;
}


sub store_pids {
    return map { $_->{pid} } @{ status_json()->{stores} };
}


# ------------------------------------------------------------------- load

# `n` processes that run no-op jobs, a connection each, until they are told
# to stop; what they saw comes back over a pipe.
sub load_start {
    my ($n, %args) = @_;
    my @load;

    for my $i (1 .. $n) {
        pipe my $r, my $w or die "pipe: $!";
        my $pid = fork();
        die "fork: $!" unless defined $pid;

        if ($pid == 0) {
            close $r;
            load_run($w, %args);
            POSIX::_exit(0);
        }

        close $w;
        push @load, { pid => $pid, pipe => $r };
    }

    return \@load;
}


sub load_run {
    my ($w, %args) = @_;
    my ($ok, $stop, @ms, %errors) = (0, 0);
    my $name = delete $args{job} || 'noop';
    my $pause = delete $args{pause};

    $SIG{TERM} = sub { $stop = 1 };
    $SIG{PIPE} = 'IGNORE';

    while (!$stop) {
        my $start = time();
        my $slot = defined $args{slot} ? $args{slot} : int rand 64;
        my ($status, $body) = job($name, %args, slot => $slot, seconds => 15);

        if ($status == 200) {
            $ok++;
            push @ms, (time() - $start) * 1000;
        } elsif (!$stop || $status) {       # a signal breaks a connect()
            $errors{"$status " . substr($body, 0, 60)}++;
        }

        sleep($pause) if $pause;
    }

    print $w "ok $ok\n";
    print $w "error $errors{$_} ", $_ =~ s/[\r\n]+/ /gr, "\n" for keys %errors;
    print $w 'ms ', join(' ', map { sprintf '%.3f', $_ } @ms), "\n";
    close $w;       # _exit() flushes nothing
}


sub load_stop {
    my ($load) = @_;
    my %r = (ok => 0, errors => [], ms => []);

    kill 'TERM', $_->{pid} for @$load;

    for my $l (@$load) {
        my $pipe = $l->{pipe};
        while (my $line = <$pipe>) {
            $r{ok} += $1 if $line =~ /^ok (\d+)/;
            push @{ $r{errors} }, $1 if $line =~ /^error (.*)/;
            push @{ $r{ms} }, split ' ', $1 if $line =~ /^ms (.*)/;
        }
        waitpid $l->{pid}, 0;
    }

    return \%r;
}


sub percentile {
    my ($ms, $p) = @_;
    my @sorted = sort { $a <=> $b } @$ms;

    return @sorted ? $sorted[int($#sorted * $p / 100)] : undef;
}


# -------------------------------------------------------------- processes

sub alive {
    my ($pid) = @_;

    open my $f, '<', "/proc/$pid/stat" or return 0;
    my $line = <$f>;
    return defined $line && $line !~ /\) Z /;
}


# Resident memory of a process in KB, its own pages only.
sub rss {
    my ($pid) = @_;

    open my $f, '<', "/proc/$pid/status" or return 0;
    my ($anon, $file) = (0, 0);
    while (my $line = <$f>) {
        $anon = $1 if $line =~ /^RssAnon:\s+(\d+)/;
        $file = $1 if $line =~ /^RssShmem:\s+(\d+)/;
    }

    return $anon + $file;
}


1;
