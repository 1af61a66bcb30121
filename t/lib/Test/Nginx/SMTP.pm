package Test::Nginx::SMTP;

# The client of nginx's test library under its name: the calls of the original
# are those of Test::Postern::SMTP.

use strict;
use warnings;

use parent 'Test::Postern::SMTP';


1;
