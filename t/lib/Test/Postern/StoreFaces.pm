package Test::Postern::StoreFaces;

# Clients of one mailbox whose protocols are not served yet, by way of
# t/exchange/faces.c: one that synchronises by sets (ICS), a device of
# ActiveSync (EAS), one that reads by modseq (View).  As those of Faces.pm they
# have sync(); what ICS and EAS change they change from what they know, which
# may be old:
#
# targets($what): what it could be done to, each with what is known of it, for
#     the model's predict(): { folder, life, rev ... }
# act($target, $what, @args): done, new, newer, conflict, gone, moved, refused,
#     none (no such folder)
# note($model): what it has is that of the model now.

use strict;
use warnings;

use IPC::Open2;

use Test::Postern::Model;


sub tool {
    my ($self) = @_;

    return $self->{tool} if $self->{tool};
    local $SIG{PIPE} = 'IGNORE';
    my $pid = open2(my $out, my $in, "$ENV{POSTERN_OBJS}/exchange/faces",
                    $self->{p}->root(), "$self->{user}\@example.test",
                    $self->{public} ? 'public' : ());
    return $self->{tool} = { pid => $pid, out => $out, in => $in };
}


sub drop {
    my ($self) = @_;
    my $tool = delete $self->{tool} or return;

    close $tool->{in};
    kill 'KILL', $tool->{pid} if $self->{hung};
    waitpid $tool->{pid}, 0;
}


# (error name or '', lines as arrays of words); dies when there is no answer.
sub ask {
    my ($self, @words) = @_;
    my $tool = $self->tool();
    my @lines;

    local $SIG{PIPE} = 'IGNORE';
    s/([^!-\$&-~])/sprintf '%%%02x', ord $1/ge for @words;
    print { $tool->{in} } join("\t", @words), "\n";
    $tool->{in}->flush();

    while (defined(my $line = readline $tool->{out})) {
        chomp $line;
        my @got = split /\t/, $line, -1;
        s/%([0-9a-f]{2})/chr hex $1/ge for @got;
        return ('', @lines) if $got[0] eq 'ok';
        return ($got[1]) if $got[0] eq 'error';
        push @lines, \@got;
    }

    $self->drop();
    die "no answer to $words[0]\n";
}


# The lines; an error is not expected.  Only what may be done twice.
sub need {
    my ($self, @words) = @_;
    my $repeated = $self->{repeated};
    my ($error, @lines) = $self->ask_again(@words);

    $self->{repeated} = $repeated;

    die "@words: $error\n" if $error;
    return @lines;
}


# As need(), once more when the program was killed: what may be repeated.
sub ask_again {
    my ($self, @words) = @_;
    my @r = eval { $self->ask(@words) };

    return @r if @r;
    die $@ if $@ !~ /^no answer/;
    $self->{repeated}++;
    return $self->ask(@words);
}


sub new {
    my ($class, $p, $user, $n) = @_;
    return bless { p => $p, user => $user, n => $n || 1, renewed => 0,
                   folders => {}, box => {} }, $class;
}


# The id of a special folder by its number.
sub special {
    my ($self, $n) = @_;
    return $self->{special}{$n} ||= ($self->need('special', $n))[0][1];
}


# Folders of ours by name.
sub mine {
    my ($self) = @_;
    my %by;

    for my $id (keys %{ $self->{folders} }) {
        my $name = $self->{folders}{$id}{name};
        $by{$name} = $id if $name =~ /^f\d+\z/ || $id eq $self->{inbox};
    }

    $by{INBOX} = delete $by{ $self->{folders}{ $self->{inbox} }{name} }
        if $self->{folders}{ $self->{inbox} };
    return \%by;
}


sub model {
    my ($self) = @_;
    my $mine = $self->mine();
    my %name = reverse %$mine;
    my $model = Test::Postern::Model->new();

    for my $name (sort keys %$mine) {
        my $id = $mine->{$name};
        $model->folder_add($name, $name{ $self->{folders}{$id}{parent} });
        $model->items($name)->{ $_->{key} } = { %$_ }
            for values %{ $self->{box}{$id}{items} };
    }

    return $model;
}


