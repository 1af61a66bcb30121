#!/usr/bin/perl
#
# ./build.sh bench exchange: EWS and MAPI/HTTP as ratios to H, no-op jobs a
# second through the pool over HTTP, and I, transactions a second of bare
# SQLite (t/bench/ref.c), of the same run.
#
#   exchange.pl OBJS [ROUNDS [SECONDS]]
#
# 32 connections, without TLS, each with a session of its own where the
# protocol has one; a mailbox of 1,000 messages of 8 KB.  Rounds alternate with
# rounds of H; medians.  Prints TSV: row, a second, reference, ratio, bar, the
# CPU microseconds of all processes of nginx for one answer, p50 and p99 in
# milliseconds.  Then the memory of a parked NotificationWait.

use strict;
use warnings;

use File::Spec;
use POSIX ();
use Time::HiRes qw/ time /;

use Test::Nginx;
use Test::Postern;
use Test::Postern::EWS;
use Test::Postern::MAPI;
use Test::Postern::Pool qw/ percentile /;

Test::Postern::MAPI::define_rops(<<'ROPS');
GetStatus | 16 | | status:u8
ROPS

my ($objs, $rounds, $seconds) = @ARGV;
$objs = File::Spec->rel2abs($objs);
$rounds ||= 3;
$seconds ||= 2;

my $connections = 32;
my $parked = 500;

