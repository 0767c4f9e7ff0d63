import Gateway

/// Everything that is set for one Viaduct: `viaduct.yaml`, the environment over it, and the
/// jurisdictions' own files.
package struct Settings: Sendable {
    /// How to reach the operator, for people (`contact`; required, discovery shows it, GR-3).
    package var contact: String
    /// How to get a key, for people (`key_service`; default: ask the contact).
    package var keyService: String
    package var http: HTTPSettings
    package var admin: AdminSettings
    package var database: DatabaseSettings
    package var data: DataSettings
    package var privacy: PrivacySettings
    package var media: MediaSettings
    package var outbound: OutboundSettings
    package var log: LogSettings
    package var limits: LimitSettings
    /// The directory of the jurisdictions' files (`jurisdictions`; default: beside the file).
    package var jurisdictionDirectory: String
    package var catalogue: JurisdictionDirectory
    /// The directory of the peers' files (`peers`; default: none, and so no peers). With it,
    /// `node` says what we are called in paths, everywhere the same; default `viaduct`.
    package var peerDirectory: String?
    package var peers: PeerDirectory

    /// The file all of it comes from.
    package var file: String
    /// For what it was read.
    package var purpose = Surroundings.Purpose.command
}

/// Where reports are taken and published.
package struct HTTPSettings: Sendable, Equatable {
    /// `http.host`, default `127.0.0.1`.
    package var host = "127.0.0.1"
    /// `http.port`, 0 to 65535, default 8311; 0 takes any free one.
    package var port = 8311
    /// `http.certificate`, `http.certificate_key`: PEM files, with which we speak TLS ourselves; they
    /// are read again when they change. Default: none, a proxy in front encrypts.
    package var certificate: ServerCertificate.Files?
    /// `http.public_url`: what clients call us; default `http://`, or with a certificate `https://`,
    /// with host and port.
    package var publicURL = "http://127.0.0.1:8311"
    /// `http.trusted_proxies`: networks or addresses of the proxies in front of us, whose
    /// `X-Forwarded-For` or `Forwarded` tells who asks; default none (H11).
    package var trustedProxies: [String] = []
    /// `http.jsonp`: `callback=` is taken, for pages of the time before CORS; default false.
    package var jsonp = false
    /// `http.strict_error_codes`: our own failures are 400, as GeoReport has it, instead of 500 and
    /// 503; default false (GR-A71).
    package var strictErrorCodes = false
}

/// What a client may send, and how long it may take (reliability 2.2).
package struct LimitSettings: Sendable, Equatable {
    /// `limits.target_bytes`: of an address, 256 to 65536, default 8192.
    package var target = 8 << 10
    /// `limits.header_bytes`: of one header field, 1024 to 65536, default 8192.
    package var header = 8 << 10
    /// `limits.headers_bytes`: of all fields together, 1024 to 262144, default 16384.
    package var headers = 16 << 10
    /// `limits.headers`: how many fields, 10 to 1000, default 100.
    package var headerCount = 100
    /// `limits.body_bytes`: of a form or JSON body, 16384 to 16777216, default 262144.
    package var body = 256 << 10
    /// `limits.multipart_bytes`: of a body with pictures, 65536 to 268435456, default 26214400.
    package var multipart = 25 << 20
    /// `limits.in_flight`: requests answered at the same time, 1 to 10000, default 256.
    package var inFlight = 256
    /// `limits.connections`: open at the same time, 16 to 65536, default 2048.
    package var connections = 2048
    /// `limits.connections_of_address`: the same from one address or /56, but for trusted proxies, 1
    /// to 65536, default 64.
    package var connectionsOfAddress = 64
    /// `limits.requests_of_connection`: before it is closed, 1 to 1000000, default 1000.
    package var requestsOfConnection = 1000
    /// `limits.head_time`: for a head to arrive, up to 60s, default 10s.
    package var headTime = Duration.seconds(10)
    /// `limits.body_time`: for any body to arrive, up to 10m, default 180s.
    package var bodyTime = Duration.seconds(180)
    /// `limits.idle_time`: between two requests of a connection, up to 10m, default 30s.
    package var idleTime = Duration.seconds(30)
    /// `limits.stall_time`: for a client that does not read its answer, up to 10m, default 30s.
    package var stallTime = Duration.seconds(30)
    /// `limits.rates`: the rates below count; default true.
    package var isRationed = true
    /// `limits.reports_of_key` and the others: so much in so much time, `off` for any number (A9).
    package var rates: [Ration: Rate] = [
        .reportsOfKey: Rate(3600, in: .hour), .reportsOfAddress: Rate(20, in: .hour),
        .listsOfKey: Rate(6000, in: .minute), .listsOfAddress: Rate(600, in: .minute),
        .photosOfKey: Rate(10_000, in: .hour), .photosOfAddress: Rate(120, in: .hour),
        .wrongKeys: Rate(10, in: .minute),
    ]
}

