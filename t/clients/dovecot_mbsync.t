# Moving house: mail goes from Dovecot to postern and on to another Dovecot by
# mbsync, and every byte, flag and folder arrives.

use strict;
use warnings;

use IO::Socket::INET;
use Test::More;
use Test::Postern;

needs_root('Dovecot as it is set up here');

-x '/usr/sbin/dovecot' && `mbsync --version` =~ /isync/
    or die "no Dovecot or no mbsync: this test needs both\n";

my $p = Test::Postern->new(users => ['alice']);
my $dir = $p->testdir();
$p->plan(9)->run();

my %port;
start_dovecot($_) for qw/ old new /;

# Messages of the corpus that a mail client could have: CRLF, no NUL.
my @files = glob "$ENV{POSTERN_REF}/mail/*/*.eml";
my @messages;
for my $file (@files) {
    open my $f, '<:raw', $file or next;
    local $/;
    my $text = <$f>;
    next if !defined $text || length $text > 200_000 || $text =~ /\0/
            || $text !~ /\A[\x21-\x39\x3b-\x7e]+:/;
    $text =~ s/\r?\n/\r\n/g;
    $text =~ s/\r(?!\n)//g;
    push @messages, $text;
    last if @messages == 150;
}
cmp_ok(scalar @messages, '>=', 100, 'messages of the corpus');

my $old = dovecot('old');
$old->command('CREATE Archive');
my @flags = ('', '\\Seen', '\\Flagged', '\\Answered \\Seen', '\\Draft');
my $refused = 0;
for my $i (0 .. $#messages) {
    my $folder = $i % 3 ? 'INBOX' : 'Archive';
    my $got = $old->command(
        sprintf('APPEND %s (%s) {%d}', $folder, $flags[$i % @flags],
                length $messages[$i]), $messages[$i]);
    $refused++ unless $got =~ /^p\d+ OK/m;
}
is($refused, 0, 'the old server has them');

sync('old', 'postern');
my %want = contents($old);
my %have = contents($p->imap_login('alice'));
is(scalar keys %have, scalar keys %want, 'as many messages');
is(difference(\%want, \%have), '', 'each byte and flag is the same');

sync('postern', 'new');
my %there = contents(dovecot('new'));
is(difference(\%want, \%there), '', 'and on the next server too');

# A change on either side reaches the other one.
my $imap = $p->imap_login('alice');
$imap->command('SELECT INBOX');
like($imap->command('STORE 1 +FLAGS (\\Deleted)'), qr/OK/, 'delete here');
$imap->command('EXPUNGE');
$old->command('SELECT INBOX');
$old->command('STORE 5 +FLAGS (\\Flagged \\Answered)');
$old->command('CLOSE');
sync('old', 'postern');
%want = contents($old);
%have = contents($p->imap_login('alice'));
is(scalar keys %want, scalar keys %have, 'both have one less');
is(difference(\%want, \%have), '', 'both are the same');
like(join(' ', values %have), qr/Answered.*Flagged/, 'flags went along');


# key: folder and message; value: its flags, sorted, without \Recent
sub contents {
    my ($c) = @_;
    my %all;

    for my $folder (qw/ INBOX Archive /) {
        $c->command("EXAMINE $folder");
        for my $r ($c->command('FETCH 1:* (FLAGS BODY.PEEK[])')) {
            next unless $r =~ /FLAGS \(([^)]*)\)/;
            my $flags = join ' ', sort grep { $_ ne '\\Recent' } split ' ', $1;
            next unless $r =~ /BODY\[\] \{(\d+)\}\r\n/g;
            my $text = substr $r, pos $r, $1;

            # mbsync marks its copies with a line of its own.
            $text =~ s/^X-TUID: [^\r\n]*\r\n//m;
            $all{"$folder\0$text"} = $flags;
        }
    }

    return %all;
}


sub difference {
    my ($want, $have) = @_;
    my @bad;

    for my $key (keys %$want) {
        my $got = exists $have->{$key} ? $have->{$key} : 'missing';
        next if $got eq $want->{$key};
        my ($folder, $text) = split /\0/, $key;
        push @bad, "$folder: want ($want->{$key}) got ($got) "
            . substr $text, 0, 60;
    }

    return join "\n", splice @bad, 0, 5;
}


sub dovecot {
    my ($name) = @_;
    my $c = $p->imap(PeerAddr => "127.0.0.1:$port{$name}");

    $c->timeout(30);
    $c->login('alice@example.test', 'secret') or die "Dovecot refuses";
    return $c;
}


sub free_port {
    my $s = IO::Socket::INET->new(Listen => 1, LocalAddr => '127.0.0.1:0');

    return $s->sockport();
}


sub start_dovecot {
    my ($name) = @_;
    my $d = "$dir/$name";
    my ($uid, $gid) = (getpwnam('mail'))[2, 3];

    mkdir $_ or die "$_: $!" for $d, "$d/mail";
    chown $uid, $gid, "$d/mail";
    $port{$name} = free_port();

    $p->nginx()->write_file("$name/dovecot.conf", <<"EOF");
base_dir = $d/run
state_dir = $d/state
log_path = $d/log
protocols = imap
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
auth_username_format = %Ln
mail_location = sdbox:$d/mail/%n
mail_uid = $uid
mail_gid = $gid
first_valid_uid = 1
passdb {
  driver = static
  args = password=secret
}
userdb {
  driver = static
  args = uid=$uid gid=$gid home=$d/mail/%n allow_all_users=yes
}
service imap-login {
  inet_listener imap {
    port = $port{$name}
  }
  inet_listener imaps {
    port = 0
  }
}
EOF
    $p->nginx()->run_daemon('/usr/sbin/dovecot', '-F', '-c',
                            "$d/dovecot.conf");
    $p->nginx()->waitforsocket("127.0.0.1:$port{$name}")
        or die "Dovecot does not start\n";
}


sub sync {
    my ($from, $to) = @_;
    my $state = "$dir/state-$from-$to";

    mkdir $state;
    my $stores = join "\n", map {
        my $tls = $_ eq 'postern';
        my $port = $tls ? port(8993) : $port{$_};

        "IMAPAccount $_\nHost localhost\nPort $port\n"
        . "User alice\@example.test\nPass secret\nTimeout 60\n"
        . ($tls ? "SSLType IMAPS\nCertificateFile $dir/tls.crt\n"
                : "SSLType None\n")
        . "\nIMAPStore $_\nAccount $_\n"
    } $from, $to;

    $p->nginx()->write_file('mbsyncrc', <<"EOF");
$stores
Channel house
Far :$from:
Near :$to:
Patterns INBOX Archive
Create Near
Expunge Both
CopyArrivalDate yes
Sync All
SyncState $state/
EOF
    my $out = `HOME=$dir mbsync -c $dir/mbsyncrc house 2>&1`;
    diag("mbsync: $out") if $? != 0;
}
