import Foundation

/// A text that must not be seen: it prints as `•••`.
package struct Secret: Sendable, Equatable, CustomStringConvertible, CustomDebugStringConvertible {
    /// The text itself; only for whoever needs it to connect.
    package let value: String

    package init(_ value: String) {
        self.value = value
    }

    package var description: String { "•••" }
    package var debugDescription: String { "•••" }

    /// Why a file holds no secret that may be used.
    package enum FileError: Error, Equatable {
        case unreadable
        /// Others than the owner may read it (A12).
        case open(mode: Int)
        case empty
    }

    /// The first line of a file that only its owner may read (A12).
    package init(contentsOf path: String) throws(FileError) {
        guard let attributes = try? FileManager.default.attributesOfItem(atPath: path),
            let bytes = FileManager.default.contents(atPath: path), bytes.count <= 65_536
        else { throw .unreadable }
        let mode = (attributes[.posixPermissions] as? NSNumber)?.intValue ?? 0
        guard mode & 0o077 == 0 else { throw .open(mode: mode) }
        let text = String(decoding: bytes, as: UTF8.self)
        let line = text.prefix { !$0.isNewline }.trimmingCharacters(in: .whitespaces)
        guard !line.isEmpty else { throw .empty }
        value = line
    }
}
