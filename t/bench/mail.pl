#!/usr/bin/perl
#
# ./build.sh bench mail: postern and Dovecot (Debian package, sdbox) side by
# side: the same client, the same messages, the same file system, alternating.
# Dovecot runs twice: mail_fsync=optimized (its default) and =always.
#
#   mail.pl OBJS [ROUNDS]
#
# Prints TSV: row, server, seconds (median of the rounds; rows of a few ms have
# three or five times as many), CPU seconds of all server processes, and the
# ratio of seconds to Dovecot's default.
# Environment: BENCH_DIR (default: a directory under the current one),
# BENCH_IDLE (connections of the idle rows, 10000).

use strict;
use warnings;

use Cwd qw(abs_path getcwd);
use File::Path qw(make_path remove_tree);
use File::Temp qw(tempdir);
use IO::Socket::INET;
use POSIX qw(sysconf _SC_CLK_TCK);
use Time::HiRes qw(time sleep);

my ($objs, $rounds) = @ARGV;
die "usage: mail.pl OBJS [ROUNDS]\n" if !defined $objs;
$objs = abs_path($objs);
$rounds ||= 3;

my $top = getcwd();
my $dir = $ENV{BENCH_DIR} || tempdir('bench-XXXXXX', DIR => $top, CLEANUP => 1);
$dir = abs_path($dir);
my $hz = sysconf(_SC_CLK_TCK);
my $idle = $ENV{BENCH_IDLE} || 10000;
my $client = "$objs/bench/mail";

make_path("$dir/files");
chmod 0755, $dir;           # the servers' users pass through

my @kb8 = kb8_files(50);
my @mix = mix_files();

my %servers;
my @order;
END { my $rc = $?; $_->{stop}->() for values %servers; $? = $rc; }

start_postern();
start_dovecot('dovecot', 'optimized');
start_dovecot('dovecot-always', 'always');

for my $s (@order) {
    my ($rss, $pss) = rss($servers{$s}{pid});
    print join("\t", 'idle since start, RSS and PSS in KB', $s, $rss, $pss), "\n";
}

print join("\t", qw(row server seconds cpu ratio)), "\n";

row('lmtp 8K x1, 500', sub { bench($_[0], 'lmtp', 'lm1', 500, 1, @kb8) });
row('lmtp 8K x8, 2000', sub { bench($_[0], 'lmtp', 'lm8', 2000, 8, @kb8) });
row('lmtp 8K x8 to 8 users, 2000',
    sub { bench($_[0], 'lmtp', 'many%', 2000, 8, @kb8) });
row('lmtp mix x1', sub { bench($_[0], 'lmtp', 'mix', scalar @mix, 1, @mix) });
row('append 8K x1, 500', sub { bench($_[0], 'append', 'ap1', 500, 1, @kb8) });
row('append 8K x8, 2000', sub { bench($_[0], 'append', 'ap8', 2000, 8, @kb8) });

for my $s (@order) {
    bench($s, 'lmtp', 'full', 5000, 8, @kb8);
    bench($s, 'lmtp', 'cold', 50, 1, @kb8);
}

row('fetch 5000 (FLAGS UID RFC822.SIZE)',
    sub { bench($_[0], 'flags', 'full', 5000) }, 5);
row('fetch 500 bodies', sub { bench($_[0], 'bodies', 'full', 500) }, 5);
row('store 500 flags', sub { bench($_[0], 'store', 'full', 500) }, 5);
row('connect, login, first select',
    sub { bench($_[0], 'select', 'full') }, 5);
row('server start to first select', \&cold_start, 3);

memory();
exit 0;


sub run {
    system(@_) == 0 or die "failed: @_\n";
}


