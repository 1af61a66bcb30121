#!/usr/bin/perl

# What a client that synchronises by sets uploads, and others see of it: a
# conflict resolve message (MS-OXCFXICS 3.1.5.6.2.1) by MAPI, EWS and IMAP, how
# a MAPI client ends it, and the folder's PidTagResolveMethod; in a public
# folder also what its owner is told (3.1.5.6.3.1).

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";

use Test::More;
use Test::Postern;
use Test::Postern::EWS;
use Test::Postern::Faces;
use Test::Postern::MAPI;
use Test::Postern::StoreFaces;

use constant {
    SUBJECT => 0x0037001f, MID => 0x674a0014, STATUS => 0x0e170003,
    CLASS => 0x001a001f, IN_CONFLICT => 0x666c000b, NUM => 0x0e210003,
    METHOD => 0x37050003, RESOLVE => 0x3fe70003, KEY => 0x65e20102,
    PCL => 0x65e30102, BODY => 0x1000001f, SENDER => 0x0c1a001f,
    ORIGINAL => 0x0049001f, ENTRY => 0x3ff00102, ENTRYID => 0x0fff0102,
    PUBLIC => 2, MS_IN_CONFLICT => 0x800,
};

my $p = ews_site(users => [qw/ alice bob carol /],
                 postern => "workers 2;\nclear_text_auth on;");
$p->{http} .= 'location /mapi/emsmdb/ { postern_mapi; }';
$p->plan(43)->run();

my $ics = Test::Postern::Faces::ICS->new($p, 'alice', 1);
my $m = Test::Postern::MAPI->new($p, 'alice');
$m->connect();
my $l = $m->logon();
my $inbox = $l->{folder_ids}[4];
my $inbox_id = $ics->special(12);

# --- one that the client's version wins

my $sk = $ics->source_key();
put($ics, $inbox_id, $sk, '', 5, 'ours', 'of five');
my @r = put($ics, $inbox_id, $sk, '', 9, 'theirs', 'of nine');
is("$r[0] $r[1]", 'conflict 2', 'a conflict, two versions');

my ($row) = rows($m, $l->{handle}, 0, $inbox, MID, SUBJECT, STATUS);
is($row->{+SUBJECT}, 'theirs', 'MAPI sees the one that was changed last');
is($row->{+STATUS} & MS_IN_CONFLICT, MS_IN_CONFLICT, 'with msInConflict');
my @versions = versions($row->{+MID});
is(scalar @versions, 2, 'and both versions');
is(join(' ', map { $_->{+IN_CONFLICT} } @versions), '1 1', 'PidTagInConflict');
is(join(' ', map { $_->{+METHOD} } @versions), '5 5', 'embedded messages');
is(join(' ', map { $_->{message}{+SUBJECT} } @versions), 'theirs ours',
   'the winner first');
is(unpack('H*', $versions[1]{message}{+KEY}), xid(5), 'each with its key');
is(unpack('H*', $versions[1]{message}{+PCL}), '14' . xid(5), 'and list');

my $props = props($m, $l->{handle}, 0, $inbox, $row->{+MID}, KEY, PCL);
is(unpack('H*', $props->{+KEY}), xid(9), "the message has the winner's key");
is(unpack('H*', $props->{+PCL}), '14' . xid(5) . '14' . xid(9),
   'and both lists');

my $ews = Test::Postern::EWS->new('alice');
my ($item) = map { ref $_ ? $_->[0] : $_ } $ews->find('inbox')
    ->ids('t:ItemId');
my $got = $ews->get($item, 'Default', 'item:Body', 'item:Attachments');
is($got->get('t:Subject'), 'theirs', 'EWS sees it, too');
is(scalar(() = $got->xml =~ /<t:ItemAttachment>/g), 2,
   'with its versions as attachments');

my $imap = Test::Postern::Faces::IMAP->new($p, 'alice');
is($imap->sync()->items('INBOX')->{theirs}{body}, "of nine\r\n", 'and IMAP');

# --- it is edited, which is the winner's; then one is chosen

