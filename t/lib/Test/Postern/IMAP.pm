package Test::Postern::IMAP;

# A small IMAP client.  new, send, print, read, check, ok, eof, can_read are
# those of nginx's test library; command() and login() are in addition.

use strict;
use warnings;

use parent 'Test::Postern::Line';

use Test::More qw//;
use Test::Nginx qw/ log_in /;


sub new {
    my ($class, %args) = @_;

    return $class->connect_to(8143, 8993, %args);
}


# One response: a line, with the literals in it.
sub response {
    my ($self) = @_;
    my $all = '';

    while (1) {
        my $line = $self->getline();
        return length $all ? $all : undef unless defined $line;

        $all .= $line;
        last unless $line =~ /\{(\d+)\}\x0d\x0a\z/;

        my $literal = $self->read_bytes($1);
        return unless defined $literal;
        $all .= $literal;
    }

    log_in($all);
    return $all;
}


# The next line that is no untagged data, as the original.
sub read {
    my ($self) = @_;

    while (defined(my $line = $self->response())) {
        return $line unless $line =~ /^\* (?!OK|BYE|PREAUTH)/;
    }

    return;
}


sub ok {
    my ($self, $name) = @_;

    Test::More::like($self->read(), qr/^\S+ OK/, $name);
}


# Sends `text` under a tag of its own; `literals` follow, each after the
# server's "+".  Returns everything up to the tagged response, which is last.
sub command {
    my ($self, $text, @literals) = @_;
    my $tag = sprintf 'p%03d', ++$self->{_tag};
    my @got;

    $self->send("$tag $text");

    while (defined(my $line = $self->response())) {
        push @got, $line;
        last if $line =~ /^\Q$tag\E /;

        if ($line =~ /^\+/) {
            last unless @literals;
            $self->send(shift @literals);
        }
    }

    return wantarray ? @got : join '', @got;
}


# The greeting and LOGIN; true when it was accepted.
sub login {
    my ($self, $user, $password) = @_;

    $self->response();
    return $self->command("LOGIN $user $password") =~ /^p\d+ OK/m ? 1 : 0;
}


1;
