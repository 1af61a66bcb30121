#!/usr/bin/perl

# What happens to the rows of a table is told row by row, in an order in which
# a client can do it to what it has: a copy that only follows RopNotify stays
# equal to the table.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";

use Test::More;
use Test::Postern;
use Test::Postern::MAPI;

my ($SUBJECT, $MID, $FLAGS, $FID, $NAME)
    = (0x0037001f, 0x674a0014, 0x0e070003, 0x67480014, 0x3001001f);

my $p = Test::Postern->new(Test::Postern::MAPI->site(users => [qw/ alice /]));

$p->plan(55)->run();

my $imap = $p->imap_login('alice');
$imap->command('CREATE Elsewhere');

append($_) for qw/ melon apple fig /;
$imap->command('SELECT INBOX');

my $m = Test::Postern::MAPI->new($p, 'alice');
$m->connect();
my $l = $m->logon();
my $inbox = $l->{folder_ids}[4];

# --- each kind of event, and its fields

my ($t, @copy) = open_table($SUBJECT, 0);
is(join(' ', map { $_->{$SUBJECT} } @copy), 'apple fig melon', 'by subject');

append('cherry');
my @n = notes($t);
my $n = $n[0];
is(scalar @n, 1, 'a message came: one is told');
is($n->{flags}, 0x8100, 'TableModified, of a message (R110)');
is($n->{event}, 3, 'TableRowAdded (R129)');
is($n->{folder_id}, $inbox, 'of the Inbox (R141)');
my $row = row($n, $SUBJECT);
is($row->{$SUBJECT}, 'cherry', 'with its row by the columns (R166)');
is($n->{message_id}, $row->{$MID}, 'the message (R145)');
is($n->{instance}, 0, 'which has one row');
is($n->{after_message_id}, $copy[0]{$MID}, 'behind apple (R157)');
is($n->{after_folder_id}, $inbox, 'of the same folder');
is(scalar notes($t), 0, 'told once');
follow(\@copy, $SUBJECT, @n);
equal(\@copy, $SUBJECT, 0, 'the copy has it');

append('aardvark');
($n) = notes($t);
is("$n->{event} $n->{after_folder_id} $n->{after_message_id}", '3 0 0',
   'the first one is behind none');
follow(\@copy, $SUBJECT, $n);

$imap->command('NOOP');
$imap->command('STORE 3 +FLAGS (\\Seen)');
@n = notes($t);
is(scalar @n, 1, 'a message was read');
is($n[0]{event}, 5, 'TableRowModified (R131)');
$row = row($n[0], $SUBJECT);
is("$row->{$SUBJECT} " . ($row->{$FLAGS} & 1), 'fig 1', 'as it is now');
is($n[0]{after_message_id}, $copy[2]{$MID}, 'behind cherry, still');
follow(\@copy, $SUBJECT, @n);
equal(\@copy, $SUBJECT, 0, 'the copy has it');

# A message that was moved here has a mid that is not its first one.

$imap->command('MOVE 2 Elsewhere');
@n = notes($t);
is(join(' ', map { $_->{event} } @n), '4', 'TableRowDeleted (R130)');
is("$n[0]{message_id} $n[0]{instance}", "$copy[1]{$MID} 0", 'of the message');
ok(!exists $n[0]{row}, 'without a row (R16403)');
follow(\@copy, $SUBJECT, @n);
$imap->command('SELECT Elsewhere');
$imap->command('MOVE 1 INBOX');
$imap->command('SELECT INBOX');
@n = notes($t);
follow(\@copy, $SUBJECT, @n);
equal(\@copy, $SUBJECT, 0, 'and back');
$imap->command('STORE 5 +FLAGS (\\Deleted)');
$imap->command('EXPUNGE');
@n = notes($t);
is($n[-1]{event}, 4, 'deleted');
my ($gone) = grep { $_->{$SUBJECT} eq 'apple' } @copy;
is($n[-1]{message_id}, $gone->{$MID}, 'by the mid it had here');
follow(\@copy, $SUBJECT, @n);
equal(\@copy, $SUBJECT, 0, 'the copy has not got it');

# --- one's own ROP shows it: told all the same, behind the answer

append('banana');
my @r = $m->rops([ $t ], rop('QueryPosition'));
is($r[0]{rop}, 'QueryPosition', 'the answer');
is($r[0]{denominator}, scalar(@copy) + 1, 'counts it');
is("$r[1]{rop} $r[1]{event}", 'Notify 3', 'and the row is told');
follow(\@copy, $SUBJECT, @r);
equal(\@copy, $SUBJECT, 0, 'the copy has it');

