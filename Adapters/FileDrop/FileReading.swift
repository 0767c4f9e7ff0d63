import Federation
import Foundation
import GeoReport
import Reports

/// Reads a file of the other side; pure. A row that cannot be read costs the others nothing.
struct FileReading {
    let settings: FileDropSettings
    /// When the file was written: what tells no time of its own was told then.
    let modified: Date

    struct Read: Equatable {
        var items: [Incoming] = []
        var unreadable: [String] = []
    }

    func items(in bytes: [UInt8]) -> Read {
        switch settings.format {
        case .csv: rows(in: bytes)
        case .bulk, .xml, .json: documents(in: bytes)
        }
    }

    /// GeoReport's own documents: updates, or reports with their status.
    private func documents(in bytes: [UInt8]) -> Read {
        var read = Read()
        do throws(ReadingError) {
            switch settings.format {
            case .bulk:
                for row in try Reading.bulk(bytes) { read.add(row.map { .report($0.incoming) }) }
            case .json, .xml, .csv:
                let format: Format = settings.format == .json ? .json : .xml
                for row in try Reading.updates(bytes, as: format) {
                    read.add(row.map { .update($0.incoming) })
                }
            }
        } catch {
            read.unreadable.append("the file cannot be read: \(error)")
        }
        return read
    }

    private func rows(in bytes: [UInt8]) -> Read {
        var read = Read()
        guard let text = decoded(bytes) else {
            read.unreadable.append("the file is not in the encoding that the settings name")
            return read
        }
        var records: [CSVReader.Record] = []
        var reader = CSVReader()
        reader.separator = settings.table.separator.asciiValue ?? UInt8(ascii: ",")
        for byte in text.utf8 {
            if let record = reader.add(byte) { records.append(record) }
        }
        if let record = reader.finish() { records.append(record) }
        guard let head = records.first.map({ $0.cells.map(Self.text) }) else { return read }
        let columns = settings.reading.columns.compactMapValues { name in
            head.firstIndex { $0.caseInsensitiveCompare(name) == .orderedSame }
        }
        guard columns[.report] != nil else {
            let name = settings.reading.columns[.report] ?? "report"
            read.unreadable.append("the file has no column \(name)")
            return read
        }
        for (index, record) in records.dropFirst().enumerated() {
            let cells = record.cells.map(Self.text)
            if let update = update(in: cells, columns) {
                read.items.append(.update(update))
            } else {
                read.unreadable.append("row \(index + 2) names no report, or no time that there is")
            }
        }
        return read
    }

    private func update(
        in cells: [String], _ columns: [FileDropSettings.Reading.Meaning: Int]
    ) -> IncomingUpdate? {
        func cell(_ meaning: FileDropSettings.Reading.Meaning) -> String? {
            guard let index = columns[meaning], index < cells.count else { return nil }
            let text = cells[index].trimmingCharacters(in: .whitespaces)
            return text.isEmpty ? nil : text
        }
        guard let report = cell(.report) else { return nil }
        let said = cell(.told)
        guard let told = said.map(time) ?? modified else { return nil }
        let (status, text) = (cell(.status), cell(.text))
        let content = [report, status ?? "", text ?? "", said ?? ""].joined(separator: "\u{1F}")
        let id = cell(.id) ?? String(FileDropAdapter.digest(Array(content.utf8)).prefix(24))
        let media = (cell(.media) ?? "").split(separator: " ").map { entry in
            entry.hasPrefix("http://") || entry.hasPrefix("https://")
                ? String(entry) : PeerPicture.named(String(entry))
        }
        return IncomingUpdate(
            id: id, report: report, status: status, description: text, media: media, told: told)
    }

    private func time(_ text: String) -> Date? {
        guard let pattern = settings.reading.times else {
            return ServerZone(zone: settings.reading.zone).time(text)
        }
        let formatter = DateFormatter()
        formatter.locale = Locale(identifier: "en_US_POSIX")
        formatter.timeZone = settings.reading.zone
        formatter.isLenient = false
        formatter.dateFormat = pattern
        return formatter.date(from: text)
    }

    /// The text, whatever mark stands at its beginning.
    private func decoded(_ bytes: [UInt8]) -> String? {
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) {
            return String(validating: bytes.dropFirst(3), as: UTF8.self)
        }
        if bytes.starts(with: [0xFF, 0xFE]) || bytes.starts(with: [0xFE, 0xFF]) {
            return String(data: Data(bytes), encoding: .utf16)
        }
        if settings.table.encoding == .utf8 { return String(validating: bytes, as: UTF8.self) }
        return String(data: Data(bytes), encoding: settings.table.encoding)
    }

    private static func text(_ cell: [UInt8]) -> String { String(decoding: cell, as: UTF8.self) }
}

extension FileReading.Read {
    mutating func add(_ row: Result<Incoming, RowProblem>) {
        switch row {
        case .success(let incoming): items.append(incoming)
        case .failure(let problem): unreadable.append("row \(problem.row): \(problem.problem)")
        }
    }
}

extension ReadUpdate {
    fileprivate var incoming: IncomingUpdate {
        IncomingUpdate(
            id: id, report: report, status: word, description: description, media: media,
            told: updated, externalStatus: externalStatus, customerReference: customerReference)
    }
}

extension ReadReport {
    /// The state that a row of GeoReport Bulk shows.
    fileprivate var incoming: IncomingReport {
        IncomingReport(
            id: id, status: detail?.rawValue ?? status.rawValue, statusNotes: statusNotes,
            service: serviceCode, serviceName: serviceName, description: description,
            agency: agency, requested: requested, updated: updated ?? requested)
    }
}
