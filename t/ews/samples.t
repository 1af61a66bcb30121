#!/usr/bin/perl

# Every sample request of the documentation is answered, in words that fit the
# schema: with success, or with an error of its own.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";

use Test::More;
use Test::Postern::EWS;

my $p = ews_site(users => [qw/ alice /]);
my @files = sort glob "$ENV{POSTERN_REF}/ews/samples/*.xml";
my @requests;

for my $file (@files) {
    open my $f, '<:raw', $file or die "$file: $!";
    local $/;
    my $xml = <$f>;
    next if $xml =~ /Response[ >]|Fault>/;
    push @requests, [ $file =~ m{([^/]+)\.xml$}, $xml ];
}

$p->plan(@requests + 2)->run();
cmp_ok(scalar @requests, '>', 60, 'there are samples');

my $e = Test::Postern::EWS->new('alice');
my $good = 0;

for (@requests) {
    my ($name, $xml) = @$_;
    my $r = $e->raw($xml);
    my $code = $r->code;

    $good++ if $code eq 'NoError';
    like($code, qr/^(?:NoError|Error\w+)$/, "$name: $code");
    diag("$name: " . ($r->get('t:Violation') // ''))
        if $code eq 'ErrorSchemaValidation';
}

cmp_ok($good, '>', 4, "$good of them succeed");
