/// A header's value of the form `token; name=value; name="value"`.
struct HeaderValue {
    /// What comes before the first semicolon, in lower case.
    let token: String
    private var parameters: [(name: String, value: [UInt8])] = []

    /// A value, or `nil` if it is blank.
    init?(_ text: String) {
        self.init(Array(text.utf8)[...])
    }

    /// A value, or `nil` if it is blank.
    ///
    /// Tokens and names are ASCII, and others are none: comparing them as Unicode does would take time
    /// quadratic in a run of combining marks.
    init?(_ bytes: ArraySlice<UInt8>) {
        let head = bytes.prefix { $0 != UInt8(ascii: ";") }
        guard head.allSatisfy(Self.isASCII) else { return nil }
        token = CleanText.trimmed(String(decoding: head, as: UTF8.self)).lowercased()
        guard !token.isEmpty else { return nil }
        var rest = bytes[head.endIndex...]
        while rest.popFirst() != nil {
            let name = rest.prefix { $0 != UInt8(ascii: "=") && $0 != UInt8(ascii: ";") }
            rest = rest[name.endIndex...]
            guard rest.first == UInt8(ascii: "=") else { continue }
            rest.removeFirst()
            let value = Self.value(&rest)
            guard name.allSatisfy(Self.isASCII) else { continue }
            parameters.append(
                (CleanText.trimmed(String(decoding: name, as: UTF8.self)).lowercased(), value))
        }
    }

    /// The value of the first parameter of this name; `""` if it is not ASCII.
    subscript(name: String) -> String? {
        self[bytes: name].map {
            $0.allSatisfy(Self.isASCII) ? String(decoding: $0, as: UTF8.self) : ""
        }
    }

    /// The bytes of the first parameter of this name, which may be no text at all.
    subscript(bytes name: String) -> [UInt8]? {
        parameters.first { $0.name == name }?.value
    }

    private static func isASCII(_ byte: UInt8) -> Bool { byte < 0x80 }

    /// Takes a value up to the next semicolon, without its quotes.
    private static func value(_ rest: inout ArraySlice<UInt8>) -> [UInt8] {
        rest = rest.drop { $0 == 0x20 || $0 == 0x09 }
        guard rest.first == UInt8(ascii: "\"") else {
            let value = rest.prefix { $0 != UInt8(ascii: ";") }
            rest = rest[value.endIndex...]
            let end = value.lastIndex { $0 != 0x20 && $0 != 0x09 }
            return end.map { Array(value[...$0]) } ?? []
        }
        rest.removeFirst()
        var value: [UInt8] = []
        while let byte = rest.popFirst(), byte != UInt8(ascii: "\"") {
            // Only these two are escaped: an old browser's `C:\photo.jpg` is meant as it stands.
            if byte == UInt8(ascii: "\\"), let next = rest.first,
                next == UInt8(ascii: "\"") || next == UInt8(ascii: "\\")
            {
                rest.removeFirst()
                value.append(next)
            } else {
                value.append(byte)
            }
        }
        rest = rest.drop { $0 != UInt8(ascii: ";") }
        return value
    }
}
