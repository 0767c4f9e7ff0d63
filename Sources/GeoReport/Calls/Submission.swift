import Reports

/// The parts of a POST of a report, read one by one (GR-6.1).
struct Submission {
    private(set) var place: Place?
    private var zipcode: String?
    private var title: String?
    private var description: String?
    private var reporter = Reporter()
    private var answers: [Answer] = []
    private var unknown: [Report.Draft.Unknown] = []
    /// The answers as they came.
    let given: [Answer]

    /// Reads all but the answers, which need the service.
    init(_ parameters: Parameters, in jurisdiction: Jurisdiction, _ problems: inout Problems) {
        given = problems.collect { () throws(Fault) in try parameters.attributes() } ?? []
        var reader = TextReader(parameters)
        zipcode = reader.text(&problems, "zipcode", "zip_code")
        place = Self.place(
            parameters, in: jurisdiction, zipcode: zipcode, &reader, &problems)
        title = reader.text(&problems, "title")
        description = reader.text(&problems, as: .description, "description")
        reporter = Reporter(reading: &reader, &problems)
        unknown = Self.unknown(parameters, &problems)
    }

    /// Reads the answers to the service's questions.
    mutating func readAnswers(to service: Service, _ problems: inout Problems) {
        let result = AnswerReader(service.attributes).read(given, &problems)
        answers = result.answers
        unknown += result.unknown
    }

    func draft(
        for service: Service, at place: Place, labels: Labels, stage: Stage,
        _ jurisdiction: Jurisdiction
    ) -> Report.Draft {
        Report.Draft(
            jurisdiction: jurisdiction, stage: stage, service: service, place: place,
            zipcode: zipcode, title: title, description: description, answers: answers,
            reporter: reporter, notice: labels.text(service.notice),
            agency: labels.text(service.agency), foreignReport: foreignReport, unknown: unknown)
    }

    /// The sender's number for it; what cannot be one is a problem that is told elsewhere.
    private var foreignReport: String? {
        given.first { $0.code.isForeignNumber }?.values.first.flatMap {
            Calls.isKey($0) ? $0 : nil
        }
    }

    /// Where it is: the truth table of GR-6.1, and inside the area that the jurisdiction serves.
    private static func place(
        _ parameters: Parameters, in jurisdiction: Jurisdiction, zipcode: String?,
        _ reader: inout TextReader, _ problems: inout Problems
    ) -> Place? {
        var address = reader.text(&problems, "address_string", "address")
        let addressID = reader.text(&problems, "address_id", "adress_id")
        // A postcode of its own belongs to the address it was cut off from (GR-15.2).
        if let zipcode, let text = address, !text.contains(zipcode) {
            address = text + ", " + zipcode
        }
        let before = problems.count
        let coordinate = Calls.point(parameters, &problems)
        if let coordinate { check(coordinate, in: jurisdiction, &problems) }
        let place = Place(coordinate: coordinate, address: address, addressID: addressID)
        if place == nil, problems.count == before {
            problems.add(
                "location was not provided: send lat and long, or address_string, or address_id")
        }
        return place
    }

    /// A point that is none of ours is refused, and so is 0, 0: it is what a phone without a
    /// position sends (bad input 62).
    private static func check(
        _ point: Coordinate, in jurisdiction: Jurisdiction, _ problems: inout Problems
    ) {
        if let boundary = jurisdiction.boundary, !boundary.contains(point) {
            let name = Labels(of: jurisdiction, in: []).text(jurisdiction.name)
            problems.add(
                "lat and long are outside the area of \(name ?? jurisdiction.id.rawValue)")
        } else if jurisdiction.boundary == nil, point.latitude == 0, point.longitude == 0 {
            problems.add("lat and long are both 0, which is no place on land")
        }
    }

    /// What we do not understand is kept, where only we can read it (GR-15.2).
    private static func unknown(
        _ parameters: Parameters, _ problems: inout Problems
    ) -> [Report.Draft.Unknown] {
        var unknown: [Report.Draft.Unknown] = []
        for item in parameters.all where isUnknown(item) {
            let value = problems.collect { () throws(Fault) in
                try CleanText.clean(
                    item.value, named: Parameters.Item.label(item.name), as: .description)
            }
            let name = CleanText.safe(item.name)
            guard let value, !value.isEmpty, !name.isEmpty else { continue }
            unknown.append(Report.Draft.Unknown(name: name, value: value))
        }
        return unknown
    }

    private static func isUnknown(_ item: Parameters.Item) -> Bool {
        !item.isFile && !known.contains(item.name) && !item.name.hasPrefix("attribute[")
    }

    private static let known: Set<String> = [
        "account_id", "address", "address_id", "address_string", "adress_id", "api_key",
        "attribute", "callback", "client_request_id", "description", "device_id", "deviceid",
        "email", "first_name", "jurisdiction_id", "langcode", "last_name", "lat", "lng", "locale",
        "lon", "long", "media", "media[]", "media_url", "media_url[]", "phone", "service_code",
        "title",
        "zip_code", "zipcode",
    ]
}

/// Reads parameters as clean text.
struct TextReader {
    private let parameters: Parameters

    init(_ parameters: Parameters) {
        self.parameters = parameters
    }

    /// The text under a name, or under another spelling of it (GR-A33).
    mutating func text(
        _ problems: inout Problems, as kind: CleanText.Kind = .line, _ name: String,
        _ alias: String? = nil
    ) -> String? {
        problems.collect { () throws(Fault) -> String? in
            guard let text = try parameters.value(name, alias ?? name) else { return nil }
            let clean = try CleanText.clean(text, named: name, as: kind)
            return clean.isEmpty ? nil : clean
        }
    }
}
