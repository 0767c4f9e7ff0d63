import FoundationEssentials
import Postgres

/// The cells of a row, which a server sends in binary.
enum CellBytes {
    /// Types (`pg_type.oid`) that a first byte may choose.
    private static let types: [UInt32] = [
        16, 17, 18, 20, 21, 23, 25, 26, 700, 701, 1000, 1007, 1009, 1016, 1022, 1043, 1082, 1114,
        1184, 1185, 2950, 2951, 3802, 0,
    ]

    static func run(_ bytes: [UInt8]) {
        guard let first = bytes.first else { return }
        let type = types[Int(first) % types.count]
        Array(bytes.dropFirst()).withUnsafeBytes { cell in
            again(Int64.self, cell, type)
            again(Int.self, cell, type)
            again(Int32.self, cell, type)
            again(Double.self, cell, type)
            again(Bool.self, cell, type)
            again(String.self, cell, type)
            again(UUID.self, cell, type)
            once(Date.self, cell, type)
            again([String].self, cell, type)
            again([Int64].self, cell, type)
            again([Int32].self, cell, type)
            again([Double].self, cell, type)
            again([Bool].self, cell, type)
            again([UUID].self, cell, type)
            once([Date].self, cell, type)
            again([UInt8].self, cell, type)
        }
    }

    /// What was read is written, and read again as the same.
    private static func again<Value: SQLDecodable & SQLValue>(
        _: Value.Type, _ cell: UnsafeRawBufferPointer, _ type: UInt32
    ) {
        guard let once = once(Value.self, cell, type) else { return }
        guard let same = once.withUnsafeBytes({ Value(binary: $0, type: Value.oid) }) else {
            preconditionFailure("a \(Value.self) that was written is read")
        }
        var twice: [UInt8] = []
        demand(same.encode(into: &twice) && once == twice, "a \(Value.self) stays itself")
    }

    /// What was read is written, in both forms; the binary one is answered. Of a moment no more is
    /// asked: those that no calendar has come back as the nearest that it has.
    @discardableResult
    private static func once<Value: SQLDecodable & SQLValue>(
        _: Value.Type, _ cell: UnsafeRawBufferPointer, _ type: UInt32
    ) -> [UInt8]? {
        guard let value = Value(binary: cell, type: type) else { return nil }
        var bytes: [UInt8] = []
        var text: [UInt8] = []
        demand(value.encode(into: &bytes) && value.write(into: &text), "a value is not NULL")
        return bytes
    }
}
