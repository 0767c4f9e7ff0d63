import Foundation
import Reports
import Yams

/// The text of a jurisdiction's file, in which services are replaced and all else stays: other
/// keys, comments, blank lines, and the services that nobody touches.
struct JurisdictionText {
    /// Everything before the first service, up to the line `services:`.
    private let head: String
    /// The services as they are written, each with the comments before it.
    private let items: [(code: String, text: String)]
    /// Everything behind the services.
    private let tail: String

    /// Cuts a file's text, or `nil` if `services:` is no list of `- ` lines.
    init?(_ text: String) {
        guard let root = try? Yams.compose(yaml: text)?.mapping else { return nil }
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map {
            String($0) + "\n"
        }
        let keys = Array(root)
        guard let place = keys.firstIndex(where: { $0.key.string == "services" }),
            let first = keys[place].key.mark?.line, let sequence = keys[place].value.sequence,
            sequence.style != .flow || sequence.isEmpty
        else { return nil }
        let next = place + 1 < keys.count ? keys[place + 1].key.mark?.line : nil
        var end = next.map { $0 - 1 } ?? lines.count
        // What is written right above the next key belongs to that key.
        if next != nil { end = Self.skipBack(lines, from: end, to: first) }
        var starts: [(code: String, line: Int)] = []
        for node in sequence {
            guard let line = node.mark?.line, let code = node.mapping?["code"]?.string,
                let dash = (first..<line).last(where: { Self.isDash(lines[$0]) })
            else { return nil }
            starts.append((code, Self.skipBack(lines, from: dash, to: first)))
        }
        head =
            sequence.isEmpty
            ? lines[..<(first - 1)].joined() + "services:\n" : lines[..<first].joined()
        items = starts.indices.map { index in
            let stop = index + 1 < starts.count ? starts[index + 1].line : end
            return (
                starts[index].code,
                lines[starts[index].line..<max(stop, starts[index].line)].joined()
            )
        }
        tail = lines[end...].joined()
    }

    /// What happens to `*name` in services that nobody touches.
    enum Aliases {
        case kept
        /// What they stand for is written out, because where it stood has been replaced.
        case resolved
    }

    /// The text with these services in place of the held ones of the same code; the others stay as
    /// they are.
    func replacing(
        _ services: [Service], held: [Service], languages: [Language], aliases: Aliases
    ) -> String {
        let yaml = ServiceYAML(languages: languages)
        var rest = services
        var text = head
        let lost = lostAnchors(services, held)
        for (code, old) in items {
            let known = held.first { $0.code.rawValue == code }
            let index = rest.firstIndex { $0.code.rawValue == code }
            guard let service = index.map({ rest.remove(at: $0) }) ?? known else {
                text += old
                continue
            }
            let pointsNowhere = lost.contains { old.contains("*" + $0) }
            let stays = service == known && (aliases == .kept || !pointsNowhere)
            text += stays ? old : Self.comments(of: old) + yaml.item(service)
        }
        for service in rest {
            if !text.hasSuffix("\n") { text += "\n" }
            text += yaml.item(service)
        }
        let end = tail.hasSuffix("\n\n") ? String(tail.dropLast()) : tail
        return (text + end).trimmingCharacters(in: .newlines) + "\n"
    }

    /// The names that services about to be replaced give to values of theirs.
    private func lostAnchors(_ services: [Service], _ held: [Service]) -> Set<Substring> {
        let changed = services.filter { !held.contains($0) }.map(\.code.rawValue)
        let texts = items.filter { changed.contains($0.code) }.map(\.text)
        let words = texts.flatMap { $0.split(whereSeparator: { " \n{[,".contains($0) }) }
        return Set(words.filter { $0.hasPrefix("&") && $0.count > 1 }.map { $0.dropFirst() })
    }

    /// The lines before a service's own that are comments or blank.
    private static func comments(of item: String) -> String {
        let lines = item.split(separator: "\n", omittingEmptySubsequences: false).map {
            String($0) + "\n"
        }
        return lines.prefix { isRemark($0) }.joined()
    }

    private static func isDash(_ line: String) -> Bool {
        let content = line.drop { $0 == " " }
        return content == "-\n" || content.hasPrefix("- ")
    }

    private static func isRemark(_ line: String) -> Bool {
        let content = line.trimmingCharacters(in: .whitespacesAndNewlines)
        return content.isEmpty || content.hasPrefix("#")
    }

    /// The first of the comments and blank lines right above a line (from 0).
    private static func skipBack(_ lines: [String], from line: Int, to bound: Int) -> Int {
        var start = line
        while start > bound, isRemark(lines[start - 1]) { start -= 1 }
        return start
    }
}
