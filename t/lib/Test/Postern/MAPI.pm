package Test::Postern::MAPI;

# A client of MAPI/HTTP: contexts and their cookies, Execute with ROPs that are
# built and read by the tables below, notifications.  Written from the
# specifications, not from the server.
#
#     my $p = Test::Postern->new(Test::Postern::MAPI->site());
#     ...
#     my $m = Test::Postern::MAPI->new($p, 'alice');
#     $m->connect();
#     my $logon = $m->logon();                   # logon 0, handle index 0
#     my ($open) = $m->rops([$logon->{handle}, NONE],
#         rop('OpenFolder', in => 0, out => 1,
#             folder_id => $logon->{folder_ids}[4]));
#     is($open->{error}, 0);  $open->{handle} ...
#
# A response is a hash: rop, index, error, and the fields by name; `handle` is
# the server's handle at its index.

use strict;
use warnings;

use Exporter qw/ import /;
use IO::Socket::INET;
use MIME::Base64 qw/ encode_base64 /;
use Time::HiRes qw/ time /;

use Test::Postern;

our @EXPORT = qw/ rop NONE le64 fid_counter /;

use constant NONE => 0xffffffff;

our $INBOX = 4;             # of RopLogon's FolderIds


# Arguments of Test::Postern->new() for a site with the endpoint.
sub site {
    my ($class, %args) = @_;
    my $postern = "clear_text_auth on;\n" . (delete $args{postern} || '');
    my $http = delete $args{http} || '';

    return (postern => $postern,
            http => "location /mapi/emsmdb/ { postern_mapi; }\n$http", %args);
}


sub new {
    my ($class, $site, $user, %args) = @_;

    my $self = bless {
        site => $site, user => $user, password => 'secret',
        cookies => {}, counter => 0, timeout => 20, flags => 3,
        guid => sprintf('{%08X-0000-4000-8000-%012X}', $$, int rand 2 ** 40),
        xor => 0, lz => 0, max_out => 0x8008 + 0x10000, %args,
    }, $class;

    $self->{dn} = $self->dn_of($user) unless defined $self->{dn};

    return $self;
}


# The legacyExchangeDN that AutoDiscover would tell.
sub dn_of {
    my ($self, $user) = @_;
    my $site = $self->{site};
    my $address = $site->address($user);

    $site->{mapi_dn}{$user} ||= do {
        my $out = $site->cli_ok('--json', 'user', 'show', $address);
        my ($guid) = $out =~ /"mailbox"\s*:\s*"([0-9a-f]{32})"/
            or die "no mailbox guid: $out";
        my ($local, $domain) = split /\@/, $address;
        "/o=$domain/ou=Exchange Administrative Group (FYDIBOHF23SPDLT)"
            . "/cn=Recipients/cn=$guid-$local";
    };

    return $site->{mapi_dn}{$user};
}


# ------------------------------------------------------------------- HTTP

sub open_socket {
    my ($self) = @_;

    my $s = IO::Socket::INET->new(PeerAddr => '127.0.0.1:' . port(8080),
                                  Timeout => 5)
        or die "connect: $!";
    binmode $s;

    return { socket => $s, in => '' };
}


sub fill {
    my ($self, $c) = @_;
    my $rin = '';
    vec($rin, fileno($c->{socket}), 1) = 1;

    return 0 unless select($rin, undef, undef, $self->{timeout});
    return sysread($c->{socket}, $c->{in}, 65536, length $c->{in}) ? 1 : 0;
}


# A line or n bytes of the stream; undef when it ends.
sub line {
    my ($self, $c) = @_;

    while ($c->{in} !~ /\r\n/) {
        return undef unless $self->fill($c);
    }

    $c->{in} =~ s/^(.*?)\r\n//s;
    return $1;
}

sub bytes {
    my ($self, $c, $n) = @_;

    while (length $c->{in} < $n) {
        return undef unless $self->fill($c);
    }

    return substr $c->{in}, 0, $n, '';
}


sub send_request {
    my ($self, $c, $type, $body, %opt) = @_;
    my $auth = encode_base64($self->{site}->address($self->{user}) . ':'
                             . $self->{password}, '');
    my %head = (
        'Host' => 'mail.example.test',
        'Content-Type' => 'application/mapi-http',
        'Content-Length' => length $body,
        'Authorization' => "Basic $auth",
        'X-RequestType' => $type,
        'X-RequestId' => $self->{guid} . ':' . ++$self->{counter},
        'X-ClientInfo' => $self->{guid} . ':1',
        'X-ClientApplication' => 'Outlook/15.00.4000.1000',
    );
    my $cookies = $opt{cookies} || $self->{cookies};

    $head{Cookie} = join '; ', map { "$_=$cookies->{$_}" } sort keys %$cookies
        if %$cookies;

    %head = (%head, %{ $opt{headers} || {} });

    my $method = $opt{method} || 'POST';
    my $text = "$method /mapi/emsmdb/?MailboxId=x HTTP/1.1\r\n"
        . join('', map { "$_: $head{$_}\r\n" }
                   grep { defined $head{$_} } sort keys %head) . "\r\n";

    $self->{sent} = { %head };
    print { $c->{socket} } $text . $body;
}


