#!/usr/bin/perl

# Python's imaplib does a whole task: folders, append, search, flags, copy,
# move, fetch, expunge.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";

use Test::More;
use Test::Postern;

die "no python3: this test needs it\n" if system('python3 -c "import imaplib"') != 0;

my $p = Test::Postern->new(users => [qw/ alice /]);
$p->plan(2)->run();

my $script = $p->testdir() . '/client.py';
open my $f, '>', $script or die $!;
print $f do { local $/; <DATA> };
close $f;

local $ENV{TZ} = 'UTC';
my $out = `python3 $script @{[ port(8143) ]} @{[ port(8993) ]} 2>&1`;
is($?, 0, 'the script ends well');
is($out, "all done\n", 'and says so');

__DATA__
import imaplib, ssl, sys, time

ctx = ssl.create_default_context()
ctx.check_hostname = False
ctx.verify_mode = ssl.CERT_NONE

m = imaplib.IMAP4('127.0.0.1', int(sys.argv[1]))
assert 'LOGINDISABLED' in m.capabilities
m.starttls(ctx)
assert 'AUTH=PLAIN' in m.capabilities
m.login('alice@example.test', 'secret')
assert 'IDLE' in m.capability()[1][0].decode()

def ok(result):
    assert result[0] == 'OK', result
    return result[1]

ok(m.create('Work/Projects'))
ok(m.subscribe('Work/Projects'))
names = b' '.join(ok(m.list()))
assert b'Work/Projects' in names and b'INBOX' in names, names
assert b'Calendar' not in names, names
ok(m.rename('Work/Projects', 'Work/Done'))
assert any(b'Work/Done' in n for n in ok(m.lsub('""', '*')))

for i in range(1, 11):
    text = 'Subject: number %d\r\nFrom: a@x.test\r\n\r\nbody %d\r\n' % (i, i)
    when = imaplib.Time2Internaldate(1577836800 + i * 86400)
    r = ok(m.append('INBOX', '(\\Seen)' if i % 2 else '', when, text.encode()))
    assert b'APPENDUID' in r[0], r

assert ok(m.select('INBOX')) == [b'10']
assert ok(m.search(None, 'UNSEEN')) == [b'2 4 6 8 10']
assert ok(m.search('UTF-8', 'SUBJECT', '"number 1"')) == [b'1 10']
assert ok(m.search(None, 'SINCE', '5-Jan-2020', 'BEFORE', '7-Jan-2020')) \
    == [b'4 5']
assert ok(m.uid('SEARCH', 'BODY', 'body 7')) == [b'7']

r = ok(m.fetch('2', '(FLAGS BODY[])'))
assert r[0][1].endswith(b'body 2\r\n'), r
assert ok(m.search(None, 'UNSEEN')) == [b'4 6 8 10']
r = ok(m.fetch('3', '(BODY.PEEK[HEADER.FIELDS (SUBJECT)] RFC822.SIZE)'))
assert r[0][1] == b'Subject: number 3\r\n\r\n', r

ok(m.store('1:3', '+FLAGS', '(\\Flagged $Important)'))
assert ok(m.search(None, 'FLAGGED', 'KEYWORD', '$Important')) == [b'1 2 3']
r = ok(m.copy('1:3', 'Work/Done'))
assert b'COPYUID' in r[0], r
ok(m.uid('MOVE', '4:5', 'Work/Done'))
ok(m.store('1', '+FLAGS.SILENT', '(\\Deleted)'))
assert ok(m.expunge())[-1:] == [b'1']
assert m.copy('1', 'Nowhere')[0] == 'NO'
assert ok(m.status('Work/Done', '(MESSAGES UNSEEN)')) \
    == [b'Work/Done (MESSAGES 5 UNSEEN 1)'], m.status('Work/Done', '(MESSAGES UNSEEN)')
ok(m.close())
ok(m.delete('Work/Done'))
ok(m.delete('Work'))
m.logout()

s = imaplib.IMAP4_SSL('127.0.0.1', int(sys.argv[2]), ssl_context=ctx)
s.authenticate('PLAIN', lambda _: b'\0alice@example.test\0secret')
assert ok(s.select('INBOX', readonly=True)) == [b'7']
assert s.state == 'SELECTED'
s.logout()
print('all done')
