import Federation
import GeoReport

extension Open311Adapter {
    package func check(over wire: Wire) async throws(PeerError) -> PeerReport {
        let reply = try await wire.send(asking.get(.services))
        let services = try judgement(.reads).read(reply) { bytes, format throws(ReadingError) in
            try Reading.services(bytes, as: format)
        }
        let redaction = judgement(.reads).redaction
        let server = reply.header("Server").map { " (\(redaction.text($0, most: 100)))" } ?? ""
        var report = PeerReport(
            software: "GeoReport v2, profile \(profile.name)\(server)",
            services: services.map(\.code))
        if services.isEmpty {
            report.obstacles.append("its list of services is empty: look at the jurisdiction")
        }
        try await readQuestions(of: services, into: &report, over: wire)
        if let obstacle = try await obstacleOfRights(over: wire) {
            report.obstacles.append(obstacle)
        }
        return report
    }

    /// Definitions that a check reads at most, so that it is no burden.
    private static let mostDefinitions = 300

    private func readQuestions(
        of services: [ReadService], into report: inout PeerReport, over wire: Wire
    ) async throws(PeerError) {
        let asking = services.filter(\.hasMetadata)
        if asking.count > Self.mostDefinitions {
            report.obstacles.append(
                "only the questions of the first \(Self.mostDefinitions) services were read")
        }
        var failures = 0
        for service in asking.prefix(Self.mostDefinitions) where failures < 3 {
            do throws(PeerError) {
                let required = try await required(by: service.code, over: wire)
                if !required.isEmpty { report.required[service.code] = required }
            } catch {
                failures += 1
                report.obstacles.append(
                    "the questions of \(service.code) cannot be read: \(error.reason)")
            }
        }
    }

    /// The questions that must be answered, but for those that we answer ourselves.
    private func required(
        by service: String, over wire: Wire
    ) async throws(PeerError) -> [String] {
        let reply = try await wire.send(asking.get(.definition, service))
        let definition = try judgement(.reads).read(reply) { bytes, format throws(ReadingError) in
            try Reading.definition(bytes, as: format)
        }
        return definition.attributes.filter { attribute in
            attribute.isVariable && attribute.isRequired
                && profile.facts[attribute.code] == nil
        }.map(\.code)
    }

    /// Sends a form with nothing in it but who we are: whoever takes our key says what is missing.
    private func obstacleOfRights(over wire: Wire) async throws(PeerError) -> String? {
        let resource: Profile.Resource = profile.takes.contains(.reports) ? .newReport : .newUpdate
        guard !profile.takes.isEmpty else { return nil }
        let reply = try await wire.send(asking.post(resource, Arguments()))
        let judgement = judgement(.writes)
        if profile.successes.contains(reply.status) {
            do throws(PeerError) {
                _ = try judgement.read(reply) { bytes, format throws(ReadingError) in
                    try Reading.receipt(bytes, as: format)
                }
                return "it took a report with nothing in it: look at the address"
            } catch {
                return error.kind == .forbidden ? "our key is not accepted" : nil
            }
        }
        let failure = judgement.failure(reply)
        switch failure.kind {
        case .forbidden: return "our key is not accepted: \(failure.reason)"
        case .refused:
            let isAboutKey = failure.reason.contains("api_key")
            return isAboutKey ? "our key is not accepted: \(failure.reason)" : nil
        case .later, .ambiguous: return "it does not take reports now: \(failure.reason)"
        }
    }
}