sub read_head {
    my ($self, $c) = @_;
    my $status = $self->line($c);

    return undef unless defined $status;

    my %r = (status => ($status =~ m{^HTTP/1\.1 (\d+)})[0], head => {},
             cookies => {});

    while (1) {
        my $line = $self->line($c);
        return undef unless defined $line;
        last if $line eq '';
        my ($name, $value) = $line =~ /^([^:]+):\s*(.*)$/ or next;

        if (lc $name eq 'set-cookie') {
            my ($cookie, $v) = $value =~ /^([^=]+)=([^;]*)/;
            $r{cookies}{$cookie} = $v;
        } else {
            $r{head}{lc $name} = $value;
        }
    }

    $r{code} = $r{head}{'x-responsecode'};
    return \%r;
}


# The next piece of a body; '' at its end, undef when the connection breaks.
sub piece {
    my ($self, $c, $r) = @_;

    if (($r->{head}{'transfer-encoding'} || '') eq 'chunked') {
        my $len = $self->line($c);
        return undef unless defined $len;
        my $data = $self->bytes($c, hex $len);
        return undef unless defined $data && defined $self->bytes($c, 2);
        return $data;
    }

    my $len = $r->{head}{'content-length'} || 0;
    return '' if $r->{all}++;
    return $self->bytes($c, $len);
}


# Meta-tags, additional headers, body (2.2.2.2).
sub split_body {
    my ($self, $r) = @_;
    my $all = $r->{raw};

    $r->{tags} = [];
    $r->{extra} = {};
    $r->{body} = $all;

    return unless ($r->{head}{'content-type'} || '') =~ /mapi-http/;

    while ($all =~ s/^(PROCESSING|PENDING|DONE)\r\n//) {
        push @{ $r->{tags} }, $1;
        last if $1 eq 'DONE';
    }

    while ($all =~ s/^([^\r\n:]+):\s*([^\r\n]*)\r\n//) {
        $r->{extra}{lc $1} = $2;
    }

    $all =~ s/^\r\n//;
    $r->{body} = $all;
    $r->{code} = $r->{extra}{'x-responsecode'}
        if defined $r->{extra}{'x-responsecode'};
}


sub read_response {
    my ($self, $c) = @_;
    my $r = $self->read_head($c) or return { status => 0, code => -1 };

    $r->{raw} = '';

    while (1) {
        my $piece = $self->piece($c, $r);
        if (!defined $piece) {
            $r->{broken} = 1;
            last;
        }
        last if $piece eq '';
        $r->{raw} .= $piece;
    }

    $self->split_body($r);
    return $r;
}


sub request {
    my ($self, $type, $body, %opt) = @_;
    my $c = $opt{connection} || $self->{connection};

    if (!$c || ($c->{socket} && !$c->{socket}->connected())) {
        $c = $self->{connection} = $self->open_socket();
    }

    $self->send_request($c, $type, $body, %opt);
    my $r = $self->read_response($c);

    # a connection that nginx has closed meanwhile
    if ($r->{status} == 0 && !$opt{again}) {
        delete $self->{connection};
        return $self->request($type, $body, %opt, again => 1,
                              connection => undef);
    }

    delete $self->{connection}
        if $r->{broken} || ($r->{head}{connection} || '') eq 'close';
    %{ $self->{cookies} } = (%{ $self->{cookies} }, %{ $r->{cookies} })
        if !$opt{cookies};

    return $r;
}


# ---------------------------------------------------------- request types

sub connect_body {
    my ($self, %a) = @_;

    return pack 'Z* V V V V V/a*', defined $a{dn} ? $a{dn} : $self->{dn},
        $a{flags} || 0, 1252, 1033, 1033, defined $a{aux} ? $a{aux} : '';
}