edit($row->{+MID}, 'edited');
$ics->sync_tree();
$ics->sync_contents($ics->mine()->{INBOX});
my ($mine) = values %{ $ics->box($ics->{inbox})->{items} };
is("$mine->{key} $mine->{body}", "edited of nine\r\n",
   'the client is told the first version as it is now');
is("@{ $mine->{others} }", "of five\r\n", 'and the other');

@versions = versions($row->{+MID});
is($versions[0]{message}{+SUBJECT}, 'edited', 'its attachment follows');
choose($row->{+MID}, map { $_->{+NUM} } @versions);
($row) = rows($m, $l->{handle}, 0, $inbox, MID, SUBJECT, STATUS);
is($row->{+STATUS} & MS_IN_CONFLICT, 0, 'without versions it is over');
is(scalar(versions($row->{+MID})), 0, 'and nothing is left of them');
$ics->sync_contents($ics->{inbox});
($mine) = values %{ $ics->box($ics->{inbox})->{items} };
is(scalar @{ $mine->{others} || [] }, 0, 'the client is told of one message');

# --- another way to end it: a version that has seen all

put($ics, $inbox_id, $sk, $mine->{pcl}, 5, 'five', 'five', 100);
put($ics, $inbox_id, $sk, $mine->{pcl}, 9, 'nine', 'nine', 101);
is(status(), MS_IN_CONFLICT, 'a conflict again');
@r = put($ics, $inbox_id, $sk,
         Test::Postern::Faces::ICS::pcl_merge($mine->{pcl},
             '14' . xid(5, 100) . '14' . xid(9, 101)), 7, 'end', 'end');
is($r[0], 'newer', 'what knows both is newer');
is(status(), 0, 'and ends it');

# --- the folder's method

set_method($m, $l->{handle}, 0, $inbox, 1);
@r = put($ics, $inbox_id, $sk, '', 3, 'last', 'last');
is("$r[0] $r[1]", 'conflict 0', 'RESOLVE_METHOD_LAST_WRITER_WINS');
($row) = rows($m, $l->{handle}, 0, $inbox, MID, SUBJECT, STATUS);
is("$row->{+SUBJECT} $row->{+STATUS}", 'last 0', 'the last writer wins');

# --- a public folder of alice's, in which bob may write

my $pl = $m->logon(logon => 1, logon_flags => 0, open_flags => PUBLIC,
                   dn => '/o=x/cn=any');
my $topic = make_folder('topic');
my %public = map { $_ => Test::Postern::Faces::ICS->new($p, $_, 1) }
    qw/ alice bob /;
$_->{public} = 1 for values %public;
my ($topic_id) = map { $_->[3] } grep { $_->[4] eq 'topic' }
    $public{bob}->need('tree', ('') x 4);

$sk = $public{alice}->source_key();
put($public{alice}, $topic_id, $sk, '', 5, 'here', 'here');
@r = put($public{bob}, $topic_id, $sk, '', 9, 'there', 'there');
is("$r[0] $r[1]", 'conflict 2', 'a conflict in a public folder');

my $notice;
ok(scalar(wait_for { ($notice) = notices() } 40), 'its owner has a conflict notification message');
$props = props($m, $l->{handle}, 0, $inbox, $notice->{+MID}, SENDER, ORIGINAL,
               ENTRY);
is($props->{+SENDER}, 'topic', 'PidTagSenderName: the folder');
is($props->{+ORIGINAL}, 'there', 'PidTagOriginalSubject');
my ($post) = rows($m, $pl->{handle}, 1, $topic, MID, SUBJECT, STATUS, ENTRYID);
is(unpack('H*', $props->{+ENTRY}), unpack('H*', $post->{+ENTRYID}),
   'PidTagConflictEntryId: the conflict resolve message');
is($post->{+STATUS} & MS_IN_CONFLICT, MS_IN_CONFLICT, 'which it is');
is($post->{+SUBJECT}, 'there', 'with what won');
is_deeply([ sort map { $_->{key} } values %{
    $imap->sync()->items('INBOX') } ], [ 'last', 'there' ], 'IMAP sees both');

