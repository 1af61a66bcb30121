#!/usr/bin/perl

# Public folders: two users of a domain log on to its store beside their own
# mailboxes, see its folders, post by their rights, and have each read what they
# have read; RopReadPerUserInformation and RopWritePerUserInformation carry that
# from one to the other, and keep it in a private mailbox.  What there is not in
# a public store is refused as MS-OXCSTOR 3.2.5 says.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";

use Test::More;
use Test::Postern;
use Test::Postern::MAPI;

use constant PUBLIC => 2;

my $p = Test::Postern->new(Test::Postern::MAPI->site(
    users => [qw/ alice bob /]));

$p->plan(74)->run();

my %c = map { $_ => Test::Postern::MAPI->new($p, $_) } qw/ alice bob /;
my (%own, %pub);

for my $who (qw/ alice bob /) {
    is($c{$who}->connect()->{error}, 0, "$who connects");
    $own{$who} = $c{$who}->logon();
    $pub{$who} = logon_public($who, 1);
    is($pub{$who}{error}, 0, 'and logs on to public folders');
}

my $l = $pub{alice};

# --- 2.2.1.1.4

is($l->{logon_flags}, 0, 'LogonFlags: not Private');
is($l->{mailbox}, undef, 'no MailboxGuid');
is($l->{per_user_guid}, "\0" x 16, 'PerUserGuid is empty');
is(scalar(grep { $_ } @{ $l->{folder_ids} }[0 .. 8]), 9, 'nine folders');
is(scalar(grep { $_ } @{ $l->{folder_ids} }[9 .. 12]), 0, 'and no more');
is($l->{repl_guid}, $pub{bob}{repl_guid}, 'one store for both');
isnt($l->{repl_guid}, $own{alice}{repl_guid}, 'which is no mailbox');
is(scalar(grep { ($_ & 0xffff) != $l->{repl_id} }
          @{ $l->{folder_ids} }[0 .. 8]), 0, 'all of the replica ReplId');

is(logon_public('alice', 2, logon_flags => 4)->{logon_flags}, 4,
   'Ghosted is told back, and ignored (note 1)');
is(logon_public('alice', 2, open_flags => 0)->{error}, 0x80040111,
   'ecLoginFailure without PUBLIC');
is(logon_public('alice', 2, open_flags => PUBLIC | 0x100)->{error}, 0x80040111,
   'ecLoginFailure for an alternate server');
is(logon_public('alice', 2, open_flags => PUBLIC | 0x10)->{error}, 0x80004005,
   'ecError for a flag that is none');
is(logon_public('alice', 2, logon_flags => 0x10)->{error}, 0x80004005,
   'nor in LogonFlags');
is($c{alice}->logon(logon => 2, logon_flags => 1,
                    open_flags => PUBLIC)->{error}, 0x80040111,
   'ecLoginFailure for both kinds at once');

# --- folders

my ($root, $ipm, $non) = @{ $l->{folder_ids} };
my %h;

for my $who (qw/ alice bob /) {
    my @r = call($who, [ $pub{$who}{handle}, NONE ],
        rop('OpenFolder', logon => 1, in => 0, out => 1, folder_id => $ipm));
    is($r[0]{error}, 0, "$who opens IPM_SUBTREE");
    is($r[0]{is_ghosted}, 0, 'IsGhosted');
    $h{$who} = $r[0]{handle};
}

my @r = call('alice', [ $h{alice}, NONE ],
    rop('CreateFolder', logon => 1, in => 0, out => 1, type => 1, unicode => 1,
        name => 'topic'));
is($r[0]{error}, 0, 'alice makes a folder');
my ($topic, $th) = ($r[0]{folder_id}, $r[0]{handle});

@r = call('alice', [ $h{alice}, NONE ],
    rop('CreateFolder', logon => 1, in => 0, out => 1, type => 2, unicode => 1,
        name => 'search'));