sub note {
    my ($self, $model) = @_;
    my $mine = $self->mine();

    for my $name (sort keys %$mine) {
        my $folder = $self->{folders}{ $mine->{$name} };
        my $there = $model->{folders}{$name} or next;
        @{$folder}{qw/ life rev /} = @{$there}{qw/ life rev /};

        for my $item (values %{ $self->{box}{ $mine->{$name} }{items} }) {
            my $m = $model->items($name)->{ $item->{key} } or next;
            know($item, $m);
        }
    }
}


# What it did itself, it knows.
sub learned {
    my ($self, $model, $what, $target, $to, $id) = @_;

    if ($what =~ /^(?:mkdir|rename|fmove)\z/) {
        my $folder = $self->{folders}{$id} or return;
        my $there = $model->{folders}{ $folder->{name} } or return;
        @{$folder}{qw/ life rev /} = @{$there}{qw/ life rev /}
            if ($folder->{rev} || 0) >= 0;
        return;
    }

    my $place = $to ? $to->{place} : $target->{place};
    my $item = $self->{box}{$place}{items}{$id} or return;
    my $f = $model->folder_of_life($to ? $to->{folder} : $target->{folder})
        // return;
    my $m = $model->items($f)->{ $item->{key} };

    know($item, $m) if $m && !$item->{conflict};
}


# Which message it is, and all that there is of it.
sub know {
    my ($item, $m) = @_;

    $item->{life} = $m->{life};
    $item->{seen} = Test::Postern::Model::all_seen($m);
}


# Folders, as places for something: 'top' or an id.
sub life_of {
    my ($self, $id) = @_;
    my %top = map { $_ => 1 } values %{ $self->mine() };
    return $top{$id} ? $self->{folders}{$id}{life} : 'top';
}


sub targets {
    my ($self, $what) = @_;
    my $mine = $self->mine();
    my @ids = map { $mine->{$_} } sort keys %$mine;
    my @to = grep { $self->{folders}{$_}{life} } @ids;
    my @targets;

    if ($what eq 'add') {
        return map { { place => $_, folder => $self->life_of($_) } } @to;
    }

    if ($what eq 'mkdir') {
        return { place => $self->top(), folder => 'top' },
            map { { place => $_, folder => $self->life_of($_) } }
            grep { $_ ne $self->{inbox} } @to;
    }

    if ($what =~ /^(?:rename|fmove|rmdir)\z/) {
        return map { my $f = $self->{folders}{$_};
            { place => $_, life => $f->{life}, rev => $f->{rev},
              name => $f->{name}, parent => $self->life_of($f->{parent}) } }
            grep { $_ ne $self->{inbox} } @to;
    }

    for my $id (@to) {
        my $items = $self->{box}{$id}{items};
        push @targets, map { { %{ $items->{$_} }, place => $id, item => $_,
                               folder => $self->{folders}{$id}{life} } }
            grep { $items->{$_}{life} }
            sort { $items->{$a}{key} cmp $items->{$b}{key} } keys %$items;
    }

    return @targets;
}


# ---------------------------------------------------------------- by sets

package Test::Postern::Faces::ICS;

our @ISA = 'Test::Postern::StoreFaces';

use constant { NORMAL => 1, FAI => 2, READ => 4, BY_DELIVERY => 0x20,
               INBOX => 12 };

my @VERDICT = qw/ new newer older conflict gone /;

# Its own GUIDs: of its changes, and of objects that it makes without asking.
sub guid { my ($self, $c) = @_; return sprintf('%02x', 16 * $self->{n} + $c)
           x 16 }

sub none { return [ ('') x 4 ] }

sub box {
    my ($self, $sk) = @_;
    my $box = $self->{box}{$sk} ||= {};
    $box->{state} ||= none();
    $box->{items} ||= {};
    return $box;
}

sub top  { return '' }

sub xid {
    my ($self) = @_;
    return $self->guid(1) . sprintf('%08x', ++$self->{changes});
}

# The PCL with an XID in it, in order (MS-OXCFXICS 2.2.2.3).
sub pcl_add {
    my ($pcl, $xid) = @_;
    my %list;

    while (length $pcl) {
        my $n = 2 * hex substr $pcl, 0, 2;
        my $one = substr $pcl, 2, $n;
        $list{ substr $one, 0, 32 } = $one;
        $pcl = substr $pcl, 2 + $n;
    }

    my $old = $list{ substr $xid, 0, 32 };
    $list{ substr $xid, 0, 32 } = $xid if !$old || $xid gt $old;
    return join '', map { sprintf('%02x', length($list{$_}) / 2) . $list{$_} }
        sort keys %list;
}

