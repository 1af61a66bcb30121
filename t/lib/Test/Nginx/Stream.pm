package Test::Nginx::Stream;

# Bytes out, bytes in: the calls of nginx's test library.

use strict;
use warnings;

use Exporter qw/ import /;
use IO::Select;
use IO::Socket::INET;

use Test::Nginx qw/ log_in log_out /;

our @EXPORT = qw/ stream /;


sub stream {
    return Test::Nginx::Stream->new(@_);
}


sub new {
    my ($class, @args) = @_;

    unshift @args, 'PeerAddr' if @args == 1;
    my %args = (Proto => 'tcp', PeerAddr => '127.0.0.1', @args);

    my $s = IO::Socket::INET->new(%args)
        or die "Can't connect to nginx: $!\n";

    $s->autoflush(1);
    Test::Nginx::start_ssl($s, %args) if $args{SSL};

    return bless { _socket => $s }, $class;
}


sub DESTROY {
    my ($self) = @_;

    $self->{_socket}->close();
}


sub write {
    my ($self, $message, %extra) = @_;
    my $s = $self->{_socket};

    local $SIG{PIPE} = 'IGNORE';

    $s->blocking(0);
    while (length $message
           && IO::Select->new($s)->can_write($extra{write_timeout} || 1.5))
    {
        my $n = $s->syswrite($message);
        next if !defined $n && $!{EWOULDBLOCK};
        last unless $n;
        log_out(substr($message, 0, $n, ''));
    }

    $s->close() if length $message;
}


sub read {
    my ($self, %extra) = @_;
    my $s = $self->{_socket};
    my $buf;

    $s->blocking(0);
    while (($s->can('pending') && $s->pending())
           || IO::Select->new($s)->can_read($extra{read_timeout} || 8))
    {
        my $n = $s->sysread($buf, 65536);
        next if !defined $n && $!{EWOULDBLOCK};
        last;
    }

    log_in($buf);
    return $buf;
}


# Writes, then reads to the end, `read` times, or until `length` bytes.
sub io {
    my ($self, $data, %extra) = @_;
    my $times = $extra{read};

    $self->write($data, %extra);

    my $got = '';
    while (1) {
        last if defined $times && --$times < 0;

        my $buf = $self->read(%extra);
        last unless defined $buf && length $buf;

        $got .= $buf;
        last if defined $extra{length} && length $got >= $extra{length};
    }

    return $got;
}


sub sockaddr { return $_[0]{_socket}->sockaddr(); }
sub sockhost { return $_[0]{_socket}->sockhost(); }
sub sockport { return $_[0]{_socket}->sockport(); }
sub socket   { return $_[0]{_socket}; }


1;
