package Test::Postern::Faces;

# Three clients of one mailbox, each with its own way to change it and to keep
# a copy of it: an IMAP client by uids, an EWS client by sync states, a MAPI
# client by tables.  All speak of folders by name and of messages by subject.
#
# do($what, $folder, ...): true when the server said that it was done, false
# when it said otherwise; dies when there was no answer.
# sync(): a Test::Postern::Model of what the client knows now.

use strict;
use warnings;

use Test::Postern::Model;


package Test::Postern::Faces::IMAP;

use MIME::QuotedPrint qw/ decode_qp /;

sub new {
    my ($class, $p, $user) = @_;
    return bless { p => $p, user => $user, box => {}, renewed => 0 }, $class;
}

sub imap {
    my ($self) = @_;
    return $self->{imap} ||= eval { $self->{p}->imap_login($self->{user}) }
        || die "no answer to LOGIN: $@";
}

sub drop {
    my ($self) = @_;
    delete @{$self}{qw/ imap selected /};
}

# The reply's text; dies when its tagged line is not there.
sub say {
    my ($self, @command) = @_;
    my $reply = $self->imap()->command(@command);

    if (!defined $reply || $reply !~ /^p\d+ (?:OK|NO|BAD)/m) {
        $self->drop();
        my $text = defined $reply ? $reply : 'nothing';
        die "no answer to @command: $text\n";
    }

    # the folder that it had selected is gone
    $self->drop() if $reply =~ /^\* BYE/m;
    return $reply;
}

sub done { return $_[0] =~ /^p\d+ OK/m ? 1 : 0 }

sub select {
    my ($self, $folder) = @_;

    return if ($self->{selected} || '') eq $folder;
    my $r = $self->say('SELECT ' . $self->path($folder));
    delete $self->{selected};
    die "SELECT $folder: $r\n" unless done($r);
    $self->{selected} = $folder;
    return $r;
}

