#!/usr/bin/perl

# PermissionSet of folders: told by GetFolder, set by CreateFolder and
# UpdateFolder, as a level or piece by piece; it holds at once.  The calendar's
# has free/busy.  EffectiveRights are those of who asks.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";

use Test::More;
use Test::Postern;
use Test::Postern::EWS;

my $p = ews_site(users => [qw/ alice bob carol /]);
$p->plan(39)->run();
$p->deliver('alice', "From: ada\@example.org\r\nSubject: one\r\n\r\nx\r\n");

my $e = Test::Postern::EWS->new('alice');
my $b = Test::Postern::EWS->new('bob');

sub of_alice {
    return qq{<t:DistinguishedFolderId Id="$_[0]"><t:Mailbox><t:EmailAddress>}
        . 'alice@example.test</t:EmailAddress></t:Mailbox>'
        . '</t:DistinguishedFolderId>';
}

sub get {
    my ($client, $folder, $shape) = @_;
    return $client->call('<m:GetFolder>'
        . shape('Folder', $shape || 'IdOnly', 'folder:PermissionSet',
                'folder:EffectiveRights')
        . "<m:FolderIds>$folder</m:FolderIds></m:GetFolder>");
}

# Member and level of each entry, Default and Anonymous first.
sub told {
    my ($r) = @_;
    my @all = map {
        my ($who) = m{<t:(?:PrimarySmtpAddress|DistinguishedUser)>([^<@]+)};
        my ($level) = m{<t:(?:Calendar)?PermissionLevel>(\w+)};
        "$who:$level"
    } $r->xml =~ m{<t:(?:Calendar)?Permission>.*?</t:(?:Calendar)?Permission>}gs;
    return join ' ', splice(@all, 0, 2), sort @all;
}

sub user {
    return '<t:UserId>' . ($_[0] =~ /@/
        ? "<t:PrimarySmtpAddress>$_[0]</t:PrimarySmtpAddress>"
        : "<t:DistinguishedUser>$_[0]</t:DistinguishedUser>") . '</t:UserId>';
}

# Entries: [who, level, elements before it].
sub set_of {
    my ($cal, @entries) = @_;
    return "<t:PermissionSet><t:${cal}Permissions>" . join('', map {
        my ($who, $level, $more) = @$_;
        "<t:${cal}Permission>" . user($who) . ($more || '')
        . "<t:${cal}PermissionLevel>$level</t:${cal}PermissionLevel>"
        . "</t:${cal}Permission>"
    } @entries) . "</t:${cal}Permissions></t:PermissionSet>";
}

sub update {
    my ($client, $folder, $set, $element) = @_;
    $element ||= 'Folder';
    return $client->call('<m:UpdateFolder><m:FolderChanges><t:FolderChange>'
        . "$folder<t:Updates><t:SetFolderField><t:FieldURI"
        . " FieldURI=\"folder:PermissionSet\"/><t:$element>$set</t:$element>"
        . '</t:SetFolderField></t:Updates></t:FolderChange>'
        . '</m:FolderChanges></m:UpdateFolder>');
}

my $inbox = of_alice('inbox');
my $r = get($e, $inbox);
is($r->code, 'NoError', 'GetFolder');
is(told($r), 'Default:None Anonymous:None', 'at first nobody has anything');
is($r->get('t:CreateContents'), 'true', 'EffectiveRights of its owner');
is(get($b, $inbox)->code, 'ErrorAccessDenied', 'bob is not let in');

is(update($e, $inbox, set_of('', [ 'bob@example.test', 'Reviewer' ]))->code,
   'NoError', 'UpdateFolder');
$r = get($e, $inbox);
is(told($r), 'Default:None Anonymous:None bob:Reviewer', 'is told');
like($r->xml, qr{<t:DisplayName>}, 'with a name');
like($r->xml, qr{<t:ReadItems>FullDetails</t:ReadItems>}, 'and its rights');

ok((wait_for {; ($r = get($b, $inbox))->code eq 'NoError' } 5),
   'bob is let in');
