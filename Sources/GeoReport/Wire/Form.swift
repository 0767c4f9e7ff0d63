/// Form encoding: `name=value&name=value` with `+` for a blank, in a query or a body.
enum Form {
    /// The parameters, or a fault: what is not properly encoded is refused, not guessed (T3).
    static func items(
        _ bytes: ArraySlice<UInt8>, source: Parameters.Source
    ) throws(Fault) -> [Parameters.Item] {
        var items: [Parameters.Item] = []
        for pair in bytes.split(separator: UInt8(ascii: "&"), omittingEmptySubsequences: true) {
            let name = pair.prefix { $0 != UInt8(ascii: "=") }
            let value = pair[name.endIndex...].dropFirst()
            guard !name.isEmpty else { continue }
            guard items.count < Parameters.most else {
                throw Fault(.malformed, "parameters: there are more than \(Parameters.most)")
            }
            guard let name = decoded(name) else {
                throw Fault(.malformed, "parameter name holds an invalid percent sequence")
            }
            guard let value = decoded(value) else {
                let label = String(validating: name, as: UTF8.self).map(Parameters.Item.label)
                throw Fault(
                    .malformed, "\(label ?? "parameter") holds an invalid percent sequence")
            }
            items.append(try .checked(name[...], value[...], source: source))
        }
        return items
    }

    /// The bytes that were meant, or `nil` if a `%` is not followed by two hexadecimal digits.
    private static func decoded(_ bytes: ArraySlice<UInt8>) -> [UInt8]? {
        var decoded: [UInt8] = []
        decoded.reserveCapacity(bytes.count)
        var rest = bytes
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "+"): decoded.append(0x20)
            case UInt8(ascii: "%"):
                guard let high = rest.popFirst().flatMap(digit),
                    let low = rest.popFirst().flatMap(digit)
                else { return nil }
                decoded.append(high << 4 | low)
            default: decoded.append(byte)
            }
        }
        return decoded
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
