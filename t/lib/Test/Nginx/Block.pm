package Test::Nginx::Block;

# One `=== TEST` of a data block file: a name and its `--- section`s.
#
#     --- request                    its lines, up to the next section
#     --- error_code: 404            a value on the line itself
#     --- response_body chomp        without its last newline
#     --- more_headers eval          a Perl expression, by its value

use strict;
use warnings;


sub parse {
    my ($class, $text) = @_;
    my @blocks;

    $text =~ s/^__END__\n.*//ms;

    for my $part (split /^(?====(?:\s|$))/m, $text) {
        next unless $part =~ s/^===[ \t]*(.*)\n?//;

        my $self = bless { name => $1, section => {} }, $class;

        for my $section (split /^(?=---[ \t]+\w)/m, $part) {
            next unless $section
                =~ /^---[ \t]+(\w+)((?:[ \t]+\w+)*)[ \t]*(?::[ \t]*(.*))?\n?(.*)/s;
            my ($name, $filters, $inline, $value) = ($1, $2, $3, $4);

            # `.` crosses lines under /s: the inline value is its first line.
            if (defined $inline) {
                ($value) = split /\n/, $inline;
                $value = '' unless defined $value;
            } else {
                $value =~ s/\n\s*\z/\n/;
            }

            $self->{section}{$name} = filter($value, split ' ', $filters);
        }

        next if exists $self->{section}{SKIP};
        push @blocks, $self;
    }

    my @only = grep { exists $_->{section}{ONLY} } @blocks;
    return @only ? @only : @blocks;
}


sub filter {
    my ($value, @filters) = @_;

    for my $filter (@filters) {
        if ($filter eq 'chomp') {
            chomp $value;

        } elsif ($filter eq 'eval') {
            my $got = eval "package main; no strict; $value";
            die "eval of a section failed: $@" if $@;
            $value = $got;

        } else {
            die "no filter \"$filter\" for data blocks\n";
        }
    }

    return $value;
}


sub name {
    return $_[0]{name};
}


# The value of a section, or undef; set_value is for preprocessors.
sub get {
    my ($self, $name) = @_;

    return $self->{section}{$name};
}


sub set_value {
    my ($self, $name, $value) = @_;

    $self->{section}{$name} = $value;
}


# $block->request and so on.
our $AUTOLOAD;

sub AUTOLOAD {
    my ($self) = @_;
    my ($name) = $AUTOLOAD =~ /(\w+)\z/;

    return if $name eq 'DESTROY';
    return $self->{section}{$name};
}


1;