# Messages of 8 KB: headers as a mailing list writes them, words, no repeats.
sub kb8_files {
    my ($n) = @_;
    my @words = words();
    my @files;

    srand(7);

    for my $i (1 .. $n) {
        my $file = "$dir/files/$i.eml";
        my $text = "From: Bench <bench\@example.test>\n"
            . "To: All <all\@example.test>\n"
            . "Subject: message $i of the bench\n"
            . "Date: Mon, 02 Feb 2026 10:00:00 +0000\n"
            . "Message-ID: <bench.$i\@example.test>\n"
            . "MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n\n";
        my $l = '';

        while (length($text) < 8192) {
            $l .= $words[rand @words] . ' ';
            if (length($l) > 65) {
                $text .= "$l\n";
                $l = '';
            }
        }

        spew($file, $text);
        push @files, $file;
    }

    return @files;
}


sub words {
    my %seen;
    my $text = '';

    for my $f (glob("$top/../shared/ref/mail/*/*"), glob("$top/docs/*.md")) {
        next if !-f $f || -s $f > 200_000;
        open my $fh, '<', $f or next;
        local $/;
        $text .= <$fh>;
        last if length($text) > 2_000_000;
    }

    $seen{lc $_}++ for $text =~ /\b([A-Za-z]{3,9})\b/g;

    return sort keys %seen;
}


sub mix_files {
    my @files;

    for my $f (sort glob("$top/../shared/ref/mail/*/*")) {
        next if !-f $f || $f !~ /\.(eml|msg|txt)$/ || -s $f < 200
            || -s $f > 2_000_000;
        push @files, $f;
    }

    die "no messages in ../shared/ref/mail\n" if !@files;

    return @files;
}


sub spew {
    my ($file, $text) = @_;

    open my $fh, '>', $file or die "$file: $!\n";
    print $fh $text;
    close $fh;
}


sub pid_of {
    my ($file) = @_;

    for (1 .. 500) {
        if (-s $file && open my $fh, '<', $file) {
            chomp(my $pid = <$fh>);
            return $pid;
        }
        sleep 0.02;
    }

    die "no $file\n";
}


# From the command that starts the server to the end of the first SELECT.
sub cold_start {
    my ($name) = @_;
    my $s = $servers{$name};

    $s->{stop}->();

    for (1 .. 500) {
        last if !kill 0, $s->{pid};
        sleep 0.02;
    }

    my $t = time();
    $s->{start}->();
    bench($name, 'first', 'cold');
    $t = time() - $t;
    $s->{pid} = pid_of($s->{pid_file});

    return $t;
}


sub free_port {
    my $s = IO::Socket::INET->new(Listen => 1, LocalAddr => '127.0.0.1')
        or die "no port: $!\n";

    return $s->sockport();
}


sub wait_port {
    my ($port) = @_;

    for (1 .. 500) {
        return if IO::Socket::INET->new(PeerAddr => "127.0.0.1:$port");
        sleep 0.02;
    }

    die "nothing listens on $port\n";
}


