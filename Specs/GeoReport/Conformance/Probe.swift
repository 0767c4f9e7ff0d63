import GeoReport

/// Why an endpoint cannot be verified at all.
package enum ProbeError: Error, Equatable, CustomStringConvertible {
    case unreachable(String)
    case needsJurisdiction
    case noServices(String)

    package var description: String {
        switch self {
        case .unreachable(let reason): "The address does not answer: \(reason)"
        case .needsJurisdiction:
            "The endpoint serves several jurisdictions: say which with --jurisdiction."
        case .noServices(let address):
            "There is no GeoReport endpoint: \(address) answers with no list of services."
        }
    }
}

extension Target {
    /// Finds out what an endpoint offers, by reading only.
    ///
    /// The address is a discovery document's, or an endpoint's base, or a server that has
    /// discovery at one of the usual places; without discovery the address itself is the base.
    package static func probe(
        _ address: String, jurisdiction: String?, key: String?,
        otherKeys: [String: String] = [:], over transport: @escaping Transport
    ) async throws(ProbeError) -> Target {
        let address = address.withoutSlash
        let probe = Probe(address: address, jurisdiction: jurisdiction, transport: transport)
        var target = Target(
            base: address, jurisdiction: jurisdiction ?? "", key: key ?? "", otherKeys: otherKeys)
        if let found = try await probe.discovery() {
            target.base = found.base
            target.discovery = found.address
            target.root = found.address.components(around: "/open311/discovery")?.0 ?? ""
        }
        if await probe.holdsFixture(target) {
            var fixture = Target.fixture(
                root: target.root, key: target.key, otherKeys: otherKeys)
            fixture.base = target.base
            return fixture
        }
        target.service = try await probe.service(of: target)
        target.id = await probe.id(of: target) ?? ""
        return target
    }
}

/// The requests that find an endpoint's properties.
private struct Probe {
    let address: String
    let jurisdiction: String?
    let transport: Transport

    /// The base to verify, and the address of the discovery document without its suffix.
    func discovery() async throws(ProbeError) -> (base: String, address: String)? {
        if let document = address.firstMatch(of: #/^(.*\/discovery)\.(xml|json)$/#) {
            let found = try await endpoints(at: address)
            return found.flatMap(production).map { ($0, String(document.output.1)) }
        }
        let server = address.server
        for place in [server + "/open311/discovery", address + "/discovery", server + "/discovery"]
        {
            guard let found = try await endpoints(at: place + ".json") else { continue }
            let isBase = address != server && place != address + "/open311/discovery"
            return (isBase ? address : production(found) ?? address, place)
        }
        return nil
    }

    /// The endpoints of a discovery document, or `nil` if there is none at this address.
    private func endpoints(at place: String) async throws(ProbeError) -> [Tree]? {
        do {
            return try await tree(of: place)?.member("endpoints")?.elements
        } catch {
            throw .unreachable("\(error)")
        }
    }

    private func production(_ endpoints: [Tree]) -> String? {
        let found = endpoints.first { $0.member("type")?.text == "production" } ?? endpoints.first
        return found?.member("url")?.text?.withoutSlash
    }

    func service(of target: Target) async throws(ProbeError) -> String {
        let place = target.base + "/services.json" + query(target)
        let response: VectorResponse
        do {
            response = try await get(place)
        } catch {
            throw .unreachable("\(error)")
        }
        if response.status == 400, jurisdiction == nil { throw .needsJurisdiction }
        let services = Judge(response).tree?.elements ?? []
        let codes = services.compactMap { $0.member("service_code")?.text }
        guard let code = codes.first else { throw .noServices(place) }
        return code
    }

    func id(of target: Target) async -> String? {
        let tree = try? await tree(of: target.base + "/requests.json" + query(target))
        return tree?.elements?.lazy.compactMap { $0.member("service_request_id")?.text }.first
    }

    /// Whether the fixture's two reports are there.
    func holdsFixture(_ target: Target) async -> Bool {
        guard !target.root.isEmpty else { return false }
        let place =
            target.base + "/requests.json?jurisdiction_id=sofia.example"
            + "&service_request_id=SOF-2026-000417,SOF-2026-000418"
        let found = try? await tree(of: place)
        return found?.elements?.count == 2
    }

    private func query(_ target: Target) -> String {
        target.jurisdiction.isEmpty
            ? "" : "?jurisdiction_id=" + Variables.percentEncoded(target.jurisdiction)
    }

    private func tree(of place: String) async throws -> Tree? {
        let response = try await get(place)
        return response.status == 200 ? Judge(response).tree : nil
    }

    private func get(_ place: String) async throws -> VectorResponse {
        let headers = [HeaderLine(name: "Accept", value: "application/json")]
        return try await transport(VectorRequest(method: "GET", url: place, headers: headers))
    }
}

extension String {
    fileprivate var withoutSlash: String { hasSuffix("/") ? String(dropLast()) : self }

    /// The scheme and the authority of an address.
    var server: String {
        guard let match = firstMatch(of: #/^[a-z]+:\/\/[^\/?#]*/#) else { return self }
        return String(match.output)
    }
}