is($r->get('t:Read'), 'true', 'he reads');
is($r->get('t:CreateContents'), 'false', 'and makes nothing');
is($r->get('t:Modify'), 'false', 'nor changes the folder');
is($r->get('t:ViewPrivateItems'), 'false', 'nor sees what is private');
is(update($b, $inbox, set_of('', [ 'bob@example.test', 'Owner' ]))->code,
   'ErrorAccessDenied', 'nor the list');

for my $level (qw/ Owner PublishingEditor Editor PublishingAuthor Author
                   NoneditingAuthor Reviewer Contributor None /)
{
    update($e, $inbox, set_of('', [ 'carol@example.test', $level ],
                              [ 'Default', 'None' ]));
    is((split ' ', told(get($e, $inbox)))[2], "carol:$level", $level);
}

is(get($b, $inbox)->code, 'ErrorAccessDenied', 'who is not named is out');

my $custom = '<t:CanCreateItems>true</t:CanCreateItems>'
    . '<t:IsFolderVisible>true</t:IsFolderVisible>'
    . '<t:EditItems>Owned</t:EditItems><t:ReadItems>FullDetails</t:ReadItems>';
is(update($e, $inbox, set_of('', [ 'bob@example.test', 'Custom',
                                   $custom ]))->code, 'NoError', 'Custom');
$r = get($e, $inbox);
is((split ' ', told($r))[2], 'bob:Custom', 'is no level');
like($r->xml, qr{<t:EditItems>Owned</t:EditItems><t:DeleteItems>None<},
     'but its pieces');

# --- refused

is(update($e, $inbox, set_of('', [ 'bob@example.test', 'Reviewer',
       '<t:CanCreateItems>true</t:CanCreateItems>' ]))->code,
   'ErrorInvalidPermissionSettings', 'a level and what it is not');
is(update($e, $inbox, set_of('', [ 'nobody@example.test', 'Reviewer' ]))->code,
   'ErrorInvalidUserInfo', 'nobody');
is(update($e, $inbox, set_of('', [ 'bob@example.test', 'Reviewer' ],
                             [ 'bob@example.test', 'Author' ]))->code,
   'ErrorDuplicateUserIdsSpecified', 'somebody twice');
is(update($e, $inbox, set_of('Calendar', [ 'Default', 'FreeBusyTimeOnly' ]),
          'CalendarFolder')->code, 'ErrorInvalidPermissionSettings',
   'free/busy of what is no calendar');
is(told(get($e, $inbox)), 'Default:None Anonymous:None bob:Custom',
   'and all is as it was');

# --- the calendar

my $calendar = of_alice('calendar');
$r = get($e, $calendar);
is(told($r), 'Default:FreeBusyTimeOnly Anonymous:None', 'the calendar');
is(update($e, $calendar, set_of('Calendar',
       [ 'bob@example.test', 'FreeBusyTimeAndSubjectAndLocation' ],
       [ 'carol@example.test', 'Reviewer' ], [ 'Default', 'None' ]),
       'CalendarFolder')->code, 'NoError', 'UpdateFolder');
$r = get($e, $calendar);
is(told($r), 'Default:None Anonymous:None'
   . ' bob:FreeBusyTimeAndSubjectAndLocation carol:Reviewer', 'is told');
like($r->xml, qr{<t:ReadItems>TimeAndSubjectAndLocation<}, 'in its words');

# --- CreateFolder

$r = $e->call('<m:CreateFolder><m:ParentFolderId>'
    . folder_ids('msgfolderroot') . '</m:ParentFolderId><m:Folders><t:Folder>'
    . '<t:DisplayName>Shared</t:DisplayName>'
    . set_of('', [ 'bob@example.test', 'Editor' ])
    . '</t:Folder></m:Folders></m:CreateFolder>');
is($r->code, 'NoError', 'CreateFolder');
my ($shared) = $r->ids('t:FolderId');
is((split ' ', told(get($e, folder_ids($shared))))[2], 'bob:Editor',
   'with a PermissionSet');
$r = get($b, folder_ids($shared));
is($r->get('t:CreateContents'), 'true', 'which holds');
