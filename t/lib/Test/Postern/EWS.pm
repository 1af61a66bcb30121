package Test::Postern::EWS;

# A client of EWS that says what a test tells it to, and checks each reply
# against the schema with xmllint.
#
#     use Test::Postern::EWS;
#
#     my $p = ews_site(users => [qw/ alice bob /]);
#     $p->plan(3)->run();
#     my $e = Test::Postern::EWS->new('alice');
#     my $r = $e->call('<m:GetFolder>...</m:GetFolder>');
#     is($r->code, 'NoError');
#     my ($id) = $r->ids('t:FolderId');
#
# A reply that the schema refuses is a failed test, named so; a good one makes
# no line of TAP.

use strict;
use warnings;

use Exporter qw/ import /;
use IO::Select;
use IO::Socket::SSL;
use MIME::Base64 qw/ decode_base64 encode_base64 /;
use Test::More qw//;
use Time::HiRes qw/ time /;

use Test::Postern;

our @EXPORT = qw/ ews_site folder_ids shape item_ids message /;

my %NS = (
    s => 'http://schemas.xmlsoap.org/soap/envelope/',
    t => 'http://schemas.microsoft.com/exchange/services/2006/types',
    m => 'http://schemas.microsoft.com/exchange/services/2006/messages',
);



# Arguments as of Test::Postern->new().
sub ews_site {
    my (%args) = @_;

    return Test::Postern->new(http => <<'CONF', %args);
        listen 127.0.0.1:8443 ssl;
        ssl_certificate     %%TESTDIR%%/tls.crt;
        ssl_certificate_key %%TESTDIR%%/tls.key;
        keepalive_requests  100000;
        location /EWS/Exchange.asmx { postern_ews; }
CONF
}


sub new {
    my ($class, $user, %args) = @_;

    $user = "$user\@example.test" unless $user =~ /@/;

    return bless {
        user => $user, password => 'secret', timeout => 20,
        version => 'Exchange2013_SP1', port => port(8443),
        %args,
    }, $class;
}


sub envelope {
    my ($self, $body, %args) = @_;
    my $version = exists $args{version} ? $args{version} : $self->{version};
    my $header = defined $args{header} ? $args{header} : '';

    $header = qq{<t:RequestServerVersion Version="$version"/>$header}
        if defined $version;

    return qq{<?xml version="1.0" encoding="utf-8"?>}
        . qq{<s:Envelope} . join('', map { qq{ xmlns:$_="$NS{$_}"} } qw/s t m/)
        . qq{><s:Header>$header</s:Header><s:Body>$body</s:Body>}
        . qq{</s:Envelope>};
}


sub socket {
    my ($self) = @_;

    return $self->{socket} ||= IO::Socket::SSL->new(
        PeerAddr => "127.0.0.1:$self->{port}", SSL_verify_mode => 0)
        || die "no TLS: $SSL_ERROR";
}


# The bytes of a POST.
sub request {
    my ($self, $xml, %args) = @_;
    my $type = defined $args{type} ? $args{type} : 'text/xml; charset=utf-8';

    return join('', "POST /EWS/Exchange.asmx HTTP/1.1\r\n",
        "Host: mail.example.test\r\nContent-Type: $type\r\n",
        'Authorization: Basic '
        . encode_base64("$self->{user}:$self->{password}", '') . "\r\n",
        (map { "$_\r\n" } @{ $args{headers} || [] }),
        'Content-Length: ' . length($xml) . "\r\n\r\n", $xml);
}


# Sends an operation's element; a reply object.
sub call {
    my ($self, $body, %args) = @_;

    return $self->raw($self->envelope($body, %args), %args);
}


# Sends a whole document.
sub raw {
    my ($self, $xml, %args) = @_;
    my $reply;

    # nginx may have closed the connection meanwhile
    for my $attempt (1 .. 2) {
        my $s = $self->socket();
        my $sent = eval {
            local $SIG{PIPE} = 'IGNORE';
            print $s $self->request($xml, %args);
        };
        $reply = $sent ? $self->read_reply() : undef;
        last if defined $reply;
        delete $self->{socket};
    }

    $reply = { status => 0, head => '', xml => '' } unless defined $reply;
    bless $reply, 'Test::Postern::EWS::Reply';

    $reply->valid() if $reply->{xml} =~ /^<\?xml/ && !$args{novalidate};
    return $reply;
}


