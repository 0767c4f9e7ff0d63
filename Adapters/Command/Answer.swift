import Federation
import FoundationEssentials
import Reports

/// A line that a program answers with.
struct Answer: Decodable {
    var ticket: String?
    /// What the system took and did not keep as it was said.
    var remark: String?
    /// `refused`, `forbidden`, `later` or `ambiguous`.
    var error: String?
    var reason: String?
    /// Seconds until it may be tried again.
    var after: UInt32?
    /// A picture that was asked for.
    var base64: String?
    var software: String?
    var services: [String]?
    /// Questions that must be answered, by service.
    var required: [String: [String]]?
    var obstacles: [String]?

    /// Whether what was looked for is there.
    var isFound: Bool { ticket != nil }

    /// The failure that it tells of, if it does.
    func failure(_ calls: JSONCalls) -> PeerError? {
        guard let error else { return nil }
        let said = calls.shown(reason ?? "it said no more than “\(error)”")
        let kind: PeerError.Kind? =
            switch error {
            case "refused": .refused
            case "forbidden": .forbidden
            case "later": .later(after.map { .seconds($0) })
            case "ambiguous": .ambiguous
            default: nil
            }
        guard let kind else {
            return PeerError(
                .ambiguous, "its error “\(calls.shown(error, most: 40))” is none that there is")
        }
        return PeerError(kind, said)
    }

    /// The ticket that it names, or the one that is known already.
    func ticket(_ calls: JSONCalls, or known: Ticket?) throws(PeerError) -> Ticket {
        guard let id = ticket ?? known?.id, (1...255).contains(id.utf8.count) else {
            throw PeerError(.ambiguous, "its answer names no ticket")
        }
        var found = Ticket(id: id)
        found.remark = remark.map { calls.shown($0) }
        return found
    }
}

/// A line of a reading: something that the system tells, or where the next reading begins.
struct Line: Decodable {
    var update: Said?
    var report: Told?
    var next: String?
    /// Whether there is more behind it.
    var more: Bool?
    var error: String?
    var reason: String?
    var after: UInt32?

    /// One dated change.
    struct Said: Decodable {
        let id: String
        let ticket: String
        var status: String?
        var description: String?
        var media: [String]?
        let updatedDatetime: String

        private enum CodingKeys: String, CodingKey {
            case id, ticket, status, description, media, updatedDatetime = "updated_datetime"
        }
    }

    /// A ticket as it is now.
    struct Told: Decodable {
        let ticket: String
        let status: String
        var statusNotes: String?
        var serviceCode: String?
        var title: String?
        var description: String?
        var lat: Double?
        var long: Double?
        var addressString: String?
        var media: [String]?
        var agencyResponsible: String?
        let requestedDatetime: String
        let updatedDatetime: String

        private enum CodingKeys: String, CodingKey {
            case ticket, status, statusNotes = "status_notes", serviceCode = "service_code", title
            case description, lat, long, addressString = "address_string", media
            case agencyResponsible = "agency_responsible"
            case requestedDatetime = "requested_datetime", updatedDatetime = "updated_datetime"
        }
    }
}

extension Line {
    /// What it tells, or why it cannot be read; `nil` if it is the last line.
    var incoming: Result<Incoming, Unreadable>? {
        if let update {
            return read(update.updatedDatetime, of: update.id) { .update(update.incoming($0)) }
        }
        if let report {
            return read(report.updatedDatetime, of: report.ticket) { updated in
                guard let requested = Self.time(report.requestedDatetime) else { return nil }
                return .report(report.incoming(requested: requested, updated: updated))
            }
        }
        return next == nil
            ? .failure(Unreadable("a line with neither update, report nor next")) : nil
    }

    struct Unreadable: Error {
        let reason: String

        init(_ reason: String) {
            self.reason = reason
        }
    }

    private func read(
        _ time: String, of id: String, _ make: (Date) -> Incoming?
    ) -> Result<Incoming, Unreadable> {
        guard let time = Self.time(time), let incoming = make(time) else {
            return .failure(
                Unreadable("the times of \(id.prefix(64)) are none: write 2026-01-31T08:00:00Z"))
        }
        return .success(incoming)
    }

    private static func time(_ text: String) -> Date? {
        try? Date(text, strategy: .iso8601)
    }
}

extension Line.Said {
    fileprivate func incoming(_ told: Date) -> IncomingUpdate {
        IncomingUpdate(
            id: id, report: ticket, status: status, description: description,
            media: (media ?? []).map(Line.source), told: told)
    }
}

extension Line.Told {
    fileprivate func incoming(requested: Date, updated: Date) -> IncomingReport {
        let point = lat.flatMap { lat in
            long.flatMap { Coordinate(latitude: lat, longitude: $0) }
        }
        return IncomingReport(
            id: ticket, status: status, statusNotes: statusNotes, service: serviceCode,
            title: title, description: description,
            place: Place(coordinate: point, address: addressString, addressID: nil),
            media: (media ?? []).map(Line.source), agency: agencyResponsible,
            requested: requested, updated: updated)
    }
}

extension Line {
    /// An address, or a picture that the program is asked for by this name.
    fileprivate static func source(_ text: String) -> String {
        text.hasPrefix("https://") || text.hasPrefix("http://") ? text : PeerPicture.named(text)
    }
}
