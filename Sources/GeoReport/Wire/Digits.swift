/// Whole numbers as ASCII digits, without a `String` in between.
package enum Digits {
    /// Appends the number in decimal.
    package static func append(_ number: Int, to bytes: inout [UInt8]) {
        if number < 0 { bytes.append(UInt8(ascii: "-")) }
        append(number.magnitude, width: 1, to: &bytes)
    }

    /// Appends the number in decimal, with zeros in front up to the width.
    static func append(_ number: UInt, width: Int, to bytes: inout [UInt8]) {
        var divisor: UInt = 1
        var digits = 1
        while digits < width || number / divisor >= 10 {
            // 20 digits hold every UInt: the product below cannot overflow.
            divisor *= 10
            digits += 1
        }
        var rest = number
        while divisor > 0 {
            bytes.append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest / divisor))
            rest %= divisor
            divisor /= 10
        }
    }
}
