#!/usr/bin/perl

# One user's sessions: `sessions_max` of them, IMAP and submission together,
# whichever store process they are in; one that ends, by whatever death, makes
# room for another.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";

use MIME::Base64;
use Test::More;
use Test::Postern;

my $p = Test::Postern->new(users => [qw/ alice bob carol dave /], workers => 1,
                           postern => "workers 2;\nsessions_max 4;");
$p->plan(15)->run();
$p->allow_alerts(qr/exited on signal 9/);

sub login {
    my ($user) = @_;
    my $imap = $p->imap(SSL => 1);

    $imap->timeout(15)->response();
    $imap->{said} = $imap->command("LOGIN $user\@example.test secret");
    return $imap;
}

sub signed_in { return $_[0]{said} =~ /^p\d+ OK/m; }
sub full      { return $_[0]{said} =~ /^p\d+ NO \[LIMIT\]/m; }

# As many as fit.
sub fill {
    my ($user) = @_;
    my @imap;

    while (@imap < 10) {
        my $imap = login($user || 'alice');
        return @imap if full($imap);
        push @imap, $imap if signed_in($imap);
    }

    return @imap;
}

my @imap = fill();
is(scalar @imap, 4, 'four sessions, the fifth is refused');
ok(signed_in(login('bob')), 'somebody else signs in');
like($p->nginx()->read_file('postern.log'),
     qr/[ ]sessions-full[ ]service=imap[ ]addr=127\.0\.0\.1[ ]max=4
        [ ]user=alice\@example\.test$/mx, 'the log says so');

# Whose mailbox prefers the store that they signed in at, and whose does not.
is_deeply([ map { scalar(my @all = fill($_)) } qw/ carol dave / ], [ 4, 4 ],
          'four each');

my $smtp = Test::Postern::SMTP->new(SSL => 1);
my $auth = 'AUTH PLAIN '
    . encode_base64("\0alice\@example.test\0secret", '');
$smtp->read();
$smtp->command('EHLO client.example.test');
like($smtp->command($auth), qr/^454 4\.7\.0 /, 'submission neither');

my $refused = login('alice');
(shift @imap)->command('LOGOUT');
ok((wait_for {
        $refused->command('LOGIN alice@example.test secret') =~ /^p\d+ OK/m
    } 5), 'after a LOGOUT who was refused may sign in');
like($refused->command('SELECT INBOX'), qr/^p\d+ OK/m, 'and work');
ok(full(login('alice')), 'the others are counted still');

(shift @imap)->close();
ok((wait_for { $smtp->command($auth) =~ /^235/ } 5),
   'after a disconnect submission may');
ok(full(login('alice')), 'and is one of the four');

kill 'KILL', $p->pids('worker');
my @dead = (@imap, $smtp, $refused);
@imap = ();
ok((wait_for { @imap = (@imap, eval { fill() }); @imap == 4 } 10),
   'a worker is killed: its sessions do not count');
ok(full(login('alice')), 'those since do');

# Alice's sessions live in the store that her mailbox prefers: kill both.
kill 'KILL', $_ for $p->pids('store');
my @all;
ok((wait_for { @all = (@all, grep { signed_in($_) } eval { login('alice') });
               @all == 4 } 15),
   'the stores are killed: nothing of theirs counts');
ok(full(login('alice')), 'the new ones count');

# A new configuration: other store processes, another limit.
my %old = map { $_ => 1 } $p->pids('store'), $p->pids('worker');
$p->write_conf(postern => "workers 2;\nsessions_max 2;");
$p->nginx()->reload();
wait_for {
    my @new = ($p->pids('store'), $p->pids('worker'));
    @new == 3 && !grep { $old{$_} } @new;
} 15;
is(scalar(fill()), 2, 'two after a reload with a limit of two');
