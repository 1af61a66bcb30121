#!/usr/bin/perl

# ReplyToItem, ReplyAllToItem, ForwardItem; ResolveNames; GetServerTimeZones.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";

use Test::More;
use Test::Postern;
use Test::Postern::EWS;

my $p = ews_site(users => [qw/ alice bob carol /]);
$p->plan(38)->run();

$p->deliver('alice', join "\r\n", 'From: Bob <bob@example.test>',
    'To: alice@example.test, carol@example.test', 'Subject: RE: lunch',
    'Message-ID: <two@example.test>', 'References: <one@example.test>',
    'Date: Wed, 07 Jan 2026 08:15:00 +0000', 'MIME-Version: 1.0',
    'Content-Type: multipart/mixed; boundary=b', '', '--b',
    'Content-Type: text/plain', '', 'shall we eat?', '--b',
    'Content-Type: text/plain; name=menu.txt',
    'Content-Disposition: attachment; filename=menu.txt', '', 'soup', '--b--',
    '');

my $e = Test::Postern::EWS->new('alice');
my ($item) = $e->find('inbox')->keyed('t:ItemId');
my %imap = map { $_ => $p->imap_login($_) } qw/ alice bob carol /;

sub arrives {
    my ($who, $re) = @_;
    my $all = '';
    wait_for {;
        $imap{$who}->command('SELECT INBOX');
        ($all = $imap{$who}->command('FETCH 1:* BODY.PEEK[]') || '') =~ $re;
    } 10;
    return $all;
}

sub answer {
    my ($kind, $body, $before, $disposition) = @_;
    return $e->create($disposition || 'SendAndSaveCopy', "<t:$kind>"
        . ($before || '') . "<t:ReferenceItemId Id=\"$item->[0]\""
        . " ChangeKey=\"$item->[1]\"/>"
        . "<t:NewBodyContent BodyType=\"Text\">$body</t:NewBodyContent>"
        . "</t:$kind>");
}

my $r = answer('ReplyToItem', 'yes, gladly');
is($r->code, 'NoError', 'ReplyToItem');
my $got = arrives('bob', qr/gladly/);
like($got, qr/gladly/, 'who wrote gets it');
like($got, qr/^Subject: RE: lunch\r$/m, 'subject, with one RE:');
like($got, qr/^In-Reply-To: <two\@example\.test>/m, 'In-Reply-To');
like($got, qr/^References: <one\@example\.test>\s+<two\@example\.test>/m,
     'References');
like($got, qr/gladly.*From: Bob.*shall we eat\?/s, 'the old text is below');
unlike($got, qr/menu\.txt/, 'without its attachment');
like($got, qr/^From: .*alice\@example\.test/m, 'from alice');
unlike(arrives('carol', qr/^$/), qr/gladly/, 'nobody else does');
$imap{alice}->command('SELECT INBOX');
like($imap{alice}->command('FETCH 1 FLAGS'), qr/\(\\Answered\)/,
     'it is \Answered, and that alone');
$imap{alice}->command('SELECT "Sent Items"');
like($imap{alice}->command('FETCH 1:* BODY.PEEK[]'), qr/gladly/,
     'the copy is in Sent Items');

$r = answer('ReplyAllToItem', 'all of us');
is($r->code, 'NoError', 'ReplyAllToItem');
like(arrives('carol', qr/all of us/), qr/all of us/, 'carol gets it');
like(arrives('bob', qr/all of us/), qr/all of us/, 'bob too');

$r = answer('ForwardItem', 'see below', '<t:ToRecipients><t:Mailbox>'
    . '<t:EmailAddress>carol@example.test</t:EmailAddress></t:Mailbox>'
    . '</t:ToRecipients>');
is($r->code, 'NoError', 'ForwardItem');
$got = arrives('carol', qr/see below/);
like($got, qr/^Subject: FW: lunch\r$/m, 'subject');
like($got, qr/menu\.txt/, 'with its attachment');
like($got, qr/soup|c291cA==/, 'and what is in it');

$r = answer('ReplyToItem', 'a draft of it', '', 'SaveOnly');
is($r->code, 'NoError', 'a draft of an answer');
$imap{alice}->command('SELECT Drafts');
like($imap{alice}->command('FETCH 1:* BODY.PEEK[]'), qr/a draft of it/,
     'is in Drafts');
$r = $e->create('SendOnly', '<t:ReplyToItem><t:NewBodyContent'
    . ' BodyType="Text">x</t:NewBodyContent></t:ReplyToItem>');
is($r->code, 'ErrorMissingInformationReferenceItemId', 'answer to nothing');

# ------------------------------------------------------------ ResolveNames

sub resolve {
    my ($name, $full) = @_;
    return $e->call('<m:ResolveNames ReturnFullContactData="'
        . ($full ? 'true' : 'false') . '"><m:UnresolvedEntry>' . $name
        . '</m:UnresolvedEntry></m:ResolveNames>');
}

$r = resolve('bo');
is($r->code, 'NoError', 'ResolveNames');
is($r->get('t:EmailAddress'), 'bob@example.test', 'by the beginning');
is(resolve('smtp:carol@example.test')->get('t:EmailAddress'),
   'carol@example.test', 'by the address');
like(resolve('bob', 1)->xml, qr/<t:Contact>/, 'as a contact');
is(resolve('nobody')->code, 'ErrorNameResolutionNoResults', 'nobody');
is(resolve(' ')->code, 'ErrorInvalidNameForNameResolution', 'nothing');
$p->add_user('bobby');
$r = resolve('bob');
is($r->code, 'ErrorNameResolutionMultipleResults', 'two');
is($r->attr('m:ResolveNamesResponseMessage', 'ResponseClass'), 'Warning',
   'is a warning');
is(scalar(() = $r->xml =~ /<t:Resolution>/g), 2, 'with both');

# ------------------------------------------------------ GetServerTimeZones

$r = $e->call('<m:GetServerTimeZones ReturnFullTimeZoneData="false"/>');
is($r->code, 'NoError', 'GetServerTimeZones');
cmp_ok(scalar(() = $r->xml =~ /<t:TimeZoneDefinition /g), '>', 130, 'all');
$r = $e->call('<m:GetServerTimeZones ReturnFullTimeZoneData="true"><m:Ids>'
    . '<t:Id>W. Europe Standard Time</t:Id><t:Id>UTC</t:Id></m:Ids>'
    . '</m:GetServerTimeZones>');
is(scalar(() = $r->xml =~ /<t:TimeZoneDefinition /g), 2, 'two');
like($r->xml, qr/Bias="-PT1H0M" Name="Standard"/, 'one hour in winter');
like($r->xml, qr/Bias="-PT2H0M" Name="Daylight"/, 'two in summer');
like($r->xml, qr{<t:Month>3</t:Month><t:DayOfWeek>Sunday</t:DayOfWeek><t:Occ\w+>-1<},
     'from the end of March');
is($e->call('<m:GetServerTimeZones><m:Ids><t:Id>Nowhere</t:Id></m:Ids>'
    . '</m:GetServerTimeZones>')->code, 'NoError', 'an unknown one is not');
is($e->get($item->[0], 'IdOnly')->code, 'NoError', 'the message is there');
