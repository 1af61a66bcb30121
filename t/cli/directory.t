# domain, user, alias, auth test: results as text and JSON, errors.

use strict;
use warnings;

use FindBin;
use lib $FindBin::Bin;

use JSON::PP qw/ decode_json /;
use Test::More;
use CliTest;

my ($code, $out, $err);

sub ok_cli {
    my ($code, $out, $err) = cli(@_);
    my @words = grep { !ref } @_;
    is($code, 0, "@words") or diag("$out$err");
    return $out;
}

sub bad_cli {
    my ($code, $out, $err) = cli(@_);
    my @words = grep { !ref } @_;
    is($code, 1, "@words fails") or diag("$out$err");
    return $err;
}

sub json { return decode_json(ok_cli('--json', @_)) }

# domains

is(ok_cli(qw/ domain add Example.TEST /), "added Example.TEST\n", 'added');
is((stat root())[2] & 0777, 0700, 'ROOT is 0700');
is((stat root() . '/directory.sqlite')[2] & 0777, 0600, 'directory is 0600');
like(bad_cli(qw/ domain add example.test /), qr/exists already/, 'twice');
like(bad_cli('domain', 'add', 'not a name'), qr/not valid/, 'not a name');
ok_cli(qw/ domain add other.test /);
ok_cli(qw/ domain set other.test --disabled yes /);
is_deeply(json(qw/ domain list /), [
    { domain => 'example.test', disabled => JSON::PP::false },
    { domain => 'other.test', disabled => JSON::PP::true } ], 'list');
is_deeply(json(qw/ domain show other.test /),
    { domain => 'other.test', disabled => JSON::PP::true }, 'show');
is((cli(qw/ domain set other.test /))[0], 2, 'set without a change');
is((cli(qw/ domain set other.test --disabled perhaps /))[0], 2, 'perhaps');
ok_cli(qw/ domain delete other.test /);
bad_cli(qw/ domain show other.test /);

# users

ok_cli({ in => "secret\n" }, qw/ user add Alice@example.test
    --password-stdin --locale de --quota 10G /, "--services", "imap,smtp",
    '--display', 'Alice "A" <x>');
my $u = json(qw/ user show alice@example.test /);
is($u->{address}, 'alice@example.test', 'address');
is($u->{display}, 'Alice "A" <x>', 'display');
is($u->{locale}, 'de', 'locale');
is($u->{quota}, 10 * 1024 ** 3, 'quota');
is($u->{services}, 'imap,smtp', 'services');
is($u->{kind}, 'person', 'kind');
is($u->{password}, JSON::PP::true, 'has a password');
like($u->{mailbox}, qr/^[0-9a-f]{32}$/, 'mailbox');
ok(-d root() . '/mailbox/example.test/alice', 'its mailbox was made');

like(bad_cli(qw/ user add alice@example.test /), qr/exists already/, 'twice');
like(bad_cli(qw/ user add x@no.test /), qr/not ours/, 'no such domain');
like(bad_cli('user', 'add', '../x@example.test'), qr/not valid/, 'hostile');
is((cli(qw/ user add x@example.test --quota many /))[0], 2, 'quota');
is((cli("user", "add", "x\@example.test", "--services", "imap,ftp"))[0], 2,
   'services');
is((cli(qw/ user add x@example.test --kind robot /))[0], 2, 'kind');
bad_cli({ in => "" }, qw/ user add x@example.test --password-stdin /);
bad_cli({ in => "\n" }, qw/ user add x@example.test --password-stdin /);
bad_cli({ in => "x" x 600 }, qw/ user add x@example.test --password-stdin /);
bad_cli(qw/ user show x@example.test /);

ok_cli(qw/ user add room@example.test --kind room --services none /);
$u = json(qw/ user show room@example.test /);
is("$u->{kind} $u->{services} $u->{password}", 'room none 0', 'a room');