sub pcl_merge {
    my ($pcl, $other) = @_;

    while (length $other) {
        my $n = 2 * hex substr $other, 0, 2;
        my $xid = substr $other, 2, $n;
        $pcl = pcl_add($pcl, $xid);
        $other = substr $other, 2 + $n;
    }

    return $pcl;
}

# A source key for something new: of ids that it got, or of its own.
sub source_key {
    my ($self) = @_;

    if ($self->{foreign}) {
        return $self->guid(2) . sprintf('%012x', ++$self->{made});
    }

    if (!@{ $self->{ids} || [] }) {
        my ($ids) = $self->need('ids', 20);
        $self->{ids} = [ map { [ $ids->[1], $ids->[2] + $_ ] } 0 .. 19 ];
    }

    my $id = shift @{ $self->{ids} };
    return $id->[0] . sprintf('%012x', $id->[1]);
}

sub sync_tree {
    my ($self) = @_;
    my $folders = $self->{folders};

    for my $l ($self->need('tree', @{ $self->{tree} ||= none() })) {
        my ($kind, $sk, @v) = @$l;
        if ($kind eq 'folder') {
            @{ $folders->{$sk} }{qw/ parent id name ck pcl /} = @v;
        } elsif ($kind eq 'deleted') {
            delete $folders->{$sk};
            delete $self->{box}{$sk};
        } else {
            $self->{tree} = [ $sk, @v ];
        }
    }

    return $self->{inbox} = 'none' if $self->{public};
    my ($inbox) = grep { $folders->{$_}{id} == $self->special(INBOX) }
        keys %$folders;
    $self->{inbox} = $inbox // die "ICS: no inbox\n";
}

# Pages, some of which are cut short: the state then is a checkpoint.
sub sync_contents {
    my ($self, $sk) = @_;
    my $cut = rand() < 0.2;

    $self->contents($sk, 2) if $cut;
    $self->contents($sk, -1);
}

sub contents {
    my ($self, $sk, $pages) = @_;
    my $box = $self->box($sk);
    my $flags = NORMAL | FAI | READ | (rand() < 0.3 ? BY_DELIVERY : 0);
    my $items = $box->{items};

    for my $l ($self->need('contents', $self->{folders}{$sk}{id}, $flags,
                           1 + int rand 9, $pages < 0 ? 1e9 : $pages,
                           @{ $box->{state} }))
    {
        my ($kind, $id, @v) = @$l;

        if ($kind eq 'message') {
            # another version of what it was told of just now
            if ($v[8]) {
                my $m = $items->{$id};
                $m->{pcl} = pcl_merge($m->{pcl}, $v[5]);
                push @{ $m->{others} }, $v[7];
                next;
            }

            my $given = exists $items->{$id} ? 1 : 0;
            die "ICS: given is $v[3], not $given\n" if $v[3] != $given;
            $items->{$id} = { fai => $v[0], read => $v[1], flagged => $v[2],
                              ck => $v[4], pcl => $v[5], key => $v[6],
                              body => $v[7] };
        } elsif ($kind eq 'state') {
            $box->{state} = [ $id, @v ];
        } else {
            die "ICS: $kind of what it has not\n" unless $items->{$id};
            if ($kind eq 'deleted') {
                delete $items->{$id};
            } else {
                $items->{$id}{read} = $kind eq 'read' ? 1 : 0;
            }
        }
    }
}

sub sync {
    my ($self) = @_;

    $self->sync_tree();
    my $mine = $self->mine();
    $self->sync_contents($mine->{$_}) for sort keys %$mine;
    return $self->model();
}

sub state_add {
    my ($self, $state, $which, $n) = @_;
    my ($l) = $self->need('add', $which, $n, @$state);
    @$state = @{$l}[1 .. 4];
}

