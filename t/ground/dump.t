# ./build.sh dump and tables: what a developer asks of the tables.

use strict;
use warnings;

use Test::More;
use Test::Postern::Env;

chdir $ENV{POSTERN_TOP} or die $!;
delete $ENV{POSTERN_OBJS};

my $out = `./build.sh dump`;
like($out, qr/^rop_open_folder_req$/m, 'names of structures');

# MS-OXCROPS 2.2.4.1.1: OutputHandleIndex, FolderId, OpenModeFlags.
$out = `printf '\\002\\001\\000\\000\\000\\000\\000\\000\\005\\004' \\
    | ./build.sh dump rop_open_folder_req`;
is($? >> 8, 0, 'dump of a request');
like($out, qr/open_flags\W+(?:0x0*)?4\b/, 'its last field');

`printf '\\002\\001' | ./build.sh dump rop_open_folder_req 2>&1`;
isnt($? >> 8, 0, 'a truncated one is refused');

$out = `./build.sh tables IDLE`;
like($out, qr/^mail_stream\/imap\/\S+\t\w+\t\{ "IDLE"/m, 'rows of tables');

done_testing();
