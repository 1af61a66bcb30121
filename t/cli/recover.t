# What is in a mailbox; what was deleted is brought back, or goes for good;
# how far something is stands on terminals alone.

use strict;
use warnings;

use FindBin;
use lib $FindBin::Bin;

use JSON::PP qw/ decode_json /;
use Test::More;
use CliTest;

my $alice = 'alice@example.test';
my $objs = $ENV{POSTERN_OBJS} || 'objs';

sub ok_cli {
    my ($code, $out, $err) = cli(@_);
    my @words = grep { !ref } @_;
    is($code, 0, "@words") or diag("$out$err");
    return $out;
}

sub show {
    return decode_json(ok_cli(qw/ --json mailbox show /, $alice));
}

sub folders {
    return { map { $_->{path} => $_ }
             @{ decode_json(ok_cli(qw/ --json mailbox folders /, $alice)) } };
}

# as a client would delete it, without one

sub sql {
    my ($text) = @_;
    my $db = root() . '/mailbox/example.test/alice/mailbox.sqlite';
    system('sqlite3', $db, $text) == 0 or die "sqlite3: $text";
}

ok_cli(qw/ domain add example.test /);
ok_cli(qw/ user add /, $alice);
my $mail = spew(dir() . '/one.eml',
    "From: a\@far.example\nSubject: one\n\nBody\n");
ok_cli(qw/ mailbox import /, $alice, ($mail) x 130);
ok_cli(qw/ mailbox import /, $alice, ($mail) x 5, '--folder', 'Work/2026');

my $info = show();
is($info->{contents}, 135, 'contents');
is($info->{raw}, $info->{size}, 'their bytes');
is($info->{unindexed}, 135, 'none is in the index yet');
is($info->{recoverable}, 0, 'nothing was deleted');
cmp_ok($info->{database}, '>', 100000, 'the database');
my $f = folders();
is($f->{'Inbox'}{messages}, 130, 'a folder');
is($f->{'Work/2026'}{messages}, 5, 'below another one');
is($f->{'Work'}{messages}, 0, 'which has none');
is($f->{'Work/2026'}{class}, 'IPF.Note', 'its class');

# soft deletion: rows as ptn_upgrade_3.c describes them

sql("BEGIN;"
    . "INSERT INTO gone (id, kind, at, wall) SELECT id, 0, 0, 1770000000"
    . " FROM message WHERE folder=12 AND uid<=120;"
    . "UPDATE meta SET cn=cn+1;"
    . "INSERT INTO tombstone (folder, cn, id, kind, cause, mid, uid, fai, dest,"
    . " born) SELECT 12, (SELECT cn FROM meta), id, 0, 2, mid, uid, fai, 0,"
    . " born FROM message WHERE folder=12 AND uid<=120;"
    . "UPDATE message SET folder=-12, modseq=(SELECT cn FROM meta) + uid"
    . " WHERE folder=12 AND uid<=120;"
    . "UPDATE meta SET cn=cn+200;"
    . "UPDATE folder SET total=10, unread=10, modseq=(SELECT cn FROM meta),"
    . " size=(SELECT sum(size) FROM message WHERE folder=12) WHERE id=12;"
    . "COMMIT");
ok_cli(qw/ mailbox check /, $alice);

$info = show();
is($info->{messages}, 15, 'fewer');
is($info->{recoverable}, 120, 'can be recovered');
cmp_ok($info->{recoverable_size}, '>', 120 * 30, 'their size');
$f = folders();
is($f->{'Inbox'}{recoverable}, 120, 'of that folder');
is($f->{'Work'}{recoverable}, 0, 'of none else');

is((cli(qw/ mailbox purge /, $alice))[0], 2, 'purge wants --yes');
is((cli(qw/ mailbox recover /, $alice, '--folder', 'none'))[0], 1,
   'no such folder');
is((cli(qw/ mailbox recover /, $alice, '--to', 'none'))[0], 1, 'none to');
my $out = decode_json(ok_cli(qw/ --json mailbox recover /, $alice,
                             '--folder', 'Work'));
is($out->{messages}, 0, 'nothing there');
$out = decode_json(ok_cli(qw/ --json mailbox recover /, $alice, '--to',
                          'Work/2026', '--folder', 'INBOX'));
is($out->{messages}, 120, 'all that was');
is(folders()->{'Work/2026'}{messages}, 125, 'elsewhere');
is(show()->{recoverable}, 0, 'and no more');
ok_cli(qw/ mailbox check /, $alice);
is(decode_json(ok_cli(qw/ --json mailbox recover /, $alice))->{messages}, 0,
   'of all');
is(decode_json(ok_cli(qw/ --json mailbox purge --yes /, $alice))->{messages},
   0, 'nor is there anything to purge');

sql("BEGIN;"
    . "INSERT INTO gone (id, kind, at, wall) SELECT id, 0, 0, 1770000000"
    . " FROM message WHERE folder=12 AND uid<=125;"
    . "UPDATE meta SET cn=cn+1;"
    . "INSERT INTO tombstone (folder, cn, id, kind, cause, mid, uid, fai, dest,"
    . " born) SELECT 12, (SELECT cn FROM meta), id, 0, 2, mid, uid, fai, 0,"
    . " born FROM message WHERE folder=12 AND uid<=125;"
    . "UPDATE message SET folder=-12, modseq=(SELECT cn FROM meta)"
    . " WHERE folder=12 AND uid<=125;"
    . "UPDATE folder SET total=5, unread=5, modseq=(SELECT cn FROM meta),"
    . " size=(SELECT sum(size) FROM message WHERE folder=12) WHERE id=12;"
    . "COMMIT");
is(show()->{recoverable}, 5, 'again');
is(decode_json(ok_cli(qw/ --json mailbox purge --yes /, $alice))->{messages},
   5, 'purged');
is(show()->{recoverable}, 0, 'for good');
is(show()->{messages}, 130, 'the rest is there');
ok_cli(qw/ mailbox check /, $alice);

# how far it is: on a terminal, and nowhere else

my @long = (['mailbox', 'export', $alice, dir() . '/x'],
            ['mailbox', 'check', $alice], ['mailbox', 'repair', $alice],
            ['mailbox', 'compact', $alice],
            ['backup', dir() . '/backup', '--all'],
            ['backup', dir() . '/backup', '--verify'],
            ['restore', dir() . '/backup', $alice, '--replace']);

for my $words (@long) {
    my ($code, $o, $err) = cli(@$words);
    is($code, 0, "@$words");
    unlike($o . $err, qr/[\r\033]/, 'nothing of it in a file');
    unlink dir() . '/x';

    my $line = join ' ', map { "'$_'" } "$objs/postern", '--root', root(),
                                        @$words;
    my $tty = qx(script -qec "$line" /dev/null < /dev/null);
    is($?, 0, 'on a terminal');
    like($tty, qr/\r[a-z ]+: \d+( of \d+)?\033\[K/, 'how far it is');
    unlike((split /\n/, $tty)[-1], qr/\d+ of \d+\033\[K.*\d of/,
           'and that is gone at the end');
    unlink dir() . '/x';
}

# an export that was interrupted is none

spew(dir() . '/y.part', 'half');
ok_cli(qw/ mailbox export /, $alice, dir() . '/y');
ok(! -e dir() . '/y.part' && -s dir() . '/y' > 1000, 'begun again');
is((cli(qw/ mailbox export /, $alice, dir() . '/y'))[0], 1, 'over nothing');

done_testing();