# What the server said; the state has it when it says so.
sub imported {
    my ($self, $state, $folder, $error, $l) = @_;

    return 'none' if $error eq 'ENOTFOUND';
    return 'refused' if $error =~ /^(?:EINVAL|EEXIST|EDENIED|ELIMIT)\z/;
    die "ICS: $error\n" if $error;

    my (undef, $verdict, $id, $mid, $cn, $seen, $versions) = @$l;
    my $said = $VERDICT[$verdict];

    $self->{versions} = $versions;

    # the first answer was lost
    if ($said eq 'older' && delete $self->{repeated}) {
        $said = 'newer';
        $seen = 1;
    }

    if ($seen) {
        $self->state_add($state, 0, $mid) if $mid;
        $self->state_add($state, $folder ? 2 : 1, $cn) if $folder != 2;
        $self->state_add($state, 1, $cn) if $folder == 2;
    }

    return $said;
}

# Later than all before, or earlier.
my $clock = 0;

sub modified {
    my ($self, $how) = @_;

    $clock++;
    return $how eq 'win' ? 4e9 + $clock : 1e8 - $clock;
}

sub upload {
    my ($self, $sk, $id, $item, $how) = @_;
    my $box = $self->box($sk);
    my $new = !$box->{items}{$id};
    my $ck = $self->xid();
    my $pcl = pcl_add($item->{pcl} || '', $ck);

    delete $self->{repeated};
    my @r = $self->ask_again('put', $self->{folders}{$sk}{id}, $id, $ck,
        $pcl, $self->modified($how), $item->{fai} ? 1 : 0,
        $how eq 'fail' ? 1 : 0, $item->{key}, "$item->{body}\r\n",
        $item->{read} ? 1 : 0, $item->{flagged} ? 1 : 0,
        $item->{old} ? 1_000_000_000 : 0);
    my $said = $self->imported($box->{state}, $item->{fai} ? 1 : 0, @r);

    $said = 'new' if $said eq 'newer' && $new;

    if ($said =~ /^newe?r?\z/) {
        $box->{items}{$id} = { %$item, ck => $ck, pcl => $pcl,
                               others => [] };
        delete @{ $box->{items}{$id} }{qw/ life seen conflict /} if $new;
    } elsif ($said eq 'conflict') {
        # refused: what it knows is what it knew
        return $said if $how eq 'fail';
        $box->{items}{$id}{conflict} = 1;
    }

    return ($said, $id);
}

my %act = (
    add => sub {
        my ($self, $t, $how, $key, $m) = @_;
        return $self->upload($t->{place}, $self->source_key(),
                             { %$m, key => $key }, $how);
    },
    flag => sub {
        my ($self, $t, $how, $on) = @_;
        return $self->upload($t->{place}, $t->{item},
            { %{ $self->{box}{ $t->{place} }{items}{ $t->{item} } },
              flagged => $on }, $how);
    },
    edit => sub {
        my ($self, $t, $how, $body) = @_;
        return $self->upload($t->{place}, $t->{item},
            { %{ $self->{box}{ $t->{place} }{items}{ $t->{item} } },
              body => $body }, $how);
    },
    read => sub {
        my ($self, $t, $how, $on) = @_;
        my $box = $self->box($t->{place});
        my ($error, @cns) = $self->ask_again('reads',
            $self->{folders}{ $t->{place} }{id}, $t->{item}, $on);
        return 'none' if $error eq 'ENOTFOUND';
        die "ICS: reads: $error\n" if $error;
        $self->state_add($box->{state}, 3, $_->[1]) for @cns;
        $box->{items}{ $t->{item} }{read} = $on;
        return 'done';
    },
    remove => sub {
        my ($self, $t, $how, $hard) = @_;
        my ($error) = $self->ask_again('deletes',
            $self->{folders}{ $t->{place} }{id}, $hard, $t->{item});
        return 'none' if $error eq 'ENOTFOUND';
        die "ICS: deletes: $error\n" if $error;
        return 'done';
    },
    move => sub {
        my ($self, $t, $how, $life, $to) = @_;
        my $item = $self->{box}{ $t->{place} }{items}{ $t->{item} };
        my $dest = $self->box($to);
        my $id = $self->source_key();
        my $ck = $self->xid();
        delete $self->{repeated};
        my @r = $self->ask_again('move', $self->{folders}{$to}{id},
            $t->{place}, $t->{item}, $item->{pcl}, $id, $ck);
        return 'moved' if $r[0] eq 'EEXIST' && $self->{repeated};
        my $said = $self->imported($dest->{state}, $item->{fai} ? 1 : 0, @r);
        return $said if $said !~ /^(?:newer|conflict)\z/;
        $dest->{items}{$id} = { %$item, ck => $ck,
            pcl => pcl_add($item->{pcl}, $ck) } if $r[1][5];
        delete @{ $dest->{items}{$id} }{qw/ life seen conflict /} if $r[1][5];
        return ('moved', $id);
    },
    mkdir => sub {
        my ($self, $t, $how, $name) = @_;
        return $self->upload_folder($t->{place}, $self->source_key(), '',
                                    $how, $name);
    },
    rename => sub {
        my ($self, $t, $how, $name) = @_;
        my $f = $self->{folders}{ $t->{place} };
        return $self->upload_folder($self->parent_key($f), $t->{place},
                                    $f->{pcl}, $how, $name);
    },
    fmove => sub {
        my ($self, $t, $how, $life, $to) = @_;
        my $f = $self->{folders}{ $t->{place} };
        return $self->upload_folder($to eq 'top' ? '' : $to, $t->{place},
                                    $f->{pcl}, $how, $f->{name});
    },
    rmdir => sub {
        my ($self, $t, $how, $hard) = @_;
        my ($error) = $self->ask_again('deletes', 0, $hard, $t->{place});
        die "ICS: deletes: $error\n" if $error;
        return 'done';
    },
);

