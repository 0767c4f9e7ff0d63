import FoundationEssentials
import Reports
import XML

/// Writes reports as GeoReport Bulk: one CSV row each (GR-19.2, RFC 4180).
struct BulkWriter {
    /// What has been written and not yet taken.
    private(set) var bytes: [UInt8] = []
    private let extensions: ReportView.Extensions
    private var isFirstInRow = true

    init(_ extensions: ReportView.Extensions, capacity: Int) {
        self.extensions = extensions
        bytes.reserveCapacity(capacity)
    }

    /// Writes the names of the columns; the extensions are what the standard's columns lose.
    mutating func header() {
        for name in Self.columns { cell(name) }
        if extensions == .included {
            for name in Self.extensionColumns { cell(name) }
        }
        endRow()
    }

    mutating func append(
        _ report: ReportBytes, serviceName: ReportBytes.Text, picture: ReportBytes.Text
    ) {
        cell(report.id)
        cell(report.requested)
        cell(report.updated)
        // While a report is closed, its last change is its closing (GR-A43).
        cell(report.status == .closed ? report.updated : nil)
        cell(report.status.rawValue)
        cell(report.statusNotes)
        cell(report.channel)
        cell(serviceName)
        cell(nil as String?)
        cell(report.description)
        cell(report.agency)
        cell(report.address)
        cell(report.coordinate?.latitude)
        cell(report.coordinate?.longitude)
        if extensions == .included { append(extensionsOf: report, picture: picture) }
        endRow()
    }

    mutating func take() -> [UInt8] {
        defer { bytes.removeAll(keepingCapacity: true) }
        return bytes
    }

    private static let columns = [
        "service_request_id", "requested_datetime", "updated_datetime", "closed_date",
        "status_description", "status_notes", "source", "service_name", "service_subtype",
        "description", "agency_responsible", "address", "lat", "long",
    ]

    private static let extensionColumns = [
        "service_code", "service_notice", "expected_datetime", "address_id", "zipcode",
        "media_url", "detailed_status", "title",
    ]

    private mutating func append(extensionsOf report: ReportBytes, picture: ReportBytes.Text) {
        cell(report.service)
        cell(report.notice)
        cell(report.expected)
        cell(report.addressID)
        cell(report.zipcode)
        cell(picture)
        cell(report.detail?.rawValue)
        cell(report.title)
    }

    private mutating func endRow() {
        bytes.append(contentsOf: [0x0D, 0x0A])
        isFirstInRow = true
    }

    private mutating func separate() {
        if !isFirstInRow { bytes.append(UInt8(ascii: ",")) }
        isFirstInRow = false
    }

    private mutating func cell(_ time: Date?) {
        separate()
        if let time { DateTime.write(time, to: &bytes) }
    }

    private mutating func cell(_ degrees: Double?) {
        separate()
        if let degrees { DecimalDegrees.write(degrees, to: &bytes) }
    }

    private mutating func cell(_ text: String?) {
        guard let text else { return separate() }
        text.withBytes { cell($0) }
    }

    private mutating func cell(_ text: ReportBytes.Text) {
        separate()
        let needsQuotes = text.contains(where: Self.needsQuotes)
        if needsQuotes { bytes.append(UInt8(ascii: "\"")) }
        if Formula.begins(text) { bytes.append(Formula.guardByte) }
        for byte in text {
            if byte == UInt8(ascii: "\"") { bytes.append(byte) }
            bytes.append(byte)
        }
        if needsQuotes { bytes.append(UInt8(ascii: "\"")) }
    }

    private static func needsQuotes(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: ","), 0x0A, 0x0D: true
        default: false
        }
    }
}

/// Cells that a spreadsheet would run: a citizen's text is no formula.
enum Formula {
    /// Stands in front of a text that must stay a text; a spreadsheet does not show it.
    static let guardByte = UInt8(ascii: "'")

    /// Whether the text needs the guard, or already looks guarded, so that taking the guard off
    /// gives back exactly what was written.
    static func begins(_ text: some Sequence<UInt8>) -> Bool {
        switch text.first(where: { $0 != guardByte }) {
        case UInt8(ascii: "="), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "@"), 0x09,
            0x0D:
            true
        default: false
        }
    }
}
