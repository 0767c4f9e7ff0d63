import Federation
import FoundationEssentials

/// One thing that a peer told, by the name under which the inbox keeps it.
struct InboxItem: Sendable {
    let incoming: Incoming
    let kind: Kind
    let remoteID: String
    /// SHA-256 of what it says. Without its times: they wobble where a clock is corrected.
    let content: [UInt8]

    enum Kind: String {
        case report, update
    }

    init(_ incoming: Incoming) {
        self.incoming = incoming
        content = incoming.content
        switch incoming {
        case .report(let report):
            kind = .report
            remoteID = Self.fitting([report.id])
        case .update(let update):
            kind = .update
            remoteID = Self.fitting([update.report, update.id])
        }
    }

    /// What a quarantined row holds, under its own name.
    init(_ incoming: Incoming, kind: Kind, remoteID: String) {
        self.incoming = incoming
        self.kind = kind
        self.remoteID = remoteID
        content = incoming.content
    }

    /// The ticket that it is about.
    var ticket: String {
        switch incoming {
        case .report(let report): report.id
        case .update(let update): update.report
        }
    }

    var provenance: Provenance? {
        switch incoming {
        case .report(let report): report.provenance
        case .update(let update): update.provenance
        }
    }

    /// How many bytes of an id are kept; of a longer one, or one that no column holds, its digest.
    private static func fitting(_ ids: [String]) -> String {
        guard ids.allSatisfy({ (1...255).contains($0.utf8.count) && !$0.utf8.contains(0) }) else {
            return "sha256 " + Fingerprint.of { $0.add(ids) }.hexadecimal
        }
        return ids.joined(separator: "/")
    }
}

extension Incoming {
    /// SHA-256 of what it says.
    fileprivate var content: [UInt8] {
        Fingerprint.of { hash in
            switch self {
            case .report(let report): hash.add(report)
            case .update(let update): hash.add(update)
            }
        }
    }
}

extension Fingerprint {
    fileprivate mutating func add(_ report: IncomingReport) {
        for text in [
            report.id, report.status, report.statusNotes, report.service, report.serviceName,
            report.title, report.description, report.place?.address, report.place?.addressID,
            report.zipcode, report.agency, report.visibility.rawValue,
        ] { add(text) }
        add(report.place?.coordinate?.latitude)
        add(report.place?.coordinate?.longitude)
        add(number: Int64(report.answers.count))
        for answer in report.answers {
            add(answer.code)
            add(answer.values)
        }
        add(report.media)
        add(report.expected)
    }

    fileprivate mutating func add(_ update: IncomingUpdate) {
        for text in [
            update.id, update.report, update.status, update.description, update.externalStatus,
            update.customerReference,
        ] { add(text) }
        add(update.media + update.pictures.map(\.name.rawValue))
    }
}
