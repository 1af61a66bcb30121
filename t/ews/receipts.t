#!/usr/bin/perl

# Read receipts: UpdateItem and MarkAllItemsAsRead send them unless they are
# suppressed, DeleteItem those of what was not read, SuppressReadReceipt none.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";

use Test::More;
use Test::Postern;
use Test::Postern::EWS;

my $p = ews_site(users => [qw/ alice bob /]);
$p->plan(10)->run();
$p->deliver('alice', "From: bob\@example.test\r\nSubject: m$_\r\n"
    . "Disposition-Notification-To: bob\@example.test\r\n\r\nx\r\n")
    for 1 .. 6;

my $e = Test::Postern::EWS->new('alice');
my $bob = $p->imap_login('bob');
my $all = $e->find('inbox', 'item:Subject');
my @ids = $all->ids('t:ItemId');
my @names = $all->all('t:Subject');
my %id = map { $names[$_] => $ids[$_] } 0 .. $#ids;

sub read_it {
    my ($id, $suppress) = @_;
    return $e->call('<m:UpdateItem ConflictResolution="AlwaysOverwrite"'
        . ' MessageDisposition="SaveOnly"'
        . ($suppress ? ' SuppressReadReceipts="true"' : '')
        . '><m:ItemChanges><t:ItemChange>' . item_ids($id)
        . '<t:Updates><t:SetItemField><t:FieldURI FieldURI="message:IsRead"/>'
        . '<t:Message><t:IsRead>true</t:IsRead></t:Message></t:SetItemField>'
        . '</t:Updates></t:ItemChange></m:ItemChanges></m:UpdateItem>')->code;
}

sub came {
    return join ' ', sort $bob->command('SELECT INBOX') =~ /\* 0 EXISTS/ ? ()
        : $bob->command('FETCH 1:* BODY.PEEK[HEADER.FIELDS (SUBJECT)]')
          =~ /^Subject: (.*)\r$/mg;
}

is(read_it($id{m1}, 1), 'NoError', 'read, suppressed');
is(read_it($id{m2}), 'NoError', 'read');
ok(wait_for {; came() eq 'Read: m2' }, 'the one has a receipt');
my $r = $e->call('<m:CreateItem MessageDisposition="SaveOnly"><m:Items>'
    . '<t:SuppressReadReceipt><t:ReferenceItemId Id="' . $id{m3} . '"/>'
    . '</t:SuppressReadReceipt></m:Items></m:CreateItem>');
is($r->code, 'NoError', 'SuppressReadReceipt');
is($e->get($id{m3}, 'IdOnly', 'message:IsRead')->get('t:IsRead'), 'false',
   'leaves it unread');
is(read_it($id{m3}), 'NoError', 'which is read then');
is($e->call('<m:DeleteItem DeleteType="HardDelete"'
    . ' SuppressReadReceipts="true"><m:ItemIds>' . item_ids($id{m4})
    . '</m:ItemIds></m:DeleteItem>')->code, 'NoError', 'deleted, suppressed');
is($e->call('<m:DeleteItem DeleteType="SoftDelete"><m:ItemIds>'
    . item_ids($id{m5}) . '</m:ItemIds></m:DeleteItem>')->code, 'NoError',
   'deleted');
is($e->call('<m:MarkAllItemsAsRead><m:ReadFlag>true</m:ReadFlag>'
    . '<m:SuppressReadReceipts>false</m:SuppressReadReceipts><m:FolderIds>'
    . folder_ids('inbox') . '</m:FolderIds></m:MarkAllItemsAsRead>')->code,
   'NoError', 'all are read');
ok(wait_for {; came() eq 'Not read: m5 Read: m2 Read: m6' },
   'and those that were due came') or diag(came());
