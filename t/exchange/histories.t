#!/usr/bin/perl

# Random histories: an IMAP, an EWS and a MAPI client change one mailbox, mail
# is delivered to it, stores are killed amid it, old copies of it come back.
# What is acknowledged is there; what was not answered has happened or not.
# Clients that synchronise, from whatever they knew, end with the same mailbox,
# which is that of a model.  POSTERN_SEED, POSTERN_LONG (operations).

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";

use Test::More;
use Test::Postern;
use Test::Postern::EWS;
use Test::Postern::Faces;
use Test::Postern::MAPI;

# Other tests hold each reply against the schema.
{
    no warnings 'redefine';
    *Test::Postern::EWS::Reply::valid = sub { return 1 };
}

my $seed = $ENV{POSTERN_SEED} || 20;
my $operations = $ENV{POSTERN_LONG} || 240;
my $rounds = 4;
srand $seed;

my $p = ews_site(users => [ 'alice' ],
                 postern => "workers 2;\nclear_text_auth on;");
$p->{http} .= 'location /mapi/emsmdb/ { postern_mapi; }';
$p->plan(10 * $rounds + 3)->run();
$p->allow_alerts(qr/exited on signal 9/);

my %face = map { $_ => "Test::Postern::Faces::$_"->new($p, 'alice') }
    qw/ IMAP EWS MAPI /;
my $model = Test::Postern::Model->new('INBOX');
my ($made, $folders, $told, $moved, $lost, $kills) = (0) x 6;
my (%count, %saved);
my $box = $p->root() . '/mailbox/example.test/alice';

note("seed $seed");

for my $round (1 .. $rounds) {
    step() for 1 .. $operations / $rounds;
    all_see("round $round");

    if ($round % 2) {
        $p->stop();
        @saved{qw/ model /} = ($model);
        system('rm', '-rf', "$box.saved");
        is(system('cp', '-a', $box, "$box.saved"), 0, 'a copy is put by');
        start();
        $face{$_}->sync() for qw/ IMAP EWS /;
        is($face{EWS}{renewed}, $saved{renewed} || 0,
           'a start of the server: EWS goes on');
        is($face{IMAP}{renewed}, $saved{validity} || 0, 'and IMAP');
    } else {
        $p->stop();
        system('rm', '-rf', $box);
        is(system('cp', '-a', "$box.saved", $box), 0, 'the copy is restored');
        my @before = map { $face{$_}{renewed} } qw/ IMAP EWS /;
        $model = $saved{model};
        start();
        all_see("after the restore", 1);
        cmp_ok($face{IMAP}{renewed}, '>', $before[0],
               'IMAP has noticed: UIDVALIDITY');
        cmp_ok($face{EWS}{renewed}, '>', $before[1],
               'EWS has noticed: ErrorInvalidSyncStateData');
        @saved{qw/ renewed validity /} = map { $face{$_}{renewed} }
            qw/ EWS IMAP /;
    }
}

sub start {
    $_->drop() for values %face;
    $p->nginx()->run();
    $p->wait_ready();
}

cmp_ok($kills, '>=', 3, "stores were killed ($kills times)");
cmp_ok($moved, '>=', $told / 2,
       "half of the operations changed something ($moved of $told)");
cmp_ok($lost, '<', $told / 4, "most were answered (all but $lost)");
is(join(' ', grep { !$count{$_} } qw/ add read flag edit move copy remove
   mkdir rename rmdir /), '', 'every kind has happened');
is(($p->cli('mailbox', 'check', '--all'))[0], 0,
   'nothing for a check to find');


# ---------------------------------------------------------------- a step

sub pick { return $_[ rand @_ ] }

# What to do next, with arguments: (what, folder, ...), or nothing.
sub plan_step {
    my @folders = sort keys %$model;
    my @messages = map { my $f = $_; map { [ $f, $_ ] }
                         sort keys %{ $model->{$f} } } @folders;
    my $what = pick(qw/ add add add read read flag flag edit edit move move
        copy remove mkdir rename rmdir deliver /);
    my $to = pick(@folders);

    if ($what =~ /^(?:add|deliver)\z/) {
        my $folder = $what eq 'deliver' ? 'INBOX' : $to;
        $made++;
        return ($what, $folder, "m$made",
                { read => int rand 2, flagged => int rand 2,
                  body => "body $made " . 'text ' x rand 40 });
    }

    if ($what eq 'mkdir') {
        return if @folders > 7;
        return ($what, 'f' . ++$folders);
    }

    if ($what =~ /^(?:rename|rmdir)\z/) {
        my $folder = pick(grep { $_ ne 'INBOX' } @folders) or return;
        return ($what, $folder, $what eq 'rename' ? 'f' . ++$folders : ());
    }

    my $message = pick(@messages) or return;
    my ($folder, $key) = @$message;

    return ($what, $folder, $key, int rand 2) if $what =~ /^(?:read|flag)\z/;
    return ($what, $folder, $key, "edited " . rand()) if $what eq 'edit';
    return ($what, $folder, $key) if $what eq 'remove';
    return if exists $model->{$to}{$key};
    return ($what, $folder, $key, $to);
}

