import Federation
import FoundationEssentials
import GeoReport

extension Open311Adapter {
    package func collect(
        after cursor: Cursor?, over wire: Wire
    ) async throws(PeerError) -> Page {
        if profile.updates == .followed { return try await follow(after: cursor, over: wire) }
        let lists = lists
        var places = Places(cursor, lists: lists.count)
        guard let active = places.active else {
            return Page(items: [], next: places.cursor, isLast: true)
        }
        let page = try await page(
            of: lists[active], after: places.cursors[active], over: wire)
        places.cursors[active] = page.next
        if page.isLast { places.finish() }
        return Page(
            items: page.items, unreadable: page.unreadable, next: places.cursor,
            isLast: page.isLast && places.isAtRest)
    }

    package func look(
        at tickets: [String], over wire: Wire
    ) async throws(PeerError) -> [Incoming] {
        guard let first = tickets.first else { return [] }
        let isOne = tickets.count == 1 || profile.idsPerCall == 1
        var arguments = Arguments()
        if !isOne { arguments.add("service_request_id", tickets.joined(separator: ",")) }
        add(extrasTo: &arguments)
        let call =
            isOne
            ? asking.get(.report, first, arguments) : asking.get(.reports, nil, arguments)
        let reply = try await wire.send(call)
        if isOne, reply.status == 404 { return [] }
        return try list(in: reply, .reports, received: wire.now()).items
    }

    /// What is read of the peer, one list after another.
    var lists: [ReadList] {
        var lists: [ReadList] = []
        let wantsUpdates = settings.flow.contains(.updatesIn)
        let showsUpdates = wantsUpdates && profile.updates == .none
        if settings.flow.contains(.reportsIn) || showsUpdates {
            lists.append(ReadList(resource: .reports, listing: profile.reports))
        }
        if wantsUpdates, profile.updates == .polled {
            lists.append(ReadList(resource: .updates, listing: profile.updateList))
        }
        return lists
    }
}

/// A resource, and how it is listed.
struct ReadList {
    let resource: Profile.Resource
    let listing: Profile.Listing
}

/// How far each list of a peer has been read: the cursor that is kept.
struct Places: Equatable {
    var cursors: [Cursor?]
    /// The list that is being read.
    private var turn: Int

    /// The places of a cursor, or the beginning if it is of other lists than there are now.
    init(_ cursor: Cursor?, lists: Int) {
        cursors = Array(repeating: nil, count: lists)
        turn = 0
        let parts = cursor.map { $0.text.split(separator: ";", omittingEmptySubsequences: false) }
        guard let parts, parts.count == lists + 1, let turn = Int(parts[0]),
            (0..<max(1, lists)).contains(turn)
        else { return }
        self.turn = turn
        cursors = parts.dropFirst().map { $0.isEmpty ? nil : Cursor(text: String($0)) }
    }

    /// The list that is read next; `nil` if there is none.
    var active: Int? { cursors.isEmpty ? nil : turn }

    /// Whether all lists have been read to their ends.
    var isAtRest: Bool { turn == 0 }

    /// Goes to the next list.
    mutating func finish() {
        turn = (turn + 1) % max(1, cursors.count)
    }

    var cursor: Cursor {
        Cursor(text: (["\(turn)"] + cursors.map { $0?.text ?? "" }).joined(separator: ";"))
    }
}
