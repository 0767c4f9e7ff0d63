# What a Request Tracker of the tests has: a queue with a lifecycle of its own, custom fields, a gateway and a clerk.
@Queues = (
    { Name => 'Streets', Lifecycle => 'civic' },
    { Name => 'Parks',   Lifecycle => 'civic' },
);
@CustomFields = map {
    +{ Name => $_->[0], Type => $_->[1] || 'FreeformSingle', Queue => 'Streets',
       LookupType => 'RT::Queue-RT::Ticket', $_->[2] ? ( Values => $_->[2] ) : () }
} (
    ['External ID'], ['Latitude'], ['Longitude'], ['Address'], ['Service Code'],
    [ 'Severity', 'SelectSingle', [ { Name => 'low' }, { Name => 'high' } ] ],
);
@Users = map {
    +{ Name => $_, EmailAddress => "$_\@rt.example", Privileged => 1, Password => "$_-pass" }
} qw(gateway clerk reader abroad);
@Final = ( sub {
    my %rights = (
        gateway => [qw(SeeQueue ShowTicket CreateTicket ReplyToTicket CommentOnTicket ModifyTicket
                       SeeCustomField ModifyCustomField SetInitialCustomField)],
        reader  => [qw(SeeQueue ShowTicket SeeCustomField)],
    );
    $rights{abroad} = $rights{gateway};
    $rights{clerk} = [ @{ $rights{gateway} }, qw(ShowTicketComments OwnTicket Watch DeleteTicket) ];
    for my $name ( sort keys %rights ) {
        my $user = RT::User->new( RT->SystemUser );
        $user->Load($name);
        for my $word (qw(Streets Parks)) {
            my $queue = RT::Queue->new( RT->SystemUser );
            $queue->Load($word);
            $user->PrincipalObj->GrantRight( Right => $_, Object => $queue ) for @{ $rights{$name} };
        }
        $user->SetTimezone( $name eq 'abroad' ? 'America/New_York' : 'UTC' );
        my ( $ok, $said, $token ) = RT::AuthToken->new( RT->SystemUser )->Create( Owner => $user->id, Description => $name );
        die $said unless $ok;
        open my $file, '>', "$ENV{RT_TOKENS}/$name" or die $!;
        print $file $token;
    }
} );
1;
