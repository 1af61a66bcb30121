#!/usr/bin/perl

# A streaming subscription is told what IMAP, LMTP and EWS change, within 50 ms
# when the machine is idle; unsubscribed and foreign ones are refused; a store
# that is killed is said to have lost it, and a reload keeps it.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";

use Test::More;
use Time::HiRes qw/ time /;
use Test::Postern;
use Test::Postern::EWS;

my $p = ews_site(users => [qw/ alice bob /], postern => 'workers 2;');
$p->plan(42)->run();
$p->allow_alerts(qr/exited on signal 9/);

sub mail { return "From: ada\@example.org\r\nSubject: $_[0]\r\n\r\n$_[0]\r\n"; }

my $imap = $p->imap_login('alice');
my $e = Test::Postern::EWS->new('alice');
my $r = $e->subscribe('inbox', 'drafts');
is($r->code, 'NoError', 'Subscribe');
my $id = $r->get('m:SubscriptionId');
ok(length $id, 'gives an id');

$p->deliver('alice', mail('before'));

my $s = $e->stream($id);
$r = $s->events();
is($r->get('m:ConnectionStatus'), 'OK', 'the connection is open');
$r = $s->events();
like($r->xml, qr/<t:CreatedEvent>/, 'what came before it is told');
like($r->xml, qr/<t:NewMailEvent>/, 'as new mail too');
my ($first) = $r->ids('t:ItemId');
is($e->get($first, 'IdOnly', 'item:Subject')->get('t:Subject'), 'before',
   'by its id');
is($r->get('t:SubscriptionId'), $id, 'of that subscription');

my @ms;
my $told = sub {
    my ($name, $re, $do) = @_;
    my $start = time();
    $do->();
    my $done = time();
    my $got = $s->events() or return fail($name);
    push @ms, 1000 * ($got->{at} - $done);
    like($got->xml, $re, $name);
    return $got;
};

$told->('a delivery', qr/<t:NewMailEvent>/,
        sub { $p->deliver('alice', mail('after')) });
$imap->command('SELECT INBOX');
$told->('IMAP reads', qr/<t:ModifiedEvent>/,
        sub { $imap->command('STORE 1 +FLAGS (\Seen)') });
$told->('EWS edits', qr/<t:ModifiedEvent>/, sub {
    $e->update($first, 'item:Subject' => '<t:Subject>new</t:Subject>') });
$imap->command('NOOP');
$told->('IMAP copies', qr/<t:CopiedEvent>.*<t:OldItemId /,
        sub { $imap->command('COPY 1 Drafts') });
my $moved = $told->('EWS moves', qr/<t:MovedEvent>.*<t:OldItemId /, sub {
    $e->call('<m:MoveItem><m:ToFolderId>' . folder_ids('drafts')
        . '</m:ToFolderId><m:ItemIds>' . item_ids($first)
        . '</m:ItemIds></m:MoveItem>') });
is(($moved->ids('t:OldItemId'))[0], $first, 'under its old id');
my ($there) = $moved->ids('t:ItemId');
$told->('EWS deletes', qr/<t:DeletedEvent>/, sub {
    $e->call('<m:DeleteItem DeleteType="HardDelete"><m:ItemIds>'
        . item_ids($there) . '</m:ItemIds></m:DeleteItem>') });
@ms = sort { $a <=> $b } @ms;
cmp_ok($ms[0], '<', 50, 'within 50 ms of the answer');
diag(sprintf 'woken after %.1f ms', $ms[@ms / 2]);

$e->call('<m:CreateItem MessageDisposition="SaveOnly"><m:SavedItemFolderId>'
    . folder_ids('junkemail') . '</m:SavedItemFolderId><m:Items>'
    . message(subject => 'elsewhere') . '</m:Items></m:CreateItem>');
is($s->events(0.5), undef, 'other folders are not told');

# the subscription of one is not that of another
my $b = Test::Postern::EWS->new('bob');
$r = $b->call("<m:Unsubscribe><m:SubscriptionId>$id</m:SubscriptionId>"
    . '</m:Unsubscribe>');
like($r->code, qr/^ErrorSubscription(?:AccessDenied|NotFound)$/,
     'bob cannot end it');
