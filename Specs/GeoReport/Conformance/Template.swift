import FoundationEssentials
import GeoReport
import Reports

/// The values of a vector's placeholders while it runs.
struct Variables {
    private var values: [String: String]
    /// Lists and documents saved by earlier exchanges.
    private(set) var saved: [String: Tree] = [:]
    private let now: Date

    /// Why a text cannot be filled in: the placeholder that nothing is known for.
    struct Unknown: Error, Equatable {
        let name: String
    }

    init(_ values: [String: String], now: Date) {
        self.values = values
        self.now = now
    }

    mutating func set(_ name: String, to value: String) {
        values[name] = value
    }

    /// Keeps a value for later exchanges, as a placeholder too if it is a text.
    mutating func save(_ name: String, _ value: Tree) {
        saved[name] = value
        if let text = value.text { values[name] = text }
    }

    /// How values enter a text.
    enum Place {
        /// Percent-encoded, like everything else that no address may hold.
        case address
        case plain
    }

    /// The text with its placeholders filled in: `{name}`, `{!name}` (never encoded),
    /// `{now-91d}`, `{day-3d}` (a date only), `{ж*4000}`.
    func fill(_ text: String, as place: Place) throws(Unknown) -> String {
        var filled = ""
        var rest = Substring(text)
        while let match = rest.firstMatch(
            of: #/\{(!?[a-z][a-z0-9-]*|(?:\D)\*\d+)([+-]\d+[dhms])?\}/#)
        {
            filled += Self.encoded(String(rest[..<match.range.lowerBound]), place)
            var name = String(match.output.1)
            var offset = match.output.2.map(String.init)
            if offset == nil, let split = Self.offset(in: name) { (name, offset) = split }
            let isRaw = name.hasPrefix("!") || Self.raw.contains(name)
            let value = try value(of: name.hasPrefix("!") ? String(name.dropFirst()) : name, offset)
            filled += place == .plain || isRaw ? value : Self.percentEncoded(value)
            rest = rest[match.range.upperBound...]
        }
        return filled + Self.encoded(String(rest), place)
    }

    /// Addresses and parts of them, which stand in requests as they are.
    private static let raw: Set<String> = ["base", "one", "root", "discovery", "f", "j", "type"]

    /// `now-91d` looks like one name.
    private static func offset(in name: String) -> (String, String?)? {
        guard let match = name.wholeMatch(of: #/(now|day)(-\d+[dhms])/#) else { return nil }
        return (String(match.output.1), String(match.output.2))
    }

    private func value(of name: String, _ offset: String?) throws(Unknown) -> String {
        if name == "now" || name == "day" {
            let moment = now.addingTimeInterval(Self.seconds(offset))
            let text = DateTime.text(moment)
            return name == "now" ? text : String(text.prefix(10))
        }
        if let match = name.wholeMatch(of: #/(\D)\*(\d+)/#), let count = Int(match.output.2) {
            return String(repeating: String(match.output.1), count: count)
        }
        guard let value = values[name], !value.isEmpty || name == "j" else {
            throw Unknown(name: name)
        }
        return value
    }

    private static func seconds(_ offset: String?) -> Double {
        guard let offset, let unit = offset.last, let count = Double(offset.dropLast()) else {
            return 0
        }
        let length: [Character: Double] = ["d": 86400, "h": 3600, "m": 60, "s": 1]
        return count * (length[unit] ?? 0)
    }

    private static func encoded(_ text: String, _ place: Place) -> String {
        guard place == .address else { return text }
        return encoded(text) { $0 > 0x20 && $0 < 0x7F }
    }

    static func percentEncoded(_ text: String) -> String {
        let allowed = Set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~".utf8)
        return encoded(text, allowed.contains)
    }

    private static func encoded(_ text: String, _ isAllowed: (UInt8) -> Bool) -> String {
        var bytes: [UInt8] = []
        let digits = Array("0123456789ABCDEF".utf8)
        for byte in text.utf8 {
            if isAllowed(byte) {
                bytes.append(byte)
            } else {
                bytes += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
