#!/usr/bin/perl

# A user in another's mailbox, by EWS and MAPI: nothing, Reviewer, Editor, by an
# entry of one's own and by a group.  What is not seen is not there; what is
# seen and not allowed is denied, and nothing changed.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";

use Test::More;
use Test::Postern;
use Test::Postern::EWS;
use Test::Postern::MAPI;

use constant {
    SUBJECT => 0x0037001f, MID => 0x674a0014, RIGHTS => 0x66390003,
    ACCESS => 0x0ff40003, FID => 0x67480014,
    DENIED => 0x80070005, NOT_FOUND => 0x8004010f,
};

my $p = ews_site(users => [qw/ alice bob /], postern => "workers 2;\n"
                 . "clear_text_auth on;");
$p->{http} .= 'location /mapi/emsmdb/ { postern_mapi; }';
$p->plan(42)->run();

my ($alice, $bob) = map { $p->address($_) } qw/ alice bob /;
my $ews = Test::Postern::EWS->new('alice');
my $his = Test::Postern::EWS->new('bob');

# bob's message of the inbox and one of the drafts

$ews->create('SaveOnly', message(subject => 'mine', body => 'text'), 'inbox');
$ews->create('SaveOnly', message(subject => 'draft', body => 'text'),
             'drafts');
my ($item) = ids('inbox');
my ($draft) = ids('drafts');
my $inbox = folder_id($ews, 'inbox');

sub ids {
    my ($folder) = @_;
    my @ids = $ews->find($folder)->ids('t:ItemId');

    return map { ref $_ ? $_->[0] : $_ } @ids;
}

sub folder_id {
    my ($who, $name) = @_;
    my ($id) = $who->call('<m:GetFolder>' . shape('Folder', 'IdOnly')
        . '<m:FolderIds>' . folder($name) . '</m:FolderIds></m:GetFolder>')
        ->ids('t:FolderId');

    return ref $id ? $id->[0] : $id;
}

sub folder {
    my ($name, $owner) = @_;

    return "<t:FolderId Id=\"$name\"/>" if length $name > 40;
    return "<t:DistinguishedFolderId Id=\"$name\">"
        . ($owner ? "<t:Mailbox><t:EmailAddress>$owner</t:EmailAddress>"
                    . '</t:Mailbox>' : '')
        . '</t:DistinguishedFolderId>';
}

sub get_folder {
    my ($name) = @_;

    return $his->call('<m:GetFolder>' . shape('Folder', 'Default')
        . '<m:FolderIds>' . folder($name, $alice)
        . '</m:FolderIds></m:GetFolder>');
}

sub find {
    my ($name) = @_;

    return $his->call('<m:FindItem Traversal="Shallow">'
        . shape('Item', 'IdOnly') . '<m:ParentFolderIds>'
        . folder($name, $alice) . '</m:ParentFolderIds></m:FindItem>');
}

sub remove {
    my ($id) = @_;

    return $his->call('<m:DeleteItem DeleteType="HardDelete"><m:ItemIds>'
        . item_ids($id) . '</m:ItemIds></m:DeleteItem>');
}

sub subject {
    my ($who, $id) = @_;

    return $who->get($id, 'Default')->get('t:Subject');
}

sub set {
    my ($folder, $member, $role) = @_;

    $p->cli_ok('permission', 'set', $alice, $folder, $member, $role);
}

sub mapi {
    my $m = Test::Postern::MAPI->new($p, 'bob');
    my $dn = $m->dn_of('alice');

    $m->connect();
    $m->logon();
    return ($m, $m->logon(logon => 1, dn => $dn));
}

# What happens to bob in a folder of alice by MAPI: the error of each step.
sub steps {
    my ($m, $l, $place) = @_;
    my $fid = $l->{folder_ids}[$place];
    my %e;

    my @r = $m->rops([ $l->{handle}, NONE, NONE, NONE ],
        rop('OpenFolder', logon => 1, in => 0, out => 1, folder_id => $fid),
        rop('GetPropertiesSpecific', logon => 1, in => 1,
            tags => [ RIGHTS, ACCESS ]),
        rop('GetContentsTable', logon => 1, in => 1, out => 2),
        rop('SetColumns', logon => 1, in => 2, tags => [ SUBJECT, MID ]),
        rop('QueryRows', logon => 1, in => 2, forward => 1, row_count => 9),
        { columns => [ RIGHTS, ACCESS ], logon => 1 });

    $e{open} = $r[0]{error};
    $e{rights} = $r[1]{row}{+RIGHTS} if $r[1]{row};
    $e{access} = $r[1]{row}{+ACCESS} if $r[1]{row};
    $e{table} = $r[2]{error};
    return \%e;
}


# --- nothing

is(get_folder('inbox')->code(), 'ErrorAccessDenied', 'no rights: no mailbox');
is($his->get($item, 'IdOnly')->code(), 'ErrorItemNotFound',
   'nor an item, by its id');

my ($m, $l) = mapi();
is($l->{error}, DENIED, 'RopLogon');

# --- one folder, to see and to read

set('INBOX', $bob, 'reviewer');

