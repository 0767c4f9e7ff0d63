import Reports

extension Parameters {
    /// Questions that one report may answer.
    private static let mostAttributes = 100

    /// The answers to a service's questions, in the order in which their codes came first (GR-6.2).
    ///
    /// `attribute[X]`, `attribute[X][]` and `attribute[X][0]` are one and the same, repeated or not. Blank
    /// values are absent; equal ones count once. Where query and body answer the same question, the body
    /// wins.
    package func attributes() throws(Fault) -> [Answer] {
        var order: [Attribute.Code] = []
        var said: [Attribute.Code: [Item]] = [:]
        for item in all where item.name.hasPrefix("attribute") && !item.isFile {
            guard let code = try Self.code(of: item) else { continue }
            if said[code] == nil { order.append(code) }
            said[code, default: []].append(item)
            guard order.count <= Self.mostAttributes else {
                throw Fault(.malformed, "attribute: there are more than \(Self.mostAttributes)")
            }
        }
        return order.compactMap { code in
            let items = said[code] ?? []
            let body = Self.values(items.filter { $0.source == .body })
            let values = body.isEmpty ? Self.values(items) : body
            return values.isEmpty ? nil : Answer(code: code, values: values)
        }
    }

    private static func values(_ items: [Item]) -> [String] {
        var values: [String] = []
        for item in items {
            let value = CleanText.trimmed(item.value)
            let isNew = !values.contains { $0.utf8.elementsEqual(value.utf8) }
            if !value.isEmpty, isNew { values.append(value) }
        }
        return values
    }

    /// The `X` of `attribute[X]`; `nil` if the name is another one that only begins alike.
    private static func code(of item: Item) throws(Fault) -> Attribute.Code? {
        let rest = item.name.dropFirst("attribute".count)
        guard rest.isEmpty || rest.first == "[" else { return nil }
        if rest.isEmpty, CleanText.trimmed(item.value).isEmpty { return nil }
        guard let end = rest.firstIndex(of: "]"), isIndex(rest[rest.index(after: end)...]),
            let code = Attribute.Code(rawValue: String(rest[..<end].dropFirst()))
        else {
            throw Fault(.malformed, "attribute must be written as attribute[CODE]")
        }
        return code
    }

    /// Nothing, `[]` or `[0]`.
    private static func isIndex(_ text: Substring) -> Bool {
        if text.isEmpty { return true }
        guard text.first == "[", text.last == "]", text.utf8.count >= 2 else { return false }
        return text.dropFirst().dropLast().utf8.allSatisfy {
            $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9")
        }
    }
}
