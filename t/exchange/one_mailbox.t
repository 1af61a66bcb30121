#!/usr/bin/perl

# One mailbox, three protocols: whatever one of them writes - a message, its
# read state, flag, body, folder, its end, an answer - all three read back the
# same.  A read moves no change number; an edit of the body gives IMAP a new
# UID.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";

use MIME::QuotedPrint qw/ decode_qp /;
use Test::More;
use Test::Postern;
use Test::Postern::EWS;
use Test::Postern::MAPI;

Test::Postern::MAPI::define_rops(<<'ROPS');
HardDeleteMessages | 91 | async:u8 notify:u8 ids:ids16 | partial:u8
ROPS

use constant {
    SUBJECT => 0x0037001f, FLAGS => 0x0e070003, FLAG_STATUS => 0x10900003,
    BODY => 0x1000001f, MID => 0x674a0014, CN => 0x67a40014,
};

my %folders = (                 # IMAP, EWS, place in RopLogon's FolderIds
    inbox   => [ 'INBOX', 'inbox', 4 ],
    deleted => [ '"Deleted Items"', 'deleteditems', 7 ],
    drafts  => [ 'Drafts', 'drafts', undef ],
    sent    => [ '"Sent Items"', 'sentitems', 6 ],
);

my $p = ews_site(users => [qw/ alice bob /], postern => "workers 2;\n"
                 . "clear_text_auth on;");
$p->{http} .= 'location /mapi/emsmdb/ { postern_mapi; }';
$p->plan(70)->run();

my (%imap, %ews, %mapi, %logon);

for my $user (qw/ alice bob /) {
    $imap{$user} = $p->imap_login($user);
    $ews{$user} = Test::Postern::EWS->new($user);
    $mapi{$user} = Test::Postern::MAPI->new($p, $user);
    $mapi{$user}->connect();
    $logon{$user} = $mapi{$user}->logon();
}

my ($imap, $ews, $mapi, $logon) = map { $_->{alice} } \%imap, \%ews, \%mapi,
    \%logon;


# --- what each of them sees: subject => "read flagged body"

my %reader = (
    IMAP => sub {
        my ($user, $folder) = @_;
        my %seen;

        $imap{$user}->command("EXAMINE $folders{$folder}[0]");
        for my $r ($imap{$user}->command('FETCH 1:* (FLAGS BODY.PEEK[])')) {
            next unless $r =~ /^\* \d+ FETCH/;
            my ($subject) = $r =~ /^Subject: (.*?)\r$/m;
            my ($body) = $r =~ /\r\n\r\n(.*?)\)\r\n\z/s;
            $body = decode_qp($body)
                if $r =~ /^Content-Transfer-Encoding: quoted-printable\r$/mi;
            $seen{$subject} = state(scalar $r =~ /\\Seen/,
                                    scalar $r =~ /\\Flagged/, $body);
        }
        return \%seen;
    },

    EWS => sub {
        my ($user, $folder) = @_;
        my @ids = $ews{$user}->find($folders{$folder}[1])->ids('t:ItemId');
        my %seen;

        for my $id (@ids) {
            my $r = $ews{$user}->get($id, 'Default',
                '<!<t:BodyType>Text</t:BodyType>', 'message:IsRead',
                '<t:ExtendedFieldURI PropertyTag="0x1090"'
                . ' PropertyType="Integer"/>');
            $seen{$r->get('t:Subject')} = state(
                $r->get('t:IsRead') eq 'true', ($r->get('t:Value') || 0) == 2,
                $r->get('t:Body'));
        }
        return \%seen;
    },

    MAPI => sub {
        my ($user, $folder) = @_;
        my %seen;

        for my $row (rows($user, $folder)) {
            my @r = $mapi{$user}->rops([ $logon{$user}{handle}, NONE ],
                rop('OpenMessage', in => 0, out => 1, code_page => 0x0fff,
                    folder_id => folder_id($user, $folder),
                    message_id => $row->{+MID}),
                rop('GetPropertiesSpecific', in => 1, tags => [ BODY ]),
                rop('Release', in => 1), { columns => [ BODY ] });
            my $flag = $row->{+FLAG_STATUS};
            $seen{$row->{+SUBJECT}} = state($row->{+FLAGS} & 1,
                !ref $flag && $flag == 2, $r[1]{row}{+BODY});
        }
        return \%seen;
    },
);

