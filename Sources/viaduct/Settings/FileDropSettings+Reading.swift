import Federation
import FileDrop
import Foundation
import Ways

extension FileDropSettings {
    /// What a peer's file says of a folder: its path as `address`, the rest below `file_drop`
    /// (`Adapters/FileDrop/README.md`).
    @Sendable static func choice(_ entry: inout AdapterEntry) -> AdapterChoice? {
        guard let path = entry.address.text(&entry.findings) else { return nil }
        guard path.hasPrefix("/") else {
            entry.findings.add("needs the path of a folder, from the root", at: entry.address)
            return nil
        }
        let settings = settings(&entry)
        let way = FolderWay(path)
        return AdapterChoice(address: path, way: .own { way.wire() }, words: PeerWords()) { _ in
            FileDropAdapter(settings)
        }
    }

    private static func settings(_ entry: inout AdapterEntry) -> FileDropSettings {
        var settings = FileDropSettings()
        guard var own = entry.own else { return settings }
        defer { entry.own = own }
        settings.out = folder("out", &own, &entry.findings) ?? settings.out
        settings.in = folder("in", &own, &entry.findings) ?? settings.in
        settings.archive = folder("archive", &own, &entry.findings) ?? settings.archive
        settings.format =
            own.optional("format")?.choice(of: Format.allCases.map(\.rawValue), &entry.findings)
            .flatMap(Format.init) ?? settings.format
        settings.checksums =
            own.optional("checksums")?.flag(&entry.findings) ?? settings.checksums
        settings.sendsPictures =
            own.optional("pictures")?.choice(of: ["addresses", "files"], &entry.findings)
            == "files"
        if let columns = own.optional("columns")?.keys(&entry.findings) {
            settings.columns = columns.entries.compactMap { name, child in
                child.name(
                    Field.init,
                    "needs one of "
                        + Field.allCases.map(\.rawValue).joined(separator: ", "), &entry.findings
                ).map { Column(name, $0) }
            }
        }
        settings.table = table(&own, &entry.findings)
        settings.reading = reading(&own, &entry.findings)
        return settings
    }

    /// The name of a folder below the address.
    private static func folder(
        _ key: String, _ keys: inout Keys, _ findings: inout Findings
    ) -> String? {
        keys.optional(key)?.name(
            { text in
                let parts = text.split(separator: "/", omittingEmptySubsequences: false)
                return parts.allSatisfy { !$0.isEmpty && !$0.hasPrefix(".") } ? text : nil
            }, "needs the name of a folder below the address, without dots in front", &findings)
    }

    private static func table(_ own: inout Keys, _ findings: inout Findings) -> Table {
        var table = Table()
        table.separator =
            own.optional("separator")?.name(
                { $0 == "tab" ? "\t" : [",", ";", "|"].contains($0) ? $0.first : nil },
                "needs one of \",\", \";\", \"|\", tab", &findings) ?? table.separator
        table.decimal =
            own.optional("decimal")?.choice(of: [".", ","], &findings)?.first ?? table.decimal
        table.encoding =
            own.optional("encoding")?.name(
                { encodings[$0.lowercased()] },
                "needs one of " + encodings.keys.sorted().joined(separator: ", "), &findings)
            ?? table.encoding
        table.byteOrderMark =
            own.optional("byte_order_mark")?.flag(&findings) ?? table.byteOrderMark
        if own.optional("line_ends")?.choice(of: ["crlf", "lf"], &findings) == "lf" {
            table.lineEnd = "\n"
        }
        return table
    }

    private static let encodings: [String: String.Encoding] = [
        "utf-8": .utf8, "utf-16": .utf16, "iso-8859-1": .isoLatin1, "iso-8859-2": .isoLatin2,
        "windows-1250": .windowsCP1250, "windows-1251": .windowsCP1251,
        "windows-1252": .windowsCP1252,
    ]

    private static func reading(_ own: inout Keys, _ findings: inout Findings) -> Reading {
        let names = Reading.Meaning.allCases.map { ($0, $0.rawValue) }
        var reading = Reading(columns: Dictionary(uniqueKeysWithValues: names))
        guard var keys = own.optional("read")?.keys(&findings) else { return reading }
        if var columns = keys.optional("columns")?.keys(&findings) {
            for meaning in Reading.Meaning.allCases {
                guard let child = columns.optional(meaning.rawValue) else { continue }
                reading.columns[meaning] = child.text(&findings)
            }
            columns.finish(&findings)
        }
        reading.zone =
            keys.optional("zone")?.name(
                { TimeZone(identifier: $0) },
                "is no time zone; write one such as Europe/Berlin", &findings) ?? reading.zone
        reading.times = keys.optional("times")?.text(&findings)
        keys.finish(&findings)
        return reading
    }
}
