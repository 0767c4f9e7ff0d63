import FoundationEssentials
import Reports
import XML

/// Writes a document as JSON.
struct JSONSink: Sink {
    private var writer: JSONWriter
    private let absent: Client.Profile.Absent

    init(absent: Client.Profile.Absent, capacity: Int = 1024) {
        self.absent = absent
        writer = JSONWriter(capacity: capacity)
    }

    mutating func beginObject(_ name: StaticString, as role: Role) {
        if role == .member { writer.key(name) }
        writer.beginObject()
    }

    mutating func endObject() { writer.endObject() }

    mutating func beginList(_ name: StaticString, as role: Role) {
        if role == .member { writer.key(name) }
        writer.beginArray()
    }

    mutating func endList() { writer.endArray() }

    mutating func text(_ name: StaticString, _ value: String?) {
        guard let value else { return empty(name) }
        value.withBytes { text(name, $0) }
    }

    /// An empty text is an absent one, because an empty element cannot say which it is (X4).
    mutating func text(_ name: StaticString, _ value: UnsafeRawBufferPointer) {
        guard !value.isEmpty else { return empty(name) }
        writer.member(name, value)
    }

    mutating func word(_ name: StaticString, _ value: StaticString) {
        writer.key(name)
        writer.string { $0.copy(value) }
    }

    private mutating func empty(_ name: StaticString) {
        switch absent {
        case .null: writer.null(name)
        case .compact: writer.member(name, UnsafeRawBufferPointer(start: nil, count: 0))
        }
    }

    mutating func time(_ name: StaticString, _ value: Date?) {
        guard let value else { return null(name) }
        writer.key(name)
        writer.string { DateTime.write(value, to: &$0) }
    }

    mutating func degrees(_ name: StaticString, _ value: Double?) {
        guard let value else { return null(name) }
        writer.key(name)
        writer.value { DecimalDegrees.write(value, to: &$0) }
    }

    mutating func integer(_ name: StaticString, _ value: Int) {
        writer.key(name)
        writer.number(value)
    }

    mutating func truth(_ name: StaticString, _ value: Bool) {
        writer.key(name)
        writer.bool(value)
    }

    mutating func texts(_ name: StaticString, _ values: [String]) {
        guard values.count > 1 else { return text(name, values.first) }
        beginList(name, as: .member)
        for value in values { writer.string(value) }
        endList()
    }

    mutating func item(_ name: StaticString, _ value: String) { writer.string(value) }

    mutating func item(_ name: StaticString, _ value: UnsafeRawBufferPointer) {
        writer.string(value)
    }

    var bytes: [UInt8] { writer.bytes }

    mutating func take() -> [UInt8] { writer.take() }

    mutating func finish() -> [UInt8] { writer.finish() }

    /// Compact answers leave out absent dates and numbers, because one puller crashes on null.
    private mutating func null(_ name: StaticString) {
        if absent == .null { writer.null(name) }
    }
}

extension JSONSink {
    /// Begins a GeoJSON list of reports (RFC 7946).
    mutating func beginFeatures() {
        writer.beginObject()
        writer.key("type")
        writer.string("FeatureCollection")
        writer.key("features")
        writer.beginArray()
    }

    mutating func endFeatures() {
        writer.endArray()
        writer.endObject()
    }

    /// Begins a feature up to its properties; longitude comes first in GeoJSON.
    mutating func beginFeature(id: ReportBytes.Text, at point: Coordinate?) {
        writer.beginObject()
        writer.key("type")
        writer.string("Feature")
        writer.key("id")
        writer.string(id)
        writer.key("geometry")
        if let point { geometry(point) } else { writer.null() }
        writer.key("properties")
    }

    mutating func endFeature() { writer.endObject() }

    private mutating func geometry(_ point: Coordinate) {
        writer.beginObject()
        writer.key("type")
        writer.string("Point")
        writer.key("coordinates")
        writer.beginArray()
        writer.value { DecimalDegrees.write(point.longitude, to: &$0) }
        writer.value { DecimalDegrees.write(point.latitude, to: &$0) }
        writer.endArray()
        writer.endObject()
    }
}
