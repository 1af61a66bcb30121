package Test::Postern::Model;

# What a mailbox should hold, told by what clients did to it: folders by name,
# messages in them by subject.  Nothing of the product is used here.
#
#     folders    name => { parent, life, rev, items => { key => message } }
#     gone       folder => { key => message } that can be recovered, kept while
#                a key is there once
#     lost       name => folder that can be recovered with its items
#
# A message: read, flagged, body, old (received long ago), fai.  `life` names
# one object id: a move, a copy or a recovery gives another.  `seen` says which
# version it is: of each who changes something, how many of his changes are in
# it; `time` when it was changed; `lost` are other versions of a conflict.
# maybe: it may be another one (something was set to what it was).

use strict;
use warnings;

my $token = 0;

sub new {
    my ($class, @folders) = @_;
    my $self = bless { folders => {}, gone => {}, lost => {} }, $class;

    $self->folder_add($_) for @folders;
    return $self;
}


sub folder_add {
    my ($self, $name, $parent) = @_;

    return $self->{folders}{$name} = { parent => $parent || 'top',
        life => ++$token, rev => ++$token, items => {} };
}


sub names  { return sort keys %{ $_[0]{folders} } }
sub items  { my ($self, $f) = @_; return $self->{folders}{$f}{items} }
sub parent { my ($self, $f) = @_; return $self->{folders}{$f}{parent} }

sub children {
    my ($self, $f) = @_;
    return grep { $self->parent($_) eq $f } $self->names();
}


# Is folder `f` `top`, or below it?
sub below {
    my ($self, $f, $top) = @_;

    for (; $f ne 'top'; $f = $self->parent($f)) {
        return 1 if $f eq $top;
    }

    return 0;
}


sub deep {
    my ($x) = @_;

    return ref $x eq 'HASH' ? { map { $_ => deep($x->{$_}) } keys %$x }
        : ref $x eq 'ARRAY' ? [ map { deep($_) } @$x ] : $x;
}


sub copy {
    my ($self) = @_;
    return bless deep({ %$self }), ref $self;
}


# Each message a line, each folder one: what readers must come to as well.
# Options: fai, those too; young, without old ones; all, what can be recovered
# besides.
sub text {
    my ($self, %show) = @_;
    my @lines;

    for my $f ($self->names()) {
        my $items = $self->items($f);
        push @lines, "$f in " . $self->parent($f) . ':';
        push @lines, map { "$f: $_ " . state($items->{$_}) }
            grep { ($show{fai} || !$items->{$_}{fai})
                   && !($show{young} && $items->{$_}{old}) } sort keys %$items;
    }

    if ($show{all}) {
        push @lines, $self->gone_text(), $self->conflicts();
        push @lines, map { "lost: $_" } sort keys %{ $self->{lost} };
    }

    return join "\n", @lines, '';
}


# "key body" of the versions that lost a conflict and are kept.
sub conflicts {
    my ($self) = @_;

    return sort map { my $items = $self->items($_); map { my $k = $_;
        map { "lost: $k " . body_of($_) } @{ $items->{$k}{lost} || [] } }
        keys %$items } $self->names();
}


# Which keys of which folders can be recovered.
sub gone_text {
    my ($self) = @_;

    return map { my $f = $_; map { "gone: $f: $_" }
                 sort keys %{ $self->{gone}{$f} } }
        sort grep { $self->{folders}{$_} } keys %{ $self->{gone} };
}


sub body_of {
    my ($m) = @_;
    my $body = defined $m->{body} ? $m->{body} : '';

    $body =~ s/\r//g;
    $body =~ s/\s+\z//;

    return $body;
}


sub state {
    my ($m) = @_;

    return ($m->{read} ? 'read' : 'unread')
        . ($m->{flagged} ? ' flagged ' : ' - ') . ($m->{fai} ? 'fai ' : '')
        . body_of($m);
}


# ----------------------------------------------------------------- changes

sub another { my ($m, @more) = @_; return { %$m, life => ++$token, @more } }

# A copy is a message of its own, not its versions.
sub copied { my ($m) = @_; return another(deep($m), lost => []) }

# Changed here, or by a client whose own changes are counted.
my $now = 0;

sub changed {
    my ($m, $who, $time) = @_;

    $m->{seen}{ $who || 'here' } = ++$token;
    $m->{time} = $time || 2e9 + ++$now;
    delete $m->{maybe};
}

sub includes {
    my ($a, $b) = @_;
    return !grep { ($a->{$_} || 0) < $b->{$_} } keys %$b;
}

