#!/usr/bin/perl

# Random histories: clients of IMAP, EWS, MAPI, two that synchronise by sets,
# two devices and one that reads by modseq change one mailbox, some from what
# they knew long ago; mail is delivered to it.  Stores, clients and the whole
# server are killed amid it; tombstones are purged, the mailbox is compacted,
# repaired, moved, and old copies of it come back.
#
# What is acknowledged is there; what was not answered has happened or not.
# Clients that synchronise, from whatever they knew, end with the same mailbox,
# which is that of a model.
#
# TEST_SEED=N is another history, POSTERN_LONG=N one of so many operations;
# `./build.sh bench histories` plays many.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";

use Test::More;
use Test::Postern;
use Test::Postern::EWS;
use Test::Postern::Faces;
use Test::Postern::MAPI;
use Test::Postern::StoreFaces;
use Test::Postern::Watch qw/ descendants /;

# Other tests hold each reply against the schema.
{
    no warnings 'redefine';
    *Test::Postern::EWS::Reply::valid = sub { return 1 };
}

my $seed = $ENV{TEST_SEED} || 20;
my $operations = $ENV{POSTERN_LONG} || 320;
srand $seed;

# What ends a part of the history.
my @parts = qw/ put_by restored once_more backup replaced killed root
    imported purged /;

my $p = ews_site(users => [ 'alice' ],
                 postern => "workers 2;\nclear_text_auth on;"
                     . ($ENV{POSTERN_DEBUG}
                        ? "\nlog %%TESTDIR%%/postern.log debug;" : ''));
$p->{http} .= 'location /mapi/emsmdb/ { postern_mapi; }';
$p->plan(@parts + 8)->run();
$p->allow_alerts(qr/exited on signal 9|recvmsg\(\) failed/);

my %face = map { $_ => "Test::Postern::Faces::$_"->new($p, 'alice') }
    qw/ IMAP EWS MAPI View /;
$face{"ICS$_"} = Test::Postern::Faces::ICS->new($p, 'alice', $_) for 1, 2;
$face{"EAS$_"} = Test::Postern::Faces::EAS->new($p, 'alice', $_) for 1, 2;
$face{ICS2}{foreign} = 1;
$face{EAS2}{filter} = 1_500_000_000;

my %show = (ICS1 => [ fai => 1 ], ICS2 => [ fai => 1 ]);
my @kinds = qw/ add read flag edit move copy remove recover mkdir rename fmove
    fcopy rmdir frecover retention /;

my $model = Test::Postern::Model->new('INBOX');
my ($made, $folders, $told, $moved, $lost, $kills, $olds) = (0) x 7;
my (%count, %said, @history, $saved, $backed);
my $dir = $p->testdir();

note("TEST_SEED=$seed");
END { $_ && $_->drop() for values %face }
END { diag("TEST_SEED=$seed POSTERN_LONG=$operations: the last were",
           map { "\n    $_" } @history) if $? && @history }

for my $part (@parts) {
    step() for 1 .. $operations / @parts;
    all_see();
    no strict 'refs';
    my @wrong = grep { defined } "part_$part"->();
    is("@wrong", '', "$part: all see the same, before and after");
}

cmp_ok($kills, '>=', 3, "something was killed $kills times");
cmp_ok($moved, '>=', $told / 2,
       "half of the operations changed something ($moved of $told)");
cmp_ok($lost, '<', $told / 4, "most were answered (all but $lost)");
cmp_ok(scalar(grep { $count{$_} } @kinds), '>=', @kinds - 3,
       'nearly every kind has happened');
cmp_ok($face{EAS1}{moved} + $face{EAS2}{moved}, '>=', 3,
       'devices were set to keep more, or less');
cmp_ok($olds, '>', 10, 'of what there was');
note(map { "$_: $count{$_}; " } sort keys %count);
note(map { "$_: $said{$_}; " } sort keys %said);
cmp_ok(scalar(grep { $said{$_} } qw/ new newer conflict gone moved /), '>=', 4,
       'nearly every verdict was given');
