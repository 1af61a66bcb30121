#!/usr/bin/perl

# CreateItem and SendItem: drafts, sending with and without a copy, own MIME,
# attachments; read back by IMAP, on both sides.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";

use MIME::Base64 qw/ encode_base64 /;
use Test::More;
use Test::Postern;
use Test::Postern::EWS;

my $p = ews_site(users => [qw/ alice bob /]);
$p->plan(42)->run();

my $e = Test::Postern::EWS->new('alice');
my ($alice, $bob) = map { $p->imap_login($_) } qw/ alice bob /;

sub folder {
    my ($imap, $name) = @_;
    my $all = '';

    $imap->command(qq{SELECT "$name"});
    return $imap->command('FETCH 1:* (FLAGS BODY.PEEK[])') || '';
}

sub arrives {
    my ($re) = @_;
    my $all;
    wait_for {; ($all = folder($bob, 'INBOX')) =~ $re } 10;
    return $all;
}

my $r = $e->create('SaveOnly', message(subject => 'a draft', body => 'text',
    to => ['bob@example.test'], cc => ['carol@elsewhere.test']));
is($r->code, 'NoError', 'SaveOnly');
my ($draft) = $r->keyed('t:ItemId');
ok($draft, 'gives an id');
my $all = folder($alice, 'Drafts');
like($all, qr/\\Draft/, 'it is a draft');
like($all, qr/\\Seen/, 'one that was read');
like($all, qr/^Subject: a draft\r$/m, 'subject');
like($all, qr/^To: .*bob\@example\.test/m, 'To');
like($all, qr/^Cc: .*carol\@elsewhere\.test/m, 'Cc');
like($all, qr/^From: .*alice\@example\.test/m, 'From');
unlike(folder($bob, 'INBOX'), qr/a draft/, 'nobody else has it');
is($e->get($draft->[0], 'IdOnly', 'item:IsDraft')->get('t:IsDraft'), 'true',
   'EWS says so too');

$r = $e->call('<m:SendItem SaveItemToFolder="true"><m:ItemIds>'
    . item_ids($draft->[0]) . '</m:ItemIds></m:SendItem>');
is($r->code, 'ErrorChangeKeyRequired', 'SendItem wants the change key');

# carol is no address of ours and has no relay: only bob is asked
$e->update($draft->[0], 'message:CcRecipients' => undef);
my ($now) = $e->get($draft->[0], 'IdOnly')->keyed('t:ItemId');
$r = $e->call('<m:SendItem SaveItemToFolder="true"><m:ItemIds>'
    . item_ids($draft) . '</m:ItemIds></m:SendItem>');
is($r->code, 'ErrorStaleObject', 'the newest one');
$r = $e->call('<m:SendItem SaveItemToFolder="true"><m:ItemIds>'
    . item_ids($now) . '</m:ItemIds></m:SendItem>');
is($r->code, 'NoError', 'SendItem');
like(arrives(qr/a draft/), qr/^Subject: a draft\r$/m, 'bob has it');
like(folder($alice, 'Sent Items'), qr/a draft/, 'it is in Sent Items');
unlike(folder($alice, 'Sent Items'), qr/\\Draft/, 'no draft any more');
unlike(folder($alice, 'Drafts'), qr/a draft/, 'and left Drafts');

$r = $e->create('SendAndSaveCopy', message(subject => 'with copy',
    body => '&lt;p&gt;hello &lt;b&gt;you&lt;/b&gt;&lt;/p&gt;', type => 'HTML',
    to => ['bob@example.test'], bcc => ['alice@example.test'],
    attachments => '<t:Attachments><t:FileAttachment><t:Name>a.txt</t:Name>'
        . '<t:Content>' . encode_base64('attached text', '')
        . '</t:Content></t:FileAttachment></t:Attachments>'));
