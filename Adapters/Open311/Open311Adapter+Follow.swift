import Federation
import FoundationEssentials
import GeoReport

/// Another Viaduct's change feed: which reports changed, in an order from which nothing is missed;
/// what they say is asked for by their ids.
extension Open311Adapter {
    /// Changes of one page: as many reports as may be asked for at once.
    private static let changesPerPage = 50

    func follow(after cursor: Cursor?, over wire: Wire) async throws(PeerError) -> Page {
        var arguments = Arguments()
        arguments.add("after", cursor?.text)
        arguments.add("limit", "\(min(Self.changesPerPage, profile.idsPerCall))")
        arguments.add("wait", "\(settings.patience.components.seconds)")
        let call = asking.get(
            .changes, nil, arguments, patience: settings.patience + .seconds(20))
        let reply = try await wire.send(call)
        let read = try judgement(.reads).read(reply) { bytes, _ throws(ReadingError) in
            try Reading.changes(bytes)
        }
        guard read.next.utf8.count <= 1024 else {
            throw PeerError(.later(nil), "answered a cursor that is none", status: reply.status)
        }
        let next = Cursor(text: read.next)
        let told = read.changes.filter { $0.type != "report.removed" }
        guard !told.isEmpty else {
            return Page(items: [], next: next, isLast: read.changes.isEmpty)
        }
        let reports = try await self.reports(of: told, over: wire).inOrder()
        let updates = try await self.updates(of: told, over: wire).inOrder()
        return Page(
            items: reports.items + updates.items,
            unreadable: reports.unreadable + updates.unreadable, next: next, isLast: false)
    }

    private func reports(
        of changes: [ReadChange], over wire: Wire
    ) async throws(PeerError) -> Items.List {
        var arguments = Arguments()
        arguments.add("service_request_id", Self.ids(changes))
        arguments.add("page_size", "\(Self.changesPerPage)")
        add(extrasTo: &arguments)
        let reply = try await wire.send(asking.get(.reports, nil, arguments))
        return try list(in: reply, .reports, received: wire.now())
    }

    /// The updates that the changes name, and no others.
    private func updates(
        of changes: [ReadChange], over wire: Wire
    ) async throws(PeerError) -> Items.List {
        let named = Set(changes.compactMap(\.update))
        let times = changes.filter { $0.update != nil }.compactMap(\.recorded)
        guard let first = times.min(), let last = times.max() else { return Items.List() }
        let about = changes.filter { $0.update != nil }
        var list = Items.List()
        // The publication of an update is some seconds away from the change that tells of it.
        for page in 1...20 {
            var arguments = Arguments()
            arguments.add("service_request_id", Self.ids(about))
            arguments.add("start_date", asking.text(first - 300))
            arguments.add("end_date", asking.text(last + 300))
            arguments.add("page", "\(page)")
            arguments.add("page_size", "\(profile.updateList.size)")
            arguments.add("extensions", "true")
            let reply = try await wire.send(asking.get(.updates, nil, arguments))
            let found = try self.list(in: reply, .updates, received: wire.now())
            list.items += found.items.filter { item in
                guard case .update(let update) = item else { return false }
                return named.contains(update.id)
            }
            list.unreadable += found.unreadable
            if found.lines.count < profile.updateList.size { return list }
        }
        throw PeerError(.later(nil), "lists more updates than can be looked through")
    }

    /// Each report once, in the order of the changes.
    private static func ids(_ changes: [ReadChange]) -> String {
        var seen: Set<String> = []
        return changes.map(\.report).filter { seen.insert($0).inserted }.joined(separator: ",")
    }
}
