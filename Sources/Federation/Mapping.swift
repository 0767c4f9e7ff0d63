import Reports

/// Our words and a peer's, both ways; data, and total: what is not in it is never guessed.
package struct Mapping: Sendable, Equatable {
    /// Our service to the peer's code.
    package var servicesOut: [Service.Code: String]
    /// The peer's code to our service.
    package var servicesIn: [String: Service.Code]
    /// What we tell the peer of a detail; every detail has an entry, or the mapping was refused.
    package var statusesOut: [Detail: String]
    /// What the peer's word means; compared without regard to case, blanks or joiners.
    package var statusesIn: [StatusWord: Meaning]
    /// Our questions and theirs; a question that is not here does not go across.
    package var questions: [Attribute.Code: Question]

    package init(
        servicesOut: [Service.Code: String] = [:], servicesIn: [String: Service.Code] = [:],
        statusesOut: [Detail: String] = [:], statusesIn: [StatusWord: Meaning] = [:],
        questions: [Attribute.Code: Question] = [:]
    ) {
        self.servicesOut = servicesOut
        self.servicesIn = servicesIn
        self.statusesOut = statusesOut
        self.statusesIn = statusesIn
        self.questions = questions
    }

    /// A peer's word for a status, alike however it is written.
    package struct StatusWord: Sendable, Hashable {
        package let text: String

        package init(_ text: String) {
            self.text = String(
                text.lowercased().map { "_- ".contains($0) ? "_" : $0 })
        }
    }

    /// What a word of the peer means for us.
    package struct Meaning: Sendable, Equatable {
        /// `nil` leaves the status as it is.
        package var detail: Detail?
        /// What the public is told if the peer said no text of its own.
        package var text: Localized?
        /// Whether those who follow the report are told of an update that comes with it.
        package var tells: Update.Tells
        package var verdict: Verdict

        /// Whether the peer handles the report at all.
        package enum Verdict: String, Sendable, CaseIterable {
            case handles
            /// "Not ours": the hand-over is refused, and goes on or to triage.
            case refuses
        }

        package init(
            detail: Detail?, text: Localized? = nil, tells: Update.Tells = .everybody,
            verdict: Verdict = .handles
        ) {
            self.detail = detail
            self.text = text
            self.tells = tells
            self.verdict = verdict
        }
    }

    /// A question of the peer's.
    package struct Question: Sendable, Equatable {
        package var code: String
        /// Our answers to theirs; an answer that is not here goes as it is, if this is empty.
        package var values: [String: String]

        package init(code: String, values: [String: String] = [:]) {
            self.code = code
            self.values = values
        }
    }
}

/// What was answered to a peer's question, in its codes.
package struct PeerAnswer: Sendable, Equatable {
    package var code: String
    package var values: [String]

    package init(code: String, values: [String]) {
        self.code = code
        self.values = values
    }
}