ok_cli(qw/ user set alice@example.test --disabled yes --quota 0 /);
$u = json(qw/ user show alice@example.test /);
is($u->{disabled}, JSON::PP::true, 'disabled');
is($u->{quota}, 0, 'quota gone');
is($u->{locale}, 'de', 'the rest stays');
ok_cli(qw/ user set alice@example.test --disabled no /);

is(scalar @{ json(qw/ user list /) }, 2, 'two users');
is(scalar @{ json(qw/ user list example.test /) }, 2, 'of the domain');
bad_cli(qw/ user list no.test /);
like(ok_cli(qw/ user list /), qr/^alice\@example\.test\tAlice "A" <x>\t/,
     'as text');

# passwords

ok_cli({ in => "secret\n" },
       qw/ auth test alice@example.test --password-stdin /);
ok_cli({ in => "secret" },
       qw/ auth test ALICE@example.test --password-stdin /);
ok_cli({ in => "secret\r\nmore\n" },
       qw/ auth test alice@example.test --password-stdin /);
bad_cli({ in => "Secret\n" },
        qw/ auth test alice@example.test --password-stdin /);
bad_cli({ in => "secret\n" },
        qw/ auth test nobody@example.test --password-stdin /);
is((cli({ in => "secret\n" }, qw/ auth test alice@example.test /))[0], 2,
   'not without --password-stdin');
ok_cli({ in => "new \xc3\xa4\n" },
       qw/ user password alice@example.test --password-stdin /);
bad_cli({ in => "secret\n" },
        qw/ auth test alice@example.test --password-stdin /);
ok_cli({ in => "new \xc3\xa4\n" },
       qw/ auth test alice@example.test --password-stdin /);
bad_cli({ in => "x\n" },
        qw/ user password nobody@example.test --password-stdin /);

my $files = join '', map { slurp($_) } glob(root() . '/directory.sqlite*');
unlike($files, qr/secret|new \xc3\xa4/, 'no password in the files');
like($files, qr/\$y\$/, 'but yescrypt');

# aliases

ok_cli(qw/ alias add Sales@example.test alice@example.test /);
ok_cli(qw/ alias add out@example.test x@far.example /);
ok_cli(qw/ alias add two@example.test sales@example.test /);
bad_cli(qw/ alias add alice@example.test x@far.example /);
bad_cli(qw/ alias add x@far.example alice@example.test /);
is(json(qw/ alias show two@example.test /)->{delivers},
   'alice@example.test', 'who gets it');
is(json(qw/ alias show out@example.test /)->{delivers}, 'x@far.example',
   'or where it goes');
ok_cli(qw/ alias set two@example.test nobody@example.test /);
is(json(qw/ alias show two@example.test /)->{delivers}, 'ENOTFOUND',
   'or that it does not');
bad_cli(qw/ alias set three@example.test alice@example.test /);
is_deeply([ map { $_->{alias} } @{ json(qw/ alias list /) } ],
    [qw/ out@example.test sales@example.test two@example.test /], 'list');
ok_cli(qw/ alias delete out@example.test /);
bad_cli(qw/ alias delete out@example.test /);
bad_cli(qw/ alias show out@example.test /);

# delete

is((cli(qw/ user delete alice@example.test /))[0], 2, 'not without --yes');
ok(-d root() . '/mailbox/example.test/alice', 'and nothing happened');
ok_cli(qw/ user delete alice@example.test --yes /);
ok(!-e root() . '/mailbox/example.test/alice', 'mail is gone');
bad_cli(qw/ user delete alice@example.test --yes /);
ok_cli(qw/ user add alice@example.test /);
ok_cli(qw/ user delete alice@example.test --yes --keep-mail /);
ok(-d root() . '/mailbox/example.test/alice', 'mail is kept');
like(bad_cli(qw/ user add alice@example.test /), qr/move them away/,
     'and in the way of a new user');
bad_cli(qw/ user show alice@example.test /);
bad_cli(qw/ domain delete example.test /);

# text that a terminal would obey

ok_cli('user', 'add', 'esc@example.test', '--display', "a\xc2\x9b31mb");
bad_cli('user', 'add', 'esc2@example.test', '--display', "a\e[31mb");

done_testing();
