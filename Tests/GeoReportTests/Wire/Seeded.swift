import Glibc

/// A generator that repeats itself, so that a failure can be looked at again (SplitMix64).
struct Seeded: RandomNumberGenerator {
    private var state: UInt64

    init(_ seed: UInt64) {
        state = seed
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    mutating func number(_ range: ClosedRange<Int>) -> Int {
        Int.random(in: range, using: &self)
    }

    /// Text of all planes, with what is special on the wire more often than chance would have it.
    mutating func text(upTo length: Int = 24) -> String {
        let special = Array(
            "<>&\"'\\/%+=;,[]\r\n\t\u{0}\u{1}\u{FFFE}\u{FFFF}\u{2028}\u{2029}\u{301}\u{202E}é "
                .unicodeScalars)
        var text = String.UnicodeScalarView()
        for _ in 0..<number(0...length) {
            switch number(0...3) {
            case 0: text.append(special[number(0...special.count - 1)])
            case 1: text.append(Unicode.Scalar(UInt8(number(0x20...0x7E))))
            case 2: text.append(Unicode.Scalar(UInt16(number(0x80...0xD7FF))) ?? " ")
            default: text.append(Unicode.Scalar(UInt32(number(0xE000...0x10FFFF))) ?? " ")
            }
        }
        return String(text)
    }
}

/// The CPU time that this thread spends on the work, in seconds: other tests run beside it.
func seconds(_ work: () -> Void) -> Double {
    let start = threadTime()
    work()
    return threadTime() - start
}

private func threadTime() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}

/// How much slower the tests' own build may be: the goals' figures are for an optimised one.
#if DEBUG
    let slack = 40.0
#else
    let slack = 1.0
#endif
