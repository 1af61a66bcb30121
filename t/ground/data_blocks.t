# The data block convention: what tests written in it rely on.

use Test::Nginx::Socket 'no_plan';

no_root_location();
run_tests();

__DATA__

=== TEST 1: body, code and headers
--- http_config
    map $uri $greeting { default "hello"; }
--- config
    location /hello {
        add_header X-One "1";
        return 200 "$greeting $http_x_name\n";
    }
--- request
GET /hello
--- more_headers
X-Name: world
--- response_headers
X-One: 1
!X-Two
--- response_headers_like
Content-Length: \d+
--- response_body
hello world
--- no_error_log
[error]

=== TEST 2: a code on the section's own line, and a log line
--- config
    location /gone { return 410; }
    location /missing { root $TEST_NGINX_SERVER_ROOT/html; }
--- request
GET /missing/file
--- error_code: 404
--- error_log
missing/file" failed
--- response_body_like: 404 Not Found

=== TEST 3: a body is sent with its length
--- config
    location /post {
        client_max_body_size 8;
        proxy_pass http://127.0.0.1:$TEST_NGINX_SERVER_PORT/unused;
    }
--- request
POST /post
more than eight bytes
--- error_code: 413
--- error_log
client intended to send too large body

=== TEST 4: eval and chomp
--- config
    location /t { return 200 "a$arg_x"; }
--- request eval
"GET /t?x=" . "b" x 3
--- response_body chomp
abbb

=== TEST 5: a configuration that must be refused
--- config
    no_such_directive on;
--- must_die
--- error_log
[emerg]
unknown directive "no_such_directive"
