package Test::Postern::Watch;

# What every test of a live nginx must leave behind: nothing.  Processes,
# shared memory and bad log lines are found here, for Test::Nginx,
# Test::Nginx::Socket and Test::Postern alike, and whichever copy of the
# first two is in use.

use strict;
use warnings;

use Exporter qw/ import /;
use POSIX qw/ WNOHANG /;
use Time::HiRes qw/ sleep time /;

our @EXPORT_OK = qw/ adopt_orphans descendants wait_gone bad_log_lines
    sanitizer_reports shm_names shm_left left_over_report wait_for /;

# prctl(PR_SET_CHILD_SUBREAPER): a daemon that was forked off stays ours, so
# that no process of a test can hide from it.
my %prctl = (x86_64 => 157, aarch64 => 167);
my $adopted;


sub adopt_orphans {
    return if $adopted;

    my $nr = $prctl{(POSIX::uname())[4]};
    $adopted = defined $nr && syscall($nr, 36, 1, 0, 0, 0) == 0;

    warn "# no subreaper on this machine: left-over daemons go unseen\n"
        unless $adopted;
}


# Polls until `code` returns something true, at most `seconds`.
sub wait_for(&;$) {
    my ($code, $seconds) = @_;
    my $until = time() + (defined $seconds ? $seconds : 10);

    while (1) {
        my $got = $code->();
        return $got if $got;
        return $got if time() > $until;
        sleep(0.02);
    }
}


sub stat_of {
    my ($pid) = @_;

    open my $f, '<', "/proc/$pid/stat" or return;
    my $line = <$f>;
    return unless defined $line && $line =~ /^\d+ \((.*)\) (\S) (\d+)/s;
    return { pid => $pid, name => $1, state => $2, parent => $3 };
}


# Living processes below `root`, as { pid, name, state, parent }.  A zombie
# whose parent we are is reaped on the way.
sub descendants {
    my ($root, %except) = @_;
    my (%child, @found);

    opendir my $d, '/proc' or return;
    for my $pid (grep { /^\d+$/ } readdir $d) {
        my $p = stat_of($pid) or next;
        push @{ $child{$p->{parent}} }, $p;
    }

    my @todo = ($root);
    while (defined(my $pid = shift @todo)) {
        for my $p (@{ $child{$pid} || [] }) {
            next if $except{$p->{pid}};
            push @todo, $p->{pid};

            if ($p->{state} eq 'Z') {
                waitpid($p->{pid}, WNOHANG) if $p->{parent} == $$;
                next;
            }

            push @found, $p;
        }
    }

    return @found;
}


# Waits until none is left; returns those that stay, after killing them.
sub wait_gone {
    my ($seconds, %except) = @_;
    my @left;

    wait_for { @left = descendants($$, %except); !@left } $seconds;

    for my $p (@left) {
        open my $f, '<', "/proc/$p->{pid}/cmdline" or next;
        my $line = <$f>;
        $p->{line} = defined $line ? join(' ', split /\0/, $line) : '';
    }

    for my $p (@left) {
        kill 'KILL', $p->{pid};
    }

    wait_for { !descendants($$, %except) } 5 if @left;
    return @left;
}


sub slurp {
    my ($file) = @_;

    open my $f, '<', $file or return '';
    local $/;
    my $all = <$f>;
    return defined $all ? $all : '';
}


# Lines of `file` that no run may write, but for those that match one of
# `allowed`.
sub bad_log_lines {
    my ($file, @allowed) = @_;
    my @bad;

    for my $line (slurp($file) =~ /^.*\[(?:alert|crit|emerg)\].*$/gm) {
        push @bad, $line unless grep { $line =~ $_ } @allowed;
    }

    return @bad;
}


sub sanitizer_reports {
    my (@files) = @_;

    return map { slurp($_) =~ /^.*(?:Sanitizer|runtime error:).*$/gm } @files;
}


# Names of POSIX shared memory that could be ours.  Folders there are none:
# tests use them as fast disks.
sub shm_names {
    my %names;

    if (opendir my $d, '/dev/shm') {
        $names{"/dev/shm/$_"} = 1
            for grep { /ptn|postern|nginx/i && -f "/dev/shm/$_" } readdir $d;
    }

    return %names;
}


sub mapped {
    my ($name) = @_;

    for my $maps (glob '/proc/[0-9]*/maps') {
        return 1 if index(slurp($maps), $name) >= 0;
    }

    return 0;
}


# What is there now, was not in `before`, and no living process maps.
sub shm_left {
    my (%before) = @_;
    my %now = shm_names();

    return grep { !$before{$_} && !mapped($_) } sort keys %now;
}


sub left_over_report {
    my ($processes, $shm) = @_;

    return join "\n",
        (map { "process $_->{pid} $_->{name} $_->{state} $_->{line}" }
            @$processes),
        (map { "shared memory $_" } @$shm);
}


1;