sub state {
    my ($read, $flagged, $body) = @_;

    $body = '' unless defined $body;
    $body =~ s/\r//g;
    $body =~ s/\n+\z//;
    return join ' ', $read ? 'read' : 'unread', $flagged ? 'flagged' : '-',
        $body;
}

sub folder_id {
    my ($user, $folder) = @_;

    return $logon{$user}{folder_ids}[ $folders{$folder}[2] ];
}

sub rows {
    my ($user, $folder) = @_;
    my @columns = (SUBJECT, FLAGS, FLAG_STATUS, MID, CN);
    my @r = $mapi{$user}->rops([ $logon{$user}{handle}, NONE, NONE ],
        rop('OpenFolder', in => 0, out => 1,
            folder_id => folder_id($user, $folder)),
        rop('GetContentsTable', in => 1, out => 2),
        rop('SetColumns', in => 2, tags => \@columns),
        rop('QueryRows', in => 2, forward => 1, row_count => 50),
        rop('Release', in => 2), rop('Release', in => 1),
        { columns => \@columns });

    return @{ $r[3]{rows} || [] };
}

# All see the same: {} of subject and state.
sub all_see {
    my ($user, $folder, $want, $what) = @_;

    for my $by (sort keys %reader) {
        is_deeply($reader{$by}->($user, $folder), $want, "$what: $by reads it");
    }
}


# --- how each of them names a message

sub seq {
    my ($subject, $folder) = @_;

    $imap->command('SELECT ' . $folders{$folder || 'inbox'}[0]);
    my ($n) = $imap->command(qq{SEARCH SUBJECT "$subject"})
        =~ /^\* SEARCH (\d+)/m;
    return $n;
}

sub uid {
    my ($subject) = @_;
    my $n = seq($subject);
    my ($uid) = $imap->command("FETCH $n UID") =~ /UID (\d+)/;
    return $uid;
}

sub item {
    my ($subject, $folder) = @_;

    for my $pair ($ews->find($folders{$folder || 'inbox'}[1])
                      ->keyed('t:ItemId'))
    {
        my $r = $ews->get($pair->[0], 'IdOnly', 'item:Subject');
        return ($pair->[0], ($r->keyed('t:ItemId'))[0][1])
            if $r->get('t:Subject') eq $subject;
    }
    return;
}

sub row {
    my ($subject, $folder) = @_;
    my ($row) = grep { $_->{+SUBJECT} eq $subject }
        rows('alice', $folder || 'inbox');
    return $row;
}

sub in_folder {
    my ($folder, @rops) = @_;
    my @r = $mapi->rops([ $logon->{handle}, NONE, NONE ],
        rop('OpenFolder', in => 0, out => 1,
            folder_id => folder_id('alice', $folder)),
        rop('OpenFolder', in => 0, out => 2,
            folder_id => folder_id('alice', 'deleted')),
        @rops, rop('Release', in => 1), rop('Release', in => 2));
    return $r[2];
}

sub edit_by_mapi {
    my ($row, @values) = @_;
    my @r = $mapi->rops([ $logon->{handle}, NONE ],
        rop('OpenMessage', in => 0, out => 1, code_page => 0x0fff,
            folder_id => folder_id('alice', 'inbox'),
            message_id => $row->{+MID}, flags => 1),
        rop('SetProperties', in => 1, values => \@values),
        rop('SaveChangesMessage', in => 0, second => 1, flags => 2),
        rop('Release', in => 1));
    return $r[2]{error};
}


# --- delivery, by each

my $text = "From: ada\@example.org\r\nTo: alice\@example.test\r\n"
    . "Subject: %s\r\n\r\nbody of %s\r\n";
