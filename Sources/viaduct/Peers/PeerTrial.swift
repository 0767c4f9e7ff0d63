import Federation
import Foundation
import Relay
import Reports
import Synchronization

/// What we would send a peer for a report of our own making; nothing is sent.
struct PeerTrial {
    /// A call as it would go out, without anything secret in it.
    struct Request: Encodable {
        let method: String
        let address: String
        let headers: [String]
        let body: [String]
    }

    /// The request; `nil` with what is in its way.
    var request: Request?
    var obstacle: String?

    /// Tries a report that fits the first of the peer's rules.
    init(_ settings: Settings, _ line: PeerLine, now: Date) async {
        let catalogue = settings.catalogue.catalogue
        guard let subject = Self.subject(for: line.peer, in: catalogue, settings, now: now) else {
            obstacle = "no rule lets a report through"
            return
        }
        let translation = Translation(
            for: line.peer, node: settings.peers.peering.node,
            addresses: settings.publicAddresses)
        do throws(Translation.Obstacle) {
            let message = try translation.message(of: subject)
            let recording = Recording()
            let wire = Wire(now: { now }) { call async throws(PeerError) in
                recording.keep(call)
                throw PeerError(.later(nil), "nothing is sent")
            }
            do throws(PeerError) {
                _ = try await line.adapter.deliver(message, over: wire)
            } catch {
                if recording.call == nil { obstacle = error.reason }
            }
            request = recording.call.map { Request($0, hiding: line.secrets) }
        } catch {
            obstacle = "\(error)"
        }
    }

    /// A report of the first service that the peer gets, in the middle of the rule's area.
    private static func subject(
        for peer: Peer, in catalogue: Catalogue, _ settings: Settings, now: Date
    ) -> Translation.Subject? {
        for rule in peer.rules {
            for jurisdiction in catalogue.jurisdictions
            where rule.jurisdictions.isEmpty || rule.jurisdictions.contains(jurisdiction.id) {
                let services = jurisdiction.services.filter {
                    rule.services.isEmpty || rule.services.contains($0.code)
                }
                guard let service = services.first,
                    let report = report(of: service, in: jurisdiction, by: rule, now: now)
                else { continue }
                return subject(report, for: peer, settings, now: now)
            }
        }
        return nil
    }

    private static func subject(
        _ report: Report, for peer: Peer, _ settings: Settings, now: Date
    ) -> Translation.Subject {
        var source = SystemRandomNumberGenerator()
        let node = settings.peers.peering.node
        return Translation.Subject(
            delivery: Delivery(
                id: Delivery.ID(number: 1), peer: peer.name, report: report.id,
                event: Event.ID(at: now, using: &source), kind: .report, created: now, due: now),
            report: report, update: nil,
            reporter: Reporter(
                email: "reporter@example.org", firstName: "Sample", lastName: "Reporter"),
            provenance: Provenance(origin: node, originID: report.id.rawValue, path: [node]),
            ticket: nil)
    }

    private static func report(
        of service: Service, in jurisdiction: Jurisdiction, by rule: Rule, now: Date
    ) -> Report? {
        var source = SystemRandomNumberGenerator()
        let answers = service.attributes.filter { $0.purpose != .information }.map { attribute in
            let wanted = rule.answers[attribute.code]?.sorted().first
            return Answer(code: attribute.code, values: [wanted ?? attribute.sample(now: now)])
        }
        return Report(
            id: Report.ID(slug: jurisdiction.slug, visibility: .public, using: &source),
            jurisdiction: jurisdiction.id, service: service.code,
            serviceName: service.name.texts[jurisdiction.languages.first ?? .english],
            title: "A sample", description: "A sample by viaduct peer check; nothing was sent.",
            requested: now, updated: now, address: "Sample street 1",
            coordinate: rule.area?.middle ?? jurisdiction.boundary?.middle
                ?? Coordinate(latitude: 0, longitude: 0),
            answers: answers, visibility: .public, published: now)
    }
}

/// Keeps the first call of a wire. A class for what it keeps, under a mutex.
private final class Recording: Sendable {
    private let first = Mutex<Wire.Call?>(nil)

    var call: Wire.Call? { first.withLock { $0 } }

    func keep(_ call: Wire.Call) {
        first.withLock { $0 = $0 ?? call }
    }
}

extension PeerTrial.Request {
    /// A call as people may see it.
    init(_ call: Wire.Call, hiding secrets: [String]) {
        let redaction = Redaction(hiding: secrets)
        method = call.method
        address = redaction.text(call.address)
        headers = call.headers.map { redaction.text("\($0.name): \($0.value)") }
        let isForm = call.headers.contains { $0.value.contains("x-www-form-urlencoded") }
        let text = String(decoding: call.body, as: UTF8.self)
        guard isForm else {
            body = [redaction.text(text)]
            return
        }
        body = text.split(separator: "&").map { pair in
            let plain = String(pair.replacing("+", with: " "))
            return redaction.text(plain.removingPercentEncoding ?? plain)
        }
    }
}

extension Attribute {
    /// Something that could be answered.
    fileprivate func sample(now: Date) -> String {
        switch datatype {
        case .number: "1"
        case .datetime: now.formatted(.iso8601)
        case .string, .text: "sample"
        case .singleValueList(let values), .multiValueList(let values): values.first?.key ?? ""
        }
    }
}

extension Boundary {
    /// A point inside, or as good as.
    fileprivate var middle: Coordinate? {
        guard let ring = polygons.first?.first, !ring.isEmpty else { return nil }
        let count = Double(ring.count)
        let middle = Coordinate(
            latitude: ring.map(\.latitude).reduce(0, +) / count,
            longitude: ring.map(\.longitude).reduce(0, +) / count)
        guard let middle, contains(middle) else { return ring.first }
        return middle
    }
}
