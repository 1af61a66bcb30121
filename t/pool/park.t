#!/usr/bin/perl

# What RPC over HTTP needs: a request body that goes unbuffered into a session,
# piece by piece, and comes out on another, parked connection of the session,
# with flow control.  And parked connections that wait for a mailbox.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";

use IO::Select;
use Test::More;
use Time::HiRes qw/ time sleep /;
use Test::Postern::Pool;

my $p = pool(workers => 2)->plan(20);
$p->run();
wait_stores(2) or die 'no stores' . $p->log_tail();


# A chunked reply, read as it comes.
package Chunks {
    sub new {
        my ($class, $s) = @_;
        return bless { s => $s, raw => '', plain => '', head => '' }, $class;
    }

    # More bytes, or undef after `seconds` of silence; '' at the end.
    sub more {
        my ($self, $seconds) = @_;
        return undef unless IO::Select->new($self->{s})->can_read($seconds);
        my $n = sysread $self->{s}, $self->{raw}, 65536, length $self->{raw};
        return '' unless $n;

        if ($self->{head} eq '') {
            return undef unless $self->{raw} =~ s/^(.*?\r\n\r\n)//s;
            $self->{head} = $1;
        }

        my $before = length $self->{plain};
        while ($self->{raw} =~ /^([0-9a-f]+)\r\n/i) {
            my ($len, $skip) = (hex $1, $+[0]);
            if ($len == 0) { $self->{end} = 1; last; }
            last if length $self->{raw} < $skip + $len + 2;
            $self->{plain} .= substr $self->{raw}, $skip, $len;
            substr $self->{raw}, 0, $skip + $len + 2, '';
        }
        return substr $self->{plain}, $before;
    }

    sub until_length {
        my ($self, $n, $seconds) = @_;
        my $until = Time::HiRes::time() + $seconds;
        while (length $self->{plain} < $n && !$self->{end}
               && Time::HiRes::time() < $until)
        {
            my $got = $self->more(0.1);
            last if defined $got && $got eq '' && eof $self->{s};
        }
        return length $self->{plain} >= $n;
    }
}


sub out_channel {
    my $out = Chunks->new(job_start('park', slot => 1));

    $out->until_length(33, 5) or die 'no OUT channel' . $p->log_tail();
    my ($session) = $out->{plain} =~ /^([0-9a-f]{32})\n/;
    $out->{plain} = '';
    return ($out, $session);
}

sub in_channel {
    my ($session, $length, %args) = @_;
    my $query = join '&', "job=feed&session=$session",
        map { "$_=$args{$_}" } keys %args;

    return request_start("POST /debug?$query HTTP/1.1\r\nHost: x\r\n"
        . "Connection: close\r\nContent-Length: $length\r\n\r\n");
}


# Piece by piece: what goes in comes out before the body is complete.

{
    my ($out, $session) = out_channel();
    ok($session, 'OUT is parked and names its session');

    my $in = in_channel($session, 30);
    my @ms;

    for my $i (0 .. 2) {
        my $start = time();
        print $in chr(97 + $i) x 10;
        ok($out->until_length(10 * ($i + 1), 5),
           'a piece comes out before the next one is sent');
        push @ms, (time() - $start) * 1000;
    }

    is($out->{plain}, 'a' x 10 . 'b' x 10 . 'c' x 10, 'in order');
    my ($status, $body) = job_end($in, 5);
    is($status, 200, 'IN is answered');
    like($body, qr/^fed 30 /, 'after all of it went in');
    ok($out->until_length(31, 5) || $out->{end}, 'OUT ends');
}


# Flow control: while OUT is not read, IN is held; no bytes pile up.

{
    my ($out, $session) = out_channel();
    my $size = 40_000_000;
    my %before = map { $_ => rss($_) } $p->pids('worker'), $p->pids('store');

    my $in = in_channel($session, $size, low => 262144);
    $in->blocking(0);
    my ($sent, $idle) = (0, 0);

    # until the connection takes nothing for a second
    while ($sent < $size && $idle < 10) {
        my $n = syswrite $in, 'x' x 65536;
        if ($n) { $sent += $n; $idle = 0; } else { $idle++; sleep(0.1); }
    }

    cmp_ok($sent, '<', 25_000_000, "IN is held after $sent bytes");
    my ($most) = sort { $b <=> $a }
        map { rss($_) - ($before{$_} || 0) }
        $p->pids('worker'), $p->pids('store');
    cmp_ok($most, '<', 16384, "$most KB of memory");

    is((job('noop', slot => 1, seconds => 5))[0], 200,
       'no thread of the store is held');

    # now both ends move
    my $got = 0;
    my $until = time() + 30;

    while ($got < $size && time() < $until) {
        if ($sent < $size) {
            my $n = syswrite $in, 'x' x ($size - $sent > 65536
                                         ? 65536 : $size - $sent);
            $sent += $n if $n;
        }
        my $more = $out->more(0.01);
        if (defined $more) {
            last if $more eq '' && $out->{end};
            $got += length $more;
            $out->{plain} = '';
        }
    }

    is($got, $size, 'all of it comes out');
    $in->blocking(1);
    my ($status, $body) = job_end($in, 10);
    is($status, 200, 'IN is answered');
    my ($held) = ($body || '') =~ /held (\d+)/;
    cmp_ok($held || 0, '>', 0, 'after it was held');
}


# OUT goes away: IN is told.

{
    my ($out, $session) = out_channel();
    my $in = in_channel($session, 1000);
    print $in 'x' x 10;
    $out->until_length(10, 5);
    close $out->{s};
    sleep(0.3);

    my $status = 0;
    for (1 .. 10) {
        local $SIG{PIPE} = 'IGNORE';
        print $in 'x' x 10;
        sleep(0.1);
        last if IO::Select->new($in)->can_read(0);
    }
    ($status) = job_end($in, 5);
    isnt($status, 200, "OUT is gone: IN gets $status");
}


# Waiting for a mailbox: many connections, one change.

{
    # who comes behind the change is told at once, by what it knew
    my (undef, $now) = job('bump', slot => 9);
    my @waiting = map { job_start('watch', slot => 9, version => int $now) }
        1 .. 300;
    my @others = map { job_start('watch', slot => 10) } 1 .. 20;
    sleep(0.5);

    my $start = time();
    job('bump', slot => 9);
    my $until = $start + 20;
    my $woken = grep { (job_end($_, $until - time()))[1] eq "woken\n" }
        @waiting;
    is($woken, 300, sprintf '300 watchers woken in %.0f ms',
                            (time() - $start) * 1000);

    my $quiet = grep { !IO::Select->new($_)->can_read(0) } @others;
    is($quiet, 20, 'those of another mailbox sleep on');
}


# A change between the answer that told a version and the watch for the next:
# no other change will come to wake it.

{
    my (undef, $old) = job('bump', slot => 11);
    my (undef, $now) = job('bump', slot => 11);
    cmp_ok($now, '>', $old, 'the slot has moved on');

    my $s = job_start('watch', slot => 11, version => int $old);
    is((job_end($s, 5))[1], "woken\n", 'a watch that comes late fires at once');

    $s = job_start('watch', slot => 11, version => int $now);
    ok(!IO::Select->new($s)->can_read(0.3), 'one that does not waits');
}
