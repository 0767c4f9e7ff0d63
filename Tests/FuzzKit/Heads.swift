import Addresses
import Gateway
import GeoReport
import NIOHTTP1

/// The edge: what of a request's head is let in, and what it is read as.
enum Heads {
    private static let proxies = TrustedProxies(
        ["10.0.0.0/8", "2001:db8::/32"].compactMap { IPNetwork($0) })

    static func run(_ bytes: [UInt8]) {
        let limits = Edge.Limits()
        guard let admission = try? Edge.judge(head(bytes), limits: limits) else { return }
        let path = admission.path
        demand(path.utf8.first == UInt8(ascii: "/") || path == "*", "a path begins with a slash")
        demand(path.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }, "a path is printable ASCII")
        demand([limits.body, limits.multipart].contains(admission.bodyLimit), "a body has a limit")
        _ = Accept.choose(admission.fields.accept, from: [.xml, .json])
        let client = proxies.client(of: "10.0.0.1", admission.fields)
        demand(IPAddress(client) != nil, "a client has an address")
        if let route = try? Route(parsing: path) {
            demand(!route.resource.methods.isEmpty, "what is found can be asked")
        }
        guard let parameters = try? Parameters(query: admission.query) else { return }
        Calling.judge(parameters)
        Calling.ask(parameters, languages: admission.fields.acceptLanguage)
    }

    /// The head as the decoder hands it on.
    private static func head(_ bytes: [UInt8]) -> HTTPRequestHead {
        let lines = bytes.split(separator: 0x0A, maxSplits: 128, omittingEmptySubsequences: false)
        let words = (lines.first ?? []).split(separator: 0x20, maxSplits: 1)
            .map { String(decoding: $0, as: UTF8.self) }
        var fields = HTTPHeaders()
        for line in lines.dropFirst() {
            // Whatever else a name may be is refused by the decoder.
            let name = line.prefix { $0 != UInt8(ascii: ":") && $0 > 0x20 && $0 < 0x7F }
            let value = line[name.endIndex...].dropFirst().drop { $0 == 0x20 }
            fields.add(
                name: String(decoding: name, as: UTF8.self),
                value: String(decoding: value, as: UTF8.self))
        }
        return HTTPRequestHead(
            version: .http1_1, method: HTTPMethod(rawValue: words.first ?? "GET"),
            uri: words.dropFirst().first ?? "/", headers: fields)
    }
}
