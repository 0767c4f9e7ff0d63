import FoundationEssentials
import Postgres

/// A database of one's own for a test, on a server that all tests of the process share.
package enum TestDatabase {
    /// The server: the one of `VIADUCT_DATABASE_URL`, or a throwaway cluster that is started with the
    /// first use and dies with the process.
    private static let server = Task<String, any Error> {
        if let given { return given }
        let directory = try TestDirectory()
        let cluster = try await EmbeddedCluster.start(
            EmbeddedCluster.Settings(directory: directory.path, durability: .throwaway))
        return cluster.address
    }

    private static let given = ProcessInfo.processInfo.environment["VIADUCT_DATABASE_URL"]
        .flatMap { $0.isEmpty ? nil : $0 }

    /// Statements that make and drop databases, one connection for all of them.
    private static let administration = Task<Pool, any Error> {
        Pool(
            Pool.Settings(
                address: try await server.value, connections: 2, transactions: 1,
                deadline: .seconds(10), statementTimeout: .seconds(60),
                applicationName: "viaduct tests"))
    }

    /// Runs the body with the address of a fresh, empty database, and drops it afterwards.
    ///
    /// On the throwaway cluster it is left to the cluster's end: dropping waits for the disk.
    package static func with<R>(
        isolation: isolated (any Actor)? = #isolation, _ body: (String) async throws -> R
    ) async throws -> R {
        let pool = try await administration.value
        let name = "test_" + UUID().uuidString.lowercased().replacing("-", with: "_")
        guard let address = Pool.address(try await server.value, database: name) else {
            throw NoAddress()
        }
        _ = try await pool.query(SQL(verbatim: "CREATE DATABASE \(name) TEMPLATE template0"))
        guard given != nil else { return try await body(address) }
        let result: Result<R, any Error>
        do {
            result = .success(try await body(address))
        } catch {
            result = .failure(error)
        }
        _ = try await pool.query(SQL(verbatim: "DROP DATABASE \(name) WITH (FORCE)"))
        return try result.get()
    }

    /// Runs the body with a pool on a fresh database.
    ///
    /// The pool is patient: all suites share two cores, and a wait there is no outage.
    package static func withPool<R>(
        connections: Int = 4, transactions: Int = 4,
        isolation: isolated (any Actor)? = #isolation, _ body: (Pool) async throws -> R
    ) async throws -> R {
        try await with { address in
            let pool = Pool(
                Pool.Settings(
                    address: address, connections: connections, transactions: transactions,
                    deadline: .seconds(60), statementTimeout: .seconds(60),
                    lockTimeout: .seconds(60), idleInTransactionTimeout: .seconds(60)))
            let running = Task { await pool.run() }
            let result: Result<R, any Error>
            do {
                result = .success(try await body(pool))
            } catch {
                result = .failure(error)
            }
            running.cancel()
            await running.value
            return try result.get()
        }
    }

    /// `VIADUCT_DATABASE_URL` is not an address.
    package struct NoAddress: Error {}
}
