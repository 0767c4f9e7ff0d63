import FoundationEssentials
import Reports
import XML

/// Writes a document as XML: no attributes, no namespace, no white space (GR-2.1).
struct XMLSink: Sink {
    private var writer: XMLWriter
    private let absent: Client.Profile.Absent
    /// A list of which nobody knows yet whether anything is in it: an empty one is `<list/>`.
    private var pending: StaticString?

    init(absent: Client.Profile.Absent, capacity: Int = 1024) {
        self.absent = absent
        writer = XMLWriter(.document, capacity: capacity)
    }

    mutating func beginObject(_ name: StaticString, as role: Role) {
        openPending()
        writer.open(name)
    }

    mutating func endObject() { writer.close() }

    mutating func beginList(_ name: StaticString, as role: Role) {
        openPending()
        pending = name
    }

    mutating func endList() {
        guard let name = pending else { return writer.close() }
        writer.empty(name)
        pending = nil
    }

    mutating func text(_ name: StaticString, _ value: String?) { writer.leaf(name, value) }

    mutating func text(_ name: StaticString, _ value: UnsafeRawBufferPointer) {
        writer.leaf(name, value)
    }

    mutating func word(_ name: StaticString, _ value: StaticString) {
        writer.leaf(name) { $0.copy(value) }
    }

    mutating func time(_ name: StaticString, _ value: Date?) {
        guard let value else { return empty(name) }
        writer.leaf(name) { DateTime.write(value, to: &$0) }
    }

    mutating func degrees(_ name: StaticString, _ value: Double?) {
        guard let value else { return empty(name) }
        writer.leaf(name) { DecimalDegrees.write(value, to: &$0) }
    }

    mutating func integer(_ name: StaticString, _ value: Int) {
        writer.leaf(name) { Digits.write(value, to: &$0) }
    }

    mutating func truth(_ name: StaticString, _ value: Bool) {
        writer.leaf(name, value ? "true" : "false")
    }

    mutating func texts(_ name: StaticString, _ values: [String]) {
        guard !values.isEmpty else { return writer.empty(name) }
        for value in values { writer.leaf(name, value) }
    }

    mutating func item(_ name: StaticString, _ value: String) {
        openPending()
        writer.leaf(name, value)
    }

    mutating func item(_ name: StaticString, _ value: UnsafeRawBufferPointer) {
        openPending()
        writer.leaf(name, value)
    }

    var bytes: [UInt8] { writer.bytes }

    mutating func take() -> [UInt8] { writer.take() }

    mutating func finish() -> [UInt8] { writer.finish() }

    /// Compact answers leave out absent dates and numbers, in XML too (X4).
    private mutating func empty(_ name: StaticString) {
        if absent == .null { writer.empty(name) }
    }

    private mutating func openPending() {
        guard let name = pending else { return }
        pending = nil
        writer.open(name)
    }
}
