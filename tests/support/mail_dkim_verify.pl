#!/usr/bin/perl
# Verifies the DKIM signature of one domain in messages named on standard input, by Mail::DKIM, without DNS.
# usage: mail_dkim_verify.pl DOMAIN RECORD_NAME RECORD < paths; prints PATH<TAB>result, `pass` if it verifies.
use strict;
use warnings;
use Mail::DKIM::DNS;
use Mail::DKIM::Verifier;
use Net::DNS;

my ($domain, $name, $record) = @ARGV;

no warnings 'redefine';
*Mail::DKIM::DNS::query = sub {
    my ($asked, $type) = @_;
    return if $type ne 'TXT' || lc $asked ne lc $name;
    my @strings = unpack '(a255)*', $record;
    return Net::DNS::RR->new(name => $name, type => 'TXT', txtdata => \@strings);
};

while (my $path = <STDIN>) {
    chomp $path;
    open my $file, '<:raw', $path or die "$path: $!";
    my $verifier = Mail::DKIM::Verifier->new;
    while (my $line = <$file>) { $verifier->PRINT($line) }
    $verifier->CLOSE;
    my @ours = grep { $_->domain eq $domain } $verifier->signatures;
    my $result = @ours == 1 ? $ours[0]->result : scalar(@ours) . ' signatures';
    $result .= ' (' . $ours[0]->result_detail . ')' if @ours == 1 && $result ne 'pass';
    print "$path\t$result\n";
}
