import Federation
import Foundation
import Reports
import RequestTracker

/// What the tests say to a tracker.
enum Sample {
    static let base = "https://rt.example/"
    static let now = Date(timeIntervalSince1970: 1_776_643_200)
    static let adapter = RequestTrackerAdapter(
        RequestTrackerSettings(address: base, token: "1-27-s3cret", queue: "Streets"))

    static func report(
        _ change: (inout OutgoingReport) -> Void = { _ in }, firstTried: Date? = nil
    ) throws -> Message {
        let id = try named(Report.ID(rawValue: "ngo-7F3K2M9Q"))
        var report = OutgoingReport(
            id: id, address: "https://ngo.example/reports/ngo-7F3K2M9Q", service: "POTHOLE",
            title: "A hole", description: "So deep that a car was lost in it",
            place: Place(
                coordinate: Coordinate(latitude: 42.6977, longitude: -0.1278),
                address: "Vitosha Boulevard 15", addressID: nil),
            requested: now)
        change(&report)
        return Message(
            key: "ngo:0198-1", content: .report(report), provenance: try way(),
            firstTried: firstTried)
    }

    static func update(
        _ text: String? = "It was filled with sand", status: String? = "resolved",
        media: [String] = [], ticket: String = "1"
    ) throws -> Message {
        let update = OutgoingUpdate(
            id: try named(Update.ID(rawValue: "u-7F3K2M9QTX")), status: status, detail: .fixed,
            description: text, media: media, told: now,
            report: Report.ID(rawValue: "ngo-7F3K2M9Q"))
        return Message(
            key: "ngo:0198-2", content: .update(update), ticket: Ticket(id: ticket),
            provenance: try way())
    }

    static func named<Value>(_ value: Value?) throws -> Value {
        guard let value else { throw CocoaError(.coderInvalidValue) }
        return value
    }

    private static func way() throws -> Provenance {
        let node = try named(Authority(rawValue: "ngo"))
        return Provenance(origin: node, originID: "ngo-7F3K2M9Q", path: [node])
    }
}
