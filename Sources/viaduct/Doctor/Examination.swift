import Postgres

/// One thing that the doctor looks at, by its name. What each is stands here and nowhere else.
enum Examination: String, Sendable, CaseIterable {
    // What was written down.
    case settings
    case environment
    case secrets
    case publicURL = "public-url"
    case certificate
    case boundaries
    case timeZones = "time-zones"
    case peers
    // The machine.
    case disk
    case media
    case thumbnails
    case openFiles = "open-files"
    case coreDumps = "core-dumps"
    // The database's server.
    case database
    case version
    case durability
    case encoding
    case checksums
    case role
    case standbys
    case collation
    case clock
    case autovacuum
    case timeouts
    case transactions
    case slots
    case age
    case bloat
    case connections
    case archiving
    case backup
    // The database itself.
    case migrations
    case dataKeys = "data-keys"
    case pictures
    case clients
    case webhooks
    case audit
    case months
    case bursts
    // What goes between us and the peers.
    case stoppedPeers = "stopped-peers"
    case cursors
    case parked
    case deadLetters = "dead-letters"
    case stuck
    case unhanded
    case quarantine
    case tokens
    case erasures

    /// What is looked at, in a few words.
    var about: String {
        switch self {
        case .settings: "the settings file and the jurisdictions' and peers' files can be used"
        case .environment: "each variable VIADUCT_… is a setting"
        case .secrets: "nobody else can read files with secrets"
        case .publicURL: "http.public_url is an address that clients elsewhere can call"
        case .certificate: "the certificate is valid for two weeks at least, if we have one"
        case .boundaries: "boundaries enclose an area, and no continent"
        case .timeZones: "this machine knows the jurisdictions' time zones"
        case .peers: "the peers' addresses may be called, and keys go there encrypted"
        case .disk: "the data directory can be written to, and has room"
        case .media: "the newest pictures are where their rows say"
        case .thumbnails: "a program draws thumbnails"
        case .openFiles: "enough files may be open for all connections"
        case .coreDumps: "a crash writes no memory to disk, in which people's data may be"
        case .database: "the database answers"
        case .version: "PostgreSQL is not too old"
        case .durability: "fsync, full_page_writes and synchronous_commit are on"
        case .encoding: "the database's encoding is UTF8"
        case .checksums: "the server sums up its pages"
        case .role: "our role may read our tables, and is no superuser"
        case .standbys: "no standby may lose what was acknowledged"
        case .collation: "indexes are in the order that this system sorts by"
        case .clock: "the server's clock and ours agree to 2 s"
        case .autovacuum: "dead rows are cleaned up"
        case .timeouts: "statement_timeout reaches our sessions"
        case .transactions: "no transaction stays open"
        case .slots: "somebody reads each replication slot"
        case .age: "transaction numbers are far from their end"
        case .bloat: "no table is mostly dead rows"
        case .connections: "the server has room for our connections"
        case .archiving: "the server's log is archived, if it is to be"
        case .backup: "the last backup is younger than 26 h"
        case .migrations: "the schema is that of this program"
        case .dataKeys: "the keys are here that personal data is sealed with, and all of it is"
        case .pictures: "pictures that came as addresses are fetched within a day"
        case .clients: "the keys that peers and webhooks use are valid"
        case .webhooks: "webhooks are told what changes"
        case .audit: "nobody changed the audit log"
        case .months: "the audit log has its next month, and each entry lies in one"
        case .bursts: "no place has more reports in an hour than people would write"
        case .stoppedPeers: "no peer is paused, failing or gone"
        case .cursors: "peers are read, and only those of the settings"
        case .parked: "no delivery waits for a person"
        case .deadLetters: "no dead letter is older than a day"
        case .stuck: "each delivery has made progress within 15 minutes"
        case .unhanded: "each report that a peer is to handle is on its way there, or was"
        case .quarantine: "peers say nothing that no mapping explains"
        case .tokens: "tokens become ids within 15 minutes"
        case .erasures: "erasures are done at each peer within a day"
        }
    }

    /// Whether it is about how we are set up, so that `viaduct check` does it as well; the others are
    /// about how we do.
    var isSetup: Bool {
        switch self {
        case .settings, .environment, .peers, .disk, .database, .version, .durability, .encoding,
            .checksums, .role, .standbys, .collation, .clock, .migrations,
            .dataKeys:
            true
        default: false
        }
    }

    /// The examination that asks the server about this side of it.
    init(_ side: ServerRemark.Side) {
        self =
            switch side {
            case .durability: .durability
            case .encoding: .encoding
            case .version: .version
            case .role: .role
            case .checksums: .checksums
            case .standbys: .standbys
            case .collation: .collation
            case .clock: .clock
            case .autovacuum: .autovacuum
            case .timeouts: .timeouts
            case .transactions: .transactions
            case .slots: .slots
            case .age: .age
            case .bloat: .bloat
            case .connections: .connections
            case .archiving: .archiving
            }
    }
}
