import Postgres

extension SQL {
    /// When a lease that begins now is over: by the database's clock, which all nodes share.
    static func end(of lease: Duration) -> SQL {
        "clock_timestamp() + make_interval(secs => \(lease / .seconds(1)))"
    }
}
