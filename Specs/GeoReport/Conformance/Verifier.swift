import FoundationEssentials
import GeoReport
import Reports

/// Something a vector asks of whoever runs it, such as publishing another service name.
package typealias Act = @Sendable () async throws -> Void

/// Whether reports may be sent to the endpoint.
package enum Writes: Sendable {
    case allowed
    case refused
}

/// Runs vectors against one endpoint.
package struct Verifier: Sendable {
    private let target: Target
    private let transport: Transport
    private let writes: Writes
    private let place: Vector.Place
    private let acts: [String: Act]
    private let conditions: Set<String>
    private let now: @Sendable () -> Date
    private let pause: @Sendable (Duration) async throws -> Void

    package init(
        target: Target, transport: @escaping Transport, writes: Writes,
        place: Vector.Place = .everywhere, acts: [String: Act] = [:],
        conditions: Set<String> = [], now: @escaping @Sendable () -> Date,
        pause: @escaping @Sendable (Duration) async throws -> Void = {
            try await Task.sleep(for: $0)
        }
    ) {
        self.target = target
        self.transport = transport
        self.writes = writes
        self.place = place
        self.acts = acts
        self.conditions = conditions
        self.now = now
        self.pause = pause
    }

    /// Judges vectors one after the other.
    package func judge(
        _ vectors: [Vector], each: (Finding) -> Void = { _ in }
    ) async -> Findings {
        var findings = Findings()
        for vector in vectors {
            for finding in await judge(vector) {
                findings.items.append(finding)
                each(finding)
            }
        }
        return findings
    }

    /// Judges one vector: once for each format it speaks of.
    package func judge(_ vector: Vector) async -> [Finding] {
        let formats: [Format?] = vector.formats.isEmpty ? [nil] : vector.formats
        var findings: [Finding] = []
        for format in formats {
            let outcome: Finding.Outcome =
                if let reason = reasonToSkip(vector) {
                    .skipped(reason)
                } else {
                    await run(vector, in: format)
                }
            findings.append(Finding(vector: vector, format: format, outcome: outcome))
        }
        return findings
    }

    private func reasonToSkip(_ vector: Vector) -> String? {
        if vector.runs == .process, place != .process { return "only in process" }
        if vector.needs == .fixture, !target.hasFixture { return "needs the fixture" }
        if vector.writes, writes == .refused { return "writes" }
        if let missing = vector.given.first(where: { !conditions.contains($0) }) {
            return "given \(missing)"
        }
        let missing = vector.exchanges.compactMap(\.act).first { acts[$0] == nil }
        return missing.map { "nobody can \($0)" }
    }

    private func run(_ vector: Vector, in format: Format?) async -> Finding.Outcome {
        var run = Run(
            variables: Variables(placeholders(in: format), now: now()), root: target.base.server)
        for exchange in vector.exchanges {
            do {
                if let name = exchange.act, let act = acts[name] { try await act() }
                for value in try run.values(of: exchange.loop) {
                    if let loop = exchange.loop { run.variables.set(loop.variable, to: value) }
                    guard let outcome = try await judge(exchange, &run) else { continue }
                    return outcome
                }
            } catch let unknown as Variables.Unknown {
                return .skipped("nothing is known for {\(unknown.name)}")
            } catch {
                return .failed([Failure(line: 0, expected: "an answer", got: "\(error)")])
            }
        }
        return .passed
    }

    private func placeholders(in format: Format?) -> [String: String] {
        var source = SystemRandomNumberGenerator()
        var values = target.placeholders
        values["f"] = format?.rawValue
        values["type"] = format?.contentType
        values.merge(Pictures.texts) { value, _ in value }
        values["unique"] = RandomCode.code(length: 12, using: &source)
        return values
    }

    /// What ends the vector here, or `nil` to go on.
    private func judge(_ exchange: Exchange, _ run: inout Run) async throws -> Finding.Outcome? {
        guard let template = exchange.request else { return nil }
        let request = try run.request(template)
        let expected = try run.filled(exchange.expected)
        var waited = Duration.zero
        while true {
            let judge = Judge(try await transport(request), saved: run.variables.saved)
            let verdict = judge.verdict(on: expected)
            if case .fails = verdict, waited < expected.patience {
                waited += .milliseconds(200)
                try await pause(.milliseconds(200))
                continue
            }
            return end(verdict, judge, expected, &run)
        }
    }

    private func end(
        _ verdict: Verdict, _ judge: Judge, _ expected: Exchange.Expected, _ run: inout Run
    ) -> Finding.Outcome? {
        switch verdict {
        case .fails(let failures): return .failed(failures)
        case .unproven(let line): return .skipped("line \(line): nothing there to judge")
        case .fits: break
        }
        for save in expected.saves {
            guard let value = judge.value(of: save.source) else {
                return .skipped("line \(save.line): nothing there to save as \(save.name)")
            }
            run.variables.save(save.name, value)
        }
        return nil
    }
}

/// What one run of a vector has learnt so far.
private struct Run {
    var variables: Variables
    /// Scheme and authority for addresses without one.
    let root: String

    func values(of loop: Exchange.Loop?) throws -> [String] {
        switch loop?.source {
        case nil: return [""]
        case .values(let values):
            return try values.map { $0.contains("{") ? try variables.fill($0, as: .address) : $0 }
        case .saved(let name):
            guard let elements = variables.saved[name]?.elements else {
                throw Variables.Unknown(name: name)
            }
            return elements.compactMap(\.text)
        }
    }

    func request(_ template: Exchange.RequestTemplate) throws -> VectorRequest {
        let target = try variables.fill(template.target, as: .address)
        var headers = try template.headers.compactMap { line in
            try variables.fill(line.text, as: .plain).components(around: ":").map {
                HeaderLine(name: $0.0, value: $0.1.trimmed)
            }
        }
        if template.isForm, !template.body.isEmpty,
            !headers.contains(where: { $0.name.lowercased() == "content-type" })
        {
            headers.append(Self.form)
        }
        headers.removeAll { $0.value.isEmpty }
        return VectorRequest(
            method: template.method, url: target.hasPrefix("/") ? root + target : target,
            headers: headers, body: try body(of: template))
    }

    /// The body with its placeholders filled in; pictures are bytes, which no text can hold.
    private func body(of template: Exchange.RequestTemplate) throws -> [UInt8] {
        guard !template.isForm else {
            return Array(try variables.fill(template.body, as: .address).utf8)
        }
        var bytes: [UInt8] = []
        var rest = Substring(template.body)
        while let match = rest.firstMatch(of: #/\{(jpeg|png|webp|gif)\}/#) {
            bytes += try variables.fill(String(rest[..<match.range.lowerBound]), as: .plain).utf8
            bytes += Pictures.bytes(of: match.output.1) ?? []
            rest = rest[match.range.upperBound...]
        }
        return bytes + Array(try variables.fill(String(rest), as: .plain).utf8)
    }

    private static let form = HeaderLine(
        name: "Content-Type", value: "application/x-www-form-urlencoded; charset=utf-8")

    func filled(_ expected: Exchange.Expected) throws -> Exchange.Expected {
        var filled = expected
        filled.headers = try expected.headers.map(fill)
        filled.checks = try expected.checks.map(fill)
        filled.document = try expected.document.map { try variables.fill($0, as: .plain) }
        return filled
    }

    private func fill(_ line: Exchange.Line) throws -> Exchange.Line {
        Exchange.Line(number: line.number, text: try variables.fill(line.text, as: .plain))
    }
}
