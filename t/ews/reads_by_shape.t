#!/usr/bin/perl

# GetFolder, FindItem and GetItem by shape: what each shows, bodies, the
# message's own bytes, attachments; nothing is marked as read by it.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";

use Test::More;
use Test::Postern::EWS;

my $p = ews_site(users => [qw/ alice bob /]);
$p->plan(38)->run();

my $mail = join "\r\n", 'From: Ada <ada@example.org>',
    'To: Alice <alice@example.test>', 'Cc: bob@example.test',
    'Reply-To: list@example.org', 'Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=',
    'Date: Wed, 07 Jan 2026 08:15:00 +0000', 'Message-ID: <one@example.org>',
    'Importance: high', 'References: <zero@example.org>', 'X-Own: yes',
    'MIME-Version: 1.0', 'Content-Type: multipart/mixed; boundary=b', '',
    '--b', 'Content-Type: multipart/alternative; boundary=c', '',
    '--c', 'Content-Type: text/plain; charset=utf-8', '', 'plain & simple', '',
    '--c', 'Content-Type: text/html; charset=utf-8', '',
    '<html><body><p>rich &amp; simple</p></body></html>', '--c--', '',
    '--b', 'Content-Type: application/pdf; name=a.pdf',
    'Content-Disposition: attachment; filename=a.pdf',
    'Content-Transfer-Encoding: base64', '', 'JVBERi0xLjQ=', '--b--', '';
my $raw;

$p->deliver('alice', $mail);

my $imap = $p->imap_login('alice');
$imap->command('SELECT INBOX');
($raw) = $imap->command('FETCH 1 BODY.PEEK[]') =~ /\{(\d+)\}/;

my $e = Test::Postern::EWS->new('alice');
my $r = $e->call('<m:GetFolder>' . shape('Folder', 'Default')
    . '<m:FolderIds>' . folder_ids('inbox') . '</m:FolderIds></m:GetFolder>');
is($r->code, 'NoError', 'GetFolder');
is($r->get('t:DisplayName'), 'Inbox', 'its name');
is($r->get('t:TotalCount'), 1, 'one message');
is($r->get('t:UnreadCount'), 1, 'unread');
my ($inbox) = $r->ids('t:FolderId');

$r = $e->find($inbox, 'item:Subject', 'message:From', 'message:IsRead',
    'item:Size', 'item:HasAttachments', 'item:Importance',
    'item:DateTimeSent', 'item:DisplayTo');
is($r->code, 'NoError', 'FindItem');
is($r->get('t:Subject'), "Gr\xc3\xbc\xc3\x9fe", 'subject');
is($r->get('t:EmailAddress'), 'ada@example.org', 'from');
is($r->get('t:IsRead'), 'false', 'unread');
is($r->get('t:Size'), $raw, 'size');
is($r->get('t:HasAttachments'), 'true', 'attachments');
is($r->get('t:Importance'), 'High', 'importance');
is($r->get('t:DateTimeSent'), '2026-01-07T08:15:00Z', 'when it was sent');
is($r->get('t:DisplayTo'), 'Alice', 'to whom');
my ($id) = $r->ids('t:ItemId');

$r = $e->get($id, 'IdOnly');
is(join(',', $r->{xml} =~ m{<t:Message>(.*)</t:Message>}s
             ? $1 =~ /<t:(\w+)/g : ()), 'ItemId', 'IdOnly');

$r = $e->get($id, 'AllProperties', '<!<t:IncludeMimeContent>true'
    . '</t:IncludeMimeContent>');
is($r->code, 'NoError', 'GetItem');
is(length $r->mime, $raw, 'its own bytes');
like($r->mime, qr/\r\nX-Own: yes\r\n/, 'as they came');
is($r->attr('t:Body', 'BodyType'), 'HTML', 'the best body is HTML');
like($r->get('t:Body'), qr/rich &amp; simple/, 'and is that one');
like($r->inner('t:ToRecipients'), qr/alice\@example\.test/, 'To');
like($r->inner('t:CcRecipients'), qr/bob\@example\.test/, 'Cc');
like($r->inner('t:ReplyTo') || '', qr/list\@example\.org/, 'Reply-To');
is($r->get('t:References'), '<zero@example.org>', 'References');
is($r->get('t:InternetMessageId'), '<one@example.org>', 'Message-ID');
like($r->xml, qr/HeaderName="X-Own">yes</, 'headers');
is($r->get('t:Preview'), 'plain & simple', 'preview');
is($r->get('t:IsDraft'), 'false', 'no draft');
my ($attachment) = $r->ids('t:AttachmentId');
ok($attachment, 'an attachment is listed');

$r = $e->get($id, 'IdOnly', 'item:Body', '<!<t:BodyType>Text</t:BodyType>');
is($r->get('t:Body'), "plain & simple\r\n", 'as text');

$r = $e->call('<m:GetAttachment><m:AttachmentIds><t:AttachmentId Id="'
    . $attachment . '"/></m:AttachmentIds></m:GetAttachment>');
is($r->code, 'NoError', 'GetAttachment');
is($r->get('t:Content'), 'JVBERi0xLjQ=', 'its content');
is($r->get('t:Name'), 'a.pdf', 'its name');

$r = $e->get($id, 'IdOnly', '<t:IndexedFieldURI'
    . ' FieldURI="item:InternetMessageHeader" FieldIndex="x-own"/>');
is(scalar(() = $r->xml =~ /<t:InternetMessageHeader /g), 1, 'one header');

$r = $e->get($id, 'IdOnly', '<t:ExtendedFieldURI PropertyTag="0x0037"'
    . ' PropertyType="String"/>', '<t:ExtendedFieldURI PropertyTag="0x0e08"'
    . ' PropertyType="Integer"/>', '<t:ExtendedFieldURI PropertyName="none"'
    . ' DistinguishedPropertySetId="PublicStrings" PropertyType="String"/>');
is(scalar(() = $r->xml =~ /<t:ExtendedProperty>/g), 2,
   'extended properties that it has');
is(($r->all('t:Value'))[0], "Gr\xc3\xbc\xc3\x9fe", 'by tag');

$r = $e->call('<m:GetItem>' . shape('Item', 'IdOnly', 'item:Subject')
    . '<m:ItemIds>' . item_ids($id, 'AAAA', $id) . '</m:ItemIds></m:GetItem>');
is(join(' ', $r->codes), 'NoError ErrorInvalidIdMalformed NoError',
   'each has a code of its own');

$r = $e->find('inbox', 'item:Body');
is($r->code, 'ErrorInvalidPropertyRequest', 'FindItem shows no bodies');

like($imap->command('FETCH 1 FLAGS'), qr/FLAGS \(\)|FLAGS \(\\Recent\)/,
     'nothing was read by that');
