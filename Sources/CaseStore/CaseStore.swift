import Federation
import Postgres
import Reports

/// The reports and all that belongs to them, in PostgreSQL: the only module with SQL.
///
/// A value without state of its own: any number of processes may use one database.
package struct CaseStore: Sendable {
    let pool: Pool
    let settings: Settings

    package init(pool: Pool, settings: Settings = Settings()) {
        self.pool = pool
        self.settings = settings
    }

    /// How long things are kept, and how they are named.
    package struct Settings: Sendable {
        /// How long a repeated POST of the same `Idempotency-Key` is recognised (D5).
        package var keyLifetime: Duration = .seconds(7 * 86_400)
        /// How long a sender's own number for a report is recognised (GR-A60).
        package var foreignIDLifetime: Duration = .seconds(30 * 86_400)
        /// How long a token that has resolved is kept (GR-A41).
        package var tokenLifetime: Duration = .seconds(90 * 86_400)
        /// Bytes of pictures that one client may bring in a day (M8).
        package var pictureQuota = 200_000_000
        /// How long a webhook's tries are kept in its log.
        package var attemptLifetime: Duration = .seconds(30 * 86_400)
        /// How long a peer's signed call is remembered: for as long as its signature counts, before
        /// and after our time, and some more (A7).
        package var peerCallLifetime: Duration = .seconds(900)
        /// How long the delivery of an update, and its tries, are kept once it is done, refused or
        /// dropped: for as long as a person may want to send it again. `nil` is for ever.
        package var deliveryLifetime: Duration? = .seconds(90 * 86_400)
        /// Who gets reports and updates, and what we are called in their paths. Its peers must be
        /// registered (`register`) before the first report is taken.
        package var peering = Peering()
        /// With what personal data is sealed; without keys nothing personal is written or opened.
        package var sealer = Sealer()
        /// Gives a report its public id; ids already in use are asked for again.
        package var mint: @Sendable (Jurisdiction.Slug, Visibility) -> Report.ID = {
            slug, visibility in
            var source = SystemRandomNumberGenerator()
            return Report.ID(slug: slug, visibility: visibility, using: &source)
        }

        package init() {}
    }

    /// The schema's history, oldest first; a merged migration is never edited.
    package static var migrations: [Migration] {
        [
            Migration(name: "m0001-case-store", bytes: PackageResources.m0001_case_store_sql),
            Migration(name: "m0002-conversation", bytes: PackageResources.m0002_conversation_sql),
            Migration(name: "m0003-media", bytes: PackageResources.m0003_media_sql),
            Migration(name: "m0004-changes", bytes: PackageResources.m0004_changes_sql),
            Migration(
                name: "m0005-foreign-number", bytes: PackageResources.m0005_foreign_number_sql),
            Migration(name: "m0006-federation", bytes: PackageResources.m0006_federation_sql),
            Migration(name: "m0007-peer-calls", bytes: PackageResources.m0007_peer_calls_sql),
            Migration(name: "m0008-standing", bytes: PackageResources.m0008_standing_sql),
            Migration(name: "m0009-notify", bytes: PackageResources.m0009_notify_sql),
            Migration(name: "m0010-erasure", bytes: PackageResources.m0010_erasure_sql),
            Migration(name: "m0011-limits", bytes: PackageResources.m0011_limits_sql),
            Migration(name: "m0012-privacy", bytes: PackageResources.m0012_privacy_sql),
            Migration(
                name: "m0013-erasing-quickly", bytes: PackageResources.m0013_erasing_quickly_sql),
            Migration(name: "m0014-sealing", bytes: PackageResources.m0014_sealing_sql),
            Migration(name: "m0015-audit", bytes: PackageResources.m0015_audit_sql),
            Migration(name: "m0016-months", bytes: PackageResources.m0016_months_sql),
            Migration(name: "m0017-strays", bytes: PackageResources.m0017_strays_sql),
        ]
    }

    /// Runs work for somebody who waits so long for the database altogether and then is told
    /// `unavailable`, whatever the server still does (reliability H4); `nil`: as long as it takes.
    package static func patiently<R>(
        _ patience: Duration?, _ work: () async -> R
    ) async -> R {
        await WaitingTime.$current.withValue(patience.map(WaitingTime.init), operation: work)
    }

    /// Brings the schema up to date and answers with the names of the migrations applied now.
    ///
    /// Any number of nodes may start at once (B1). What a restored backup needs is done as well
    /// (`settleShift`).
    @discardableResult
    package func migrate() async throws(MigrationError) -> [String] {
        let applied = try await Migrator.migrate(Self.migrations, on: pool)
        do {
            _ = try await moveShift()
        } catch {
            throw .database(error)
        }
        return applied
    }

    /// What stands in the way of serving, or deserves an operator's eye (B4).
    package func check() async throws(CaseStoreError) -> Health {
        let server = try await CaseStoreError.told { () async throws(PostgresError) in
            try await ServerCheck.run(on: pool)
        }
        do {
            let pending = try await Migrator.pending(Self.migrations, on: pool)
            return Health(server: server, pendingMigrations: pending)
        } catch .database(let error) {
            throw CaseStoreError(error)
        } catch {
            throw .defect("migrations: \(error)")
        }
    }

    /// What `check` found.
    package struct Health: Sendable, Equatable {
        /// What is to be said about the server.
        package let server: ServerCheck
        /// Names of migrations that have yet to run; do not serve.
        package let pendingMigrations: [String]

        /// Settings of the server under which what is acknowledged may be lost; do not serve.
        package var refusals: [String] { server.refusals }
        package var warnings: [String] { server.warnings }
    }
}

extension Migration {
    fileprivate init(name: String, bytes: [UInt8]) {
        self.init(name: name, sql: String(decoding: bytes, as: UTF8.self))
    }
}
