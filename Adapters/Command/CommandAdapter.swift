import Federation
import FoundationEssentials
import Reports

/// Speaks JSON lines with a program that somebody wrote for the system beside it (`README.md`).
package struct CommandAdapter: Adapter {
    let settings: CommandSettings

    package init(_ settings: CommandSettings) {
        self.settings = settings
    }

    package var traits: AdapterTraits {
        AdapterTraits(
            resend: settings.resend,
            carries: [
                .reports, .updates, .media, .severalMedia, .answers, .title, .details, .contact,
                .erasure, .ownReference,
            ])
    }

    package func deliver(
        _ message: Message, over wire: Wire
    ) async throws(PeerError) -> Ticket {
        let calls = calls(over: wire, telling: message)
        let question = try await question(.deliver, message, over: wire)
        let call = calls.call("POST", "program:deliver", question)
        let answer: Answer = try calls.read(try await calls.reply(to: call), of: call)
        if let error = answer.failure(calls) { throw error }
        return try answer.ticket(calls, or: message.ticket)
    }

    package func find(_ message: Message, over wire: Wire) async throws(PeerError) -> Ticket? {
        let calls = calls(over: wire, telling: message)
        var question = Question(.find, message)
        question.pictures = nil
        let answer = try await ask(question, calls)
        guard answer.isFound else { return nil }
        return try answer.ticket(calls, or: message.ticket)
    }

    package func picture(
        _ reference: String, over wire: Wire
    ) async throws(PeerError) -> [UInt8] {
        let calls = calls(over: wire)
        let answer = try await ask(Question(picture: reference), calls)
        guard let bytes = answer.base64.flatMap({ Data(base64Encoded: $0) }) else {
            throw PeerError(.refused, "it has no picture of that name")
        }
        return Array(bytes)
    }

    package func check(over wire: Wire) async throws(PeerError) -> PeerReport {
        let calls = calls(over: wire)
        let answer = try await ask(Question(.check), calls)
        guard let software = answer.software else {
            throw PeerError(.later(nil), "its answer to check names no software")
        }
        return PeerReport(
            software: calls.shown(software), services: answer.services,
            required: answer.required ?? [:],
            obstacles: (answer.obstacles ?? []).map { calls.shown($0) })
    }

    func calls(over wire: Wire, telling message: Message? = nil) -> JSONCalls {
        JSONCalls(
            over: wire, headers: [], hiding: [settings.key].compactMap { $0 }, telling: message)
    }

    /// What is asked any number of times.
    func ask(_ question: Question, _ calls: JSONCalls) async throws(PeerError) -> Answer {
        let call = calls.call("GET", "program:\(question.do.rawValue)", question)
        let answer: Answer = try calls.read(try await calls.reply(to: call), of: call)
        if let error = answer.failure(calls) { throw error }
        return answer
    }

    private func question(
        _ verb: Question.Verb, _ message: Message, over wire: Wire
    ) async throws(PeerError) -> Question {
        var question = Question(verb, message)
        guard settings.sendsPictures else { return question }
        var pictures: [Question.Picture] = []
        for address in message.media {
            guard let picture = try await wire.picture(at: address) else { continue }
            pictures.append(Question.Picture(picture, at: address))
        }
        question.pictures = pictures
        return question
    }
}

/// What a peer's file says of a program.
package struct CommandSettings: Sendable {
    package var resend: AdapterTraits.Resend
    /// Whether pictures go as files beside their addresses.
    package var sendsPictures: Bool
    /// What is hidden in what the program says.
    package var key: String?

    package init(
        resend: AdapterTraits.Resend = .lookup, sendsPictures: Bool = false, key: String? = nil
    ) {
        self.resend = resend
        self.sendsPictures = sendsPictures
        self.key = key
    }
}