# The new configuration serves.
sub wait_clear_text {
    my ($port) = @_;

    for (1 .. 500) {
        my $s = IO::Socket::INET->new(PeerAddr => "127.0.0.1:$port");
        return if $s && (<$s> // '') !~ /LOGINDISABLED/;
        sleep 0.02;
    }

    die "no sign-in on $port\n";
}


sub users {
    return qw(lm1 lm8 mix ap1 ap8 full cold), (map { "many$_" } 0 .. 7),
        map { "open$_" } 0 .. 99;
}


sub start_postern {
    my $base = 20000 + $$ % 20000;
    my $site = "$dir/postern-site";

    run("$top/build.sh run --dir $site --port-base $base --detach --empty"
        . " >$dir/run.log 2>&1");

    for my $u (users()) {
        run("echo secret | $objs/postern --root $site/postern"
            . " user add $u\@example.test --password-stdin >/dev/null");
    }

    my $pid = pid_of("$site/nginx.pid");

    # Dovecot has "ssl = no" here; so have we
    run('sed', '-i', 's/^postern {/postern {\n    clear_text_auth on;\n    sessions_max 20000;/',
        "$site/postern.conf");
    run('sed', '-i', '/ssl/d', "$site/http.conf");
    spew("$site/stream-servers.conf",
         'server { listen 127.0.0.1:' . ($base + 143) . "; postern_imap; }\n"
         . 'server { listen 127.0.0.1:' . ($base + 24)
         . "; postern_smtp lmtp; }\n");
    kill 'HUP', $pid;
    wait_clear_text($base + 143);

    $servers{postern} = {
        imap => $base + 143, lmtp => $base + 24, pid => $pid,
        suffix => '@example.test', pid_file => "$site/nginx.pid",
        start => sub {
            run("/usr/sbin/nginx", "-p", $site, '-c', "$site/nginx.conf");
        },
        stop => sub { system("$top/build.sh stop --dir $site >/dev/null 2>&1") },
    };
    push @order, 'postern';
    wait_port($base + 143);
}


sub start_dovecot {
    my ($name, $fsync) = @_;
    my $d = "$dir/$name";
    my ($imap, $lmtp) = (free_port(), free_port());
    my ($uid, $gid) = (getpwnam('mail'))[2, 3];

    make_path("$d/mail");
    chown $uid, $gid, "$d/mail";
    chmod 0755, $dir, $d;

    # the first sign-in after a start costs us a yescrypt hash: the user of
    # that row has the same kind of hash there
    my $hash = crypt('secret', '$y$j9T$benchbenchbenchb') // '';
    $hash =~ /^\$y\$/ or die "crypt(3) has no yescrypt\n";
    spew("$d/hashed", "cold:{CRYPT}$hash\:::::\n");

    spew("$d/dovecot.conf", <<"EOF");
base_dir = $d/run
state_dir = $d/state
log_path = $d/log
protocols = imap lmtp
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
auth_username_format = %Ln
mail_location = sdbox:$d/mail/%n
mail_fsync = $fsync
mail_uid = $uid
mail_gid = $gid
first_valid_uid = 1
mail_max_userip_connections = 0
postmaster_address = postmaster\@example.test
passdb {
  driver = passwd-file
  args = $d/hashed
}
passdb {
  driver = static
  args = password=secret
}
userdb {
  driver = static
  args = uid=$uid gid=$gid home=$d/mail/%n allow_all_users=yes
}
service imap-login {
  service_count = 0
  process_min_avail = 2
  client_limit = 20000
  inet_listener imap {
    port = $imap
  }
  inet_listener imaps {
    port = 0
  }
}
service imap {
  process_min_avail = 2
  process_limit = 20000
}
service lmtp {
  process_min_avail = 2
  inet_listener lmtp {
    address = 127.0.0.1
    port = $lmtp
  }
}
EOF

    my $start = sub { run('dovecot', '-c', "$d/dovecot.conf") };

    $start->();
    wait_port($imap);

    $servers{$name} = {
        imap => $imap, lmtp => $lmtp, suffix => '@example.test',
        pid => pid_of("$d/run/master.pid"), pid_file => "$d/run/master.pid",
        start => $start,
        stop => sub { system("doveadm -c $d/dovecot.conf stop") },
    };
    push @order, $name;
}


sub bench {
    my ($name, $row, $user, @args) = @_;
    my $s = $servers{$name};
    my $who = $user =~ /%$/ ? $user : "$user$s->{suffix}";
    my $out = '';

    open my $fh, '-|', $client, $row, $s->{imap}, $s->{lmtp}, $who,
        'secret', @args or die "client: $!\n";
    while (defined(my $l = <$fh>)) {
        $out .= $l;
    }
    close $fh or die "$name: $row failed\n";

    return $out + 0;
}


# pid and all its descendants
sub family {
    my ($pid) = @_;
    my (%children, @all);

    for my $stat (glob('/proc/[0-9]*/stat')) {
        open my $fh, '<', $stat or next;
        my $l = <$fh> // next;
        $l =~ /^(\d+) \(.*\) \S (\d+)/s or next;
        push @{$children{$2}}, $1;
    }

    my @todo = ($pid);
    while (defined(my $p = shift @todo)) {
        push @all, $p;
        push @todo, @{$children{$p} || []};
    }

    return @all;
}


sub cpu {
    my ($pid) = @_;
    my $ticks = 0;

    for my $p (family($pid)) {
        open my $fh, '<', "/proc/$p/stat" or next;
        my $l = <$fh> // next;
        $l =~ s/^.*\) //s;
        my @f = split ' ', $l;
        $ticks += $f[11] + $f[12] + $f[13] + $f[14];
    }

    return $ticks / $hz;
}


