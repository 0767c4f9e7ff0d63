import Federation
import FoundationEssentials
import GeoReport

extension Open311Adapter {
    /// The next part of a list.
    func page(
        of list: ReadList, after cursor: Cursor?, over wire: Wire
    ) async throws(PeerError) -> Page {
        let window = ReadingWindow(
            after: cursor, polling: polling(of: list), stamps: stamps, now: wire.now())
        let isWhole = list.listing.to != nil && (window.to ?? .distantFuture) > window.from + 1
        let found = try await rows(
            of: list, Arguments(), from: window.from, to: window.to,
            most: isWhole ? 1 : Self.mostPages, over: wire)
        // Where pages have been read to their end, or no smaller part can be asked for, there is
        // nothing to divide.
        let isDivisible = isWhole && isFull(found.first, list.listing)
        let read = found.all.inOrder()
        var unreadable = read.unreadable
        let isCut = isFull(found.first, list.listing) && list.listing.pages == .none
        if isCut, !isDivisible { unreadable.append("there is more than the peer lists at once") }
        return window.page(
            of: read.items, unreadable: unreadable, count: isDivisible ? 1 : 0,
            newest: found.all.newest, limit: isDivisible ? 1 : nil, clock: found.clock)
    }

    /// Pages that are read of one part at most.
    private static let mostPages = 200

    /// Rows of one answer or of several.
    struct Rows {
        var all: Items.List
        let first: Items.List
        let clock: PeerClock
    }

    /// The rows of a part, page by page, until one is short, empty, the same as the one before, or
    /// an error (R311).
    func rows(
        of list: ReadList, _ wanted: Arguments, from: Date, to: Date?, most: Int = mostPages,
        over wire: Wire
    ) async throws(PeerError) -> Rows {
        let part = Part(list: list, wanted: wanted, from: from, to: to)
        var reply = try await wire.send(call(for: part, page: 0, now: wire.now()))
        var last = try self.list(in: reply, list.resource, received: wire.now())
        var rows = Rows(all: last, first: last, clock: PeerClock(reply, received: wire.now()))
        guard list.listing.pages != .none else { return rows }
        for page in 1..<max(most, 1) where isFull(last, list.listing) {
            reply = try await wire.send(call(for: part, page: page, now: wire.now()))
            // Behind the last page, some servers say that there is none.
            if [400, 404, 422].contains(reply.status) { return rows }
            let next = try self.list(in: reply, list.resource, received: wire.now())
            if next.lines == last.lines { return rows }
            rows.all.add(next)
            last = next
        }
        return rows
    }

    /// Whether there may be more than an answer shows.
    func isFull(_ rows: Items.List, _ listing: Profile.Listing) -> Bool {
        guard listing.pages == .none else { return rows.lines.count >= max(1, listing.least) }
        return listing.most.map { rows.lines.count >= $0 } ?? false
    }

    /// The items of an answer; an empty list too is an answer that says so.
    func list(
        in reply: Wire.Reply, _ resource: Profile.Resource, received: Date
    ) throws(PeerError) -> Items.List {
        let judgement = judgement(.reads)
        let items = Items(settings: settings, clock: PeerClock(reply, received: received))
        if reply.status == profile.emptyStatus, judgement.isFault(reply) { return Items.List() }
        let zone = settings.serverZone
        guard resource == .updates else {
            return items.reports(
                try judgement.read(reply) { bytes, format throws(ReadingError) in
                    try Reading.tickets(bytes, as: format, zone: zone)
                })
        }
        return items.updates(
            try judgement.read(reply) { bytes, format throws(ReadingError) in
                try Reading.updates(bytes, as: format, zone: zone)
            })
    }

    func add(extrasTo arguments: inout Arguments) {
        arguments.add("status", profile.status)
        if profile.extensions == .asked { arguments.add("extensions", "true") }
    }
}

extension Open311Adapter {
    /// What is asked for of a list.
    private struct Part {
        let list: ReadList
        let wanted: Arguments
        let from: Date
        let to: Date?
    }

    private func call(for part: Part, page: Int, now: Date) -> Wire.Call {
        let listing = part.list.listing
        var arguments = part.wanted
        if part.list.resource == .reports { add(extrasTo: &arguments) }
        arguments.add(listing.from, asking.text(part.from))
        // A window that has to end somewhere ends where no clock is yet.
        let end = part.to ?? (listing.end == .required ? now + 86_400 : nil)
        if let name = listing.to, let end { arguments.add(name, asking.text(end)) }
        switch listing.pages {
        case .none: break
        case .numbered: arguments.add(listing.pageName, "\(listing.first + page)")
        case .offset: arguments.add(listing.pageName, "\(page * listing.size)")
        }
        if let name = listing.sizeName { arguments.add(name, "\(listing.size)") }
        return asking.get(part.list.resource, nil, arguments)
    }

    /// No farther back than the peer's windows reach.
    private func polling(of list: ReadList) -> Peer.Polling {
        var polling = settings.polling
        if let longest = list.listing.longest {
            let farthest = Duration.seconds(longest) - polling.overlap
            polling.sweep = min(polling.sweep ?? farthest, farthest)
        }
        return polling
    }

    private var stamps: ReadingWindow.Stamps {
        settings.zone == .gmt ? .zoned : .local
    }
}
