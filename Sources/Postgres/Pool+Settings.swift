extension Pool {
    /// How a pool connects, and how long it and the server wait.
    package struct Settings: Sendable {
        /// A `postgres://` URL or a `key=value` list of libpq; several hosts may be named.
        package var address: String
        /// Connections that all single statements share, pipelined.
        package var connections: Int
        /// Connections for transactions, streams, COPY and scripts, one user at a time.
        package var transactions: Int
        /// How long a statement waits for a connection while the server is gone; a little less than
        /// the 2 s within which an HTTP answer must say so (reliability H4).
        package var deadline: Duration
        /// `statement_timeout` (reliability B5); a server silent for a second more counts as gone.
        package var statementTimeout: Duration
        /// `lock_timeout`.
        package var lockTimeout: Duration
        /// `idle_in_transaction_session_timeout`.
        package var idleInTransactionTimeout: Duration
        /// What `pg_stat_activity` shows.
        package var applicationName: String

        /// The settings of reliability B5, but for what is given.
        package init(
            address: String, connections: Int = 8, transactions: Int = 4,
            deadline: Duration = .milliseconds(1800), statementTimeout: Duration = .seconds(5),
            lockTimeout: Duration = .seconds(2),
            idleInTransactionTimeout: Duration = .seconds(10),
            applicationName: String = "viaduct"
        ) {
            self.address = address
            self.connections = max(connections, 1)
            self.transactions = max(transactions, 1)
            self.deadline = deadline
            self.statementTimeout = statementTimeout
            self.lockTimeout = lockTimeout
            self.idleInTransactionTimeout = idleInTransactionTimeout
            self.applicationName = applicationName
        }
    }

    /// The address of another database on the same server; `nil` if the address is none.
    package static func address(_ address: String, database: String) -> String? {
        Conninfo.address(address, "dbname", database)
    }

    /// The same address with a password; `nil` if it is none.
    package static func address(_ address: String, password: String) -> String? {
        Conninfo.address(address, "password", password)
    }

    /// Whether a password stands in the address, where logs and process lists would show it.
    package static func holdsPassword(_ address: String) -> Bool {
        Conninfo.says("password", address)
    }

    /// Whether libpq understands the address; it says nothing about the server.
    package static func isAddress(_ address: String) -> Bool {
        Conninfo.address(address, "dbname", "") != nil
    }
}
