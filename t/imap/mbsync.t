#!/usr/bin/perl

# isync keeps a Maildir and the mailbox alike: new mail, flags, deletions and
# folders, in both directions.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";

use Test::More;
use Test::Postern;

die "no mbsync: this test needs it\n" if system('mbsync --version >/dev/null 2>&1');

my $p = Test::Postern->new(users => [qw/ alice /]);
$p->plan(17)->run();

my $dir = $p->testdir();
mkdir "$dir/mail" or die $!;
write_file("$dir/mbsyncrc", <<"EOF");
IMAPStore far
Host localhost
Port ${\ port(8993) }
User alice\@example.test
Pass secret
SSLType IMAPS
CertificateFile $dir/tls.crt

MaildirStore near
Path $dir/mail/
Inbox $dir/mail/INBOX
SubFolders Verbatim

Channel all
Far :far:
Near :near:
Patterns *
Create Both
Remove Both
Expunge Both
SyncState $dir/state-
EOF

my $imap = $p->imap_login('alice');
$p->deliver('alice', message($_)) for 1 .. 20;
$imap->command('CREATE Work/Projects');
my $text = message('in a folder');
$imap->command('APPEND Work/Projects (\\Flagged) {' . length($text) . '}',
               $text);

is(sync(), 0, 'first run');
is(scalar files('INBOX'), 20, 'the Inbox came');
my ($file) = files('Work/Projects');
ok(defined $file, 'the folder came');
like($file, qr/:2,F\z/, 'with the flag');
is(read_file($file) =~ s/^X-TUID:.*\r?\n//mr, $text =~ s/\r\n/\n/gr,
   'and the text');

# near: read one, remove one, add one, a new folder
my @files = sort { number($a) <=> number($b) } files('INBOX');
rename $files[0], $files[0] =~ s/\/new\//\/cur\//r =~ s/(?::2,\w*)?\z/:2,S/r;
rename $files[1], $files[1] =~ s/\/new\//\/cur\//r =~ s/(?::2,\w*)?\z/:2,T/r;
write_file("$dir/mail/INBOX/cur/1.near:2,RS", message('near') =~ s/\r//gr);
mkdir "$dir/mail/Near" or die $!;
mkdir "$dir/mail/Near/$_" or die $! for qw/ cur new tmp /;
write_file("$dir/mail/Near/cur/2.near:2,", message('new') =~ s/\r//gr);

is(sync(), 0, 'second run');
like(scalar $imap->command('STATUS INBOX (MESSAGES UNSEEN)'),
     qr/MESSAGES 20 UNSEEN 18/, 'read, removed, added');
like(scalar $imap->command('STATUS Near (MESSAGES)'), qr/MESSAGES 1\)/,
     'the new folder');
$imap->command('SELECT INBOX');
like(scalar $imap->command('SEARCH ANSWERED SUBJECT near'),
     qr/^\* SEARCH 20\r$/m, 'its flags');
like(scalar $imap->command('SEARCH SUBJECT "number 2."'),
     qr/^\* SEARCH\r$/m, 'the right one is gone');

# far: flags, a deletion, a folder gone
$imap->command('UID STORE 5 +FLAGS (\\Answered \\Seen)');
$imap->command('UID STORE 6 +FLAGS (\\Deleted)');
$imap->command('EXPUNGE');
$imap->command('SELECT Near');
$imap->command('STORE 1 +FLAGS (\\Deleted)');
$imap->command('CLOSE');

is(sync(), 0, 'third run');
is(scalar files('INBOX'), 19, 'the deletion came');
is(scalar(grep { /:2,RS\z/ && number($_) == 5 } files('INBOX')), 1,
   'the flags came');
is(scalar files('Near'), 0, 'and the other deletion');

my $before = $imap->command('STATUS INBOX (MESSAGES UIDNEXT)');
is(sync(), 0, 'fourth run');
is($imap->command('STATUS INBOX (MESSAGES UIDNEXT)') =~ s/^p\d+.*//mr,
   $before =~ s/^p\d+.*//mr, 'nothing to do');
is(scalar files('INBOX'), 19, 'on both sides');


sub message {
    my ($n) = @_;

    return "From: a\@x.test\r\nTo: alice\@example.test\r\n"
        . "Subject: number $n.\r\nMessage-ID: <" . ($n =~ s/ /-/gr)
        . "\@x.test>\r\n\r\nbody $n\r\n";
}


sub sync {
    my $out = `mbsync -c $dir/mbsyncrc all 2>&1`;
    diag($out) if $?;
    return $? >> 8;
}


sub files {
    my ($folder) = @_;
    my @files = glob "$dir/mail/$folder/{cur,new}/*";
    return @files;
}


sub number {
    my ($name) = @_;
    return read_file($name) =~ /^Subject: number (\d+)\./m ? $1 : 0;
}


sub read_file {
    my ($name) = @_;

    open my $f, '<:raw', $name or die "$name: $!";
    local $/;
    return scalar <$f>;
}


sub write_file {
    my ($name, $data) = @_;

    open my $f, '>:raw', $name or die "$name: $!";
    print $f $data;
    close $f;
}
