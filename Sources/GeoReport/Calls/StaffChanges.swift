import FoundationEssentials
import Reports

/// What only staff may change with an update, beside the status (GR-13.2).
struct StaffChanges {
    let changes: Update.Draft.Changes
    /// An internal note is private.
    let visibility: Visibility

    init(_ parameters: Parameters, in jurisdiction: Jurisdiction, _ problems: inout Problems) {
        var reader = TextReader(parameters)
        let service = Self.service(parameters, in: jurisdiction, &problems)
        changes = Update.Draft.Changes(
            service: service?.code, agency: reader.text(&problems, "agency_responsible"),
            expected: Self.expected(parameters, &problems),
            parent: Self.parent(parameters, &problems), visibility: service?.visibility)
        visibility = Calls.isSet("internal", in: parameters) ? .private : .public
    }

    /// Adds what does not go together.
    func check(_ said: SaidUpdate, _ pictures: SentPictures, _ problems: inout Problems) {
        if let parent = changes.parent {
            if parent == said.report {
                problems.add("parent_service_request_id is the report itself")
            }
            if said.detail != .duplicate {
                problems.add("parent_service_request_id goes with the status DUPLICATE only")
            }
        }
        switch visibility {
        case .private: checkNote(said, pictures, &problems)
        case .public where said.detail == .reopen && said.description == nil:
            problems.add("description was not provided (required with the status REOPEN)")
        case .public: break
        }
    }

    /// An internal note is a text, and changes nothing.
    private func checkNote(
        _ said: SaidUpdate, _ pictures: SentPictures, _ problems: inout Problems
    ) {
        if said.description == nil {
            problems.add("description was not provided (required with internal)")
        }
        if said.detail != nil {
            problems.add("internal goes with the status UNCHANGED only")
        }
        if changes != Update.Draft.Changes() {
            problems.add("internal does not go with changes of the report")
        }
        if !pictures.uploaded.isEmpty || !pictures.addresses.isEmpty {
            problems.add("internal does not go with pictures, which are public")
        }
    }

    private static func service(
        _ parameters: Parameters, in jurisdiction: Jurisdiction, _ problems: inout Problems
    ) -> Service? {
        problems.collect { () throws(Fault) in
            guard let code = try parameters.value("service_code") else { return nil }
            return try Calls.service(code, in: jurisdiction)
        }
    }

    private static func expected(
        _ parameters: Parameters, _ problems: inout Problems
    ) -> Date? {
        Calls.time("expected_datetime", .endOfDay, &problems) { () throws(Fault) in
            try parameters.value("expected_datetime")
        }
    }

    private static func parent(
        _ parameters: Parameters, _ problems: inout Problems
    ) -> Report.ID? {
        problems.collect { () throws(Fault) in
            guard let text = try parameters.value("parent_service_request_id") else { return nil }
            guard let id = Report.ID(rawValue: text) else {
                throw Fault(.malformed, "parent_service_request_id names no report")
            }
            return id
        }
    }
}
