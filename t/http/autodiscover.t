#!/usr/bin/perl

# AutoDiscover: POX of both schemas, its errors, what is told to whom, and
# Mozilla's autoconfiguration.  Replies are checked against the schema.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";

use IO::Socket::SSL;
use MIME::Base64 qw/ encode_base64 /;
use Test::More;
use Test::Postern;

my $schema = "$ENV{POSTERN_REF}/ews/autodiscover/pox-response.xsd";
-f $schema or die "no $schema";

my $p = Test::Postern->new(mail => 0,
    users => [qw/ alice bob carol dave boss@other.test /],
    setup => 0, http => <<'CONF');
        listen 127.0.0.1:8443 ssl;
        ssl_certificate     %%TESTDIR%%/tls.crt;
        ssl_certificate_key %%TESTDIR%%/tls.key;
        location ~* ^/autodiscover/ { postern_autodiscover; }
        location ~* ^/named/ {
            postern_autodiscover;
            postern_autodiscover_host mail.example.test:8443;
        }
        location = /.well-known/autoconfig/mail/config-v1.1.xml {
            postern_autodiscover;
        }
        location /EWS/ { postern_ews; }
        location /mapi/ { postern_mapi; }
CONF

mkdir $p->root(), 0700;
chown((getpwnam($p->user()))[2, 3], $p->root()) if defined $p->user();
$p->cli_ok('domain', 'add', $_) for qw/ example.test other.test /;
$p->add_user($_) for @{ $p->{users} };
$p->cli_ok('user', 'set', 'alice@example.test', '--display', 'Alice & <Co>');
$p->cli_ok('user', 'set', 'carol@example.test', '--services', 'imap');
$p->cli_ok('user', 'set', 'dave@example.test', '--services', 'ews',
           '--disabled', 'yes');
$p->cli_ok('alias', 'add', 'sales@example.test', 'alice@example.test');
$p->cli_ok('alias', 'add', 'moved@example.test', 'x@far.example');
$p->plan(131)->run();

my $outlook = 'http://schemas.microsoft.com/exchange/autodiscover/outlook';
my $mobile = 'http://schemas.microsoft.com/exchange/autodiscover/mobilesync';
my $s;

sub ask {
    my ($body, %args) = @_;
    my $method = $args{method} || (defined $body ? 'POST' : 'GET');
    my $path = $args{path} || '/autodiscover/autodiscover.xml';
    my $user = exists $args{user} ? $args{user} : 'alice';
    my ($all, $n) = ('');

    $s = IO::Socket::SSL->new(PeerAddr => '127.0.0.1:' . port(8443),
        SSL_verify_mode => 0) || die "no TLS: $SSL_ERROR";
    print $s "$method $path HTTP/1.1\r\nHost: autodiscover.example.test\r\n"
        . "Connection: close\r\n"
        . (defined $user ? 'Authorization: Basic '
           . encode_base64($p->address($user) . ':secret', '') . "\r\n" : '')
        . join('', map { "$_\r\n" } @{ $args{headers} || [] })
        . (defined $body ? 'Content-Length: ' . length($body) . "\r\n" : '')
        . "\r\n" . (defined $body ? $body : '');
    while ($n = sysread $s, $all, 65536, length $all) { }

    my ($head, $text) = split /\r\n\r\n/, $all, 2;
    my ($status) = $head =~ m{^HTTP/1.1 (\d+)};
    return ($status, $text, $head);
}

sub request {
    my ($address, $extra) = @_;
    return qq{<?xml version="1.0" encoding="utf-8"?>
        <Autodiscover xmlns="$outlook/requestschema/2006"><Request>
        <EMailAddress>$address</EMailAddress>} . ($extra || '')
        . qq{<AcceptableResponseSchema>$outlook/responseschema/2006a<}
        . '/AcceptableResponseSchema></Request></Autodiscover>';
}

# The body, if it is 200 and valid.
sub pox {
    my ($body, %args) = @_;
    my ($status, $text, $head) = ask($body, %args);
    my $file = $p->testdir() . '/reply.xml';

    is($status, 200, 'answered') or diag($text);
    like($head, qr{^Content-Type: text/xml; charset=utf-8\r?$}m, 'as XML');
    open my $f, '>', $file or die;
    print $f $text;
    close $f;
    my $lint = `xmllint --noout --schema $schema $file 2>&1`;
    is($? >> 8, 0, 'valid') or diag("$lint\n$text");
    return $text;
}


