/// Where a report or an update began and whom it has passed, as a peer is shown it (GR-18.5).
package struct ShownProvenance: Sendable, Equatable {
    /// The authority that was told first.
    package var origin: String
    /// Its own id of it.
    package var originID: String
    /// The authorities it has passed, the origin first and this server last.
    package var path: [String]

    package init(origin: String, originID: String, path: [String]) {
        self.origin = origin
        self.originID = originID
        self.path = path
    }
}

extension Sink {
    /// The three members that tell a provenance.
    mutating func provenance(_ provenance: ShownProvenance) {
        text("origin", provenance.origin)
        text("origin_id", provenance.originID)
        beginList("path", as: .member)
        for authority in provenance.path { item("authority", authority) }
        endList()
    }
}
