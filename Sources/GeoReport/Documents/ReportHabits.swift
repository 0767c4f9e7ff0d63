import FoundationEssentials
import Reports
import XML

/// What a client's dialects change in the reports that it is shown (GR-13.7, GR-15.4, GR-18.3).
struct ReportHabits {
    /// Whether `title`, `extras` and `non_public` are shown.
    let isFixMyStreet: Bool
    /// Whether several pictures are shown where the standard has one.
    let isAdapter: Bool
    private let isImport: Bool
    private let pictures: PictureAddresses

    init(_ dialects: Set<Client.Profile.Dialect>, pictures: PictureAddresses) {
        isFixMyStreet = dialects.contains(.fixmystreet)
        isAdapter = dialects.contains(.adapter)
        isImport = dialects.contains(.fmsImport)
        self.pictures = pictures
    }

    /// Whether the client can read the report at all: an adapter fails on one without a coordinate.
    func shows(_ report: ReportBytes) -> Bool { !isAdapter || report.coordinate != nil }

    /// Hands out the report as the client can read it.
    func withShown(_ report: ReportBytes, _ body: (ReportBytes) -> Void) {
        guard isAdapter || isImport else { return body(report) }
        var shown = report
        if isImport, let published = report.published {
            shown.updated = max(report.updated, published)
        }
        guard isAdapter else { return body(shown) }
        shown.expected = nil
        guard report.media.count == 1 else { return body(shown) }
        let address = pictures.address(of: String(decoding: report.media[0], as: UTF8.self))
        let description = String(decoding: report.description, as: UTF8.self)
        Self.text(description, endingWith: address).withBytes { text in
            shown.description = text
            shown.media = []
            body(shown)
        }
    }

    /// Open or closed; for FixMyStreet what lies behind it, in small letters.
    func status(of report: ReportBytes) -> String {
        guard isFixMyStreet else { return report.status.rawValue }
        switch report.detail {
        case nil: return report.status.rawValue
        // The adapter takes this one in updates only.
        case .reopen where isAdapter: return report.status.rawValue
        case let detail?: return detail.rawValue.lowercased()
        }
    }

    /// A text with an address behind it, which is never cut off (GR-A36).
    static func text(_ text: String?, endingWith address: String) -> String {
        guard let text, !text.isEmpty else { return address }
        let room = ReportMembers.limit - address.unicodeScalars.count - 1
        return ReportMembers.cut(text, to: max(room, 1)) + "\n" + address
    }
}
