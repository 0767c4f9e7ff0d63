import Federation
import GeoReport

extension Profile {
    /// All kinds of servers that we know.
    package static let all: [Profile] = [
        .georeport, .fixmystreet, .adapter, .connectedBits, .seeClickFix, .markASpot, .citySDK,
        .klarschiff, .uReport, .viaduct,
    ]

    /// A kind of server by its name in the settings.
    package static func named(_ name: String) -> Profile? { all.first { $0.name == name } }

    /// What the standard says, and no more (GR-3 to GR-10).
    package static let georeport: Profile = {
        var profile = Profile(name: "georeport")
        profile.reports.longest = 90 * 86_400
        profile.reports.most = 1000
        return profile
    }()

    /// A FixMyStreet site: it lists its reports, fetches ours, and takes updates to those it has from
    /// us (GR-13.2, GR-13.6).
    package static let fixmystreet: Profile = {
        var profile = Profile(name: "fixmystreet")
        profile.format = .json
        profile.reports.sizeName = "max_requests"
        profile.reports.size = 1000
        profile.reports.most = 1000
        profile.updates = .pushed
        profile.takes = [.updates]
        profile.idsPerCall = 1
        profile.resend = .idempotent
        profile.marker = .none
        profile.subject = .ours
        profile.words = .detail
        return profile
    }()

    /// open311-adapter, which refuses each parameter that it has not declared (GR-13.7).
    package static let adapter: Profile = {
        var profile = Profile(name: "open311-adapter")
        let place: Set = ["jurisdiction_id"]
        let person: Set = ["first_name", "last_name", "email", "phone", "account_id"]
        profile.known = [
            .services: place, .definition: place, .token: place, .report: place,
            .reports: [
                "jurisdiction_id", "api_key", "service_request_id", "service_code", "status",
                "start_date", "end_date",
            ],
            .updates: ["jurisdiction_id", "api_key", "start_date", "end_date"],
            .newReport: person.union([
                "jurisdiction_id", "api_key", "service_code", "description", "lat", "long",
                "address_string", "address_id", "device_id", "media_url", "attribute",
            ]),
            .newUpdate: person.union([
                "jurisdiction_id", "api_key", "service_request_id", "update_id", "status",
                "updated_datetime", "description", "media_url", "service_code", "attribute",
            ]),
        ]
        profile.keyOn = .updates
        profile.reports.end = .required
        profile.updates = .polled
        profile.updateList.basis = .updated
        profile.updateList.end = .required
        profile.takes = [.reports, .updates]
        profile.multiValues = .repeated
        profile.media = .repeated
        profile.resend = .none
        profile.marker = .none
        profile.facts = ["fixmystreet_id": .id]
        profile.words = .detail
        return profile
    }()

    /// Connected Bits: Chicago and others (GR-14.1). A report is a token for a while, during which
    /// nobody can find it.
    package static let connectedBits: Profile = {
        var profile = Profile(name: "connected-bits")
        profile.format = .json
        profile.reports = updated(size: 500, "page_size", least: 50)
        profile.dates = .naive
        profile.resend = .none
        profile.needs = [.coordinate, .address]
        profile.extensions = .asked
        return profile
    }()

    /// SeeClickFix (GR-14.2).
    package static let seeClickFix: Profile = {
        var profile = Profile(name: "seeclickfix")
        profile.format = .json
        profile.reports.pages = .numbered
        profile.reports.least = 20
        profile.idsPerCall = 1
        return profile
    }()

    /// Mark-a-Spot (GR-14.5). Reports may wait for a moderator, and are not listed until then.
    package static let markASpot: Profile = {
        var profile = Profile(name: "mark-a-spot")
        profile.format = .json
        profile.keyPlace = .query
        profile.reports = updated(size: 100, "limit", least: 50)
        profile.reports.from = "updated"
        profile.reports.to = nil
        profile.idsPerCall = 1
        profile.emptyStatus = 404
        profile.resend = .none
        profile.extensions = .asked
        return profile
    }()

    /// CitySDK's Smart Participation (GR-14.6).
    package static let citySDK: Profile = {
        var profile = Profile(name: "citysdk")
        profile.format = .json
        profile.reports.basis = .updated
        profile.reports.from = "updated_after"
        profile.reports.to = "updated_before"
        profile.reports.most = 200
        profile.status = "open,closed"
        profile.titles = .parameter
        profile.resend = .none
        profile.extensions = .asked
        profile.words = .detailedStatus
        return profile
    }()

    /// Klarschiff, a CitySDK that wants to know who asks (GR-14.7).
    package static let klarschiff: Profile = {
        var profile = citySDK
        profile.name = "klarschiff"
        profile.reports.most = nil
        profile.needs = [.email, .coordinate]
        return profile
    }()

    /// Bloomington's uReport (GR-14.3).
    package static let uReport: Profile = {
        var profile = Profile(name: "ureport")
        profile.format = .json
        profile.reports = updated(size: 1000, "page_size", least: 1000)
        profile.idsPerCall = 1
        return profile
    }()

    /// Another Viaduct: nothing is lost on the way, and nothing comes twice.
    package static let viaduct: Profile = {
        var profile = Profile(name: "viaduct")
        profile.format = .json
        profile.keyPlace = .header
        profile.keyOn = .all
        profile.updates = .followed
        profile.updateList.pages = .numbered
        profile.updateList.sizeName = "page_size"
        profile.updateList.size = 1000
        profile.takes = [.reports, .updates, .erasures]
        profile.media = .repeated
        profile.titles = .parameter
        profile.resend = .idempotent
        profile.marker = .header
        profile.extensions = .asked
        profile.words = .detail
        return profile
    }()

    /// Pages of what has changed since.
    private static func updated(size: Int, _ name: String, least: Int) -> Listing {
        var listing = Listing()
        listing.basis = .updated
        listing.from = "updated_after"
        listing.to = "updated_before"
        listing.pages = .numbered
        listing.sizeName = name
        listing.size = size
        listing.least = least
        return listing
    }
}