# Paths by name, as of now.
sub tree {
    my ($self) = @_;
    return { map { m{^(?:.*/)?(INBOX|f\d+)\z} ? ($1 => $_) : () }
             $self->say('LIST "" "*"')
                 =~ m{^\* LIST [^"]*"/" "?([^"\r]*)"?\r$}mg };
}

sub path {
    my ($self, $folder) = @_;
    my $path = $folder eq 'INBOX' ? $folder : $self->tree()->{$folder}
        // die "IMAP does not see $folder\n";
    return qq{"$path"};
}

sub path_below {
    my ($self, $name, $parent) = @_;
    return qq{"$name"} if $parent eq 'top';
    return $self->path($parent) =~ s{"\z}{/$name"}r;
}

sub uid {
    my ($self, $folder, $key) = @_;

    $self->sync_folder($folder);
    for my $uid (keys %{ $self->{box}{$folder}{uids} }) {
        return $uid if $self->{box}{$folder}{uids}{$uid}{key} eq $key;
    }
    die "IMAP does not see $key in $folder\n";
}

my %imap = (
    add => sub {
        my ($self, $folder, $key, $m) = @_;
        my $raw = "From: a\@b.test\r\nSubject: $key\r\n\r\n$m->{body}\r\n";
        my $flags = join ' ', $m->{read} ? '\\Seen' : (),
            $m->{flagged} ? '\\Flagged' : ();
        my $date = $m->{old} ? '"09-Sep-2001 01:46:40 +0000" ' : '';
        return $self->say('APPEND ' . $self->path($folder)
                          . " ($flags) $date\{" . length($raw) . '}', $raw);
    },
    read => sub {
        my ($self, $folder, $key, $on) = @_;
        return $self->say('UID STORE ' . $self->uid($folder, $key)
                          . ($on ? ' +' : ' -') . 'FLAGS (\\Seen)');
    },
    flag => sub {
        my ($self, $folder, $key, $on) = @_;
        return $self->say('UID STORE ' . $self->uid($folder, $key)
                          . ($on ? ' +' : ' -') . 'FLAGS (\\Flagged)');
    },
    move => sub {
        my ($self, $folder, $key, $to) = @_;
        return $self->say('UID MOVE ' . $self->uid($folder, $key)
                          . ' ' . $self->path($to));
    },
    copy => sub {
        my ($self, $folder, $key, $to) = @_;
        return $self->say('UID COPY ' . $self->uid($folder, $key)
                          . ' ' . $self->path($to));
    },
    remove => sub {
        my ($self, $folder, $key) = @_;
        my $uid = $self->uid($folder, $key);
        $self->say("UID STORE $uid +FLAGS (\\Deleted)");
        return $self->say("UID EXPUNGE $uid");
    },
    mkdir => sub {
        my ($self, $name, $parent) = @_;
        return $self->say('CREATE ' . $self->path_below($name, $parent));
    },
    rename => sub {
        my ($self, $folder, $name) = @_;
        my $path = $self->path($folder);
        $self->select('INBOX');
        return $self->say("RENAME $path "
                          . $path =~ s{[^/"]+"\z}{$name"}r);
    },
    fmove => sub {
        my ($self, $folder, $parent) = @_;
        $self->select('INBOX');
        return $self->say('RENAME ' . $self->path($folder) . ' '
                          . $self->path_below($folder, $parent));
    },
    rmdir => sub {
        my ($self, $folder) = @_;
        $self->select('INBOX');
        return $self->say('DELETE ' . $self->path($folder));
    },
);

# What it deletes is gone for good, and it deletes no folder with others in it.
sub hard { return 1 }
sub leaves { return 1 }

sub can_do { return exists $imap{ $_[1] } }
sub do { my ($self, $what, @a) = @_; return done($imap{$what}->($self, @a)) }

# New uids are read once, for a uid names one message for ever.
sub sync_folder {
    my ($self, $folder) = @_;

    delete $self->{selected};
    my $r = $self->select($folder);
    my ($validity) = $r =~ /\[UIDVALIDITY (\d+)\]/;
    my $box = $self->{box}{$folder};

    if (!$box || $box->{validity} != $validity) {
        $self->{renewed}++ if $box;
        $box = $self->{box}{$folder} = { validity => $validity, uids => {} };
    }

    my (%there, @new);
    $r = $self->say('UID FETCH 1:* (FLAGS)');

    while ($r =~ /^\* \d+ FETCH \(([^\r\n]*)\)\r$/mg) {
        my $line = $1;
        my ($uid) = $line =~ /UID (\d+)/;
        my ($flags) = $line =~ /FLAGS \(([^)]*)\)/;
        $there{$uid} = $flags;
        push @new, $uid unless $box->{uids}{$uid};
    }

    for my $uid (keys %{ $box->{uids} }) {
        delete $box->{uids}{$uid} unless exists $there{$uid};
    }

    if (@new) {
        $r = $self->say('UID FETCH ' . join(',', @new) . ' (BODY.PEEK[])');
        while ($r =~ /^\* \d+ FETCH \(([^{]*)\{(\d+)\}\r\n/mg) {
            my ($front, $raw) = ($1, substr $r, pos $r, $2);
            my $tail = substr $r, pos($r) + length($raw), 40;
            my ($uid) = $front =~ /UID (\d+)/;
            ($uid) = $tail =~ /^ UID (\d+)/ unless defined $uid;
            my ($subject) = $raw =~ /^Subject: (.*?)\r$/m;
            my ($head, $body) = split /\r\n\r\n/, $raw, 2;
            # a conflict: what won, then the versions
            if ($head =~ m{^Content-Type: multipart/.*?boundary="?([^"\r;]+)}msi)
            {
                my @parts = split /\r\n--\Q$1\E(?:--)?\r\n/, "\r\n$body";
                ($head, $body) = split /\r\n\r\n/, $parts[1], 2;
            }
            $body = decode_qp($body) if $head =~
                /^Content-Transfer-Encoding: quoted-printable\r?$/mi;
            $box->{uids}{$uid} = { key => $subject, body => $body };
        }
    }

    for my $uid (keys %there) {
        my $m = $box->{uids}{$uid} or die "no message of uid $uid\n";
        $m->{read} = $there{$uid} =~ /\\Seen/ ? 1 : 0;
        $m->{flagged} = $there{$uid} =~ /\\Flagged/ ? 1 : 0;
    }
}

sub sync {
    my ($self) = @_;
    my $there = $self->tree();
    my $model = Test::Postern::Model->new();

    for my $folder (sort keys %$there) {
        my ($parent) = $there->{$folder} =~ m{([^/]+)/[^/]+\z};
        $model->folder_add($folder, $parent);
        $self->sync_folder($folder);
        for my $m (values %{ $self->{box}{$folder}{uids} }) {
            $model->items($folder)->{ $m->{key} } = { %$m };
        }
    }

    delete $self->{box}{$_} for grep { !$there->{$_} } keys %{ $self->{box} };
    return $model;
}


package Test::Postern::Faces::EWS;

sub hard { return 0 }
sub leaves { return 0 }

use Test::Postern::EWS;

my $STATUS = '<t:ExtendedFieldURI PropertyTag="0x1090"'
    . ' PropertyType="Integer"/>';

sub new {
    my ($class, $p, $user) = @_;
    return bless { p => $p, ews => Test::Postern::EWS->new($user),
                   folders => {}, items => {}, state => {}, renewed => 0 },
        $class;
}

sub drop { delete $_[0]{ews}{socket} }

# The reply; dies when there is none, or none of the store's.
sub call {
    my ($self, @a) = @_;
    my $r = eval { $self->{ews}->call(@a) };

    if (!$r || $r->xml !~ m{</s:Envelope>\s*\z}
        || $r->status != 200 && $r->status != 500
        || $r->code eq 'ErrorServerBusy'
        || $r->code eq 'ErrorInternalServerTransientError')
    {
        $self->drop();
        die 'no answer of EWS: ' . ($r ? $r->code : 'none') . "\n";
    }

    return $r;
}

sub folder {
    my ($self, $name) = @_;

    return 'inbox' if $name eq 'INBOX';
    return 'msgfolderroot' if $name eq 'top';
    $self->sync_folders() unless $self->{folders}{$name};
    return $self->{folders}{$name} || die "EWS does not see $name\n";
}

sub item {
    my ($self, $folder, $key) = @_;

    my $items = $self->sync_folder($self->folder($folder));
    my ($id) = grep { $items->{$_}{key} eq $key } keys %$items;
    return $id || die "EWS does not see $key in $folder\n";
}

sub update {
    my ($self, $folder, $key, $uri, $value) = @_;
    my $path = $uri =~ /^</ ? $uri : qq{<t:FieldURI FieldURI="$uri"/>};

    return $self->call('<m:UpdateItem MessageDisposition="SaveOnly"'
        . ' ConflictResolution="AlwaysOverwrite"><m:ItemChanges>'
        . '<t:ItemChange>' . item_ids($self->item($folder, $key))
        . "<t:Updates><t:SetItemField>$path<t:Message>$value</t:Message>"
        . '</t:SetItemField></t:Updates></t:ItemChange></m:ItemChanges>'
        . '</m:UpdateItem>');
}

sub status {
    my ($on) = @_;
    return "<t:ExtendedProperty>$STATUS<t:Value>" . ($on ? 2 : 0)
        . '</t:Value></t:ExtendedProperty>';
}

sub how { return $_[0] ? 'HardDelete' : 'SoftDelete' }

sub transfer {
    my ($self, $op, $folder, $key, $to) = @_;
    return $self->call("<m:$op><m:ToFolderId>" . folder_ids($self->folder($to))
        . '</m:ToFolderId><m:ItemIds>' . item_ids($self->item($folder, $key))
        . "</m:ItemIds></m:$op>");
}

my %ews = (
    add => sub {
        my ($self, $folder, $key, $m) = @_;
        return $self->call('<m:CreateItem MessageDisposition="SaveOnly">'
            . '<m:SavedItemFolderId>' . folder_ids($self->folder($folder))
            . '</m:SavedItemFolderId><m:Items>'
            . message(subject => $key, body => $m->{body},
                      extra => status($m->{flagged}),
                      message => '<t:IsRead>'
                      . ($m->{read} ? 'true' : 'false') . '</t:IsRead>')
            . '</m:Items></m:CreateItem>');
    },
    read => sub {
        my ($self, $folder, $key, $on) = @_;
        return $self->update($folder, $key, 'message:IsRead', '<t:IsRead>'
            . ($on ? 'true' : 'false') . '</t:IsRead>');
    },
    flag => sub {
        my ($self, $folder, $key, $on) = @_;
        return $self->update($folder, $key, $STATUS, status($on));
    },
    edit => sub {
        my ($self, $folder, $key, $body) = @_;
        return $self->update($folder, $key, 'item:Body',
            qq{<t:Body BodyType="Text">$body</t:Body>});
    },
    move => sub { my $self = shift; $self->transfer('MoveItem', @_) },
    copy => sub { my $self = shift; $self->transfer('CopyItem', @_) },
    remove => sub {
        my ($self, $folder, $key, $hard) = @_;
        return $self->call('<m:DeleteItem DeleteType="' . how($hard)
            . '"><m:ItemIds>'
            . item_ids($self->item($folder, $key))
            . '</m:ItemIds></m:DeleteItem>');
    },
    mkdir => sub {
        my ($self, $name, $parent) = @_;
        return $self->call('<m:CreateFolder><m:ParentFolderId>'
            . folder_ids($self->folder($parent)) . '</m:ParentFolderId><m:Folders>'
            . "<t:Folder><t:DisplayName>$name</t:DisplayName></t:Folder>"
            . '</m:Folders></m:CreateFolder>');
    },
    rename => sub {
        my ($self, $folder, $name) = @_;
        return $self->call('<m:UpdateFolder><m:FolderChanges><t:FolderChange>'
            . folder_ids($self->folder($folder)) . '<t:Updates>'
            . '<t:SetFolderField><t:FieldURI FieldURI="folder:DisplayName"/>'
            . "<t:Folder><t:DisplayName>$name</t:DisplayName></t:Folder>"
            . '</t:SetFolderField></t:Updates></t:FolderChange>'
            . '</m:FolderChanges></m:UpdateFolder>');
    },
    fmove => sub {
        my ($self, $folder, $parent) = @_;
        return $self->call('<m:MoveFolder><m:ToFolderId>'
            . folder_ids($self->folder($parent)) . '</m:ToFolderId>'
            . '<m:FolderIds>' . folder_ids($self->folder($folder))
            . '</m:FolderIds></m:MoveFolder>');
    },
    rmdir => sub {
        my ($self, $folder, $hard) = @_;
        return $self->call('<m:DeleteFolder DeleteType="' . how($hard)
            . '"><m:FolderIds>' . folder_ids($self->folder($folder))
            . '</m:FolderIds></m:DeleteFolder>');
    },
);

sub can_do { return exists $ews{ $_[1] } }

sub do {
    my ($self, $what, @a) = @_;
    return $ews{$what}->($self, @a)->code eq 'NoError' ? 1 : 0;
}

# A state that is refused: from the beginning.  The new one is the client's
# when it has taken in what the replies say: keep_state().
sub pages {
    my ($self, $of, $request, $begin) = @_;
    my $state = $self->{state}{$of};
    my @replies;

    while (1) {
        my $r = $self->call($request->(defined $state
            ? "<m:SyncState>$state</m:SyncState>" : ''));

        if ($r->code eq 'ErrorInvalidSyncStateData' && defined $state) {
            delete $self->{state}{$of};
            undef $state;
            $self->{renewed}++;
            @replies = ();
            $begin->();
            next;
        }

        die "$of: " . $r->code . "\n" unless $r->code eq 'NoError';
        push @replies, $r;
        $state = $self->{next}{$of} = $r->get('m:SyncState');
        return @replies if ($r->get('m:IncludesLastItemInRange')
            || $r->get('m:IncludesLastFolderInRange')) eq 'true';
    }
}

sub keep_state {
    my ($self, $of) = @_;
    $self->{state}{$of} = delete $self->{next}{$of};
}

sub sync_folders {
    my ($self) = @_;
    my $names = $self->{names} ||= {};

    for my $r ($self->pages('hierarchy', sub {
        return '<m:SyncFolderHierarchy>' . shape('Folder', 'IdOnly',
            'folder:DisplayName', 'folder:ParentFolderId')
            . '<m:SyncFolderId>' . folder_ids('msgfolderroot')
            . "</m:SyncFolderId>$_[0]</m:SyncFolderHierarchy>";
    }, sub { %$names = () })) {
        my $xml = $r->xml;
        while ($xml =~ m{<t:(Create|Update|Delete)>(.*?)</t:\1>}sg) {
            my ($kind, $text) = ($1, $2);
            my ($id) = $text =~ /<t:FolderId Id="([^"]*)"/;
            my ($parent) = $text =~ /<t:ParentFolderId Id="([^"]*)"/;
            my ($name) = $text =~ m{<t:DisplayName>([^<]*)<};
            delete $names->{$id};
            $names->{$id} = [ $name, $parent ] if $kind ne 'Delete';
        }
    }

    $self->keep_state('hierarchy');
    $self->{folders} = { map { $names->{$_}[0] => $_ }
                         grep { $names->{$_}[0] =~ /^f\d+\z/ }
                         keys %$names };

    # what is gone has no state
    for my $id (keys %{ $self->{items} }) {
        next if $id eq 'inbox' || $names->{$id};
        delete $self->{items}{$id};
        delete $self->{state}{"items of $id"};
    }
}

sub sync_folder {
    my ($self, $id) = @_;
    my $items = $self->{items}{$id} ||= {};
    my @changed;

    for my $r ($self->pages("items of $id", sub {
        return '<m:SyncFolderItems>' . shape('Item', 'IdOnly')
            . '<m:SyncFolderId>' . folder_ids($id) . "</m:SyncFolderId>$_[0]"
            . '<m:MaxChangesReturned>7</m:MaxChangesReturned>'
            . '</m:SyncFolderItems>';
    }, sub { %$items = (); @changed = () })) {
        my $xml = $r->xml;
        while ($xml =~
               m{<t:(Create|Update|Delete|ReadFlagChange)>(.*?)</t:\1>}sg)
        {
            my ($kind, $text) = ($1, $2);
            my ($item) = $text =~ /<t:ItemId Id="([^"]*)"/;

            if ($kind eq 'Delete') {
                delete $items->{$item};
                @changed = grep { $_ ne $item } @changed;
            } elsif ($kind eq 'ReadFlagChange') {
                $items->{$item}{read} = $text =~ /<t:IsRead>true</ ? 1 : 0;
            } else {
                push @changed, $item;
            }
        }
    }

    for my $item (@changed) {
        my $r = $self->call('<m:GetItem>' . shape('Item', 'IdOnly',
            '<!<t:BodyType>Text</t:BodyType>', 'item:Subject', 'item:Body',
            'message:IsRead', $STATUS) . '<m:ItemIds>' . item_ids($item)
            . '</m:ItemIds></m:GetItem>');
        next if $r->code eq 'ErrorItemNotFound';
        die "GetItem: " . $r->code . "\n" unless $r->code eq 'NoError';
        $items->{$item} = {
            key => $r->get('t:Subject'), body => $r->get('t:Body'),
            read => $r->get('t:IsRead') eq 'true' ? 1 : 0,
            flagged => ($r->get('t:Value') || 0) == 2 ? 1 : 0,
        };
    }

    $self->keep_state("items of $id");
    return $items;
}

