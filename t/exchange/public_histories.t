#!/usr/bin/perl

# Random histories of the public folders of a domain, as histories.t has them of
# a mailbox: an owner, an editor, an author and a reviewer by MAPI, three
# clients that synchronise by sets, one that reads by modseq; what a role does
# not allow is tried as well.  Stores, clients and the whole server are killed,
# tombstones are purged, an old copy of the store comes back, and all of it
# moves to another ROOT.
#
# All see the same folders and messages, and each what it has read itself.
#
# TEST_SEED=N is another history, POSTERN_LONG=N one of so many operations.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";

use Test::More;
use Test::Postern;
use Test::Postern::Faces;
use Test::Postern::MAPI;
use Test::Postern::PublicModel;
use Test::Postern::StoreFaces;
use Test::Postern::Watch qw/ descendants /;

my $seed = $ENV{TEST_SEED} || 7;
my $operations = $ENV{POSTERN_LONG} || 240;
srand $seed;

my @users = qw/ alice bob carol dave /;
my @parts = qw/ put_by restored killed once_more root purged /;
my @kinds = qw/ add read flag edit move copy remove mkdir rename fmove rmdir /;

my $p = Test::Postern->new(Test::Postern::MAPI->site(users => \@users,
    postern => "workers 2;\nclear_text_auth on;"));
$p->plan(@parts + 7)->run();
$p->allow_alerts(qr/exited on signal 9|recvmsg\(\) failed/);

# below them folders inherit
for ([ 'default', 'none' ], map { [ $p->address($_),
                                    Test::Postern::PublicModel::role($_) ] }
     @users)
{
    $p->cli_ok('permission', 'set', 'example.test', '', @$_);
}

my %face = (
    (map { ("MAPI_$_" => Test::Postern::Faces::MAPI::Public->new($p, $_)) }
     @users),
    ICS_alice => Test::Postern::Faces::ICS->new($p, 'alice', 1),
    ICS_bob => Test::Postern::Faces::ICS->new($p, 'bob', 2),
    ICS_dave => Test::Postern::Faces::ICS->new($p, 'dave', 3),
    View_carol => Test::Postern::Faces::View->new($p, 'carol', 1),
);
$_->{public} = 1 for values %face;
$face{ICS_bob}{foreign} = 1;

# What clients by sets may do.  A flag that they upload comes with all of the
# message: whether that is another content, and unread, depends on who made it.
my %can = (ICS_alice => [ grep { !/^(?:flag|copy)\z/ } @kinds ],
           ICS_bob => [qw/ add read edit move remove /],
           ICS_dave => [ 'read' ]);

my $model = Test::Postern::PublicModel->new();
my ($made, $folders, $told, $moved, $lost, $kills, $denied) = (0) x 7;
my (%count, %said, @history, $saved);
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
    is("@wrong", '', "$part: all see the same, and what they have read");
}

cmp_ok($kills, '>=', 2, "something was killed $kills times");
cmp_ok($moved, '>=', $told / 2,
       "half of the operations changed something ($moved of $told)");
cmp_ok($lost, '<', $told / 4, "most were answered (all but $lost)");
cmp_ok($denied, '>', 5, "$denied were denied");
cmp_ok(scalar(grep { $count{$_} } @kinds), '>=', @kinds - 2,
       'nearly every kind has happened');
cmp_ok(scalar(grep { $said{$_} } qw/ new newer conflict gone moved /), '>=', 3,
       'most verdicts were given');
note(map { "$_: $count{$_}; " } sort keys %count);
note(map { "$_: $said{$_}; " } sort keys %said);
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

sub box { return $p->root() . '/mailbox/example.test/%2Epublic' }

sub part_put_by {
    my $before = $face{View_carol}{renewed};

    $p->stop();
    $_->drop() for values %face;
    $saved = $model;
    system('cp', '-a', box(), "$dir/saved") == 0 or die "cp\n";
    start();
    all_see();
    return $face{View_carol}{renewed} == $before ? () : 'began anew';
}

sub part_restored {
    my $before = $face{View_carol}{renewed};
    my %there = map { $_->{life} => 1 } values %{ $model->{folders} };
    my @known = grep { $there{ $_->{life} } } values %{ $saved->{folders} };

    $p->stop();
    $_->drop() for values %face;
    system('rm', '-rf', box());
    system('cp', '-a', "$dir/saved", box()) == 0 or die "cp\n";
    $model = $saved;
    start();
    all_see();
    return $face{View_carol}{renewed} > $before || !@known ? ()
        : 'an old copy was not noticed';
}

sub part_once_more { return part_restored() }

