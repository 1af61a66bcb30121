# Pages lead to pages: each link in README.md and docs/ names a file, and each
# page of docs/ can be reached from its index.

use strict;
use warnings;

use File::Basename qw/ dirname /;
use Test::More;
use Test::Postern::Env;

chdir $ENV{POSTERN_TOP} or die $!;

my @pages = ('README.md', glob 'docs/*.md');
my %linked;

for my $page (@pages) {
    open my $f, '<', $page or die "$page: $!";
    my $text = do { local $/; <$f> };
    my @broken;

    while ($text =~ /\]\((?!https?:|mailto:|#)([^)\s#]+)(?:#[^)]*)?\)/g) {
        my $target = dirname($page) . "/$1";
        push @broken, $1 unless -e $target;
        $linked{$1} = 1 if $page eq 'docs/README.md';
    }

    is(join(' ', @broken), '', "$page: links");
}

is(join(' ', grep { !$linked{s{^docs/}{}r} && $_ ne 'docs/README.md' }
              glob 'docs/*.md'), '', 'docs/README.md leads to each page');

# The commands that build.sh lists are those that it has.
my $help = `./build.sh`;
my %has = map { $_ => 1 } split /\|/,
    `grep -A3 '    case \$what in' build.sh | grep -o '[a-z|]*|clean'` =~ s/\s//gr;
for my $name ($help =~ m{^  \./build\.sh (\w+)}mg) {
    ok($has{$name}, "build.sh $name");
}

done_testing();