sub sync {
    my ($self) = @_;

    $self->sync_folders();
    my $model = Test::Postern::Model->new();
    my %name = reverse %{ $self->{folders} };

    for my $folder ('INBOX', sort keys %{ $self->{folders} }) {
        my $id = $self->folder($folder);
        $model->folder_add($folder, $id eq 'inbox' ? undef
                           : $name{ $self->{names}{$id}[1] });
        $model->items($folder)->{ $_->{key} } = { %$_ }
            for values %{ $self->sync_folder($id) };
    }

    return $model;
}


package Test::Postern::Faces::MAPI;

sub hard { return 0 }
sub leaves { return 0 }

use Test::Postern::MAPI;

use constant {
    SUBJECT => 0x0037001f, FLAGS => 0x0e070003, FLAG_STATUS => 0x10900003,
    BODY => 0x1000001f, MID => 0x674a0014, FID => 0x67480014,
    NAME => 0x3001001f, PARENT => 0x67490014, DEPTH => 4,
};

Test::Postern::MAPI::define_rops(<<'ROPS');
MoveFolder | 35 | dest:u8 async:u8 unicode:u8 folder_id:u64 name:str16z | partial:u8
HardDeleteMessages | 91 | async:u8 notify:u8 ids:ids16 | partial:u8
ROPS

