import Federation
import Foundation
import Reports
import Testing

@testable import Redmine

/// What the tests send, and how the adapter is set up for them.
enum Sample {
    static let now = Date(timeIntervalSince1970: 1_776_643_200)

    static func settings(
        flow: Peer.Flow = [.reportsOut, .updatesOut, .updatesIn]
    ) -> RedmineSettings {
        RedmineSettings(
            address: Town.base, apiKey: "s3cret-key", project: "streets", tracker: 4,
            fields: RedmineSettings.Fields(
                externalID: 1, latitude: 2, longitude: 3, address: 4, service: 5),
            flow: flow)
    }

    static let adapter = RedmineAdapter(settings())

    static func report(
        title: String? = "A hole", description: String = "So deep that a car was lost in it",
        answers: [PeerAnswer] = [], media: [String] = [], visibility: Visibility = .public,
        tried: Date? = nil
    ) throws -> Message {
        let report = OutgoingReport(
            id: try #require(Report.ID(rawValue: "ngo-7F3K2M9Q")),
            address: "https://ngo.example/reports/ngo-7F3K2M9Q", service: "POTHOLE", title: title,
            description: description,
            place: Place(
                coordinate: Coordinate(latitude: 42.6977, longitude: 23.3219),
                address: "Vitosha Boulevard 15", addressID: nil),
            answers: answers, media: media, requested: now,
            reporter: Reporter(
                email: "ann@example.org", firstName: "Annabel", lastName: "Leeward",
                phone: "+1 555 0100"),
            visibility: visibility)
        return try message(.report(report), tried: tried)
    }

    static func update(
        status: String? = "Fixed", description: String? = "It was filled with sand",
        media: [String] = [], ticket: Ticket? = Ticket(id: "1"), tried: Date? = nil
    ) throws -> Message {
        let update = OutgoingUpdate(
            id: try #require(Update.ID(rawValue: "u-7F3K2M9QTX")), status: status,
            detail: .fixed, description: description, media: media, told: now,
            author: Reporter(email: "ann@example.org", firstName: "Annabel"),
            report: Report.ID(rawValue: "ngo-7F3K2M9Q"), service: "POTHOLE")
        return try message(.update(update), ticket: ticket, tried: tried)
    }

    private static func message(
        _ content: Message.Content, ticket: Ticket? = nil, tried: Date? = nil
    ) throws -> Message {
        let node = try #require(Authority(rawValue: "ngo"))
        return Message(
            key: "ngo:0198-1", content: content, ticket: ticket,
            provenance: Provenance(origin: node, originID: "ngo-7F3K2M9Q", path: [node]),
            firstTried: tried)
    }

    /// A ticket of ours with this history, as JSON.
    static func issue(
        _ number: Int = 1, status: String = #"{"id":10,"name":"Fixed"}"#, isPrivate: Bool = false,
        reference: String? = "ngo-7F3K2M9Q", journals: [String], attachments: [String] = []
    ) -> String {
        let fields =
            reference.map { #"[{"id":1,"value":"\#($0)"},{"id":5,"value":"POTHOLE"}]"# }
            ?? #"[{"id":2,"value":"42.7"},{"id":3,"value":"23.3"},{"id":5,"value":"POTHOLE"}]"#
        return """
            {"id":\(number),"project":{"id":1},"tracker":{"id":4},"status":\(status),
            "subject":"A hole","description":"Deep","is_private":\(isPrivate),
            "custom_fields":\(fields),"created_on":"2026-04-19T00:00:00Z",
            "updated_on":"2026-04-20T00:00:00Z",
            "attachments":[\(attachments.joined(separator: ","))],
            "journals":[\(journals.joined(separator: ","))]}
            """
    }

    /// One entry of a history.
    static func entry(
        _ number: Int, notes: String = "", user: Int = 6, isPrivate: Bool = false,
        _ details: String...
    ) -> String {
        let changes = details.map { detail in
            let parts = detail.split(separator: " ", omittingEmptySubsequences: false)
            let old = parts[2].isEmpty ? "null" : "\"\(parts[2])\""
            let new = parts[3].isEmpty ? "null" : "\"\(parts[3])\""
            return #"{"property":"\#(parts[0])","name":"\#(parts[1])","old_value":\#(old),"#
                + #""new_value":\#(new)}"#
        }
        let text = notes.replacing("\n", with: "\\n")
        return #"{"id":\#(number),"user":{"id":\#(user)},"notes":"\#(text)","#
            + #""created_on":"2026-04-19T0\#(number):00:00Z","private_notes":\#(isPrivate),"#
            + #""details":[\#(changes.joined(separator: ","))]}"#
    }

    static func attachment(
        _ number: Int, _ name: String, author: Int = 6, description: String = ""
    ) -> String {
        #"{"id":\#(number),"filename":"\#(name)","content_type":"","#
            + #""description":"\#(description)","author":{"id":\#(author)}}"#
    }
}

extension Page {
    /// What it says in short: the id, the status, the text and the pictures of each update.
    var told: [String] {
        items.map { item in
            switch item {
            case .update(let update):
                ([
                    update.id, update.status ?? "–", update.description ?? "–",
                ] + update.media).joined(separator: " | ")
            case .report(let report): "report \(report.id) \(report.status)"
            }
        }
    }
}
