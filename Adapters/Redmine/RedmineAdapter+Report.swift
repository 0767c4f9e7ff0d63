import Federation
import FoundationEssentials
import Reports

/// What makes a ticket.
struct NewIssue: Encodable {
    let issue: Content

    struct Content: Encodable {
        let project: String?
        let tracker: Int?
        let subject: String
        let description: String
        let isPrivate: Bool?
        let fields: [Field]
        let uploads: [Enclosures.Upload]?

        enum CodingKeys: String, CodingKey {
            case subject, description, uploads
            case project = "project_id"
            case tracker = "tracker_id"
            case isPrivate = "is_private"
            case fields = "custom_fields"
        }
    }

    /// A custom field: one value, or a list of several.
    struct Field: Encodable, Equatable {
        let id: Int
        let values: [String]

        enum CodingKeys: String, CodingKey {
            case id, value
        }

        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(id, forKey: .id)
            if values.count == 1 {
                try container.encode(values[0], forKey: .value)
            } else {
                try container.encode(values, forKey: .value)
            }
        }
    }
}

extension RedmineAdapter {
    /// Makes a ticket of a report, and looks what Redmine made of it: what it does not know it leaves
    /// out, and says 201 all the same.
    func create(
        _ report: OutgoingReport, of message: Message, over wire: Wire
    ) async throws(PeerError) -> Ticket {
        let calls = RedmineCalls(settings, over: wire, telling: message)
        let enclosed = try await Enclosures(report.media, by: calls, over: wire)
        let call = calls.json.call(
            "POST", calls.address("issues.json"), newIssue(report, with: enclosed))
        let reply = try await calls.json.anyReply(to: call)
        guard (200..<300).contains(reply.status) else {
            throw try await failure(reply, to: call, by: calls)
        }
        let made: Answer.OneIssue = try calls.json.read(reply, of: call)
        var ticket = Ticket(id: "\(made.issue.id)")
        ticket.remark = await remark(on: ticket, by: calls, enclosed) { issue in
            differences(report, in: issue)
        }
        return ticket
    }

    /// Why there is no ticket. What Redmine says of a project that is not there, or where our account
    /// may make no ticket, looks like a mistake of the report, and would be one of all reports.
    private func failure(
        _ reply: Wire.Reply, to call: Wire.Call, by calls: RedmineCalls
    ) async throws(PeerError) -> PeerError {
        let failure = calls.json.failure(reply, to: call)
        guard reply.status == 422 else { return failure }
        let mistakes: Answer.Mistakes = try calls.json.read(reply, of: call)
        let strangers = try await calls.mistakesOfStrangers()
        let common = strangers.intersection(mistakes.errors)
        // All but the subject, which this one has.
        guard strangers.count > 1, common.count >= strangers.count - 1 else { return failure }
        return PeerError(
            .forbidden,
            "there is no project \(settings.project) with the tracker \(settings.tracker) "
                + "where our account may make tickets", status: reply.status)
    }

    func newIssue(_ report: OutgoingReport, with enclosed: Enclosures) -> NewIssue {
        var text = report
        text.answers = report.answers.filter { Self.field(of: $0) == nil }
        let fields = settings.fields
        if fields.address != nil, fields.latitude != nil, fields.longitude != nil {
            text.place = nil
        }
        return NewIssue(
            issue: NewIssue.Content(
                project: settings.project, tracker: settings.tracker,
                subject: Self.subject(of: report),
                description: text.text(naming: enclosed.addresses),
                isPrivate: report.visibility == .private ? true : nil,
                fields: self.fields(of: report),
                uploads: enclosed.uploads.isEmpty ? nil : enclosed.uploads))
    }

    /// What goes into custom fields, answers whose question is a field's number among it.
    private func fields(of report: OutgoingReport) -> [NewIssue.Field] {
        let numbers = settings.fields
        let point = report.place?.coordinate
        let person = report.reporter
        let name = [person.firstName, person.lastName].compactMap { $0 }.joined(separator: " ")
        let contact = [name, person.email ?? "", person.phone ?? ""].filter { !$0.isEmpty }
        let single: [(Int?, String?)] = [
            (numbers.externalID, report.id.rawValue),
            (numbers.latitude, point.map { "\($0.latitude)" }),
            (numbers.longitude, point.map { "\($0.longitude)" }),
            (numbers.address, report.place?.address), (numbers.service, report.service),
            (numbers.contact, contact.isEmpty ? nil : contact.joined(separator: ", ")),
        ]
        let known = single.compactMap { number, value in
            number.flatMap { number in value.map { NewIssue.Field(id: number, values: [$0]) } }
        }
        return known
            + report.answers.compactMap { answer in
                Self.field(of: answer).map { NewIssue.Field(id: $0, values: answer.values) }
            }
    }

    /// The custom field that a question is asked by; `nil` if its answer stands in the text.
    private static func field(of answer: PeerAnswer) -> Int? {
        guard answer.code.allSatisfy({ $0.isASCII && $0.isNumber }) else { return nil }
        return Int(answer.code)
    }

    /// Redmine counts 255 code points where people see fewer characters.
    static func subject(of report: OutgoingReport) -> String {
        var subject = report.subject(most: 255)
        while subject.unicodeScalars.count > 255 { subject.removeLast() }
        return subject
    }

    /// What a ticket has otherwise than the report said.
    private func differences(_ report: OutgoingReport, in issue: Issue) -> [String] {
        var differences: [String] = []
        if issue.tracker?.id != settings.tracker {
            differences.append("it went under another tracker than \(settings.tracker)")
        }
        if report.visibility == .private, issue.isPrivate != true {
            differences.append("it is not private there: our account may not make it so")
        }
        let wanted = fields(of: report)
        let essential = [settings.fields.externalID, settings.fields.service].compactMap { $0 }
        let answered = report.answers.compactMap(Self.field)
        for field in wanted where essential.contains(field.id) || answered.contains(field.id) {
            guard Set(issue.values(of: field.id)) != Set(field.values) else { continue }
            let purpose = settings.fields.named.first { $0.number == field.id }?.purpose
            differences.append("the field \(field.id) (\(purpose ?? "an answer")) was not kept")
        }
        return differences
    }
}

extension RedmineAdapter {
    /// Reads a ticket back; what differs is the operator's to mend, and no failure.
    func remark(
        on ticket: Ticket, by calls: RedmineCalls, _ enclosed: Enclosures,
        _ differences: (Issue) -> [String]
    ) async -> String? {
        var remarks = [enclosed.remark].compactMap { $0 }
        do throws(PeerError) {
            if let issue = try await calls.issue(ticket.id ?? "") {
                remarks += differences(issue)
                let names = Set(issue.attachments?.compactMap(\.filename) ?? [])
                if !names.isSuperset(of: enclosed.uploads.map(\.filename)) {
                    remarks.append("pictures were not kept")
                }
            } else {
                remarks.append("it cannot be seen any more")
            }
        } catch {
            remarks.append("it could not be read back: \(error.reason)")
        }
        return remarks.isEmpty ? nil : remarks.joined(separator: "; ")
    }
}