my %want;

$p->deliver('alice', sprintf $text, ('by LMTP') x 2);
my $raw = sprintf $text, ('by IMAP') x 2;
$imap->command('APPEND INBOX {' . length($raw) . '}', $raw);
is($ews->create('SaveOnly', message(subject => 'by EWS', body => 'body of by'
    . ' EWS', extra => ''), 'inbox')->code, 'NoError', 'CreateItem');
my @r = $mapi->rops([ $logon->{handle}, NONE ],
    rop('CreateMessage', in => 0, out => 1, code_page => 0x0fff,
        folder_id => folder_id('alice', 'inbox')),
    rop('SetProperties', in => 1, values => [ [ SUBJECT, 'by MAPI' ],
        [ BODY, "body of by MAPI\r\n" ] ]),
    rop('SaveChangesMessage', in => 0, second => 1, flags => 2),
    rop('Release', in => 1));
is($r[2]{error}, 0, 'RopSaveChangesMessage');

# what a client makes itself is read or not as its protocol has it
my $seen = $reader{IMAP}->('alice', 'inbox');
%want = map { ("by $_" => ($seen->{"by $_"} || '') =~ /^read/
                   ? "read - body of by $_" : "unread - body of by $_") }
    qw/ LMTP IMAP EWS MAPI /;
is($want{'by LMTP'}, 'unread - body of by LMTP', 'a delivery is unread');
all_see('alice', 'inbox', \%want, 'delivered');


# --- read state: no change number of content moves

my ($id, $key) = item('by LMTP');
my $cn = row('by LMTP')->{+CN};

my %reads = (
    IMAP => sub { seq($_[0]); $imap->command('STORE ' . seq($_[0])
        . ($_[1] ? ' +' : ' -') . 'FLAGS (\Seen)') },
    EWS => sub { $ews->update((item($_[0]))[0], 'message:IsRead'
        => '<t:IsRead>' . ($_[1] ? 'true' : 'false') . '</t:IsRead>') },
    MAPI => sub { in_folder('inbox', rop('SetReadFlags', in => 1,
        flags => $_[1] ? 0 : 4, ids => [ row($_[0])->{+MID} ])) },
);

for my $by (sort keys %reads) {
    for my $read (1, 0) {
        $reads{$by}->('by LMTP', $read);
        $want{'by LMTP'} = ($read ? 'read' : 'unread') . ' - body of by LMTP';
        all_see('alice', 'inbox', \%want, "$by " . ($read ? '' : 'un')
                . 'reads');
    }
}

is(row('by LMTP')->{+CN}, $cn, 'no change number has moved');
is((item('by LMTP'))[1], $key, 'nor a change key');


# --- flags

my %flags = (
    IMAP => sub { $imap->command('STORE ' . seq($_[0])
                                 . ' +FLAGS (\Flagged)') },
    EWS => sub { $ews->update((item($_[0]))[0],
        '<t:ExtendedFieldURI PropertyTag="0x1090" PropertyType="Integer"/>'
        => '<t:ExtendedProperty><t:ExtendedFieldURI PropertyTag="0x1090"'
           . ' PropertyType="Integer"/><t:Value>2</t:Value>'
           . '</t:ExtendedProperty>') },
    MAPI => sub { edit_by_mapi(row($_[0]), [ FLAG_STATUS, 2 ]) },
);

for my $by (sort keys %flags) {
    $flags{$by}->("by $by");
    $want{"by $by"} =~ s/ - / flagged /;
    all_see('alice', 'inbox', \%want, "$by flags");
}

cmp_ok(row('by IMAP')->{+CN}, '!=', $cn, 'a flag is a change');


# --- an edit of the body: a new UID, the same message

my %edits = (
    EWS => sub { $ews->update((item($_[0]))[0],
        'item:Body' => qq{<t:Body BodyType="Text">$_[1]</t:Body>}) },
    MAPI => sub { edit_by_mapi(row($_[0]), [ BODY, $_[1] ]) },
);