is($r->code, 'NoError', 'SendAndSaveCopy');
is(scalar(() = $r->ids('t:ItemId')), 0, 'gives no id');
$all = arrives(qr/with copy/);
like($all, qr/hello <b>you/, 'HTML goes out');
like($all, qr/hello you/, 'and text beside it');
like($all, qr/YXR0YWNoZWQgdGV4dA==|attached text/, 'and the attachment');
unlike($all, qr/^Bcc:/m, 'without Bcc');
my ($sent_id) = $all =~ /with copy.*?^Message-ID: (\S+)/msi;
($sent_id) = $all =~ /^Message-ID: (\S+)(?=(?:(?!^Message-ID).)*with copy)/msi
    unless defined $sent_id;
my $copy = folder($alice, 'Sent Items');
like($copy, qr/with copy/, 'the copy is in Sent Items');
like($copy, qr/\Q$sent_id\E/, 'with the same Message-ID');
like($copy, qr/^Bcc: .*alice/m, 'and with Bcc');
ok((wait_for {; folder($alice, 'INBOX') =~ /with copy/ } 10),
   'who was in Bcc got it');

$r = $e->create('SendOnly', message(subject => 'no copy', body => 'x',
    to => ['bob@example.test']));
is($r->code, 'NoError', 'SendOnly');
like(arrives(qr/no copy/), qr/no copy/, 'bob has it');
unlike(folder($alice, 'Sent Items'), qr/no copy/, 'no copy is kept');

my $mime = "From: alice\@example.test\r\nTo: bob\@example.test\r\n"
    . "Subject: own bytes\r\nMessage-ID: <own\@example.test>\r\n"
    . "Date: Wed, 07 Jan 2026 08:15:00 +0000\r\nX-Own: yes\r\n\r\nas it is\r\n";
$r = $e->create('SaveOnly', '<t:Message><t:MimeContent>'
    . encode_base64($mime, '') . '</t:MimeContent></t:Message>', 'inbox');
is($r->code, 'NoError', 'MimeContent');
my ($own) = $r->ids('t:ItemId');
is($e->get($own, 'IdOnly', 'item:MimeContent')->mime, $mime,
   'comes back byte for byte');
like(folder($alice, 'INBOX'), qr/X-Own: yes\r\n\r\nas it is/, 'IMAP has it');

$r = $e->create('SendOnly', '<t:Message><t:MimeContent>'
    . encode_base64($mime, '') . '</t:MimeContent></t:Message>');
is($r->code, 'NoError', 'and is sent');
like(arrives(qr/own bytes/), qr/X-Own: yes/, 'as it is');

$r = $e->create('SaveOnly', message(subject => 'arrived', extra =>
    '<t:ExtendedProperty><t:ExtendedFieldURI PropertyTag="0x0e07"'
    . ' PropertyType="Integer"/><t:Value>1</t:Value></t:ExtendedProperty>'),
    'inbox');
is($r->code, 'NoError', 'a message that is no draft');
unlike(folder($alice, 'INBOX') =~ /(FLAGS \([^)]*\)[^*]*arrived)/s ? $1 : '',
       qr/\\Draft/, 'is none to IMAP');

$r = $e->create('SendOnly', message(subject => 'nobody', body => 'x'));
is($r->code, 'ErrorInvalidRecipients', 'nobody to send to');
$r = $e->create('SendOnly', message(subject => 'who', body => 'x',
    to => ['no address']));
is($r->code, 'ErrorInvalidRecipients', 'not an address');
$r = $e->create('SendOnly', message(subject => 'forged', body => 'x',
    to => ['bob@example.test'], message => '<t:From><t:Mailbox>'
    . '<t:EmailAddress>bob@example.test</t:EmailAddress></t:Mailbox>'
    . '</t:From>'));
is($r->code, 'ErrorSendAsDenied', 'not as somebody else');
$r = $e->call('<m:CreateItem><m:Items>' . message(subject => 'x')
    . '</m:Items></m:CreateItem>');
is($r->code, 'ErrorMessageDispositionRequired', 'what to do with it?');
$r = $e->create('SaveOnly', '<t:Contact><t:GivenName>A</t:GivenName>'
    . '</t:Contact>');
is($r->code, 'ErrorInvalidItemForOperationCreateItem', 'no contacts yet');
