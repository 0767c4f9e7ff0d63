/// A reader of what others wrote, and what must hold whatever it is given (H8).
///
/// Each target runs its reader on any bytes at all. What is refused is well; what traps, hangs or
/// comes to something that `demand` denies is a finding. libFuzzer's driver and the replay of the
/// kept corpora both call `run`.
package enum FuzzTarget: String, Sendable, CaseIterable {
    /// The head of a request with its address, query and fields: `GET /path?query`, then a field a
    /// line.
    case head
    /// The body of a POST as a form.
    case form
    /// The value of `Content-Type` in the first line, then a body with files.
    case multipart
    /// A POST as JSON, and what a peer answers in JSON.
    case json
    /// What a peer answers in XML.
    case xml
    /// GeoReport Bulk.
    case csv
    /// A picture as its sender wrote it.
    case picture
    /// The headers of a peer's signed message, one a line, then its body.
    case signature
    /// A cell of a row as PostgreSQL sends it: one byte chooses its type.
    case cells

    /// Runs the reader once; returns unless something is wrong.
    package func run(_ bytes: [UInt8]) {
        switch self {
        case .head: Heads.run(bytes)
        case .form: Calling.form(bytes)
        case .multipart: Calling.multipart(bytes)
        case .json: Documents.json(bytes)
        case .xml: Documents.xml(bytes)
        case .csv: Documents.csv(bytes)
        case .picture: Pictures.run(bytes)
        case .signature: Messages.run(bytes)
        case .cells: CellBytes.run(bytes)
        }
    }
}

/// Ends the process with the sentence that does not hold, which is what a fuzzer looks for.
func demand(_ holds: Bool, _ sentence: @autoclosure () -> String) {
    precondition(holds, sentence())
}

extension [UInt8] {
    /// The first lines without their breaks, and what stands behind them.
    func lines(_ count: Int) -> (lines: [String], rest: [UInt8]) {
        let parts = split(separator: 0x0A, maxSplits: count, omittingEmptySubsequences: false)
        let lines = parts.prefix(count).map { String(decoding: $0, as: UTF8.self) }
        return (lines, parts.count > count ? Array(parts[count]) : [])
    }
}
