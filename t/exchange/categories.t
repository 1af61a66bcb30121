#!/usr/bin/perl

# Categories are IMAP keywords: what one protocol sets, all three read.  A name
# that cannot be a keyword has an atom of its own; keywords of mail programs
# are no categories.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";

use Test::More;
use Test::Postern;
use Test::Postern::EWS;
use Test::Postern::MAPI;

use constant { SUBJECT => 0x0037001f, MID => 0x674a0014 };

my $p = ews_site(users => [qw/ alice /], postern => "workers 2;\n"
                 . "clear_text_auth on;");
$p->{http} .= 'location /mapi/emsmdb/ { postern_mapi; }';
$p->plan(26)->run();

my $imap = $p->imap_login('alice');
my $ews = Test::Postern::EWS->new('alice');
my $mapi = Test::Postern::MAPI->new($p, 'alice');
$mapi->connect();
my $logon = $mapi->logon();
my $inbox = $logon->{folder_ids}[4];

$p->deliver('alice', "From: ada\@example.org\r\nTo: alice\@example.test\r\n"
            . "Subject: one\r\n\r\nbody\r\n");

# PidNameKeywords
my $ps_public_strings = pack 'V v v C8', 0x00020329, 0, 0, 0xc0, 0, 0, 0, 0,
    0, 0, 0x46;
my ($r) = $mapi->rops([ $logon->{handle} ],
    rop('GetPropertyIdsFromNames', flags => 2,
        names => [ [ $ps_public_strings, 'Keywords' ] ]));
my $tag = $r->{ids}[0] << 16 | 0x101f;

sub message_id {
    my @columns = (SUBJECT, MID);
    my @r = $mapi->rops([ $logon->{handle}, NONE, NONE ],
        rop('OpenFolder', in => 0, out => 1, folder_id => $inbox),
        rop('GetContentsTable', in => 1, out => 2),
        rop('SetColumns', in => 2, tags => \@columns),
        rop('QueryRows', in => 2, forward => 1, row_count => 5),
        rop('Release', in => 2), rop('Release', in => 1),
        { columns => \@columns });
    return $r[3]{rows}[0]{+MID};
}

sub by_mapi {
    my @r = $mapi->rops([ $logon->{handle}, NONE ],
        rop('OpenMessage', in => 0, out => 1, code_page => 0x0fff,
            folder_id => $inbox, message_id => message_id()),
        rop('GetPropertiesSpecific', in => 1, want_unicode => 1,
            tags => [ $tag ]),
        rop('Release', in => 1), { columns => [ $tag ] });
    my $v = $r[1]{row}{$tag};
    return ref $v eq 'ARRAY' ? join ';', @$v : '';
}

# a column of a table, too
sub by_table {
    my @columns = (SUBJECT, $tag);
    my @r = $mapi->rops([ $logon->{handle}, NONE, NONE ],
        rop('OpenFolder', in => 0, out => 1, folder_id => $inbox),
        rop('GetContentsTable', in => 1, out => 2),
        rop('SetColumns', in => 2, tags => \@columns),
        rop('QueryRows', in => 2, forward => 1, row_count => 5),
        rop('Release', in => 2), rop('Release', in => 1),
        { columns => \@columns });
    my $v = $r[3]{rows}[0]{$tag};
    return ref $v eq 'ARRAY' ? join ';', @$v : '';
}

sub item { return ($ews->find('inbox')->ids('t:ItemId'))[0]; }

sub by_ews {
    my $r = $ews->get(item(), 'IdOnly', 'item:Categories');
    my ($list) = $r->xml =~ m{<t:Categories>(.*?)</t:Categories>}s;
    return join ';', ($list || '') =~ m{<t:String>(.*?)</t:String>}g;
}

sub by_imap {
    $imap->command('NOOP');
    my ($flags) = join('', $imap->command('FETCH 1 FLAGS'))
        =~ /FLAGS \((.*?)\)/;
    return join ' ', sort grep { !/^\\/ } split ' ', $flags;
}

sub all_see {
    my ($want, $what) = @_;
    is(by_mapi(), $want, "$what: MAPI");
    is(by_table(), $want, "$what: a table");
    is(by_ews(), $want, "$what: EWS");
}

$imap->command('SELECT INBOX');
$imap->command('STORE 1 +FLAGS (Work $Forwarded NonJunk)');
all_see('Work', 'IMAP sets');
is(by_imap(), '$Forwarded NonJunk Work', 'IMAP');

$ews->update(item(), 'item:Categories' => '<t:Categories><t:String>Red Day'
    . '</t:String><t:String>Work</t:String></t:Categories>');
all_see('Red Day;Work', 'EWS sets');
like(by_imap(), qr/^\$Forwarded NonJunk Red_Day-[0-9a-f]{8} Work$/, 'IMAP');
my ($atom) = by_imap() =~ /(Red_Day-\w+)/;

$mapi->rops([ $logon->{handle}, NONE ],
    rop('OpenMessage', in => 0, out => 1, code_page => 0x0fff,
        folder_id => $inbox, message_id => message_id(), flags => 1),
    rop('SetProperties', in => 1, values => [ [ $tag,
        [ 'Zoo', 'RED DAY', 'Work' ] ] ]),
    rop('SaveChangesMessage', in => 0, second => 1, flags => 2),
    rop('Release', in => 1));
all_see('Zoo;RED DAY;Work', 'MAPI sets');
is(by_imap(), "\$Forwarded NonJunk $atom Work Zoo", 'IMAP: the same keyword');

$imap->command("STORE 1 -FLAGS (Work $atom)");
all_see('Zoo', 'IMAP removes');
$imap->command("STORE 1 +FLAGS ($atom Later)");
all_see('Zoo;RED DAY;Later', 'IMAP adds');

$ews->update(item(), 'item:Categories' => undef);
all_see('', 'EWS removes');
is(by_imap(), '$Forwarded NonJunk', 'IMAP keeps what is no category');

# it is the same for who looks later
my $other = $p->imap_login('alice');
$other->command('SELECT INBOX');
$ews->update(item(), 'item:Categories' => '<t:Categories><t:String>New one'
    . '</t:String></t:Categories>');
like(join('', $other->command('NOOP')), qr/FETCH .*New_one-[0-9a-f]{8}/s,
     'an IMAP session hears of it');
$imap->command('STORE 1 FLAGS ()');
all_see('', 'IMAP sets none');
