/// First in, first out, without moving what waits.
struct Queue<Element> {
    private var items: [Element?] = []
    private var head = 0

    var count: Int { items.count - head }
    var isEmpty: Bool { head == items.count }
    var first: Element? { isEmpty ? nil : items[head] }

    var last: Element? { isEmpty ? nil : items[items.count - 1] }

    mutating func append(_ element: Element) {
        items.append(element)
    }

    mutating func popFirst() -> Element? {
        guard !isEmpty else { return nil }
        let element = items[head]
        items[head] = nil
        head += 1
        if head == items.count {
            items.removeAll(keepingCapacity: items.capacity <= 1024)
            head = 0
        } else if head >= 1024 {
            items.removeFirst(head)
            head = 0
        }
        return element
    }

    /// Looks at what waits, the oldest first.
    func forEach(_ body: (Element) -> Void) {
        for case let element? in items[head...] { body(element) }
    }

    /// Everything that waits; the queue is empty then.
    mutating func removeAll() -> [Element] {
        defer {
            items = []
            head = 0
        }
        return items[head...].compactMap(\.self)
    }
}
