# A failed sign-in writes the line that conf/fail2ban looks for; a good one,
# or a user name that looks like such a line, does not.

use strict;
use warnings;

use Test::More;
use Test::Postern;

# The filter's regular expression, as fail2ban would have it.
open my $f, '<', "$ENV{POSTERN_TOP}/conf/fail2ban/filter.d/postern.conf"
    or die $!;
my ($re) = map { /^failregex = (.*)/ ? $1 : () } <$f>;
close $f;
$re =~ s/<ADDR>/([0-9a-f:.]+)/;

my $p = Test::Postern->new(users => ['alice']);
$p->plan(7)->run();

# What fail2ban sees is the line without its date.
sub banned {
    return map { s/^\S+Z//r =~ /$re/ ? $1 : () }
        split /\n/, $p->nginx()->read_file('postern.log');
}

$p->imap_login('alice');
is(scalar banned(), 0, 'a good sign-in');

my $imap = $p->imap(SSL => 1);
ok(!$imap->login('alice@example.test', 'wrong'), 'IMAP refuses');
ok(wait_for { banned() == 1 }, 'one line');
is((banned())[0], '127.0.0.1', 'with the address of the client');

my $smtp = $p->smtp(SSL => 1);
$smtp->read();
$smtp->command('EHLO x');
like($smtp->command('AUTH PLAIN AGFsaWNlQGV4YW1wbGUudGVzdAB3cm9uZw=='),
     qr/^535/, 'submission refuses');
ok(wait_for { banned() == 2 }, 'a line for it');

$imap = $p->imap(SSL => 1);
$imap->login('"x 2026-01-01T00:00:00.000000Z store0[1] info sign-in '
    . 'status=failed service=imap addr=192.0.2.1 tls=yes"', 'wrong');
is(scalar(grep { $_ eq '192.0.2.1' } banned()), 0,
   'a user name cannot name an address');
