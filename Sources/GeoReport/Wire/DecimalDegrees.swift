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
        write(value, to: &bytes)
    }

    /// Writes the number as `append` does.
    static func write(_ value: Double, to target: inout some ByteTarget) {
        guard abs(value) < 1e11, let scaled = Int(exactly: (value * 1e7).rounded()) else {
            return target.byte(UInt8(ascii: "0"))
        }
        if scaled < 0 { target.byte(UInt8(ascii: "-")) }
        let (whole, decimals) = scaled.magnitude.quotientAndRemainder(dividingBy: 10_000_000)
        Digits.write(whole, width: 1, to: &target)
        guard decimals > 0 else { return }
        target.byte(UInt8(ascii: "."))
        var rest = decimals
        while rest > 0 {
            // The first decimal, then what is behind it, until only zeros would follow.
            target.byte(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest / 1_000_000))
            rest = rest % 1_000_000 * 10
        }
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }
}
