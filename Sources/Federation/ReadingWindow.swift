import FoundationEssentials

/// Which part of what a peer lists is asked for next: by the peer's own times, with an overlap, in
/// smaller parts where an answer was cut off (D12).
///
/// For adapters that read by date. One asks for `from` to `to`, and `page` says what follows. All
/// times are the peer's: how far it was read is told by the newest time that it showed, and never by
/// our clock. Parts follow each other from old to new and are closed but for the last one, so that
/// what changes meanwhile moves into a part that is yet to be read.
package struct ReadingWindow: Sendable, Equatable {
    /// The first moment, inclusive, in whole seconds.
    package private(set) var from: Date
    /// The last moment, inclusive; `nil` leaves the end open, so that clocks which are ahead hide
    /// nothing.
    package private(set) var to: Date?
    /// The page to ask for, from 1; more than one only of peers with pages, and only where a second
    /// holds more than a page.
    package private(set) var number: Int
    /// The newest time that the peer has shown.
    private var newest: Date?
    /// The peer's clock when the reading began: what is committed from then on is read next time,
    /// however long this reading takes.
    private var begun: Date?

    /// How a peer writes its times.
    package enum Stamps: Sendable {
        /// With a zone, or always in one that has no summer time.
        case zoned
        /// By the clock on the wall, which in autumn shows one hour twice.
        case local
    }

    /// What a peer can do with an answer that would be too long.
    package enum Paging: Sendable {
        /// It is cut off.
        case none
        /// The rest stands on further pages.
        case numbered
    }

    /// Where to read on after this cursor; after none, or one that means nothing to us, as far back
    /// as the sweep goes. `now` is our own time.
    package init(
        after cursor: Cursor?, polling: Peer.Polling, stamps: Stamps = .zoned, now: Date
    ) {
        if let cursor, let window = ReadingWindow(text: cursor.text) {
            self = window
            return
        }
        var overlap = polling.overlap
        if stamps == .local { overlap += .seconds(3600) }
        let high = cursor.flatMap { Self.finished($0.text) }
        let back = high == nil ? polling.sweep ?? Self.farthest : overlap
        from = (high ?? now).addingTimeInterval(-(back / .seconds(1))).roundedDown
        to = nil
        number = 1
        newest = high
        begun = nil
    }

    /// How far back the first reading of a peer goes that is never swept.
    private static let farthest = Duration.seconds(90 * 86_400)
}

extension ReadingWindow {
    /// The page of an answer: its items, and the cursor of what follows.
    ///
    /// `count` is how many rows the answer had, usable or not, of at most `limit`; `newest` the
    /// latest of the times by which the peer chose them. An answer that was cut off is not used but
    /// asked for in halves, down to one second. If there are more in one second than the peer will
    /// show, that is told as unreadable.
    package func page(
        of items: [Incoming], unreadable: [String] = [], count: Int, newest: Date?, limit: Int?,
        paging: Paging = .none, clock: PeerClock
    ) -> Page {
        var next = self
        next.begun = begun ?? clock.now
        var unreadable = unreadable
        if let limit, count >= limit {
            if number == 1, next.halve(newest) {
                return Page(items: [], next: next.cursor, isLast: false)
            }
            if paging == .numbered, count > 0 {
                next.see(newest)
                next.number += 1
                return Page(
                    items: items, unreadable: unreadable, next: next.cursor, isLast: false)
            }
            unreadable.append("more than \(limit) of one second")
        }
        next.see(newest)
        let isLast = !next.moveOn(filled: limit.map { Double(count) / Double(max($0, 1)) } ?? 0)
        return Page(
            items: items, unreadable: unreadable, next: isLast ? next.end : next.cursor,
            isLast: isLast)
    }

    private mutating func see(_ time: Date?) {
        guard let time else { return }
        newest = newest.map { max($0, time) } ?? time
    }

    /// Ends earlier, if there is more than a second to divide: an open end is taken to be now, or
    /// the newest time of the answer, if that is yet to come.
    private mutating func halve(_ newest: Date?) -> Bool {
        let end = to ?? [begun, newest].compactMap { $0 }.max() ?? from
        let width = end.timeIntervalSince(from)
        guard width >= 2 else { return false }
        to = from.addingTimeInterval(width / 2).roundedDown
        return true
    }

    /// Goes to the next part, of twice the width where there was little; `false` if this was the
    /// last.
    private mutating func moveOn(filled: Double) -> Bool {
        guard let last = to, let begun else { return false }
        let width = last.timeIntervalSince(from)
        let end = last.addingTimeInterval(filled < 0.5 ? 2 * width : width)
        from = last
        to = end < begun ? end : nil
        number = 1
        return true
    }
}

extension ReadingWindow {
    /// The cursor of a reading that goes on.
    private var cursor: Cursor {
        let fields = [from, to, newest, begun].map(Self.text) + ["\(number)"]
        return Cursor(text: fields.joined(separator: " "))
    }

    /// The cursor behind a reading that is done. Times to come are not believed: one of the year
    /// 2099 would hide everything before it.
    private var end: Cursor {
        let high = newest.map { newest in begun.map { min($0, newest) } ?? newest }
        return Cursor(text: Self.text(high))
    }

    private init?(text: String) {
        let fields = text.split(separator: " ")
        guard fields.count == 5, let from = Self.time(fields[0]), let number = Int(fields[4]),
            number > 0
        else { return nil }
        self.from = from
        to = Self.time(fields[1])
        newest = Self.time(fields[2])
        begun = Self.time(fields[3])
        self.number = number
    }

    private static func finished(_ text: String) -> Date? {
        time(text[...])
    }

    /// Whole seconds since 1970; `-` is none.
    private static func text(_ time: Date?) -> String {
        time.flatMap { Int64(exactly: $0.timeIntervalSince1970.rounded(.down)) }.map { "\($0)" }
            ?? "-"
    }

    private static func time(_ text: Substring) -> Date? {
        Int64(text).map { Date(timeIntervalSince1970: Double($0)) }
    }
}

extension Date {
    fileprivate var roundedDown: Date {
        Date(timeIntervalSince1970: timeIntervalSince1970.rounded(.down))
    }
}
