# mailbox show, import; queue and status without a server; whose files.

use strict;
use warnings;

use FindBin;
use lib $FindBin::Bin;

use File::Find;
use JSON::PP qw/ decode_json /;
use Test::More;
use CliTest;

sub ok_cli {
    my ($code, $out, $err) = cli(@_);
    my @words = grep { !ref } @_;
    is($code, 0, "@words") or diag("$out$err");
    return $out;
}

sub show {
    return decode_json(ok_cli(qw/ --json mailbox show alice@example.test /));
}

my ($code, $out, $err);
my $uid = 0;

# as root, ROOT belongs to somebody else

if ($> == 0) {
    my @pw = getpwnam('nobody');
    $uid = $pw[2];
    chmod 0711, dir();
    ok_cli(qw/ --user nobody domain add example.test /);
    is((stat root())[4], $uid, 'ROOT is the user\'s');
} else {
    ok_cli(qw/ domain add example.test /);
}

ok_cli({ in => "secret\n" },
       qw/ user add alice@example.test --password-stdin /);
ok_cli(qw/ user add bob@example.test /);

is(show()->{messages}, 0, 'empty');
is(scalar @{ decode_json(ok_cli(qw/ --json mailbox show --all /)) }, 2,
   'all mailboxes');
is((cli(qw/ mailbox show /))[0], 2, 'neither address nor --all');
is((cli(qw/ mailbox show alice@example.test --all /))[0], 2, 'both');
is((cli(qw/ mailbox show nobody@example.test /))[0], 1, 'nobody');

# import; the files are readable for us alone

my $one = spew(dir() . '/one.eml',
    "From: a\@far.example\nSubject: one\n\nBody\n");
my $two = spew(dir() . '/two.eml',
    "From: a\@far.example\r\nSubject: two\r\n\r\nBody\r\n");
chmod 0600, $one, $two;

$out = ok_cli('--json', qw/ mailbox import alice@example.test /, $one, $two);
is(decode_json($out)->{imported}, 2, 'two imported');
my $info = show();
is($info->{messages}, 2, 'two messages');
is($info->{unread}, 2, 'unread');
is($info->{size}, 2 * length slurp($two), 'LF became CRLF, CRLF stayed');

my $folders = $info->{folders};
ok_cli(qw/ mailbox import alice@example.test /, $one, '--folder', 'Work/2026');
is(show()->{folders}, $folders + 2, 'folders are made');
ok_cli(qw/ mailbox import alice@example.test /, $one, '--folder', 'work/2026');
is(show()->{folders}, $folders + 2, 'once');
is(show()->{messages}, 4, 'four messages');

($code, $out, $err) = cli(qw/ mailbox import alice@example.test /, $one,
                          dir() . '/none.eml', $two);
is($code, 1, 'a file is missing');
like($err, qr/none\.eml.*\n.*1 of 3 imported/, 'says how far it came');
is(show()->{messages}, 5, 'the one before it is in');
is((cli(qw/ mailbox import alice@example.test /, dir()))[0], 1,
   'a directory is no message');
is((cli(qw/ mailbox import alice@example.test /, '/dev/null'))[0], 1,
   'a device is none');
is((cli(qw/ mailbox import alice@example.test /,
        spew(dir() . '/empty.eml', '')))[0], 1, 'an empty file is none');

ok_cli(qw/ mailbox import alice@example.test /, ($one) x 150);
is(show()->{messages}, 155, 'more than fit in a commit');

($code, $out, $err) = cli(qw/ mailbox check alice@example.test /);

SKIP: {
    skip 'no check in this build', 1 if $err =~ /ESUPPORT/;
    is($code, 0, 'check finds nothing') or diag("$out$err");
}

# no server

($code, $out, $err) = cli('status');
is($code, 1, 'status without a server');
like($out, qr/^running: no$/m, 'says so');
like($out, qr/^users: 2$/m, 'tells what it can');
like($err, qr/no server runs/, 'and why no more');
($code, $out) = cli(qw/ --json status /);
is(decode_json((split /\n/, $out)[0])->{running}, JSON::PP::false, 'JSON');
($code, $out) = cli(qw/ status --prometheus /);
like($out, qr/^postern_up 0$/m, 'Prometheus');
is(ok_cli(qw/ queue list /), '', 'nothing waits');
is(ok_cli(qw/ --json queue list /), "[]\n", 'as JSON');
ok_cli(qw/ queue flush /);

# whose files

my @wrong;
find(sub { push @wrong, $File::Find::name if (lstat $_)[4] != ($uid || $>) },
     root());
is("@wrong", '', 'all files belong to ROOT\'s owner');
@wrong = ();
find(sub { push @wrong, $File::Find::name if (lstat $_)[2] & 077 }, root());
is("@wrong", '', 'none is readable for others');

SKIP: {
    if ($> != 0) {
        diag('not run: another user, which needs root');
        skip 'not root', 2;
    }
    ($code, $out, $err) = cli({ uid => 65533, gid => 65533 },
                              qw/ user list /);
    is($code, 1, 'another user gets nothing');
    is($out, '', 'nothing at all');
}

done_testing();
