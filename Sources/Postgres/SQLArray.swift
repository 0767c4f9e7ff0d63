import FoundationEssentials

/// A value of which PostgreSQL knows arrays; `UInt8` stands for `bytea`, bytes in a row.
package protocol SQLElement: SQLValue {
    /// The type of an array of these (`pg_type.typarray`).
    static var arrayOID: UInt32 { get }
    /// Appends the binary form of a row of these.
    static func encode(array: [Self], into bytes: inout [UInt8])
    /// Appends the text form of a row of these, for COPY.
    static func write(array: [Self], into text: inout [UInt8])
}

extension SQLElement {
    package static func encode(array: [Self], into bytes: inout [UInt8]) {
        bytes.append(bigEndian: Int32(array.isEmpty ? 0 : 1))
        let flags = bytes.count
        bytes.append(bigEndian: Int32(0))
        bytes.append(bigEndian: oid)
        guard !array.isEmpty else { return }
        bytes.append(bigEndian: Int32(clamping: array.count))
        bytes.append(bigEndian: Int32(1))
        for element in array {
            let start = bytes.count
            bytes.append(bigEndian: Int32(-1))
            guard element.encode(into: &bytes) else {
                bytes[flags + 3] = 1
                continue
            }
            let length = Int32(clamping: bytes.count - start - 4)
            withUnsafeBytes(of: length.bigEndian) {
                bytes.replaceSubrange(start..<start + 4, with: $0)
            }
        }
    }

    package static func write(array: [Self], into text: inout [UInt8]) {
        text.append(UInt8(ascii: "{"))
        for (index, element) in array.enumerated() {
            if index > 0 { text.append(UInt8(ascii: ",")) }
            var plain: [UInt8] = []
            guard element.write(into: &plain) else {
                text.append(contentsOf: "NULL".utf8)
                continue
            }
            text.append(UInt8(ascii: "\""))
            for byte in plain {
                if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") {
                    text.append(UInt8(ascii: "\\"))
                }
                text.append(byte)
            }
            text.append(UInt8(ascii: "\""))
        }
        text.append(UInt8(ascii: "}"))
    }
}

extension String: SQLElement {
    package static var arrayOID: UInt32 { 1009 }
}

extension Int64: SQLElement {
    package static var arrayOID: UInt32 { 1016 }
}

extension Int: SQLElement {
    package static var arrayOID: UInt32 { 1016 }
}

extension Int32: SQLElement {
    package static var arrayOID: UInt32 { 1007 }
}

extension Double: SQLElement {
    package static var arrayOID: UInt32 { 1022 }
}

extension Bool: SQLElement {
    package static var arrayOID: UInt32 { 1000 }
}

extension UUID: SQLElement {
    package static var arrayOID: UInt32 { 2951 }
}

extension Date: SQLElement {
    package static var arrayOID: UInt32 { 1185 }
}

extension Optional: SQLElement where Wrapped: SQLElement {
    package static var arrayOID: UInt32 { Wrapped.arrayOID }
}

/// One byte of a `bytea`.
extension UInt8: SQLElement {
    package static var oid: UInt32 { 18 }
    package static var arrayOID: UInt32 { 17 }

    package func encode(into bytes: inout [UInt8]) -> Bool {
        bytes.append(self)
        return true
    }

    package func write(into text: inout [UInt8]) -> Bool {
        let digits = Array("0123456789abcdef".utf8)
        text.append(digits[Int(self >> 4)])
        text.append(digits[Int(self & 15)])
        return true
    }

    package static func encode(array: [UInt8], into bytes: inout [UInt8]) {
        bytes.append(contentsOf: array)
    }

    package static func write(array: [UInt8], into text: inout [UInt8]) {
        text.append(contentsOf: "\\x".utf8)
        for byte in array { _ = byte.write(into: &text) }
    }
}

extension Array: SQLValue where Element: SQLElement {
    package static var oid: UInt32 { Element.arrayOID }

    package func encode(into bytes: inout [UInt8]) -> Bool {
        Element.encode(array: self, into: &bytes)
        return true
    }

    package func write(into text: inout [UInt8]) -> Bool {
        Element.write(array: self, into: &text)
        return true
    }
}