my ($code, $found) = $p->cli('mailbox', 'check', '--all');
is($code, 0, 'nothing for a check to find') or diag($found);
$_->drop() for values %face;
@history = ();


# ---------------------------------------------------------------- the parts

sub start {
    my ($root) = @_;

    $_->drop() for values %face;
    $p->{root} = $root, $p->write_conf() if $root;
    $p->nginx()->run();
    $p->wait_ready();
}

sub renewed { return map { $face{$_}{renewed} } qw/ EAS1 EWS IMAP View / }

# Nobody has begun anew since, or everybody has.
sub all_went_on {
    my (@before) = @_;

    sync_one($_) for qw/ EAS1 EWS IMAP View /;
    return "renewed: @before, " . join ' ', renewed()
        if "@before" ne join ' ', renewed();
    return;
}

sub all_began_anew {
    my (@before) = @_;

    all_see(1);
    my @now = renewed();
    return map { $now[$_] > $before[$_] ? ()
                 : (qw/ EAS1 EWS IMAP View /)[$_]
                 . " did not notice ($now[$_])" } 0 .. 3;
}

sub box { return $p->root() . '/mailbox/example.test/alice' }

sub part_put_by {
    my @before = renewed();

    $p->stop();
    $_->drop() for values %face;
    $saved = $model;
    system('cp', '-a', box(), "$dir/saved") == 0 or die "cp\n";
    start();
    return all_went_on(@before);
}

sub part_restored {
    my @before = renewed();

    $p->stop();
    $_->drop() for values %face;
    system('rm', '-rf', box());
    system('cp', '-a', "$dir/saved", box()) == 0 or die "cp\n";
    $model = $saved;
    start();
    return all_began_anew(@before);
}

# The same copy: what was read of the first restored one is not of this.
sub part_once_more { return part_restored() }

# As whom the program writes.
sub own_dir {
    my ($path) = @_;
    my (undef, undef, undef, undef, $uid, $gid) = stat $p->root();

    mkdir $path, 0700 or die "$path: $!\n";
    chown $uid, $gid, $path;
    return $path;
}

sub part_backup {
    my @before = renewed();

    $p->cli_ok('backup', own_dir("$dir/backup"), '--all');
    $backed = $model;
    return all_went_on(@before);
}

# While the server runs, and with clients of the store that have it open.
sub part_replaced {
    my @before = renewed();

    $p->cli_ok('restore', "$dir/backup", 'alice@example.test', '--replace');
    $model = $backed;
    there_again();
    return all_began_anew(@before);
}

sub part_killed {
    my @before = renewed();
    my @pids = map { $p->pids($_) } qw/ master worker store clerk /;
    local $SIG{PIPE} = 'IGNORE';
    my $child = killer(0.05, @pids);

    # amid something; what it was is not looked at here
    for (1 .. 20) {
        local $SIG{ALRM} = sub { die "no answer\n" };
        alarm 5;
        last unless eval { deliver('INBOX', 'lastwords', { body => 'x' }) };
    }
    alarm 0;
    waitpid $child, 0;
    wait_for { !grep { $_->{cmdline} // '' } grep { my $pid = $_->{pid};
        grep { $_ == $pid } @pids } descendants($$) } 5;
    $kills++;
    waitpid $_, 1 for @pids;
    start();
    there_again();
    my $imap = $p->imap_login('alice');
    $imap->command('SELECT INBOX');
    my ($found) = $imap->command('SEARCH SUBJECT "lastwords"')
        =~ /^\* SEARCH ([\d ]+)/m;
    if ($found) {
        $found =~ s/ +/,/g;
        $imap->command("STORE $found +FLAGS (\\Deleted)");
        $imap->command('EXPUNGE');
    }
    return all_went_on(@before);
}

# Backup, and restore into a ROOT where nothing is.
sub part_root {
    my @before = renewed();
    my $root = own_dir("$dir/postern2");

    $p->stop();
    $_->drop() for values %face;
    $p->cli_ok('backup', "$dir/backup", '--all');
    $p->{root} = $root;
    $p->cli_ok('restore', "$dir/backup", '--all');
    start($root);
    return all_began_anew(@before);
}

