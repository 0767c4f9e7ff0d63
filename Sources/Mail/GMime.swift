import CGMime

/// GMime's own beginning, and what it hands out as bytes and texts.
enum GMime {
    private static let began: Void = g_mime_init()

    /// To be called before anything else of GMime.
    static func begin() { began }

    /// The bytes of an array that becomes ours; `nil` if there is none.
    static func bytes(_ array: UnsafeMutablePointer<GByteArray>?) -> [UInt8]? {
        guard let array else { return nil }
        defer { g_byte_array_unref(array) }
        guard let start = gm_bytes(array) else { return [] }
        return Array(UnsafeBufferPointer(start: start, count: gm_byte_count(array)))
    }

    /// A text that stays GMime's.
    static func text(_ text: UnsafePointer<CChar>?) -> String? {
        text.map { String(cString: $0) }
    }

    /// A text that becomes ours.
    static func text(owning text: UnsafeMutablePointer<CChar>?) -> String? {
        guard let text else { return nil }
        defer { g_free(text) }
        return String(cString: text)
    }
}

/// An object of GMime's with one reference to it: a class, because it owns a C pointer.
final class GMimeObject {
    let pointer: UnsafeMutableRawPointer

    /// An object whose only reference becomes ours. GLib ends the program where memory ends, so
    /// there is one.
    init(owning pointer: UnsafeMutableRawPointer) {
        self.pointer = pointer
    }

    /// The same for what may not be there.
    init?(found pointer: UnsafeMutableRawPointer?) {
        guard let pointer else { return nil }
        self.pointer = pointer
    }

    deinit {
        gm_unref(pointer)
    }
}
