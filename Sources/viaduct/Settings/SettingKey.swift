import Addresses
import Federation
import Foundation
import Gateway
import Outbound

/// One key of `viaduct.yaml`: where it stands and what may be written there.
struct SettingKey {
    /// Such as `http.port`; in the environment `VIADUCT_HTTP_PORT`.
    let path: String
    let kind: Kind

    enum Kind {
        case text
        case integer(ClosedRange<Int>)
        case flag
        case choice([String])
        /// `http` or `https`, a host, no query.
        case webAddress
        /// A text that must not be seen; also as `…_file`, the path of a file that holds it.
        case secret
        case duration(upTo: Duration)
        /// How long something is kept, or `off`: for ever.
        case lifetime(ClosedRange<Duration>)
        /// So much in so much time, or `off`.
        case rate
        /// Several values with commas between them.
        case list(Member)
        /// What a system is called in paths.
        case authority
    }

    /// One value of a list.
    enum Member {
        /// A network with the length of its prefix, an address, or a host.
        case network
        case port
        /// A network or an address.
        case addresses

        /// What to write instead.
        var advice: String {
            switch self {
            case .network: "needs networks or hosts such as 10.1.0.0/16, photos.example"
            case .addresses: "needs networks or addresses such as 10.1.0.0/16, 2001:db8::1"
            case .port: "needs ports such as 8080, 8443"
            }
        }

        /// Whether the text is one.
        func accepts(_ text: String) -> Bool {
            switch self {
            case .network: OutboundGuard.Allowance(text) != nil
            case .addresses: IPNetwork(text) != nil
            case .port: (UInt16(text) ?? 0) > 0
            }
        }
    }

    /// Its name in the environment.
    var variable: String {
        "VIADUCT_" + path.uppercased().map { $0 == "." ? "_" : String($0) }.joined()
    }

    /// Every key there is, in the order of the example.
    static let all: [SettingKey] = [
        SettingKey(path: "contact", kind: .text),
        SettingKey(path: "key_service", kind: .text),
        SettingKey(path: "http.host", kind: .text),
        SettingKey(path: "http.port", kind: .integer(0...65_535)),
        SettingKey(path: "http.certificate", kind: .text),
        SettingKey(path: "http.certificate_key", kind: .text),
        SettingKey(path: "http.public_url", kind: .webAddress),
        SettingKey(path: "http.trusted_proxies", kind: .list(.addresses)),
        SettingKey(path: "http.jsonp", kind: .flag),
        SettingKey(path: "http.strict_error_codes", kind: .flag),
        SettingKey(path: "admin.host", kind: .text),
        SettingKey(path: "admin.port", kind: .integer(0...65_535)),
        SettingKey(path: "database.url", kind: .secret),
        SettingKey(path: "database.connections", kind: .integer(1...64)),
        SettingKey(path: "database.patience", kind: .duration(upTo: .seconds(60))),
        SettingKey(path: "database.transactions", kind: .integer(1...64)),
        SettingKey(path: "data.directory", kind: .text),
        SettingKey(path: "data.keep_deliveries", kind: .duration(upTo: .seconds(3650 * 86_400))),
        SettingKey(path: "privacy.keys", kind: .secret),
        SettingKey(
            path: "data.keep_audit",
            kind: .lifetime(.seconds(90 * 86_400) ... .seconds(36_500 * 86_400))),
        SettingKey(path: "media.fetch", kind: .flag),
        SettingKey(path: "media.sweep_age", kind: .duration(upTo: .seconds(864_000))),
        SettingKey(path: "media.bucket_url", kind: .webAddress),
        SettingKey(path: "media.region", kind: .text),
        SettingKey(path: "media.access_key", kind: .secret),
        SettingKey(path: "media.secret_key", kind: .secret),
        SettingKey(path: "outbound.allow", kind: .list(.network)),
        SettingKey(path: "outbound.ports", kind: .list(.port)),
        SettingKey(path: "log.level", kind: .choice(LogSettings.levels)),
        SettingKey(path: "log.requests", kind: .flag),
        SettingKey(path: "limits.target_bytes", kind: .integer(256...65_536)),
        SettingKey(path: "limits.header_bytes", kind: .integer(1024...65_536)),
        SettingKey(path: "limits.headers_bytes", kind: .integer(1024...262_144)),
        SettingKey(path: "limits.headers", kind: .integer(10...1000)),
        SettingKey(path: "limits.body_bytes", kind: .integer(16_384...16_777_216)),
        SettingKey(path: "limits.multipart_bytes", kind: .integer(65_536...268_435_456)),
        SettingKey(path: "limits.in_flight", kind: .integer(1...10_000)),
        SettingKey(path: "limits.connections", kind: .integer(16...65_536)),
        SettingKey(path: "limits.connections_of_address", kind: .integer(1...65_536)),
        SettingKey(path: "limits.requests_of_connection", kind: .integer(1...1_000_000)),
        SettingKey(path: "limits.head_time", kind: .duration(upTo: .seconds(60))),
        SettingKey(path: "limits.body_time", kind: .duration(upTo: .seconds(600))),
        SettingKey(path: "limits.idle_time", kind: .duration(upTo: .seconds(600))),
        SettingKey(path: "limits.stall_time", kind: .duration(upTo: .seconds(600))),
        SettingKey(path: "limits.rates", kind: .flag),
        SettingKey(path: "limits.reports_of_key", kind: .rate),
        SettingKey(path: "limits.reports_of_address", kind: .rate),
        SettingKey(path: "limits.lists_of_key", kind: .rate),
        SettingKey(path: "limits.lists_of_address", kind: .rate),
        SettingKey(path: "limits.photos_of_key", kind: .rate),
        SettingKey(path: "limits.photos_of_address", kind: .rate),
        SettingKey(path: "limits.wrong_keys", kind: .rate),
        SettingKey(path: "jurisdictions", kind: .text),
        SettingKey(path: "node", kind: .authority),
        SettingKey(path: "peers", kind: .text),
    ]

