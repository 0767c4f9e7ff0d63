import Federation
import Foundation
import Reports
import Synchronization

/// A server with updates, in the process and with a clock of its own: it lists by its own times, late,
/// in pages or cut off, and with a time on the wall if it likes.
final class FakePeer: Sendable {
    struct Entry {
        let id: Int
        let report: Int
        /// When it happened, by our clock.
        let time: Date
        /// From when it is listed.
        let listed: Date
    }

    struct Manners {
        /// How far its clock is ahead of ours.
        var lead: TimeInterval = 0
        /// Whether its answers have a `Date`.
        var tellsDate = true
        var limit = 50
        var paging = ReadingWindow.Paging.none
        /// What its clock on the wall is ahead of UTC at a time; `nil` if it writes UTC.
        var wall: (@Sendable (Date) -> TimeInterval)?
        /// When its clock is set, and by how much it is ahead from then on.
        var isSet: (Date, TimeInterval)?

        /// The peer's clock at a time of ours.
        func clock(_ time: Date) -> Date {
            if let (moment, newLead) = isSet, time >= moment {
                return time.addingTimeInterval(newLead)
            }
            return time.addingTimeInterval(lead)
        }

        /// What it writes for a time of its clock, read as if it were UTC.
        func stamp(_ time: Date) -> Date {
            let time = clock(time)
            return time.addingTimeInterval(wall?(time) ?? 0)
        }
    }

    private struct Row {
        let entry: Entry
        /// What the server writes for its time.
        let stamp: Date
    }

    private let manners: Manners
    /// From old to new, by what is written.
    private let rows: [Row]
    private let polling: Peer.Polling
    private let calls = Mutex(0)

    init(_ entries: [Entry], _ manners: Manners, polling: Peer.Polling) {
        rows = entries.map { Row(entry: $0, stamp: manners.stamp($0.time)) }
            .sorted { ($0.stamp, $0.entry.id) < ($1.stamp, $1.entry.id) }
        self.manners = manners
        self.polling = polling
    }

    /// How often it was asked.
    var asked: Int { calls.withLock { $0 } }

    /// How an adapter reads the stamp: by the rules of the wall's zone, of two moments the first.
    private func read(_ stamp: Date) -> Date {
        guard let wall = manners.wall else { return stamp }
        let offsets = [wall(stamp.addingTimeInterval(-7200)), wall(stamp.addingTimeInterval(7200))]
        let times = offsets.map { stamp.addingTimeInterval(-$0) }
            .filter { $0.addingTimeInterval(wall($0)) == stamp }
        return times.min() ?? stamp.addingTimeInterval(-offsets[0])
    }

    /// What an adapter does: asks for the window, and makes a page of the answer.
    func collect(after cursor: Cursor?, now: Date) -> Page {
        calls.withLock { $0 += 1 }
        let window = ReadingWindow(
            after: cursor, polling: polling, stamps: manners.wall == nil ? .zoned : .local,
            now: now)
        // The server compares what it wrote with what the window says on its wall.
        func wall(_ time: Date) -> Date {
            time.addingTimeInterval(manners.wall?(time) ?? 0)
        }
        let (first, last) = (wall(window.from), window.to.map(wall))
        let rows = Array(
            rows.dropFirst(count(before: first)).prefix { row in
                last.map { row.stamp <= $0 } ?? true
            }
            .reversed().lazy.filter { $0.entry.listed <= now }
            .dropFirst((window.number - 1) * manners.limit).prefix(manners.limit))
        let reply = Wire.Reply(
            status: 200,
            headers: manners.tellsDate ? [.init("Date", Self.date(manners.clock(now)))] : [])
        let clock = PeerClock(reply, received: now)
        return window.page(
            of: rows.reversed().map { row in
                .update(
                    IncomingUpdate(
                        id: "\(row.entry.id)", report: "\(row.entry.report)",
                        description: "\(row.entry.id)", told: clock.ours(read(row.stamp))))
            },
            count: rows.count, newest: rows.map { read($0.stamp) }.max(),
            limit: manners.limit, paging: manners.paging, clock: clock)
    }

    /// How many rows are older.
    private func count(before stamp: Date) -> Int {
        var (low, high) = (0, rows.count)
        while low < high {
            let middle = (low + high) / 2
            if rows[middle].stamp < stamp { low = middle + 1 } else { high = middle }
        }
        return low
    }

    private static func date(_ time: Date) -> String {
        let days = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
        let months = [
            "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
        ]
        let text = Date(timeIntervalSince1970: time.timeIntervalSince1970.rounded(.down))
            .formatted(.iso8601)
        let parts = text.split { !$0.isNumber }
        let day = Int((time.timeIntervalSince1970 / 86_400).rounded(.down))
        let month = months[(Int(parts[1]) ?? 1) - 1]
        return "\(days[(day % 7 + 7) % 7]), \(parts[2]) \(month) \(parts[0]) "
            + "\(parts[3]):\(parts[4]):\(parts[5]) GMT"
    }
}
