import Federation
import FoundationEssentials
import GeoReport
import Reports

/// Looks whether a message has arrived, before it is sent again.
extension Open311Adapter {
    package func find(_ message: Message, over wire: Wire) async throws(PeerError) -> Ticket? {
        guard profile.resend == .lookup else {
            throw PeerError(.refused, "this kind of peer does not show what it has")
        }
        switch message.content {
        case .report(let report): return try await find(report, of: message, over: wire)
        case .update(let update): return try await find(update, of: message, over: wire)
        case .erasure: return nil
        }
    }

    private func find(
        _ report: OutgoingReport, of message: Message, over wire: Wire
    ) async throws(PeerError) -> Ticket? {
        let search = ReportSearch(report, text: asking.text(of: report))
        let list = ReadList(resource: .reports, listing: profile.reports)
        var arguments = Arguments()
        arguments.add("service_code", report.service)
        let items = try await items(
            of: list, arguments, since: message.firstTried ?? wire.now(), over: wire)
        let reports = items.compactMap { item -> IncomingReport? in
            if case .report(let report) = item { report } else { nil }
        }
        return search.best(of: reports).map { Ticket(id: $0.id) }
    }

    private func find(
        _ update: OutgoingUpdate, of message: Message, over wire: Wire
    ) async throws(PeerError) -> Ticket? {
        guard profile.updates == .polled, let id = message.ticket?.id else {
            throw PeerError(.refused, "this kind of peer does not show the updates it has")
        }
        let list = ReadList(resource: .updates, listing: profile.updateList)
        let items = try await items(
            of: list, Arguments(), since: message.firstTried ?? wire.now(), over: wire)
        let text = SearchText(asking.text(of: update))
        let isThere = items.contains { item in
            guard case .update(let other) = item, other.report == id else { return false }
            return other.id == update.id.rawValue
                || SearchText(other.description ?? "") == text
        }
        return isThere ? message.ticket : nil
    }

    /// All that is listed of a day around the first try, whatever the peer's clock shows.
    private func items(
        of list: ReadList, _ wanted: Arguments, since: Date, over wire: Wire
    ) async throws(PeerError) -> [Incoming] {
        let (from, to) = (since - 86_400, wire.now() + 86_400)
        let found = try await rows(of: list, wanted, from: from, to: to, over: wire)
        guard !isFull(found.first, list.listing) || list.listing.pages != .none else {
            throw PeerError(.later(nil), "lists more than can be looked through")
        }
        return found.all.items
    }
}

/// Which of a peer's reports is one that we may have handed to it; pure.
struct ReportSearch {
    private let report: OutgoingReport
    private let sent: SearchText

    init(_ report: OutgoingReport, text: String) {
        self.report = report
        sent = SearchText(text)
    }

    /// The one that bears our mark; without one, the one that says the same of the same place.
    func best(of reports: [IncomingReport]) -> IncomingReport? {
        reports.first(where: bearsMark) ?? reports.first(where: saysTheSame)
    }

    private func bearsMark(_ other: IncomingReport) -> Bool {
        guard other.description?.contains(report.address) != true else { return true }
        return other.answers.contains { $0.values.contains(report.id.rawValue) }
    }

    /// Servers cut texts, change blanks and round coordinates.
    private func saysTheSame(_ other: IncomingReport) -> Bool {
        guard other.service == nil || other.service == report.service, isNear(other) else {
            return false
        }
        let text = SearchText(other.description ?? "")
        if text == sent { return true }
        return text.isLong && (sent.begins(with: text) || text.begins(with: sent))
    }

    private func isNear(_ other: IncomingReport) -> Bool {
        guard let here = report.place?.coordinate, let there = other.place?.coordinate else {
            let (mine, theirs) = (report.place?.address, other.place?.address)
            return SearchText(mine ?? "") == SearchText(theirs ?? "")
        }
        // About fifty metres; a degree of longitude is shorter the farther north it lies.
        return abs(here.latitude - there.latitude) < 0.0005
            && abs(here.longitude - there.longitude) < 0.001
    }
}

/// A text as two systems can compare it: without regard to case and blanks.
struct SearchText: Equatable {
    private let text: String

    init(_ text: String) {
        self.text = text.lowercased().split(whereSeparator: \.isWhitespace)
            .joined(separator: " ")
    }

    /// Whether it is so long that two people hardly begin alike.
    var isLong: Bool { text.utf8.count >= 40 }

    func begins(with other: SearchText) -> Bool { text.hasPrefix(other.text) }
}
