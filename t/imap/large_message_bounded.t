#!/usr/bin/perl

# Run alone.
#
# A message of 100 MB is APPENDed over TLS and FETCHed back as it was, in
# the clear and over TLS, and no process takes more than 64 MB of private
# memory meanwhile.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";

use Digest::SHA;
use POSIX qw//;
use Test::More;
use Time::HiRes qw/ time /;
use Test::Postern;

# ASan keeps what was freed
use constant {
    SIZE  => 100 * 1024 * 1024,
    LIMIT => (($ENV{POSTERN_FLAVOUR} || '') eq 'asan' ? 1024 : 64) * 1024,
};

my $p = Test::Postern->new(users => [qw/ alice /],
                           postern => 'clear_text_auth on;');
$p->plan(6)->run();


# Private memory in KB.
sub memory {
    my ($pid) = @_;

    open my $f, '<', "/proc/$pid/status" or return 0;
    local $/;
    return <$f> =~ /^RssAnon:\s+(\d+)/m ? $1 : 0;
}


# A process that looks every 10 ms until watch_stop().
sub watch_start {
    my (@pids) = @_;

    pipe my $r, my $w or die "pipe: $!";
    my $pid = fork();
    die "fork: $!" unless defined $pid;
    return { pid => $pid, pipe => $r } if $pid;

    my $stop = 0;
    my %most = map { $_ => 0 } @pids;
    $SIG{TERM} = sub { $stop = 1 };

    while (!$stop) {
        for (@pids) {
            my $kb = memory($_);
            $most{$_} = $kb if $kb > $most{$_};
        }
        select undef, undef, undef, 0.01;
    }

    syswrite $w, join ' ', %most;
    POSIX::_exit(0);
}


# The most of each.
sub watch_stop {
    my ($watch) = @_;

    kill 'TERM', $watch->{pid};
    my $pipe = $watch->{pipe};
    sysread $pipe, my $line, 65536;
    waitpid $watch->{pid}, 0;

    return split ' ', $line;
}


sub append {
    my ($imap) = @_;
    my $head = "Subject: large\r\n\r\n";
    my $line = join('', map { chr(33 + $_ % 90) } 0 .. 75) . "\r\n";
    my $block = $line x 840;
    my $sha = Digest::SHA->new(256);

    $imap->send('a APPEND INBOX {' . SIZE . '}');
    return 'refused' unless ($imap->response() || '') =~ /^\+/;

    for (my $left = SIZE; $left > 0; $left -= length $head) {
        $head = substr $block, 0, $left unless $left == SIZE;
        $imap->socket()->print($head) or return 'closed';
        $sha->add($head);
    }

    $imap->send('');
    my $reply = $imap->response();
    $reply = $imap->response() while ($reply || 'a ') =~ /^\*/;

    return ($reply, $sha->hexdigest());
}


# The hash of what BODY[] has, and how much that is.
sub fetch {
    my ($imap) = @_;
    my $sha = Digest::SHA->new(256);

    $imap->send('f FETCH 1 BODY.PEEK[]');
    my ($n) = ($imap->getline() || '') =~ /BODY\[\] \{(\d+)\}/
        or return ('no literal', 0);

    for (my $left = $n; $left > 0; $left -= 65536) {
        my $piece = $imap->read_bytes($left < 65536 ? $left : 65536);
        return ('cut off', $n - $left) unless defined $piece;
        $sha->add($piece);
    }

    1 while ($imap->getline() || 'f ') !~ /^f /;
    return ($sha->hexdigest(), $n);
}


my %name;
for my $kind (qw/ worker store clerk /) {
    $name{$_} = $kind for $p->pids($kind);
}

my $imap = $p->imap_login('alice');
my $plain = $p->imap();
$plain->login($p->address('alice'), 'secret');

for ($imap, $plain) {
    $_->timeout(120);
    $_->command('SELECT INBOX');
}

my %before = map { $_ => memory($_) } keys %name;
my (%grown, $watch);

for my $step (
    [ 'APPEND over TLS' => sub { return append($imap) } ],
    [ 'FETCH over TLS'  => sub { return fetch($imap) } ],
    [ 'FETCH in the clear' => sub { $plain->command('NOOP');
                                    return fetch($plain) } ],
) {
    my ($what, $run) = @$step;
    my $start = time();
    $watch = watch_start(keys %name);
    my ($one, $two) = $run->();
    my $took = time() - $start;
    my %most = watch_stop($watch);

    if ($what =~ /APPEND/) {
        like($one, qr/^a OK \[APPENDUID/, $what);
        $imap->{sha} = $two;
        $imap->command('NOOP');
    } else {
        is($one, $imap->{sha}, "$what gives it back");
    }

    my %by;
    for (keys %most) {
        my $kb = $most{$_} - $before{$_};
        $by{$name{$_}} = $kb if $kb > ($by{$name{$_}} || 0);
    }

    my ($max) = sort { $b <=> $a } values %by;
    cmp_ok($max, '<', LIMIT, sprintf '%s: %.1f s, grown by MB: %s', $what,
           $took, join ', ', map { sprintf '%s %.1f', $_, $by{$_} / 1024 }
           sort keys %by);
}
