import Federation
import FoundationEssentials
import Reports

/// A value of a property that we set.
enum NewValue: Encodable, Equatable {
    case text(String), number(Double), flag(Bool), links([String])

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .text(let text): try container.encode(text)
        case .number(let number): try container.encode(number)
        case .flag(let flag): try container.encode(flag)
        case .links(let links): try container.encode(links)
        }
    }
}

extension RoundupAdapter {
    /// Makes an issue of a report. It consists of a message, which has to be there before.
    func create(
        _ report: OutgoingReport, of message: Message, over wire: Wire
    ) async throws(PeerError) -> Ticket {
        let calls = RoundupCalls(settings, over: wire, telling: message)
        let (files, addresses) = try await upload(report.media, by: calls, over: wire)
        var text = report
        if hasPlace { text.place = nil }
        let first = try await say(
            text.text(naming: addresses), as: OwnName.of(report.id), files, by: calls)
        var properties = self.properties(of: report)
        properties["messages"] = .links([first])
        let call = calls.json.call("POST", calls.address("issue"), properties)
        let reply = try await calls.json.reply(to: call)
        let made: Answer<Made> = try calls.json.read(reply, of: call)
        var ticket = Ticket(id: made.data.id)
        ticket.remark = await remark(on: made.data.id, by: calls) { issue in
            differences(report, first, in: issue)
        }
        return ticket
    }

    private var hasPlace: Bool {
        let fields = settings.fields
        return fields.latitude != nil && fields.longitude != nil && fields.address != nil
    }

    private func properties(of report: OutgoingReport) -> [String: NewValue] {
        let fields = settings.fields
        let point = report.place?.coordinate
        var properties: [String: NewValue] = [
            "title": .text(report.subject(most: 200)),
            fields.externalID: .text(report.id.rawValue),
        ]
        let known: [(String?, NewValue?)] = [
            (fields.service, .text(report.service)),
            (fields.address, report.place?.address.map { .text($0) }),
            (fields.latitude, point.map { .number($0.latitude) }),
            (fields.longitude, point.map { .number($0.longitude) }),
        ]
        for case (let name?, let value?) in known { properties[name] = value }
        return properties
    }

    /// The numbers of the files, and the addresses of what goes without one.
    func upload(
        _ media: [String], by calls: RoundupCalls, over wire: Wire
    ) async throws(PeerError) -> (files: [String], addresses: [String]) {
        var (files, addresses): ([String], [String]) = ([], [])
        for address in media {
            if let picture = try await wire.picture(at: address) {
                files.append(try await calls.upload(picture))
            } else {
                addresses.append(address)
            }
        }
        return (files, addresses)
    }

    /// Makes a message that belongs to no issue yet. One without an author, though it may be made,
    /// can become part of none.
    func say(
        _ text: String, as name: String, _ files: [String], by calls: RoundupCalls
    ) async throws(PeerError) -> String {
        var message: [String: NewValue] = [
            "content": .text(text), "author": .text(settings.user), "date": .text("."),
            "messageid": .text(name), "files": .links(files),
        ]
        if let flag = settings.fields.public { message[flag] = .flag(true) }
        return try await calls.prepare(
            calls.json.call("POST", calls.address("msg"), message))
    }

    private func differences(
        _ report: OutgoingReport, _ message: String, in issue: Item
    ) -> [String] {
        let fields = settings.fields
        var differences: [String] = []
        for (name, value) in [
            (fields.externalID, report.id.rawValue), (fields.service ?? "", report.service),
        ] where !name.isEmpty && issue.properties.text(name) != value {
            differences.append("\(name) was not kept")
        }
        if !issue.properties.links("messages").contains(where: { $0.id == message }) {
            differences.append("its text was not kept")
        }
        return differences
    }

    /// Reads an issue back; what differs is the operator's to mend, and no failure.
    func remark(
        on id: String, by calls: RoundupCalls, _ differences: (Item) -> [String]
    ) async -> String? {
        do throws(PeerError) {
            guard let issue = try await calls.item("issue", id) else {
                return "it cannot be seen any more"
            }
            let found = differences(issue)
            return found.isEmpty ? nil : found.joined(separator: "; ")
        } catch {
            return "it could not be read back: \(error.reason)"
        }
    }
}