# One reply of the connection; chunks are put together.
sub read_reply {
    my ($self) = @_;
    my ($s, $all) = ($self->{socket}, '');

    while ($all !~ /\r\n\r\n/) {
        return unless $self->more(\$all);
    }

    my ($head, $rest) = split /\r\n\r\n/, $all, 2;
    my ($status) = $head =~ m{^HTTP/1.1 (\d+)};
    my $xml = '';

    if ($head =~ /^transfer-encoding: chunked/mi) {
        while (1) {
            while ($rest !~ /^([0-9a-f]+)\r\n/i) {
                return unless $self->more(\$rest);
            }
            my ($digits) = $rest =~ /^([0-9a-f]+)/i;
            my $size = hex $digits;
            my $at = length($digits) + 2;
            while (length $rest < $at + $size + 2) {
                return unless $self->more(\$rest);
            }
            $xml .= substr $rest, $at, $size;
            $rest = substr $rest, $at + $size + 2;
            last if $size == 0;
        }
    } else {
        my ($len) = $head =~ /^content-length: (\d+)/mi;
        while (length $rest < ($len || 0)) {
            last unless $self->more(\$rest);
        }
        $xml = $rest;
    }

    delete $self->{socket} if $head =~ /^connection: close/mi;
    return { status => $status, head => $head, xml => $xml };
}


sub more {
    my ($self, $buf) = @_;
    my $s = $self->{socket};
    my $until = time() + $self->{timeout};

    while (!$s->pending()) {
        my $left = $until - time();
        return 0 if $left <= 0;
        last if IO::Select->new($s)->can_read($left);
    }

    return sysread($s, $$buf, 65536, length $$buf) ? 1 : 0;
}


# Opens a streaming connection: events() gives the messages of the next
# envelope, as a reply object ({at}: when it came); undef when none came
# within `seconds`.
sub stream {
    my ($self, @ids) = @_;
    my $minutes = ref $ids[0] ? shift(@ids)->{minutes} : 30;
    my $s = Test::Postern::EWS->new($self->{user}, %$self, socket => undef);

    delete $s->{socket};
    my $socket = $s->socket();
    print $socket $s->request($s->envelope('<m:GetStreamingEvents>'
        . '<m:SubscriptionIds>'
        . join('', map { "<t:SubscriptionId>$_</t:SubscriptionId>" } @ids)
        . "</m:SubscriptionIds><m:ConnectionTimeout>$minutes"
        . '</m:ConnectionTimeout></m:GetStreamingEvents>'));
    $s->{raw} = '';
    $s->{text} = '';
    return $s;
}


sub events {
    my ($self, $seconds) = @_;
    local $self->{timeout} = defined $seconds ? $seconds : 10;
    my $until = time() + $self->{timeout};

    while (1) {
        if (!defined $self->{status} && $self->{raw} =~ s/^(.*?)\r\n\r\n//s) {
            my $head = $1;
            ($self->{status}) = $head =~ m{^HTTP/1.1 (\d+)};
            $self->{chunked} = $head =~ /^transfer-encoding: chunked/mi;
        }

        if (defined $self->{status}) {
            if (!$self->{chunked}) {
                $self->{text} .= $self->{raw};
                $self->{raw} = '';
            }
            while ($self->{chunked}
                   && $self->{raw} =~ /^([0-9a-f]+)\r\n/i
                   && length($self->{raw}) >= length($1) + 4 + hex $1)
            {
                my ($size, $at) = (hex $1, length($1) + 2);
                $self->{text} .= substr $self->{raw}, $at, $size;
                $self->{raw} = substr $self->{raw}, $at + $size + 2;
                $self->{ended} = 1 if $size == 0;
            }

            if ($self->{text} =~ s{^(.*?</s:Envelope>)}{}s) {
                my $r = bless { status => $self->{status}, xml => $1,
                                at => time() },
                    'Test::Postern::EWS::Reply';
                $r->valid();
                return $r;
            }
        }

        return if $self->{ended};
        $self->{timeout} = $until - time();
        return if $self->{timeout} <= 0;
        $self->more(\$self->{raw}) or return;
    }
}


# ------------------------------------------------------- pieces of requests

# DistinguishedFolderIds by name, FolderIds by anything longer.
sub folder_ids {
    return join '', map {
        length $_ > 40 ? qq{<t:FolderId Id="$_"/>}
                       : qq{<t:DistinguishedFolderId Id="$_"/>}
    } @_;
}

