import Federation
import Foundation
import Reports

/// What a peer's file says of a folder in which files are exchanged.
package struct FileDropSettings: Sendable {
    /// What the addresses of the way begin with.
    package var base: String
    /// Folders below it: where our files go, where theirs lie, and where both are kept.
    package var out: String
    package var `in`: String
    package var archive: String
    package var format: Format
    /// The columns of our CSV, in their order.
    package var columns: [Column]
    package var table: Table
    /// How theirs is read.
    package var reading: Reading
    /// Whether a file `NAME.sha256` stands beside each file, ours and theirs.
    package var checksums: Bool
    /// Whether pictures go as files.
    package var sendsPictures: Bool

    /// How a file is written.
    package enum Format: String, Sendable, CaseIterable {
        case csv
        /// CSV with the columns of GeoReport Bulk.
        case bulk
        case xml, json
    }

    /// A column of our CSV.
    package struct Column: Sendable, Equatable {
        package var name: String
        package var field: Field

        package init(_ name: String, _ field: Field) {
            self.name = name
            self.field = field
        }
    }

    /// How a table is written and read.
    package struct Table: Sendable, Equatable {
        package var separator: Character
        package var decimal: Character
        package var encoding: String.Encoding
        package var byteOrderMark: Bool
        package var lineEnd: String

        package init(
            separator: Character = ",", decimal: Character = ".",
            encoding: String.Encoding = .utf8, byteOrderMark: Bool = false,
            lineEnd: String = "\r\n"
        ) {
            self.separator = separator
            self.decimal = decimal
            self.encoding = encoding
            self.byteOrderMark = byteOrderMark
            self.lineEnd = lineEnd
        }
    }

    /// How their files are read.
    package struct Reading: Sendable, Equatable {
        /// Their columns by what they mean.
        package var columns: [Meaning: String]
        /// Where times without a zone are meant.
        package var zone: TimeZone
        /// How their times are written, in the letters of Unicode TR 35; `nil` is ISO 8601.
        package var times: String?

        /// What a column of theirs may mean.
        package enum Meaning: String, Sendable, CaseIterable {
            case report, status, text, told, id, media
        }

        package init(
            columns: [Meaning: String] = [:], zone: TimeZone = .gmt, times: String? = nil
        ) {
            self.columns = columns
            self.zone = zone
            self.times = times
        }
    }

    package init(
        base: String = "folder:", out: String = "out", in folder: String = "in",
        archive: String = "archive", format: Format = .csv, columns: [Column] = Column.usual,
        table: Table = Table(), reading: Reading = Reading(), checksums: Bool = false,
        sendsPictures: Bool = false
    ) {
        self.base = base
        self.out = out
        self.in = folder
        self.archive = archive
        self.format = format
        self.columns = columns
        self.table = table
        self.reading = reading
        self.checksums = checksums
        self.sendsPictures = sendsPictures
    }
}

/// A thing that a message tells, as a column or member may hold it.
package enum Field: String, Sendable, CaseIterable {
    case kind, id, update = "update_id", service = "service_code"
    case serviceName = "service_name"
    case status, title, description, lat, long, address, addressID = "address_id", zipcode
    case told = "datetime", media = "media_url", url, email, firstName = "first_name"
    case lastName = "last_name", phone, answers, visibility
    /// Of an erasure: what is to be forgotten.
    case erased
}

extension FileDropSettings.Column {
    /// All fields, under their own names.
    package static let usual = Field.allCases.map {
        FileDropSettings.Column($0.rawValue, $0)
    }

    /// The columns of GeoReport Bulk (GR-19.2) that a message has something for.
    package static let bulk = [
        FileDropSettings.Column("service_request_id", .id),
        FileDropSettings.Column("requested_datetime", .told),
        FileDropSettings.Column("status_description", .status),
        FileDropSettings.Column("service_name", .serviceName),
        FileDropSettings.Column("service_code", .service),
        FileDropSettings.Column("description", .description),
        FileDropSettings.Column("address", .address),
        FileDropSettings.Column("lat", .lat),
        FileDropSettings.Column("long", .long),
        FileDropSettings.Column("media_url", .media),
    ]
}
