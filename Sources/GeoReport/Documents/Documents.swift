import FoundationEssentials
import Reports

/// GeoReport's documents as bytes: pure, complete, the same values in every format.
package enum Documents {
    /// Where the endpoints are (GR-3).
    package static func discovery(_ discovery: Discovery, as format: Format) -> [UInt8] {
        write(as: format) { $0.discovery(discovery) }
    }

    /// The complete list of the services that the call asks for (GR-4).
    package static func services(
        _ call: ServicesCall = ServicesCall(), in jurisdiction: Jurisdiction, as format: Format
    ) -> [UInt8] {
        write(as: format) { $0.services(call, of: jurisdiction) }
    }

    /// The questions of one service, the last one for FixMyStreet (GR-5, GR-13.4).
    package static func definition(
        of service: Service, in jurisdiction: Jurisdiction, languages: [Language] = [],
        as format: Format
    ) -> [UInt8] {
        write(as: format) {
            $0.definition(of: service, labels: Labels(of: jurisdiction, in: languages))
        }
    }

    /// The answer to a POST: an id or a token, never both (GR-6.3).
    package static func receipt(_ issued: Issued, as format: Format) -> [UInt8] {
        write(as: format) { $0.receipt(issued) }
    }

    /// What a token stands for; without an id the report is not listed yet (GR-7).
    package static func token(
        _ token: Token, resolvedTo id: Report.ID?, as format: Format
    ) -> [UInt8] {
        write(as: format) { $0.token(token, resolvedTo: id) }
    }

    /// Why there is no other answer (GR-10).
    package static func errors(_ fault: Fault, as format: Format) -> [UInt8] {
        write(as: format) { $0.errors(fault) }
    }

    /// A list of reports, in any of the four formats (GR-8.3, GR-19.2, GR-19.5).
    package static func reports(
        _ reports: some Collection<Report>, in jurisdiction: Jurisdiction,
        view: ReportView = ReportView(), absent: Client.Profile.Absent = .null, as format: Format
    ) -> [UInt8] {
        var encoder = ReportListEncoder(
            as: format, view: view, absent: absent,
            capacity: ReportListEncoder.room(for: reports.count))
        encoder.append(reports, in: jurisdiction)
        return encoder.finish()
    }

    /// A list of the one report that was asked for by its id (GR-9).
    package static func report(
        _ report: Report, in jurisdiction: Jurisdiction, view: ReportView = ReportView(),
        absent: Client.Profile.Absent = .null, now: Date, as format: Format
    ) -> [UInt8] {
        report.withBytes { bytes in
            Self.report(bytes, in: jurisdiction, view: view, absent: absent, now: now, as: format)
        }
    }

    /// A list of the one report that was asked for by its id (GR-9).
    ///
    /// Before a person has published it, it tells status, service and dates, and nothing that was
    /// said in it (GR-A61).
    package static func report(
        _ report: ReportBytes, in jurisdiction: Jurisdiction, view: ReportView = ReportView(),
        absent: Client.Profile.Absent = .null, now: Date, as format: Format
    ) -> [UInt8] {
        let isPublished = report.isPublished(at: now)
        var shown = view
        if !isPublished { shown.extensions = .none }
        var encoder = ReportListEncoder(
            as: format, view: shown, absent: absent, capacity: ReportListEncoder.room(for: 1))
        encoder.append(isPublished ? report : report.withoutContent, in: jurisdiction)
        return encoder.finish()
    }

    /// A JSON document as the argument of a call: JSONP (GR-15.1).
    package static func call(_ callback: String, with json: [UInt8]) -> [UInt8] {
        Array(callback.utf8) + [UInt8(ascii: "(")] + json + Array(");".utf8)
    }

    static func write(
        as format: Format, absent: Client.Profile.Absent = .null,
        _ content: (inout any Sink) -> Void
    ) -> [UInt8] {
        var sink: any Sink =
            format.plain == .json ? JSONSink(absent: absent) : XMLSink(absent: absent)
        content(&sink)
        return sink.finish()
    }
}