sub parent_key {
    my ($self, $f) = @_;
    return $self->life_of($f->{parent}) eq 'top' ? '' : $f->{parent};
}

sub upload_folder {
    my ($self, $parent, $id, $pcl, $how, $name) = @_;
    my $new = !$self->{folders}{$id};
    my $ck = $self->xid();

    $pcl = pcl_add($pcl, $ck);
    delete $self->{repeated};
    my @r = $self->ask_again('putfolder', $parent, $id, $ck, $pcl,
                             $self->modified($how), $name);
    my $said = $self->imported($self->{tree}, 2, @r);

    $said = 'new' if $said eq 'newer' && $new;

    if ($said =~ /^newe?r?\z/) {
        my $f = $self->{folders}{$id} ||= {};
        @{$f}{qw/ name ck pcl /} = ($name, $ck, $pcl);
        $f->{parent} = $parent;
        $f->{id} = $r[1][2];
        delete @{$f}{qw/ life rev /} if $new;
    } elsif ($said eq 'conflict') {
        $self->{folders}{$id}{rev} = -1;
    }

    return ($said, $id);
}

sub can_do { return exists $act{ $_[1] } }

# (what was said, what is new here)
sub act {
    my ($self, $target, $how, $what, @args) = @_;
    return $act{$what}->($self, $target, $how, @args);
}

# "key body" of each version that lost a conflict and is kept.
sub conflicts {
    my ($self) = @_;
    my $mine = $self->mine();

    return sort map { my $m = $_; map { "lost: $m->{key} "
        . Test::Postern::Model::body_of({ body => $_ }) }
            @{ $m->{others} || [] } }
        map { values %{ $self->{box}{$_}{items} } } values %$mine;
}

# "gone: folder: key"
sub gone {
    my ($self) = @_;
    my $mine = $self->mine();

    return map { my $f = $_; map { "gone: $f: $_" } sort map { $_->[2] }
        $self->need('gone', $self->{folders}{ $mine->{$f} }{id}) }
        sort keys %$mine;
}


# --------------------------------------------------------------- a device

package Test::Postern::Faces::EAS;

our @ISA = 'Test::Postern::StoreFaces';

use constant { TOP => 2, INBOX => 12 };

sub top { my ($self) = @_; return $self->special(TOP) }

# The lines of a reply, without its error.
sub told {
    my (undef, @lines) = @_;
    return join ' ', map { @$_ } grep { $_->[0] !~ /^(?:again|gone)\z/ } @lines;
}