is($r[0]{error}, 0x80040102, 'ecNotSupported for a search folder (3.2.5.2)');

@r = call('bob', [ $pub{bob}{handle}, NONE ],
    rop('OpenFolder', logon => 1, in => 0, out => 1, folder_id => $non),
    rop('CreateFolder', logon => 1, in => 1, out => 1, type => 1, unicode => 1,
        name => 'no'));
is($r[1]{error}, 0x80070005, 'ecAccessDenied where one may not');

my @columns = (0x67480014, 0x3001001f, 0x0fff0102, 0x36030003);
@r = call('bob', [ $h{bob}, NONE ],
    rop('GetHierarchyTable', logon => 1, in => 0, out => 1),
    rop('SetColumns', logon => 1, in => 1, tags => \@columns),
    rop('QueryRows', logon => 1, in => 1, forward => 1, row_count => 100),
    { columns => \@columns });
is($r[0]{row_count}, 1, 'RopGetHierarchyTable of bob');
my ($row) = @{ $r[2]{rows} };
is($row->{0x67480014}, $topic, 'has it');
is($row->{0x3001001f}, 'topic', 'by its name');
is(unpack('H*', substr $row->{0x0fff0102}, 4, 18),
   '1a447390aa6611cd9bc800aa002fc45a0300',
   'with the entry id of a public folder (MS-OXCDATA 2.2.4.1)');

my $private = $c{alice}->logon(logon => 5);
is($private->{error}, 0, 'a private logon beside it needs no mapping flag');

# --- messages

my @posts = map { post('alice', $th, $topic, "post $_") } 1 .. 3;
ok($posts[2], 'alice posts three');

@r = call('bob', [ $pub{bob}{handle}, NONE ],
    rop('OpenFolder', logon => 1, in => 0, out => 1, folder_id => $topic));
my $bh = $r[0]{handle};
is($r[0]{error}, 0, 'bob opens the folder');
my $his = post('bob', $bh, $topic, 'answer');
ok($his, 'he is an author there');

@r = call('bob', [ $bh ], rop('DeleteMessages', logon => 1,
                              ids => [ $posts[0] ]));
ok($r[0]{error} == 0x80070005 || $r[0]{partial}, 'and deletes nothing of hers');

is(unread('bob', $bh), 3, 'bob has read what he wrote');
is(unread('alice', $th), 1, 'and alice what she did');

@r = call('bob', [ $bh ], rop('SetReadFlags', logon => 1, flags => 0x10 | 0,
                              ids => []));
@r = call('bob', [ $bh ], rop('SetReadFlags', logon => 1, flags => 1,
                              ids => [ @posts[0, 2] ]));
is($r[0]{error}, 0, 'RopSetReadFlags');
is(unread('bob', $bh), 1, 'bob has read two more');
is(unread('alice', $th), 1, "alice's count is hers");
is(seen('bob'), '1011', 'his read state');
is(seen('alice'), '1110', 'hers');

# --- 2.2.1.12, 2.2.1.13: bob's state, in blocks, becomes alice's

my %long = %{ (call('bob', [ $pub{bob}{handle} ],
                    rop('LongTermIdFromId', logon => 1, id => $topic)))[0] };
my @folder = map { $_ => $long{$_} } qw/ guid counter /;

my ($blob, $n) = read_all('bob', $pub{bob}{handle}, 1, 7);
ok($n > 1, 'RopReadPerUserInformation in blocks');
is(substr($blob, 0, 16), $l->{repl_guid}, 'an IDSET with the REPLGUID');

($r[0]) = call('bob', [ $pub{bob}{handle} ],
               rop('ReadPerUserInformation', logon => 1, @folder));
ok($r[0]{finished} && $r[0]{data} eq '', 'nothing new: nothing (2.2.1.12.2)');
($r[0]) = call('bob', [ $pub{bob}{handle} ],
               rop('ReadPerUserInformation', logon => 1, @folder,
                   offset => 1 + length $blob));