my $p = Test::Postern->new(users => [qw/ alice /], workers => 2,
    postern => <<'POSTERN',
workers 2;
executors 4;
debug_jobs on;
sessions_max 10000;
clear_text_auth on;
POSTERN
    http => '
        access_log off; keepalive_requests 100000000;
        location /debug { postern_debug; }
        location /EWS/Exchange.asmx { postern_ews; }
        location /mapi/emsmdb/ { postern_mapi; }
    ');

$p->run();

my $dir = $p->testdir() . '/load';
mkdir $dir;

my $text = join "\r\n", map { join ' ', map { join '', map {
    chr 97 + int rand 26 } 1 .. 2 + int rand 8 } 1 .. 11 } 1 .. 125;
my @columns = (0x674a0014, 0x67480014, 0x0037001f, 0x0042001f, 0x0e060040,
               0x0e070003, 0x0e080003, 0x0e04001f);

fill(1000);

my %files;                      # row => [ request files ], what they want

# --- requests

$files{H} = [ write_request('h', "GET /debug?job=noop HTTP/1.1\r\n"
    . "Host: x\r\n\r\n"), '.' ];

my $e = Test::Postern::EWS->new('alice', socket => plain(), port => port(8080));
my ($item) = $e->find('inbox')->ids('t:ItemId');

$files{GetItem} = [ ews('get', '<m:GetItem><m:ItemShape><t:BaseShape>'
    . 'AllProperties</t:BaseShape><t:IncludeMimeContent>true'
    . '</t:IncludeMimeContent></m:ItemShape><m:ItemIds>' . item_ids($item)
    . '</m:ItemIds></m:GetItem>'), 'NoError' ];
$files{FindItem} = [ ews('find', '<m:FindItem Traversal="Shallow">'
    . shape('Item', 'Default') . '<m:IndexedPageItemView '
    . 'MaxEntriesReturned="100" Offset="0" BasePoint="Beginning"/>'
    . '<m:ParentFolderIds>' . folder_ids('inbox') . '</m:ParentFolderIds>'
    . '</m:FindItem>'), 'NoError' ];
my $found = () = $e->call('<m:FindItem Traversal="Shallow">'
    . shape('Item', 'IdOnly') . '<m:IndexedPageItemView '
    . 'MaxEntriesReturned="100" Offset="0" BasePoint="Beginning"/>'
    . '<m:ParentFolderIds>' . folder_ids('inbox') . '</m:ParentFolderIds>'
    . '</m:FindItem>')->ids('t:ItemId');
die 'not 100 items' if $found != 100;

$files{CreateItem} = [ ews('create', '<m:CreateItem MessageDisposition='
    . '"SaveOnly"><m:SavedItemFolderId>' . folder_ids('drafts')
    . '</m:SavedItemFolderId><m:Items>' . message(subject => 'made',
        body => $text, to => [ 'bob@example.test' ]) . '</m:Items>'
    . '</m:CreateItem>'), 'NoError' ];

my (@noop, @rows);

for my $i (1 .. $connections) {
    push @noop, mapi("noop$i", rop('GetStatus'));
    push @rows, mapi("rows$i", rop('SeekRow', origin => 0, rows => 0,
                                   want => 0),
                     rop('QueryRows', forward => 1, row_count => 100));
}

$files{Execute} = [ \@noop, 'X-ResponseCode: 0' ];
$files{QueryRows} = [ \@rows, 'X-ResponseCode: 0' ];

# --- rates

my @bench = (                   # row, name, reference, bar
    [ 'Execute',    'Execute, one no-op ROP',          'H', 0.5 ],
    [ 'QueryRows',  'QueryRows, 100 x 8 columns',      'H', 0.06 ],
    [ 'GetItem',    'GetItem, all properties and MIME', 'H', 0.08 ],
    [ 'FindItem',   'FindItem, 100 rows',              'H', 0.03 ],
    [ 'CreateItem', 'CreateItem, 8 KB, SaveOnly',      'I', 0.35 ],
);
my $low = 0;

print "# row\ta second\treference\tratio\tbar\tcpu_us\tp50_ms\tp99_ms\n";

for my $row (@bench) {
    my ($key, $name, $of, $bar) = @$row;
    my (@ours, @ref, @cpu, @p50, @p99);

    for (1 .. $rounds) {
        my ($rate, $us, $p50, $p99) = load(@{ $files{$key} });
        push @ours, $rate;
        push @cpu, $us;
        push @p50, $p50 / 1000;
        push @p99, $p99 / 1000;
        push @ref, $of eq 'H' ? (load(@{ $files{H} }))[0] : inserts();
    }

    my ($ours, $ref) = map { percentile($_, 50) } \@ours, \@ref;
    my $ratio = $ours / $ref;

    printf "%s\t%.0f\t%s %.0f\t%.3f\t%.2f\t%.0f\t%.2f\t%.2f\n", $name, $ours,
        $of, $ref, $ratio, $bar, map { percentile($_, 50) } \@cpu, \@p50,
        \@p99;
    $low = 1 if $ratio < $bar;
}

# --- Connect to the first 100 rows, one after the other

my @ms;

for (1 .. 30) {
    my $start = time();
    my $m = Test::Postern::MAPI->new($p, 'alice');
    $m->connect();
    my $l = $m->logon();
    my @r = $m->rops([ $l->{handle}, NONE, NONE ],
        rop('OpenFolder', in => 0, out => 1,
            folder_id => $l->{folder_ids}[4]),
        rop('GetContentsTable', in => 1, out => 2),
        rop('SetColumns', in => 2, tags => \@columns),
        rop('QueryRows', in => 2, forward => 1, row_count => 100));
    die 'rows' if $r[3]{error};
    push @ms, 1000 * (time() - $start);
    $m->disconnect();
}

printf "Connect to the first 100 rows\tp50 %.2f ms\n", percentile(\@ms, 50);

# --- a parked session

my $before = pss();
my @waiting;

for (1 .. $parked) {
    my $m = Test::Postern::MAPI->new($p, 'alice');
    $m->connect();
    my $l = $m->logon();
    $m->rops([ $l->{handle}, NONE ],
        rop('RegisterNotification', in => 0, out => 1, types => 0x7e,
            whole => 1));
    delete $m->{connection};
    my $w = $m->wait_start();
    $m->wait_more($w);
    push @waiting, [ $m, $w ];
}

printf "a parked session with a logon and a subscription\t%.0f bytes (PSS, all"
    . " processes, %d of them)\n", (pss() - $before) * 1024 / $parked, $parked;

@waiting = ();
$p->stop();
exit $low;


sub fill {
    my ($n) = @_;
    for my $i (1 .. $n) {
        $p->deliver('alice', "From: Ada $i <ada\@example.org>\r\nTo: Alice"
            . " <alice\@example.test>\r\nDate: Mon, 23 Nov 2026 12:00:00"
            . " +0000\r\nMessage-ID: <$i\@example.org>\r\nSubject: Message"
            . " $i\r\n\r\n$text\r\n");
    }
}


sub plain {
    require IO::Socket::INET;
    my $s = IO::Socket::INET->new(PeerAddr => '127.0.0.1:' . port(8080))
        or die "connect: $!";
    return bless $s, 'Plain';
}


sub write_request {
    my ($name, $bytes) = @_;
    my $file = "$dir/$name";

    open my $f, '>:raw', $file or die "$file: $!";
    print $f $bytes;
    close $f;

    return [ ($file) x $connections ];
}


sub ews {
    my ($name, $body) = @_;
    my $e = Test::Postern::EWS->new('alice', port => port(8080));

    return write_request($name, $e->request($e->envelope($body)));
}


# The bytes of an Execute on a contents table of a new session; its file.
sub mapi {
    my ($name, @rops) = @_;
    my $m = Test::Postern::MAPI->new($p, 'alice', xor => 0, lz => 0);

    $m->connect();
    my $l = $m->logon();
    my @r = $m->rops([ $l->{handle}, NONE, NONE ],
        rop('OpenFolder', in => 0, out => 1,
            folder_id => $l->{folder_ids}[4]),
        rop('GetContentsTable', in => 1, out => 2),
        rop('SetColumns', in => 2, tags => \@columns));
    die 'no table' if $r[2]{error};

    my ($all) = $m->rops([ $r[1]{handle} ], rop('QueryRows', forward => 1,
        row_count => 100, flags => 1), { columns => \@columns });
    die 'not 100 rows' if @{ $all->{rows} || [] } != 100;

    my $rops = join '', @rops;
    my $payload = pack('v', 2 + length $rops) . $rops
        . pack('V', $r[1]{handle});
    my $body = $m->execute_body($m->wrap($payload, 1));
    my $out = '';

    open my $fh, '>:raw', \$out or die $!;
    my $sequence = $m->{cookies}{MapiSequence};
    $m->send_request({ socket => $fh }, 'Execute', $body, cookies => {
        %{ $m->{cookies} }, MapiSequence => "\@SEQUENCE=$sequence\@" });
    close $fh;

    # the mark may become shorter or longer: it is in the head alone
    return write_request($name, $out)->[0];
}


sub cpu {
    my $ticks = 0;

    for my $pid (map { $p->pids($_) } qw/ master worker store clerk /) {
        open my $f, '<', "/proc/$pid/stat" or next;
        my $line = <$f>;
        my @field = split ' ', $line =~ s/^.*\) //r;
        $ticks += $field[11] + $field[12];
    }

    return $ticks / POSIX::sysconf(POSIX::_SC_CLK_TCK());
}


sub pss {
    my $sum = 0;

    for my $pid (map { $p->pids($_) } qw/ master worker store clerk /) {
        open my $f, '<', "/proc/$pid/smaps_rollup" or next;
        while (<$f>) {
            $sum += $1 if /^Pss:\s+(\d+)/;
        }
    }

    return $sum;
}


sub load {
    my ($files, $want) = @_;
    my $before = cpu();
    my $out = qx{$objs/bench/load @{[ port(8080) ]} $seconds '$want' @$files};
    my $used = cpu() - $before;

    die "load: $out" if $?;
    my ($rate, $n, undef, $p50, $p99) = split ' ', $out;
    return ($rate, $used * 1e6 / $n, $p50, $p99);
}


sub inserts {
    my $out = qx{cd $dir && $objs/bench/ref insert $seconds};
    my ($n) = $out =~ /^I\t\S+\t(\d+)/m or die "ref: $out";

    return $n;
}


package Plain;
use parent -norequire, 'IO::Socket::INET';
sub pending { return 0; }