# Sync, FolderSync (collection ''): lines of the reply.  Now and then replies
# are lost, and the device asks again, for the same or for something else.
sub exchange {
    my ($self, $coll, @commands) = @_;
    my $keys = $self->{keys} ||= {};
    my $filter = $self->{filter} || 0;

    # an option, which stays until it is changed
    my $said = $self->{filtered}{$coll};
    my @ask = ('eas', "device$self->{n}", $coll, $keys->{$coll} || 0,
               defined $said && $said == $filter ? '' : $filter);
    my @tail = (3 + int rand 4, 'hash' . ++$self->{asked}, @commands);

    my @r = $self->ask_again(@ask, @tail);

    if ($r[0] eq 'ESTALE') {
        die "EAS: key 0 is stale\n" unless $keys->{$coll};
        $self->{renewed}++;
        $self->begin($coll);
        return ('renewed');
    }

    # what the first exchange did is done
    my $gone = !$r[0] && grep { ref && $_->[0] eq 'gone' } @r;

    for (my $lost = 0.15; !$r[0] && rand() < $lost; $lost = 0.4) {
        my $again = $coll eq '' || rand() < 0.5;
        my $first = told(@r);

        $tail[1] .= 'x' unless $again;
        @r = $self->ask_again(@ask, @tail);
        die "EAS: asked again: $r[0] " . told(@r) . ", not $first\n"
            if $again && ($r[0] || told(@r) ne $first || $r[1][0] ne 'again');
        $self->{lost}++;
        @r = grep { !ref || $_->[0] ne 'gone' } @r if !$gone;
    }

    return @r if $r[0];

    my $key = pop @r;
    die "EAS: no key but @$key\n" if $key->[0] ne 'key';
    $keys->{$coll} = $key->[1];
    $self->{filtered}{$coll} = $filter;
    return grep { !ref || $_->[0] ne 'again' } @r;
}

sub begin {
    my ($self, $coll) = @_;

    delete $self->{keys}{$coll};
    delete $self->{filtered}{$coll};
    $self->{folders} = {} if $coll eq '';
    $self->{box}{$coll} = { items => {} } if $coll ne '';
}

sub take_folders {
    my ($self, @lines) = @_;

    for my $l (@lines) {
        my ($kind, $id, @v) = @$l;
        if ($kind eq 'dir') {
            @{ $self->{folders}{$id} }{qw/ parent name /} = @v;
        } elsif ($kind eq 'rmdir') {
            delete $self->{folders}{$id};
            delete $self->{box}{$id};
            delete $self->{keys}{$id};
            delete $self->{filtered}{$id};
        }
    }
}

sub take {
    my ($self, $coll, @lines) = @_;
    my $items = $self->{box}{$coll}{items} ||= {};

    for my $l (@lines) {
        my ($kind, $id, @v) = @$l;
        if ($kind =~ /^(?:create|update|flags)\z/) {
            my $old = $items->{$id};
            $items->{$id} = { %{ $old || {} }, read => $v[0],
                              flagged => $v[1], key => $v[2], body => $v[3] };
        } elsif ($kind eq 'delete') {
            delete $items->{$id};
        }
    }
}

# Until there is no more; true when it had to begin anew.
sub rounds {
    my ($self, $coll) = @_;

    while (1) {
        my ($error, @lines) = $self->exchange($coll);

        next if $error eq 'renewed';
        die "EAS: $error\n" if $error;
        if ($coll eq '') {
            $self->take_folders(@lines);
        } else {
            $self->take($coll, @lines);
        }
        last unless grep { $_->[0] eq 'more' && $_->[1] } @lines;
    }
}

# What of the model it has.
sub shows { my ($self) = @_; return $self->{filter} ? (young => 1) : () }

sub sync {
    my ($self) = @_;

    # it is set to keep less, or more
    if ($self->{inbox} && rand() < 0.2) {
        $self->{filter} = $self->{filter} ? 0 : 1_500_000_000;
        $self->{moved}++;
    }

    $self->{inbox} = $self->special(INBOX);
    $self->rounds('');
    my $mine = $self->mine();
    $self->rounds($mine->{$_}) for sort keys %$mine;
    return $self->model();
}

# A command in an exchange: what was said of it.
sub command {
    my ($self, $coll, @command) = @_;
    my ($error, @lines) = $self->exchange($coll, @command);

    # it is told again when the state is new
    ($error, @lines) = $self->exchange($coll, @command)
        if $error eq 'renewed';
    return ('none') if $error eq 'ENOTFOUND';
    return ('refused') if $error =~ /^(?:EINVAL|EEXIST|EDENIED)\z/;
    die "EAS: $error\n" if $error;
    $coll eq '' ? $self->take_folders(@lines) : $self->take($coll, @lines);
    return ('gone') if grep { $_->[0] eq 'gone' } @lines;
    return ('done', grep { $_->[0] =~ /^(?:added|made)\z/ } @lines);
}

