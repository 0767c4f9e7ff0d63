/// What is rationed, each for itself (A9): how much of one kind of call one caller may make.
package enum Ration: String, Sendable, CaseIterable {
    /// POSTs of reports, updates and support, with one key.
    case reportsOfKey = "reports_of_key"
    /// The same from one address, if the key is in everybody's hands.
    case reportsOfAddress = "reports_of_address"
    /// Lists of reports, updates and changes, with one key.
    case listsOfKey = "lists_of_key"
    /// The same from one address, without a key or with one in everybody's hands.
    case listsOfAddress = "lists_of_address"
    /// Photos, sent or named.
    case photosOfKey = "photos_of_key"
    case photosOfAddress = "photos_of_address"
    /// Keys that nobody was given, from one address.
    case wrongKeys = "wrong_keys"

    /// The kinds of calls, each of which is counted by key, by address, or both.
    enum Kind {
        case reports, lists, photos

        var ofKey: Ration {
            switch self {
            case .reports: .reportsOfKey
            case .lists: .listsOfKey
            case .photos: .photosOfKey
            }
        }

        var ofAddress: Ration {
            switch self {
            case .reports: .reportsOfAddress
            case .lists: .listsOfAddress
            case .photos: .photosOfAddress
            }
        }
    }

    /// What there was too much of, for the end user.
    var excess: String {
        switch self {
        case .reportsOfKey: "Too many reports were sent with this key"
        case .reportsOfAddress: "Too many reports were sent from this address"
        case .listsOfKey: "Too many lists were asked for with this key"
        case .listsOfAddress: "Too many lists were asked for from this address"
        case .photosOfKey: "Too many photos were sent with this key"
        case .photosOfAddress: "Too many photos were sent from this address"
        case .wrongKeys: "Too many wrong keys were sent from this address"
        }
    }

    /// What is counted, if not requests (`qu` of RateLimit-Policy).
    var unit: String? {
        switch self {
        case .photosOfKey, .photosOfAddress: "photos"
        default: nil
        }
    }
}

/// What a caller has left of a ration.
struct Remainder: Sendable, Equatable {
    let ration: Ration
    let rate: Rate
    let left: Int
    /// Seconds until there is what was asked for; 0 if it was there.
    let wait: Double
    /// Seconds until all of it is there again.
    let full: Double

    /// Whether it was there.
    var isGranted: Bool { wait <= 0 }

    /// For `Retry-After`: no earlier than it is worth to come again.
    var retryAfter: Duration { .seconds(max(1, Self.whole(wait))) }

    /// The second in which the time is over, but for what adding and taking away have left.
    static func whole(_ seconds: Double) -> Int { max(0, Int((seconds - 1e-3).rounded(.up))) }
}

extension Sequence<Remainder> {
    /// Header fields of the IETF's draft (draft-ietf-httpapi-ratelimit-headers-10): `t` is when all
    /// of it is there again, and of what was refused when it is worth to come again.
    var fields: [(name: String, value: String)] {
        let policies = map { remainder in
            let unit = remainder.ration.unit.map { ";qu=\"\($0)\"" } ?? ""
            return "\"\(remainder.ration.rawValue)\";q=\(remainder.rate.count)\(unit)"
                + ";w=\(remainder.rate.window.rawValue)"
        }
        guard !policies.isEmpty else { return [] }
        let states = map { remainder in
            let time = remainder.isGranted ? remainder.full : remainder.wait
            return "\"\(remainder.ration.rawValue)\";r=\(remainder.left);t=\(Remainder.whole(time))"
        }
        return [
            ("RateLimit-Policy", policies.joined(separator: ", ")),
            ("RateLimit", states.joined(separator: ", ")),
        ]
    }
}
