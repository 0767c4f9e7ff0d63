import Federation
import Foundation
import Reports
import XML

/// Writes the fields of a message as a file; pure.
struct Writing {
    let settings: FileDropSettings

    /// A file, and what could not be said in it.
    struct File: Equatable {
        let bytes: [UInt8]
        var remark: String?
    }

    /// The ending of a file's name, without the dot.
    var ending: String {
        switch settings.format {
        case .csv, .bulk: "csv"
        case .xml: "xml"
        case .json: "json"
        }
    }

    /// How a number is written.
    var decimal: Character { settings.format == .csv ? settings.table.decimal : "." }

    func file(of fields: Fields) -> File {
        switch settings.format {
        case .csv: table(fields, settings.columns, settings.table)
        case .bulk: table(fields, FileDropSettings.Column.bulk, FileDropSettings.Table())
        case .xml: File(bytes: xml(fields))
        case .json: File(bytes: json(fields))
        }
    }

    private func table(
        _ fields: Fields, _ columns: [FileDropSettings.Column], _ table: FileDropSettings.Table
    ) -> File {
        let head = columns.map { cell($0.name, table) }
        let row = columns.map { cell(fields.values[$0.field] ?? "", table) }
        let lines = [head, row].map { $0.joined(separator: String(table.separator)) }
        let text = lines.map { $0 + table.lineEnd }.joined()
        return encoded(text, table)
    }

    /// A cell as RFC 4180 has it; one that a spreadsheet would run is guarded by an apostrophe.
    private func cell(_ text: String, _ table: FileDropSettings.Table) -> String {
        let isNumber = Double(text.replacing(table.decimal.description, with: ".")) != nil
        let isFormula = !isNumber && text.first.map { "=+-@\t\r".contains($0) } == true
        let guarded = isFormula ? "'" + text : text
        let isPlain = !guarded.contains {
            $0 == table.separator || $0 == "\"" || $0.isNewline
        }
        return isPlain ? guarded : "\"" + guarded.replacing("\"", with: "\"\"") + "\""
    }

    private func encoded(_ text: String, _ table: FileDropSettings.Table) -> File {
        let mark: [UInt8] =
            table.byteOrderMark && table.encoding == .utf8 ? [0xEF, 0xBB, 0xBF] : []
        if let data = text.data(using: table.encoding) { return File(bytes: mark + data) }
        // Rather a letter less than no report: the operator reads which encoding to change.
        var bytes = mark
        for character in text {
            bytes += Array(String(character).data(using: table.encoding) ?? Data("?".utf8))
        }
        return File(
            bytes: bytes, remark: "some letters do not exist in the file's encoding; they are ?")
    }

    private func xml(_ fields: Fields) -> [UInt8] {
        let names = Self.names(of: fields)
        var writer = XMLWriter()
        writer.open(names.root)
        writer.open(names.item)
        for field in Field.allCases where field != .kind {
            guard let text = fields.values[field] else { continue }
            if field == .media {
                for entry in fields.media { writer.leaf(Self.member(field), entry) }
            } else {
                writer.leaf(Self.member(field, isReport: fields.isReport), text)
            }
        }
        writer.close()
        writer.close()
        return writer.bytes
    }

    private func json(_ fields: Fields) -> [UInt8] {
        var members: [String: JSONMember] = [:]
        for (field, text) in fields.values where field != .kind {
            let name = "\(Self.member(field, isReport: fields.isReport))"
            members[name] = field == .media ? .list(fields.media) : .text(text)
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // Texts and lists of them are always writable.
        return (try? encoder.encode([members])).map { Array($0) } ?? []
    }

    private enum JSONMember: Encodable {
        case text(String)
        case list([String])

        func encode(to encoder: any Encoder) throws {
            var container = encoder.singleValueContainer()
            switch self {
            case .text(let text): try container.encode(text)
            case .list(let texts): try container.encode(texts)
            }
        }
    }

    private static func names(of fields: Fields) -> (root: StaticString, item: StaticString) {
        switch fields.values[.kind] {
        case "report": ("service_requests", "request")
        case "update": ("service_request_updates", "request_update")
        default: ("erasures", "erasure")
        }
    }

    /// The name of a member in XML and JSON: GeoReport's where it has one.
    private static func member(_ field: Field, isReport: Bool = true) -> StaticString {
        switch field {
        case .kind: "kind"
        case .id: "service_request_id"
        case .update: "update_id"
        case .service: "service_code"
        case .serviceName: "service_name"
        case .status: "status"
        case .title: "title"
        case .description: "description"
        case .lat: "lat"
        case .long: "long"
        case .address: "address"
        case .addressID: "address_id"
        case .zipcode: "zipcode"
        case .told: isReport ? "requested_datetime" : "updated_datetime"
        case .media: "media_url"
        case .url: "url"
        case .email: "email"
        case .firstName: "first_name"
        case .lastName: "last_name"
        case .phone: "phone"
        case .answers: "answers"
        case .visibility: "visibility"
        case .erased: "erased"
        }
    }
}

extension Fields {
    var isReport: Bool { values[.kind] == "report" }
}
