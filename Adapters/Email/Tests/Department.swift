import Federation
import Foundation
import Mail
import Reports
import Synchronization
import Testing

@testable import Email

/// A mail server and a mailbox: a class, because it remembers what it took.
final class Department: Sendable {
    private let sent = Mutex<[[UInt8]]>([])
    /// The mails of the folders, by their UIDs.
    private let folders: Mutex<[String: [UInt32: [UInt8]]]>
    private let state: Mutex<(validity: UInt32, answer: Int)>

    init(_ mails: [UInt32: [UInt8]] = [:], validity: UInt32 = 1664, answer: Int = 250) {
        folders = Mutex(["INBOX": mails])
        state = Mutex((validity, answer))
    }

    var mails: [IncomingMail] { sent.withLock { $0.compactMap(IncomingMail.init(reading:)) } }
    var sizes: [Int] { sent.withLock { $0.map(\.count) } }
    func numbers(in folder: String = "INBOX") -> [UInt32] {
        folders.withLock { $0[folder, default: [:]].keys.sorted() }
    }

    /// The mailbox is made anew: the same mails under other numbers.
    func renumber() {
        state.withLock { $0.validity += 1 }
        folders.withLock { folders in
            let mails = folders["INBOX", default: [:]].sorted { $0.key < $1.key }.map(\.value)
            folders["INBOX"] = Dictionary(
                uniqueKeysWithValues: mails.enumerated().map { (UInt32($0 + 11), $1) })
        }
    }

    func add(_ mail: String, _ number: UInt32) {
        let bytes = Array(mail.replacing("\n", with: "\r\n").utf8)
        folders.withLock { $0["INBOX", default: [:]][number] = bytes }
    }

    func wire(
        at now: Date,
        showing pictures: @escaping @Sendable (String) -> OutgoingPicture? = { _ in nil }
    ) -> Wire {
        Wire(now: { now }, pictures: { pictures($0) }) { call async throws(PeerError) in
            self.reply(to: call)
        }
    }

    func reply(to call: Wire.Call) -> Wire.Reply {
        switch call.method {
        case "MAIL":
            sent.withLock { $0.append(call.body) }
            return Wire.Reply(status: state.withLock(\.answer), headers: [.init("Stage", "DATA")])
        case "VRFY": return Wire.Reply(status: 250)
        default: return mailbox(call)
        }
    }

    private func mailbox(_ call: Wire.Call) -> Wire.Reply {
        let path = call.address.split(separator: "/", maxSplits: 2).last ?? ""
        let words = path.split(whereSeparator: { ";=".contains($0) }).map(String.init)
        let folder = words[0].hasSuffix("/") ? String(words[0].dropLast()) : words[0]
        let validity = state.withLock(\.validity)
        guard let mails = folders.withLock({ $0[folder] }) else { return Wire.Reply(status: 404) }
        if words.count > 2, words[1] == "UIDVALIDITY", !words[2].hasPrefix("\(validity)") {
            return Wire.Reply(status: 409)
        }
        func header(_ name: String) -> String? { call.headers.first { $0.name == name }?.value }
        switch call.method {
        case "STATUS":
            let next = (mails.keys.max() ?? 0) + 1
            return Wire.Reply(
                status: 200,
                headers: [.init("UIDVALIDITY", "\(validity)"), .init("UIDNEXT", "\(next)")])
        case "SEARCH":
            let first = header("From-UID").flatMap { UInt32($0) } ?? 1
            let wanted = ["Message-ID", "In-Reply-To"].compactMap { name in
                header(name).map { (name, $0) }
            }
            let found = mails.keys.sorted().filter { number in
                let text = String(decoding: mails[number] ?? [], as: UTF8.self)
                return number >= first
                    && wanted.allSatisfy { pair in
                        text.split(whereSeparator: \.isNewline).contains {
                            $0.hasPrefix(pair.0 + ":") && $0.contains(pair.1)
                        }
                    }
            }
            return Wire.Reply(
                status: 200, body: Array(found.map { "\($0)" }.joined(separator: " ").utf8))
        case "GET":
            guard let number = words.last.flatMap({ UInt32($0) }), let mail = mails[number] else {
                return Wire.Reply(status: 404)
            }
            return Wire.Reply(status: 200, body: mail)
        case "MOVE":
            for number in (header("UIDs") ?? "").split(separator: ",").compactMap({ UInt32($0) }) {
                folders.withLock { folders in
                    guard let mail = folders[folder]?.removeValue(forKey: number) else { return }
                    folders[header("To") ?? "", default: [:]][number] = mail
                }
            }
            return Wire.Reply(status: 200)
        default: return Wire.Reply(status: 400)
        }
    }
}

/// What the tests are about.
enum Sample {
    static let now = Date(timeIntervalSince1970: 1_790_000_000)
    static let secret = "swordfish-swordfish-swordfish"

    static func settings() throws -> EmailSettings {
        var settings = EmailSettings(
            peer: try #require(Peer.Name(rawValue: "roads")), smtp: "smtp://mx.example:587",
            from: try #require(Mailbox("reports@ngo.example")),
            to: try #require(Mailbox("roads@city.example")),
            key: try #require(TokenKey(secret)))
        settings.mailbox = EmailSettings.Box(address: "imap://mx.example:143")
        settings.secrets = [secret, "passw0rd"]
        return settings
    }

    static let id = "sofia-7F3K2M9Q"

    static func message(_ content: Message.Content, key: String = "ngo:0198-1") throws -> Message {
        let node = try #require(Authority(rawValue: "ngo"))
        return Message(
            key: key, content: content, ticket: Ticket(id: id),
            provenance: Provenance(origin: node, originID: id, path: [node]))
    }

    static func report(media: [String] = []) throws -> OutgoingReport {
        OutgoingReport(
            id: try #require(Report.ID(rawValue: id)), address: "https://ngo.example/r/\(id)",
            service: "roads", serviceName: "Gropë në rrugë", title: "Gropë",
            description: "Aq e thellë sa humbi një makinë & një biçikletë",
            place: Place(
                coordinate: Coordinate(latitude: 42.6629, longitude: 21.1655),
                address: "Rruga Nëna Terezë 15", addressID: nil),
            answers: [PeerAnswer(code: "SIZE", values: ["LARGE"])], media: media, requested: now,
            reporter: Reporter(email: "ann@example.org", firstName: "Annabel"))
    }

    static func update() throws -> OutgoingUpdate {
        OutgoingUpdate(
            id: try #require(Update.ID(rawValue: "u-7F3K2M9QTX")), status: "fixed", detail: .fixed,
            description: "Filled by the crew of Annabel Leeward", told: now,
            author: Reporter(email: "ann@example.org", firstName: "Annabel"),
            report: Report.ID(rawValue: id), service: "roads")
    }
}
