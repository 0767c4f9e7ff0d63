import Reports

/// A GET of the service list, understood (GR-4).
///
/// There is no page in it: a partial list would make FixMyStreet delete the services it lacks.
package struct ServicesCall: Sendable, Equatable {
    /// Only services that are offered here.
    package var point: Coordinate?
    /// Only services under this heading, in whichever language it is written.
    package var group: String?
    /// Only services with one of these keywords; empty asks nothing.
    package var keywords: [String]
    package var languages: [Language]
    /// The habits of the client that reads it.
    package var dialects: Set<Client.Profile.Dialect>

    package init(
        point: Coordinate? = nil, group: String? = nil, keywords: [String] = [],
        languages: [Language] = [], dialects: Set<Client.Profile.Dialect> = []
    ) {
        self.point = point
        self.group = group
        self.keywords = keywords
        self.languages = languages
        self.dialects = dialects
    }

    /// Whether the service is part of the answer.
    func asks(for service: Service, of jurisdiction: Jurisdiction) -> Bool {
        if let point, jurisdiction.boundary?.contains(point) == false { return false }
        if let group = group?.lowercased(),
            !([service.group] + service.otherGroups).contains(where: {
                $0.texts.values.contains { $0.lowercased() == group }
            })
        {
            return false
        }
        guard !keywords.isEmpty else { return true }
        let wanted = keywords.map { $0.lowercased() }
        return service.keywords.contains { wanted.contains($0.lowercased()) }
    }
}