my $other = Test::Postern::MAPI->new($p, 'bob');
$other->connect();
my $ol = $other->logon();
is(scalar(rows($other, $ol->{handle}, 0, $ol->{folder_ids}[4], MID)), 0,
   'nobody else hears of it');

set_method($m, $pl->{handle}, 1, $topic, 2);
put($public{bob}, $topic_id, $sk, '', 3, 'third', 'third');
@r = put($public{alice}, $topic_id, $sk, '', 4, 'fourth', 'fourth');
is("$r[0] $r[1]", 'conflict 4', 'RESOLVE_NO_CONFLICT_NOTIFICATION: kept');
is(scalar(notices()), 1, 'but nobody hears of it');

# --- a notice that is left: the server is down when it is written

set_method($m, $pl->{handle}, 1, $topic, 0);
$m->disconnect();
$p->stop();
@r = put($public{bob}, $topic_id, $sk, '', 2, 'fifth', 'fifth');
is($r[0], 'conflict', 'while nobody else is there');
$_->drop() for $ics, $imap, values %public;
$p->nginx()->run();
$p->wait_ready();
$m = Test::Postern::MAPI->new($p, 'alice');
$m->connect();
$l = $m->logon();
$pl = $m->logon(logon => 1, logon_flags => 0, open_flags => PUBLIC,
                dn => '/o=x/cn=any');
ok(scalar(wait_for { notices() == 2 } 60),
   'it is delivered when the server is back');
ok(scalar(wait_for { !glob $p->root() . '/receipt/*' } 60), 'and once: no mark is left');
is(scalar(notices()), 2, 'no third one');

my ($code, $found) = $p->cli('mailbox', 'check', '--all');
is($code, 0, 'nothing for a check to find') or diag($found);


sub xid { my ($who, $n) = @_; return sprintf('%02x', $who) x 16
          . sprintf '%08x', $n || 1 }

# (verdict, versions); `who` is later than a smaller one.
sub put {
    my ($face, $folder, $sk, $pcl, $who, $subject, $body, $n) = @_;
    my $ck = xid($who, $n);
    my ($error, $l) = $face->ask('put', $folder, $sk, $ck,
        Test::Postern::Faces::ICS::pcl_add($pcl, $ck), 1000 + $who, 0, 0,
        $subject, "$body\r\n", 0, 0, 0);

    die "put: $error\n" if $error;
    return ((qw/ new newer older conflict gone /)[$l->[1]], $l->[6]);
}

sub rows {
    my ($mapi, $handle, $logon, $fid, @columns) = @_;
    my @r = $mapi->rops([ $handle, NONE, NONE ],
        rop('OpenFolder', logon => $logon, in => 0, out => 1,
            folder_id => $fid),
        rop('GetContentsTable', logon => $logon, in => 1, out => 2),
        rop('SetColumns', logon => $logon, in => 2, tags => \@columns),
        rop('QueryRows', logon => $logon, in => 2, forward => 1,
            row_count => 50),
        rop('Release', logon => $logon, in => 2),
        rop('Release', logon => $logon, in => 1),
        { columns => \@columns });

    return @{ $r[3]{rows} || [] };
}

# In alice's inbox; a store that commits there sends what is due.
my $read = 0;

sub notices {
    $m->rops([ $pl->{handle}, NONE ],
        rop('OpenFolder', logon => 1, in => 0, out => 1, folder_id => $topic),
        rop('SetReadFlags', logon => 1, in => 1, flags => $read ^= 4,
            ids => [ map { $_->{+MID} }
                     rows($m, $pl->{handle}, 1, $topic, MID) ]));
    return grep { $_->{+CLASS} eq 'IPM.Conflict.Message' }
        rows($m, $l->{handle}, 0, $inbox, MID, SUBJECT, CLASS);
}

sub status { return (rows($m, $l->{handle}, 0, $inbox, STATUS))[0]{+STATUS} }