sub item_ids {
    return join '', map {
        ref $_ ? qq{<t:ItemId Id="$_->[0]" ChangeKey="$_->[1]"/>}
               : qq{<t:ItemId Id="$_"/>}
    } @_;
}

# shape('Item', 'Default', 'item:Subject' ...): an ItemShape, FolderShape.
sub shape {
    my ($what, $base, @uris) = @_;
    my $more = join '', map { /^</ ? $_ : qq{<t:FieldURI FieldURI="$_"/>} }
        grep { !/^<!/ } @uris;
    my $flags = join '', map { substr $_, 2 } grep { /^<!/ } @uris;

    $more = "<t:AdditionalProperties>$more</t:AdditionalProperties>"
        if length $more;
    return "<m:${what}Shape><t:BaseShape>$base</t:BaseShape>$flags$more"
        . "</m:${what}Shape>";
}

# message(subject => ..., to => [...], body => ...): a t:Message.
sub message {
    my (%a) = @_;
    my $text = '';

    $text .= "<t:ItemClass>$a{class}</t:ItemClass>" if defined $a{class};
    $text .= "<t:Subject>$a{subject}</t:Subject>" if defined $a{subject};
    $text .= '<t:Body BodyType="' . ($a{type} || 'Text') . '">'
        . "$a{body}</t:Body>" if defined $a{body};
    $text .= $a{attachments} if defined $a{attachments};
    $text .= $a{extra} if defined $a{extra};

    for my $kind (qw/ to cc bcc /) {
        next unless $a{$kind};
        $text .= '<t:' . ucfirst($kind) . 'Recipients>'
            . join('', map { '<t:Mailbox><t:EmailAddress>'
                             . "$_</t:EmailAddress></t:Mailbox>" }
                       @{ $a{$kind} })
            . '</t:' . ucfirst($kind) . 'Recipients>';
    }

    $text .= $a{message} if defined $a{message};
    return "<t:Message>$text</t:Message>";
}


# ------------------------------------------------------- operations in short

# Ids of the items of a folder in the order of FindItem.
sub find {
    my ($self, $folder, @uris) = @_;

    return $self->call('<m:FindItem Traversal="Shallow">'
        . shape('Item', 'IdOnly', @uris)
        . '<m:ParentFolderIds>' . folder_ids($folder)
        . '</m:ParentFolderIds></m:FindItem>');
}

sub get {
    my ($self, $id, $base, @uris) = @_;

    return $self->call('<m:GetItem>' . shape('Item', $base, @uris)
        . '<m:ItemIds>' . item_ids($id) . '</m:ItemIds></m:GetItem>');
}

sub create {
    my ($self, $disposition, $item, $folder) = @_;

    return $self->call(qq{<m:CreateItem MessageDisposition="$disposition">}
        . (defined $folder ? '<m:SavedItemFolderId>' . folder_ids($folder)
                             . '</m:SavedItemFolderId>' : '')
        . "<m:Items>$item</m:Items></m:CreateItem>");
}

# update($id, 'message:IsRead' => '<t:IsRead>true</t:IsRead>', ...)
sub update {
    my ($self, $id, @set) = @_;
    my %a = ref $set[0] ? %{ shift @set } : ();
    my $text = '';

    while (my ($uri, $value) = splice @set, 0, 2) {
        my $path = $uri =~ /^</ ? $uri : qq{<t:FieldURI FieldURI="$uri"/>};
        my $op = $a{op} || 'Set';
        $text .= defined $value
            ? "<t:${op}ItemField>$path<t:Message>$value</t:Message>"
              . "</t:${op}ItemField>"
            : "<t:DeleteItemField>$path</t:DeleteItemField>";
    }

    my $conflict = $a{conflict} || 'AlwaysOverwrite';
    my $disposition = $a{disposition} || 'SaveOnly';
    return $self->call(qq{<m:UpdateItem MessageDisposition="$disposition" }
        . qq{ConflictResolution="$conflict"><m:ItemChanges><t:ItemChange>}
        . item_ids($id) . "<t:Updates>$text</t:Updates></t:ItemChange>"
        . '</m:ItemChanges></m:UpdateItem>');
}

