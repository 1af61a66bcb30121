package Test::Postern::Line;

# What the clients of line protocols have in common (IMAP.pm, SMTP.pm): a
# socket, TLS by `SSL => 1` or later by starttls(), lines with a time limit.

use strict;
use warnings;

use IO::Select;
use IO::Socket::INET;
use Socket qw/ CRLF /;
use Test::More qw//;
use Time::HiRes qw/ time /;

use Test::Nginx qw/ log_in log_out port /;


# Ports as the original: default ones by protocol, PeerAddr names another.
sub connect_to {
    my ($class, $port, $ssl_port, %args) = @_;

    my $self = bless { _read_buffer => '', _timeout => 20 }, $class;

    $self->{_socket} = IO::Socket::INET->new(
        Proto    => 'tcp',
        PeerAddr => '127.0.0.1:' . port($args{SSL} ? $ssl_port : $port),
        %args
    )
        or die "Can't connect to nginx: $!\n";

    $self->{_socket}->autoflush(1);
    $self->starttls(%args) if $args{SSL};

    return $self;
}


# The handshake alone: the caller has had the server's consent.
sub starttls {
    my ($self, %args) = @_;

    require IO::Socket::SSL;

    $self->{_read_buffer} = '';
    $self->{_socket}->blocking(1);
    IO::Socket::SSL->start_SSL($self->{_socket},
        SSL_verify_mode => IO::Socket::SSL::SSL_VERIFY_NONE(), %args)
        or die IO::Socket::SSL::errstr() . "\n";

    return $self;
}


sub DESTROY {
    my ($self) = @_;

    $self->{_socket}->close() if $self->{_socket};
}


sub close {
    my ($self) = @_;

    $self->{_socket}->close();
}


sub socket {
    my ($self) = @_;

    return $self->{_socket};
}


sub timeout {
    my ($self, $seconds) = @_;

    $self->{_timeout} = $seconds;
    return $self;
}


sub print {
    my ($self, $data) = @_;

    local $SIG{PIPE} = 'IGNORE';

    log_out($data);
    return $self->{_socket}->print($data);
}


sub send {
    my ($self, $line) = @_;

    return $self->print($line . CRLF);
}


# More bytes into the buffer; false at the end or when time is up.
sub fill {
    my ($self, $until) = @_;
    my $s = $self->{_socket};

    while (1) {
        my $pending = $s->can('pending') && $s->pending();

        if (!$pending) {
            my $left = $until - time();
            return 0 if $left <= 0 || !IO::Select->new($s)->can_read($left);
        }

        $s->blocking(0);
        my $n = $s->sysread(my $buf, 65536);
        my $again = !defined $n && $!{EWOULDBLOCK};
        $s->blocking(1);

        next if $again;
        return 0 unless $n;

        $self->{_read_buffer} .= $buf;
        return 1;
    }
}


sub getline {
    my ($self) = @_;
    my $until = time() + $self->{_timeout};

    while (1) {
        my $at = index($self->{_read_buffer}, "\x0a");
        return substr($self->{_read_buffer}, 0, $at + 1, '') if $at >= 0;
        return unless $self->fill($until);
    }
}


sub read_bytes {
    my ($self, $n) = @_;
    my $until = time() + $self->{_timeout};

    while (length $self->{_read_buffer} < $n) {
        return unless $self->fill($until);
    }

    return substr($self->{_read_buffer}, 0, $n, '');
}


# True at the end of the connection; waits for it, or for bytes.
sub eof {
    my ($self) = @_;

    return 0 if length $self->{_read_buffer};
    return !$self->fill(time() + $self->{_timeout});
}


# Can bytes be read within `timeout` seconds?
sub can_read {
    my ($self, $timeout) = @_;

    return 1 if length $self->{_read_buffer};
    my $s = $self->{_socket};
    return 1 if $s->can('pending') && $s->pending();
    return IO::Select->new($s)->can_read(defined $timeout ? $timeout : 3)
           ? 1 : 0;
}


sub check {
    my ($self, $regex, $name) = @_;

    Test::More::like($self->read(), $regex, $name);
}


1;
