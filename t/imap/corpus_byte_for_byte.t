#!/usr/bin/perl

# Every message of the corpus by APPEND, and those that mail can carry by
# LMTP: what comes back is what went in.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";

use Test::More;
use Test::Postern;

die "no corpus here: this test needs it\n" unless -f "$ENV{POSTERN_REF}/mail/INDEX.tsv";

my $p = Test::Postern->new(users => [qw/ alice bob /]);
$p->plan(5)->run();

my @messages;

open my $index, '<', "$ENV{POSTERN_REF}/mail/INDEX.tsv" or die $!;
while (<$index>) {
    my ($file, $role) = split /\t/;
    next unless $role eq 'input';
    open my $f, '<:raw', "$ENV{POSTERN_REF}/mail/$file" or next;
    local $/;
    my $text = <$f>;
    push @messages, [ $file, $text ] if defined $text && length $text;
}
cmp_ok(scalar @messages, '>', 700, 'messages');

sub body {
    my ($imap, $item) = @_;
    my $reply = $imap->command($item);
    return unless $reply =~ /BODY\[\] \{(\d+)\}\r\n/;
    return substr($reply, $+[0], $1);
}

my $imap = $p->imap_login('alice');
$imap->timeout(60);
$imap->command('SELECT INBOX');

my ($refused, $wrong) = (0, 0);
for my $m (@messages) {
    my $size = length $m->[1];
    $imap->print("x APPEND INBOX {$size+}\r\n$m->[1]\r\n");
    my $line;
    do { $line = $imap->response() } while defined $line && $line !~ /^x /;
    $refused++, next unless ($line || '') =~ /^x OK/;

    my $got = body($imap, 'FETCH * BODY.PEEK[]');
    next if defined $got && $got eq $m->[1];
    $wrong++;
    diag("$m->[0] differs");
}
is($refused, 0, 'all taken by APPEND');
is($wrong, 0, 'all came back as they were');

# Text with CRLF lines, as SMTP carries it; the server puts fields before it.

my @mail = grep { $_->[1] !~ /\0|(?<!\r)\n|\r(?!\n)/ && $_->[1] =~ /\r\n\z/ }
           @messages;
my $lmtp = $p->lmtp();
$lmtp->timeout(60);
$lmtp->read();
$lmtp->command('LHLO test');

for my $m (@mail) {
    my @replies = $lmtp->message('sender@elsewhere.test', 'bob@example.test',
                                 $m->[1], lmtp => 1);
    die "LMTP: @replies" unless ($replies[-1] || '') =~ /^250/;
}

$imap = $p->imap_login('bob');
$imap->timeout(60);
$imap->command('SELECT INBOX');
$wrong = 0;
for my $i (1 .. @mail) {
    my $got = body($imap, "FETCH $i BODY.PEEK[]");
    my ($name, $text) = @{ $mail[$i - 1] };
    next if defined $got && substr($got, -length $text) eq $text;
    $wrong++;
    diag("$name differs");
}
cmp_ok(scalar @mail, '>', 100, 'delivered by LMTP: ' . @mail);
is($wrong, 0, 'all came back as they were sent');