# Of all its versions.
sub all_seen {
    my ($m) = @_;
    my %all = %{ $m->{seen} || {} };

    for my $seen (map { $_->{seen} } @{ $m->{lost} || [] }) {
        for (keys %$seen) {
            $all{$_} = $seen->{$_} if ($all{$_} || 0) < $seen->{$_};
        }
    }

    return \%all;
}

sub set {
    my ($self, $f, $k, $what, $value) = @_;
    my $m = $self->items($f)->{$k};

    if (($m->{$what} || 0) eq ($value || 0)) {
        $m->{maybe} = 1;
        return;
    }

    $m->{$what} = $value;
    changed($m);
}


sub put_by {
    my ($self, $f, $k, $m) = @_;

    # two of a key cannot be told apart
    my $gone = $self->{gone}{$f} ||= {};
    $gone->{$k} = exists $gone->{$k} ? 0 : $m;
}


# All that is below goes too.
sub folder_remove {
    my ($self, $f, $hard) = @_;
    my @below = grep { $_ ne $f && $self->below($_, $f) } $self->names();

    $self->{lost}{$f} = { %{ $self->{folders}{$f} },
                          gone => $self->{gone}{$f} } unless $hard || @below;
    delete $self->{folders}{$_} for $f, @below;
    delete $self->{gone}{$_} for $f, @below;

    for my $name (keys %{ $self->{lost} }) {
        my $parent = $self->{lost}{$name}{parent};
        delete $self->{lost}{$name}
            if grep { $_ eq $parent } $f, @below;
    }
}


my %CHANGE = (
    add    => sub { my ($s, $f, $k, $m) = @_;
                    $s->items($f)->{$k} = another($m);
                    changed($s->items($f)->{$k}) },
    read   => sub { my ($s, $f, $k, $on) = @_;
                    $s->items($f)->{$k}{read} = $on },
    flag   => sub { my ($s, $f, $k, $on) = @_;
                    $s->set($f, $k, flagged => $on) },
    edit   => sub { my ($s, $f, $k, $body) = @_;
                    $s->set($f, $k, body => $body) },
    move   => sub { my ($s, $f, $k, $to) = @_;
                    $s->items($to)->{$k} = another(
                        delete $s->items($f)->{$k}) },
    copy   => sub { my ($s, $f, $k, $to) = @_;
                    $s->items($to)->{$k} = copied($s->items($f)->{$k}) },
    remove => sub { my ($s, $f, $k, $hard) = @_;
                    my $m = delete $s->items($f)->{$k};
                    $s->put_by($f, $k, $m) unless $hard || $m->{fai} },
    recover => sub { my ($s, $f, $k) = @_;
                     $s->items($f)->{$k}
                         = another(delete $s->{gone}{$f}{$k}) },
    mkdir  => sub { my ($s, $f, $parent) = @_; $s->folder_add($f, $parent) },
    rename => sub { my ($s, $f, $name) = @_; $s->replace($f, $name) },
    fmove  => sub { my ($s, $f, $parent) = @_;
                    $s->{folders}{$f}{parent} = $parent;
                    $s->{folders}{$f}{rev} = ++$token },
    fcopy  => sub { my ($s, $f, $parent, $name) = @_;
                    my $new = $s->folder_add($name, $parent);
                    my $items = $s->items($f);
                    $new->{items}{$_} = copied($items->{$_})
                        for keys %$items },
    rmdir  => sub { my ($s, $f, $hard) = @_; $s->folder_remove($f, $hard) },
    frecover => sub { my ($s, $f) = @_;
                      my $old = delete $s->{lost}{$f};
                      $s->{gone}{$f} = delete $old->{gone} if $old->{gone};
                      $s->{folders}{$f} = { %$old, rev => ++$token } },
    retention => sub { my ($s) = @_; $s->{gone} = {}; $s->{lost} = {} },
);

# The same folder under another name.
sub replace {
    my ($self, $f, $name) = @_;
    my $folder = $self->{folders}{$name} = delete $self->{folders}{$f};

    $folder->{rev} = ++$token;
    $self->{gone}{$name} = delete $self->{gone}{$f} if $self->{gone}{$f};

    for my $other (values %{ $self->{folders} }, values %{ $self->{lost} }) {
        $other->{parent} = $name if $other->{parent} eq $f;
    }
}


# The model after change($what, $folder, ...); the old one stays.
sub change {
    my ($self, $what, @args) = @_;
    my $new = $self->copy();

    $CHANGE{$what}->($new, @args);
    return $new;
}


# ---------------------------------------------- a client that is not up to date

# What it did to a message or folder that it knows as `known` (life, seen or rev,
# life of its folder; who it is itself): the model afterwards, and what the
# server must have said; both once more where that depends.  `how`: what a
# conflict comes to, of win, lose, fail, last (none is noticed).

