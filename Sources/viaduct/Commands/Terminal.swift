import Foundation

/// What the commands say: results on the output, everything else on the error output.
enum Terminal {
    /// Whether somebody watches the error output.
    static var isWatched: Bool { isatty(STDERR_FILENO) == 1 }

    /// A line of a result.
    static func print(_ line: String) {
        write(line + "\n", to: .standardOutput)
    }

    /// A line that is no result.
    static func note(_ line: String) {
        write(line + "\n", to: .standardError)
    }

    /// What went wrong; a single sentence stands behind the program's name.
    static func complain(_ text: String) {
        note(text.contains("\n") ? text : "viaduct: " + text)
    }

    static func write(_ text: String, to handle: FileHandle) {
        // Nobody can be told that the output is closed.
        try? handle.write(contentsOf: Data(text.utf8))
    }

    /// Rows under their heads, as wide as the widest cell of each column.
    static func table(_ head: [String], _ rows: [[String]]) -> String {
        let widths = head.indices.map { column in
            ([head] + rows).map { $0[column].count }.max() ?? 0
        }
        return ([head] + rows).map { row in
            zip(row, widths).map { $0.padding(toLength: $1, withPad: " ", startingAt: 0) }
                .joined(separator: "  ").trimmingCharacters(in: .whitespaces)
        }.joined(separator: "\n")
    }
}

/// How far a long work is: a bar for people who watch, a line now and then for logs.
///
/// An actor, because reading and writing may report at the same time.
actor Progress {
    private let title: String
    private let isWatched: Bool
    private var total: Int?
    private var done = 0
    private var shown = ContinuousClock.now
    private var isShown = false

    /// A progress towards a total that may be unknown.
    init(_ title: String, total: Int? = nil, isWatched: Bool = Terminal.isWatched) {
        self.title = title
        self.total = total
        self.isWatched = isWatched
    }

    /// Adds to what is done, and shows it if the last time is long enough ago.
    func advance(by count: Int, of newTotal: Int? = nil) {
        done += count
        if let newTotal { total = newTotal }
        let now = ContinuousClock.now
        guard shown.duration(to: now) >= (isWatched ? .milliseconds(100) : .seconds(5)) else {
            return
        }
        shown = now
        show()
    }

    /// Takes the bar away, so that other lines can be written.
    func finish() {
        if isShown, isWatched { Terminal.write("\r\u{1B}[K", to: .standardError) }
        isShown = false
    }

    private func show() {
        isShown = true
        if isWatched {
            Terminal.write("\r\u{1B}[K" + Self.bar(title, done, of: total), to: .standardError)
        } else {
            Terminal.note(Self.line(title, done, of: total))
        }
    }

    /// `Importing  [######--------------]  31 %  620 of 2000`.
    static func bar(_ title: String, _ done: Int, of total: Int?) -> String {
        guard let total, total > 0 else { return "\(title)  \(done)" }
        let filled = min(20, done * 20 / total)
        let bar = String(repeating: "#", count: filled) + String(repeating: "-", count: 20 - filled)
        return "\(title)  [\(bar)]  \(min(100, done * 100 / total)) %  \(done) of \(total)"
    }

    /// `Importing: 620 of 2000`.
    static func line(_ title: String, _ done: Int, of total: Int?) -> String {
        "\(title): \(done)" + (total.map { " of \($0)" } ?? "")
    }
}
