#!/usr/bin/perl

# A first synchronisation in pages: a message that was changed after it came is
# on a later page, and is a Create there, too; so is one that comes meanwhile.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";

use Test::More;
use Test::Postern;
use Test::Postern::EWS;

my $p = ews_site(users => [qw/ alice /]);
$p->plan(4)->run();

sub mail { return "From: ada\@example.org\r\nSubject: $_[0]\r\n\r\n$_[0]\r\n"; }

$p->deliver('alice', mail("m$_")) for 1 .. 3;
my $imap = $p->imap_login('alice');
$imap->command('SELECT INBOX');
$imap->command('STORE 1 +FLAGS (\Flagged)');

my $e = Test::Postern::EWS->new('alice');
my $r = $e->sync('inbox', undef, max => 2, uris => ['item:Subject']);
my %create = map { $_ => 1 } subjects($r);
is(join(' ', sort keys %create), 'm2 m3', 'the first page');
is($r->get('m:IncludesLastItemInRange'), 'false', 'is not the last');

$p->deliver('alice', mail('m4'));

for (1 .. 5) {
    $r = $e->sync('inbox', $r->get('m:SyncState'), max => 2,
                  uris => ['item:Subject']);
    $create{$_}++ for subjects($r);
    last if $r->get('m:IncludesLastItemInRange') eq 'true';
}

is(join(' ', map { "$_:$create{$_}" } sort keys %create),
   'm1:1 m2:1 m3:1 m4:1', 'all are created, once');
unlike($r->xml, qr/<t:Update>/, 'none is updated that is not known');

sub subjects {
    my ($reply) = @_;

    return $reply->xml
        =~ m{<t:Create>.*?<t:Subject>([^<]*)</t:Subject>.*?</t:Create>}gs;
}
