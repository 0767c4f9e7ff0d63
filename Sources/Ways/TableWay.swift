import Federation
import Foundation
import Postgres

/// The way to a pair of tables in somebody else's PostgreSQL, as a `Wire`
/// (`Adapters/SQLTable/tables.sql`).
///
/// | Method | Address | |
/// |---|---|---|
/// | PUT | `table:outbox/KEY` | the row in the body, a JSON object by its columns: 201, or 200 if it is there already, or 409 if another one is there by this key |
/// | GET | `table:outbox/KEY` | the row: 200, or 404 |
/// | GET | `table:inbox?after=XID.NUMBER` | at most 500 rows behind that one, a JSON list |
/// | OPTIONS | `table:` | what is missing of tables and rights, a JSON list of sentences |
///
/// Rows of the inbox are listed in the order of their transactions, and none that an open transaction
/// could still stand before: what is committed late is read late, and not missed (backoffice.md 2,
/// rule 3).
package struct TableWay: Sendable {
    private let pool: Pool
    /// The schema of the two tables, as it is quoted in SQL.
    private let schema: SQL
    private let tables: (outbox: String, inbox: String)

    /// A way to the tables of a schema; `address` is a `postgres://` URL or a `key=value` list, in
    /// which a password need not stand.
    package init(address: String, password: String? = nil, schema: String) {
        let whole = password.flatMap { Pool.address(address, password: $0) } ?? address
        pool = Pool(
            Pool.Settings(
                address: whole, connections: 1, transactions: 1, deadline: .seconds(10),
                statementTimeout: .seconds(15), applicationName: "viaduct"))
        let quoted = "\"\(schema.replacing("\"", with: "\"\""))\""
        self.schema = SQL(verbatim: quoted)
        tables = ("\(quoted).outbox", "\(quoted).inbox")
    }

    /// The way as adapters use it.
    package func wire(now: @escaping @Sendable () -> Date = { Date() }) -> Wire {
        Wire(now: now) { call async throws(PeerError) in try await answer(call) }
    }

    private func answer(_ call: Wire.Call) async throws(PeerError) -> Wire.Reply {
        let address = TableAddress(call.address)
        do throws(PostgresError) {
            switch (call.method, address) {
            case ("PUT", .outbox(let key)): return try await put(call.body, key)
            case ("GET", .outbox(let key)): return try await row(key)
            case ("GET", .inbox(let place)): return try await rows(behind: place)
            case ("OPTIONS", _): return try await obstacles()
            default: return Wire.Reply(status: 404)
            }
        } catch {
            throw call.failed(error, pool.trouble)
        }
    }

    private func put(_ body: [UInt8], _ key: String) async throws(PostgresError) -> Wire.Reply {
        let row = String(decoding: body, as: UTF8.self)
        let rows = try await pool.query(
            """
            WITH given AS (
                SELECT * FROM jsonb_populate_record(
                    NULL::\(schema).outbox, \(row)::text::jsonb)
            ), added AS (
                INSERT INTO \(schema).outbox (
                    key, kind, report, service, status, title, description, latitude, longitude,
                    address, zipcode, email, first_name, last_name, phone, answers, media, url,
                    told, parts)
                SELECT \(key), kind, report, service, status, title, description, latitude,
                    longitude, address, zipcode, email, first_name, last_name, phone,
                    coalesce(answers, '{}'), coalesce(media, '{}'), url,
                    coalesce(told, now()), coalesce(parts, '{}')
                FROM given ON CONFLICT (key) DO NOTHING RETURNING report
            )
            SELECT CASE WHEN EXISTS (SELECT FROM added) THEN 201
                WHEN EXISTS (
                    SELECT FROM \(schema).outbox AS held, given
                    WHERE held.key = \(key) AND held.report = given.report
                        AND held.kind = given.kind) THEN 200
                -- Somebody else is just writing it.
                WHEN NOT EXISTS (SELECT FROM \(schema).outbox WHERE key = \(key)) THEN 503
                ELSE 409 END
            """)
        guard var cells = rows.first?.cells else { return Wire.Reply(status: 500) }
        let status = try cells.next(Int32.self)
        return Wire.Reply(status: Int(status), body: Array("{\"status\":\(status)}".utf8))
    }

    private func row(_ key: String) async throws(PostgresError) -> Wire.Reply {
        let rows = try await pool.query(
            """
            SELECT row_to_json(held)::text FROM (
                SELECT key, kind, report FROM \(schema).outbox WHERE key = \(key)) AS held
            """)
        guard var cells = rows.first?.cells else { return Wire.Reply(status: 404) }
        return Wire.Reply(status: 200, body: Array(try cells.next(String.self).utf8))
    }

    private func rows(behind place: TablePlace) async throws(PostgresError) -> Wire.Reply {
        let rows = try await pool.query(
            """
            SELECT coalesce(json_agg(listed ORDER BY written_by::numeric, number), '[]')::text
            FROM (
                SELECT number, report, status, description, media,
                    to_char(told AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS told,
                    written_by::text AS written_by
                FROM \(schema).inbox
                WHERE (written_by, number)
                        > (\(String(place.transaction))::xid8, \(place.number))
                    AND written_by < pg_snapshot_xmin(pg_current_snapshot())
                ORDER BY written_by, number LIMIT \(TablePlace.most)
            ) AS listed
            """)
        guard var cells = rows.first?.cells else { return Wire.Reply(status: 500) }
        return Wire.Reply(status: 200, body: Array(try cells.next(String.self).utf8))
    }

    private func obstacles() async throws(PostgresError) -> Wire.Reply {
        let (outbox, inbox) = tables
        let rows = try await pool.query(
            """
            SELECT coalesce(json_agg(sentence), '[]')::text FROM (
                SELECT format('there is no table %s', name) AS sentence
                FROM (VALUES (\(outbox)), (\(inbox))) AS wanted (name)
                WHERE to_regclass(name) IS NULL
                UNION ALL
                SELECT format('we may not %s in %s', lower(privilege), name)
                FROM (VALUES (\(outbox), 'INSERT'), (\(outbox), 'SELECT'), (\(inbox), 'SELECT'))
                    AS wanted (name, privilege)
                WHERE to_regclass(name) IS NOT NULL
                    AND NOT has_table_privilege(to_regclass(name), privilege)
            ) AS missing
            """)
        guard var cells = rows.first?.cells else { return Wire.Reply(status: 500) }
        return Wire.Reply(status: 200, body: Array(try cells.next(String.self).utf8))
    }
}

