package Test::Nginx::IMAP;

# The client of nginx's test library under its name: the calls of the original
# are those of Test::Postern::IMAP.

use strict;
use warnings;

use parent 'Test::Postern::IMAP';


1;
