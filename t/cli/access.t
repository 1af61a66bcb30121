# access: who may do what in whose mailbox, as text and JSON.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin", "$FindBin::Bin/../lib";

use JSON::PP;
use Test::More;
use CliTest;

my ($code, $out, $err);

sub ok_cli {
    my ($c, $o, $e) = cli(@_);
    my @words = grep { !ref } @_;
    is($c, 0, "@words") or diag("$o$e");
    return $o;
}

sub bad_cli {
    my ($c, $o, $e) = cli(@_);
    is($c, 1, "@_ fails") or diag("$o$e");
    return $e;
}

sub json { return decode_json(ok_cli('--json', @_)) }

ok_cli(qw/ domain add example.test /);
ok_cli(qw/ user add /, "$_\@example.test") for qw/ alice bob info /;

ok_cli(qw/ access set info@example.test alice@example.test --full --send-as /);
ok_cli(qw/ access set info@example.test bob@example.test --on-behalf /);
ok_cli(qw/ access set alice@example.test bob@example.test --full /);

is_deeply(json(qw/ access list info@example.test /), [
    { owner => 'info@example.test', grantee => 'alice@example.test',
      full => JSON::PP::true, send_as => JSON::PP::true,
      on_behalf => JSON::PP::false, private => JSON::PP::false },
    { owner => 'info@example.test', grantee => 'bob@example.test',
      full => JSON::PP::false, send_as => JSON::PP::false,
      on_behalf => JSON::PP::true, private => JSON::PP::false },
], 'of one owner');
is(scalar @{ json(qw/ access list /) }, 3, 'of all');

($code, $out) = cli(qw/ access list alice@example.test /);
like($out, qr/^alice\@example\.test\tbob\@example\.test\tyes\tno\tno\tno$/m,
     'as text');

# set says all of it

ok_cli(qw/ access set info@example.test alice@example.test --full /);
ok(!json(qw/ access list info@example.test /)->[0]{send_as},
   'what is not said is taken');

# delete

ok_cli(qw/ access delete info@example.test bob@example.test /);
bad_cli(qw/ access delete info@example.test bob@example.test /);
is(scalar @{ json(qw/ access list info@example.test /) }, 1, 'it is gone');

# nonsense

bad_cli(qw/ access set info@example.test nobody@example.test --full /);
bad_cli(qw/ access set nobody@example.test alice@example.test --full /);
bad_cli(qw/ access set info@example.test info@example.test --full /);
bad_cli(qw/ access list nobody@example.test /);

for my $args ([qw/ access set info@example.test alice@example.test /],
    [qw/ access set info@example.test --full /],
    [qw/ access delete info@example.test alice@example.test --full /],
    [qw/ access list a b /])
{
    ($code, $out, $err) = cli(@$args);
    is($code, 2, "@$args");
    like($err, qr/^(postern: |usage: )/, 'says why');
}

($code, $out) = cli(qw/ access set --help /);
is($code, 0, 'help');
like($out, qr/--send-as/, 'of its options');

# a user who leaves leaves nothing behind

ok_cli(qw/ user delete alice@example.test --yes /);
is_deeply(json(qw/ access list /), [], 'of a user who is gone');

done_testing();
