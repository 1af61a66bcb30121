#!/usr/bin/perl

# Mail without Thread-Index belongs to the conversation of what it names, for
# EWS and for MAPI: renamed answers, one that comes before its parent, answers
# by EWS and by IMAP.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";

use Test::More;
use Test::Postern;
use Test::Postern::EWS;
use Test::Postern::MAPI;

use constant { SUBJECT => 0x0037001f, CONVERSATION => 0x30130102,
               INDEX => 0x00710102 };

my $p = ews_site(users => [qw/ alice /], postern => "workers 2;\n"
                 . "clear_text_auth on;");
$p->{http} .= 'location /mapi/emsmdb/ { postern_mapi; }';
$p->plan(13)->run();

my $ews = Test::Postern::EWS->new('alice');
my $mapi = Test::Postern::MAPI->new($p, 'alice');
$mapi->connect();
my $logon = $mapi->logon();

sub mail {
    my ($id, $subject, $refs) = @_;
    return "From: ada\@example.org\r\nTo: alice\@example.test\r\n"
        . "Message-ID: <$id\@example.org>\r\n"
        . ($refs ? "References: $refs\r\n" : '')
        . "Subject: $subject\r\n\r\nbody\r\n";
}

sub by_mapi {
    my @columns = (SUBJECT, CONVERSATION, INDEX);
    my @r = $mapi->rops([ $logon->{handle}, NONE, NONE ],
        rop('OpenFolder', in => 0, out => 1,
            folder_id => $logon->{folder_ids}[4]),
        rop('GetContentsTable', in => 1, out => 2),
        rop('SetColumns', in => 2, tags => \@columns),
        rop('QueryRows', in => 2, forward => 1, row_count => 50),
        rop('Release', in => 2), rop('Release', in => 1),
        { columns => \@columns });
    return map { ($_->{+SUBJECT} => $_) } @{ $r[3]{rows} || [] };
}

sub by_ews {
    my ($folder) = @_;
    my %of;
    for my $id ($ews->find($folder)->ids('t:ItemId')) {
        my $r = $ews->get($id, 'IdOnly', 'item:Subject',
                          'item:ConversationId');
        $of{ $r->get('t:Subject') } = [ $r->ids('t:ConversationId'), $id ];
    }
    return %of;
}

$p->deliver('alice', mail(@$_)) for
    [ 'one', 'Plans' ],
    [ 'two', 'Something else', '<one@example.org>' ],
    [ 'four', 'Early', '<three@example.org>' ],
    [ 'three', 'Late' ],
    [ 'five', 'Alone' ];

my %m = by_mapi();
my %e = by_ews('inbox');

is(scalar keys %m, 5, 'five messages');
is($m{'Something else'}{+CONVERSATION}, $m{Plans}{+CONVERSATION},
   'PidTagConversationId of a renamed answer');
is(substr($m{'Something else'}{+INDEX}, 0, 22), $m{Plans}{+INDEX},
   'below the index of its parent');
is(length $m{'Something else'}{+INDEX}, 27, 'one level');
is($m{Early}{+CONVERSATION}, $m{Late}{+CONVERSATION},
   'of one that came before its parent');
isnt($m{Alone}{+CONVERSATION}, $m{Plans}{+CONVERSATION}, 'not of others');
is($e{'Something else'}[0], $e{Plans}[0], 'ConversationId');
is($e{Early}[0], $e{Late}[0], 'of the late one, too');
isnt($e{Alone}[0], $e{Plans}[0], 'not of others');

my $r = $ews->create('SendAndSaveCopy', '<t:ReplyToItem><t:ReferenceItemId Id="'
    . $e{'Something else'}[1] . '"/><t:NewBodyContent BodyType="Text">yes'
    . '</t:NewBodyContent></t:ReplyToItem>', 'sentitems');
is($r->code, 'NoError', 'ReplyToItem');
my %sent = by_ews('sentitems');
is($sent{'RE: Something else'}[0], $e{Plans}[0], 'its copy is among them');

my $imap = $p->imap_login('alice');
my $copy = mail('six', 'Renamed again', '<one@example.org> <two@example.org>');
like(join('', $imap->command("APPEND \"Sent Items\" {" . length($copy) . '}',
     $copy)), qr/ OK /, 'APPEND');
%sent = by_ews('sentitems');
is($sent{'Renamed again'}[0], $e{Plans}[0], 'among them');
