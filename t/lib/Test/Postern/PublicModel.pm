package Test::Postern::PublicModel;

# A Model of the public folders of a domain: each user has read some messages,
# and may do what its role allows.  Whoever changes something is $WHO.

use strict;
use warnings;

use Test::Postern::Model;

our @ISA = 'Test::Postern::Model';
our $WHO = '';

my %role = (alice => 'owner', bob => 'editor', carol => 'author',
            dave => 'reviewer');

sub role { return $role{ $_[0] } }


# May $WHO do that?
sub may {
    my ($self, $what, $f, $k) = @_;
    my $role = $role{$WHO};
    my $m = defined $k && $self->{folders}{$f} && $self->items($f)->{$k};

    return 1 if $role eq 'owner' || $what eq 'read';
    return 0 if $role eq 'reviewer'
        || $what =~ /^(?:mkdir|rename|fmove|rmdir)\z/;
    return 1 if $role eq 'editor' || $what =~ /^(?:add|copy)\z/;
    return $m && $m->{creator} eq $WHO ? 1 : 0;
}


sub mine { my ($m) = @_; return $m->{by}{$WHO} ? { $WHO => 1 } : {} }


# What a change does to who has read it: another place is unread for all, another
# content for all but who has edited it.
sub change {
    my ($self, $what, $f, $k, @args) = @_;
    my $new = $self->SUPER::change($what, $f, $k, @args);
    my $was = $self->{folders}{$f} && defined $k && $self->items($f)->{$k};

    if ($what eq 'add') {
        my $m = $new->items($f)->{$k};
        $m->{by} = $m->{read} ? { $WHO => 1 } : {};
        $m->{creator} = $WHO;

    } elsif ($what eq 'read') {
        my $m = $new->items($f)->{$k};
        $m->{by}{$WHO} = $args[0];

    } elsif ($what eq 'edit') {
        my $m = $new->items($f)->{$k};
        $m->{by} = mine($was) if $m->{body} ne $was->{body};

    } elsif ($what =~ /^(?:move|copy)\z/) {
        my $m = $new->items($args[0])->{$k};
        $m->{by} = {};
        $m->{creator} = $WHO if $what eq 'copy';
    }

    return $new;
}


# What is uploaded is another content.
sub predict_version {
    my ($self, $how, $f, $k, @args) = @_;
    my ($new, $said) = $self->SUPER::predict_version($how, $f, $k, @args);

    $new->items($f)->{$k}{by} = mine($self->items($f)->{$k}) if $new != $self;
    return ($new, $said);
}


# As a user sees it.
sub as {
    my ($self, $user) = @_;
    my $copy = $self->copy();

    for my $f ($copy->names()) {
        $_->{read} = $_->{by}{$user} ? 1 : 0 for values %{ $copy->items($f) };
    }

    return bless $copy, 'Test::Postern::Model';
}


# As all of them do, in one text.
sub everything {
    my ($self) = @_;
    return join "\n", map { $self->as($_)->text(fai => 1, all => 1) }
        sort keys %role;
}


1;
