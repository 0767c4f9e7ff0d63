import Federation
import FoundationEssentials
import GeoReport
import Reports

/// What clients say in a query or a body, read as every call there is.
enum Calling {
    static func form(_ bytes: [UInt8]) {
        guard let parameters = try? Parameters(query: nil, body: .form(bytes)) else { return }
        judge(parameters)
        isSameAgain(parameters)
        tell(parameters)
    }

    static func multipart(_ bytes: [UInt8]) {
        let (lines, body) = bytes.lines(1)
        guard let kind = try? Parameters.body(contentType: lines.first, bytes: body),
            let parameters = try? Parameters(query: nil, body: kind)
        else { return }
        judge(parameters)
        for file in parameters.files {
            guard case .file(_, let content) = file.source else { continue }
            demand(!content.isEmpty && content.count < bytes.count, "a file is part of the body")
        }
        tell(parameters)
    }

    /// What holds of all parameters (T3).
    static func judge(_ parameters: Parameters) {
        demand(parameters.all.count <= 256, "there are not too many parameters")
        for item in parameters.all {
            demand((1...128).contains(item.name.utf8.count), "a name has its length")
            demand(!item.name.utf8.contains(0), "a name holds no NUL")
            demand(!item.value.utf8.contains(0), "a value holds no NUL")
        }
    }

    /// What was read says the same when it is written as a form.
    private static func isSameAgain(_ parameters: Parameters) {
        let text = parameters.all.map {
            PercentEncoding.encoded($0.name) + "=" + PercentEncoding.encoded($0.value)
        }.joined(separator: "&")
        let again = try? Parameters(query: nil, body: .form(Array(text.utf8)))
        demand(again == parameters, "a form that is written again is the same")
    }

    /// Reads the parameters as each call that tells something.
    static func tell(_ parameters: Parameters) {
        let digest: ([UInt8]) -> [UInt8] = { bytes in
            [UInt8](repeating: UInt8(truncatingIfNeeded: bytes.count), count: 32)
        }
        if let creation = try? Calls.create(
            parameters, in: Town.jurisdiction, stage: .production, idempotencyKey: "a key",
            clientAddress: "192.0.2.1", dialects: [.base64], digest: digest)
        {
            judge(creation.draft)
        }
        for scopes in [[Client.Scope.update], [.update, .staff]] {
            _ = try? Calls.update(
                parameters, in: Town.jurisdiction, stage: .production,
                for: Town.client(Set(scopes)), now: Town.now)
        }
        _ = try? Calls.webhook(parameters, at: nil, in: Town.catalogue)
        _ = try? Calls.erasure(parameters)
        _ = try? Calls.support(parameters)
    }

    private static func judge(_ draft: Report.Draft) {
        demand((draft.description?.utf8.count ?? 0) <= 16 << 10, "a description has its length")
        let texts = [draft.description, draft.title, draft.reporter.email, draft.reporter.phone]
        for text in texts.compactMap(\.self) {
            demand(
                text.unicodeScalars.allSatisfy {
                    $0.value >= 0x20 || "\n\t".unicodeScalars.contains($0)
                },
                "a text holds no control")
        }
        guard let point = draft.place.coordinate else { return }
        demand(abs(point.latitude) <= 90 && abs(point.longitude) <= 180, "a place is on Earth")
    }

    /// Reads the parameters as each call that asks something.
    static func ask(_ parameters: Parameters, languages: String?) {
        let town = Town.jurisdiction
        if let search = try? Calls.search(
            parameters, in: town, stage: .production, acceptLanguage: languages, now: Town.now)
        {
            demand((1...1000).contains(search.filter.page.size), "a page has its size")
        }
        _ = try? Calls.updates(
            parameters, in: town, stage: .production, acceptLanguage: languages, now: Town.now)
        _ = try? Calls.candidates(parameters, in: town, acceptLanguage: languages)
        _ = try? Calls.services(parameters, acceptLanguage: languages)
        _ = try? Calls.changes(parameters, at: nil, in: Town.catalogue)
        _ = try? Calls.jurisdiction(parameters, at: nil, in: Town.catalogue, for: .read)
        _ = try? Calls.callback(parameters, when: .served)
    }
}