is($r[0]{error}, 0x80004005, 'ecError beyond the end');

is(put('alice', 1, $blob, 5), 0, 'RopWritePerUserInformation in blocks');
is(seen('alice'), '1011', 'what he has read she has read');
is(unread('alice', $th), 1, 'and it is counted');

($r[0]) = call('alice', [ $pub{alice}{handle} ],
    rop('WritePerUserInformation', logon => 1, @folder, finished => 1,
        offset => 0, data => 'no set'));
is($r[0]{error}, 0x8004011b, 'ecCorruptData');
($r[0]) = call('alice', [ $pub{alice}{handle} ],
    rop('WritePerUserInformation', logon => 1, @folder, finished => 1,
        offset => 9, data => $blob));
is($r[0]{error}, 0x80004005, 'ecError at an offset that is none');
is(seen('alice'), '1011', 'neither changed anything');

# --- in the private mailbox (3.1.4.3)

($r[0]) = call('alice', [ $own{alice}{handle} ],
               rop('ReadPerUserInformation', @folder));
ok($r[0]{error} == 0 && $r[0]{finished} && $r[0]{data} eq '',
   'nothing is kept there: empty');
is(put('alice', 0, $blob, 1000), 0, 'kept');
($r[0]) = call('alice', [ $own{alice}{handle} ],
               rop('GetPerUserGuid', @folder));
is($r[0]{guid}, $l->{repl_guid}, 'RopGetPerUserGuid');
($r[0]) = call('alice', [ $own{alice}{handle} ],
               rop('GetPerUserLongTermIds', guid => $l->{repl_guid}));
is(scalar @{ $r[0]{ids} }, 1, 'RopGetPerUserLongTermIds');
is($r[0]{ids}[0]{counter}, $long{counter}, 'the folder');
is((read_all('alice', $own{alice}{handle}, 0, 0))[0], $blob, 'as it was');
is(put('alice', 0, '', 1000), 0, 'one that is empty');
is(put('alice', 0, 'no set', 1000), 0x8004011b, 'ecCorruptData there, too');

# --- servers

($r[0]) = call('bob', [ $pub{bob}{handle} ],
               rop('PublicFolderIsGhosted', logon => 1, folder_id => $topic));
is($r[0]{error} || $r[0]{is_ghosted}, 0, 'RopPublicFolderIsGhosted: no');
($r[0]) = call('bob', [ $pub{bob}{handle} ],
               rop('PublicFolderIsGhosted', logon => 1,
                   folder_id => $topic + (1 << 40)));
is($r[0]{error}, 0x8004010f, 'ecNotFound');
($r[0]) = call('bob', [ $own{bob}{handle} ],
               rop('PublicFolderIsGhosted', folder_id => $topic));
is($r[0]{error} || $r[0]{is_ghosted}, 0, 'no, in a private mailbox');
($r[0]) = call('bob', [ $pub{bob}{handle} ],
               rop('GetOwningServers', logon => 1, folder_id => $topic));
is("$r[0]{count} $r[0]{cheap_count}", '1 1', 'RopGetOwningServers: this one');
like($r[0]{servers}[0], qr{^/o=example\.test/.*/cn=Servers/cn=}, 'its DN');
($r[0]) = call('bob', [ $pub{bob}{handle} ],
               rop('GetOwningServers', logon => 1,
                   folder_id => $topic + (1 << 40)));
is($r[0]{error}, 0x8004010f, 'ecNotFound');

# --- refused on a public logon

for my $rop (rop('GetReceiveFolder', logon => 1, cls => 'IPM'),
             rop('SetReceiveFolder', logon => 1, cls => 'IPM.x'),
             rop('GetReceiveFolderTable', logon => 1),
             rop('GetStoreState', logon => 1),
             rop('GetPerUserLongTermIds', logon => 1, guid => 'x' x 16),
             rop('GetPerUserGuid', logon => 1, @folder))
{
    my ($r) = call('bob', [ $pub{bob}{handle} ], $rop);
    is($r->{error}, 0x80040102, "ecNotSupported: Rop$r->{rop}");
}

