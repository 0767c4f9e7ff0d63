import Federation
import FoundationEssentials
import GeoReport
import Reports

/// What a peer lists, as the collector knows it; pure.
struct Items {
    let settings: Open311Settings
    /// What the peer's clock shows beside ours: times are made ours, so that a peer whose clock is
    /// wrong is not always the first or the last to say something.
    let clock: PeerClock

    /// A list that was read: what can be used, and what cannot.
    struct List {
        var items: [Incoming] = []
        var unreadable: [String] = []
        /// What each row says, usable or not: two answers that show the same have the same.
        var lines: [String] = []
        /// The latest of the times by which the peer chose the rows, by its clock.
        var newest: Date?

        /// Each thing once, from old to new: servers list as they like, and what a report went
        /// through has an order.
        ///
        /// A row that moved while pages were read counts as it was last. Two reports of one id are
        /// a server's mistake, and real: the later one wins, so that they do not take turns at
        /// being news.
        func inOrder() -> (items: [Incoming], unreadable: [String]) {
            var kept: [String: Incoming] = [:]
            var order: [String] = []
            var unreadable = unreadable
            for item in items {
                guard let other = kept[item.key] else {
                    order.append(item.key)
                    kept[item.key] = item
                    continue
                }
                if other.began != item.began { unreadable.append("two rows have one id") }
                if item.time > other.time { kept[item.key] = item }
            }
            let places = order.compactMap { kept[$0] }.enumerated().sorted { one, other in
                (one.element.time, one.offset) < (other.element.time, other.offset)
            }
            return (places.map(\.element), unreadable)
        }

        mutating func add(_ other: List) {
            items += other.items
            unreadable += other.unreadable
            lines += other.lines
            newest = [newest, other.newest].compactMap { $0 }.max()
        }
    }

    func reports(_ read: [Result<ReadTicket, RowProblem>]) -> List {
        list(read) { row in
            let time = settings.profile.reports.basis == .updated ? row.updated : row.requested
            return Row(
                id: row.id, line: "\(row.id) \(row.updated) \(row.word)", time: time,
                item: Open311Adapter.id(row.id).map { _ in .report(report(row)) })
        }
    }

    func updates(_ read: [Result<ReadUpdate, RowProblem>]) -> List {
        list(read) { row in
            let isUsable = Open311Adapter.id(row.id) != nil && Open311Adapter.id(row.report) != nil
            return Row(
                id: row.id, line: "\(row.id) \(row.report) \(row.updated)", time: row.updated,
                item: isUsable ? .update(update(row)) : nil)
        }
    }

    private struct Row {
        let id: String
        let line: String
        let time: Date
        /// `nil` if an id is longer than anybody keeps.
        let item: Incoming?
    }

    private func list<Read>(
        _ read: [Result<Read, RowProblem>], _ row: (Read) -> Row
    ) -> List {
        var list = List()
        for (index, result) in read.enumerated() {
            switch result {
            case .success(let read):
                let row = row(read)
                list.lines.append(row.line)
                list.newest = max(list.newest ?? row.time, row.time)
                if let item = row.item {
                    list.items.append(item)
                } else {
                    list.unreadable.append("row \(index + 1): an id is longer than 255 bytes")
                }
            case .failure(let problem):
                list.lines.append(problem.problem)
                list.unreadable.append("row \(problem.row): \(problem.problem)")
            }
        }
        return list
    }
}

extension Items {
    private func report(_ row: ReadTicket) -> IncomingReport {
        let read = row.report
        var coordinate: Coordinate?
        if let latitude = read.latitude, let longitude = read.longitude {
            coordinate = Coordinate(latitude: latitude, longitude: longitude)
        }
        return IncomingReport(
            id: row.id, status: word(of: row), statusNotes: read.statusNotes,
            service: read.serviceCode, serviceName: read.serviceName, title: read.title,
            description: read.description,
            place: Place(
                coordinate: coordinate, address: read.address, addressID: read.addressID),
            zipcode: read.zipcode,
            answers: row.answers.map { PeerAnswer(code: $0.code, values: $0.values) },
            media: read.media.compactMap(address), agency: read.agency, expected: row.expected,
            requested: clock.ours(row.requested), updated: clock.ours(row.updated),
            provenance: provenance(row.way),
            visibility: row.isPrivate ? .private : .public)
    }

    /// The finer word, where this kind of server means something by it.
    private func word(of row: ReadTicket) -> String {
        switch settings.profile.words {
        case .plain: row.word
        case .detail, .detailedStatus: row.finerWord ?? row.word
        }
    }

    private func update(_ row: ReadUpdate) -> IncomingUpdate {
        let provenance = provenance(row.way)
        // Who tells where it began tells its word too, as it is told everywhere.
        let told = provenance == nil ? nil : row.way?.told
        return IncomingUpdate(
            id: row.id, report: row.report, status: told == nil ? row.word : row.way?.toldStatus,
            description: row.description, media: row.media.compactMap(address),
            told: told ?? clock.ours(row.updated), externalStatus: row.externalStatus,
            customerReference: row.customerReference, provenance: provenance)
    }

    /// What the peer tells of the way; whoever tells nonsense tells nothing.
    private func provenance(_ way: ReadWay?) -> Provenance? {
        guard settings.profile.marker == .header, let way,
            let origin = Authority(rawValue: way.origin), let id = Open311Adapter.id(way.originID)
        else { return nil }
        let path = way.path.compactMap(Authority.init(rawValue:))
        guard path.count == way.path.count else { return nil }
        return Provenance(origin: origin, originID: id, path: path.isEmpty ? [origin] : path)
    }

    /// A picture's absolute address; one that begins with a slash is the peer's own.
    private func address(_ text: String) -> String? {
        if text.hasPrefix("http://") || text.hasPrefix("https://") { return text }
        guard text.hasPrefix("/"), let scheme = settings.address.firstRange(of: "://") else {
            return nil
        }
        if text.hasPrefix("//") {
            return settings.address[..<scheme.lowerBound] + ":" + text
        }
        let host = settings.address[scheme.upperBound...].prefix { $0 != "/" }
        return settings.address[..<scheme.upperBound] + host + text
    }
}

extension Incoming {
    /// When it was said.
    fileprivate var time: Date {
        switch self {
        case .report(let report): report.updated
        case .update(let update): update.told
        }
    }

    /// What tells it from others of its kind.
    fileprivate var key: String {
        switch self {
        case .report(let report): report.id
        case .update(let update): update.report + "\n" + update.id
        }
    }

    /// What never changes about it.
    fileprivate var began: Date {
        switch self {
        case .report(let report): report.requested
        case .update(let update): update.told
        }
    }
}
