/// Coordinates on the wire: decimal degrees in WGS 84.
package enum DecimalDegrees {
    /// The number of a text such as `42.6977` or `-9`, or `nil`.
    ///
    /// Swift's own parser takes `nan`, `inf`, `0x1p3` and `1e400`; the grammar here is
    /// `-?\d{1,3}(\.\d{1,15})?` and nothing else (T2).
    package static func parse(_ text: String) -> Double? {
        var rest = text.utf8[...]
        if rest.first == UInt8(ascii: "-") { rest.removeFirst() }
        let whole = rest.prefix(while: isDigit)
        guard (1...3).contains(whole.count) else { return nil }
        rest = rest[whole.endIndex...]
        if rest.first == UInt8(ascii: ".") {
            rest.removeFirst()
            guard (1...15).contains(rest.count) else { return nil }
        }
        guard rest.isEmpty || (rest.startIndex > whole.endIndex && rest.allSatisfy(isDigit)) else {
            return nil
        }
        return Double(text)
    }

    /// Appends the number with at most seven decimals (about a centimetre), without trailing zeros
    /// and without an exponent (GR-11.3).
    ///
    /// What is no finite number below 10^11 is written as `0`; no `Coordinate` can hold it.
    package static func append(_ value: Double, to bytes: inout [UInt8]) {
        guard abs(value) < 1e11, let scaled = Int(exactly: (value * 1e7).rounded()) else {
            return bytes.append(UInt8(ascii: "0"))
        }
        if scaled < 0 { bytes.append(UInt8(ascii: "-")) }
        let (whole, rest) = scaled.magnitude.quotientAndRemainder(dividingBy: 10_000_000)
        Digits.append(whole, width: 1, to: &bytes)
        guard rest > 0 else { return }
        bytes.append(UInt8(ascii: "."))
        Digits.append(rest, width: 7, to: &bytes)
        while bytes.last == UInt8(ascii: "0") { bytes.removeLast() }
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }
}
