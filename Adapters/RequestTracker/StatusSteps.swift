import FoundationEssentials

/// What became of the status of each ticket where it changed more than once at a moment.
///
/// RT opens a closed ticket when something is said to it, our own words included, and who said it
/// may have said where it stands as well: only the last step is news, and none if it leads back.
enum StatusSteps {
    /// Steps that are no farther apart than this belong together.
    static let moment: TimeInterval = 3

    /// The rows in their order, with one step for those of a moment. A step that another may follow
    /// yet is left for the next reading.
    static func settled(_ rows: [TransactionDocument], now: Date) -> [TransactionDocument] {
        var settled: [TransactionDocument] = []
        var last: [String: Int] = [:]
        for row in rows.sorted(by: { ($0.number ?? 0) < ($1.number ?? 0) }) {
            guard row.type == "Status", let ticket = row.ticket?.text else {
                settled.append(row)
                continue
            }
            if let index = last[ticket], let joined = settled[index].joined(by: row) {
                settled[index] = joined
            } else {
                last[ticket] = settled.count
                settled.append(row)
            }
        }
        return settled.filter { $0.type != "Status" || $0.isSettled(now) && !$0.leadsBack }
    }
}

extension TransactionDocument {
    /// When it happened; RT tells it in UTC whatever the account's zone.
    var time: Date? {
        created.flatMap { try? Date($0, strategy: .iso8601) }
    }

    fileprivate var number: UInt64? { id.text.flatMap { UInt64($0) } }

    /// Whether it ends where it began.
    fileprivate var leadsBack: Bool {
        oldValue?.text?.lowercased() == newValue?.text?.lowercased()
    }

    fileprivate func isSettled(_ now: Date) -> Bool {
        time.map { now.timeIntervalSince($0) >= StatusSteps.moment } ?? true
    }

    /// Both steps as one; `nil` if there is a while between them.
    fileprivate func joined(by next: TransactionDocument) -> TransactionDocument? {
        guard let time, let then = next.time,
            abs(then.timeIntervalSince(time)) < StatusSteps.moment
        else { return nil }
        var joined = next
        joined.oldValue = oldValue
        return joined
    }
}
