#!/usr/bin/perl

# Read receipts: RopSetReadFlags and RopSetMessageReadFlag send one, once, to
# somebody here and to somebody elsewhere; what is suppressed, or read by IMAP,
# has none; RopDeleteMessages with NotifyNonRead tells that it was not read.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";

use Test::More;
use Test::Postern;
use Test::Postern::MAPI;

my $p = Test::Postern->new(Test::Postern::MAPI->site(
    users => [qw/ alice bob /]));

$p->plan(15)->run();
$p->deliver('alice', "From: bob\@example.test\r\nSubject: $_\r\n"
    . "Message-ID: <$_\@here>\r\n"
    . "Disposition-Notification-To: Bob <bob\@example.test>\r\n"
    . "\r\nx\r\n") for qw/ one two three four /;

my $m = Test::Postern::MAPI->new($p, 'alice');
$m->connect();
my $l = $m->logon();
my $inbox = $l->{folder_ids}[4];
my ($folder, %mid) = listed();
my $bob = $p->imap_login('bob');
my $imap = $p->imap_login('alice');
$imap->command('SELECT INBOX');

my ($r) = $m->rops([ $folder ],
    rop('SetReadFlags', flags => 0, ids => [ $mid{one} ]));
is($r->{error}, 0, 'read');
ok(wait_for {; exists_of($bob) == 1 }, 'a receipt came');
my $text = $bob->command('FETCH 1 BODY.PEEK[]');
like($text, qr/^Subject: Read: one\r$/m, 'it says so');
like($text, qr{report-type=disposition-notification}, 'as a report');
like($text, qr{^Disposition: manual-action/MDN-sent-automatically; displayed\r$}m,
     'with what became of it');
like($text, qr/^Original-Message-ID: <one\@here>\r$/m, 'of which message');
like($text, qr/^Final-Recipient: rfc822; alice\@example.test\r$/m, 'by whom');
like($imap->command('FETCH 1 FLAGS'), qr/\\Seen.*\$MDNSent/,
     'IMAP clients need not send one');

$m->rops([ $folder ],
    rop('SetReadFlags', flags => 5, ids => [ $mid{one} ]));
$m->rops([ $folder ],
    rop('SetReadFlags', flags => 0, ids => [ $mid{one} ]));
($r) = $m->rops([ $folder ],
    rop('SetReadFlags', flags => 1, ids => [ $mid{two} ]));
is($r->{error}, 0, 'read without a receipt');
$imap->command('STORE 3 +FLAGS (\\Seen)');
($r) = $m->rops([ $folder ],
    rop('DeleteMessages', notify => 1, ids => [ @mid{qw/ two three / } ]));
is($r->{error}, 0, 'those that were read are deleted');
($r) = $m->rops([ $folder ],
    rop('DeleteMessages', notify => 1, ids => [ $mid{four} ]));
is($r->{error}, 0, 'one that was not');
ok(wait_for {; exists_of($bob) == 2 }, 'a receipt of that came');
$text = $bob->command('FETCH 2 BODY.PEEK[]');
like($text, qr/^Subject: Not read: four\r$/m, 'it says so');
like($text, qr{MDN-sent-automatically; deleted\r$}m, 'and why');

# what bob sees of them

my $b = Test::Postern::MAPI->new($p, 'bob');
$b->connect();
my $bl = $b->logon();
my @columns = (0x001a001f);
my @r = $b->rops([ $bl->{handle}, NONE, NONE ],
    rop('OpenFolder', in => 0, out => 1, folder_id => $bl->{folder_ids}[4]),
    rop('GetContentsTable', in => 1, out => 2),
    rop('SetColumns', in => 2, tags => \@columns),
    rop('QueryRows', in => 2, forward => 1, row_count => 9),
    { columns => \@columns });
is(join(' ', sort map { $_->{0x001a001f} } @{ $r[3]{rows} }),
   'REPORT.IPM.Note.IPNNRN REPORT.IPM.Note.IPNRN', 'reports, two in all');


sub exists_of {
    my ($imap) = @_;
    return ($imap->command('SELECT INBOX') =~ /\* (\d+) EXISTS/)[0];
}

# The folder's handle, MessageIds by subject.
sub listed {
    my @columns = (0x674a0014, 0x0037001f);
    my @r = $m->rops([ $l->{handle}, NONE, NONE ],
        rop('OpenFolder', in => 0, out => 1, folder_id => $inbox),
        rop('GetContentsTable', in => 1, out => 2),
        rop('SetColumns', in => 2, tags => \@columns),
        rop('QueryRows', in => 2, forward => 1, row_count => 50),
        { columns => \@columns });

    return ($r[0]{handle},
            map { $_->{0x0037001f} => $_->{0x674a0014} } @{ $r[3]{rows} });
}
