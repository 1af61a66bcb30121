#!/usr/bin/perl

# UpdateItem: IsRead is \Seen and moves no change key; a new subject or body is
# a new message to IMAP; categories, flags, extended properties stay; the
# change key guards against others' edits.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";

use Test::More;
use Test::Postern::EWS;

my $p = ews_site(users => [qw/ alice /]);
$p->plan(34)->run();
$p->deliver('alice', "From: ada\@example.org\r\nTo: alice\@example.test\r\n"
    . "Subject: first\r\nX-Own: yes\r\n\r\nold body\r\n");

my $imap = $p->imap_login('alice');
my $e = Test::Postern::EWS->new('alice');
my $r = $e->find('inbox');
my ($item) = $r->keyed('t:ItemId');
my ($id, $key) = @$item;

sub imap_says {
    my ($what) = @_;
    $imap->command('SELECT INBOX');
    return $imap->command("FETCH 1:* ($what)");
}

my ($uid) = imap_says('UID') =~ /UID (\d+)/;

$r = $e->update($id, 'message:IsRead' => '<t:IsRead>true</t:IsRead>');
is($r->code, 'NoError', 'IsRead');
is(($r->keyed('t:ItemId'))[0][1], $key, 'moves no change key');
is(($e->get($id, 'IdOnly')->keyed('t:ItemId'))[0][1], $key,
   'nor does GetItem show another');
like(imap_says('FLAGS'), qr/\\Seen/, 'it is \Seen');
is($e->get($id, 'IdOnly', 'message:IsRead')->get('t:IsRead'), 'true',
   'and read');

$r = $e->update($id, 'message:IsRead' => '<t:IsRead>false</t:IsRead>');
unlike(imap_says('FLAGS'), qr/\\Seen/, 'not any more');
my ($same) = imap_says('UID') =~ /UID (\d+)/;
is($same, $uid, 'with the same uid');

$r = $e->update($id, 'item:Subject' => '<t:Subject>RE: second</t:Subject>');
is($r->code, 'NoError', 'Subject');
isnt(($r->keyed('t:ItemId'))[0][1], $key, 'moves the change key');
my $all = imap_says('UID BODY.PEEK[]');
my ($new) = $all =~ /UID (\d+)/;
cmp_ok($new, '>', $uid, 'IMAP has a new message');
like($all, qr/^Subject: RE: second\r$/m, 'with that subject');
unlike($all, qr/^Subject: first/m, 'and not the old one');
is($e->get($id, 'IdOnly', 'item:Subject')->get('t:Subject'), 'RE: second',
   'EWS shows it under the same id');

$r = $e->update($id, 'item:Body' =>
    '<t:Body BodyType="HTML">&lt;p&gt;new &lt;b&gt;body&lt;/b&gt;&lt;/p&gt;'
    . '</t:Body>');
is($r->code, 'NoError', 'Body');
$all = imap_says('UID BODY.PEEK[]');
like($all, qr/new <b>body/, 'IMAP has the new HTML');
unlike($all, qr/old body/, 'and not the old text');
my $got = $e->get($id, 'IdOnly', 'item:Body');
is($got->attr('t:Body', 'BodyType'), 'HTML', 'it is HTML now');

$r = $e->call('<m:UpdateItem MessageDisposition="SaveOnly"'
    . ' ConflictResolution="AlwaysOverwrite"><m:ItemChanges><t:ItemChange>'
    . item_ids($id) . '<t:Updates><t:AppendToItemField><t:FieldURI'
    . ' FieldURI="item:Body"/><t:Message><t:Body BodyType="HTML">'
    . '&lt;p&gt;more&lt;/p&gt;</t:Body></t:Message></t:AppendToItemField>'
    . '</t:Updates></t:ItemChange></m:ItemChanges></m:UpdateItem>');
is($r->code, 'NoError', 'AppendToItemField');
like(imap_says('BODY.PEEK[]'), qr/new <b>body.*more/s, 'is behind it');

$r = $e->update($id, 'item:Categories' => '<t:Categories><t:String>Red'
    . '</t:String><t:String>Work</t:String></t:Categories>');
is($r->code, 'NoError', 'Categories');
is(join(' ', $e->get($id, 'IdOnly', 'item:Categories')->all('t:String')),
   'Red Work', 'are there');

$r = $e->update($id, 'item:Flag' => '<t:Flag><t:FlagStatus>Flagged'
    . '</t:FlagStatus></t:Flag>');
is($r->code, 'NoError', 'Flag');
like(imap_says('FLAGS'), qr/\\Flagged/, 'is \Flagged');

my $path = '<t:ExtendedFieldURI PropertySetId='
    . '"c11ff724-aa03-4555-9952-8fa248a11c3e" PropertyName="mine"'
    . ' PropertyType="IntegerArray"/>';
$r = $e->update($id, $path => "<t:ExtendedProperty>$path<t:Values><t:Value>1"
    . '</t:Value><t:Value>-7</t:Value></t:Values></t:ExtendedProperty>');
is($r->code, 'NoError', 'a named property');
is(join(' ', $e->get($id, 'IdOnly', $path)->all('t:Value')), '1 -7',
   'is there');
$r = $e->update($id, $path => undef);
is($r->code, 'NoError', 'deleted');
is(scalar($e->get($id, 'IdOnly', $path)->all('t:Value')), 0, 'is gone');

$r = $e->update($id, 'item:Importance' => '<t:Importance>High</t:Importance>',
                'item:Sensitivity' => '<t:Sensitivity>Private</t:Sensitivity>');
is($r->code, 'NoError', 'Importance, Sensitivity');
is($e->get($id, 'IdOnly', 'item:Importance')->get('t:Importance'), 'High',
   'are there');

$r = $e->update([$id, $key], 'item:Subject' => '<t:Subject>x</t:Subject>');
is($r->code, 'NoError', 'AlwaysOverwrite takes an old change key');
my $never = sub {
    my ($k) = @_;
    return $e->call('<m:UpdateItem MessageDisposition="SaveOnly"'
        . ' ConflictResolution="NeverOverwrite"><m:ItemChanges><t:ItemChange>'
        . item_ids([$id, $k]) . '<t:Updates><t:SetItemField><t:FieldURI'
        . ' FieldURI="item:Subject"/><t:Message><t:Subject>y</t:Subject>'
        . '</t:Message></t:SetItemField></t:Updates></t:ItemChange>'
        . '</m:ItemChanges></m:UpdateItem>')->code;
};
is($never->($key), 'ErrorIrresolvableConflict', 'NeverOverwrite does not');
is($never->(($r->keyed('t:ItemId'))[0][1]), 'NoError', 'but the newest');

$r = $e->update($id, 'item:Size' => '<t:Size>1</t:Size>');
is($r->code, 'ErrorInvalidPropertySet', 'the size cannot be set');
$r = $e->update($id, 'item:Subject' => '<t:Importance>High</t:Importance>');
is($r->code, 'ErrorUpdatePropertyMismatch', 'path and value differ');