my %eas = (
    add => sub {
        my ($self, $t, $key, $m) = @_;
        my ($said, $l) = $self->command($t->{place}, 'add',
            'client' . ++$self->{clients}, $key, "$m->{body}\r\n",
            $m->{read} ? 1 : 0, $m->{flagged} ? 1 : 0,
            $m->{old} ? 1_000_000_000 : 0);
        return $said if $said ne 'done';
        my $id = $l->[2];
        $self->{box}{ $t->{place} }{items}{$id} = { %$m, key => $key };
        return ('new', $id);
    },
    read => sub {
        my ($self, $t, $on) = @_;
        return $self->flags($t, 'read', $on);
    },
    flag => sub {
        my ($self, $t, $on) = @_;
        return $self->flags($t, 'flagged', $on);
    },
    move => sub {
        my ($self, $t, $life, $to) = @_;
        my ($said) = $self->command($t->{place}, 'move', $t->{item}, $to);
        return $said eq 'done' ? 'moved' : $said;
    },
    remove => sub {
        my ($self, $t, $hard) = @_;
        my ($said) = $self->command($t->{place}, 'remove', $t->{item}, $hard);
        return $said;
    },
    mkdir => sub {
        my ($self, $t, $name) = @_;
        my ($said) = $self->command('', 'mkdir', $t->{place}, $name);
        return $said eq 'done' ? 'new' : $said;
    },
    rename => sub {
        my ($self, $t, $name) = @_;
        my ($said) = $self->command('', 'rename', $t->{place}, 0, $name);
        return $self->folder_said($said);
    },
    fmove => sub {
        my ($self, $t, $life, $to) = @_;
        my ($said) = $self->command('', 'rename', $t->{place},
            $to eq 'top' ? $self->top() : $to,
            $self->{folders}{ $t->{place} }{name});
        return $self->folder_said($said);
    },
    rmdir => sub {
        my ($self, $t) = @_;
        my ($said) = $self->command('', 'rmdir', $t->{place});
        return $said eq 'none' ? 'gone' : $said;
    },
);

sub folder_said {
    my ($self, $said) = @_;
    return $said eq 'done' ? 'newer' : $said;
}

sub flags {
    my ($self, $t, $what, $on) = @_;
    my ($said) = $self->command($t->{place}, $what, $t->{item}, $on);
    $self->{box}{ $t->{place} }{items}{ $t->{item} }{$what} = $on
        if $said eq 'done'
        && $self->{box}{ $t->{place} }{items}{ $t->{item} };
    return $said;
}

sub can_do { return exists $eas{ $_[1] } }

sub act {
    my ($self, $target, $how, $what, @args) = @_;
    return $eas{$what}->($self, $target, @args);
}


# -------------------------------------------------------------- by modseq

package Test::Postern::Faces::View;

our @ISA = 'Test::Postern::StoreFaces';

use constant { INBOX => 12 };

sub can_do { return 0 }

sub sync {
    my ($self) = @_;

    $self->{inbox} = $self->{public} ? 'none' : $self->special(INBOX);
    my %key;
    my %old = %{ $self->{box} };
    my @tree = grep { $_->[0] eq 'folder' } $self->need('tree', ('') x 4);

    $self->{folders} = {};
    $key{ $_->[1] } = $_->[3] for @tree;
    $self->{folders}{ $_->[3] } = { parent => $key{ $_->[2] } || 0,
                                    name => $_->[4] } for @tree;
    my $mine = $self->mine();
    $self->{box} = { map { $_ => $old{$_} } values %$mine };
    $self->sync_folder($mine->{$_}) for sort keys %$mine;
    return $self->model();
}

sub sync_folder {
    my ($self, $id) = @_;
    my $box = $self->{box}{$id} ||= { validity => 0, modseq => 0,
                                      items => {} };

    for my $l ($self->need('view', $id, $box->{validity}, $box->{modseq})) {
        my ($kind, $uid, @v) = @$l;
        if ($kind eq 'view') {
            $self->{renewed}++ if $v[1] && $box->{validity};
            $box->{items} = {} if $v[1];
            @{$box}{qw/ validity modseq /} = ($uid, $v[0]);
        } elsif ($kind eq 'vanished') {
            delete $box->{items}{$uid};
        } else {
            $box->{items}{$uid} = { read => $v[0], flagged => $v[1],
                                    key => $v[2], body => $v[3] };
        }
    }
}


1;
