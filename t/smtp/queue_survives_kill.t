#!/usr/bin/perl

# kill -9 of the stores and of the clerk while several clients send: what was
# answered with 250 is delivered, once.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";

use POSIX ();
use Test::More;
use Test::Postern;
use Time::HiRes qw/ time /;

my ($clients, $each) = (4, 50);
my @users = qw/ alice bob carol /;

my $p = Test::Postern->new(users => \@users);
$p->allow_alerts(qr/exited on signal 9/, qr/ring unowned/);
$p->plan(10)->run();

my $dir = $p->testdir();


# A client: until it has its 250s, by new connections when one is lost.  What
# was not answered is sent again under another name: it may be there or not.

sub client {
    my ($c) = @_;
    my ($smtp, $done, $try) = (undef, 0, 0);
    my $until = time() + 120;

    local $SIG{PIPE} = 'IGNORE';

    open my $acked, '>>', "$dir/acked.$c" or return 2;

    while ($done < $each && time() < $until) {
        my @to = $try % 5 == 0 ? @users[0, 1] : $users[$try % 3];
        my $name = "$c-$try";
        $try++;

        my $ok = eval {
            if (!$smtp) {
                $smtp = $p->smtp();
                $smtp->timeout(10);
                die if ($smtp->reply() || '') !~ /^220/;
                die if ($smtp->command('EHLO test') || '') !~ /^250/;
            }

            my @r = $smtp->message('s@other.test',
                                   [ map { "$_\@example.test" } @to ],
                                   "Subject: $name\r\n\r\n"
                                   . 'x' x (100 * $try) . "\r\n");
            die if grep { !defined || !/^[23]/ } @r;
            1;
        };

        if (!$ok) {
            undef $smtp;
            next;
        }

        syswrite $acked, "$name @to\n";
        $done++;
    }

    return $done == $each ? 0 : 1;
}

my @pids;

for my $c (1 .. $clients) {
    my $pid = fork();
    die "fork: $!" unless defined $pid;
    POSIX::_exit(client($c)) if $pid == 0;
    push @pids, $pid;
}

sub acked {
    my @lines;

    for my $c (1 .. $clients) {
        open my $f, '<', "$dir/acked.$c" or next;
        push @lines, map { chomp; $_ } <$f>;
    }

    return @lines;
}


# Each death when so many are through, and is seen to be overcome.

sub kill_at {
    my ($n, $name, @kinds) = @_;

    wait_for { acked() >= $n } 60;
    my @dead = map { $p->pids($_) } @kinds;
    my $before = acked();
    kill 'KILL', @dead;

    my %dead = map { $_ => 1 } @dead;
    my $back = wait_for { my @now = map { $p->pids($_) } @kinds;
                          @now == @dead && !grep { $dead{$_} } @now } 30;
    ok($back, "$name died, after $before messages, and came back");
}

kill_at(20, 'a clerk', 'clerk');
kill_at(50, 'the stores', 'store');
kill_at(90, 'all of them', 'store', 'clerk');
kill_at(130, 'the stores', 'store');
kill_at(160, 'a clerk', 'clerk');

# (pids() may have reaped some: their files tell how they fared.)

waitpid($_, 0) for @pids;

my @acked = acked();
is(scalar @acked, $clients * $each, 'every client got its 250s');

my $empty = wait_for { $p->cli_ok('queue', 'list') !~ /s\@other\.test/ } 60;
ok($empty, 'the queue runs empty');

my %want;
for my $line (@acked) {
    my ($name, @to) = split / /, $line;
    $want{$_}{$name} = 1 for @to;
}

for my $user (@users) {
    my $imap = $p->imap_login($user);
    $imap->timeout(30);
    $imap->command('SELECT INBOX');
    my $all = $imap->command('FETCH 1:* (BODY.PEEK[HEADER.FIELDS (SUBJECT)])');
    my %seen;
    $seen{$1}++ while $all =~ /^Subject: (\d+-\d+)\r$/mg;

    my @lost = grep { !$seen{$_} } sort keys %{ $want{$user} };
    my @twice = grep { $seen{$_} > 1 } sort keys %seen;
    is("lost: @lost; twice: @twice", 'lost: ; twice: ',
       "$user has " . keys(%{ $want{$user} }) . ', each once');
}
