# The calls of nginx's own test library: what tests written on them rely on.

use strict;
use warnings;

use Test::More;

use Test::Nginx;
use Test::Nginx::Stream qw/ stream /;

select STDERR; $| = 1;
select STDOUT; $| = 1;

my $t = Test::Nginx->new()->has(qw/ http proxy /)->plan(9)
    ->write_file_expand('nginx.conf', <<'EOF');

%%TEST_GLOBALS%%

daemon off;

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    server {
        listen       127.0.0.1:8080;
        server_name  localhost;

        location / { return 200 "here $http_x_name"; }
        location /file/ { alias %%TESTDIR%%/; }
        location /proxy { proxy_pass http://127.0.0.1:8081/; }
    }

    server {
        listen       127.0.0.1:8081;
        location / { return 200 "behind"; }
    }
}

EOF

chmod 0755, $t->testdir();
$t->write_file('text', "from a file\n");
$t->run();

like(http_get('/'), qr/200 OK.*here $/s, 'http_get');
like(http_head('/'), qr/200 OK/, 'http_head');
like(http_get('/file/text'), qr/from a file$/, 'write_file');
like(http_get('/proxy'), qr/behind/, 'two servers, two ports');
isnt(port(8080), port(8081), 'ports differ');

like(http("GET / HTTP/1.0\r\nX-Name: me\r\n\r\n"), qr/here me/, 'http');

my $s = stream('127.0.0.1:' . port(8080));
like($s->io("GET / HTTP/1.0\r\n\r\n"), qr/here/, 'stream io');

my $old = $t->read_file('nginx.pid');
$t->reload();
ok($t->waitforsocket('127.0.0.1:' . port(8080)), 'waitforsocket');
is($t->read_file('nginx.pid'), $old, 'the master stays over a reload');