my $bs = $b->stream($id);
like($bs->events()->code, qr/^ErrorSubscription(?:AccessDenied|NotFound)$/,
     'nor listen to it');

for my $bad ('nonsense', 'AAAA', 'AQAAAAAAAAAAAAAAAAAAAAA=') {
    $r = $e->call("<m:Unsubscribe><m:SubscriptionId>$bad</m:SubscriptionId>"
        . '</m:Unsubscribe>');
    like($r->code, qr/^Error(?:InvalidSubscription|SubscriptionNotFound)$/,
         "no subscription: $bad");
}

# two in one connection; a second connection takes over
$r = $e->subscribe();
my $all = $r->get('m:SubscriptionId');
my $both = $e->stream($id, $all);
is($both->events()->get('m:ConnectionStatus'), 'OK', 'two in one');
$p->deliver('alice', mail('for both'));
my $closed = $s->events();
is($closed->code, 'ErrorNewEventStreamConnectionOpened',
   'who had it is told that it has not');
is($closed->get('m:ConnectionStatus'), 'Closed', 'and ends');
$r = $both->events();
while ($r && $r->xml !~ /NewMailEvent/) { $r = $both->events(); }
is(scalar(() = $r->xml =~ /<t:Notification>/g), 2, 'both are told');

# unsubscribing ends it
is($e->call("<m:Unsubscribe><m:SubscriptionId>$all</m:SubscriptionId>"
    . '</m:Unsubscribe>')->code, 'NoError', 'Unsubscribe');
is($e->call("<m:Unsubscribe><m:SubscriptionId>$all</m:SubscriptionId>"
    . '</m:Unsubscribe>')->code, 'ErrorSubscriptionNotFound', 'once');
$p->deliver('alice', mail('who hears'));
$r = $both->events();
is($r->code, 'ErrorSubscriptionUnsubscribed', 'its connection ends');

# pull
$r = $e->call('<m:Subscribe><m:PullSubscriptionRequest><t:FolderIds>'
    . folder_ids('inbox') . '</t:FolderIds><t:EventTypes><t:EventType>'
    . 'NewMailEvent</t:EventType></t:EventTypes><t:Timeout>10</t:Timeout>'
    . '</m:PullSubscriptionRequest></m:Subscribe>');
is($r->code, 'NoError', 'a pull subscription');
my ($pull, $mark) = ($r->get('m:SubscriptionId'), $r->get('m:Watermark'));
my $events = sub {
    return $e->call("<m:GetEvents><m:SubscriptionId>$pull</m:SubscriptionId>"
        . "<m:Watermark>$_[0]</m:Watermark></m:GetEvents>");
};
like($events->($mark)->xml, qr/<t:StatusEvent>/, 'nothing yet');
$p->deliver('alice', mail('pulled'));
$r = $events->($mark);
like($r->xml, qr/<t:NewMailEvent>/, 'then one');
my ($next) = reverse $r->all('t:Watermark');
unlike($events->($next)->xml, qr/<t:NewMailEvent>/, 'told once');
is($events->('AAAA')->code, 'ErrorInvalidWatermark', 'no watermark');

# reload keeps it, a dead store loses it
$s = $e->stream($id);
is($s->events()->get('m:ConnectionStatus'), 'OK', 'connected again');
1 while $s->events(0.3);
$p->nginx()->reload();
ok((wait_for {; $p->deliver('alice', mail('reloaded')); $s->events(2) } 10),
   'a reload keeps it') or diag($p->log_tail());
my $again = $e->stream($id);
$r = $again->events();
ok($r && $r->xml =~ /ConnectionStatus>OK/, 'and the subscription');
1 while $again->events(0.3);

kill 'KILL', $p->pids('store');
$r = $again->events();
ok($r, 'a store that dies is told of') or diag($p->log_tail());
is($r ? $r->code : '', 'ErrorSubscriptionNotFound', 'as a lost subscription');
is($r ? $r->get('m:ConnectionStatus') : '', 'Closed', 'the connection ends');

my $lost;
ok((wait_for {; $lost = eval { $e->stream($id)->events(3) };
                $lost && $lost->xml =~ /ResponseCode/ } 15), 'a new one');
is($lost->code, 'ErrorSubscriptionNotFound', 'is told so too');
is($e->subscribe('inbox')->code, 'NoError', 'and subscribes anew');
