#!/usr/bin/perl

# IDLE, NotificationWait and a streaming subscription are woken by what the
# others change, within 50 ms of the answer to the change; with two store
# processes, of which one runs the MAPI context and another the mailbox.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";

use Test::More;
use Test::Postern;
use Test::Postern::EWS;
use Test::Postern::MAPI;
use Time::HiRes qw/ time /;

# The store of a mailbox follows from its directory: of so many, two differ.
my @users = map { "user$_" } 1 .. 24;
my $p = ews_site(users => \@users, postern => "workers 2;\n"
                 . "clear_text_auth on;");
$p->{http} .= 'location /mapi/emsmdb/ { postern_mapi; }';
$p->plan(21)->run();

# A context lives in the store of its user's mailbox: two of different ones.
my %store;

for my $user (@users) {
    my $m = Test::Postern::MAPI->new($p, $user);
    $m->connect();
    push @{ $store{substr $m->{cookies}{MapiContext}, 0, 2} }, $user;
    $m->disconnect();
    last if keys %store == 2;
}

is(scalar keys %store, 2, 'mailboxes of both stores');
my ($owner, $guest) = map { $store{$_}[0] } sort keys %store;
$p->cli_ok('access', 'set', $p->address($owner), $p->address($guest),
           '--full');

my $imap = $p->imap_login($owner);
my $idle = $p->imap_login($owner);
my $ews = Test::Postern::EWS->new($owner);
my $stream = $ews->stream($ews->subscribe('inbox')->get('m:SubscriptionId'));
is($stream->events()->get('m:ConnectionStatus'), 'OK', 'streaming');

my $mapi = Test::Postern::MAPI->new($p, $guest);
$mapi->connect();
$mapi->logon();
my $logon = $mapi->logon(logon => 1, dn => $mapi->dn_of($owner));
my $inbox = $logon->{folder_ids}[4];
my ($s) = $mapi->rops([ $logon->{handle}, NONE ],
    rop('RegisterNotification', logon => 1, out => 1, types => 0x7e,
        whole => 1));
is($s->{error}, 0, 'RopRegisterNotification on the mailbox of the other');

my $writer = Test::Postern::MAPI->new($p, $owner);
$writer->connect();
my $own = $writer->logon();

sub mail { return "From: a\@b.test\r\nSubject: $_[0]\r\n\r\n$_[0]\r\n"; }

$imap->command('SELECT INBOX');
$idle->command('SELECT INBOX');
$idle->send('i IDLE');
$idle->response();

my $raw = mail('IMAP');
my %changes = (
    LMTP => sub { $p->deliver($owner, mail('LMTP')) },
    IMAP => sub { $imap->command('APPEND INBOX {' . length($raw) . '}',
                                 $raw) },
    EWS => sub { $ews->create('SaveOnly', message(subject => 'EWS'),
                              'inbox') },
    MAPI => sub { $writer->rops([ $own->{handle}, NONE ],
        rop('CreateMessage', in => 0, out => 1, code_page => 0x0fff,
            folder_id => $own->{folder_ids}[4]),
        rop('SetProperties', in => 1, values => [ [ 0x0037001f, 'MAPI' ] ]),
        rop('SaveChangesMessage', in => 0, second => 1, flags => 2),
        rop('Release', in => 1)) },
);
my %ms;

for my $round (1 .. 12) {
    last if $round > 3 && !grep { quickest($_) >= 50 } keys %ms;

    for my $by (sort keys %changes) {
        my $w = $mapi->wait_start();
        $mapi->wait_more($w);

        $changes{$by}->();
        my $done = time();

        # each is read in turn, so a later figure holds the earlier ones

        my $told = $idle->response();
        push @{ $ms{$by} }, 1000 * (time() - $done);
        ok($told && $told =~ /EXISTS/, "$by wakes IDLE") if $round == 1;

        $mapi->wait_end($w);
        push @{ $ms{$by} }, 1000 * (time() - $done);
        is($w->{event_pending}, 1, "$by wakes NotificationWait")
            if $round == 1;

        my $events = $stream->events();
        push @{ $ms{$by} }, 1000 * (($events ? $events->{at} : time()) - $done);
        ok($events && $events->xml =~ /CreatedEvent/, "$by wakes the stream")
            if $round == 1;

        # what was told is taken, so that the next wait waits

        $mapi->rops([], '');
        $imap->command('NOOP');
        drain();
    }
}

for my $by (sort keys %ms) {
    my $ms = quickest($by);
    cmp_ok($ms, '<', 50, sprintf 'all within 50 ms of a change by %s: %.1f',
           $by, $ms);
}

is($stream->events(0.2), undef, 'nothing else is told');
$idle->send('DONE');
like(scalar $idle->response(), qr/^i OK/, 'IDLE ends');


# Of three rounds, or more, the quickest counts: a machine that others use adds
# to it.  They are read one after the other: the last figure holds the others.
sub quickest {
    my ($by) = @_;
    my @all = @{ $ms{$by} };
    my ($ms) = sort { $a <=> $b } map { $all[3 * $_ + 2] } 0 .. @all / 3 - 1;

    return $ms;
}


sub drain {
    1 while $stream->events(0.05);
    1 while $idle->can_read(0.02) && defined $idle->response();
}
