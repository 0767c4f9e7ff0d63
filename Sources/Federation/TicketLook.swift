/// Reads a peer that tells only of new reports, and looks then how the tickets stand that are open:
/// some of them each time, and in some time all.
///
/// How far it got stands behind the adapter's own cursor and is kept with it.
package struct TicketLook: Sendable {
    private let adapter: any Adapter
    private let tickets: @Sendable (String, Int) async throws(PeerError) -> [String]

    /// Calls that one reading makes at most for this.
    package static let mostCalls = 10

    /// A reading by this adapter; `tickets` are the ids of open tickets behind one, in their order.
    package init(
        by adapter: any Adapter,
        tickets:
            @escaping @Sendable (_ id: String, _ limit: Int) async throws(PeerError) -> [String]
    ) {
        self.adapter = adapter
        self.tickets = tickets
    }

    /// What the adapter reads, and on its last page how tickets stand.
    package func page(
        after cursor: Cursor?, over wire: Wire
    ) async throws(PeerError) -> Page {
        let looks = adapter.traits.looks
        guard looks > 0 else { return try await adapter.collect(after: cursor, over: wire) }
        var (own, last) = Self.parts(of: cursor)
        var page = try await adapter.collect(after: own, over: wire)
        own = page.next
        for _ in 0..<Self.mostCalls where page.isLast {
            let ids = try await tickets(last, looks)
            // Behind the last one the round begins anew, with the next reading.
            last = ids.last ?? ""
            guard !ids.isEmpty else { break }
            do throws(PeerError) {
                page.items += try await adapter.look(at: ids, over: wire)
            } catch {
                // A ticket at which the peer fails must not keep it from being read.
                page.unreadable.append("tickets from \(ids[0]) on: \(error.reason)")
                break
            }
        }
        page.next = Self.cursor(own, last)
        return page
    }

    private static let joint: Character = "\n"

    private static func parts(of cursor: Cursor?) -> (own: Cursor?, last: String) {
        guard let text = cursor?.text, let place = text.firstIndex(of: joint) else {
            return (cursor, "")
        }
        let own = String(text[..<place])
        return (own.isEmpty ? nil : Cursor(text: own), String(text[text.index(after: place)...]))
    }

    private static func cursor(_ own: Cursor?, _ last: String) -> Cursor {
        guard !last.isEmpty else { return own ?? Cursor(text: "") }
        return Cursor(text: (own?.text ?? "") + String(joint) + last)
    }
}
