/// So much in so much time, `20/h`: as a bucket that holds that much, and is full again after that
/// time.
package struct Rate: Sendable, Equatable {
    package let count: Int
    package let window: Window

    /// The times in which is counted; the raw value is in seconds.
    package enum Window: Int, Sendable {
        case second = 1
        case minute = 60
        case hour = 3600
        case day = 86_400
    }

    package init(_ count: Int, in window: Window) {
        self.count = max(count, 1)
        self.window = window
    }

    /// `10/s`, `600/m`, `20/h` or `200/d`, up to a milliard.
    package init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, (1...10).contains(parts[0].utf8.count),
            parts[0].utf8.allSatisfy({ (0x30...0x39).contains($0) }),
            let count = Int(parts[0]), (1...1_000_000_000).contains(count),
            let window = Self.windows[String(parts[1])]
        else { return nil }
        self.init(count, in: window)
    }

    private static let windows: [String: Window] = [
        "s": .second, "m": .minute, "h": .hour, "d": .day,
    ]

    /// The seconds after which there is one more.
    var interval: Double { Double(window.rawValue) / Double(count) }
}

/// What one caller has left of a ration: told by when the bucket will be full again, so that what
/// several nodes took adds up.
struct Bucket: Sendable, Equatable {
    /// In seconds of the node's own clock; what is past is full.
    private(set) var full = 0.0
    /// What was taken here, and no other node knows.
    private(set) var untold = 0

    /// How much there is, in whole pieces.
    func left(at now: Double, _ rate: Rate) -> Int {
        // What took its time to the nanosecond is there again.
        max(0, rate.count - Int(((full - now) / rate.interval - 1e-6).rounded(.up).bounded))
    }

    /// The seconds until there is so much; more than the bucket holds is all of it.
    func wait(for count: Int, at now: Double, _ rate: Rate) -> Double {
        guard left(at: now, rate) < min(count, rate.count) else { return 0 }
        return full - now - Double(rate.count - min(count, rate.count)) * rate.interval
    }

    /// The seconds until it is full.
    func wait(at now: Double) -> Double { max(0, full - now) }

    mutating func take(_ count: Int, at now: Double, _ rate: Rate) {
        full = max(full, now) + Double(count) * rate.interval
        untold += count
    }

    /// What all nodes know, with what was taken here in the meantime.
    mutating func learn(_ wait: Double, told: Int, at now: Double, _ rate: Rate) {
        untold = max(0, untold - told)
        full = now + wait + Double(untold) * rate.interval
    }

    /// Forgets what was taken so long ago that it is there again.
    mutating func settle(at now: Double, _ rate: Rate) {
        untold = min(untold, Int((wait(at: now) / rate.interval).rounded(.up).bounded))
    }
}

extension Double {
    /// A number that an `Int` can be made of.
    fileprivate var bounded: Double { Swift.min(Swift.max(self, 0), 1e15) }
}