extension Wire.Call {
    /// What a database said, as what to do next; its words stay with whoever runs it.
    fileprivate func failed(_ error: PostgresError, _ trouble: String?) -> PeerError {
        switch error {
        case .unavailable:
            PeerError(.later(nil), "the database is away: \(trouble ?? "no connection")")
        case .timeout, .locked, .retry: PeerError(.later(nil), "the database is busy")
        case .outcomeUnknown:
            PeerError(changesNothing ? .later(nil) : .ambiguous, "the database went away")
        // No such schema, table, column, function or right.
        case .refused("42501"), .refused("42P01"), .refused("42703"), .refused("3F000"),
            .refused("42883"):
            PeerError(.forbidden, "the tables are not as tables.sql has them, or not for us")
        case .refused(let state): PeerError(.refused, "the database refused it (\(state))")
        case .conflict(let constraint):
            PeerError(.refused, "a rule of the table refused it (\(constraint))")
        case .undecodable: PeerError(.later(nil), "the tables are not as tables.sql has them")
        }
    }
}

/// Which rows a call is about.
enum TableAddress: Equatable {
    case outbox(String)
    case inbox(TablePlace)
    case none

    init(_ address: String) {
        let outbox = "table:outbox/"
        let inbox = "table:inbox?after="
        if address.hasPrefix(outbox) {
            let key = String(address.dropFirst(outbox.count)).removingPercentEncoding
            self = key.map { TableAddress.outbox($0) } ?? .none
        } else if address.hasPrefix(inbox) {
            let place = TablePlace(String(address.dropFirst(inbox.count)))
            self = place.map { TableAddress.inbox($0) } ?? .none
        } else {
            self = .none
        }
    }
}

/// A row of the inbox by its place in the order in which it is read.
package struct TablePlace: Sendable, Equatable {
    package let transaction: UInt64
    package let number: Int64

    /// How many rows a reading has at most.
    package static let most = 500

    package init(transaction: UInt64, number: Int64) {
        self.transaction = transaction
        self.number = number
    }

    /// A place in a text such as `731.12`.
    package init?(_ text: String) {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 2, let transaction = UInt64(parts[0]), let number = Int64(parts[1])
        else { return nil }
        self.init(transaction: transaction, number: number)
    }
}
