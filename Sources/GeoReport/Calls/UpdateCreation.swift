import FoundationEssentials
import Reports

/// A POST of an update, understood and valid (GR-13.2).
package struct UpdateCreation: Sendable, Equatable {
    /// Without its pictures, which nobody has looked at yet.
    package var draft: Update.Draft
    /// Pictures that came along, in their order.
    package let pictures: [UploadedPicture]
    /// Addresses of pictures to fetch, in their order.
    package let addresses: [String]

    package init(draft: Update.Draft, pictures: [UploadedPicture] = [], addresses: [String] = []) {
        self.draft = draft
        self.pictures = pictures
        self.addresses = addresses
    }
}

extension Calls {
    /// An update as a client tells it, or all its faults (GR-13.2).
    ///
    /// Whether the client may send updates here is not asked: that is about its key. What only staff
    /// may change is read from staff, and from others it means nothing: FixMyStreet sends the code of
    /// the service along with each update.
    package static func update(
        _ parameters: Parameters, in jurisdiction: Jurisdiction, stage: Stage, for client: Client,
        now: Date
    ) throws(Fault) -> UpdateCreation {
        var problems = Problems()
        let isStaff = client.may(.staff, in: jurisdiction.id)
        let staff = isStaff ? StaffChanges(parameters, in: jurisdiction, &problems) : nil
        let said = SaidUpdate(parameters, staff: staff, now: now, &problems)
        let pictures = SentPictures(
            parameters, dialects: client.profile.dialects, &problems)
        if let staff { staff.check(said, pictures, &problems) }
        try problems.check()
        guard let draft = said.draft(in: jurisdiction, stage: stage, staff: staff) else {
            throw Fault(.malformed, "service_request_id was not provided (required)")
        }
        return UpdateCreation(
            draft: draft, pictures: pictures.uploaded, addresses: pictures.addresses)
    }
}

/// The parts of a POST of an update that everyone may send, read one by one.
struct SaidUpdate {
    let report: Report.ID?
    private let foreignID: String?
    private let told: Date?
    /// `nil` is no change (`UNCHANGED`).
    let detail: Detail?
    let description: String?
    private let externalStatus: String?
    private let customerReference: String?
    private let author: Reporter

    init(
        _ parameters: Parameters, staff: StaffChanges?, now: Date, _ problems: inout Problems
    ) {
        var reader = TextReader(parameters)
        report = Self.report(parameters, &problems)
        foreignID = Self.foreignID(parameters, &problems)
        detail = Self.detail(parameters, of: staff?.visibility ?? .public, &problems)
        told = Self.told(parameters, now: now, &problems)
        description = reader.text(&problems, as: .description, "description")
        externalStatus = reader.text(&problems, "external_status_code")
        customerReference = reader.text(&problems, "customer_reference")
        author = Reporter(reading: &reader, &problems)
    }

    /// The draft, or `nil` if a required part is missing.
    func draft(
        in jurisdiction: Jurisdiction, stage: Stage, staff: StaffChanges?
    ) -> Update.Draft? {
        guard let report, let foreignID, let told else { return nil }
        var draft = Update.Draft(
            report: report, jurisdiction: jurisdiction.id, stage: stage, foreignID: foreignID,
            told: told, detail: detail, description: description, externalStatus: externalStatus,
            customerReference: customerReference, visibility: staff?.visibility ?? .public,
            changes: staff?.changes ?? Update.Draft.Changes(), author: author)
        draft.masking = staff == nil ? jurisdiction.privacy.masking : .off
        return draft
    }

    /// A required parameter, or a problem that names it.
    private static func required(
        _ name: String, _ problems: inout Problems, _ value: () throws(Fault) -> String?
    ) -> String? {
        let before = problems.count
        if let text = problems.collect(value) { return text }
        if problems.count == before { problems.add("\(name) was not provided (required)") }
        return nil
    }

    /// An id that cannot be ours names no report, as an unknown one does.
    private static func report(
        _ parameters: Parameters, _ problems: inout Problems
    ) -> Report.ID? {
        let text = required("service_request_id", &problems) { () throws(Fault) in
            try parameters.value("service_request_id")
        }
        guard let text else { return nil }
        guard let id = Report.ID(rawValue: text) else {
            problems.add(Fault(.notFound, "service_request_id was not found."))
            return nil
        }
        return id
    }

    private static func foreignID(
        _ parameters: Parameters, _ problems: inout Problems
    ) -> String? {
        let text = required("update_id", &problems) { () throws(Fault) in
            try parameters.value("update_id", "update_id_ext")
        }
        guard let text else { return nil }
        guard Calls.isKey(text) else {
            problems.add("update_id is not 1 to 255 printable characters")
            return nil
        }
        return text
    }

    /// A word of GR-13.3 in any case, with `_`, `-` or blanks; an internal note needs none.
    private static func detail(
        _ parameters: Parameters, of visibility: Visibility, _ problems: inout Problems
    ) -> Detail? {
        let value = { () throws(Fault) in try parameters.value("status") }
        let text =
            switch visibility {
            case .public: required("status", &problems, value)
            case .private: problems.collect(value)
            }
        guard let text else { return nil }
        // Upper case is costly for long texts, and makes words of other letters, such as a ligature.
        guard text.utf8.count <= 64, text.utf8.allSatisfy({ $0 < 0x80 }) else {
            return unknown(&problems)
        }
        if text.uppercased() == "UNCHANGED" { return nil }
        return Detail(reading: text) ?? unknown(&problems)
    }

    private static func unknown(_ problems: inout Problems) -> Detail? {
        let words = Detail.allCases.map(\.rawValue).joined(separator: ", ")
        problems.add("status is none of \(words), UNCHANGED")
        return nil
    }

    /// By the sender's clock, but never far ahead of ours (D16).
    private static func told(
        _ parameters: Parameters, now: Date, _ problems: inout Problems
    ) -> Date? {
        let text = required("updated_datetime", &problems) { () throws(Fault) in
            try parameters.value("updated_datetime")
        }
        guard let text else { return nil }
        guard let time = DateTime.parse(text) else {
            problems.add(
                "updated_datetime is not a date and time such as 2026-04-14T06:37:38Z")
            return nil
        }
        return Calls.wholeSeconds(min(time, now + 300))
    }
}
