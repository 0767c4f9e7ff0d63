/// Why the embedded PostgreSQL does not run; the description says what to do.
package enum ClusterError: Error, Equatable, CustomStringConvertible {
    /// `initdb` and `postgres` are nowhere.
    case notInstalled
    /// One of PostgreSQL's programs is not beside the others.
    case incomplete(missing: String)
    /// We are root, PostgreSQL refuses root, and there is nobody else to run it.
    case noAccount(named: String?)
    /// A directory that cannot be made, entered or trusted, and why.
    case directory(String, reason: String)
    /// PostgreSQL said no; the end of what it wrote.
    case refused(step: String, output: String)

    package var description: String {
        switch self {
        case .notInstalled:
            """
            PostgreSQL is not installed: no initdb in VIADUCT_PG_BIN, PATH or \
            /usr/lib/postgresql/*/bin. Install it (apt-get install postgresql), or set \
            VIADUCT_DATABASE_URL to a server that is already there.
            """
        case .incomplete(let path):
            "PostgreSQL's \(path) is missing. Install it (apt-get install postgresql)."
        case .noAccount(let name?):
            "PostgreSQL refuses to run as root, and there is no account “\(name)” to run it."
        case .noAccount(nil):
            """
            PostgreSQL refuses to run as root, and there is neither an account “viaduct” nor one \
            “postgres” to run it. Make one (useradd --system viaduct), or start as another user.
            """
        case .directory(let path, let reason):
            "The database cannot live in \(path): \(reason)"
        case .refused(let step, let output):
            "PostgreSQL failed at \(step). It says: \(output)"
        }
    }
}