    /// Checks an entry of the file.
    func check(_ entry: Entry, _ findings: inout Findings) {
        switch kind {
        case .text, .secret: _ = entry.text(&findings)
        case .integer(let range): _ = entry.integer(in: range, &findings)
        case .flag: _ = entry.flag(&findings)
        case .choice(let words): _ = entry.choice(of: words, &findings)
        case .duration(let limit): _ = entry.duration(upTo: limit, &findings)
        case .lifetime(let range):
            if case .scalar(let scalar) = entry.node, scalar.string == "off" { return }
            _ = entry.duration(from: range.lowerBound, upTo: range.upperBound, &findings)
        case .rate:
            guard let text = entry.text(&findings), text != "off", Rate(text) == nil else { return }
            findings.add("needs a number and its time, such as 20/h, 600/m, 10/s or off", at: entry)
        case .authority:
            _ = entry.name(Authority.init, PeerReader.authorityAdvice, &findings)
        case .list(let member):
            guard let text = entry.text(&findings) else { return }
            if !text.listed.allSatisfy(member.accepts) { findings.add(member.advice, at: entry) }
        case .webAddress:
            guard let text = entry.text(&findings) else { return }
            if !WebAddress.isBase(text) {
                findings.add(WebAddress.advice, at: entry)
            }
        }
    }
}

extension String {
    /// The values of a list with commas between them.
    var listed: [String] {
        split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
    }
}

/// Addresses that we publish under.
enum WebAddress {
    static let advice = "needs an address such as https://reports.example, without ? and #"

    /// Whether the text is `http(s)://host[:port][/path]` and nothing else.
    static func isBase(_ text: String) -> Bool {
        let rest: Substring
        if text.hasPrefix("https://") {
            rest = text.dropFirst(8)
        } else if text.hasPrefix("http://") {
            rest = text.dropFirst(7)
        } else {
            return false
        }
        let host = rest.prefix { $0 != "/" }
        return !host.isEmpty
            && text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }
            && !text.contains { "?#<>\"\\@".contains($0) }
    }
}
