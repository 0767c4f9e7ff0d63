import Reports

/// Writes a list of reports piece by piece, so that a million of them need the memory of one.
package struct ReportListEncoder: Sendable {
    private let format: Format
    private let members: ReportMembers
    private var names: ServiceNames
    // Only the writer of the format is used. All three stand here, and not in an enumeration,
    // because a payload cannot be changed in place: its bytes would be copied at each report.
    private var xml: XMLSink
    private var json: JSONSink
    private var csv: BulkWriter

    package init(
        as format: Format, view: ReportView = ReportView(),
        absent: Client.Profile.Absent = .null, capacity: Int = 64 << 10
    ) {
        self.format = format
        members = ReportMembers(view)
        names = ServiceNames(in: view.languages)
        xml = XMLSink(absent: absent, capacity: format == .xml ? capacity : 0)
        json = JSONSink(absent: absent, capacity: format.plain == .json ? capacity : 0)
        csv = BulkWriter(view.extensions, capacity: format == .csv ? capacity : 0)
        switch format {
        case .xml: xml.beginList("service_requests", as: .root)
        case .json: json.beginList("service_requests", as: .root)
        case .geojson: json.beginFeatures()
        case .csv: csv.header()
        }
    }

    /// About what so many reports take; too little would copy the document once more.
    package static func room(for count: Int) -> Int { 512 + 1280 * count }

    /// Adds one report of this jurisdiction, unless the client cannot read it; the next one may be of
    /// another.
    package mutating func append(_ report: ReportBytes, in jurisdiction: Jurisdiction) {
        append(report, in: jurisdiction, distance: nil)
    }

    /// Adds one report that was looked for at so many metres from it.
    mutating func append(_ report: ReportBytes, in jurisdiction: Jurisdiction, distance: Double?) {
        guard members.shows(report) else { return }
        let place = names.place(for: report, in: jurisdiction)
        names.bytes.withUnsafeBytes { bytes in
            let name = ReportBytes.Text(rebasing: bytes[place])
            switch format {
            case .xml:
                members.write(report, name, in: jurisdiction, distance: distance, to: &xml)
            case .json:
                members.write(report, name, in: jurisdiction, distance: distance, to: &json)
            case .geojson:
                json.beginFeature(id: report.id, at: report.coordinate)
                members.write(report, name, in: jurisdiction, to: &json)
                json.endFeature()
            case .csv:
                members.write(report, name, to: &csv)
            }
        }
    }

    /// Adds one report of this jurisdiction.
    package mutating func append(_ report: Report, in jurisdiction: Jurisdiction) {
        append(report, in: jurisdiction, distance: nil)
    }

    /// Adds one report that was looked for at so many metres from it.
    mutating func append(_ report: Report, in jurisdiction: Jurisdiction, distance: Double?) {
        report.withBytes { append($0, in: jurisdiction, distance: distance) }
    }

    /// Adds reports of one jurisdiction.
    package mutating func append(_ reports: some Collection<Report>, in jurisdiction: Jurisdiction)
    {
        // By index: an iterator would copy each report, and count its twenty texts up and down.
        for index in reports.indices { append(reports[index], in: jurisdiction) }
    }

    /// Hands out what has been written since the last time, which may be nothing.
    package mutating func take() -> [UInt8] {
        switch format {
        case .xml: xml.take()
        case .json, .geojson: json.take()
        case .csv: csv.take()
        }
    }

    /// Ends the list and hands out the rest of it; nothing may be added after this.
    package mutating func finish() -> [UInt8] {
        switch format {
        case .xml: xml.endList()
        case .json: json.endList()
        case .geojson: json.endFeatures()
        case .csv: break
        }
        return switch format {
        case .xml: xml.finish()
        case .json, .geojson: json.finish()
        case .csv: csv.bytes
        }
    }
}