# Export, and import into the mailbox of a new user of that address.
sub part_imported {
    my @before = renewed();

    my $file = own_dir("$dir/export") . '/alice';

    $p->cli_ok('mailbox', 'export', 'alice@example.test', $file);
    $p->cli_ok('user', 'delete', 'alice@example.test', '--yes');
    $p->add_user('alice');
    $p->cli_ok('mailbox', 'import', '--whole', 'alice@example.test', $file);
    there_again();
    $_->drop() for values %face;
    delete $p->{mapi_dn};
    return all_began_anew(@before);
}

# Tombstones are gone: who was behind begins anew.
sub part_purged {
    sync_one($_) for sort keys %face;
    my $items = $model->items('INBOX');
    my ($key) = grep { !$items->{$_}{fai} } sort keys %$items or return;
    my @before = renewed();

    $face{IMAP}->do('remove', 'INBOX', $key);
    $model = $model->change('remove', 'INBOX', $key, 1);
    $face{View}->need('purge', 0);
    all_see(1);
    my @now = renewed();
    return map { $now[$_] > $before[$_] ? ()
                 : (qw/ EAS1 EWS IMAP View /)[$_] . ' did not notice' } 0, 1, 3;
}


# ---------------------------------------------------------------- a step

sub pick { return $_[ rand @_ ] }

sub history {
    my ($line) = @_;

    note($line);
    push @history, $line;
    shift @history if @history > 40;
}