sub step {
    my ($what, @args) = plan_step();
    return unless $what;

    my $name = $what eq 'deliver' ? 'LMTP'
        : pick(grep { $face{$_}->can_do($what) } sort keys %face);
    my $kill = rand() < 0.05;
    my ($done, $new);

    if ($what eq 'deliver') {
        @{ $args[2] }{qw/ read flagged /} = (0, 0);
        $what = 'add';
    }

    $new = $model->change($what, @args);
    $told++;
    $count{$what}++;

    note(join ' ', $name, $what, map { ref $_ ? () : substr $_, 0, 12 } @args);

    my $child = $kill ? killer() : 0;

    eval {
        local $SIG{ALRM} = sub { die "too long\n" };
        alarm 20;
        $done = $name eq 'LMTP' ? deliver(@args)
                                : $face{$name}->do($what, @args);
        alarm 0;
    };
    my $error = $@;
    alarm 0;

    if ($child) {
        waitpid $child, 0;
        $kills++;
        ok_again();
    }

    if ($error) {
        die "$name $what @args: $error" if $error !~ /^no answer/ && !$kill
            || $error =~ /too long/;
        $lost++;
        settle($name, $what, $new, @args);
        return;
    }

    die "$name $what @args: refused" if !$done && !$kill;

    if (!$done) {
        settle($name, $what, $new, @args);
        return;
    }

    $moved++ if $new->text() ne $model->text();
    $model = $new;
}

# It has happened, or it has not.
sub settle {
    my ($name, $what, $new, @args) = @_;
    my $text = reader('IMAP')->text();

    if ($text eq $new->text()) {
        $moved++ if $text ne $model->text();
        $model = $new;
        return;
    }

    return if $text eq $model->text();

    fail("$name $what @args was left half done");
    diff($model, $text);
    die "stopped\n";
}

sub deliver {
    my ($folder, $key, $m) = @_;
    my $ok = eval {
        $p->deliver('alice', "From: a\@b.test\r\nSubject: $key\r\n\r\n"
                    . "$m->{body}\r\n");
        1;
    };
    die "no answer\n" unless $ok;
    return 1;
}

sub killer {
    my @stores = $p->pids('store');
    my $after = rand 0.02;
    my $pid = fork();

    die "fork: $!" unless defined $pid;
    return $pid if $pid;

    select undef, undef, undef, $after;
    kill 'KILL', @stores;
    POSIX::_exit(0);
}

# Stores are there again.
sub ok_again {
    $_->drop() for values %face;
    my $there = wait_for {
        my $imap = eval { $p->imap_login('alice') } or return 0;
        return $imap->command('STATUS INBOX (MESSAGES)') =~ /^p\d+ OK/m;
    } 20;
    die "no store came back\n" unless $there;
}


# --------------------------------------------------------------- they all see

# A client that knows nothing.
sub reader { return "Test::Postern::Faces::$_[0]"->new($p, 'alice')->sync() }

sub all_see {
    my ($when, $few) = @_;

    for my $name (sort keys %face) {
        for my $sync (0, 1) {
            next if $few && !$sync && $name ne 'MAPI' || $name eq 'MAPI'
                && $sync;
            my $text = ($sync ? $face{$name}->sync() : reader($name))->text();
            is($text eq $model->text() ? 'equal' : 'different', 'equal',
               "$when: $name " . ($sync ? 'has synchronised' : 'reads'))
                || diff($model, $text);
        }
    }
}

sub diff {
    my ($want, $text) = @_;
    my %want = map { $_ => 1 } split /\n/, $want->text();
    my %got = map { $_ => 1 } split /\n/, $text;

    diag("missing: $_") for grep { !$got{$_} } sort keys %want;
    diag("too much: $_") for grep { !$want{$_} } sort keys %got;
}
