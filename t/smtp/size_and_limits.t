#!/usr/bin/perl

# The limits: size announced and size sent, recipients, errors, the length of
# a line; and who is not ours.  The session goes on after each that does not
# end it.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";

use Test::More;
use Test::Postern;

my $max = 100 * 1024;
my $p = Test::Postern->new(users => [qw/ alice bob /],
                           postern => "message_max 100k;\nrcpt_max 3;");
$p->plan(38)->run();

sub session {
    my ($smtp) = @_;
    $smtp->timeout(20);
    $smtp->reply();
    return ($smtp, $smtp->command('EHLO client.test'));
}

# `n` bytes of data

sub text {
    my ($n) = @_;
    my $s = "Subject: size\r\n\r\n";
    my $line = 'x' x 78 . "\r\n";

    $s .= $line while length($s) + 160 < $n;
    return $s . 'y' x ($n - length($s) - 2) . "\r\n";
}

sub data {
    my ($smtp, $text) = @_;
    return 'no 354' unless ($smtp->command('DATA') || '') =~ /^354/;
    $smtp->print("$text.\r\n");
    return $smtp->reply();
}

sub count {
    my ($imap) = @_;
    return ($imap->command('STATUS INBOX (MESSAGES)') || '')
           =~ /MESSAGES (\d+)/ ? $1 : -1;
}


# --- size

my ($smtp, $ehlo) = session($p->smtp());
my $from = 'MAIL FROM:<s@other.test>';
my $too_big = qr/^552 5\.3\.4 /;

like($ehlo, qr/^250-SIZE $max\r$/m, 'SIZE is announced');
like($smtp->command("$from SIZE=" . ($max + 1)), $too_big, 'SIZE= too big');
like($smtp->command("$from SIZE=99999999999999999999"), $too_big,
     'SIZE= beyond 64 bits');
like($smtp->command("$from SIZE=-1"), qr/^501 5\.5\.4 /, 'SIZE=-1');
like($smtp->command("$from SIZE=$max"), qr/^250 /, 'SIZE= as allowed');
like($smtp->command('RCPT TO:<alice@example.test>'), qr/^250 /, 'RCPT');
like(data($smtp, text($max + 1)), $too_big, 'one byte more than allowed');

like($smtp->command('RCPT TO:<alice@example.test>'), qr/^503 /,
     'that transaction is over');
like($smtp->command($from), qr/^250 /, 'another may follow');
$smtp->command('RCPT TO:<alice@example.test>');
like(data($smtp, text($max)), qr/^250 2\.0\.0 /, 'as large as allowed');

like($smtp->command($from), qr/^250 /, 'and another');
$smtp->command('RCPT TO:<alice@example.test>');
like(data($smtp, text(3 * $max)), $too_big, 'three times too large');
like($smtp->command('NOOP'), qr/^250 /, 'read to its end');

$smtp->command($from);
$smtp->command('RCPT TO:<alice@example.test>');
$smtp->command('DATA');
$smtp->print(text(6 * $max));
like($smtp->reply(), $too_big, 'one without end is cut off');
ok($smtp->eof(), 'with its connection');

my $lmtp = $p->lmtp();
$lmtp->timeout(20);
$lmtp->reply();
$lmtp->command('LHLO client.test');
my @r = $lmtp->message('s@other.test',
                       [ 'alice@example.test', 'bob@example.test' ],
                       text($max + 1), lmtp => 1);
is(scalar(grep { /$too_big/ } @r[-2, -1]), 2, 'LMTP: to each recipient');
@r = $lmtp->message('s@other.test', 'bob@example.test', text(500),
                    lmtp => 1);
like($r[-1], qr/^250 2\.1\.5 /, 'LMTP: and goes on');


# --- recipients

($smtp) = session($p->smtp());
$smtp->command($from);
like($smtp->command('RCPT TO:<nobody@example.test>'), qr/^550 5\.1\.1 /,
     'an unknown user');
like($smtp->command('RCPT TO:<x@other.test>'), qr/^550 5\.7\.1 /,
     'no relay for strangers');
like($smtp->command('RCPT TO:<"x@other.test"@example.test>'),
     qr/^550 5\.1\.1 /, 'nor by quotes');
like($smtp->command('RCPT TO:<x%other.test@example.test>'),
     qr/^550 5\.1\.1 /, 'nor by a percent sign');
like($smtp->command('RCPT TO:<@example.test:x@other.test>'),
     qr/^550 5\.7\.1 /, 'nor by a route');
$smtp->command("RCPT TO:<alice+$_\@example.test>") for 1, 2;
like($smtp->command('RCPT TO:<bob@example.test>'), qr/^250 /,
     'the last that is allowed');
like($smtp->command('RCPT TO:<bob+more@example.test>'), qr/^452 4\.5\.3 /,
     'one more is not');
like(data($smtp, text(500)), qr/^250 2\.0\.0 /, 'the others have it');

my $user = $p->submission('alice');
like($user->command('MAIL FROM:<alice@example.test>'), qr/^250 /,
     'submission');
like($user->command('RCPT TO:<x@other.test>'), qr/^550 5\.4\.4 /,
     'without a relay nothing leaves');

my ($alice, $bob) = map { $p->imap_login($_) } qw/ alice bob /;
ok(wait_for { count($alice) == 2 && count($bob) == 2 },
   'what was taken is there, once for each');


# --- lines

($smtp) = session($p->smtp());
$smtp->print('NOOP ' . 'x' x 2041 . "\r\n");
like($smtp->reply(), qr/^250 /, 'a line of 2,048 bytes');
$smtp->print('NOOP ' . 'x' x 2042 . "\r\n");
like($smtp->reply(), qr/^500 5\.5\.6 /, 'one of 2,049');
$smtp->print('x' x 1_000_000 . "\r\nNOOP\r\n");
like($smtp->reply(), qr/^500 5\.5\.6 /, 'one of a million: one answer');
like($smtp->reply(), qr/^250 /, 'then the next command');
$smtp->print("NOOP\nNOOP\r\n");
like($smtp->reply(), qr/^500 5\.5\.2 /, 'a line that ends in LF');
like($smtp->reply(), qr/^250 /, 'and goes on');


# --- errors

($smtp) = session($p->smtp());
my $borne = 0;
$borne += ($smtp->command('BAD') || '') =~ /^500 5\.5\.2 / for 1 .. 20;
is($borne, 20, '20 errors are borne');
like($smtp->command('BAD'), qr/^421 4\.7\.0 /, 'one more is not');
ok($smtp->eof(), 'and ends the session');

like($p->nginx()->read_file('postern.log'),
     qr/smtp client=127\.0\.0\.1 from="s\@other\.test" to="x\@other\.test" refused="550 5\.7\.1 /,
     'a refusal is in the log');
