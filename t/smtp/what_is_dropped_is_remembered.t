#!/usr/bin/perl

# A line that is too long, and a message that is too big, come in pieces with
# silence between them: the server has taken all there was and kept nothing,
# but what follows still belongs to what is being dropped.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";

use Test::More;
use Test::Postern;

my $p = Test::Postern->new(users => [qw/ alice /],
                           postern => "message_max 100k;");
$p->plan(8)->run();

my $smtp = $p->smtp();
$smtp->timeout(20);
$smtp->reply();
$smtp->command('EHLO client.test');

$smtp->print('x' x 3000);
ok(taken(), 'the first part of a line is taken');
$smtp->print("y\r\nNOOP\r\n");
like($smtp->reply(), qr/^500 5\.5\.6 /, 'the rest belongs to it');
like($smtp->reply(), qr/^250 /, 'then the next command');

$smtp->command('MAIL FROM:<s@other.test>');
$smtp->command('RCPT TO:<alice@example.test>');
$smtp->command('DATA');
$smtp->print("Subject: big\r\n\r\n" . ('x' x 78 . "\r\n") x 2000 . 'half a line');
ok(taken(), 'more of a message than may be is taken');
$smtp->print("\r\nSubject: tail\r\n\r\ntail\r\n.\r\n");
like($smtp->reply(), qr/^552 5\.3\.4 /, 'its tail is no message');
like($smtp->command('NOOP'), qr/^250 /, 'the session goes on');

my $imap = $p->imap_login('alice');
like($imap->command('STATUS INBOX (MESSAGES)'), qr/MESSAGES 0\b/,
     'nothing was delivered');
$p->deliver('alice', "Subject: small\r\n\r\nsmall\r\n");
like($imap->command('STATUS INBOX (MESSAGES)'), qr/MESSAGES 1\b/,
     'but what may be');


# The server's end of our connection has nothing left to read, and ours
# nothing to send: by what the kernel says of both.
sub taken {
    my $s = $smtp->socket();
    my ($ours, $theirs) = map { sprintf '%04X', $_ } $s->sockport(),
        $s->peerport();

    return wait_for {
        my %left;
        open my $f, '<', '/proc/net/tcp' or die $!;
        while (<$f>) {
            my ($local, $remote, $tx, $rx) =
                /:([0-9A-F]{4}) \w+:([0-9A-F]{4}) 01 (\w+):(\w+) / or next;
            $left{"$local$remote"} = hex($tx) + hex $rx;
        }
        my ($a, $b) = map { $left{$_} } "$ours$theirs", "$theirs$ours";
        return defined $a && defined $b && $a + $b == 0;
    };
}