sub sync {
    my ($self, $folder, $state, %a) = @_;

    return $self->call('<m:SyncFolderItems>'
        . shape('Item', $a{base} || 'IdOnly', @{ $a{uris} || [] })
        . '<m:SyncFolderId>' . folder_ids($folder) . '</m:SyncFolderId>'
        . (defined $state ? "<m:SyncState>$state</m:SyncState>" : '')
        . ($a{ignore} ? '<m:Ignore>' . item_ids(@{ $a{ignore} })
                        . '</m:Ignore>' : '')
        . '<m:MaxChangesReturned>' . ($a{max} || 100)
        . '</m:MaxChangesReturned></m:SyncFolderItems>');
}

sub subscribe {
    my ($self, @folders) = @_;
    my @types = map { "<t:EventType>${_}Event</t:EventType>" }
        qw/ Copied Created Deleted Modified Moved NewMail /;

    return $self->call('<m:Subscribe><m:StreamingSubscriptionRequest'
        . (@folders ? '' : ' SubscribeToAllFolders="true"') . '>'
        . (@folders ? '<t:FolderIds>' . folder_ids(@folders)
                      . '</t:FolderIds>' : '')
        . '<t:EventTypes>' . join('', @types) . '</t:EventTypes>'
        . '</m:StreamingSubscriptionRequest></m:Subscribe>');
}


package Test::Postern::EWS::Reply;

use MIME::Base64 qw/ decode_base64 /;

sub status { return $_[0]{status}; }
sub xml    { return $_[0]{xml}; }

# Against the schema; silent when it fits.
sub valid {
    my ($self) = @_;
    my $ref = $ENV{POSTERN_REF} || '../shared/ref';
    my $file = "/tmp/postern-ews.$$.xml";

    open my $f, '>', $file or die "$file: $!";
    print $f $self->{xml};
    close $f;

    my $out = `xmllint --noout --huge --schema $ref/ews/ews-soap.xsd $file 2>&1`;
    my $ok = $? == 0;
    unlink $file;

    if (!$ok) {
        Test::More::ok(0, 'the reply fits the schema');
        Test::More::diag($out);
        Test::More::diag(substr $self->{xml}, 0, 2000);
    }

    return $ok;
}

# ResponseCodes of all messages, or the fault's; the first in scalar context.
sub codes {
    my ($self) = @_;
    return $self->{xml} =~ m{<[a-z]:ResponseCode[^>]*>([^<]*)<}g;
}

sub code {
    my ($self) = @_;
    my ($code) = $self->codes();
    return defined $code ? $code : "HTTP $self->{status}";
}

sub fault { return $_[0]{xml} =~ /<s:Fault>/ ? 1 : 0; }

sub text {
    my ($s) = @_;
    return unless defined $s;
    $s =~ s/&#(\d+);/chr $1/ge;
    $s =~ s/&lt;/</g;
    $s =~ s/&gt;/>/g;
    $s =~ s/&quot;/"/g;
    $s =~ s/&amp;/&/g;
    return $s;
}

# Text of elements of that name, "t:Subject".
sub all {
    my ($self, $name) = @_;
    return map { text($_) }
        $self->{xml} =~ m{<\Q$name\E(?: [^>]*)?>([^<]*)</\Q$name\E>}g;
}

sub get {
    my ($self, $name) = @_;
    my ($first) = $self->all($name);
    return $first;
}

# What is in the first element of that name, as markup.
sub inner {
    my ($self, $name) = @_;
    my ($in) = $self->{xml} =~ m{<\Q$name\E(?: [^>]*)?>(.*?)</\Q$name\E>}s;
    return $in;
}

# Ids, in pairs with their change keys.
sub ids {
    my ($self, $name) = @_;
    return $self->{xml} =~ m{<\Q$name\E Id="([^"]*)"}g;
}

sub keyed {
    my ($self, $name) = @_;
    my @pairs;
    push @pairs, [$1, $2]
        while $self->{xml} =~ m{<\Q$name\E Id="([^"]*)" ChangeKey="([^"]*)"}g;
    return @pairs;
}

sub attr {
    my ($self, $name, $attr) = @_;
    my ($tag) = $self->{xml} =~ m{<\Q$name\E( [^>]*)>};
    return unless defined $tag;
    my ($value) = $tag =~ m{ \Q$attr\E="([^"]*)"};
    return text($value);
}

sub mime {
    my ($self) = @_;
    return decode_base64($self->get('t:MimeContent') || '');
}


1;
