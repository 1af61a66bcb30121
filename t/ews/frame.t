#!/usr/bin/perl

# The SOAP frame: who is let in, what is no request, faults; hostile XML is
# refused cheaply; versions change what is shown.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";

use Test::More;
use Time::HiRes qw/ time /;
use Test::Postern;
use Test::Postern::EWS;

my $p = ews_site(users => [qw/ alice bob /]);
$p->plan(55)->run();
$p->deliver('alice', "From: ada\@example.org\r\nSubject: one\r\n\r\nx\r\n");

my $e = Test::Postern::EWS->new('alice');
my $get = '<m:GetFolder>' . shape('Folder', 'IdOnly') . '<m:FolderIds>'
    . folder_ids('inbox') . '</m:FolderIds></m:GetFolder>';

# ------------------------------------------------------------ HTTP

sub http_raw {
    my ($text) = @_;
    my $s = IO::Socket::SSL->new(PeerAddr => '127.0.0.1:' . port(8443),
        SSL_verify_mode => 0) or die;
    my $all = '';
    print $s $text;
    sysread $s, $all, 65536, length $all while $all !~ /\r\n\r\n/
        && IO::Select->new($s)->can_read(5) && !$s->errstr;
    return $all;
}

for my $method (qw/ GET HEAD OPTIONS POST /) {
    my $reply = http_raw("$method /EWS/Exchange.asmx HTTP/1.1\r\n"
        . "Host: x\r\nConnection: close\r\n"
        . ($method eq 'POST' ? "Content-Length: 0\r\n" : '') . "\r\n");
    like($reply, qr{^HTTP/1.1 401 }, "$method without credential: 401");
    like($reply, qr/^WWW-Authenticate: Basic/mi, 'with the schemes');
}

my $auth = ($e->request('') =~ /(Authorization: .*\r\n)/)[0];
like(http_raw("GET /EWS/Exchange.asmx HTTP/1.1\r\nHost: x\r\n$auth"
    . "Connection: close\r\n\r\n"), qr{^HTTP/1.1 200 .*text/html}s,
    'GET of somebody: a page');
like(http_raw("PUT /EWS/Exchange.asmx HTTP/1.1\r\nHost: x\r\n$auth"
    . "Content-Length: 0\r\nConnection: close\r\n\r\n"), qr{^HTTP/1.1 405 },
    'PUT is no method');
is($e->raw($e->envelope($get), type => 'application/json')->status, 415,
   'JSON is no SOAP');
is($e->raw($e->envelope($get), type => 'application/soap+xml; charset=utf-8')
   ->status, 200, 'the type of SOAP 1.2 is taken');
is(Test::Postern::EWS->new('alice', password => 'wrong')->call($get)->status,
   401, 'a wrong password');

# ------------------------------------------------------------ envelopes

my $ok = $e->call($get);
is($ok->code, 'NoError', 'a good one');
is($ok->attr('h:ServerVersionInfo', 'MajorVersion'), 15, 'with our version');

sub fault {
    my ($xml, $code, $name) = @_;
    my $r = $e->raw($xml);
    is($r->status . ' ' . $r->code, "500 $code", $name);
    return $r;
}

