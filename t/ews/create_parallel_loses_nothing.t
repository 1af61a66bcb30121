#!/usr/bin/perl

# Five clients create items in one mailbox at once, of properties and with MIME
# of their own, a broken document between them: each NoError is an item.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";

use MIME::Base64 qw/ encode_base64 /;
use POSIX ();
use Test::More;
use Test::Postern;
use Test::Postern::EWS;

my $p = ews_site(users => ['alice']);
$p->plan(4)->run();

my ($streams, $each) = (5, 20);
my @pids;


sub mime {
    my ($name) = @_;

    return "Subject: $name\r\nMIME-Version: 1.0\r\nContent-Type: text/plain"
        . "\r\n\r\n" . ("what $name says\r\n" x 300);
}


for my $s (1 .. $streams) {
    my $pid = fork();
    die "fork: $!" unless defined $pid;

    if ($pid == 0) {
        my $e = Test::Postern::EWS->new('alice');
        my $bad = 0;

        for my $n (1 .. $each) {
            my $item = $n % 2
                ? '<t:Message><t:MimeContent>'
                    . encode_base64(mime("$s-$n"), '')
                    . '</t:MimeContent></t:Message>'
                : message(subject => "$s-$n", body => "what $s-$n says");

            $bad++ if $e->create('SaveOnly', $item)->code ne 'NoError';
            $bad++ if $n == 5 && $e->create('SaveOnly', '<t:Message>')->status
                                 == 200;
        }

        POSIX::_exit($bad ? 1 : 0);
    }

    push @pids, $pid;
}

my $bad = 0;
for my $pid (@pids) {
    waitpid($pid, 0);
    $bad++ if $?;
}
is($bad, 0, 'all were created, the broken ones refused');

my $imap = $p->imap_login('alice');
$imap->timeout(30);
$imap->command('SELECT Drafts');

my $all = $imap->command('FETCH 1:* (BODY.PEEK[])');
my (%seen, $wrong);

while ($all =~ /^\* \d+ FETCH \(BODY\[\] \{(\d+)\}\r\n/mg) {
    my $text = substr $all, pos $all, $1;
    my ($s, $n) = $text =~ /^Subject: (\d+)-(\d+)\r\n/m or next;

    $seen{"$s-$n"}++;
    $wrong++ if $n % 2 ? $text ne mime("$s-$n") : $text !~ /what $s-$n says/;
}

is(scalar keys %seen, $streams * $each, 'all are there');
is(scalar(grep { $_ != 1 } values %seen), 0, 'each once');
ok(!$wrong, 'as they were given');
