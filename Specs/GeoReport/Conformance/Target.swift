/// The endpoint that vectors are judged against: the values of their placeholders.
package struct Target: Sendable, Equatable {
    /// The base that wants a jurisdiction, or the only base there is; no slash at its end.
    package var base: String
    /// The base of the one jurisdiction, if there is one.
    package var one: String
    /// Scheme and authority, with what stands before `/open311/discovery`.
    package var root: String
    /// The address of the discovery document without its suffix.
    package var discovery: String
    package var jurisdiction: String
    package var otherJurisdiction: String
    /// May report and comment.
    package var key: String
    /// Keys with other rights and habits, by the name that stands before `-key` in a vector:
    /// `staff`, `reporter`, `follow`, `fixmystreet`, `import`, `adapter`, `base64`.
    package var otherKeys: [String: String]
    /// A service, and a report, that exist.
    package var service: String
    package var id: String
    /// Whether the server holds `Specs/GeoReport/Fixture`.
    package var hasFixture: Bool

    package init(
        base: String, one: String = "", root: String = "", discovery: String = "",
        jurisdiction: String = "", otherJurisdiction: String = "", key: String = "",
        otherKeys: [String: String] = [:], service: String = "", id: String = "",
        hasFixture: Bool = false
    ) {
        self.base = base
        self.one = one
        self.root = root
        self.discovery = discovery
        self.jurisdiction = jurisdiction
        self.otherJurisdiction = otherJurisdiction
        self.key = key
        self.otherKeys = otherKeys
        self.service = service
        self.id = id
        self.hasFixture = hasFixture
    }

    /// A server of ours that holds the fixture.
    package static func fixture(
        root: String, key: String, otherKeys: [String: String] = [:]
    ) -> Target {
        Target(
            base: root + "/open311/v2", one: root + "/sofia/open311/v2", root: root,
            discovery: root + "/open311/discovery", jurisdiction: "sofia.example",
            otherJurisdiction: "mitrovica.example", key: key, otherKeys: otherKeys,
            service: "POTHOLE", id: "SOF-2026-000417", hasFixture: true)
    }

    /// The parameter that names the jurisdiction, or nothing.
    private var jurisdictionParameter: String {
        jurisdiction.isEmpty ? "" : "jurisdiction_id=" + Variables.percentEncoded(jurisdiction)
    }

    /// The placeholders that a target gives a value to.
    var placeholders: [String: String] {
        var values = [
            "base": base, "one": one, "root": root, "discovery": discovery,
            "j": jurisdictionParameter, "jurisdiction": jurisdiction,
            "other-jurisdiction": otherJurisdiction, "key": key,
            "service": service, "id": id,
        ]
        for (name, key) in otherKeys { values[name + "-key"] = key }
        return values
    }
}