is(get_folder('inbox')->code(), 'NoError', 'a reviewer sees the folder');
is(get_folder('drafts')->code(), 'ErrorFolderNotFound', 'and no other');
is(scalar(find('inbox')->ids('t:ItemId')), 1, 'finds what is in it');
is(subject($his, $item), 'mine', 'reads it');
is($his->get($draft, 'IdOnly')->code(), 'ErrorItemNotFound',
   'and nothing elsewhere');
is($his->update($item, 'item:Subject' => '<t:Subject>his</t:Subject>')
   ->code(), 'ErrorAccessDenied', 'changes nothing');
is($his->update($item, 'message:IsRead' => '<t:IsRead>true</t:IsRead>')
   ->code(), 'ErrorAccessDenied', 'not even its read state');
is(remove($item)->code(), 'ErrorAccessDenied', 'deletes nothing');
is($his->create('SaveOnly', message(subject => 'new'), $inbox)->code(),
   'ErrorAccessDenied', 'puts nothing there');
is(subject($ews, $item), 'mine', 'it is as it was');
is($his->call('<m:DeleteFolder DeleteType="HardDelete"><m:FolderIds>'
   . folder('inbox', $alice) . '</m:FolderIds></m:DeleteFolder>')->code()
   =~ /NoError/ ? 1 : 0, 0, 'nor does the folder go');

($m, $l) = mapi();
is($l->{error}, 0, 'RopLogon');
is($l->{response_flags} & 2, 0, 'without OwnerRight');

my $s = steps($m, $l, 4);
is($s->{open}, 0, 'RopOpenFolder');
is($s->{rights}, 0x401, 'PidTagRights');
is($s->{access}, 2, 'PidTagAccess');
is($s->{table}, 0, 'RopGetContentsTable');
$s = steps($m, $l, 6);
is($s->{open}, NOT_FOUND, 'of another folder: not found');

my @r = $m->rops([ $l->{handle}, NONE ],
    rop('OpenFolder', logon => 1, in => 0, out => 1,
        folder_id => $l->{folder_ids}[4]),
    rop('CreateFolder', logon => 1, in => 1, out => 1, type => 1,
        unicode => 1, open_existing => 0, reserved => 0, name => 'his',
        comment => ''));
is($r[1]{error}, DENIED, 'RopCreateFolder');

# --- to see alone

set('INBOX', $bob, 'visible');

is(get_folder('inbox')->code(), 'NoError', 'one who sees it sees it');
is(find('inbox')->code(), 'ErrorAccessDenied', 'and finds nothing');
is($his->get($item, 'IdOnly')->code(), 'ErrorAccessDenied',
   'the item is denied');
$s = steps($m, $l, 4);
is($s->{open}, 0, 'RopOpenFolder, in the session that was there');
is($s->{table}, DENIED, 'RopGetContentsTable is denied at once');

# --- to edit

set('INBOX', $bob, 'editor');

is($his->update($item, 'item:Subject' => '<t:Subject>his</t:Subject>')
   ->code(), 'NoError', 'an editor changes it');
is(subject($ews, $item), 'his', 'alice reads that');
is($his->create('SaveOnly', message(subject => 'new'), $inbox)->code(),
   'NoError', 'puts one there');
is(scalar(ids('inbox')), 2, 'alice has it');
is($his->update($item, 'message:IsRead' => '<t:IsRead>true</t:IsRead>')
   ->code(), 'NoError', 'marks it');
is(remove($item)->code(), 'NoError', 'deletes it');
is(scalar(ids('inbox')), 1, 'gone');
isnt($his->call('<m:UpdateFolder><m:FolderChanges><t:FolderChange>'
   . folder($inbox) . '<t:Updates><t:SetFolderField>'
   . '<t:FieldURI FieldURI="folder:DisplayName"/><t:Folder><t:DisplayName>x'
   . '</t:DisplayName></t:Folder></t:SetFolderField></t:Updates>'
   . '</t:FolderChange></m:FolderChanges></m:UpdateFolder>')->code(),
   'NoError', 'but does not rename the folder');

# --- by a group, and out of it

set('INBOX', $bob, 'none');
is(get_folder('inbox')->code(), 'ErrorAccessDenied', 'nothing again');
$p->cli_ok('permission', 'delete', $alice, 'INBOX', $bob);

$p->cli_ok('group', 'add', 'inner@example.test');
$p->cli_ok('group', 'add', 'outer@example.test');
$p->cli_ok('group', 'member', 'add', 'outer@example.test',
           'inner@example.test');
set('INBOX', 'outer@example.test', 'reviewer');
is(get_folder('inbox')->code(), 'ErrorAccessDenied', 'not in the group');
$p->cli_ok('group', 'member', 'add', 'inner@example.test', $bob);
$his = Test::Postern::EWS->new('bob');
is(get_folder('inbox')->code(), 'NoError', 'in a group of the group, at once');
$p->cli_ok('group', 'member', 'remove', 'outer@example.test',
           'inner@example.test');
$his = Test::Postern::EWS->new('bob');
is(get_folder('inbox')->code(), 'ErrorAccessDenied', 'out of it, at once');

# --- IMAP knows one's own mailbox alone

my $imap = $p->imap_login('bob');
my $list = join '', $imap->command('LIST "" "*"');
unlike($list, qr/alice/, 'IMAP lists none of alice');
like($list, qr/INBOX/, 'but his own');

my $check = $p->cli_ok('mailbox', 'check', $alice);
ok(1, 'every invariant holds');

$p->stop();