sub part_killed {
    my @pids = map { $p->pids($_) } qw/ master worker store clerk /;

    kill 'KILL', @pids;
    $kills++;
    wait_for { !grep { $_->{cmdline} // '' } grep { my $pid = $_->{pid};
        grep { $_ == $pid } @pids } descendants($$) } 5;
    waitpid $_, 1 for @pids;
    start();
    all_see();
    return;
}

sub own_dir {
    my ($path) = @_;
    my (undef, undef, undef, undef, $uid, $gid) = stat $p->root();

    mkdir $path, 0700 or die "$path: $!\n";
    chown $uid, $gid, $path;
    return $path;
}

sub part_root {
    my $before = $face{View_carol}{renewed};
    my ($root, $backup) = map { own_dir("$dir/$_") } qw/ postern2 backup /;

    $p->stop();
    $_->drop() for values %face;
    $p->cli_ok('backup', $backup, '--all');
    $p->{root} = $root;
    $p->cli_ok('restore', $backup, '--all');
    start($root);
    all_see();
    return $face{View_carol}{renewed} > $before ? ()
        : 'a restored copy was not noticed';
}

sub part_purged {
    all_see();
    $face{View_carol}{user} eq 'carol' or die;
    $face{ICS_alice}->need('purge', 0);
    all_see();
    return;
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

sub user_of { return $_[0] =~ s/.*_//r }

sub new_message {
    $made++;
    return ("m$made", { read => int rand 2, flagged => int rand 2,
                        body => "body $made " . 'text ' x rand 40 });
}

sub step {
    my $what = pick(qw/ add add add add read read read flag flag edit edit edit
        move move copy remove mkdir mkdir rename fmove rmdir /);
    my $name = pick(grep { $can{$_} ? grep { $_ eq $what } @{ $can{$_} }
                               : $_ =~ /^MAPI/ } sort keys %face);

    $what = 'mkdir' if !%{ $model->{folders} };
    $name = 'MAPI_alice' if !%{ $model->{folders} };
    return if $what eq 'mkdir' && keys %{ $model->{folders} } > 7;
    local $Test::Postern::PublicModel::WHO = user_of($name);
    return from_what_it_knew($name, $what) if $name =~ /^ICS/;

    my @args = plan_step($name, $what) or return;
    my $may = $model->may($what, @args);
    return if !$may && rand() < 0.5;
    my $new = $may ? $model->change($what, @args) : $model;

    $told++ if $may;
    $count{$what}++;
    history(words($name, $what, @args, $may ? () : '(denied)'));
    do_step($name, $what, $may, $new, @args);
}

sub plan_step {
    my ($name, $what) = @_;
    my @folders = $model->names();
    my $to = pick(@folders);

    return ($to, new_message()) if $what eq 'add';
    my $parent = pick('top', 'top', @folders);
    return ('f' . ++$folders, $parent) if $what eq 'mkdir';

    if ($what =~ /^(?:rename|fmove|rmdir)\z/) {
        return if $what eq 'fmove' && ($model->below($parent, $to)
            || $model->parent($to) eq $parent);
        return if $what eq 'rmdir' && $model->children($to);
        return ($to, $what eq 'rename' ? 'f' . ++$folders
                : $what eq 'fmove' ? $parent : int rand 2);
    }

    my @messages = map { my $f = $_; map { [ $f, $_ ] }
        grep { !$model->items($f)->{$_}{fai} }
        sort keys %{ $model->items($f) } } @folders;
    my $message = pick(@messages) or return;
    my ($folder, $key) = @$message;
    my $m = $model->items($folder)->{$key};

    return ($folder, $key, rand() < 0.8
            ? 1 - ($m->{by}{ user_of($name) } || 0) : int rand 2)
        if $what eq 'read';
    return ($folder, $key, 1 - ($m->{flagged} || 0)) if $what eq 'flag';
    return ($folder, $key, "edited " . int rand 1e6) if $what eq 'edit';
    return ($folder, $key, int rand 2) if $what eq 'remove';
    return if exists $model->items($to)->{$key};
    return ($folder, $key, $to);
}

sub do_step {
    my ($name, $what, $may, $new, @args) = @_;
    my $kill = $may && rand() < 0.05;
    my $child = $kill ? killer(0.02, $p->pids('store')) : 0;
    my $done;

    eval {
        local $SIG{ALRM} = sub { die "too long\n" };
        alarm 60;
        $done = $face{$name}->do($what, @args);
        alarm 0;
    };
    my $error = $@;
    alarm 0;

    if ($child) {
        waitpid $child, 0;
        $kills++;
        $_->drop() for grep { $_->isa('Test::Postern::Faces::MAPI') }
            values %face;
    }

    if ($error) {
        die "$name $what @args: $error" if $error !~ /^no answer/ && !$kill
            || $error =~ /too long/;
        $lost++;
        return settle($name, $what, $new, @args);
    }

    if (!$may) {
        die "$name $what @args: done, though it may not\n" if $done;
        $denied++;
        return;
    }

    die "$name $what @args: refused\n" if !$done && !$kill;
    return settle($name, $what, $new, @args) if !$done;

    becomes($new);
}

sub becomes {
    my ($new) = @_;

    $moved++ if $new->everything() ne $model->everything();
    $model = $new;
}

# It has happened, or it has not.
sub settle {
    my ($name, $what, $new, @args) = @_;
    my $user = user_of($name);
    my $text;

    wait_for {
        $text = eval { Test::Postern::Faces::MAPI::Public->new($p, $user)
                       ->sync()->text() };
    } 20 or die "$user: $@";

    return becomes($new) if $text eq $new->as($user)->text();

    if ($text eq $model->as($user)->text()) {
        my $m = $what =~ /^(?:flag|edit)\z/
            && $model->items($args[0])->{ $args[1] };
        $m->{maybe} = 1 if $m;
        return;
    }

    diff($model->as($user), $text);
    die "$name $what @args was left half done\n";
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


# ------------------------------------------------- what a client did before

sub from_what_it_knew {
    my ($name, $what) = @_;
    my $c = $face{$name};

    sync_one($name) if rand() < 0.5 || !$c->{inbox};
    my @targets = grep { !$_->{fai} || $what !~ /^(?:read|flag)\z/ }
        $c->targets($what);
    my $t = pick(@targets) or return;
    $t->{who} = $name;
    my $how = pick(qw/ win lose fail /);
    my (@args, @means, $to);

    if ($what eq 'add') {
        my ($key, $m) = new_message();
        @{$m}{qw/ fai read flagged /} = (1, 0, 0) if rand() < 0.2;
        @args = @means = ($key, $m);
    } elsif ($what =~ /^(?:mkdir|rename)\z/) {
        @args = @means = ('f' . ++$folders);
    } elsif ($what eq 'fmove') {
        $to = pick($c->targets('mkdir'));
        return if $to->{place} eq $t->{place};
        @args = ($to->{folder}, $to->{folder} eq 'top' ? 'top' : $to->{place});
        @means = ($to->{folder});
    } elsif ($what eq 'rmdir') {
        @args = @means = (int rand 2);
    } elsif ($what eq 'move') {
        $to = pick($c->targets('add'));
        return if $to->{place} eq $t->{place};
        @args = ($to->{folder}, $to->{place});
        @means = ($t->{key}, $to->{folder});
    } else {
        @args = $what eq 'edit' ? 'offline ' . int rand 1e6
            : $what eq 'read' ? 1 - ($t->{read} || 0) : int rand 2;
        @means = ($t->{key}, @args);
    }

    my ($new, $want, $other, $or) = $model->predict(
        $how eq 'fail' && $what =~ /^(?:rename|fmove)\z/ ? 'lose' : $how,
        $t, $what, @means);

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
    ($new, $want) = ($other, $or) if $or && $said eq $or
        && ($or ne $want || versions($other, $t) == ($c->{versions} || 1));

    die "$name $what: $said, not $want\n" unless $said eq $want
        || $want eq 'gone' && $what =~ /^(?:read|remove|rmdir)\z/;

    becomes($new);
    $c->learned($new, $what, $t, $to, $id) if $id;
}

sub versions {
    my ($model, $t) = @_;
    my $f = $model->folder_of_life($t->{folder}) // return 0;
    my $m = $model->items($f)->{ $t->{key} } or return 0;

    return 1 + @{ $m->{lost} || [] };
}


# --------------------------------------------------------------- they all see

sub sync_one {
    my ($name) = @_;
    my $got;

    # the stores may not all be there again
    wait_for { $got = eval { $face{$name}->sync() } } 20
        or die "$name: $@";

    my $mine = $model->as(user_of($name));
    my @show = $name =~ /^ICS/ ? (fai => 1) : ();

    if ($got->text(fai => 1) ne $mine->text(@show)) {
        diff($mine, $got->text(fai => 1), @show);
        die "$name sees other folders\n";
    }

    $face{$name}->note($model) if $face{$name}->can('note');
}

sub all_see {
    sync_one($_) for sort keys %face;

    my ($got, $want) = map { join "\n", @$_ } [ $face{ICS_dave}->conflicts() ],
        [ $model->conflicts() ];
    die "conflicts: $got\nnot $want\n" if $got ne $want;
}

sub diff {
    my ($want, $text, %show) = @_;
    my %want = map { $_ => 1 } split /\n/, $want->text(%show);
    my %got = map { $_ => 1 } split /\n/, $text;

    diag("missing: $_") for grep { !$got{$_} } sort keys %want;
    diag("too much: $_") for grep { !$want{$_} } sort keys %got;
}
