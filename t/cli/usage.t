# Help, unknown words, options, exit codes.

use strict;
use warnings;

use FindBin;
use lib $FindBin::Bin;

use Test::More;
use CliTest;

my ($code, $out, $err) = cli('--help');
is($code, 0, '--help');
like($out, qr/^  user add ADDRESS/m, 'lists commands');
is($err, '', 'on standard output alone');

($code, $out, $err) = cli();
is($code, 2, 'no command');
is($out, '', 'no result');
like($err, qr/^usage: /, 'but help');

for my $args ([qw/ help /], [qw/ help user /], [qw/ user --help /],
    [qw/ user add --help /], [qw/ --help user add /], [qw/ status --help /],
    [qw/ mailbox import --help /], [qw/ queue flush --help /])
{
    ($code, $out) = cli(@$args);
    is($code, 0, "@$args");
    like($out, qr/^usage: postern/, 'is help');
}

for my $args ([qw/ nonsense /], [qw/ user /], [qw/ user nonsense /],
    [qw/ user add /], [qw/ user add a@example.test b@example.test /],
    [qw/ user add a@example.test --nonsense /], [qw/ user list --yes /],
    [qw/ domain add /], [qw/ alias add a@example.test /],
    [qw/ domain list --json=1 /], [qw/ status extra /],
    [qw/ help nonsense /], ['--root'], [qw/ user add x --display /])
{
    ($code, $out, $err) = cli(@$args);
    is($code, 2, "@$args");
    is($out, '', 'no result');
    like($err, qr/^(postern: |usage: )/, 'says why');
}

# a password is never an argument

for my $args ([qw/ user add a@example.test --password hunter2 /],
    [qw/ user add a@example.test --password=hunter2 /],
    [qw/ --password hunter2 user password a@example.test /],
    [qw/ user password a@example.test --password-file x /],
    [qw/ auth test a@example.test hunter2 --password-stdin /])
{
    ($code, $out, $err) = cli({ in => "secret\n" }, @$args);
    is($code, 2, "@$args");
    unlike("$out$err", qr/hunter2/, 'and it is not repeated');
}

ok(!-e root(), 'wrong usage makes no ROOT');

# ROOT

($code, $out, $err) = cli('user', 'list');
is($code, 1, 'ROOT is not there');
like($err, qr/cannot use/, 'says so');

mkdir root(), 0700;
($code, $out, $err) = cli('user', 'list');
is($code, 1, 'ROOT is empty');
like($err, qr/domain add/, 'says what to do');
ok(!-e root() . '/directory.sqlite', 'and makes nothing');

($code, $out, $err) = cli('--json', 'user', 'list');
like($out, qr/^\{"error":".*"\}\n\z/, 'an error as JSON');

is((cli('domain', 'add', 'example.test'))[0], 0, 'domain add');
$ENV{POSTERN_ROOT} = root();
($code, $out) = cli({ noroot => 1 }, 'domain', 'list');
is($code, 0, 'ROOT of the environment');
is($out, "example.test\tno\n", 'a list');
is((cli({ root => root() . '/directory.sqlite' }, 'domain', 'list'))[0], 1,
   'ROOT is a file');

SKIP: {
    skip 'no /dev/full', 2 unless -w '/dev/full';
    ($code, $out, $err) = cli({ out => '/dev/full' }, 'domain', 'list');
    is($code, 1, 'a result that cannot be written');
    like($err, qr/cannot write/, 'is an error');
}

done_testing();
