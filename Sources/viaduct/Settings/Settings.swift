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
    package var log: LogSettings
    /// The directory of the jurisdictions' files (`jurisdictions`; default: beside the file).
    package var jurisdictionDirectory: String
    package var catalogue: JurisdictionDirectory

    /// The file all of it comes from.
    package var file: String
}

/// Where reports are taken and published.
package struct HTTPSettings: Sendable, Equatable {
    /// `http.host`, default `127.0.0.1`.
    package var host = "127.0.0.1"
    /// `http.port`, 0 to 65535, default 8311; 0 takes any free one.
    package var port = 8311
    /// `http.public_url`: what clients call us; default `http://` with host and port.
    package var publicURL = "http://127.0.0.1:8311"
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
    /// `database.transactions`: for work that needs a connection of its own, 1 to 64, default 4.
    package var transactions = 4
}

/// What is kept in files.
package struct DataSettings: Sendable, Equatable {
    /// `data.directory`; default `/var/lib/viaduct` for root, else `~/.local/share/viaduct`.
    package var directory: String

    /// Pictures, named by their content.
    package var media: String { directory + "/media" }
    /// The embedded PostgreSQL.
    package var cluster: String { directory + "/postgres" }
}

/// What is logged.
package struct LogSettings: Sendable, Equatable {
    static let levels = ["trace", "debug", "info", "notice", "warning", "error", "critical"]
    /// `log.level`, default `info`.
    package var level = "info"
    /// `log.requests`: one line a request, default true.
    package var requests = true
}
