import Foundation
import GeoReport

/// Where the specifications are.
enum Folder {
    static let root = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().path
    static let specs = root + "/Specs"
    static let fixture = specs + "/GeoReport/Fixture"
}

/// The reports of the fixture, with their times relative to now, as `history.py` writes them.
enum History {
    /// All reports of a jurisdiction's template.
    static func bytes(of slug: String, now: Date) throws -> [UInt8] {
        let file = URL(filePath: Folder.fixture + "/requests/\(slug).json")
        let template = try JSONReader.parse(Array(Data(contentsOf: file)))
        var writer = JSONWriter()
        writer.beginArray()
        for item in template.elements ?? [] {
            let times = item.whole("repeat") ?? 1
            let step = item.whole("every_minutes") ?? 0
            for index in 0..<times {
                let then = now.addingTimeInterval(-Double(60 * step * index))
                write(item, number: index + 1, now: then, to: &writer)
            }
        }
        writer.endArray()
        return writer.take()
    }

    private static func write(
        _ item: JSONValue, number: Int, now: Date, to writer: inout JSONWriter
    ) {
        writer.beginObject()
        for member in item.members ?? [] where !["repeat", "every_minutes"].contains(member.key) {
            writer.key(member.key)
            switch member.value {
            case .string(let text): writer.string(filled(text, now: now, number: number))
            default: writer.value(member.value)
            }
        }
        writer.endObject()
    }

    /// The text with `{now-91d}` and `{number}` filled in.
    private static func filled(_ text: String, now: Date, number: Int) -> String {
        let digits = String(number)
        let padded = String(repeating: "0", count: max(0, 4 - digits.count)) + digits
        let timed = text.replacing(#/\{now-(\d+)([dhm])\}/#) { match in
            let unit: [Substring: Double] = ["d": 86400, "h": 3600, "m": 60]
            let seconds = (Double(match.output.1) ?? 0) * (unit[match.output.2] ?? 0)
            return DateTime.text(now.addingTimeInterval(-seconds))
        }
        return timed.replacing("{number}", with: padded)
    }
}

extension JSONValue {
    fileprivate func whole(_ key: String) -> Int? {
        guard case .number(let text) = self[key] else { return nil }
        return Int(text)
    }
}
