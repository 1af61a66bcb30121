#!/usr/bin/perl

# The tables of requirements, t/*/*_requirements.tsv: what they say is shown is
# there, and nothing that a server must do in the sections they name is left
# out.  The second needs ../shared/ref/requirements.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";

use Test::More;
use Test::Postern::Env;

my $top = "$FindBin::Bin/../..";
my %spec = (ics => 'MS-OXCFXICS');
my %is = map { $_ => 1 } qw/ shown otherwise above term /;

for my $table (sort glob "$top/t/*/*_requirements.tsv") {
    my ($name) = $table =~ m{([a-z]+)_requirements\.tsv\z};
    my @rows = rows($table);

    cmp_ok(scalar @rows, '>', 20, "$name: rows");
    is_deeply([ map { not_there($_) } @rows ], [],
              "$name: what they name is there");

    SKIP: {
        my $list = "$ENV{POSTERN_REF}/requirements/$spec{$name}.tsv";
        skip 'no list of requirements', 1 unless -r $list;
        is_deeply([ compare($list, $spec{$name}, @rows) ], [],
                  "$name: each once, and none left out");
    }
}

done_testing();


sub slurp {
    my ($path) = @_;

    open my $f, '<', $path or return;
    local $/;
    return <$f>;
}


sub rows {
    my ($table) = @_;

    return map { my %r; @r{qw/ section ids is file words /}
                     = split /\t/, $_, -1; \%r }
        grep { !/^(?:#|\s*\z)/ } split /\n/, slurp($table);
}


sub not_there {
    my ($r) = @_;

    return "$r->{section}: $r->{is}?" unless $is{ $r->{is} };
    return if $r->{is} eq 'above' || $r->{is} eq 'term';
    return "$r->{section}: a $r->{is} row names $r->{file}"
        if $r->{is} eq 'shown' && $r->{file} !~ m{^t/}
        || $r->{is} eq 'otherwise' && $r->{file} !~ m{^docs/};

    my $text = slurp("$top/$r->{file}") // '';
    $text =~ s/"\n\s+"//g;
    $text =~ s/\s+/ /g;
    my $words = quotemeta $r->{words};

    # a case: a string of its own, or a function
    return $r->{words} ne '' && $text =~
        ($r->{is} eq 'shown' ? qr/["']$words|\b$words\(/ : qr/$words/)
        ? () : "$r->{section}: $r->{file} does not say: $r->{words}";
}


# A section's `*` stands for what follows, [...] for one of these.
sub pattern {
    my ($section) = @_;
    my $re = join '', map { /^\[/ ? $_ : quotemeta }
        $section =~ /(\[[^]]*\]|[^\[*]+)/g;

    return $section =~ /\*\z/ ? qr/^$re(?:\.|\z)/ : qr/^$re\z/;
}


sub compare {
    my ($list, $spec, @rows) = @_;
    my (@wrong, %of, %known);

    for (split /\n/, slurp($list)) {
        my ($id, $section, $scope, $normative) = split /\t/;
        next unless $id =~ /^\Q$spec\E_R(\d+)\z/;
        my $n = $1;
        $known{"$section $n"} = 1;
        $of{$section}{$n} = 0
            if $scope ne 'Client' && $normative eq 'Normative';
    }

    for my $r (@rows) {
        my $re = pattern($r->{section});
        my @sections = grep { $_ =~ $re } keys %of
            or push @wrong, "no section $r->{section}";

        for my $section (@sections) {
            if ($r->{ids} eq '*') {
                $_++ for values %{ $of{$section} };
                next;
            }

            for my $n (split ' ', $r->{ids}) {
                push @wrong, "$section has no R$n" unless $known{"$section $n"};
                $of{$section}{$n}++ if exists $of{$section}{$n};
            }
        }
    }

    for my $section (sort keys %of) {
        next unless grep { $section =~ pattern($_->{section}) } @rows;
        push @wrong, map { "$section R$_: $of{$section}{$_} rows" }
            grep { $of{$section}{$_} != 1 } sort keys %{ $of{$section} };
    }

    return @wrong;
}
