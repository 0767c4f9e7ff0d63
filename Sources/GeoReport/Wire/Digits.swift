import XML

/// What bytes are written to, one by one.
protocol ByteTarget {
    mutating func byte(_ byte: UInt8)
}

extension Pen: ByteTarget {}

extension [UInt8]: ByteTarget {
    mutating func byte(_ byte: UInt8) { append(byte) }
}

/// Whole numbers as ASCII digits, without a `String` in between.
package enum Digits {
    /// Appends the number in decimal.
    package static func append(_ number: Int, to bytes: inout [UInt8]) {
        write(number, to: &bytes)
    }

    /// Writes the number in decimal.
    static func write(_ number: Int, to target: inout some ByteTarget) {
        if number < 0 { target.byte(UInt8(ascii: "-")) }
        write(number.magnitude, width: 1, to: &target)
    }

    /// Writes the number in decimal, with zeros in front up to the width.
    static func write(_ number: UInt, width: Int, to target: inout some ByteTarget) {
        var divisor: UInt = 1
        var digits = 1
        while digits < width || number / divisor >= 10 {
            // 20 digits hold every UInt: the product below cannot overflow.
            divisor *= 10
            digits += 1
        }
        var rest = number
        while divisor > 0 {
            target.byte(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest / divisor))
            rest %= divisor
            divisor /= 10
        }
    }

    /// Writes a number below 100 in two digits.
    @inline(__always)
    static func writeTwo(_ number: UInt, to target: inout some ByteTarget) {
        target.byte(UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: number / 10))
        target.byte(UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: number % 10))
    }
}
