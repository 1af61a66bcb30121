package Test::Postern::Model;

# What a mailbox should hold, told by what clients did to it: folders by name,
# messages in them by subject.  Nothing of the product is used here.

use strict;
use warnings;


sub new {
    my ($class, @folders) = @_;

    return bless { map { $_ => {} } @folders }, $class;
}


sub copy {
    my ($self) = @_;
    my %all;

    for my $folder (keys %$self) {
        $all{$folder}{$_} = { %{ $self->{$folder}{$_} } }
            for keys %{ $self->{$folder} };
        $all{$folder} ||= {};
    }

    return bless \%all, ref $self;
}


# Each message a line, each folder one: what readers must come to as well.
sub text {
    my ($self) = @_;
    my @lines;

    for my $folder (sort keys %$self) {
        push @lines, "$folder:";
        push @lines, map { "$folder: $_ " . state($self->{$folder}{$_}) }
            sort keys %{ $self->{$folder} };
    }

    return join "\n", @lines, '';
}


sub state {
    my ($m) = @_;
    my $body = defined $m->{body} ? $m->{body} : '';

    $body =~ s/\r//g;
    $body =~ s/\s+\z//;

    return ($m->{read} ? 'read' : 'unread')
        . ($m->{flagged} ? ' flagged ' : ' - ') . $body;
}


# ----------------------------------------------------------------- changes

my %CHANGE = (
    add    => sub { my ($s, $f, $k, $m) = @_; $s->{$f}{$k} = { %$m } },
    read   => sub { my ($s, $f, $k, $on) = @_; $s->{$f}{$k}{read} = $on },
    flag   => sub { my ($s, $f, $k, $on) = @_; $s->{$f}{$k}{flagged} = $on },
    edit   => sub { my ($s, $f, $k, $body) = @_; $s->{$f}{$k}{body} = $body },
    move   => sub { my ($s, $f, $k, $to) = @_;
                    $s->{$to}{$k} = delete $s->{$f}{$k} },
    copy   => sub { my ($s, $f, $k, $to) = @_;
                    $s->{$to}{$k} = { %{ $s->{$f}{$k} } } },
    remove => sub { my ($s, $f, $k) = @_; delete $s->{$f}{$k} },
    mkdir  => sub { my ($s, $f) = @_; $s->{$f} = {} },
    rename => sub { my ($s, $f, $name) = @_; $s->{$name} = delete $s->{$f} },
    rmdir  => sub { my ($s, $f) = @_; delete $s->{$f} },
);

# The model after change($what, $folder, ...); the old one stays.
sub change {
    my ($self, $what, @args) = @_;
    my $new = $self->copy();

    $CHANGE{$what}->($new, @args);
    return $new;
}


1;