my $V = 'ErrorSchemaValidation';
my $xml = $e->envelope($get);
fault('', $V, 'nothing');
fault('x', $V, 'no XML');
fault('<a/>', $V, 'no envelope');
fault(substr($xml, 0, -10), $V, 'half an envelope');
fault($xml =~ s{http://schemas.xmlsoap.org/soap/envelope/}
               {http://www.w3.org/2003/05/soap-envelope}gr,
      'ErrorInvalidRequest', 'SOAP 1.2');
fault($e->envelope(''), $V, 'an empty body');
fault($e->envelope($get . $get), $V, 'two operations');
fault($e->envelope('<m:NoSuch/>'), 'ErrorInvalidRequest', 'no such operation');
fault($e->envelope('<t:GetFolder/>'), 'ErrorInvalidRequest',
      'in the wrong namespace');
my $r = fault($e->envelope('<m:GetFolder/>'), $V, 'an incomplete one');
like($r->get('t:Violation'), qr/FolderShape/, 'with what is missing');
fault($e->envelope($get =~ s/IdOnly/Whatever/r), $V, 'an unknown shape');
fault($e->envelope($get, version => 'Exchange2099'),
      'ErrorInvalidServerVersion', 'an unknown version');
fault($e->envelope($get, header => '<t:ExchangeImpersonation>'
    . '<t:ConnectingSID><t:PrimarySmtpAddress>bob@example.test'
    . '</t:PrimarySmtpAddress></t:ConnectingSID></t:ExchangeImpersonation>'),
      'ErrorImpersonateUserDenied', 'impersonation');
fault($e->envelope('<m:GetInboxRules/>'), 'ErrorInvalidOperation',
      'an operation that is not built');
is($e->call($get, header => '<t:MailboxCulture>de-DE</t:MailboxCulture>'
    . '<t:TimeZoneContext><t:TimeZoneDefinition Id="UTC"/>'
    . '</t:TimeZoneContext>')->code, 'NoError', 'other headers pass');

for my $n (20_000, 200_000, 2_000_000) {
    my $r = $e->create('SaveOnly', message(subject => "n$n",
                                           body => 'x' x $n));
    my ($id) = $r->ids('t:ItemId');
    is(length $e->get($id, 'IdOnly', 'item:Body')->get('t:Body'), $n,
       "a request of $n bytes, and the reply");
}

# ------------------------------------------------------------ hostile

my $start = time();
my $lol = '<!DOCTYPE l [<!ENTITY a "aaaaaaaaaa">'
    . join('', map { my $c = chr(97 + $_); my $b = chr(96 + $_);
                     "<!ENTITY $c \"" . "&$b;" x 10 . '">' } 1 .. 9)
    . ']>';
$r = fault($xml =~ s/\?>/?>$lol/r =~ s/inbox/&j;/r, $V, 'entities that grow');
like($r->xml, qr/DTD is prohibited/, 'by the DTD');
fault($xml =~ s{\?>}{?><!DOCTYPE x SYSTEM "file:///etc/passwd">}r, $V,
      'an external DTD');
unlike(fault($xml =~ s{\?>}{?><!DOCTYPE x [<!ENTITY e SYSTEM
       "file:///etc/passwd">]>}r =~ s/inbox/&e;/r, $V, 'external entities')
       ->xml, qr/root:/, 'are not read');
fault($xml =~ s/inbox/&undefined;/r, $V, 'an unknown entity');
fault($e->envelope('<m:GetFolder>' x 5000 . '</m:GetFolder>' x 5000), $V,
      'deep nesting');
fault($e->envelope('<m:FindItem Traversal="Shallow">'
    . shape('Item', 'IdOnly') . '<m:Restriction>' . '<t:Not>' x 60
    . '<t:Exists><t:FieldURI FieldURI="item:Subject"/></t:Exists>'
    . '</t:Not>' x 60 . '</m:Restriction></m:FindItem>'), $V,
      'in a restriction too');
fault($e->envelope('<m:GetFolder a="' . 'x' x 100000 . '"/>'), $V,
      'a long attribute');
fault($e->envelope('<m:GetFolder>' . '<t:x/>' x 300000 . '</m:GetFolder>'),
      $V, 'many elements');
cmp_ok(time() - $start, '<', 60, 'all of that quickly');

# ------------------------------------------------------------ ids

my ($item) = $e->find('inbox')->ids('t:ItemId');
my ($inbox) = $e->call($get)->ids('t:FolderId');
my $blob = MIME::Base64::decode_base64($item);
my %codes;

for my $i (0 .. length($blob) - 1) {
    for my $bad (substr($blob, 0, $i),
                 substr($blob, 0, $i) . chr(ord(substr $blob, $i, 1) ^ 0x41)
                 . substr($blob, $i + 1))
    {
        my $id = MIME::Base64::encode_base64($bad, '');
        $codes{ $e->raw($e->envelope('<m:GetItem>'
            . shape('Item', 'IdOnly') . '<m:ItemIds>' . item_ids($id)
            . '</m:ItemIds></m:GetItem>'), novalidate => 1)->code }++;
    }
}
is(join(' ', grep { !/^Error(?:Invalid|ItemNotFound|Cannot|AccessDenied)/ }
        sort keys %codes), '', 'ids cut and altered are refused')
    or diag(join ' ', map { "$_=$codes{$_}" } sort keys %codes);
is($e->get($inbox, 'IdOnly')->code, 'ErrorCannotUseFolderIdForItemId',
   'a folder is no item');
is($e->call('<m:GetFolder>' . shape('Folder', 'IdOnly')
    . qq{<m:FolderIds><t:FolderId Id="$item"/></m:FolderIds></m:GetFolder>})
   ->code, 'ErrorCannotUseItemIdForFolderId', 'nor the other way');
is(Test::Postern::EWS->new('bob')->get($item, 'IdOnly')->code,
   'ErrorItemNotFound', "somebody else's is not found");

# ------------------------------------------------------------ versions

for my $v (qw/ Exchange2007_SP1 Exchange2010_SP2 Exchange2013_SP1
               Exchange2016 /)
{
    my $all = $e->call('<m:GetItem>' . shape('Item', 'AllProperties')
        . '<m:ItemIds>' . item_ids($item) . '</m:ItemIds></m:GetItem>',
        version => $v);
    my %has = map { $_ => 1 } $all->xml =~ /<t:(\w+)/g;
    is(join(' ', map { $has{$_} ? 1 : 0 } qw/ Subject ConversationId Flag /),
       $v =~ /2007/ ? '1 0 0' : $v =~ /2010/ ? '1 1 0' : '1 1 1',
       "$v: what it knows");
}
is($e->call('<m:GetItem>' . shape('Item', 'IdOnly', 'item:Preview')
    . '<m:ItemIds>' . item_ids($item) . '</m:ItemIds></m:GetItem>',
    version => 'Exchange2007_SP1')->code, 'ErrorInvalidPropertyRequest',
   'what came later cannot be asked for');
is($e->call($get, version => undef)->code, 'NoError', 'without a version');