sub words { return join ' ', map { ref $_ ? () : substr $_ // '', 0, 12 } @_ }

sub new_message {
    my ($old) = @_;

    $made++;
    return ("m$made", { read => int rand 2, flagged => int rand 2,
                        old => $old && rand() < 0.6 ? 1 : 0,
                        body => "body $made " . 'text ' x rand 40 });
}

sub step {
    return operate() if rand() < 0.94;
    my $what = pick(qw/ purge purge compact repair /);

    history($what);
    return purge() if $what eq 'purge';
    if ($what eq 'repair') {
        my ($code, $found) = $p->cli('mailbox', 'check', 'alice@example.test');
        die "there is something to mend: $found\n" if $code;
    }
    $p->cli_ok('mailbox', $what, 'alice@example.test');
}

# A client by sets cannot be behind what is purged without being told all.
sub purge {
    my ($before, $after) = rand() < 0.5 ? qw/ ICS1 ICS2 / : qw/ ICS2 ICS1 /;

    sync_one($before);
    $face{View}->need('purge', int rand 4);
    sync_one($after);
}

sub operate {
    my $what = pick(qw/ add add add add read read flag flag flag edit edit edit
        move move move copy remove remove recover mkdir mkdir rename rename
        fmove fmove fcopy rmdir frecover deliver /,
        rand() < 0.1 ? 'retention' : ());
    my $name = $what eq 'deliver' ? 'LMTP'
        : $what =~ /^(?:f?recover|fcopy|retention)\z/ ? 'View'
        : pick(grep { $face{$_}->can_do($what) } sort keys %face);

    return if $what eq 'mkdir' && keys %{ $model->{folders} } > 9;
    return from_what_it_knew($name, $what) if $name =~ /^(?:ICS|EAS)/;

    my @args = plan_step($name, $what);
    return unless @args;

    # what it cannot do at all
    return if $what eq 'rmdir' && $name eq 'IMAP'
        && $model->children($args[0]);

    if ($what eq 'deliver') {
        @{ $args[2] }{qw/ read flagged /} = (0, 0);
        $what = 'add';
    }

    my $new = $what eq 'retention' ? $model->change($what)
        : $model->change($what, @args);
    $told++;
    $count{$what}++;
    history(words($name, $what, @args));
    do_step($name, $what, $new, @args);
}

# With what: (folder, ...), or nothing.
sub plan_step {
    my ($name, $what) = @_;
    my @folders = $model->names();
    my $to = pick(@folders);
    my $box = pick(grep { $_ ne 'INBOX' } @folders);

    if ($what =~ /^(?:add|deliver)\z/) {
        return ($what eq 'deliver' ? 'INBOX' : $to,
                new_message($name eq 'IMAP'));
    }

    return 1 if $what eq 'retention';

    if ($what eq 'frecover') {
        my $f = pick(grep { my $parent = $model->{lost}{$_}{parent};
                            $parent eq 'top' || $model->{folders}{$parent} }
                     sort keys %{ $model->{lost} }) or return;
        return $f;
    }

    if ($what eq 'recover') {
        my @all = map { my $f = $_; my $gone = $model->{gone}{$f} || {};
            map { [ $f, $_ ] } grep { $gone->{$_}
                && !$model->items($f)->{$_} } sort keys %$gone } @folders;
        my $one = pick(@all) or return;
        return @$one;
    }

    my $parent = pick('top', 'top', grep { $_ ne 'INBOX' } @folders);
    return ('f' . ++$folders, $parent) if $what eq 'mkdir';

    if ($what =~ /^(?:rename|fmove|fcopy|rmdir)\z/) {
        return unless $box;
        return if $what =~ /^f/ && ($model->below($parent, $box)
            || $what eq 'fmove' && $model->parent($box) eq $parent);
        return if $what eq 'fcopy' && @folders > 9;
        return ($box, $what eq 'rename' ? 'f' . ++$folders
                : $what eq 'fmove' ? $parent
                : $what eq 'fcopy' ? ($parent, 'f' . ++$folders)
                : $name eq 'IMAP' || int rand 2);
    }

    my @messages = map { my $f = $_; map { [ $f, $_ ] }
        grep { !$model->items($f)->{$_}{fai} }
        sort keys %{ $model->items($f) } } @folders;
    my $message = pick(@messages) or return;
    my ($folder, $key) = @$message;
    my $m = $model->items($folder)->{$key};

    # mostly the other way
    return ($folder, $key, rand() < 0.8 ? 1 - ($m->{read} || 0) : int rand 2)
        if $what eq 'read';
    return ($folder, $key, rand() < 0.8 ? 1 - ($m->{flagged} || 0)
            : int rand 2) if $what eq 'flag';
    return ($folder, $key, "edited " . int rand 1e6) if $what eq 'edit';
    return ($folder, $key, $face{$name}->hard() || int rand 2)
        if $what eq 'remove';
    return if exists $model->items($to)->{$key};
    return ($folder, $key, $to);
}

sub do_step {
    my ($name, $what, $new, @args) = @_;
    my $kill = rand() < 0.05;
    my $child = $kill ? killer(0.02, $p->pids('store')) : 0;
    my $done;

    eval {
        local $SIG{ALRM} = sub { die "too long\n" };
        alarm 30;
        $done = $name eq 'LMTP' ? deliver(@args)
            : $name eq 'View' ? by_the_store($what, @args)
                              : $face{$name}->do($what, @args);
        alarm 0;
    };
    my $error = $@;
    alarm 0;

    if ($child) {
        waitpid $child, 0;
        $kills++;
        there_again();
    }

    if ($error) {
        die "$name $what @args: $error" if $error !~ /^no answer/ && !$kill
            || $error =~ /too long/;
        $lost++;
        return settle($name, $what, $new, @args);
    }

    die "$name $what @args: refused\n" if !$done && !$kill;
    return settle($name, $what, $new, @args) if !$done;

    becomes($new);
}

sub becomes {
    my ($new) = @_;

    $moved++ if $new->text(fai => 1, all => 1)
        ne $model->text(fai => 1, all => 1);
    $model = $new;
}

# It has happened, or it has not.
sub settle {
    my ($name, $what, $new, @args) = @_;
    my $text = reader('IMAP')->text();

    return becomes($new) if $text eq $new->text();

    if ($text eq $model->text()) {
        my $m = $what =~ /^(?:flag|edit)\z/
            && $model->items($args[0])->{ $args[1] };
        $m->{maybe} = 1 if $m;
        return;
    }

    diff($model, $text);
    die "$name $what @args was left half done\n";
}

sub deliver {
    my ($folder, $key, $m) = @_;

    eval {
        $p->deliver('alice', "From: a\@b.test\r\nSubject: $key\r\n\r\n"
                    . "$m->{body}\r\n");
        1;
    } or die "no answer\n";
    return 1;
}

sub by_the_store {
    my ($what, $f, @args) = @_;
    my $c = $face{View};

    if ($what eq 'retention') {
        $c->need('retention');
        return 1;
    }

    sync_one('View');
    my $mine = $c->mine();
    my $id = $f eq 'top' ? $c->special(2) : $mine->{$f};

    if ($what eq 'recover') {
        my @ids = map { $_->[1] } grep { $_->[2] eq $args[0] }
            $c->need('gone', $id);
        die "$f $args[0]: " . @ids . " to recover\n" if @ids != 1;
        $c->need('recover', $ids[0], $id);

    } elsif ($what eq 'frecover') {
        my $parent = $model->{lost}{$f}{parent};
        my @ids = map { $_->[1] } grep { $_->[2] eq $f }
            $c->need('gonefolders', $parent eq 'top' ? $c->special(2)
                                                     : $mine->{$parent});
        die "$f: " . @ids . " to recover\n" if @ids != 1;
        $c->need('recoverfolder', $ids[0], 0, '');

    } else {
        my ($parent, $name) = @args;
        $c->need('copyfolder', $id, $parent eq 'top' ? $c->special(2)
                 : $mine->{$parent}, $name);
    }

    return 1;
}

sub killer {
    my ($within, @pids) = @_;
    my $after = rand $within;
    my $pid = fork();

    die "fork: $!" unless defined $pid;
    return $pid if $pid;

    select undef, undef, undef, $after;
    kill 'KILL', @pids;
    POSIX::_exit(0);
}

# Stores are there again, and have the mailbox that is there now.
sub there_again {
    $_->drop() for grep { !$_->isa('Test::Postern::StoreFaces') } values %face;
    my $there = wait_for {
        my $imap = eval { $p->imap_login('alice') } or return 0;
        return $imap->command('STATUS INBOX (MESSAGES)') =~ /^p\d+ OK/m;
    } 60;
    die "no store came back\n" unless $there;
}


# ------------------------------------------------- what a client did before

# A client that may not have heard of what others did: what comes of it, and
# what it is told, is known nevertheless.
sub from_what_it_knew {
    my ($name, $what) = @_;
    my $c = $face{$name};
    my $eas = $name =~ /^EAS/;

    sync_one($name) if rand() < 0.5 || !$c->{inbox};

    my @targets = grep { !$_->{fai} || $what !~ /^(?:read|flag)\z/ }
        $c->targets($what);
    my $t = pick(@targets) or return;
    $t->{who} = $name;
    my $how = $eas ? 'last' : pick(qw/ win lose fail /);
    my (@args, @means, $to);

    if ($what eq 'add') {
        my ($key, $m) = new_message(!$eas);
        @{$m}{qw/ fai read flagged /} = (1, 0, 0) if !$eas && rand() < 0.2;
        @args = @means = ($key, $m);
    } elsif ($what =~ /^(?:mkdir|rename)\z/) {
        @args = @means = ('f' . ++$folders);
    } elsif ($what eq 'fmove') {
        $to = pick($c->targets('mkdir'));
        return if $to->{place} eq $t->{place};
        my $top = $to->{folder} eq 'top';
        @args = ($to->{folder}, $top ? 'top' : $to->{place});
        @means = ($to->{folder});
    } elsif ($what eq 'rmdir') {
        @args = @means = ($eas ? 0 : int rand 2);
    } elsif ($what eq 'move') {
        $to = pick($c->targets('add'));
        return if $to->{place} eq $t->{place};
        @args = ($to->{folder}, $to->{place});
        @means = ($t->{key}, $to->{folder});
    } else {
        @args = $what eq 'edit' ? 'offline ' . int rand 1e6 : int rand 2;
        @args = 1 - ($t->{$what eq 'read' ? 'read' : 'flagged'} || 0)
            if $what =~ /^(?:read|flag)\z/ && rand() < 0.8;
        @means = ($t->{key}, @args);
    }

    my ($new, $want, $other, $or) = $model->predict(
        $how eq 'fail' && $what =~ /^(?:rename|fmove)\z/ ? 'lose' : $how,
        $t, $what, @means);

    # one subject stays one message of a folder
    if ($what eq 'move' && $want eq 'moved') {
        my $f = $model->folder_of_life($to->{folder});
        return if $model->items($f)->{ $t->{key} };
    }

    $told++;
    $count{$what}++;
    history(words("$name ($how)", $what,
                  $t->{name} // $t->{key} // '', @args));

    my $kill = rand() < 0.08 && $c->{tool};
    my $child = $kill ? killer(0.004, $c->{tool}{pid}) : 0;
    my ($said, $id) = eval { $c->act($t, $how, $what, @args) };
    my $error = $@;

    if ($child) {
        waitpid $child, 0;
        $kills++;
    }

    die "$name $what: $error" if $error;
    $history[-1] .= ": $said, expected $want" . ($or ? " or $or" : '');
    $said{$said}++;
    $_ = $_ && $_ eq 'none' ? 'gone' : $_ for $said, $want, $or;

    # both: how many versions there are tells which
    ($new, $want) = ($other, $or) if $or && $said eq $or
        && ($or ne $want || versions($other, $t) == ($c->{versions} || 1));

    die "$name $what: $said, not $want\n" unless $said eq $want
        || $want eq 'gone' && $what =~ /^(?:read|remove|rmdir)\z/;

    becomes($new);
    $c->learned($new, $what, $t, $to, $id) if $id;
}


# How many versions the model has of what the client meant.
sub versions {
    my ($model, $t) = @_;
    my $f = $model->folder_of_life($t->{folder}) // return 0;
    my $m = $model->items($f)->{ $t->{key} } or return 0;

    return 1 + @{ $m->{lost} || [] };
}


# --------------------------------------------------------------- they all see

# A client that knows nothing.
sub reader {
    my ($name) = @_;
    my $got;

    # the stores may not all be there again
    wait_for {
        $got = eval { "Test::Postern::Faces::$name"->new($p, 'alice')->sync() }
    } 60 or die "$name: $@";
    return $got;
}

sub sync_one {
    my ($name) = @_;
    my $got = $face{$name}->sync();

    same($name, $got);
    $face{$name}->note($model) if $face{$name}->can('note');
}

sub same {
    my ($name, $got) = @_;
    my @show = $face{$name}->can('shows') ? $face{$name}->shows()
        : @{ $show{$name} || [] };
    my $text = $model->text(@show);

    return if $got->text(fai => 1) eq $text;
    diff($model, $got->text(fai => 1), @show);
    die "$name sees another mailbox\n";
}

sub all_see {
    my ($few) = @_;

    $olds += grep { $_->{old} } map { values %{ $_->{items} } }
        values %{ $model->{folders} };
    sync_one($_) for sort keys %face;

    if (!$few) {
        same($_, reader($_)) for qw/ EWS IMAP /;
    }

    my $c = $face{ICS1};
    lists('conflicts', [ $c->conflicts() ], [ $model->conflicts() ]);

    # twice the same cannot be told apart
    my %double = map { $_ => 1 } grep { /^gone: (\S+): (\S+)/
        && !$model->{gone}{$1}{$2} } $model->gone_text();
    lists('gone', [ grep { !$double{$_} } $c->gone() ],
          [ grep { !$double{$_} } $model->gone_text() ]);
}

sub lists {
    my ($what, $got, $want) = @_;

    return if "@$got" eq "@$want";
    my (%got, %want);
    $got{$_}++ for @$got;
    $want{$_}++ for @$want;
    diag("missing: $_") for grep { !$got{$_} } @$want;
    diag("too much: $_") for grep { !$want{$_} } @$got;
    die "$what are not what they should be\n";
}

sub diff {
    my ($want, $text, %show) = @_;
    my %want = map { $_ => 1 } split /\n/, $want->text(%show);
    my %got = map { $_ => 1 } split /\n/, $text;

    diag("missing: $_") for grep { !$got{$_} } sort keys %want;
    diag("too much: $_") for grep { !$want{$_} } sort keys %got;
}
