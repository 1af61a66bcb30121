# The commands of README.md, on a new site: run, curl, stop.
# Run alone.

use strict;
use warnings;

use File::Temp qw/ tempdir /;
use IO::Socket::INET;
use Test::More;
use Test::Nginx ();
use Test::Postern::Env;
use Test::Postern::Watch qw/ adopt_orphans wait_gone wait_for bad_log_lines
    sanitizer_reports /;

adopt_orphans();
chdir $ENV{POSTERN_TOP} or die $!;

# A base below the ports that this machine gives to clients, all of its free.
my $base;
for (1 .. 100) {
    $base = 10000 + 1000 * int(rand 20) + int rand 7;
    last unless grep {
        !IO::Socket::INET->new(LocalAddr => '127.0.0.1:' . ($base + $_),
                               Listen => 1, Reuse => 1)
    } 24, 25, 80, 143, 443, 465, 587, 993;
}
my $dir = tempdir(CLEANUP => 1);
my $build = './build.sh' . (($ENV{POSTERN_FLAVOUR} || '') eq 'asan'
                            ? ' asan' : '');

chmod 0755, $dir;
delete @ENV{qw/ TEST_NGINX_BINARY TEST_NGINX_GLOBALS POSTERN_OBJS /};

sub sh {
    my ($command) = @_;
    my $out = `$command 2>&1`;

    return ($? >> 8, $out);
}

my ($rc, $out) = sh("$build run --dir $dir/site --port-base $base --detach");
is($rc, 0, 'run --detach') or diag($out);
like($out, qr/alice\@example\.test/, 'it prints the logins');
like($out, qr{imaps://127\.0\.0\.1:${\ ($base + 993)}}, 'it prints the URLs');

if ($rc) {
    diag(sh("tail -5 $dir/site/logs/*"));
    wait_gone(1);
    done_testing();
    exit 1;
}

# README's own lines, with this site's ports.
open my $f, '<', 'README.md' or die $!;
my $readme = do { local $/; <$f> };
my @curl = $readme =~ /^    (curl (?:.*\\\n)*.*)$/mg;
s/127\.0\.0\.1:1(\d{4})/'127.0.0.1:' . ($base + $1)/ge for @curl;
is(scalar @curl, 4, 'four lines of curl in README.md');

for my $command (@curl) {
    $command =~ s/^curl/curl -sS/;
    ($rc, $out) = sh($command);
    is($rc, 0, $command) or diag($out);
}

($rc, $out) = sh($curl[1]);
like($out, qr/^Subject: Welcome to postern/m, 'the sample mail');

($rc, $out) = sh($curl[3]);
like($out, qr/<t:Subject>Welcome to postern/, 'the same by EWS');

my $n;
my $status = "curl -sS -k -u alice\@example.test:secret "
    . 'imaps://127.0.0.1:' . ($base + 993) . '/ -X "STATUS INBOX (MESSAGES)"';
wait_for { ($n) = (sh($status))[1] =~ /MESSAGES (\d+)/; ($n || 0) >= 4 } 20;
is($n, 4, 'what README sends arrives');

($rc, $out) = sh("$build run --dir $dir/site --detach");
is($rc, 0, 'run again');
like($out, qr/runs already/, 'it runs already');

($rc, $out) = sh("$build stop --dir $dir/site");
is($rc, 0, 'stop') or diag($out);
is(join(' ', map { $_->{name} } wait_gone(1)), '', 'nothing is left');

($rc, $out) = sh("$build run --dir $dir/site --detach");
is($rc, 0, 'run an old site') or diag($out);
like((sh($status))[1], qr/MESSAGES $n\b/, 'its mail is there');
sh("$build stop --dir $dir/site");

($rc, $out) = sh("$build run --dir $dir/empty --port-base $base --detach"
    . ' --empty');
is($rc, 0, 'run --empty') or diag($out);
like((sh($status))[1], qr/MESSAGES 0\b/, 'users without content');
sh("$build stop --dir $dir/empty");

is(join("\n", map { bad_log_lines("$dir/$_/logs/error.log"),
                    sanitizer_reports("$dir/$_/logs/error.log") }
              qw/ site empty /), '', 'no alerts');
is(join(' ', map { $_->{name} } wait_gone(5)), '', 'nothing is left');

done_testing();
