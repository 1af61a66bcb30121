#!/usr/bin/perl

# Parked requests that wait for changes: their handler is told of a change that
# any process makes, of time that passes, and of a worker that leaves.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";

use IO::Select;
use Test::More;
use Time::HiRes qw/ time sleep /;
use Test::Postern::Pool;

my $p = pool(workers => 2)->plan(34)
    ->allow_alerts(qr/exited on signal 9/);
$p->run();
wait_stores(2) or die 'no stores' . $p->log_tail();


# A parked request: lines of its reply as they come, the end as undef.
package Waiting {
    sub new {
        my ($class, %args) = @_;
        my $s = main::job_start('wait', %args) or die 'refused';
        my $self = bless { s => $s, raw => '', text => '' }, $class;
        my $line = $self->line(5) || '';
        die "no reply: $self->{raw}" unless $line =~ /^([0-9a-f]{32}) (\d+)$/;
        @{$self}{qw/ session pid /} = ($1, $2);
        return $self;
    }

    # The next line; '' after `seconds` of silence; undef: the end.
    sub line {
        my ($self, $seconds) = @_;
        my $until = Time::HiRes::time() + $seconds;

        while (1) {
            $self->{raw} =~ s/^(HTTP.*?\r\n\r\n)//s and $self->{head} = $1;
            while ($self->{head} && $self->{raw} =~ /^([0-9a-f]+)\r\n/i) {
                my ($len, $skip) = (hex $1, $+[0]);
                if ($len == 0) { $self->{whole} = 1; last; }
                last if length $self->{raw} < $skip + $len + 2;
                $self->{text} .= substr $self->{raw}, $skip, $len;
                substr $self->{raw}, 0, $skip + $len + 2, '';
            }
            return $1 if $self->{text} =~ s/^(.*)\n//;
            return undef if $self->{whole};
            my $left = $until - Time::HiRes::time();
            return '' if $left <= 0
                || !IO::Select->new($self->{s})->can_read($left);
            my $n = sysread $self->{s}, $self->{raw}, 65536, length $self->{raw};
            return undef unless $n;
        }
    }
}

sub bump { is((job('bump', slot => $_[0]))[0], 200, "slot $_[0] changes"); }

sub ends {
    my ($w) = @_;
    my $log = $p->nginx()->read_file('postern.log');
    return $log =~ /debug wait $w->{session} ends (\w+)/ ? $1 : '';
}


# Changes, made in the own store process and in the other one.

{
    my $w = Waiting->new(slot => 4);
    my @ms;

    for (1 .. 5) {
        my $start = time();
        job('bump', slot => 4);
        is($w->line(5), 'change', 'a change');
        push @ms, (time() - $start) * 1000;
    }
    cmp_ok(percentile(\@ms, 0), '<', 50, "after @{[ map { int } @ms ]} ms");
    is($w->line(0.3), '', 'one line for each');
    job('bump', slot => 5);
    is($w->line(0.3), '', 'none for other slots');
}

{
    # its session lives in the store of slot 4, slot 7 belongs to the other
    my $w = Waiting->new(slot => 4, slot2 => 7);
    isnt($w->{pid}, job_pid(7), 'two stores');
    bump(7);
    is($w->line(5), 'change', 'the second slot, of the other store');
    bump(4);
    is($w->line(5), 'change', 'the first one');
    unlike($w->{head}, qr/x-postern/i, 'nothing of it in the head');
}

{
    my $w = Waiting->new(slot => 4, next => 9);
    bump(4);
    is($w->line(5), 'change', 'a change');
    job('bump', slot => 4);
    is($w->line(0.3), '', 'the list was replaced');
    bump(9);
    is($w->line(5), 'change', 'by this one');
}


# Time.

{
    my $w = Waiting->new(slot => 4, tick => 2);
    my $start = time();
    is($w->line(5), 'tick', 'a tick');
    is($w->line(5), 'tick', 'and another');
    my $took = time() - $start;
    cmp_ok($took, '>', 2.5, 'not at once');
    cmp_ok($took, '<', 8, 'and within the period');
    job('bump', slot => 4);
    is($w->line(5), 'change', 'a change between them');
}


# Many changes while one poke is under way are told, and none is lost.

{
    my @w = map { Waiting->new(slot => 12) } 1 .. 20;
    job('bump', slot => 12) for 1 .. 30;
    my $told = grep { ($_->line(5) || '') eq 'change' } @w;
    is($told, 20, 'twenty were told');
}


# The client leaves: the handler is told, and ends.

{
    my $w = Waiting->new(slot => 20);
    close $w->{s};
    wait_for { ends($w) ne '' } 5;
    is(ends($w), 'ECANCEL', 'the handler is told, and ends');
    is((job('session_use', session => $w->{session}))[0], 200,
       'its session is there');
}


# A reload: the old worker's requests end as the protocol ends them, and the
# session is there for the next one.

{
    my $w = Waiting->new(slot => 4);
    my @old = $p->pids('worker');
    kill 'HUP', ($p->pids('master'))[0];
    is($w->line(10), 'quit', 'the handler ends the reply');
    is($w->line(5), undef, 'nothing behind it');
    ok($w->{whole}, 'and it is complete');
    my $left = wait_for { my %now = map { $_ => 1 } $p->pids('worker');
                  !grep { $now{$_} } @old } 10;
    ok($left, 'the old workers leave');
    is((job('session_use', session => $w->{session}))[1],
       "1 $w->{pid}\n", 'the session lives on, in the same store');
}


# The store dies: what its successor says goes on behind what was said.

{
    my $w = Waiting->new(slot => 4);
    kill 'KILL', $w->{pid};
    is($w->line(10), 'failed ESTALE', 'the handler of the successor words it');
    $w->line(5);
    ok($w->{whole}, 'and the reply is complete');
}