my @tags = (0x66190102, 0x661b0102, 0x674f0014);
@r = call('bob', [ $pub{bob}{handle} ],
    rop('GetPropertiesSpecific', logon => 1, tags => \@tags),
    { columns => \@tags });
like($r[0]{row}{0x66190102}, qr/-bob/, 'PidTagUserEntryId');
is($r[0]{row}{0x661b0102}{error}, 0x8004010f, 'no PidTagMailboxOwnerEntryId');
is($r[0]{row}{0x674f0014}{error}, 0x8004010f,
   'PidTagAddressBookMessageId: ecNotFound (2.2.2.2.2)');


sub call { my $who = shift; return $c{$who}->rops(@_); }

sub logon_public {
    my ($who, $id, %a) = @_;
    return $c{$who}->logon(logon => $id, logon_flags => 0,
                           open_flags => PUBLIC, dn => '/o=x/cn=any', %a);
}

sub post {
    my ($who, $handle, $fid, $subject) = @_;
    my @r = call($who, [ $handle, NONE ],
        rop('CreateMessage', logon => 1, in => 0, out => 1,
            code_page => 0x0fff, folder_id => $fid),
        rop('SetProperties', logon => 1, in => 1, values => [
            [ 0x001a001f, 'IPM.Post' ], [ 0x0037001f, $subject ],
            [ 0x1000001f, "text\r\n" ] ]),
        rop('SaveChangesMessage', logon => 1, in => 1, second => 1,
            flags => 2));
    return $r[2]{error} == 0 ? $r[2]{message_id} : undef;
}

sub unread {
    my ($who, $handle) = @_;
    my ($r) = call($who, [ $handle ],
        rop('GetPropertiesSpecific', logon => 1, tags => [ 0x36030003 ]),
        { columns => [ 0x36030003 ] });
    return $r->{row}{0x36030003};
}

# One digit for each message by its place: read or not.
sub seen {
    my ($who) = @_;
    my @tags = (0x674a0014, 0x0e070003);
    my @r = call($who, [ $who eq 'bob' ? $bh : $th, NONE ],
        rop('GetContentsTable', logon => 1, in => 0, out => 1),
        rop('SetColumns', logon => 1, in => 1, tags => \@tags),
        rop('QueryRows', logon => 1, in => 1, forward => 1, row_count => 50),
        { columns => \@tags });
    my %flags = map { $_->{0x674a0014} => $_->{0x0e070003} } @{ $r[2]{rows} };
    return join '', map { $flags{$_} & 1 } @posts, $his;
}

sub read_all {
    my ($who, $handle, $logon, $max) = @_;
    my ($data, $n) = ('', 0);

    while ($n++ < 100) {
        my ($r) = call($who, [ $handle ],
            rop('ReadPerUserInformation', logon => $logon, @folder,
                offset => length $data, maximum => $max));
        return ("error $r->{error}", $n) if $r->{error};
        return ('too much', $n) if $max && length $r->{data} > $max;
        $data .= $r->{data};
        return ($data, $n) if $r->{finished};
    }
}

# Returns the last error; logon 0 is the private mailbox.
sub put {
    my ($who, $logon, $data, $max) = @_;
    my $at = 0;

    while (1) {
        my $part = substr $data, $at, $max;
        my $end = $at + length $part >= length $data;
        my ($r) = call($who, [ ($logon ? $pub{$who} : $own{$who})->{handle} ],
            rop('WritePerUserInformation', logon => $logon, @folder,
                finished => $end ? 1 : 0, offset => $at, data => $part,
                replguid => $logon || $at ? '' : $l->{repl_guid}));
        return $r->{error} if $r->{error} || $end;
        $at += length $part;
    }
}
