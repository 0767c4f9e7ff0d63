import Federation
import Foundation
import GeoReport
import Reports

/// Calls and outcomes as vectors write them: all that there is, in one order.
enum Shown {
    /// Method and address, headers, the query's parameters after `? `, and those of the form.
    static func call(_ call: Wire.Call) -> String {
        let parts = call.address.split(separator: "?", maxSplits: 1).map(String.init)
        var lines = [call.method + " " + parts[0]]
        lines += call.headers.map { $0.name + ": " + $0.value }
        if parts.count == 2 { lines += parameters(parts[1]).map { "? " + $0 } }
        lines += parameters(String(decoding: call.body, as: UTF8.self))
        return lines.joined(separator: "\n")
    }

    private static func parameters(_ text: String) -> [String] {
        text.split(separator: "&").map { pair in
            line(pair.removingPercentEncoding ?? "undecodable: \(pair)")
        }
    }

    static func outcome(_ ticket: Ticket?) -> String {
        guard let ticket else { return "none" }
        return ticket.id.map { "ticket id \($0)" } ?? "ticket token \(ticket.token ?? "")"
    }

    static func outcome(_ error: PeerError) -> String {
        let kind =
            switch error.kind {
            case .refused: "refused"
            case .forbidden: "forbidden"
            case .later(let pause): "later" + (pause.map { " \($0.components.seconds)" } ?? "")
            case .ambiguous: "ambiguous"
            }
        return kind + (error.status.map { " [\($0)]" } ?? "") + ": " + error.reason
    }

    static func outcome(_ page: Page) -> String {
        let lines = page.items.map(item) + page.unreadable.map { "unreadable \($0)" }
        return (lines + ["next \(page.next.text)", page.isLast ? "last" : "more"])
            .joined(separator: "\n")
    }

    static func outcome(_ report: PeerReport) -> String {
        var lines = ["software \(report.software)"]
        lines += (report.services ?? []).map { code in
            let required = report.required[code] ?? []
            return "service \(code)" + required.map { " requires \($0)" }.joined()
        }
        return (lines + report.obstacles.map { "obstacle \($0)" }).joined(separator: "\n")
    }

    static func item(_ item: Incoming) -> String {
        switch item {
        case .report(let report): line(words(of: report).joined(separator: " "))
        case .update(let update): line(words(of: update).joined(separator: " "))
        }
    }

    private static func words(of report: IncomingReport) -> [String] {
        var words = ["report", report.id, "status=\(report.status)"]
        words += word("notes", report.statusNotes) + word("service", report.service)
        words += word("named", report.serviceName) + word("title", report.title)
        words += word("text", report.description)
        words += word(
            "at", report.place?.coordinate.map { "\($0.latitude),\($0.longitude)" })
        words += word("address", report.place?.address)
        words += word("address_id", report.place?.addressID) + word("zipcode", report.zipcode)
        words += report.answers.map { "\($0.code)=\($0.values.joined(separator: "|"))" }
        words += report.media.map { "picture=\($0)" } + word("agency", report.agency)
        words += word("expected", report.expected.map(DateTime.text))
        words += ["requested=\(DateTime.text(report.requested))"]
        words += ["updated=\(DateTime.text(report.updated))"] + way(report.provenance)
        return words + (report.visibility == .private ? ["private"] : [])
    }

    private static func words(of update: IncomingUpdate) -> [String] {
        var words = ["update", update.id, "of=\(update.report)"] + word("status", update.status)
        words += word("text", update.description) + update.media.map { "picture=\($0)" }
        words += word("external", update.externalStatus)
        words += word("reference", update.customerReference)
        return words + ["told=\(DateTime.text(update.told))"] + way(update.provenance)
    }

    private static func word(_ name: String, _ value: String?) -> [String] {
        value.map { ["\(name)=\($0)"] } ?? []
    }

    private static func way(_ provenance: Provenance?) -> [String] {
        guard let provenance else { return [] }
        let path = provenance.path.map(\.rawValue).joined(separator: ">")
        return ["began=\(provenance.origin):\(provenance.originID)", "path=\(path)"]
    }

    private static func line(_ text: String) -> String { text.replacing("\n", with: "\\n") }
}