sub props {
    my ($mapi, $handle, $logon, $fid, $mid, @tags) = @_;
    my @r = $mapi->rops([ $handle, NONE ],
        rop('OpenMessage', logon => $logon, in => 0, out => 1,
            code_page => 0x0fff, folder_id => $fid, message_id => $mid),
        rop('GetPropertiesSpecific', logon => $logon, in => 1,
            want_unicode => 1, tags => \@tags),
        rop('Release', logon => $logon, in => 1), { columns => \@tags });

    return $r[1]{row};
}

# Attachments of a message in the inbox, each with what is in it.
sub versions {
    my ($mid) = @_;
    my @columns = (NUM, METHOD, IN_CONFLICT);
    my @tags = (SUBJECT, KEY, PCL);
    my @r = $m->rops([ $l->{handle}, NONE, NONE ],
        rop('OpenMessage', in => 0, out => 1, code_page => 0x0fff,
            folder_id => $inbox, message_id => $mid),
        rop('GetAttachmentTable', in => 1, out => 2),
        rop('SetColumns', in => 2, tags => \@columns),
        rop('QueryRows', in => 2, forward => 1, row_count => 50),
        { columns => \@columns });
    my @all = @{ $r[3]{rows} || [] };

    for my $one (@all) {
        my @e = $m->rops([ $r[0]{handle}, NONE, NONE ],
            rop('OpenAttachment', in => 0, out => 1, number => $one->{+NUM}),
            rop('OpenEmbeddedMessage', in => 1, out => 2,
                code_page => 0x0fff),
            rop('GetPropertiesSpecific', in => 2, want_unicode => 1,
                tags => \@tags), { columns => \@tags });
        $one->{message} = $e[2]{row};
    }

    return @all;
}

sub edit {
    my ($mid, $subject) = @_;
    my @r = $m->rops([ $l->{handle}, NONE ],
        rop('OpenMessage', in => 0, out => 1, code_page => 0x0fff,
            folder_id => $inbox, message_id => $mid, flags => 1),
        rop('SetProperties', in => 1, values => [ [ SUBJECT, $subject ] ]),
        rop('SaveChangesMessage', in => 0, second => 1, flags => 2));

    is($r[2]{error}, 0, 'a MAPI client edits it');
}

sub choose {
    my ($mid, @numbers) = @_;
    my @r = $m->rops([ $l->{handle}, NONE ],
        rop('OpenMessage', in => 0, out => 1, code_page => 0x0fff,
            folder_id => $inbox, message_id => $mid, flags => 1),
        (map { rop('DeleteAttachment', in => 1, number => $_) } @numbers),
        rop('SaveChangesMessage', in => 0, second => 1, flags => 2));

    is($r[-1]{error}, 0, 'and takes its versions out');
}

sub set_method {
    my ($mapi, $handle, $logon, $fid, $method) = @_;
    my @r = $mapi->rops([ $handle, NONE ],
        rop('OpenFolder', logon => $logon, in => 0, out => 1,
            folder_id => $fid),
        rop('SetProperties', logon => $logon, in => 1,
            values => [ [ RESOLVE, $method ] ]));

    die sprintf "PidTagResolveMethod: %x\n", $r[1]{error} if $r[1]{error};
}

# A folder of alice's in which everybody is an editor.
sub make_folder {
    my ($name) = @_;
    my @r = $m->rops([ $pl->{handle}, NONE, NONE ],
        rop('OpenFolder', logon => 1, in => 0, out => 1,
            folder_id => $pl->{folder_ids}[1]),
        rop('CreateFolder', logon => 1, in => 1, out => 2, type => 1,
            unicode => 1, name => $name),
        rop('ModifyPermissions', logon => 1, in => 2, flags => 0,
            rows => pack 'v C v V Q< V V', 1, 2, 2, 0x66710014, 0,
            0x66730003, 0x47b));

    die sprintf "%s: %x\n", $name, $r[2]{error} if $r[2]{error};
    return $r[1]{folder_id};
}
