package Test::Postern::SMTP;

# A small SMTP and LMTP client.  new, send, print, read, check, ok, authok,
# eof, can_read are those of nginx's test library; command() and message()
# are in addition.

use strict;
use warnings;

use parent 'Test::Postern::Line';

use Socket qw/ CRLF /;
use Test::More qw//;
use Test::Nginx qw/ log_in /;


sub new {
    my ($class, %args) = @_;

    return $class->connect_to(8025, 8465, %args);
}


# The last line of a reply; reply() gives all of it.
sub read {
    my ($self) = @_;
    my $all = $self->reply();

    return unless defined $all;
    return (split /^/, $all)[-1];
}


sub reply {
    my ($self) = @_;
    my $all = '';

    while (defined(my $line = $self->getline())) {
        $all .= $line;
        last unless $line =~ /^\d{3}-/;
    }

    log_in($all);
    return length $all ? $all : undef;
}


sub ok {
    my ($self, $name) = @_;

    Test::More::like($self->read(), qr/^2\d\d /, $name);
}


sub authok {
    my ($self, $name) = @_;

    Test::More::like($self->read(), qr/^235 /, $name);
}


sub command {
    my ($self, $line) = @_;

    $self->send($line);
    return $self->reply();
}


# A whole transaction.  Dots are doubled.  Returns the replies: MAIL, each
# RCPT, DATA and what follows it (LMTP: one for each accepted recipient).
sub message {
    my ($self, $from, $to, $data, %args) = @_;
    my @replies = $self->command("MAIL FROM:<$from>" . ($args{mail} || ''));
    my $accepted = 0;

    for my $rcpt (ref $to ? @$to : $to) {
        push @replies, $self->command("RCPT TO:<$rcpt>");
        $accepted++ if ($replies[-1] || '') =~ /^2/;
    }

    push @replies, $self->command('DATA');
    return @replies unless ($replies[-1] || '') =~ /^354/;

    $data =~ s/^\./../gm;
    $data .= CRLF unless $data =~ /\x0d\x0a\z/;
    $self->print($data . '.' . CRLF);

    push @replies, $self->reply() for 1 .. ($args{lmtp} ? $accepted : 1);
    return @replies;
}


1;
