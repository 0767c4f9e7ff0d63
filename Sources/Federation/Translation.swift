import FoundationEssentials
import Reports

/// Puts what we have into a peer's words, and leaves out what it may not see.
package struct Translation: Sendable {
    private let peer: Peer
    private let node: Authority
    private let addresses: PublicAddresses

    package init(for peer: Peer, node: Authority, addresses: PublicAddresses) {
        self.peer = peer
        self.node = node
        self.addresses = addresses
    }

    /// The message of a delivery, or what becomes of the delivery without one.
    package func message(of subject: Subject) throws(Obstacle) -> Message {
        let delivery = subject.delivery
        return Message(
            key: key(of: subject),
            content: try content(of: subject), ticket: subject.ticket,
            provenance: subject.provenance,
            firstTried: delivery.attempts == 0 ? nil : delivery.firstTried)
    }

    /// The same for every try, unless what is said had to change: a peer would refuse other words
    /// under the name of the first ones. Where it began tells that it is the same all the same.
    private func key(of subject: Subject) -> String {
        let key = "\(node):\(subject.delivery.event.uuid.uuidString.lowercased())"
        return subject.isErasedSince ? key + ":erased" : key
    }

    /// What a delivery is about.
    package struct Subject: Sendable {
        package let delivery: Delivery
        package let report: Report
        package let update: Update?
        /// When the update happened, by the clock of whoever told it.
        package let told: Date?
        /// Whether the update tells the peer its status; a comment leaves the peer's as it is.
        package let tellsStatus: Bool
        /// Who told the report.
        package let reporter: Reporter
        /// Who told the update.
        package let author: Reporter
        /// Where report or update began and whom it has passed, we the last.
        package let provenance: Provenance
        /// The report as the peer knows it.
        package let ticket: Ticket?
        /// Of an erasure: what of the report.
        package let erasure: Erasure
        /// Whether something of the report was erased since the first try.
        package let isErasedSince: Bool
        /// Whether all of it could be opened that the peer is to be told.
        package let isReadable: Bool

        package init(
            delivery: Delivery, report: Report, update: Update? = nil, told: Date? = nil,
            tellsStatus: Bool = true, reporter: Reporter = Reporter(),
            author: Reporter = Reporter(), provenance: Provenance, ticket: Ticket? = nil,
            erasure: Erasure = .everything, isErasedSince: Bool = false, isReadable: Bool = true
        ) {
            self.delivery = delivery
            self.report = report
            self.update = update
            self.told = told
            self.tellsStatus = tellsStatus
            self.reporter = reporter
            self.author = author
            self.provenance = provenance
            self.ticket = ticket
            self.erasure = erasure
            self.isErasedSince = isErasedSince
            self.isReadable = isReadable
        }
    }

    /// Why there is no message.
    package enum Obstacle: Error, Sendable, Equatable {
        case unmappedService(Service.Code)
        case unmappedDetail(Detail)
        case unmappedAnswer(Attribute.Code)
        /// The report is private, and the peer gets no such.
        case isPrivate
        /// What was to be told is not there any more.
        case isGone
        /// What was to be told is sealed, and no key of ours opens it.
        case isSealed

        /// What becomes of the delivery: what a person can mend is parked, what nobody may send is
        /// dropped.
        package var step: DeliveryStep {
            switch self {
            case .unmappedService(let code): .parked("no mapping for the service \(code)", .none)
            case .unmappedDetail(let detail):
                .parked("no mapping for the status \(detail.rawValue)", .none)
            case .unmappedAnswer(let code):
                .parked("no mapping for what was answered to \(code)", .none)
            case .isPrivate: .dropped("the report is private, and this peer gets no such")
            case .isGone: .dropped("what was to be told is not there any more")
            case .isSealed: .parked("what was to be told is sealed, and no key opens it", .none)
            }
        }
    }

    private func content(of subject: Subject) throws(Obstacle) -> Message.Content {
        guard subject.isReadable else { throw .isSealed }
        switch subject.delivery.kind {
        // Whoever got a report that is private now must forget it like any other.
        case .erasure: return .erasure(subject.erasure)
        case .report:
            try judge(subject.report)
            return .report(try report(subject))
        case .update:
            try judge(subject.report)
            guard let update = subject.update else { throw .isGone }
            return .update(try outgoing(update, of: subject))
        }
    }

    private func judge(_ report: Report) throws(Obstacle) {
        guard report.visibility == .public || peer.privacy.allowed.contains(.handlerOnly) else {
            throw .isPrivate
        }
    }
}

/// Where others find what is ours, as absolute addresses.
package struct PublicAddresses: Sendable {
    /// Where people read a report.
    package let report: @Sendable (Report) -> String
    /// Where the picture of an entry of `Report.media` is.
    package let picture: @Sendable (_ entry: String) -> String

    package init(
        report: @escaping @Sendable (Report) -> String,
        picture: @escaping @Sendable (_ entry: String) -> String
    ) {
        self.report = report
        self.picture = picture
    }
}

extension Translation {
    private func report(_ subject: Subject) throws(Obstacle) -> OutgoingReport {
        let report = subject.report
        guard let service = peer.mapping.servicesOut[report.service] else {
            throw .unmappedService(report.service)
        }
        var answers: [PeerAnswer] = []
        for answer in report.answers {
            if let theirs = try theirs(answer) { answers.append(theirs) }
        }
        return OutgoingReport(
            id: report.id, address: addresses.report(report), service: service,
            serviceName: report.serviceName, title: report.title, description: report.description,
            place: Place(
                coordinate: report.coordinate, address: report.address,
                addressID: report.addressID), zipcode: report.zipcode, answers: answers,
            media: report.media.map(addresses.picture), requested: report.requested,
            reporter: person(subject.reporter), visibility: report.visibility)
    }

    private func outgoing(
        _ update: Update, of subject: Subject
    ) throws(Obstacle) -> OutgoingUpdate {
        let status = peer.mapping.statusesOut[update.detail]
        if subject.tellsStatus, status == nil { throw .unmappedDetail(update.detail) }
        return OutgoingUpdate(
            id: update.id, status: subject.tellsStatus ? status : nil,
            detail: update.detail, description: update.description,
            media: update.media.map(addresses.picture), told: subject.told ?? update.published,
            author: person(subject.author), report: subject.report.id,
            service: peer.mapping.servicesOut[subject.report.service])
    }

    /// An answer in the peer's codes; `nil` if its question does not go across.
    private func theirs(_ answer: Answer) throws(Obstacle) -> PeerAnswer? {
        guard let question = peer.mapping.questions[answer.code] else { return nil }
        guard !question.values.isEmpty else {
            return PeerAnswer(code: question.code, values: answer.values)
        }
        let values = answer.values.compactMap { question.values[$0] }
        guard values.count == answer.values.count else { throw .unmappedAnswer(answer.code) }
        return PeerAnswer(code: question.code, values: values)
    }

    /// What the peer may know of a person: nothing, a relay address, or how to reach them; what
    /// tells their device or account from others never goes across (P8).
    private func person(_ person: Reporter) -> Reporter {
        guard peer.privacy.allowsContact else {
            return Reporter(email: peer.privacy.relayAddress)
        }
        return Reporter(
            email: person.email, firstName: person.firstName, lastName: person.lastName,
            phone: person.phone)
    }
}
