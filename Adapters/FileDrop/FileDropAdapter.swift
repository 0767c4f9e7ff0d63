import Crypto
import Federation
import Foundation
import Reports

/// Leaves files in a folder for a system that fetches them there, and reads those that it leaves.
///
/// A message is one file. It is written under a name that nobody takes, then a copy is laid into the
/// archive, then it is renamed: so whatever breaks off, the three names tell how far it came, and
/// no message is there twice, also after the other side has taken it away.
package struct FileDropAdapter: Adapter {
    let settings: FileDropSettings

    package init(_ settings: FileDropSettings) {
        self.settings = settings
    }

    package var traits: AdapterTraits {
        AdapterTraits(
            resend: .lookup,
            carries: [
                .reports, .updates, .media, .severalMedia, .answers, .title, .details, .contact,
                .erasure, .ownReference,
            ])
    }

    package func deliver(
        _ message: Message, over wire: Wire
    ) async throws(PeerError) -> Ticket {
        guard let id = message.reportID else {
            throw PeerError(.later(nil), "the peer has not got the report yet")
        }
        let folder = Folder(wire: wire, base: settings.base)
        let name = name(of: message)
        if message.firstTried != nil, try await hasArrived(name, folder) { return Ticket(id: id) }
        let pictures = try await put(picturesOf: message, beside: name, folder)
        let writing = Writing(settings: settings)
        let file = writing.file(
            of: Fields(message, pictures: pictures, decimal: writing.decimal))
        try await folder.put(file.bytes, settings.out, name + Self.unfinished)
        try await folder.put(file.bytes, settings.archive, name)
        if settings.checksums {
            let line = "\(Self.digest(file.bytes))  \(name)\n"
            try await folder.put(Array(line.utf8), settings.out, name + Self.checksum)
        }
        try await folder.move(settings.out, name + Self.unfinished, to: settings.out, name)
        var ticket = Ticket(id: id)
        ticket.remark = file.remark
        return ticket
    }

    package func find(_ message: Message, over wire: Wire) async throws(PeerError) -> Ticket? {
        let folder = Folder(wire: wire, base: settings.base)
        guard let id = message.reportID, try await hasArrived(name(of: message), folder) else {
            return nil
        }
        return Ticket(id: id)
    }

    package func check(over wire: Wire) async throws(PeerError) -> PeerReport {
        let folder = Folder(wire: wire, base: settings.base)
        var report = PeerReport(software: "files, \(settings.format.rawValue)", services: nil)
        for name in [settings.out, settings.in, settings.archive] {
            if let obstacle = try await folder.obstacle(name) { report.obstacles.append(obstacle) }
        }
        return report
    }

    package func picture(
        _ reference: String, over wire: Wire
    ) async throws(PeerError) -> [UInt8] {
        let folder = Folder(wire: wire, base: settings.base)
        guard let bytes = try await folder.bytes(settings.in, reference) else {
            throw PeerError(.later(nil), "there is no picture of this name yet")
        }
        return bytes
    }

    /// Whether the file was renamed: its copy is there, and the unfinished one is not.
    private func hasArrived(_ name: String, _ folder: Folder) async throws(PeerError) -> Bool {
        guard try await folder.has(settings.archive, name) else { return false }
        return try await !folder.has(settings.out, name + Self.unfinished)
    }

    private func put(
        picturesOf message: Message, beside name: String, _ folder: Folder
    ) async throws(PeerError) -> [String] {
        guard settings.sendsPictures else { return [] }
        var names: [String] = []
        for (index, address) in message.media.enumerated() {
            guard let picture = try await folder.wire.picture(at: address) else {
                names.append(address)
                continue
            }
            let ending = picture.name.split(separator: ".").last ?? "jpg"
            let stem = name.prefix { $0 != "." }
            names.append("\(stem)-\(index + 1).\(ending)")
            try await folder.put(picture.bytes, settings.out, names.last ?? "")
        }
        return names
    }

    /// A name that sorts by time and is the same for every try.
    private func name(of message: Message) -> String {
        let moment = message.told.map {
            $0.formatted(
                .iso8601.year().month().day().dateSeparator(.omitted)
                    .time(includingFractionalSeconds: false).timeSeparator(.omitted))
        }
        let digest = Self.digest(Array(message.key.utf8)).prefix(12)
        let id = message.reportID ?? ""
        return ([moment, message.kind, id, String(digest)].compactMap { $0 })
            .joined(separator: "-") + "." + Writing(settings: settings).ending
    }

    static let unfinished = ".part"
    static let checksum = ".sha256"

    static func digest(_ bytes: [UInt8]) -> String {
        SHA256.hash(data: bytes).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}

extension Message {
    fileprivate var kind: String {
        switch content {
        case .report: "report"
        case .update: "update"
        case .erasure: "erasure"
        }
    }

    /// By what both sides call the report.
    fileprivate var reportID: String? {
        guard case .report(let report) = content else { return ticket?.id }
        return report.id.rawValue
    }

    fileprivate var told: Date? {
        switch content {
        case .report(let report): report.requested
        case .update(let update): update.told
        case .erasure: nil
        }
    }
}
