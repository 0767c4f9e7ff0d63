import CLibPQ
import Glibc

/// A server's address with the options that every connection gets (reliability B5).
///
/// What the address itself says (`?connect_timeout=…`) goes before our defaults; its `options` go
/// behind ours, so that they win.
struct Conninfo: Sendable {
    private var options: [String: String] = [:]

    /// Reads a `postgres://` URL or a `key=value` list; `nil` if it is neither.
    init?(_ settings: Pool.Settings) {
        guard let told = Conninfo.parse(settings.address) else { return nil }
        options = told
        let own = told["options"].map { " " + $0 } ?? ""
        options["options"] = Conninfo.sessionOptions(settings) + own
        for (keyword, value) in Conninfo.defaults(settings) where options[keyword] == nil {
            options[keyword] = value
        }
    }

    /// What an address says, by libpq's keywords.
    private static func parse(_ address: String) -> [String: String]? {
        guard let first = PQconninfoParse(address, nil) else { return nil }
        defer { PQconninfoFree(first) }
        var told: [String: String] = [:]
        var entry = first
        while let keyword = entry.pointee.keyword {
            if let value = entry.pointee.val {
                told[String(cString: keyword)] = String(cString: value)
            }
            entry += 1
        }
        return told
    }

    /// The same address with one keyword of libpq's said anew, as a `key=value` list; `nil` if it is
    /// none.
    static func address(_ address: String, _ keyword: String, _ value: String) -> String? {
        guard var told = parse(address) else { return nil }
        told[keyword] = value
        return told.sorted { $0.key < $1.key }.map { keyword, value in
            let escaped = value.flatMap { $0 == "'" || $0 == "\\" ? ["\\", $0] : [$0] }
            return "\(keyword)='\(String(escaped))'"
        }.joined(separator: " ")
    }

    /// Whether an address says what a keyword is.
    static func says(_ keyword: String, _ address: String) -> Bool {
        parse(address)?[keyword] != nil
    }

    private static func sessionOptions(_ settings: Pool.Settings) -> String {
        let limits = [
            ("statement_timeout", settings.statementTimeout),
            ("lock_timeout", settings.lockTimeout),
            ("idle_in_transaction_session_timeout", settings.idleInTransactionTimeout),
        ]
        return limits.map { "-c \($0)=\($1.milliseconds)" }.joined(separator: " ")
            + " -c TimeZone=UTC -c DateStyle=ISO"
    }

    private static func defaults(_ settings: Pool.Settings) -> [(String, String)] {
        [
            ("application_name", settings.applicationName),
            ("client_encoding", "UTF8"),
            ("connect_timeout", "2"),
            ("keepalives", "1"),
            ("keepalives_idle", "10"),
            ("keepalives_interval", "3"),
            ("keepalives_count", "3"),
            ("tcp_user_timeout", "10000"),
            // Among several hosts the primary is meant, also after a fail-over (B6).
            ("target_session_attrs", "read-write"),
            // Asking for a Kerberos ticket costs a round trip and memory that nobody here wants.
            ("gssencmode", "disable"),
        ]
    }

    /// Opens a connection in pipeline mode, waiting as long as `connect_timeout` says; or tells why
    /// there is none, in libpq's words.
    func connect() -> Result<OpenedConnection, ConnectionTrouble> {
        let pairs = options.map { (strdup($0.key), strdup($0.value)) }
        defer {
            for (keyword, value) in pairs {
                free(keyword)
                free(value)
            }
        }
        let keywords = pairs.map { UnsafePointer($0.0) } + [nil]
        let values = pairs.map { UnsafePointer($0.1) } + [nil]
        guard let pointer = PQconnectdbParams(keywords, values, 0) else {
            return .failure(ConnectionTrouble(description: "out of memory"))
        }
        // Warnings of the server may quote what people wrote; they are not for our standard error.
        PQsetNoticeProcessor(pointer, { _, _ in }, nil)
        guard PQstatus(pointer) == CONNECTION_OK, PQsetnonblocking(pointer, 1) == 0,
            PQenterPipelineMode(pointer) == 1
        else {
            defer { PQfinish(pointer) }
            return .failure(
                ConnectionTrouble(description: String(cString: PQerrorMessage(pointer))))
        }
        return .success(OpenedConnection(pointer: pointer))
    }
}

/// Why a connection was not opened, for operators.
struct ConnectionTrouble: Error {
    let description: String

    init(description: String) {
        self.description = description.split(whereSeparator: \.isNewline).joined(separator: " ")
    }
}
