#!/usr/bin/perl

# Two sessions, each logged on to both mailboxes, move messages crosswise
# between them while store processes are killed: nothing is lost, nothing is
# there twice, nothing waits for ever.  A minute, or POSTERN_LONG seconds.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";

use Test::More;
use Test::Postern;
use Test::Postern::MAPI;
use Time::HiRes qw/ time /;

use constant { SUBJECT => 0x0037001f, MID => 0x674a0014 };

my $seconds = $ENV{POSTERN_LONG} || 60;
my $messages = 40;
my @names = qw/ alice bob /;

my $p = Test::Postern->new(Test::Postern::MAPI->site(users => \@names,
    postern => "workers 2;\n"));
$p->plan(6)->run();
$p->allow_alerts(qr/exited on signal 9/);

$p->cli_ok('access', 'set', $p->address('bob'), $p->address('alice'),
           '--full');
$p->cli_ok('access', 'set', $p->address('alice'), $p->address('bob'),
           '--full');

for my $n (1 .. $messages) {
    $p->deliver($names[$n % 2], "From: a\@b.test\r\nSubject: m$n\r\n\r\n"
                . ('text ' x 200) . "$n\r\n");
}

my $end = time() + $seconds;
my @pids;

for my $me (0, 1) {
    pipe my $in, my $out;
    my $pid = fork();
    die "fork: $!" unless defined $pid;

    if (!$pid) {
        close $in;
        my ($moved, $failed) = mover($me);
        print $out "$moved $failed\n";
        close $out;
        POSIX::_exit(0);
    }

    close $out;
    push @pids, [ $pid, $in ];
}

my ($kills, $moved, $failed) = (0, 0, 0);

while (time() < $end - 3) {
    select undef, undef, undef, 0.7;
    my @stores = $p->pids('store') or next;
    kill 'KILL', $stores[$kills++ % @stores];
}

for (@pids) {
    my ($pid, $in) = @$_;
    my $line = <$in>;
    my ($m, $f) = split ' ', defined $line ? $line : '0 0';
    $moved += $m;
    $failed += $f;
    waitpid $pid, 0;
}

cmp_ok($kills, '>', 5, 'stores were killed');
cmp_ok($moved, '>', 20, "messages were moved ($moved requests, $failed met a"
       . ' store that died)');

my %there;

ok((wait_for {
    %there = ();
    for my $user (@names) {
        my $imap = eval { $p->imap_login($user) } or return 0;
        return 0 unless $imap->command('EXAMINE INBOX') =~ /^p\d+ OK/m;
        my $all = $imap->command('FETCH 1:* BODY.PEEK[HEADER.FIELDS'
                                 . ' (SUBJECT)]');
        $there{$1}++ while $all =~ /^Subject: (m\d+)\r$/mg;
    }
    return scalar(keys %there) == $messages;
} 60), 'all are there');

is(join(' ', grep { !$there{"m$_"} } 1 .. $messages), '', 'none is lost');
is(join(' ', grep { $there{$_} > 1 } sort keys %there), '',
   'none is there twice');
is($p->cli('mailbox', 'check', '--all') =~ /error|lost|wrong/ ? 1 : 0, 0,
   'nothing for a check to find');


# Moves what it finds, from mine to his and back, until the time is over.
sub mover {
    my ($me) = @_;
    my ($user, $other) = @names[ $me, 1 - $me ];
    my ($n, $broken, $m, @handle, @inbox) = (0, 0);

    while (time() < $end) {
        my $ok = eval {
            local $SIG{ALRM} = sub { die "too long\n" };
            alarm 45;

            if (!$m) {
                $m = Test::Postern::MAPI->new($p, $user);
                die 'connect' if ($m->connect()->{code} // -1) ne '0';
                for my $i (0, 1) {
                    my $l = $m->logon(logon => $i,
                                      dn => $m->dn_of($i ? $other : $user));
                    die 'logon' if !$l || $l->{error};
                    my ($f) = $m->rops([ $l->{handle}, NONE ],
                        rop('OpenFolder', logon => $i, out => 1,
                            folder_id => $l->{folder_ids}[4]));
                    die 'folder' if !$f || $f->{error};
                    $handle[$i] = $f->{handle};
                }
            }

            my $from = $n % 2;
            my @columns = (MID, SUBJECT);
            my @r = $m->rops([ $handle[$from], NONE ],
                rop('GetContentsTable', logon => $from, out => 1),
                rop('SetColumns', logon => $from, in => 1,
                    tags => \@columns),
                rop('QueryRows', logon => $from, in => 1, forward => 1,
                    row_count => 4),
                rop('Release', logon => $from, in => 1),
                { columns => \@columns });
            my @mids = map { $_->{+MID} } @{ $r[2]{rows} || [] };
            die 'rows' if !@r || $r[2]{error};

            if (@mids) {
                my ($move) = $m->rops([ @handle[ $from, 1 - $from ] ],
                    rop('MoveCopyMessages', logon => $from, in => 0,
                        dest => 1, ids => \@mids));
                die 'move' if !$move || $move->{error};
            }

            alarm 0;
            $n++;
            1;
        };

        alarm 0;

        if (!$ok) {
            die "$$: a move hangs" if $@ =~ /too long/;
            $broken++;
            undef $m;
            select undef, undef, undef, 0.05;
        }
    }

    return ($n, $broken);
}
