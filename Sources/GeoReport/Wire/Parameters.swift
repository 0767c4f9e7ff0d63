/// What a client said in the query and in the body of one request (GR-2.5, GR-6.2).
///
/// In order, duplicates kept. Where a single value is asked for, the body wins over the query.
package struct Parameters: Sendable, Equatable {
    /// Everything that was said, files included: first the query, then the body.
    package let all: [Item]

    /// One parameter as it came.
    package struct Item: Sendable, Equatable {
        package let name: String
        /// The text; `""` for a file.
        package let value: String
        package let source: Source

        package init(name: String, value: String, source: Source) {
            self.name = name
            self.value = value
            self.source = source
        }
    }

    /// Where a parameter stood.
    package enum Source: Sendable, Equatable {
        case query
        case body
        /// An uploaded file; its name is never used (GR-15.3, bad input 98).
        case file(contentType: String?, bytes: ArraySlice<UInt8>)
    }

    /// Parameters of one request, query and body together.
    static let most = 256
    /// Bytes of a parameter's name.
    static let longestName = 128

    /// Reads the query and the body of one request (T3).
    package init(query: String?, body: Body = .none) throws(Fault) {
        var items: [Item] = []
        if let query { items = try Form.items(Array(query.utf8)[...], source: .query) }
        switch body {
        case .none: break
        case .form(let bytes): items += try Form.items(bytes[...], source: .body)
        case .multipart(let bytes, let boundary):
            items += try Multipart.items(bytes, boundary: boundary)
        case .json(let bytes): items += try JSONBody.items(bytes)
        }
        guard items.count <= Self.most else {
            throw Fault(.malformed, "parameters: there are more than \(Self.most)")
        }
        all = items
    }

    /// The parameters of a query or of tests.
    package init(all: [Item]) {
        self.all = all
    }

    /// The uploaded files, in their order.
    package var files: [Item] {
        all.filter(\.isFile)
    }

    /// The single value under the first of these names that has one, trimmed; blank counts as absent.
    ///
    /// Two values for one name are a fault unless they are equal: whoever checks the first and uses the
    /// second would be deceived (T3). A query that differs from the body is overruled by it, but a
    /// `jurisdiction_id` that differs is a fault (GR-2.4).
    package func value(_ names: String...) throws(Fault) -> String? {
        let said = try text(under: names, in: .body)
        let asked = try text(under: names, in: .query)
        guard let said, let asked, names.contains("jurisdiction_id") else { return said ?? asked }
        guard said.utf8.elementsEqual(asked.utf8) else {
            throw Fault(
                .malformed, "jurisdiction_id is not the same in the query and in the body")
        }
        return said
    }

    /// All values under these names or `name[]`, lists taken apart, trimmed, blanks dropped (GR-A16).
    package func list(_ names: String..., separators: [Unicode.Scalar] = [","]) -> [String] {
        texts(under: names).flatMap { text in
            text.unicodeScalars.split(whereSeparator: separators.contains)
                .map { CleanText.trimmed(Substring($0)) }
        }.filter { !$0.isEmpty }
    }

    /// All values under these names or `name[]` as they are, commas included, trimmed, blanks dropped.
    package func values(_ names: String...) -> [String] {
        texts(under: names)
    }

    private func text(under names: [String], in source: Source) throws(Fault) -> String? {
        for name in names {
            var found: String?
            for item in all where item.source == source && item.name == name {
                let value = CleanText.trimmed(item.value)
                guard !value.isEmpty else { continue }
                guard found == nil || found?.utf8.elementsEqual(value.utf8) == true else {
                    throw Fault(.malformed, "\(name) was given more than once")
                }
                found = value
            }
            if let found { return found }
        }
        return nil
    }

    private func texts(under names: [String]) -> [String] {
        let wanted = names + names.map { $0 + "[]" }
        return all.filter { !$0.isFile && wanted.contains($0.name) }
            .map { CleanText.trimmed($0.value) }
            .filter { !$0.isEmpty }
    }
}

extension Parameters.Item {
    /// Whether it is an uploaded file.
    package var isFile: Bool {
        if case .file = source { true } else { false }
    }

    /// A parameter whose name and text have been judged, or a fault that names it.
    static func checked(
        _ name: ArraySlice<UInt8>, _ value: ArraySlice<UInt8>, source: Parameters.Source
    ) throws(Fault) -> Parameters.Item {
        guard name.count <= Parameters.longestName else { throw longName }
        guard let name = String(validating: name, as: UTF8.self), !name.utf8.contains(0) else {
            throw Fault(.malformed, "parameter name is not valid UTF-8 text")
        }
        guard let value = String(validating: value, as: UTF8.self) else {
            throw Fault(.malformed, "\(label(name)) is not valid UTF-8")
        }
        guard !value.utf8.contains(0) else {
            throw Fault(.malformed, "\(label(name)) holds a NUL character")
        }
        return Parameters.Item(name: name, value: value, source: source)
    }

    static let longName = Fault(
        .malformed, "parameter name is longer than \(Parameters.longestName) bytes")

    /// A name as a message may repeat it: only what could be one of ours is echoed.
    static func label(_ name: String) -> String {
        let isPlain = name.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"),
                UInt8(ascii: "["), UInt8(ascii: "]"):
                true
            default: false
            }
        }
        return isPlain && !name.isEmpty ? name : "parameter"
    }
}
