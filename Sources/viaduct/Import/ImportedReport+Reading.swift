import CaseStore
import Foundation
import GeoReport
import Reports

extension ImportedReport {
    /// Why a report that could be read cannot be taken in.
    struct Problem: Error {
        let text: String
    }

    /// A report of a source as history of a jurisdiction.
    ///
    /// Texts are cleaned by the one rule that holds for all that comes in (T1); everything else
    /// stays as the source says it.
    init(
        _ read: ReadReport, in jurisdiction: Jurisdiction, source: String, stage: Stage, now: Date
    ) throws(Problem) {
        let (service, name) = try Self.service(of: read, in: jurisdiction)
        let known = jurisdiction.service(service)
        func text(_ text: String?) -> String? {
            guard let clean = text.map({ CleanText.safe($0) }), !clean.isEmpty else { return nil }
            return clean
        }
        var coordinate: Coordinate?
        if let latitude = read.latitude, let longitude = read.longitude,
            latitude != 0 || longitude != 0
        {
            coordinate = Coordinate(latitude: latitude, longitude: longitude)
        }
        self.init(
            jurisdiction: jurisdiction.id, slug: jurisdiction.slug, stage: stage, source: source,
            sourceID: read.id, service: service, serviceName: known == nil ? text(name) : nil,
            status: read.status, detail: read.detail, statusNotes: text(read.statusNotes),
            title: text(read.title), description: text(read.description),
            agency: text(read.agency), notice: text(read.notice), requested: read.requested,
            updated: read.updated ?? read.closed ?? read.requested, expected: read.expected,
            address: text(read.address), addressID: text(read.addressID),
            zipcode: text(read.zipcode), coordinate: coordinate,
            media: read.media.filter(Self.isPicture), answers: read.answers,
            channel: text(read.channel) ?? "import", visibility: known?.visibility ?? .public,
            published: min(read.requested, now))
        disclosure = Disclosure(jurisdiction, known)
    }

    /// Its service: by code, else the one of this name, else one named after it.
    private static func service(
        of read: ReadReport, in jurisdiction: Jurisdiction
    ) throws(Problem) -> (Service.Code, String?) {
        if let code = read.serviceCode {
            guard let code = Service.Code(rawValue: code.replacing(",", with: " ")) else {
                throw Problem(text: "service_code is too long or holds a control character")
            }
            return (code, read.serviceName)
        }
        guard let name = read.serviceName else {
            throw Problem(text: "service_code and service_name are missing")
        }
        let named = jurisdiction.services.first { $0.name.texts.values.contains(name) }
        if let named { return (named.code, name) }
        guard let code = Service.Code(rawValue: name.replacing(",", with: " ")) else {
            throw Problem(text: "service_name is too long to be a code")
        }
        return (code, name)
    }

    private static func isPicture(_ address: String) -> Bool {
        WebAddress.isFetchable(address) && address.utf8.count <= 2048
    }
}

extension Taken.Refusal {
    /// Why a row is not kept, for whoever imports.
    var sentence: String {
        switch self {
        case .sourceID: "service_request_id is empty or longer than 255 bytes"
        case .date: "a date lies outside the years 1970 to 2100"
        case .text: "a text holds a NUL character"
        case .rule(let rule): "the database refuses it (\(rule))"
        }
    }
}
