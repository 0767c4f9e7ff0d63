import FoundationEssentials
import Postgres

extension CaseStore {
    /// Why nothing personal can be written or opened here; `nil` if it can be.
    package var lock: Sealer.Lock? { settings.sealer.lock }

    /// The ids of the keys under which anything may be sealed here; `nil` if our user of the database
    /// may not know.
    package func dataKeys() async throws(CaseStoreError) -> Set<DataKey.ID>? {
        do {
            return try Self.ids(in: try await pool.read("SELECT id FROM contact.data_key"))
        } catch .refused(state: "42501") {
            return nil
        } catch {
            throw CaseStoreError(error)
        }
    }

    /// Begins to seal with these keys, if they are all that the database needs; else nothing personal
    /// is written or opened here, and the answer is why.
    ///
    /// Of nodes that begin at the same time with different keys the first one wins: the others must
    /// be given its key.
    package func unlock(
        with keys: DataKeys?, now: Date
    ) async throws(CaseStoreError) -> Sealer.Lock? {
        guard let keys else {
            settings.sealer.set(nil, .noKey)
            return .noKey
        }
        let lock: Sealer.Lock?
        do {
            lock = try await pool.transaction { transaction async throws(PostgresError) in
                _ = try await transaction.query(
                    "LOCK TABLE contact.data_key IN SHARE ROW EXCLUSIVE MODE")
                let known = try Self.ids(
                    in: try await transaction.query("SELECT id FROM contact.data_key"))
                let missing = known.subtracting(keys.ids)
                guard missing.isEmpty else { return .missing(missing.sorted()) }
                _ = try await transaction.query(
                    """
                    INSERT INTO contact.data_key (id, since) VALUES (\(keys.current.id.bytes), \(now))
                    ON CONFLICT DO NOTHING
                    """)
                return nil
            }
        } catch .refused(state: "42501") {
            lock = .noRight
        } catch {
            throw CaseStoreError(error)
        }
        settings.sealer.set(keys, lock)
        return lock
    }

    /// Looks whether other nodes seal with keys that are not here, or ours was forgotten, and answers
    /// why nothing can be sealed here; asked each second, because a key may come at any time.
    @discardableResult
    package func checkDataKeys(now: Date) async throws(CaseStoreError) -> Sealer.Lock? {
        guard let keys = settings.sealer.held else { return settings.sealer.lock }
        guard let known = try await dataKeys() else {
            settings.sealer.set(.noRight)
            return .noRight
        }
        let missing = known.subtracting(keys.ids)
        guard missing.isEmpty, known.contains(keys.current.id) else {
            return try await unlock(with: keys, now: now)
        }
        settings.sealer.set(nil)
        return nil
    }

    /// Forgets the keys that seal nothing any more; to be called when `reseal` has found nothing.
    /// Whoever still seals with one of them notes it again within a second.
    func retireDataKeys(but current: DataKey.ID) async throws(CaseStoreError) {
        _ = try await query("DELETE FROM contact.data_key WHERE id <> \(current.bytes)")
    }

    private static func ids(in rows: Rows) throws(PostgresError) -> Set<DataKey.ID> {
        var ids: Set<DataKey.ID> = []
        for row in rows {
            var cells = row.cells
            ids.insert(DataKey.ID(bytes: try cells.next()))
        }
        return ids
    }
}
