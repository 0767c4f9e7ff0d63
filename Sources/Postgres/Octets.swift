/// Bytes as one value of `bytea`, so that there can be arrays of it; `[UInt8]` is the same alone.
package struct Octets: Sendable, Hashable {
    package let bytes: [UInt8]

    package init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }
}

extension Octets: SQLElement {
    package static var oid: UInt32 { 17 }
    package static var arrayOID: UInt32 { 1001 }

    package func encode(into bytes: inout [UInt8]) -> Bool {
        bytes.append(contentsOf: self.bytes)
        return true
    }

    package func write(into text: inout [UInt8]) -> Bool {
        UInt8.write(array: bytes, into: &text)
        return true
    }
}

extension Octets: SQLDecodable {
    package init?(binary bytes: UnsafeRawBufferPointer, type: UInt32) {
        guard type == 17 else { return nil }
        self.bytes = Array(bytes)
    }
}
