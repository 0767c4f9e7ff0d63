import Foundation
import GeoReport
import Reports

extension RequestImport {
    /// Takes a file in; CSV in the memory of one piece.
    func take(file path: String, now: Date) async throws {
        guard let handle = FileHandle(forReadingAtPath: path) else {
            throw CommandError(.noInput, "\(path) cannot be read; look at its name and rights.")
        }
        defer { try? handle.close() }
        let head = try handle.read(upToCount: 4096) ?? Data()
        guard ImportSource.file(path).format(of: head) == .csv else {
            let bytes = try ImportSource.read(path)
            let rows = try Reading.reports(
                bytes, as: ImportSource.file(path).format(of: head), limits: .file)
            return try await takeAll(Self.settled(rows, first: 1), now: now)
        }
        try await take(csv: handle, head: head, now: now)
    }

    private func take(csv handle: FileHandle, head: Data, now: Date) async throws {
        var reader = BulkReader()
        // The first row holds the names of the columns.
        var row = 2
        var chunk = head
        while !chunk.isEmpty {
            var rows: [Result<ReadReport, RowProblem>] = []
            reader.read(chunk) { rows.append($0) }
            try await take(Self.settled(rows, first: row), first: row, now: now)
            row += rows.count
            chunk = try handle.read(upToCount: 256 << 10) ?? Data()
        }
        var rest: [Result<ReadReport, RowProblem>] = []
        guard reader.finish({ rest.append($0) }) == .complete else {
            throw CommandError(
                .data,
                "This is no GeoReport file: the first row does not name service_request_id.")
        }
        try await take(rest, first: row, now: now)
    }

    /// Rows of which no two say different things of one report: the latest word counts, and the
    /// others are told as bad, so that taking all in again changes nothing.
    ///
    /// One id with two times of reporting is two reports (Specs/Decisions/0004).
    static func settled(
        _ rows: [Result<ReadReport, RowProblem>], first: Int
    ) -> [Result<ReadReport, RowProblem>] {
        struct Identity: Hashable {
            let id: String
            let requested: Date
        }
        var latest: [Identity: (index: Int, report: ReadReport)] = [:]
        var settled = rows
        for (index, row) in rows.enumerated() {
            guard case .success(let report) = row else { continue }
            let identity = Identity(id: report.id, requested: report.requested)
            guard let other = latest[identity] else {
                latest[identity] = (index, report)
                continue
            }
            guard other.report != report else { continue }
            let isLater =
                (report.updated ?? report.requested)
                > (other.report.updated ?? other.report.requested)
            let (loser, winner) = isLater ? (other.index, index) : (index, other.index)
            settled[loser] = .failure(
                RowProblem(
                    row: first + loser,
                    problem: "row \(first + winner) has the same service_request_id and counts"))
            if isLater { latest[identity] = (index, report) }
        }
        return settled
    }

    /// Takes rows in pieces, so that the progress moves.
    private func takeAll(_ rows: [Result<ReadReport, RowProblem>], now: Date) async throws {
        var first = 1
        var rest = rows[...]
        while !rest.isEmpty {
            let piece = rest.prefix(500)
            rest = rest.dropFirst(piece.count)
            try await take(Array(piece), first: first, of: rows.count, now: now)
            first += piece.count
        }
    }

    /// Takes a server's reports in, page by page, until a page is empty or repeats what was seen.
    func take(address: String, pageSize: Int, with fetcher: Fetcher, now: Date) async throws {
        let source = ImportSource.address(address)
        var seen: Set<String> = []
        var first = 1
        for page in 1...100_000 {
            let bytes = try await fetcher.get(
                Self.address(address, page: page, size: pageSize))
            let format = source.format(of: bytes)
            let rows = try Reading.reports(bytes, as: format, limits: .file)
            let ids = rows.compactMap { row in (try? row.get())?.id }
            let fresh = ids.filter { seen.insert($0).inserted }
            if rows.isEmpty || (page > 1 && fresh.isEmpty) { return }
            try await take(Self.settled(rows, first: first), first: first, now: now)
            first += rows.count
            // A file is no list of pages.
            if format == .csv { return }
        }
    }

    /// The address of a page, unless the operator names a page himself.
    static func address(_ address: String, page: Int, size: Int) -> String {
        let query = address.drop { $0 != "?" }.dropFirst().split(separator: "&")
        let names = Set(query.map { $0.prefix { $0 != "=" } })
        var added: [String] = []
        if !names.contains("page") { added.append("page=\(page)") }
        if names.isDisjoint(with: ["page_size", "per_page", "limit"]) {
            added.append("page_size=\(size)")
        }
        guard !added.isEmpty else { return address }
        let separator = query.isEmpty ? (address.hasSuffix("?") ? "" : "?") : "&"
        return address + separator + added.joined(separator: "&")
    }
}