sub connect {
    my ($self, %a) = @_;
    my $r = $self->request('Connect', $self->connect_body(%a), %a);

    if (length $r->{body} >= 8 && ($r->{code} // -1) eq '0') {
        @{$r}{qw/ status_code error /} = unpack 'V V', $r->{body};
        if ($r->{status_code} == 0) {
            (undef, undef, @{$r}{qw/ polls_max retry_count retry_delay
                prefix rest /}) = unpack 'V V V V V Z* a*', $r->{body};
            my $i = 0;
            $i += 2 while substr($r->{rest}, $i, 2) ne "\0\0";
            $r->{display} = substr $r->{rest}, 0, $i;
            $r->{aux} = unpack 'V/a', substr $r->{rest}, $i + 2;
        }
    }

    return $r;
}


sub disconnect {
    my ($self, %a) = @_;
    my $r = $self->request('Disconnect', pack('V', 0), %a);

    @{$r}{qw/ status_code error /} = unpack 'V V', $r->{body}
        if $r->{code} eq '0';
    return $r;
}


sub execute_body {
    my ($self, $buffer, %a) = @_;

    return pack 'V V/a* V V/a*', defined $a{flags} ? $a{flags}
        : $self->{flags}, $buffer, defined $a{max} ? $a{max}
        : $self->{max_out}, defined $a{aux} ? $a{aux} : '';
}


# One or more ROP input buffers: [bytes of ROPs, handles ...] each.
sub execute {
    my ($self, $inputs, %a) = @_;
    my $buffer = '';

    for my $i (0 .. $#$inputs) {
        my ($rops, @handles) = @{ $inputs->[$i] };
        my $payload = pack('v', 2 + length $rops) . $rops
                      . pack('V*', @handles);
        $buffer .= $self->wrap($payload, $i == $#$inputs, %a);
    }

    $buffer = $a{raw} if defined $a{raw};

    return $self->executed($self->request('Execute',
        $self->execute_body($buffer, %a), %a), %a);
}


sub executed {
    my ($self, $r, %a) = @_;

    return $r unless $r->{code} eq '0' && length $r->{body} >= 8;

    ($r->{status_code}) = unpack 'V', $r->{body};
    return $r if $r->{status_code};

    (undef, $r->{error}, $r->{flags}, my $out, $r->{aux})
        = unpack 'V V V V/a V/a', $r->{body};

    $r->{out_size} = length $out;
    $r->{buffers} = [];

    while (length $out) {
        my ($payload, $flags, $size) = $self->unwrap(\$out);
        my $n = unpack 'v', $payload;
        push @{ $r->{buffers} }, {
            ext => $flags, size => $size, length => length $payload,
            rops => substr($payload, 2, $n - 2),
            handles => [ unpack 'V*', substr $payload, $n ],
        };
        last if $flags & 4;
    }

    $r->{left} = $out;
    return $r;
}


# ROPs in one buffer; returns the responses of all buffers of the answer.
sub rops {
    my ($self, $handles, @rops) = @_;
    my %a = @rops && ref $rops[-1] eq 'HASH' ? %{ pop @rops } : ();
    my $r = $self->execute([ [ join('', @rops), @$handles ] ], %a);

    $self->{last} = $r;
    return () unless $r->{buffers};
    return map { responses($_->{rops}, $_->{handles}, %a) }
        @{ $r->{buffers} };
}


sub logon {
    my ($self, %a) = @_;
    my $dn = defined $a{dn} ? $a{dn} : $self->{dn};
    my ($r) = $self->rops([ NONE ], rop('Logon', in => 0,
        logon => $a{logon} || 0,
        logon_flags => defined $a{logon_flags} ? $a{logon_flags} : 1,
        open_flags => defined $a{open_flags} ? $a{open_flags} : 0x0100040c,
        essdn => "$dn\0"));

    return $r;
}


# A NotificationWait on a connection of its own; see wait_more().
sub wait_start {
    my ($self, %a) = @_;
    my $c = $self->open_socket();

    $self->send_request($c, 'NotificationWait', pack('V V', 0, 0), %a);
    my $r = $self->read_head($c) || { status => 0, code => -1 };

    $r->{connection} = $c;
    $r->{raw} = '';
    %{ $self->{cookies} } = (%{ $self->{cookies} }, %{ $r->{cookies} })
        if $r->{cookies} && !$a{cookies};

    return $r;
}


# The next piece; false at the end, when event_pending, error ... are there.
sub wait_more {
    my ($self, $r) = @_;
    my $piece = $self->piece($r->{connection}, $r);

    if (defined $piece && $piece ne '') {
        $r->{raw} .= $piece;
        return 1;
    }

    $r->{broken} = 1 unless defined $piece;
    $self->split_body($r);

    @{$r}{qw/ status_code error event_pending /} = unpack 'V V V', $r->{body}
        if $r->{code} eq '0' && length $r->{body} >= 12;

    return 0;
}


sub wait_end {
    my ($self, $r) = @_;

    1 while $self->wait_more($r);
    return $r;
}


# ------------------------------------------------- RPC_HEADER_EXT payloads

sub wrap {
    my ($self, $payload, $last, %a) = @_;
    my ($xor, $lz) = map { defined $a{$_} ? $a{$_} : $self->{$_} }
        qw/ xor lz /;
    my ($flags, $actual) = ($last ? 4 : 0, length $payload);

    if ($lz) {
        my $packed = lz_pack($payload);
        if (length $packed < $actual) {
            $payload = $packed;
            $flags |= 1;
        }
    }

    if ($xor) {
        $payload ^= "\xa5" x length $payload;
        $flags |= 2;
    }

    return pack('v4', 0, $flags, length $payload, $actual) . $payload;
}


sub unwrap {
    my ($self, $in) = @_;
    my ($version, $flags, $size, $actual) = unpack 'v4', substr $$in, 0, 8, '';
    my $data = substr $$in, 0, $size, '';

    die "RPC_HEADER_EXT" if $version != 0 || length $data != $size;

    $data ^= "\xa5" x $size if $flags & 2;
    $data = lz_unpack($data, $actual) if $flags & 1;
    die 'SizeActual' if length $data != $actual;

    return ($data, $flags, $size);
}


# MS-XCA 2.4: flags of 32 items, highest bit first.
sub lz_unpack {
    my ($in, $len) = @_;
    my ($out, $pos, $left, $flags, $half) = ('', 0, 0, 0, undef);

    while (1) {
        if ($left == 0) {
            last if $pos >= length $in;
            $flags = unpack 'V', substr $in, $pos, 4;
            $pos += 4;
            $left = 32;
        }

        $left--;

        if (!($flags >> $left & 1)) {
            $out .= substr $in, $pos++, 1;
            next;
        }

        last if $pos >= length $in;

        my $meta = unpack 'v', substr $in, $pos, 2;
        my ($off, $n) = (($meta >> 3) + 1, $meta & 7);
        $pos += 2;

        if ($n == 7) {
            my $nibble;
            if (defined $half) {
                $nibble = ord(substr $in, $half, 1) >> 4;
                $half = undef;
            } else {
                $half = $pos;
                $nibble = ord(substr $in, $pos++, 1) & 15;
            }

            $n = $nibble + 7;

            if ($nibble == 15) {
                my $byte = ord substr $in, $pos++, 1;
                $n = $byte + 22;
                if ($byte == 255) {
                    $n = unpack 'v', substr $in, $pos, 2;
                    $pos += 2;
                }
            }
        }

        for (1 .. $n + 3) {
            $out .= substr $out, length($out) - $off, 1;
        }
    }

    die 'lz: ' . length($out) . " bytes, not $len" if length $out != $len;
    return $out;
}


# Greedy, by the positions of three bytes; also what an end on a full flag
# word looks like is left to the data.
sub lz_pack {
    my ($in) = @_;
    my (%at, @items, $pos);

    for ($pos = 0; $pos < length $in; ) {
        my ($best, $off) = (0, 0);
        my $key = substr $in, $pos, 3;

        if (length $key == 3) {
            for my $p (@{ $at{$key} || [] }) {
                next if $pos - $p > 8192;
                my $n = 3;
                $n++ while $pos + $n < length $in && $n < 1000
                    && substr($in, $p + $n, 1) eq substr($in, $pos + $n, 1);
                ($best, $off) = ($n, $pos - $p) if $n > $best;
            }
        }

        my $step = $best || 1;
        push @items, $best ? [ $best, $off ] : substr $in, $pos, 1;

        for my $p ($pos .. $pos + $step - 1) {
            my $k = substr $in, $p, 3;
            my $list = $at{$k} ||= [];
            push @$list, $p;
            shift @$list if @$list > 4;
        }

        $pos += $step;
    }

    # the flags of a group stand before it, and half bytes are shared
    my ($out, $half) = ('');

    while (1) {
        my @group = splice @items, 0, 32;
        my $bits = join '', map { ref $_ ? 1 : 0 } @group;
        my $done = @group < 32;

        $out .= pack 'V', oct '0b' . $bits . '1' x (32 - @group);

        for my $item (@group) {
            if (!ref $item) {
                $out .= $item;
                next;
            }

            my ($n, $off) = ($item->[0] - 3, $item->[1] - 1);
            $out .= pack 'v', $off << 3 | ($n < 7 ? $n : 7);
            next if $n < 7;

            my $nibble = $n - 7 < 15 ? $n - 7 : 15;
            if (defined $half) {
                substr($out, $half, 1)
                    = chr(ord(substr $out, $half, 1) | $nibble << 4);
                $half = undef;
            } else {
                $half = length $out;
                $out .= chr $nibble;
            }

            next if $nibble < 15;
            $out .= $n - 22 < 255 ? chr($n - 22) : pack 'C v', 255, $n;
        }

        return $out if $done;
    }
}


# -------------------------------------------------------------------- ROPs

# name => [id, request fields, response fields]; a field is name:kind.  `out`,
# `dest`, `second` are handle indexes.
my %ROPS;

sub define_rops {
    for my $line (split /\n/, shift) {
        next unless $line =~ /\S/;
        my ($name, $id, $req, $res) = split /\s*\|\s*/, $line;
        $name =~ s/^\s+//;
        my $row = { name => $name, id => hex $id,
                    req => [ map { [ split /:/ ] } split ' ', $req || '' ],
                    res => [ map { [ split /:/ ] } split ' ', $res || '' ] };
        $ROPS{$name} = $ROPS{$row->{id}} = $row;
    }
}

define_rops(<<'EOF');
Release              | 01 |
OpenFolder           | 02 | out:u8 folder_id:u64 flags:u8 | has_rules:u8 is_ghosted:u8
OpenMessage          | 03 | out:u8 code_page:u16 folder_id:u64 flags:u8 message_id:u64 | has_named:u8 prefix:typed subject:typed recipient_count:u16 columns:tags16 rows:recips8
GetHierarchyTable    | 04 | out:u8 flags:u8 | row_count:u32
GetContentsTable     | 05 | out:u8 flags:u8 | row_count:u32
CreateMessage        | 06 | out:u8 code_page:u16 folder_id:u64 associated:u8 | has_id:u8 message_id:u64if
GetPropertiesSpecific | 07 | size_limit:u16 want_unicode:u16 tags:tags16 | row:row
GetPropertiesAll     | 08 | size_limit:u16 want_unicode:u16 | values:tagged16
GetPropertiesList    | 09 | | tags:tags16
SetProperties        | 0a | values:settagged | problems:problems
DeleteProperties     | 0b | tags:tags16 | problems:problems
SaveChangesMessage   | 0c | second:u8 flags:u8 | input:u8 message_id:u64
RemoveAllRecipients  | 0d | reserved:u32
ModifyRecipients     | 0e | columns:tags16 rows:raw |
SetMessageReadFlag   | 11 | second:u8 flags:u8 | changed:u8
SetColumns           | 12 | flags:u8 tags:tags16 | status:u8
SortTable            | 13 | flags:u8 count:u16 categories:u16 expanded:u16 orders:raw | status:u8
Restrict             | 14 | flags:u8 data:bin16 | status:u8
QueryRows            | 15 | flags:u8 forward:u8 row_count:u16 | origin:u8 rows:rows16
QueryPosition        | 17 | | numerator:u32 denominator:u32
SeekRow              | 18 | origin:u8 row_count:u32 want_moved:u8 | sought_less:u8 sought:u32
CreateFolder         | 1c | out:u8 type:u8 unicode:u8 open_existing:u8 reserved:u8 name:str16z comment:str16z | folder_id:u64 is_existing:u8 has_rules:u8ifx is_ghosted:u8ifx
DeleteFolder         | 1d | flags:u8 folder_id:u64 | partial:u8
DeleteMessages       | 1e | async:u8 notify:u8 ids:ids16 | partial:u8
GetAttachmentTable   | 21 | out:u8 flags:u8 |
OpenAttachment       | 22 | out:u8 flags:u8 number:u32 |
CreateAttachment     | 23 | out:u8 | number:u32
DeleteAttachment     | 24 | number:u32 |
SaveChangesAttachment | 25 | second:u8 flags:u8 |
SetReceiveFolder     | 26 | folder_id:u64 cls:str8z |
GetReceiveFolder     | 27 | cls:str8z | folder_id:u64 cls:str8z
RegisterNotification | 29 | out:u8 types:u16 whole:u8 scope:raw |
OpenStream           | 2b | out:u8 tag:u32 flags:u8 | size:u32
ReadStream           | 2c | count:u16 maximum:u32babe | data:bin16
WriteStream          | 2d | data:bin16 | written:u16
SeekStream           | 2e | origin:u8 offset:u64 | position:u64
SetStreamSize        | 2f | size:u64 |
SubmitMessage        | 32 | flags:u8 |
MoveCopyMessages     | 33 | dest:u8 ids:ids16 async:u8 copy:u8 | partial:u8
ModifyPermissions    | 40 | flags:u8 rows:raw |
GetOwningServers     | 42 | folder_id:u64 | count:u16 cheap_count:u16 servers:strs
LongTermIdFromId     | 43 | id:u64 | guid:guid counter:b6 pad:u16
PublicFolderIsGhosted | 45 | folder_id:u64 | is_ghosted:u8
IdFromLongTermId     | 44 | guid:guid counter:b6 pad:u16 | id:u64
OpenEmbeddedMessage  | 46 | out:u8 code_page:u16 flags:u8 | reserved:u8 message_id:u64 has_named:u8 prefix:typed subject:typed recipient_count:u16 columns:tags16 rows:recips8
GetNamesFromPropertyIds | 55 | ids:u16s | names:raw
GetPropertyIdsFromNames | 56 | flags:u8 names:names | ids:u16s
CommitStream         | 5d | |
GetStreamSize        | 5e | | size:u32
GetPerUserLongTermIds | 60 | guid:guid | ids:longs16
GetPerUserGuid       | 61 | guid:guid counter:b6 pad:u16 | guid:guid
ReadPerUserInformation | 63 | guid:guid counter:b6 pad:u16 reserved:u8 offset:u32 maximum:u16 | finished:u8 data:bin16
WritePerUserInformation | 64 | guid:guid counter:b6 pad:u16 finished:u8 offset:u32 data:bin16 replguid:raw |
SetReadFlags         | 66 | async:u8 flags:u8 ids:ids16 | partial:u8
GetReceiveFolderTable | 68 | | rows:receive32
SynchronizationConfigure | 70 | out:u8 type:u8 send:u8 flags:u16 restriction:bin16 extra:u32 tags:tags16 |
GetStoreState        | 7b | | state:u32
ResetTable           | 81 | |
Logon                | fe | logon_flags:u8 open_flags:u32 state:u32 essdn:bin16 | logon_flags:u8 folder_ids:u64x13 response_flags:u8p mailbox:guidp repl_id:u16 repl_guid:guid per_user_guid:guidn seconds:u8p minutes:u8p hour:u8p day_of_week:u8p day:u8p month:u8p year:u16p gwart:u64p state:u32p
EOF

# A failure has its fields too.
my %ALWAYS = map { $_ => 1 } qw/ DeleteFolder DeleteMessages MoveCopyMessages
    MoveFolder CopyFolder EmptyFolder
    SetReadFlags ReadStream WriteStream /;
my %NULL_DEST = map { $_ => 1 } qw/ MoveCopyMessages MoveFolder CopyFolder /;

sub le64 { return unpack 'Q<', $_[0]; }

# The counter of a FID or MID.
sub fid_counter {
    return oct '0x' . unpack 'H*', substr pack('Q<', $_[0]), 2;
}

my %PACK = (u8 => 'C', u16 => 'v', u32 => 'V', u64 => 'Q<', guid => 'a16',
            b6 => 'a6', bin16 => 'v/a*', str8z => 'Z*');

sub put {
    my ($kind, $v) = @_;

    return pack $PACK{$kind}, defined $v ? $v : $kind =~ /^u/ ? 0 : ''
        if $PACK{$kind};
    return defined $v ? $v : '' if $kind eq 'raw';
    return defined $v ? pack('V', $v) : '' if $kind eq 'u32babe';
    return pack('v/(V)', @{ $v || [] }) if $kind eq 'tags16';
    return pack('v/(Q<)', @{ $v || [] }) if $kind eq 'ids16';
    return pack('v/(v)', @{ $v || [] }) if $kind eq 'u16s';

    if ($kind eq 'str16z') {
        return pack('v*', map { ord } split //, defined $v ? $v : '') . "\0\0";
    }

    if ($kind eq 'names') {             # [guid, lid or name] ...
        return pack('v', scalar @$v) . join '', map {
            $_->[1] =~ /^\d+$/ ? pack('C a16 V', 0, @$_)
                : pack('C a16 C/a*', 1, $_->[0],
                       pack('v*', (map { ord } split //, $_->[1]), 0)) } @$v;
    }

    if ($kind eq 'settagged') {         # [tag, value] ...
        my $all = pack('v', scalar @$v) . join '', map {
            pack('V', $_->[0]) . put_value(@$_) } @$v;
        return pack('v', length $all) . $all;
    }

    die "kind $kind";
}


# A property value (MS-OXCDATA 2.11.2).
sub put_value {
    my ($tag, $v) = @_;
    my $type = $tag & 0xffff;

    return pack('V', scalar @$v)
        . join '', map { put_value($tag & ~0x1000, $_) } @$v
        if $type & 0x1000;
    return put('str16z', $v) if $type == 0x1f;
    return "$v\0" if $type == 0x1e;
    return pack 'v/a*', $v if $type == 0x102 || $type == 0xfb;
    return pack { 2 => 'v', 3 => 'V', 0xb => 'C', 0x14 => 'Q<', 0x40 => 'Q<',
                  0xa => 'V', 0x48 => 'a16' }->{$type}, $v;
}


sub take {
    my ($in, $template, $n) = @_;

    die "response ends early" if length $$in < $n;
    return unpack $template, substr $$in, 0, $n, '';
}


sub take_str16 {
    my ($in) = @_;
    my $i = 0;

    $i += 2 while substr($$in, $i, 2) ne "\0\0";
    my $s = join '', map { chr } unpack 'v*', substr $$in, 0, $i;
    substr $$in, 0, $i + 2, '';
    return $s;
}


sub take_str8 {
    my ($in) = @_;
    my $i = index $$in, "\0";
    my $s = substr $$in, 0, $i, '';

    substr $$in, 0, 1, '';
    return $s;
}


sub get_value {
    my ($in, $type) = @_;

    return take($in, 'v', 2) if $type == 2;
    return take($in, 'V', 4) if $type == 3 || $type == 0xa || $type == 4;
    return take($in, 'C', 1) if $type == 0xb;
    return take($in, 'Q<', 8) if $type == 0x14 || $type == 0x40 || $type == 5
        || $type == 6 || $type == 7;
    return take_str16($in) if $type == 0x1f;
    return take_str8($in) if $type == 0x1e;
    return take($in, 'a16', 16) if $type == 0x48;
    return take($in, "a$_", $_) for grep { defined }
        $type == 0x102 || $type == 0xfb ? take($in, 'v', 2) : undef;

    if ($type & 0x1000) {
        my $n = take($in, 'V', 4);
        return [ map { get_value($in, $type & 0xefff) } 1 .. $n ];
    }

    die sprintf 'type %04x', $type;
}


# A PropertyRow: values by tag; what is an error is { error => code }.
sub get_row {
    my ($in, $columns) = @_;
    my %row;
    my $flagged = take($in, 'C', 1);

    for my $tag (@$columns) {
        my $type = $tag & 0xffff;
        my $key = $tag;

        if ($type == 0) {
            $type = take($in, 'v', 2);
            $key = ($tag & 0xffff0000) | $type;
        }

        my $flag = $flagged ? take($in, 'C', 1) : 0;

        $row{$key} = $flag == 0 ? get_value($in, $type)
                   : $flag == 0xa ? { error => take($in, 'V', 4) } : undef;
    }

    return \%row;
}


sub get {
    my ($in, $kind, $r, $columns) = @_;

    # fields of a private logon, and of a public one
    return undef if $kind =~ s/^(u\d+|guid)p$/$1/ && !($r->{logon_flags} & 1);
    return undef if $kind =~ s/^(guid)n$/$1/ && ($r->{logon_flags} & 1);

    return take($in, $PACK{$kind}, { u8 => 1, u16 => 2, u32 => 4, u64 => 8,
        guid => 16, b6 => 6 }->{$kind}) if $kind =~ /^(?:u\d+|guid|b6)$/;
    return take($in, "a$_", $_) for $kind eq 'bin16' ? take($in, 'v', 2) : ();
    return take_str8($in) if $kind eq 'str8z';
    return take_str16($in) if $kind eq 'str16z';
    return [ map { take_str8($in) } 1 .. $r->{count} ] if $kind eq 'strs';
    return [ map { { guid => take($in, 'a16', 16), counter => take($in, 'a6', 6),
                     pad => take($in, 'v', 2) } } 1 .. take($in, 'v', 2) ]
        if $kind eq 'longs16';
    return $r->{has_id} ? take($in, 'Q<', 8) : undef if $kind eq 'u64if';
    return $r->{is_existing} ? take($in, 'C', 1) : undef if $kind eq 'u8ifx';
    return [ map { take($in, 'Q<', 8) } 1 .. 13 ] if $kind eq 'u64x13';
    return [ map { take($in, 'V', 4) } 1 .. take($in, 'v', 2) ]
        if $kind eq 'tags16';
    return [ map { take($in, 'v', 2) } 1 .. take($in, 'v', 2) ]
        if $kind eq 'u16s';
    return [ map { take($in, 'Q<', 8) } 1 .. take($in, 'v', 2) ]
        if $kind eq 'ids16';
    return get_row($in, $columns) if $kind eq 'row';
    return [ map { get_row($in, $columns) } 1 .. take($in, 'v', 2) ]
        if $kind eq 'rows16';
    return [ map { get_row($in, [ 0x67480014, 0x001a001e, 0x30080040 ]) }
             1 .. take($in, 'V', 4) ] if $kind eq 'receive32';
    return [ map { [ take($in, 'v', 2), take($in, 'V', 4),
                     take($in, 'V', 4) ] } 1 .. take($in, 'v', 2) ]
        if $kind eq 'problems';

    if ($kind eq 'tagged16') {
        my %values;
        for (1 .. take($in, 'v', 2)) {
            my $tag = take($in, 'V', 4);
            $values{$tag} = get_value($in, $tag & 0xffff);
        }
        return \%values;
    }

    if ($kind eq 'typed') {             # TypedString, MS-OXCDATA 2.11.7
        my $type = take($in, 'C', 1);
        return $type == 0 ? undef : $type == 1 ? ''
             : $type == 4 ? take_str16($in) : take_str8($in);
    }

    if ($kind eq 'recips8') {           # OpenRecipientRow, left as it is
        my @rows;
        for (1 .. take($in, 'C', 1)) {
            my ($type, $cp) = (take($in, 'C', 1), take($in, 'v', 2));
            take($in, 'v', 2);
            my $n = take($in, 'v', 2);
            push @rows, { type => $type, code_page => $cp,
                          row => take($in, "a$n", $n) };
        }
        return \@rows;
    }

    die "kind $kind";
}


# A ROP request: rop('OpenFolder', in => 0, out => 1, folder_id => $fid).
sub rop {
    my ($name, %a) = @_;
    my $row = $ROPS{$name} or die "no ROP $name";

    return pack('C3', $row->{id}, $a{logon} || 0, $a{in} || 0)
        . join '', map { put($_->[1], $a{$_->[0]}) } @{ $row->{req} };
}


# Notifications and all (MS-OXCNOTIF 2.2.1.4.1.2).
sub get_notify {
    my ($in) = @_;
    my %n = (rop => 'Notify', error => 0);

    @n{qw/ handle logon /} = (take($in, 'V', 4), take($in, 'C', 1));
    $n{flags} = take($in, 'v', 2);

    my ($type, $msg) = ($n{flags} & 0xfff, $n{flags} & 0x8000);

    $n{type} = $type;

    if ($type == 0x100) {
        my $e = $n{event} = take($in, 'v', 2);
        $n{folder_id} = take($in, 'Q<', 8) if $e >= 3 && $e <= 5;
        @n{qw/ message_id instance /} = (take($in, 'Q<', 8),
            take($in, 'V', 4)) if $e >= 3 && $e <= 5 && $msg;
        if ($e == 3 || $e == 5) {
            $n{after_folder_id} = take($in, 'Q<', 8);
            @n{qw/ after_message_id after_instance /} = (take($in, 'Q<', 8),
                take($in, 'V', 4)) if $msg;
            $n{row} = take($in, "a$_", $_) for take($in, 'v', 2);
        }
        return \%n;
    }

    $n{folder_id} = take($in, 'Q<', 8);
    $n{message_id} = take($in, 'Q<', 8) if $msg;
    $n{parent_id} = take($in, 'Q<', 8)
        if !$msg && grep { $type == $_ } 4, 8, 0x20, 0x40;

    if ($type == 0x20 || $type == 0x40) {
        $n{old_folder_id} = take($in, 'Q<', 8);
        $n{$msg ? 'old_message_id' : 'old_parent_id'} = take($in, 'Q<', 8);
    }

    if ($type == 4 || $type == 0x10) {
        $n{tags} = [ map { take($in, 'V', 4) } 1 .. take($in, 'v', 2) ];
    }

    $n{total} = take($in, 'V', 4) if $n{flags} & 0x1000;
    $n{unread} = take($in, 'V', 4) if $n{flags} & 0x2000;

    if ($type == 2) {
        $n{message_flags} = take($in, 'V', 4);
        $n{cls} = take($in, 'C', 1) ? take_str16($in) : take_str8($in);
    }

    return \%n;
}


# Responses of a RopsList.  columns: of the rows in them.
sub responses {
    my ($in, $handles, %a) = @_;
    my @all;

    while (length $in) {
        my $id = take(\$in, 'C', 1);

        if ($id == 0x2a) {
            push @all, get_notify(\$in);
            next;
        }

        if ($id == 0x6e) {
            push @all, { rop => 'Pending', session => take(\$in, 'v', 2) };
            next;
        }

        if ($id == 0xff) {
            push @all, { rop => 'BufferTooSmall', error => 0x47d,
                         size => take(\$in, 'v', 2), requests => $in };
            last;
        }

        my $row = $ROPS{$id} || { name => sprintf('%02x', $id), res => [] };
        my %r = (rop => $row->{name}, index => take(\$in, 'C', 1),
                 error => take(\$in, 'V', 4));

        $r{handle} = $handles->[$r{index}];
        $r{dest} = take(\$in, 'V', 4)
            if $r{error} == 0x503 && $NULL_DEST{$r{rop}};

        if ($r{error} == 0 || $r{error} == 0x40380 || $ALWAYS{$r{rop}}) {
            $r{$_->[0]} = get(\$in, $_->[1], \%r, $a{columns})
                for @{ $row->{res} };
        }

        push @all, \%r;
        last unless $ROPS{$id};
    }

    return @all;
}


1;
