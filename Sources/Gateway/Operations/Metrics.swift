import Synchronization

/// What the gateway counts, for operators (O1).
///
/// A class for the numbers that all connections share; each is one atomic, so counting waits for
/// nobody. No label comes from what a client sends.
package final class Metrics: Sendable {
    package let accepted = Number()
    package let repeated = Number()
    package let refused = Number()
    package let inFlight = Number()
    /// Who waits for a change.
    package let waiting = Number()
    /// What was refused because there was too much of it.
    let limited = Dictionary(
        uniqueKeysWithValues: Ration.allCases.map { ($0, Number()) })
    /// Connections that were closed at once because there were too many from one address.
    package let turnedAway = Number()
    private let requests: [Name: [Number]]
    private let latency: [Number]
    private let latencySum = Number()

    /// Upper bounds of the latency classes in microseconds.
    private static let bounds = [
        250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000,
        2_500_000, 5_000_000,
    ]

    package init() {
        requests = Dictionary(
            uniqueKeysWithValues: Name.allCases.map { ($0, (0..<6).map { _ in Number() }) })
        latency = (0...Self.bounds.count).map { _ in Number() }
    }

    /// What was asked for, in few words that nobody outside can add to.
    package enum Name: String, Sendable, CaseIterable {
        case discovery, services, definition, create, search, report, token, media, answer
        case update, updates, notes, support, erasure, candidates, changes, webhooks, audit
        case options, unknown, refused

        init(_ route: Route, _ method: EdgeRequest.Method) {
            switch route.resource {
            case _ where method == .options: self = .options
            case .discovery: self = .discovery
            case .services: self = .services
            case .service: self = .definition
            case .requests: self = method == .post ? .create : .search
            case .request: self = .report
            case .token: self = .token
            case .media: self = .media
            case .answer: self = .answer
            case .updates: self = method == .post ? .update : .updates
            case .support: self = .support
            case .notes: self = .notes
            case .erasure: self = .erasure
            case .candidates: self = .candidates
            case .changes: self = .changes
            case .audit: self = .audit
            case .webhooks, .webhook: self = .webhooks
            }
        }
    }

    /// One number that anybody may move. A class, because an atomic cannot be copied.
    package final class Number: Sendable {
        private let atomic = Atomic<Int>(0)

        init() {}

        package var value: Int { atomic.load(ordering: .relaxed) }

        package func add(_ amount: Int) {
            atomic.wrappingAdd(amount, ordering: .relaxed)
        }
    }

    /// Counts one answer.
    func count(_ name: Name, status: Int, took: Duration) {
        requests[name]?[min(max(status / 100, 0), 5)].add(1)
        let microseconds = took.microseconds
        let index = Self.bounds.firstIndex { microseconds <= $0 } ?? Self.bounds.count
        latency[index].add(1)
        latencySum.add(microseconds)
    }

    /// All numbers in the text format of Prometheus.
    func text() -> String {
        var text = Exposition()
        text.begin("viaduct_requests_total", "counter", "Answers by route and class of status.")
        for name in Name.allCases {
            for (index, number) in (requests[name] ?? []).enumerated() where number.value > 0 {
                text.add(number.value, [("route", name.rawValue), ("status", "\(index)xx")])
            }
        }
        text.begin("viaduct_requests_in_flight", "gauge", "Requests being answered now.")
        text.add(inFlight.value)
        text.begin("viaduct_posts_total", "counter", "Reports posted, by what became of them.")
        for (number, outcome) in [
            (accepted, "accepted"), (repeated, "repeated"), (refused, "refused"),
        ] {
            text.add(number.value, [("outcome", outcome)])
        }
        text.begin(
            "viaduct_limited_total", "counter", "Calls refused for too many of their kind.")
        for ration in Ration.allCases {
            text.add(limited[ration]?.value ?? 0, [("ration", ration.rawValue)])
        }
        text.begin(
            "viaduct_connections_turned_away_total", "counter",
            "Connections closed at once because there were too many from one address.")
        text.add(turnedAway.value)
        addLatency(to: &text)
        return text.text
    }

    private func addLatency(to text: inout Exposition) {
        text.begin(
            "viaduct_request_duration_seconds", "histogram",
            "Time from a whole request to its answer.")
        var total = 0
        for (bound, number) in zip(Self.bounds, latency) {
            total += number.value
            text.add(total, [("le", "\(Double(bound) / 1_000_000)")], suffix: "_bucket")
        }
        total += latency.last?.value ?? 0
        text.add(total, [("le", "+Inf")], suffix: "_bucket")
        text.add("\(Double(latencySum.value) / 1_000_000)", suffix: "_sum")
        text.add(total, suffix: "_count")
    }
}

/// The text format of Prometheus, as it grows.
struct Exposition {
    private(set) var text = ""
    private var name = ""

    /// Begins a family of numbers.
    mutating func begin(_ name: String, _ type: String, _ help: String) {
        self.name = name
        text += "# HELP \(name) \(help)\n# TYPE \(name) \(type)\n"
    }

    mutating func add(
        _ value: Int, _ labels: [(name: String, value: String)] = [], suffix: String = ""
    ) {
        add(String(value), labels, suffix: suffix)
    }

    mutating func add(
        _ value: String, _ labels: [(name: String, value: String)] = [], suffix: String = ""
    ) {
        let told = labels.map { "\($0.name)=\"\(Self.escaped($0.value))\"" }
            .joined(separator: ",")
        text += name + suffix + (told.isEmpty ? "" : "{\(told)}") + " \(value)\n"
    }

    /// A label's value as the format has it.
    private static func escaped(_ value: String) -> String {
        var text = ""
        for scalar in value.unicodeScalars {
            switch scalar {
            case "\\": text += "\\\\"
            case "\"": text += "\\\""
            case "\n": text += "\\n"
            default: text.unicodeScalars.append(scalar)
            }
        }
        return text
    }
}
