import FoundationEssentials
import Reports

/// Which reports a peer gets: those that fit all that is said here; what is not said fits all.
package struct Rule: Sendable, Equatable {
    package var jurisdictions: Set<Jurisdiction.ID>
    package var services: Set<Service.Code>
    /// Where the report must lie; a report without a coordinate lies in no area.
    package var area: Boundary?
    /// For each question named here, one of these answers must have been given.
    package var answers: [Attribute.Code: Set<String>]
    /// When the report was told: from, inclusive, and until, exclusive.
    package var from: Date?
    package var until: Date?

    package init(
        jurisdictions: Set<Jurisdiction.ID> = [], services: Set<Service.Code> = [],
        area: Boundary? = nil, answers: [Attribute.Code: Set<String>] = [:],
        from: Date? = nil, until: Date? = nil
    ) {
        self.jurisdictions = jurisdictions
        self.services = services
        self.area = area
        self.answers = answers
        self.from = from
        self.until = until
    }

    /// What a rule looks at.
    package struct Subject: Sendable {
        package let jurisdiction: Jurisdiction.ID
        package let service: Service.Code
        package let coordinate: Coordinate?
        package let answers: [Answer]
        package let requested: Date
        package let visibility: Visibility

        package init(
            jurisdiction: Jurisdiction.ID, service: Service.Code, coordinate: Coordinate?,
            answers: [Answer], requested: Date, visibility: Visibility
        ) {
            self.jurisdiction = jurisdiction
            self.service = service
            self.coordinate = coordinate
            self.answers = answers
            self.requested = requested
            self.visibility = visibility
        }
    }

    /// Whether a report fits.
    package func fits(_ subject: Subject) -> Bool {
        guard jurisdictions.isEmpty || jurisdictions.contains(subject.jurisdiction),
            services.isEmpty || services.contains(subject.service),
            from.map({ subject.requested >= $0 }) ?? true,
            until.map({ subject.requested < $0 }) ?? true
        else { return false }
        if let area {
            guard let point = subject.coordinate, area.contains(point) else { return false }
        }
        return answers.allSatisfy { code, wanted in
            subject.answers.contains { $0.code == code && !wanted.isDisjoint(with: $0.values) }
        }
    }
}

/// All peers of a Viaduct and its own name among them: who gets what.
package struct Peering: Sendable, Equatable {
    /// What we are called in paths.
    package let node: Authority
    package let peers: [Peer]

    package init(node: Authority = .viaduct, peers: [Peer] = []) {
        self.node = node
        self.peers = peers
    }

    package subscript(name: Peer.Name) -> Peer? { peers.first { $0.name == name } }

    /// The peer that calls us with this key, or under whose name what was read from it is kept.
    package func peer(of client: Client.ID) -> Peer? {
        peers.first { $0.client == client || $0.name.reader == client }
    }

    /// Who gets a report that came to us by this way, and who of them handles it.
    ///
    /// `refused` have been offered it already and said no.
    package func destinations(
        of subject: Rule.Subject, by provenance: Provenance? = nil, refused: Set<Peer.Name> = []
    ) -> Destinations {
        let fitting = peers.filter { peer in
            peer.flow.contains(.reportsOut) && peer.rules.contains { $0.fits(subject) }
                && provenance?.hasPassed(peer.authority) != true
                && (subject.visibility == .public || peer.privacy.allowed.contains(.handlerOnly))
        }
        var turns: [(turn: Int, name: Peer.Name)] = []
        var copies: [Peer.Name] = []
        for peer in fitting {
            switch peer.role {
            case .copy: copies.append(peer.name)
            case .handler(let turn): turns.append((turn, peer.name))
            }
        }
        turns.sort { ($0.turn, $0.name.rawValue) < ($1.turn, $1.name.rawValue) }
        return Destinations(
            handler: turns.first { !refused.contains($0.name) }?.name,
            copies: copies.filter { !refused.contains($0) })
    }

    /// The peers that are told of updates.
    package var updated: [Peer.Name] {
        peers.filter { $0.flow.contains(.updatesOut) }.map(\.name)
    }
}

/// Who gets a report.
package struct Destinations: Sendable, Equatable {
    /// Who is to handle it; `nil` if we do ourselves.
    package let handler: Peer.Name?
    /// Who is told as well.
    package let copies: [Peer.Name]

    package init(handler: Peer.Name?, copies: [Peer.Name]) {
        self.handler = handler
        self.copies = copies
    }

    /// Everybody who gets it.
    package var all: [Peer.Name] { (handler.map { [$0] } ?? []) + copies }
}
