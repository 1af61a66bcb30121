package CliTest;

# The program `postern` on a ROOT of its own, without a server.

use strict;
use warnings;

use Exporter qw/ import /;
use File::Temp qw/ tempdir /;
use POSIX ();

our @EXPORT = qw/ cli cli_as root dir slurp spew /;

my $dir = tempdir('ptn-cli-XXXXXX', TMPDIR => 1, CLEANUP => 1);
my $objs = $ENV{POSTERN_OBJS} || 'objs';
my $root = "$dir/root";

sub dir  { return $dir }
sub root { return $root }

sub slurp {
    my ($name) = @_;

    open my $f, '<', $name or return undef;
    local $/;
    return scalar <$f>;
}

sub spew {
    my ($name, $text) = @_;

    open my $f, '>', $name or die "$name: $!";
    binmode $f;
    print $f $text;
    close $f;
    return $name;
}

# cli(ARGS) or cli({ in => ..., root => ... }, ARGS): (exit code, output,
# messages).
sub cli {
    my %opt = ref $_[0] ? %{ shift @_ } : ();
    my @args = @_;
    my ($in, $out, $err) = map { "$dir/$_.$$" } qw/ in out err /;

    spew($in, defined $opt{in} ? $opt{in} : '');
    my @root = ('--root', defined $opt{root} ? $opt{root} : $root);
    @root = () if $opt{noroot};

    my $pid = fork();
    die "fork: $!" unless defined $pid;

    if ($pid == 0) {
        open STDIN, '<', $in or POSIX::_exit(126);
        open STDOUT, '>', $opt{out} || $out or POSIX::_exit(126);
        open STDERR, '>', $err or POSIX::_exit(126);

        if ($opt{uid}) {
            $) = "$opt{gid} $opt{gid}";
            $( = $opt{gid};
            POSIX::setuid($opt{uid});
        }

        delete $ENV{POSTERN_ROOT} unless $opt{noroot};
        exec("$objs/postern", @root, @args) or POSIX::_exit(127);
    }

    waitpid($pid, 0);
    my $code = $? & 127 ? -($? & 127) : $? >> 8;
    my ($o, $e) = (slurp($out), slurp($err));
    unlink $in, $out, $err;

    return ($code, defined $o ? $o : '', defined $e ? $e : '');
}

1;