# Settings.

my $text = pox(request('alice@example.test'),
               headers => [ 'X-MapiHttpCapability: 1' ]);

like($text, qr{<DisplayName>Alice &amp; &lt;Co&gt;</DisplayName>}, 'name');
like($text, qr{<AutoDiscoverSMTPAddress>alice\@example\.test</}, 'address');
like($text, qr{<LegacyDN>/o=[^<]*/cn=Recipients/cn=[^<]*alice</LegacyDN>}, 'DN');
like($text, qr{<DeploymentId>[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}</}, 'deployment');
my $guid = qr/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/;
like($text, qr{<Protocol Type="mapiHttp" Version="1"><MailStore><InternalUrl>https://autodiscover\.example\.test/mapi/emsmdb/\?MailboxId=($guid)\@example\.test</InternalUrl><ExternalUrl>https://autodiscover\.example\.test/mapi/emsmdb/\?MailboxId=\1\@example\.test</ExternalUrl></MailStore><AddressBook><InternalUrl>https://autodiscover\.example\.test/mapi/nspi/\?MailboxId=\1\@example\.test<},
     'MAPI over HTTP');
my ($mailbox) = $text =~ /MailboxId=($guid)/;
like($text, qr{<Type>EXCH</Type><Server>$mailbox\@example\.test</Server>}, 'EXCH');
like($text, qr{<EwsUrl>https://autodiscover\.example\.test/EWS/Exchange\.asmx</EwsUrl>}, 'EWS');
like($text, qr{<Type>WEB</Type><External><Protocol><Type>EXPR</Type><ASUrl>https://}, 'WEB');
unlike($text, qr{<Protocol><Type>EXPR</Type><Server>}, 'no RPC over HTTP');

like($text, qr{<PublicFolderInformation><SmtpAddress>\.public\@example\.test</SmtpAddress></PublicFolderInformation></Account>},
     'where public folders are');

my @mapi = (headers => [ 'X-MapiHttpCapability: 1' ]);
$text = pox(request('.Public@example.test'), @mapi);
like($text, qr{<DisplayName>Public Folders</DisplayName>}, 'their name');
like($text, qr{<AutoDiscoverSMTPAddress>\.public\@example\.test</}, 'address');
like($text, qr{mapi/emsmdb/\?MailboxId=$guid\@example\.test<}, 'and MAPI');
unlike($text, qr/<EwsUrl>|PublicFolderInformation/, 'which is all');
my ($public) = $text =~ m{<LegacyDN>([^<]*)<};
$text = pox(request('bob@example.test', "<LegacyDN>$public</LegacyDN>"),
            @mapi);
like($text, qr{<AutoDiscoverSMTPAddress>\.public\@}, 'by its DN');
for my $who ([ 'boss@other.test', '.public@example.test', 500 ],
             [ 'alice', '.public@other.test', 500 ],
             [ 'carol', '.public@example.test', 501 ])
{
    $text = pox(request($who->[1]), user => $who->[0], @mapi);
    like($text, qr{<ErrorCode>$who->[2]<}, "$who->[0] of $who->[1]");
}

$text = pox(request('alice@example.test'));
unlike($text, qr/mapiHttp/, 'no MAPI for who does not know it');
unlike($text, qr/PublicFolderInformation/, 'nor public folders');
like($text, qr/<EwsUrl>/, 'but EWS');
$text = pox(request('alice@example.test'),
            headers => [ 'X-MapiHttpCapability: 0' ]);
unlike($text, qr/mapiHttp/, 'nor for version 0');
my ($dn) = $text =~ m{<LegacyDN>([^<]*)<};

$text = pox(request(' Sales@EXAMPLE.test '));
like($text, qr{<AutoDiscoverSMTPAddress>alice\@example\.test</}, 'an alias');

$text = pox(request('bob@example.test', "<LegacyDN>$dn</LegacyDN>"));
like($text, qr{<AutoDiscoverSMTPAddress>alice\@example\.test</},
     'the DN counts before the address');

$text = pox(request('bob@example.test'));
like($text, qr{<AutoDiscoverSMTPAddress>bob\@example\.test</}, 'a colleague');

$text = pox(request('alice@example.test'), path => '/NAMED/AutoDiscover.XML');
like($text, qr{<EwsUrl>https://mail\.example\.test:8443/EWS/},
     'another case, and the host of the configuration');


# Elsewhere, nowhere.

$text = pox(request('moved@example.test'));
like($text, qr{<Action>redirectAddr</Action><RedirectAddr>x\@far\.example</},
     'an address that has moved');

for my $who ('nobody@example.test', 'x@far.example', 'dave@example.test',
             'boss@other.test', 'no address', "' OR 1=1 --")
{
    $text = pox(request($who));
    like($text, qr{<ErrorCode>500</ErrorCode><Message>The email address can't be found\.</},
         "$who is not found");
}

$p->cli_ok('access', 'set', 'boss@other.test', 'alice@example.test', '--full');
$text = pox(request('boss@other.test'));
like($text, qr{<AutoDiscoverSMTPAddress>boss\@other\.test</},
     'who lets us in is found');

$text = pox(request('carol@example.test'));
like($text, qr{<ErrorCode>501</ErrorCode>}, 'nothing is open to this one');


# Nonsense.

for my $body ('', 'x', '<a/>', request('') , request('alice@example.test') . '<',
    '<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/passwd">]>'
    . request('&e;'), request('alice@example.test', '<x>' x 50),
    "<Autodiscover xmlns='$outlook/requestschema/2006'><Request/></Autodiscover>",
    request('alice@example.test' . ' ' x 70000))
{
    ($_, $text) = ask($body);
    like($text, qr{<ErrorCode>600</ErrorCode><Message>Invalid Request</},
         'invalid: ' . substr $body, 0, 30);
    unlike($text, qr/root:/, 'and nothing leaks');
}

($_, $text) = ask(request('alice@example.test') =~ s/2006a</2007</r);
like($text, qr{<ErrorCode>601</ErrorCode>}, 'an unknown schema');

($_, $text) = ask("<Autodiscover xmlns='$mobile/requestschema/2006'><Request>"
    . '<EMailAddress>alice@example.test</EMailAddress>'
    . "<AcceptableResponseSchema>$mobile/responseschema/2006<"
    . '/AcceptableResponseSchema></Request></Autodiscover>');
like($text, qr{<ErrorCode>601</ErrorCode>},
     'MobileSync, while ActiveSync is not served');


# Without a body, without a credential, without TLS.

($_, $text) = ask(undef);
like($text, qr{<ErrorCode>600</ErrorCode>}, 'GET');
is((ask(undef, user => undef))[0], 401, 'GET without a credential');
is((ask(request('alice@example.test'), user => undef))[0], 401, 'POST');
is((ask('x', path => '/autodiscover/autodiscover.svc'))[0], 404,
   'SOAP is not served');

like(http("GET /autodiscover/autodiscover.xml HTTP/1.0\r\nHost: a.test\r\n\r\n"),
     qr{^HTTP/1.1 302 .*^Location: https://a\.test/autodiscover/autodiscover\.xml\r?$}ms,
     'in clear text: go there');
like(http("POST /autodiscover/autodiscover.xml HTTP/1.0\r\nHost: a.test\r\n"
          . "Content-Length: 1\r\n\r\nx"), qr{^HTTP/1.1 403 }, 'no POST');


# Mozilla.

my $config = '/.well-known/autoconfig/mail/config-v1.1.xml';
my ($status, $head);
($status, $text, $head) = ask(undef, user => undef,
    path => "$config?emailaddress=x%40example.test");
is($status, 200, 'autoconfiguration');
like($text, qr{<emailProvider id="example\.test"><domain>example\.test</}, 'domain');
like($text, qr{<incomingServer type="imap"><hostname>mail\.example\.test</hostname><port>993</port><socketType>SSL</}, 'IMAP');
like($text, qr{<outgoingServer type="smtp"><hostname>mail\.example\.test</hostname><port>465</}, 'submission');
like($text, qr{<ewsURL>https://autodiscover\.example\.test/EWS/Exchange\.asmx</}, 'EWS');
like(http("GET $config HTTP/1.0\r\nHost: autoconfig.example.test\r\n\r\n"),
     qr{<domain>example\.test</}, 'also in clear text, the domain of the host');
is((ask('x', user => undef, path => $config))[0], 405, 'no POST');