sub rss {
    my ($pid) = @_;
    my ($rss, $pss) = (0, 0);

    for my $p (family($pid)) {
        open my $fh, '<', "/proc/$p/smaps_rollup" or next;
        while (defined(my $l = <$fh>)) {
            $rss += $1 if $l =~ /^Rss:\s+(\d+)/;
            $pss += $1 if $l =~ /^Pss:\s+(\d+)/;
        }
    }

    return ($rss, $pss);
}


sub median {
    my @s = sort { $a <=> $b } @_;

    return $s[@s / 2];
}


sub row {
    my ($name, $code, $times) = @_;
    my (%wall, %cpu);

    for my $r (1 .. $rounds * ($times // 1)) {
        for my $s (@order) {
            my $before = cpu($servers{$s}{pid});
            push @{$wall{$s}}, $code->($s);
            # a server that was started anew has its own count
            my $after = cpu($servers{$s}{pid});
            push @{$cpu{$s}}, $after < $before ? $after : $after - $before;
        }
    }

    for my $s (@order) {
        printf "%s\t%s\t%.4f\t%.2f\t%.2f\n", $name, $s, median(@{$wall{$s}}),
            median(@{$cpu{$s}}),
            median(@{$wall{$s}}) / median(@{$wall{dovecot}});
    }

    $| = 1;
}


sub memory {
    print join("\t", qw(memory server connections rss_kb pss_kb)), "\n";

    for my $s (@order) {
        my ($rss, $pss) = rss($servers{$s}{pid});
        print join("\t", 'after the rows', $s, 0, $rss, $pss), "\n";
    }

    # Dovecot keeps a process for each connection: 100 show its cost
    for my $try (['postern', 100, 'open%'], ['dovecot', 100, 'open%'],
        ['postern', $idle, 'full'], ['dovecot', 100, 'full'])
    {
        my ($s, $n, $user) = @$try;
        my $who = $user =~ /%$/ ? $user : "$user$servers{$s}{suffix}";
        my $what = $user =~ /%$/ ? 'open mailboxes, a user each'
            : 'idle, 5000 selected';

        local $SIG{PIPE} = 'IGNORE';
        my (undef, $pss0) = rss($servers{$s}{pid});
        pipe(my $rd, my $wr) or die "pipe: $!\n";
        my $pid = open my $fh, '-|';
        die "fork: $!\n" if !defined $pid;

        if ($pid == 0) {
            open STDIN, '<&', $rd;
            close $wr;
            exec $client, 'idle', $servers{$s}{imap}, $servers{$s}{lmtp},
                $who, 'secret', $n;
        }

        close $rd;
        my $t = <$fh>;
        if (!defined $t) {
            close $wr;
            close $fh;
            print join("\t", $what, $s, $n, 'failed', ''), "\n";
            next;
        }
        my ($rss, $pss) = rss($servers{$s}{pid});
        print join("\t", $what, $s, $n, $rss, $pss), "\n";
        printf "%s\t%s\t%d\t%.0f bytes of PSS each\n",
            $what, $s, $n, ($pss - $pss0) * 1024 / $n;
        close $wr;
        close $fh;
    }
}
