/// Everything that is published: the jurisdictions, each with its services.
package struct Catalogue: Sendable, Equatable {
    package let jurisdictions: [Jurisdiction]
    private let byID: [Jurisdiction.ID: Int]
    private let bySlug: [Jurisdiction.Slug: Int]

    /// Why jurisdictions cannot be published together.
    package enum Conflict: Error, Equatable {
        case id(Jurisdiction.ID)
        case slug(Jurisdiction.Slug)
    }

    package init(_ jurisdictions: [Jurisdiction]) throws(Conflict) {
        var byID: [Jurisdiction.ID: Int] = [:]
        var bySlug: [Jurisdiction.Slug: Int] = [:]
        for (index, jurisdiction) in jurisdictions.enumerated() {
            for id in [jurisdiction.id] + jurisdiction.aliases {
                guard byID.updateValue(index, forKey: id) == nil else { throw .id(id) }
            }
            guard bySlug.updateValue(index, forKey: jurisdiction.slug) == nil else {
                throw .slug(jurisdiction.slug)
            }
        }
        self.jurisdictions = jurisdictions
        self.byID = byID
        self.bySlug = bySlug
    }

    /// The jurisdiction of an id or an alias.
    package func jurisdiction(_ id: Jurisdiction.ID) -> Jurisdiction? {
        byID[id].map { jurisdictions[$0] }
    }

    /// The jurisdiction whose base addresses carry this slug.
    package func jurisdiction(slug: Jurisdiction.Slug) -> Jurisdiction? {
        bySlug[slug].map { jurisdictions[$0] }
    }

    /// The jurisdictions whose boundary holds the point.
    package func jurisdictions(at point: Coordinate) -> [Jurisdiction] {
        jurisdictions.filter { $0.boundary?.contains(point) == true }
    }
}