for my $by (sort keys %edits) {
    my $uid = uid("by $by");
    my ($item) = item("by $by");

    $edits{$by}->("by $by", "edited by $by");
    $want{"by $by"} =~ s/body of/edited/;
    all_see('alice', 'inbox', \%want, "$by edits");
    cmp_ok(uid("by $by"), '>', $uid, 'IMAP: a new UID');
    is((item("by $by"))[0], $item, 'EWS: the same id');
}


# --- moves, to Deleted Items

my %moves = (
    IMAP => sub { $imap->command('MOVE ' . seq($_[0]) . ' "Deleted Items"') },
    EWS => sub { $ews->call('<m:MoveItem><m:ToFolderId>'
        . folder_ids('deleteditems') . '</m:ToFolderId><m:ItemIds>'
        . item_ids((item($_[0]))[0]) . '</m:ItemIds></m:MoveItem>') },
    MAPI => sub { in_folder('inbox', rop('MoveCopyMessages', in => 1,
        dest => 2, ids => [ row($_[0])->{+MID} ])) },
);
my %gone;

for my $by (sort keys %moves) {
    $moves{$by}->("by $by");
    $gone{"by $by"} = delete $want{"by $by"};
}

all_see('alice', 'inbox', \%want, 'moved by each, what stays');
all_see('alice', 'deleted', \%gone, 'moved by each, what went');


# --- the end of each, by another

my %ends = (
    IMAP => sub { $imap->command('STORE ' . seq($_[0], 'deleted')
        . ' +FLAGS (\Deleted)'); $imap->command('EXPUNGE') },
    EWS => sub { $ews->call('<m:DeleteItem DeleteType="HardDelete">'
        . '<m:ItemIds>' . item_ids((item($_[0], 'deleted'))[0])
        . '</m:ItemIds></m:DeleteItem>') },
    MAPI => sub { in_folder('deleted', rop('HardDeleteMessages', in => 1,
        ids => [ row($_[0], 'deleted')->{+MID} ])) },
);
my %of = (IMAP => 'MAPI', MAPI => 'EWS', EWS => 'IMAP');

for my $by (sort keys %ends) {
    $ends{$by}->("by $of{$by}");
    delete $gone{"by $of{$by}"};
    all_see('alice', 'deleted', \%gone, "$by deletes");
}


# --- an answer: EWS replies, bob reads it in all; the original is answered

$p->deliver('alice', "From: bob\@example.test\r\nTo: alice\@example.test\r\n"
    . "Message-ID: <question\@example.test>\r\nSubject: question\r\n\r\nWhy?");
my ($question, $question_key) = item('question');
is($ews->call('<m:CreateItem MessageDisposition="SendAndSaveCopy"><m:Items>'
    . '<t:ReplyToItem><t:ReferenceItemId '
    . qq{Id="$question" ChangeKey="$question_key"/>}
    . '<t:NewBodyContent BodyType="Text">Because.</t:NewBodyContent>'
    . '</t:ReplyToItem></m:Items></m:CreateItem>')->code, 'NoError',
   'ReplyToItem');

ok(wait_for { exists $reader{IMAP}->('bob', 'inbox')->{'RE: question'} },
   'bob has the answer by IMAP');
for my $by (qw/ EWS MAPI /) {
    like($reader{$by}->('bob', 'inbox')->{'RE: question'} || '',
         qr/^unread - .*Because\./s, "and by $by");
}
like($imap{bob}->command('FETCH 1 BODY.PEEK[HEADER]'),
     qr/^In-Reply-To: <question\@example\.test>\r$/m, 'it names the question');
like($imap->command('FETCH ' . seq('question') . ' FLAGS'), qr/\\Answered/,
     'which is answered');
all_have_sent();

sub all_have_sent {
    for my $by (sort keys %reader) {
        like($reader{$by}->('alice', 'sent')->{'RE: question'} || '',
             qr/Because\./, "sent: $by reads it");
    }
}
