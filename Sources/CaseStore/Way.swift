import Federation
import Reports

/// The way of a report or an update as the case store keeps it: the path of its event, and where it
/// began if it began elsewhere.
struct Way {
    let path: [Authority]
    let origin: (authority: Authority, id: String)?

    init(path: [String], origin: String?, id: String?) {
        self.path = path.compactMap(Authority.init(rawValue:))
        self.origin =
            if let authority = origin.flatMap(Authority.init(rawValue:)), let id {
                (authority, id)
            } else { nil }
    }

    /// Where it began and whom it has passed, ourselves the last; what began here, or with somebody
    /// who told no id of it, is known by ours.
    func provenance(of id: String, at node: Authority) -> Provenance {
        let path = path.last == node ? path : path + [node]
        return Provenance(
            origin: origin?.authority ?? node, originID: origin?.id ?? id, path: path)
    }
}

extension Provenance {
    /// The path with one more at its end.
    func path(and node: Authority) -> [String] {
        path.map(\.rawValue) + [node.rawValue]
    }
}
