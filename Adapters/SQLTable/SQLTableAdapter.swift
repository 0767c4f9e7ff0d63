import Federation
import FoundationEssentials
import Reports

/// Writes what is told into a table of somebody else's database, and reads another one
/// (`tables.sql`).
package struct SQLTableAdapter: Adapter {
    /// What is hidden in what the database says.
    private let secrets: [String]

    package init(hiding secrets: [String] = []) {
        self.secrets = secrets
    }

    package var traits: AdapterTraits {
        AdapterTraits(
            resend: .idempotent,
            carries: [
                .reports, .updates, .media, .severalMedia, .answers, .title, .details, .contact,
                .erasure, .ownReference,
            ])
    }

    package func deliver(
        _ message: Message, over wire: Wire
    ) async throws(PeerError) -> Ticket {
        guard let row = OutboxRow(message) else {
            throw PeerError(.later(nil), "the peer has not got the report yet")
        }
        let calls = calls(over: wire, telling: message)
        let call = calls.call("PUT", Self.address(of: message), row)
        // The report is called by our id in both tables.
        let written: Written = try calls.read(try await calls.reply(to: call), of: call)
        guard [200, 201].contains(written.status) else {
            throw PeerError(.ambiguous, "the database does not say what became of the row")
        }
        return Ticket(id: row.report)
    }

    package func find(_ message: Message, over wire: Wire) async throws(PeerError) -> Ticket? {
        let calls = calls(over: wire, telling: message)
        let call = Wire.Call("GET", Self.address(of: message))
        let reply = try await calls.anyReply(to: call)
        if reply.status == 404 { return nil }
        guard reply.status == 200 else { throw calls.failure(reply, to: call) }
        let held: Held = try calls.read(reply, of: call)
        guard held.key == message.key else {
            throw PeerError(.later(nil), "the database shows another row")
        }
        return Ticket(id: held.report)
    }

    package func collect(
        after cursor: Cursor?, over wire: Wire
    ) async throws(PeerError) -> Page {
        var place = cursor.flatMap { InboxPlace($0.text) } ?? .beginning
        let rows: [InboxRow] = try await calls(over: wire)
            .get("table:inbox?after=\(place.text)")
        var items: [Incoming] = []
        var unreadable: [String] = []
        for row in rows {
            guard let next = row.place else {
                throw PeerError(.later(nil), "a row of the inbox has no place")
            }
            place = next
            if let update = row.update {
                items.append(.update(update))
            } else {
                unreadable.append("row \(row.number): its time is none")
            }
        }
        return Page(
            items: items, unreadable: unreadable, next: Cursor(text: place.text),
            isLast: rows.count < InboxPlace.most)
    }

    package func check(over wire: Wire) async throws(PeerError) -> PeerReport {
        let calls = calls(over: wire)
        let call = Wire.Call("OPTIONS", "table:")
        let missing: [String] = try calls.read(try await calls.reply(to: call), of: call)
        return PeerReport(
            software: "PostgreSQL with the tables outbox and inbox", services: nil,
            obstacles: missing.map { calls.shown($0) })
    }

    private func calls(over wire: Wire, telling message: Message? = nil) -> JSONCalls {
        JSONCalls(over: wire, headers: [], hiding: secrets, telling: message)
    }

    private static func address(of message: Message) -> String {
        "table:outbox/" + PercentEncoding.encoded(message.key)
    }

    private struct Written: Decodable {
        let status: Int
    }

    private struct Held: Decodable {
        let key: String
        let report: String
    }
}

/// Where the reading of the inbox stands: the transaction that wrote a row, and the row's number.
struct InboxPlace: Equatable {
    let transaction: UInt64
    let number: Int64

    static let beginning = InboxPlace(transaction: 0, number: 0)
    /// How many rows a reading has at most.
    static let most = 500

    var text: String { "\(transaction).\(number)" }

    init(transaction: UInt64, number: Int64) {
        self.transaction = transaction
        self.number = number
    }

    /// A place in a text such as `731.12`; `nil` for any other.
    init?(_ text: String) {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 2, let transaction = UInt64(parts[0]), let number = Int64(parts[1])
        else { return nil }
        self.init(transaction: transaction, number: number)
    }
}
