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

    package init(
        point: Coordinate? = nil, group: String? = nil, keywords: [String] = [],
        languages: [Language] = []
    ) {
        self.point = point
        self.group = group
        self.keywords = keywords
        self.languages = languages
    }

    /// Whether the service is part of the answer.
    func asks(for service: Service, of jurisdiction: Jurisdiction) -> Bool {
        if let point, jurisdiction.boundary?.contains(point) == false { return false }
        if let group = group?.lowercased(),
            !service.group.texts.values.contains(where: { $0.lowercased() == group })
        {
            return false
        }
        guard !keywords.isEmpty else { return true }
        let wanted = keywords.map { $0.lowercased() }
        return service.keywords.contains { wanted.contains($0.lowercased()) }
    }
}