# --- what is not told

$m->rops([ $t ], rop('ResetTable'));
append('grape');
is(scalar notes($t), 0, 'nothing after RopResetTable (R272)');
$m->rops([ $t ], rop('Release'));

my ($folder) = $m->rops([ $l->{handle}, NONE ], rop('OpenFolder', in => 0,
    out => 1, folder_id => $inbox));
@r = $m->rops([ $folder->{handle}, NONE ],
    rop('GetContentsTable', in => 0, out => 1, flags => 0x10),
    rop('SetColumns', in => 1, tags => [ $MID ]),
    rop('QueryPosition', in => 1));
append('kiwi');
is(scalar notes($r[0]{handle}), 0, 'nor with NoNotifications (R258)');

@r = $m->rops([ $folder->{handle}, NONE ],
    rop('GetContentsTable', in => 0, out => 1),
    rop('SortTable', in => 1, count => 1, orders => pack 'v v C', 0x1f, 0x37,
        0),
    rop('QueryPosition', in => 1));
append('lemon');
@n = notes($r[0]{handle});
is("@{[ map { $_->{event} } @n ]}", '1', 'TableChanged where no columns are');
append('lime');
is(scalar notes($r[0]{handle}), 0, 'and no more until it is read');
$m->rops([ $r[0]{handle} ], rop('QueryPosition'));
append('mango');
is(scalar notes($r[0]{handle}), 1, 'then again');
$m->rops([ $r[0]{handle} ], rop('Release'));

# --- many at once: TableChanged, and rows again when it was read

($t, @copy) = open_table($SUBJECT, 0);
append("plum $_") for 1 .. 130;
@n = notes($t);
is("@{[ map { $_->{event} } @n ]}", '1', 'over 128: TableChanged');
$m->rops([ $t ], rop('Release'));

# --- random histories: by subject, by flags and backwards, as it is opened

srand(4);

for my $sort ([ $SUBJECT, 0 ], [ $FLAGS, 1 ], [ 0, 0 ]) {
    ($t, @copy) = open_table(@$sort);
    my ($told, $bad, $again) = (0, '', 0);

    for my $step (1 .. 25) {
        $imap->command('NOOP');

        for (1 .. 1 + int rand 4) {
            my $i = 1 + int rand scalar @copy;
            my $what = int rand 5;

            append('fruit ' . int rand 1000) if $what < 2;
            $imap->command("STORE $i "
                . (rand 2 < 1 ? '+' : '-') . 'FLAGS (\\Seen)') if $what == 2;
            $imap->command("STORE $i +FLAGS (\\Deleted)"),
                $imap->command('EXPUNGE') if $what == 3 && @copy > 20;
            $imap->command("MOVE $i Elsewhere") if $what == 4 && @copy > 20;
        }

        @n = notes($t);
        $told += @n;

        if (grep { $_->{event} == 1 } @n) {
            $again++;
            @copy = read_rows($t);
            next;
        }

        follow(\@copy, $sort->[0], @n);
        my @now = read_table(@$sort);
        $bad ||= "step $step" if text(@copy) ne text(@now);
    }

    is($bad, '', 'a copy that follows is as the table');
    cmp_ok($told, '>', 25, "of $told events");
    cmp_ok($again, '<=', $sort->[0] ? 0 : 1,
           'it is not read anew but for the newest rows');
    $m->rops([ $t ], rop('Release'));
}

# --- categories: headers are rows

@r = $m->rops([ $folder->{handle}, NONE ],
    rop('GetContentsTable', in => 0, out => 1),
    rop('SetColumns', in => 1, tags => [ $MID, $SUBJECT, $FLAGS, $FID ]),
    rop('SortTable', in => 1, count => 2, categories => 1, expanded => 1,
        orders => pack '(v v C)2', 3, 0x0e07, 0, 0x1f, 0x37, 0),
    rop('QueryPosition', in => 1));
append('zucchini');
@n = notes($r[0]{handle});
ok(@n >= 2 && !grep({ $_->{event} == 1 } @n), 'a row, and its header');
is(scalar(grep { ($_->{message_id} & 0xffff) == 0 } @n), 1,
   'which has an id that is no message');
$m->rops([ $r[0]{handle} ], rop('Release'));

# --- hierarchy

