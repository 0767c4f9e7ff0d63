import Federation
import FoundationEssentials
import GeoReport

/// Builds the calls that one peer understands: its paths, its parameters and no others, its key where
/// it wants it.
struct Asking {
    let settings: Open311Settings

    private var profile: Profile { settings.profile }

    /// A GET of a resource.
    func get(
        _ resource: Profile.Resource, _ id: String? = nil, _ arguments: Arguments = Arguments(),
        patience: Duration = .seconds(20)
    ) -> Wire.Call {
        var query = arguments
        query.add("jurisdiction_id", settings.jurisdiction)
        for parameter in settings.parameters { query.add(parameter.name, parameter.value) }
        let carriesKey =
            profile.keyOn == .all || (profile.keyOn == .updates && resource == .updates)
        if carriesKey, [.form, .query].contains(profile.keyPlace) {
            query.add("api_key", settings.apiKey)
        }
        return Wire.Call(
            "GET", address(of: resource, id, query.kept(by: profile.known[resource])),
            headers: headers(isKeyed: carriesKey), patience: patience)
    }

    /// A POST of a form.
    func post(
        _ resource: Profile.Resource, at id: String? = nil, _ arguments: Arguments
    ) -> Wire.Call {
        var form = Arguments()
        form.add("jurisdiction_id", settings.jurisdiction)
        if profile.keyPlace == .form { form.add("api_key", settings.apiKey) }
        for item in arguments.items { form.add(item.name, item.value) }
        var query = Arguments()
        if profile.keyPlace == .query { query.add("api_key", settings.apiKey) }
        let body = form.kept(by: profile.known[resource]).encoded
        let type = "application/x-www-form-urlencoded; charset=utf-8"
        return Wire.Call(
            "POST", address(of: resource, id, query),
            headers: headers(isKeyed: true) + [Wire.Header("Content-Type", type)],
            body: Array(body.utf8), patience: .seconds(60))
    }

    /// A time as the peer reads it.
    func text(_ time: Date) -> String {
        switch profile.dates {
        case .zoned: DateTime.text(time)
        case .naive: settings.serverZone.naiveText(time)
        }
    }

    private func address(
        of resource: Profile.Resource, _ id: String?, _ query: Arguments
    ) -> String {
        var path = Self.path(of: resource)
        if let id { path += "/" + PercentEncoding.encoded(id) }
        if resource == .erasure { path += "/erasure" }
        // A change feed speaks JSON alone.
        let format = resource == .changes ? Format.json : profile.format
        switch profile.suffix {
        case .dotted: path += "." + format.rawValue
        case .slashed: path += "/" + format.rawValue
        case .absent: break
        }
        let encoded = query.encoded
        return settings.address + path + (encoded.isEmpty ? "" : "?" + encoded)
    }

    private static func path(of resource: Profile.Resource) -> String {
        switch resource {
        case .services, .definition: "services"
        case .reports, .report, .newReport, .erasure: "requests"
        case .token: "tokens"
        case .updates, .newUpdate: "servicerequestupdates"
        case .changes: "changes"
        }
    }

    private func headers(isKeyed: Bool) -> [Wire.Header] {
        let accepted = profile.format == .json ? "application/json" : "text/xml"
        var headers = [Wire.Header("Accept", accepted)]
        guard isKeyed, let key = settings.apiKey else { return headers }
        switch profile.keyPlace {
        case .form, .query: break
        case .header: headers.append(Wire.Header("X-API-Key", key))
        case .bearer: headers.append(Wire.Header("Authorization", "Bearer " + key))
        }
        return headers
    }
}
