# verify_with_mail_dkim.pl RECORD FILE...: prints a line for each message whose first signature does not verify.
use strict;
use warnings;
use Mail::DKIM::Verifier;
use Net::DNS;

open(my $record_file, '<', shift) or die "cannot read the record: $!";
my $record = <$record_file>;

{
    no warnings 'redefine';
    *Mail::DKIM::DNS::query_async = sub {
        my ($name, $type, %given) = @_;
        my @strings = unpack('(a255)*', $record);
        my @answer  = $name eq 'p1._domainkey.example.com'
          ? Net::DNS::RR->new(owner => $name, type => 'TXT', txtdata => \@strings)
          : ();
        my $result = $given{Callbacks}{Success}->(@answer);
        return sub { $result };
    };
}

my $failures = 0;
for my $file (@ARGV) {
    open(my $message, '<:raw', $file) or die "cannot read $file: $!";
    my $verifier = Mail::DKIM::Verifier->new;
    $verifier->load($message);
    my ($ours) = grep { $_->domain eq 'example.com' } $verifier->signatures;
    next if $ours && $ours->result eq 'pass';
    printf "%s: Mail::DKIM says %s\n", $file, $ours ? $ours->result_detail : 'no signature';
    ++$failures;
}
exit($failures ? 1 : 0);
