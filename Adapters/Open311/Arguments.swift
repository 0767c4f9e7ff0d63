/// Parameters of a call in their order, as a query or as the body of a form.
struct Arguments: Equatable {
    private(set) var items: [Item] = []

    struct Item: Equatable {
        let name: String
        let value: String
    }

    /// Adds a parameter, unless there is nothing to say: empty and absent are the same, and some
    /// servers fail on what is empty (GR-2.4, GR-2.5).
    mutating func add(_ name: String, _ value: String?) {
        guard let value, !value.isEmpty else { return }
        items.append(Item(name: name, value: value))
    }

    /// Only the parameters that a strict server has declared.
    func kept(by known: Set<String>?) -> Arguments {
        guard let known else { return self }
        var kept = Arguments()
        kept.items = items.filter { item in
            known.contains(String(item.name.prefix { $0 != "[" }))
        }
        return kept
    }

    /// `name=value&name=value` in UTF-8, with all but letters, digits and `-._~` escaped.
    var encoded: String {
        items.map { Self.escaped($0.name) + "=" + Self.escaped($0.value) }
            .joined(separator: "&")
    }

    /// A text as one segment of a path, or as a name or value in a query.
    static func escaped(_ text: String) -> String {
        var bytes: [UInt8] = []
        for byte in text.utf8 {
            if isUnreserved(byte) {
                bytes.append(byte)
            } else {
                bytes += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static let digits = Array("0123456789ABCDEF".utf8)

    private static func isUnreserved(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: "-._~".utf8.contains(byte)
        }
    }
}