@r = $m->rops([ $l->{handle}, NONE, NONE ],
    rop('OpenFolder', in => 0, out => 1, folder_id => $l->{folder_ids}[3]),
    rop('GetHierarchyTable', in => 1, out => 2),
    rop('SetColumns', in => 2, tags => [ $FID, $NAME ]),
    rop('QueryRows', in => 2, forward => 1, row_count => 100),
    { columns => [ $FID, $NAME ] });
my ($root, $h) = ($r[0]{handle}, $r[1]{handle});
my @folders = @{ $r[3]{rows} };

@r = $m->rops([ $root, NONE ], rop('CreateFolder', out => 1, type => 1,
    unicode => 1, name => 'Fruit', comment => ''));
my $fid = $r[0]{folder_id};
@n = grep { $_->{rop} eq 'Notify' } @r;
push @n, notes($h);
@n = grep { $_->{event} == 3 } @n;
is(scalar @n, 1, 'a folder: TableRowAdded');
is($n[0]{flags}, 0x100, 'no message (R161004)');
is($n[0]{folder_id}, $fid, 'the folder');
is($n[0]{after_folder_id}, $folders[-1]{$FID}, 'behind the last one');
my $data = $n[0]{row};
is(Test::Postern::MAPI::get_row(\$data, [ $FID, $NAME ])->{$NAME}, 'Fruit',
   'with its row');

$p->deliver('alice', "Subject: x\r\n\r\nx\r\n");
ok(wait_for { grep { $_->{event} == 5 && $_->{folder_id} == $inbox }
              notes($h) }, 'its counts changed: TableRowModified');

@r = $m->rops([ $root ], rop('DeleteFolder', flags => 5, folder_id => $fid));
push @r, notes($h);
@n = grep { $_->{rop} eq 'Notify' && $_->{event} == 4 } @r;
is(scalar @n, 1, 'TableRowDeleted');
is($n[0]{folder_id}, $fid, 'of the folder');
ok(!exists $n[0]{message_id}, 'of no message');


sub append {
    my ($subject) = @_;
    my $text = "From: b\@example.test\r\nSubject: $subject\r\n\r\nx\r\n";

    $imap->command('APPEND INBOX {' . length($text) . '}', $text);
}


sub notes {
    my ($handle) = @_;

    return grep { $_->{rop} eq 'Notify' && $_->{handle} == $handle }
           $m->rops([], '');
}


sub columns { return [ $MID, $SUBJECT, $FLAGS ] }


sub row {
    my ($note) = @_;
    my $bytes = $note->{row};

    return Test::Postern::MAPI::get_row(\$bytes, columns());
}


sub read_rows {
    my ($handle) = @_;
    my ($seek, $r) = $m->rops([ $handle ],
        rop('SeekRow', origin => 0, row_count => 0),
        rop('QueryRows', forward => 1, row_count => 1000),
        { columns => columns() });

    return @{ $r->{rows} };
}


# A table of its own, so that what is read is not what follows.

sub read_table {
    my ($handle, @rows) = open_table(@_);

    $m->rops([ $handle ], rop('Release'));

    return @rows;
}


sub open_table {
    my ($tag, $descending) = @_;
    my @r = $m->rops([ $l->{handle}, NONE, NONE ],
        rop('OpenFolder', in => 0, out => 1, folder_id => $inbox),
        rop('GetContentsTable', in => 1, out => 2),
        rop('SetColumns', in => 2, tags => columns()),
        rop('SortTable', in => 2, count => $tag ? 1 : 0, orders => $tag
            ? pack('v v C', $tag & 0xffff, $tag >> 16, $descending) : ''));

    return ($r[1]{handle}, read_rows($r[1]{handle}));
}


# What a client does.

sub follow {
    my ($copy, $tag, @notes) = @_;

    for my $e (grep { $_->{rop} eq 'Notify' } @notes) {
        @$copy = grep { $_->{$MID} != $e->{message_id} } @$copy
            if $e->{event} == 4 || $e->{event} == 5;
        next if $e->{event} == 4;

        my $at = 0;

        if ($e->{after_message_id} != 0) {
            $at++ while $at < @$copy
                  && $copy->[$at]{$MID} != $e->{after_message_id};
            $at++;
        }

        splice @$copy, $at, 0, row($e);
    }
}


sub text {
    return join "\n", map { "$_->{$MID} $_->{$SUBJECT} " . ($_->{$FLAGS} & 1) }
           @_;
}


sub equal {
    my ($copy, $tag, $descending, $name) = @_;

    is(text(@$copy), text(read_table($tag, $descending)), $name);
}
