/// The bound values of a statement in PostgreSQL's binary form, as one flat buffer.
///
/// One buffer instead of an array of arrays: a statement of twelve values costs two allocations.
package struct Bindings: Sendable {
    /// Where a value lies in the buffer, and what it is.
    struct Item: Sendable {
        var offset: Int
        /// The value's bytes, or -1 for NULL.
        var length: Int
        var type: UInt32
        /// Where in the statement's text the value's `$n` begins, in bytes.
        var mark: Int
    }

    private(set) var bytes: [UInt8] = []
    private(set) var items: [Item] = []

    var count: Int { items.count }
    var isEmpty: Bool { items.isEmpty }

    mutating func reserve(_ count: Int) {
        items.reserveCapacity(count)
        bytes.reserveCapacity(16 * count)
    }

    mutating func append<Value: SQLValue>(_ value: Value, mark: Int) {
        let start = bytes.count
        let present = value.encode(into: &bytes)
        items.append(
            Item(
                offset: start, length: present ? bytes.count - start : -1,
                type: Value.oid, mark: mark))
        // A spare byte, so that an empty value has an address: libpq takes a null pointer for NULL.
        bytes.append(0)
    }

    mutating func append(_ item: Item, of other: Bindings, mark: Int) {
        let start = bytes.count
        let length = max(item.length, 0)
        bytes.append(contentsOf: other.bytes[item.offset..<item.offset + length])
        bytes.append(0)
        items.append(Item(offset: start, length: item.length, type: item.type, mark: mark))
    }

    mutating func append(_ other: Bindings, mark: (Int) -> Int) {
        guard !other.isEmpty else { return }
        let start = bytes.count
        bytes.append(contentsOf: other.bytes)
        for item in other.items {
            items.append(
                Item(
                    offset: item.offset + start, length: item.length, type: item.type,
                    mark: mark(item.mark)))
        }
    }
}