sub new {
    my ($class, $p, $user) = @_;
    return bless { p => $p, user => $user, renewed => 0 }, $class;
}

sub drop { delete @{ $_[0] }{qw/ mapi logon /} }

sub rops {
    my ($self, $handles, @rops) = @_;

    my @r = eval {
        if (!$self->{mapi}) {
            my $m = Test::Postern::MAPI->new($self->{p}, $self->{user});
            die 'connect' if ($m->connect()->{code} // -1) ne '0';
            my $l = $m->logon($self->logon_args());
            die sprintf 'logon %x %s', $l ? $l->{error} : 0,
                join ' ', map { "$_=" . ($m->{last}{$_} // '') }
                sort keys %{ $m->{last} }
                if !$l || $l->{error};
            @{$self}{qw/ mapi logon /} = ($m, $l);
        }
        $self->{mapi}->rops([ $self->{logon}{handle}, (NONE) x $handles ],
                            @rops);
    };

    if (!@r) {
        $self->drop();
        die "no answer of MAPI: $@\n";
    }

    return @r;
}

sub logon_args { return () }

sub tree { my ($self) = @_; $self->rops(0, rop('GetStoreState'));
           return $self->{logon}{folder_ids} }

sub folders {
    my ($self) = @_;
    my $ids = $self->tree();
    my @columns = (NAME, FID, PARENT);
    my @r = $self->rops(2,
        rop('OpenFolder', in => 0, out => 1, folder_id => $ids->[3]),
        rop('GetHierarchyTable', in => 1, out => 2, flags => DEPTH),
        rop('SetColumns', in => 2, tags => \@columns),
        rop('QueryRows', in => 2, forward => 1, row_count => 200),
        rop('Release', in => 2), rop('Release', in => 1),
        { columns => \@columns });

    my @rows = grep { $_->{+NAME} =~ /^f\d+\z/ } @{ $r[3]{rows} || [] };
    $self->{errors} = [ map { $_->{error} } @r ];
    my %name = map { $_->{+FID} => $_->{+NAME} } @rows;

    $self->{parents} = { map { $_->{+NAME} => $name{ $_->{+PARENT} } } @rows };
    return { $ids->[4] ? (INBOX => $ids->[4]) : (), top => $ids->[3],
             reverse %name };
}

sub rows {
    my ($self, $fid) = @_;
    my @columns = (SUBJECT, FLAGS, FLAG_STATUS, MID);
    my @r = $self->rops(2,
        rop('OpenFolder', in => 0, out => 1, folder_id => $fid),
        rop('GetContentsTable', in => 1, out => 2),
        rop('SetColumns', in => 2, tags => \@columns),
        rop('QueryRows', in => 2, forward => 1, row_count => 500),
        rop('Release', in => 2), rop('Release', in => 1),
        { columns => \@columns });

    return @{ $r[3]{rows} || [] };
}

sub place {
    my ($self, $folder, $key) = @_;
    my $fid = $self->folders()->{$folder}
        or die "MAPI does not see $folder\n" . join ' ', map {
            sprintf '%x', $_ } @{ $self->{errors} || [] };
    return $fid unless defined $key;
    my ($row) = grep { $_->{+SUBJECT} eq $key } $self->rows($fid);
    die "MAPI does not see $key in $folder\n" unless $row;
    return ($fid, $row->{+MID});
}

sub save {
    my ($self, $fid, $mid, @values) = @_;
    my @r = $self->rops(1,
        rop('OpenMessage', in => 0, out => 1, code_page => 0x0fff,
            folder_id => $fid, message_id => $mid, flags => 1),
        rop('SetProperties', in => 1, values => \@values),
        rop('SaveChangesMessage', in => 0, second => 1, flags => 2),
        rop('Release', in => 1));
    return $r[2];
}

sub transfer {
    my ($self, $copy, $folder, $key, $to) = @_;
    my ($fid, $mid) = $self->place($folder, $key);
    my @r = $self->rops(2,
        rop('OpenFolder', in => 0, out => 1, folder_id => $fid),
        rop('OpenFolder', in => 0, out => 2,
            folder_id => scalar $self->place($to)),
        rop('MoveCopyMessages', in => 1, dest => 2, ids => [ $mid ],
            copy => $copy),
        rop('Release', in => 1), rop('Release', in => 2));
    return $r[2];
}

my %mapi = (
    add => sub {
        my ($self, $folder, $key, $m) = @_;
        my @r = $self->rops(1,
            rop('CreateMessage', in => 0, out => 1, code_page => 0x0fff,
                folder_id => scalar $self->place($folder)),
            rop('SetProperties', in => 1, values => [ [ SUBJECT, $key ],
                [ BODY, "$m->{body}\r\n" ], [ FLAGS, $m->{read} ? 1 : 0 ],
                $m->{flagged} ? [ FLAG_STATUS, 2 ] : () ]),
            rop('SaveChangesMessage', in => 0, second => 1, flags => 2),
            rop('Release', in => 1));
        return $r[2];
    },
    read => sub {
        my ($self, $folder, $key, $on) = @_;
        my ($fid, $mid) = $self->place($folder, $key);
        my @r = $self->rops(1,
            rop('OpenFolder', in => 0, out => 1, folder_id => $fid),
            rop('SetReadFlags', in => 1, flags => $on ? 0 : 4,
                ids => [ $mid ]), rop('Release', in => 1));
        return $r[1];
    },
    flag => sub {
        my ($self, $folder, $key, $on) = @_;
        return $self->save($self->place($folder, $key),
                           [ FLAG_STATUS, $on ? 2 : 0 ]);
    },
    edit => sub {
        my ($self, $folder, $key, $body) = @_;
        return $self->save($self->place($folder, $key), [ BODY, $body ]);
    },
    move => sub { my $self = shift; return $self->transfer(0, @_) },
    copy => sub { my $self = shift; return $self->transfer(1, @_) },
    remove => sub {
        my ($self, $folder, $key, $hard) = @_;
        my ($fid, $mid) = $self->place($folder, $key);
        my $rop = $hard ? 'HardDeleteMessages' : 'DeleteMessages';
        my @r = $self->rops(1,
            rop('OpenFolder', in => 0, out => 1, folder_id => $fid),
            rop($rop, in => 1, ids => [ $mid ]), rop('Release', in => 1));
        return $r[1];
    },
    mkdir => sub {
        my ($self, $name, $parent) = @_;
        my $top = $self->place($parent);
        my @r = $self->rops(2,
            rop('OpenFolder', in => 0, out => 1, folder_id => $top),
            rop('CreateFolder', in => 1, out => 2, type => 1, unicode => 1,
                name => $name, comment => ''),
            rop('Release', in => 2), rop('Release', in => 1));
        return $r[1];
    },
    rename => sub {
        my ($self, $folder, $name) = @_;
        my @r = $self->rops(1,
            rop('OpenFolder', in => 0, out => 1,
                folder_id => scalar $self->place($folder)),
            rop('SetProperties', in => 1, values => [ [ NAME, $name ] ]),
            rop('Release', in => 1));
        return { error => $r[1]{error}
                 || scalar @{ $r[1]{problems} || [] } };
    },
    fmove => sub {
        my ($self, $folder, $parent) = @_;
        my $fid = $self->place($folder);
        my @r = $self->rops(2,
            rop('OpenFolder', in => 0, out => 1,
                folder_id => scalar $self->place(
                    $self->{parents}{$folder} // 'top')),
            rop('OpenFolder', in => 0, out => 2,
                folder_id => scalar $self->place($parent)),
            rop('MoveFolder', in => 1, dest => 2, async => 0, unicode => 1,
                folder_id => $fid, name => $folder),
            rop('Release', in => 1), rop('Release', in => 2));
        return $r[2];
    },
    rmdir => sub {
        my ($self, $folder, $hard) = @_;
        my $fid = $self->place($folder);
        my $top = $self->place($self->{parents}{$folder} // 'top');
        my @r = $self->rops(1,
            rop('OpenFolder', in => 0, out => 1, folder_id => $top),
            rop('DeleteFolder', in => 1, flags => $hard ? 0x15 : 0x05,
                folder_id => $fid),
            rop('Release', in => 1));
        return $r[1];
    },
);

sub can_do { return exists $mapi{ $_[1] } }

sub do {
    my ($self, $what, @a) = @_;
    my $r = $mapi{$what}->($self, @a) or die "no answer\n";
    return !$r->{error} && !$r->{partial} ? 1 : 0;
}

sub sync {
    my ($self) = @_;
    my $folders = $self->folders();
    my $model = Test::Postern::Model->new();

    for my $folder (sort grep { $_ ne 'top' } keys %$folders) {
        $model->folder_add($folder, $self->{parents}{$folder});
        for my $row ($self->rows($folders->{$folder})) {
            my @r = $self->rops(1,
                rop('OpenMessage', in => 0, out => 1, code_page => 0x0fff,
                    folder_id => $folders->{$folder},
                    message_id => $row->{+MID}),
                rop('GetPropertiesSpecific', in => 1, tags => [ BODY ]),
                rop('Release', in => 1), { columns => [ BODY ] });
            my $flag = $row->{+FLAG_STATUS};
            $model->items($folder)->{ $row->{+SUBJECT} } = {
                read => $row->{+FLAGS} & 1,
                flagged => !ref $flag && $flag == 2 ? 1 : 0,
                body => $r[1]{row}{+BODY},
            };
        }
    }

    return $model;
}


# The same of the public folders of a user's domain.
package Test::Postern::Faces::MAPI::Public;

our @ISA = 'Test::Postern::Faces::MAPI';

sub logon_args {
    return (logon_flags => 0, open_flags => 2, dn => '/o=x/cn=any');
}

sub tree {
    my ($self) = @_;

    # any ROP: it asks whether the logon is still there
    $self->rops(0, Test::Postern::MAPI::rop('LongTermIdFromId', id => 1));
    return [ (0) x 3, $self->{logon}{folder_ids}[1], 0 ];
}


1;
