import Federation
import FoundationEssentials
import Reports

/// Reads the files that the other side leaves, one after another, each once it is whole.
extension FileDropAdapter {
    package func collect(
        after cursor: Cursor?, over wire: Wire
    ) async throws(PeerError) -> Page {
        let folder = Folder(wire: wire, base: settings.base)
        var place = ReadingPlace(cursor)
        // What it held is kept by now.
        if let taken = place.taken { try await archive(taken, folder) }
        place.taken = nil
        var unreadable: [String] = []
        let listed = try await folder.files(settings.in)
        var waiting: [String: String] = [:]
        for file in listed where isReadable(file.name) {
            guard let bytes = try await whole(file, among: listed, place, folder) else {
                waiting[ReadingPlace.key(file.name)] = ReadingPlace.state(of: file)
                continue
            }
            guard let bytes = bytes.value else {
                unreadable.append("the checksum of \(file.name) does not fit")
                continue
            }
            let read = reading(of: file).items(in: bytes)
            place.taken = file.name
            return Page(
                items: read.items, unreadable: unreadable + read.unreadable, next: place.cursor,
                isLast: false)
        }
        place.see(waiting)
        return Page(items: [], unreadable: unreadable, next: place.cursor, isLast: true)
    }

    /// Whether a file is one that tells something, by its name.
    private func isReadable(_ name: String) -> Bool {
        let ending = name.split(separator: ".").last?.lowercased() ?? ""
        return ending == Writing(settings: settings).ending && name.utf8.count <= 200
    }

    private struct Whole {
        /// `nil` if the checksum says something else.
        let value: [UInt8]?
    }

    /// The bytes of a file that is complete: its checksum is there, or it is as it was when it was
    /// seen before; `nil` if it may still be written.
    private func whole(
        _ file: Folder.File, among listed: [Folder.File], _ place: ReadingPlace, _ folder: Folder
    ) async throws(PeerError) -> Whole? {
        let sum = file.name + Self.checksum
        if settings.checksums {
            guard listed.contains(where: { $0.name == sum }),
                let line = try await folder.bytes(settings.in, sum)
            else { return nil }
            guard let bytes = try await folder.bytes(settings.in, file.name) else { return nil }
            let digest = String(decoding: line, as: UTF8.self).prefix { !$0.isWhitespace }
            return Whole(value: digest.lowercased() == Self.digest(bytes) ? bytes : nil)
        }
        guard place.hasSeen(file), let bytes = try await folder.bytes(settings.in, file.name),
            bytes.count == file.bytes
        else { return nil }
        return Whole(value: bytes)
    }

    /// Moves a file out of the way, with its checksum.
    private func archive(_ name: String, _ folder: Folder) async throws(PeerError) {
        for name in settings.checksums ? [name, name + Self.checksum] : [name] {
            guard try await folder.has(settings.in, name) else { continue }
            // One of the same name may lie there from another day.
            var target = "in-\(name)"
            if try await folder.has(settings.archive, target) {
                let bytes = try await folder.bytes(settings.in, name) ?? []
                target = "in-\(Self.digest(bytes).prefix(12))-\(name)"
            }
            try await folder.move(settings.in, name, to: settings.archive, target)
        }
    }

    private func reading(of file: Folder.File) -> FileReading {
        FileReading(
            settings: settings,
            modified: Date(timeIntervalSince1970: Double(file.modified) / 1_000_000_000))
    }
}

/// How far the other side's files have been read.
struct ReadingPlace: Codable, Equatable {
    /// The file that was read last, and is yet to be archived.
    var taken: String?
    /// How files looked that may still have been written, by a digest of their names.
    private var seen: [String: String] = [:]

    private enum CodingKeys: String, CodingKey {
        case taken = "t", seen = "s"
    }

    /// The place of a cursor, or the beginning if it means nothing to us.
    init(_ cursor: Cursor?) {
        guard let cursor,
            let place = try? JSONDecoder().decode(Self.self, from: Data(cursor.text.utf8))
        else { return }
        self = place
    }

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        taken = try container.decodeIfPresent(String.self, forKey: .taken)
        seen = try container.decodeIfPresent([String: String].self, forKey: .seen) ?? [:]
    }

    var cursor: Cursor {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        let bytes = (try? encoder.encode(self)) ?? Data()
        return Cursor(text: String(decoding: bytes, as: UTF8.self))
    }

    /// Whether a file is as it was when it was seen before.
    func hasSeen(_ file: Folder.File) -> Bool {
        seen[Self.key(file.name)] == Self.state(of: file)
    }

    /// Remembers how files look; of many, some at a time, so that the cursor stays short.
    mutating func see(_ files: [String: String]) {
        let first = files.sorted { $0.key < $1.key }.prefix(16)
        seen = Dictionary(uniqueKeysWithValues: first.map { ($0.key, $0.value) })
    }

    static func key(_ name: String) -> String {
        String(FileDropAdapter.digest(Array(name.utf8)).prefix(8))
    }

    static func state(of file: Folder.File) -> String { "\(file.bytes) \(file.modified)" }
}