/// Where operators look: `/live`, `/ready`, `/metrics`.
package struct AdminSettings: Sendable, Equatable {
    /// `admin.host`, default `127.0.0.1`.
    package var host = "127.0.0.1"
    /// `admin.port`, 0 to 65535, default 8312.
    package var port = 8312
}

/// Which PostgreSQL keeps the reports.
package struct DatabaseSettings: Sendable, Equatable {
    /// `database.url`, or the first line of `database.url_file`; default: an embedded server of
    /// our own in the data directory.
    package var url: Secret?
    /// `database.connections`: shared by all calls, 1 to 64, default 8.
    package var connections = 8
    /// `database.patience`: how long a call waits for the server altogether before it is answered
    /// 503, up to 60s, default 2s; `off` is as long as the server may take, five seconds a statement.
    package var patience: Duration? = .seconds(2)
    /// `database.transactions`: for work that needs a connection of its own, 1 to 64, default 4.
    package var transactions = 4
}

/// What is kept, and where.
package struct DataSettings: Sendable, Equatable {
    /// `data.directory`; default `/var/lib/viaduct` for root, else `~/.local/share/viaduct`.
    package var directory: String
    /// `data.keep_deliveries`: how long what became of an update at a peer can be looked up, and what
    /// the peer refused be sent again; up to 3650d, default 90d, `off` is for ever.
    package var keepDeliveries: Duration? = .seconds(90 * 86_400)

    /// `data.keep_audit`: how long the audit log is kept; 90d to 36500d, default 730d, `off` is for
    /// ever.
    package var keepAudit: Duration? = .seconds(730 * 86_400)

    /// Pictures: those of reports named by their content, in folders; beside them the sample's.
    package var media: String { directory + "/media" }
    /// The embedded PostgreSQL.
    package var cluster: String { directory + "/postgres" }
    /// The data keys, if no others are named.
    package var keys: String { directory + "/data-keys" }
}

/// With what personal data is sealed.
package struct PrivacySettings: Sendable, Equatable {
    /// `privacy.keys`, or all lines of `privacy.keys_file`; default: the file `data-keys` in the data
    /// directory, which is made with a first key where nothing is sealed yet.
    package var keys = Source.own

    /// Where the data keys are.
    package enum Source: Sendable, Equatable {
        case own
        case file(String)
        case given(Secret)
    }
}

/// What becomes of pictures.
package struct MediaSettings: Sendable, Equatable {
    /// `media.fetch`: addresses of pictures are fetched and served from here; default true. Without,
    /// they are kept and not shown.
    package var fetch = true
    /// `media.sweep_age`: how old a file that no report names must be to be removed, up to 240h,
    /// default 24h.
    package var sweepAge = Duration.seconds(86_400)
    /// `media.bucket_url`: an S3-compatible bucket, as `https://host/bucket`; default: files in the
    /// data directory, which serve one node.
    package var bucket: String?
    /// `media.region`, default `us-east-1`.
    package var region = "us-east-1"
    /// `media.access_key`, or the first line of `media.access_key_file`.
    package var accessKey: Secret?
    /// `media.secret_key`, or the first line of `media.secret_key_file`.
    package var secretKey: Secret?
}

/// Whom we may call.
package struct OutboundSettings: Sendable, Equatable {
    /// `outbound.allow`: networks of our own that may be called although they are not public,
    /// `10.1.0.0/16, fd00:1::/64`; default none.
    package var allowed: [String] = []
    /// `outbound.ports`: beside 80 and 443; default none.
    package var ports: [Int] = []
}

/// What is logged.
package struct LogSettings: Sendable, Equatable {
    static let levels = ["trace", "debug", "info", "notice", "warning", "error", "critical"]
    /// `log.level`, default `info`.
    package var level = "info"
    /// `log.requests`: one line a request, default true.
    package var requests = true
}
