import Reports

extension Calls {
    /// What names a POST, so that its repetition makes no second report (D5).
    ///
    /// A client's own key comes first, then a sender's number for the report; `nil` if there is
    /// neither.
    static func source(
        _ parameters: Parameters, answers: [Answer], idempotencyKey: String?,
        _ problems: inout Problems
    ) -> Idempotency.Source? {
        if let header = idempotencyKey {
            if let key = key(inHeader: header) { return .key(key) }
            problems.add("Idempotency-Key is not 1 to 255 printable characters in quotes")
        }
        let named = problems.collect { () throws(Fault) in
            try parameters.value("client_request_id")
        }
        if let named {
            if isKey(named) { return .key(named) }
            problems.add("client_request_id is not 1 to 255 printable characters")
        }
        let number = answers.first { $0.code.isForeignNumber }?.values.first
        if let number, !number.isEmpty {
            if isKey(number) { return .foreignID(number) }
            problems.add("attribute[fixmystreet_id] is not 1 to 255 printable characters")
        }
        return nil
    }

    /// SHA-256 of everything that was said to this path but the key, in whatever order and encoding;
    /// `extra` is what was said beside the parameters.
    package static func fingerprint(
        _ parameters: Parameters, to path: String, _ extra: [String?],
        in jurisdiction: Jurisdiction,
        stage: Stage, digest: ([UInt8]) -> [UInt8]
    ) -> [UInt8] {
        let beside = ([path] + extra.map { $0 ?? "" }).flatMap { digest(Array($0.utf8)) }
        return digest(
            beside + canonical(parameters, in: jurisdiction, stage: stage, digest: digest))
    }

    /// Everything the client said but its key, in one order, so that equal reports are equal bytes.
    ///
    /// Lengths stand in front of names and values: no content can pretend to be two parameters.
    /// Pictures stand there by their digests.
    static func canonical(
        _ parameters: Parameters, in jurisdiction: Jurisdiction, stage: Stage,
        digest: ([UInt8]) -> [UInt8]
    ) -> [UInt8] {
        let items = parameters.all
            .filter { $0.name != "api_key" && $0.name != "jurisdiction_id" }
            .map { item in
                (name: Array(item.name.utf8), value: canonical(item, digest: digest))
            }
            .filter { !$0.value.isEmpty }
            .sorted { one, other in
                one.name == other.name
                    ? one.value.lexicographicallyPrecedes(other.value)
                    : one.name.lexicographicallyPrecedes(other.name)
            }
        let head = [Array(jurisdiction.id.rawValue.utf8), Array(stage.rawValue.utf8)]
        var bytes: [UInt8] = []
        for part in head + items.flatMap({ [$0.name, $0.value] }) {
            Digits.append(part.count, to: &bytes)
            bytes.append(UInt8(ascii: ":"))
            bytes += part
        }
        return bytes
    }

    private static func canonical(
        _ item: Parameters.Item, digest: ([UInt8]) -> [UInt8]
    ) -> [UInt8] {
        switch item.source {
        case .query, .body:
            Array(CleanText.trimmed(item.value).utf8)
        // U+0000 stands in no text, so that no text can pretend to be a file.
        case .file(_, let bytes):
            bytes.isEmpty ? [] : [0] + digest(Array(bytes))
        }
    }

    /// The key of an `Idempotency-Key` header: a quoted string, or a bare token of an older client
    /// (bad input 123).
    private static func key(inHeader header: String) -> String? {
        let text = header.drop { $0 == " " }
        guard text.first == "\"" else {
            let token = text.reversed().drop { $0 == " " }.reversed()
            let key = String(token)
            return isKey(key) && !key.contains(where: { "\",; ".contains($0) }) ? key : nil
        }
        return unquoted(text.dropFirst())
    }

    /// The string up to its closing quote, with nothing behind it (RFC 9651, 3.3.3).
    private static func unquoted(_ text: Substring) -> String? {
        var key = ""
        var rest = text
        while let character = rest.popFirst() {
            switch character {
            case "\"":
                return rest.allSatisfy { $0 == " " } && isKey(key) ? key : nil
            case "\\":
                guard let escaped = rest.popFirst(), escaped == "\"" || escaped == "\\" else {
                    return nil
                }
                key.append(escaped)
            default:
                key.append(character)
            }
        }
        return nil
    }

    /// What may name a POST: 1 to 255 printable characters of ASCII, not only blanks.
    static func isKey(_ text: String) -> Bool {
        (1...255).contains(text.utf8.count) && text.utf8.allSatisfy { (0x20...0x7E).contains($0) }
            && !text.allSatisfy(\.isWhitespace)
    }
}