sub folder_of_life {
    my ($self, $life) = @_;
    my ($f) = grep { $self->{folders}{$_}{life} == $life } $self->names();
    return $f;
}


sub predict {
    my ($self, $how, $known, $what, @args) = @_;
    my ($f, $said);

    if ($what eq 'mkdir' || $what eq 'add') {
        my $in = $known->{folder};
        $f = $in eq 'top' ? 'top' : $self->folder_of_life($in);
        return ($self, 'none') unless defined $f;
        return ($self->change('mkdir', $args[0], $f), 'new')
            if $what eq 'mkdir';
        return ($self->change('add', $f, @args), 'new');
    }

    if ($what =~ /^(?:rename|fmove|rmdir)\z/) {
        return $self->predict_folder($how, $known, $what, @args);
    }

    $f = $self->folder_of_life($known->{folder});
    return ($self, 'none') unless defined $f;

    my $k = shift @args;
    my $m = $self->items($f)->{$k};
    $m = undef if $m && $m->{life} != $known->{life};

    if ($what eq 'move') {
        my $to = $self->folder_of_life($args[0]);
        return ($self, 'none') unless defined $to;
        return ($self, 'gone') if !$m;
        return ($self->change('move', $f, $k, $to), 'moved');
    }

    return ($self, 'gone') if !$m;
    return ($self->change($what, $f, $k, @args), 'done')
        if $what !~ /^(?:flag|edit)\z/ || $how eq 'last';

    my @one = $self->predict_version($how, $f, $k, $known, $what, @args);
    return @one unless $m->{maybe};

    my $other = $self->copy();
    changed($other->items($f)->{$k});
    return (@one, $other->predict_version($how, $f, $k, $known, $what, @args));
}


# A version is newer when it has seen all that there is.  In a conflict all
# versions are kept that no other has seen, and the one that was changed last is
# the message (MS-OXCFXICS 3.1.5.6).
sub predict_version {
    my ($self, $how, $f, $k, $known, $what, @args) = @_;
    my $new = $self->copy();
    my $m = $new->items($f)->{$k};
    my $theirs = { %$known{qw/ flagged body /}, seen => { %{ $known->{seen} } } };

    $theirs->{ $what eq 'flag' ? 'flagged' : 'body' } = $args[0];
    changed($theirs, $known->{who}, ($how eq 'win' ? 4e9 : 0) + ++$now);
    $theirs->{time} = -$now if $how ne 'win';

    my $all = all_seen($m);
    my $newer = includes($theirs->{seen}, $all);
    return ($self, 'conflict') if !$newer && $how eq 'fail';

    my @versions = $newer ? () : grep { !includes($theirs->{seen}, $_->{seen}) }
        { %$m{qw/ flagged body seen time /} }, @{ $m->{lost} || [] };
    my ($best) = sort { $b->{time} <=> $a->{time} } @versions;
    $best = $theirs if !$best || $theirs->{time} >= $best->{time};

    my @lost = grep { $_ != $best } @versions, $theirs;
    my @fields = qw/ flagged body seen time /;
    @{$m}{@fields} = @{$best}{@fields};
    $m->{lost} = [ map { deep($_) } @lost ];
    delete $m->{maybe};

    # of these none is kept, but what it has seen is known
    if ($m->{fai}) {
        $m->{seen} = all_seen($m);
        $m->{lost} = [];
    }

    return ($new, $newer ? 'newer' : 'conflict');
}


sub predict_folder {
    my ($self, $how, $known, $what, @args) = @_;
    my $f = $self->folder_of_life($known->{life});

    return ($self, 'gone') unless defined $f;
    return ($self->change('rmdir', $f, @args), 'done') if $what eq 'rmdir';

    # where, and as what, it would be
    my $parent = $what eq 'fmove' ? $args[0] : $known->{parent};
    my $name = $what eq 'fmove' ? $known->{name} : $args[0];
    my $in = $parent eq 'top' ? 'top' : $self->folder_of_life($parent);
    my $same = $self->{folders}{$f}{rev} == $known->{rev};

    if ($how eq 'last') {
        $in = $self->parent($f) if $what eq 'rename';
        $same = 1;
    }

    return ($self, 'none') unless defined $in;
    return ($self, 'newer')
        if $how eq 'last' && $in eq $self->parent($f) && $name eq $f;

    my $new = $self->copy();
    $new->{folders}{$f}{rev} = ++$token;

    if (!$same && $how eq 'lose') {
        return ($new, 'conflict');
    }

    return ($self, 'refused') if $in ne 'top' && $self->below($in, $f)
        || $name ne $f && $self->{folders}{$name};

    $new->{folders}{$f}{parent} = $in;
    $new->replace($f, $name) if $name ne $f;
    return ($new, $same ? 'newer' : 'conflict');
}


1;
